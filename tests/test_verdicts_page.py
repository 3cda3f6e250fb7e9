"""docs/diagnosis.md is what its script writes from the results, and no bad run is called good."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
BENCH = ROOT / "bench"


@pytest.fixture
def script(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    import verdicts_page

    return verdicts_page


@pytest.fixture
def result():
    return json.loads((BENCH / "results" / "verdicts.json").read_text("utf-8"))


def test_the_page_is_current(script, result):
    page = (ROOT / "docs" / "diagnosis.md").read_text("utf-8")
    assert page == script.page(result), "run `python bench/verdicts.py --page`"


def test_no_bad_run_is_called_good(script, result):
    assert not [run["name"] for run in result["runs"] if script.is_missed(run)]


def test_there_are_runs_of_every_kind(script, result):
    assert {run["label"] for run in result["runs"]} == set(script.RIGHT)
