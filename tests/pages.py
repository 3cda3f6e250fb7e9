"""What tests of the page share: its elements and texts, and runs whose every text is one attack."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from diagnoses import Plain, healthy, run_of

from recgen.analysis import Run

VOID = {"meta", "link"}
# What the corpus does not have: ends of everything that a page could put a text into.
MARKUP = {
    "script": "<script>document.documentElement.dataset.owned = 1; alert(1)</script>",
    "image": '<img src="x" onerror="document.documentElement.dataset.owned = 1; alert(2)">',
    "svg": "<svg onload='document.documentElement.dataset.owned = 1'><set onbegin=alert(3)></svg>",
    "attribute end": '" autofocus onfocus="document.documentElement.dataset.owned = 1" x="',
    "apostrophe end": "' onmouseover='document.documentElement.dataset.owned = 1' x='",
    "bare attribute": "x onload=document.documentElement.dataset.owned=1",
    "title end": "</title></head><script>document.documentElement.dataset.owned = 1</script>",
    "style end": "</style><script>document.documentElement.dataset.owned = 1</script>",
    "code end": "</code></pre><script>document.documentElement.dataset.owned = 1</script>",
    "svg end": "</text></svg><script>document.documentElement.dataset.owned = 1</script>",
    "details": "<details open ontoggle='document.documentElement.dataset.owned = 1'>",
    "frame": "<iframe srcdoc='<script>parent.document.title = 1</script>'></iframe>",
    "address": "javascript:document.documentElement.dataset.owned=1",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;&#60;b&#62;",
    "comment end": "--><script>document.documentElement.dataset.owned = 1</script><!--",
    "style": "} body { display: none } @import url(ATTACKER/style.css);",
    "fetched image": '<img src="ATTACKER/image">',
    "fetched style": '<link rel="stylesheet" href="ATTACKER/link">',
    "imported style": '<style>@import "ATTACKER/import"</style>',
    "refresh": '<meta http-equiv="refresh" content="0; url=ATTACKER/refresh">',
    "base": '<base href="ATTACKER/">',
    "form": '<form action="ATTACKER/form"><input name=x autofocus></form>',
}


class Page(HTMLParser):
    """The elements of a page in their order, with their attributes, and all of its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements with the names of their attributes, highlights left out."""
        return [(tag, tuple(attrs)) for tag, attrs in self.elements if tag != "span"]


def attacked(folder: Path, attack: str, experiment: Plain) -> Run:
    """Returns a run in which every text that a file can hold is an attack."""
    data = healthy(3, name=attack, optimizer=attack, failure=attack, failure_kind="collapse")
    data["params"] |= {"config_digest": attack, "unknown_products": {attack: 0.1}}
    data["params"] |= {f"key {attack}": attack, "list": [attack, {attack: attack}]}
    for group in ("loss", "recall", "gradient"):
        data[group][f"val_recall_at_20 {attack}"] = [0.1, 0.2, 0.3]
    data["final_metrics"][f"test_recall_at_20 {attack}"] = 0.1
    figures = {"recall_at_10": _interval(0.1), f"recall_at_20 {attack}": _interval(0.2)}
    data["evaluation"] = {
        "pairs": {"all": 10, attack: 3},
        "model": {"all": figures, "coverage_at_100": 0.5},
        attack: {"all": figures, attack: figures, "coverage_at_100": 0.5},
    }
    run = run_of(folder, data, {**experiment, "name": attack})
    files = {
        "trainer_module.py": f'"""{attack}"""\n# {attack}\nx = "{attack}"\n{attack}\n',
        "transform_module.py": attack,
        "train.log": f"Error: {attack}\n",
        "config.yaml": f"# {attack}\nname: {json.dumps(attack)}\nfeatures: {{}}\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", errors="replace")
    return run


def _interval(value: float) -> dict[str, Any]:
    return {"value": value, "low": value / 2, "high": value * 2}
