"""What the trainer prints and what `recgen train` listens to are the same lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from golden import EXAMPLES

from recgen.check import load
from recgen.generate import generate
from recgen.local.fitting import AGAIN, FINAL_LAYER, NOTE, SAVING, WARNING
from recgen.local.progress import parse_epoch


def printed(text: str) -> Iterator[str]:
    """Yields an example of each line that a module prints, with 1 for all that varies."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        if name == "print" and ast.unparse(node.args[0]) != "f'{kind}: {text}'":  # that of say
            yield example(node.args[0])
        elif name == "say":
            yield f"{ast.literal_eval(node.args[0])}: 1"


def example(text: ast.expr) -> str:
    if isinstance(text, ast.JoinedStr):
        return "".join(map(example, text.values))
    return str(text.value) if isinstance(text, ast.Constant) else "1"


def words(line: str) -> str | None:
    """Returns what a line is to `recgen train`."""
    if parse_epoch(line):
        return "later epoch" if " training: " in line else "epoch"
    if AGAIN.match(line):
        return "again"
    if line == SAVING:
        return "saving"
    kinds = (NOTE, WARNING, FINAL_LAYER, "test_")
    return next((kind for kind in kinds if line.startswith(kind)), None)


def test_each_line_is_heard() -> None:
    """A test's figures are in the table at the end; all others are shown as they come."""
    texts = {text for each in EXAMPLES for text in generate(load(each / "config.yaml")).values()}
    lines = [line for text in texts for line in printed(text)]
    assert {line: words(line) for line in lines if words(line) is None} == {}
    assert {words(line) for line in lines} == {
        *("epoch", "later epoch", "again", "saving"),
        *(NOTE, WARNING, FINAL_LAYER, "test_"),
    }
