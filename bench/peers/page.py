"""Page docs/peers.md, from runs (results/peers.json) and further knowledge (known.yaml)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from recgen.rules import RULES

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "peers.md"
PEERS = {"easyrec": "EasyRec", "ludwig": "Ludwig", "tfx": "TFX", "tfrs": "TFRS by hand"}
GROUPS = (
    ("RG006", "RG007", "RG008"),
    ("RG020", "RG021", "RG022", "RG023", "RG024", "RG025", "RG026"),
)
GROUP_TITLES = ("Comments that ignore findings", "Older dialects of recgen's config")
DID = ("refuses", "crashes", "warns", "silent", "n/a")
Cell = dict[str, str]  # did, how, and more details


def runs() -> dict[tuple[str, str], Cell]:
    """Return the runs by peer and rule; a second attempt (`RG013+`) is added to the first."""
    cells: dict[tuple[str, str], Cell] = {}
    more: list[tuple[str, str, Cell]] = []
    results = json.loads((HERE.parent / "results" / "peers.json").read_text("utf-8"))
    for peer, result in results.items():
        for outcome in result["outcomes"]:
            for rule in outcome["rules"].split():
                cell = {"did": outcome["did"], "how": "R", "more": ""}
                if rule.endswith("+"):
                    more.append((peer, rule[:-1], {**cell, "more": outcome["mistake"]}))
                else:
                    cells[peer, rule] = cell
    for peer, rule, cell in more:
        first = cells[peer, rule]
        if cell["did"] != first["did"]:
            first["more"] += f"; {cell['did']}: {cell['more']}"
    return cells


def known() -> list[dict[str, Any]]:
    """Return the entries of known.yaml."""
    return list(yaml.safe_load((HERE / "known.yaml").read_text("utf-8")))


def cells() -> dict[tuple[str, str], Cell]:
    """Return how each peer reacts to each rule's mistake."""
    found, entries = runs(), known()
    for entry in entries:
        for peer in entry["peers"]:
            for rule in entry["rules"]:
                if entry["did"] != "as tfrs":
                    found[peer, rule] = {"did": entry["did"], "how": entry["how"], "more": ""}
    for entry in entries:
        if entry["did"] == "as tfrs":
            found.update({("tfx", rule): found["tfrs", rule] for rule in entry["rules"]})
    return found


def rows() -> list[tuple[str, str, list[str]]]:
    """Return a row for each rule or group: codes, title and the peers' cells."""
    found, table = cells(), []
    titles = dict(zip(GROUPS, GROUP_TITLES, strict=True))
    grouped = {code: group for group in GROUPS for code in group}
    for code, rule in RULES.items():
        group = grouped.get(code, (code,))
        if code != group[0]:
            continue
        texts = []
        for peer in PEERS:
            cell = found[peer, code]
            mark = "" if cell["did"] == "n/a" else f" {cell['how']}"
            texts.append(f"{cell['did']}{mark}{cell['more']}")
        table.append((", ".join(group), titles.get(group, rule.page.title), texts))
    return table


def counts() -> dict[str, Counter[str]]:
    """Return how many rules each peer refuses, crashes on, warns about or passes."""
    found = cells()
    return {peer: Counter(found[peer, code]["did"] for code in RULES) for peer in PEERS}


def marks() -> Counter[str]:
    """Return how many cells were run, read in the source and judged."""
    found = cells()
    return Counter(found[peer, code]["how"] for peer in PEERS for code in RULES)


def _summary() -> list[str]:
    lines = [
        "| | rules that apply | refuses | crashes | warns | silent |",
        "|---|---|---|---|---|---|",
    ]
    for peer, did in counts().items():
        apply = sum(did.values()) - did["n/a"]
        figures = " | ".join(str(did[word]) for word in DID[:4])
        lines.append(f"| {PEERS[peer]} | {apply} of {len(RULES)} | {figures} |")
    return lines


def _entries() -> list[str]:
    lines = []
    for entry in known():
        names = ", ".join(PEERS[peer] for peer in entry["peers"])
        rules = ", ".join(entry["rules"])
        lines.append(f"- {names}, {entry['did']} ({entry['how']}): {entry['why']}. {rules}")
    return lines


def page() -> str:
    """Return the text of docs/peers.md."""
    mark = marks()
    lines = [(HERE / "head.md").read_text("utf-8").rstrip(), "", *_summary(), ""]
    lines += [
        f"Of {sum(mark.values())} cells, {mark['R']} were run, {mark['S']} read in the source "
        f"and {mark['J']} judged.",
        "",
        "| rule | | " + " | ".join(PEERS.values()) + " |",
        "|---|---|" + "---|" * len(PEERS),
    ]
    lines += [f"| {codes} | {title} | {' | '.join(texts)} |" for codes, title, texts in rows()]
    lines += ["", "## Sources and judgements", "", *_entries(), ""]
    return "\n".join(lines) + (HERE / "tail.md").read_text("utf-8")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
