"""A golden case is a folder: a config, and the modules that it has always given."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from recgen.generate import render

TESTS = Path(__file__).parent
CASES = sorted((TESTS / "cases").iterdir())
EXAMPLES = sorted(config.parent for config in TESTS.parent.glob("examples/*/config.yaml"))


@pytest.mark.parametrize("folder", [*CASES, *EXAMPLES], ids=lambda folder: folder.name)
def test_the_modules_are_those_that_were_reviewed(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    expected = folder if folder in EXAMPLES else folder / "expected"
    for name, text in render(folder / "config.yaml").items():
        golden = expected / name
        if request.config.getoption("--golden-update"):
            expected.mkdir(exist_ok=True)
            golden.write_text(text, encoding="utf-8")
        before = golden.read_text(encoding="utf-8") if golden.exists() else ""
        diff = difflib.unified_diff(
            before.splitlines(), text.splitlines(), f"{golden} (reviewed)", f"{golden} (now)", n=1
        )
        shown = "\n".join([*diff][:200])
        assert before == text, f"run `make golden` and review the diff:\n{shown}"


def test_there_are_cases_enough_and_each_renders_something_of_its_own() -> None:
    texts = [(case / "expected" / "trainer_module.py").read_text("utf-8") for case in CASES]
    assert len(CASES) >= 10
    assert len(set(texts)) == len(texts)
