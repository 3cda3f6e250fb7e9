"""A golden case is a folder: a config, and what its modules have always been."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from golden import CASES, EXAMPLES, PIPELINES, expected_files


@pytest.mark.parametrize("folder", [*CASES, *EXAMPLES, *PIPELINES], ids=lambda folder: folder.name)
def test_the_modules_are_those_that_were_reviewed(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    for golden, text in expected_files(folder).items():
        if request.config.getoption("--golden-update"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(text, encoding="utf-8")
        before = golden.read_text(encoding="utf-8") if golden.exists() else ""
        diff = difflib.unified_diff(
            before.splitlines(), text.splitlines(), f"{golden} (reviewed)", f"{golden} (now)", n=1
        )
        shown = "\n".join([*diff][:200])
        assert before == text, f"run `make golden` and review the diff:\n{shown}"


def test_each_case_renders_something_of_its_own() -> None:
    texts = ["".join(expected_files(case).values()) for case in CASES]
    assert len(set(texts)) == len(texts)
