"""Verdicts on real runs that others made and labelled by how they were made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recgen.analysis import diagnose, load_run

RUNS = Path(__file__).parent / "diagnosis_runs"
LABELS = json.loads((RUNS / "labels.json").read_text("utf-8"))
# Not told by the files that were kept.
LEFT = {"vocab_replaced": "its transform was not kept, and its metrics are those of a good run"}


def _marked(name: str) -> object:
    marks = [pytest.mark.xfail(reason=LEFT[name])] if name in LEFT else []
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [_marked(name) for name in sorted(LABELS)])
def test_the_verdict_is_right(name: str) -> None:
    diagnosis = diagnose(load_run(RUNS / name))
    assert diagnosis.verdict in LABELS[name]["verdicts"], LABELS[name]["truth"]


@pytest.mark.parametrize("name", sorted(LABELS.keys() - LEFT.keys()))
def test_no_run_that_may_be_good_is_blamed_for_its_rate(name: str) -> None:
    """A first cause with a patch would be applied."""
    if "good" not in LABELS[name]["verdicts"]:
        return
    assert diagnose(load_run(RUNS / name)).first_patch is None


def test_what_the_first_cause_explains_is_not_called_as_it_should_be() -> None:
    first, *others = diagnose(load_run(RUNS / "clip_1e6")).causes
    assert first.code == "RD214"
    assert others
    assert not [each.help for each in others if "as they should be" in each.help]


@pytest.mark.parametrize("name", sorted(LEFT))
def test_what_the_kept_files_cannot_show_is_said(name: str) -> None:
    notes = diagnose(load_run(RUNS / name)).notes
    assert any("no vocabulary beside the metrics" in note for note in notes)


def test_a_vocabulary_that_was_examined_is_not_said_to_be_missing() -> None:
    notes = diagnose(load_run(RUNS / "43")).notes
    assert not any("vocabulary beside" in note for note in notes)


def test_all_labelled_runs_are_there() -> None:
    assert {path.name for path in RUNS.iterdir() if path.is_dir()} - {"__pycache__"} == set(LABELS)
    assert sum(path.stat().st_size for path in RUNS.rglob("*") if path.is_file()) < 200_000
