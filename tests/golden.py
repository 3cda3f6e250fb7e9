"""Golden modules: kept whole for the examples and one base case, for the others as diffs.

A case's diff from the base case shows what its options change. The runtime's digest is masked, so
that a change of the runtime shows in the runtime only; the examples, which users run, have it.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from recgen.check import load
from recgen.generate import generate_pipeline, render
from recgen.runtime import NAME, runtime_digest, runtime_text

TESTS = Path(__file__).parent
CASES = sorted((TESTS / "cases").iterdir())
EXAMPLES = sorted(config.parent for config in TESTS.parent.glob("examples/*/config.yaml"))
PIPELINES = sorted((TESTS / "pipelines").iterdir())
BASE = TESTS / "cases" / "ids_only"
SINGLE_FILE = TESTS / "cases" / "single_file"
Files = dict[Path, str]


@cache
def expected_files(folder: Path) -> Files:
    """Returns what the golden files of a case or an example should hold, by their paths."""
    if folder in EXAMPLES:
        return {folder / name: text for name, text in render(folder / "config.yaml").items()}
    if folder in PIPELINES:
        files = generate_pipeline(load(folder / "config.yaml"))
        return {folder / "expected" / name: text for name, text in files.items()}
    modules = masked_modules(folder)
    if folder == BASE:
        return {folder / "expected" / name: text for name, text in modules.items()}
    base = {**masked_modules(BASE)}
    if folder == SINGLE_FILE:  # what is done to both texts to make one of them
        base["trainer_module.py"] = _masked(runtime_text()) + base["trainer_module.py"]
    diffs = (_diff(name, base[name], modules[name]) for name in base)
    return {folder / "expected.diff": "".join(diffs)}


@cache
def masked_modules(folder: Path) -> dict[str, str]:
    """Returns the modules of a case, without its runtime."""
    modules = render(folder / "config.yaml", single_file=folder == SINGLE_FILE)
    return {name: _masked(text) for name, text in modules.items() if name != NAME}


def _masked(text: str) -> str:
    return text.replace(runtime_digest(), "digest")


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"{BASE.name}/{name}",
        name,
        n=1,
    )
    # Without the places: a line more in the base case would change them all.
    return "".join("@@\n" if line.startswith("@@") else line for line in lines)
