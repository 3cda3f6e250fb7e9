"""docs/diagnosis.md is what its script writes from the results of the labelled runs."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from recgen.config import ExperimentConfig

ROOT = Path(__file__).parents[1]
BENCH = ROOT / "bench"


@pytest.fixture
def script(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    import verdicts_page

    return verdicts_page


@pytest.fixture
def labels(script) -> ModuleType:
    import verdicts_labels

    return verdicts_labels


@pytest.fixture
def runs(script):
    import verdicts

    return verdicts.made()


@pytest.fixture
def result():
    return json.loads((BENCH / "results" / "verdicts.json").read_text("utf-8"))


def test_the_page_is_current(script, result):
    page = (ROOT / "docs" / "diagnosis.md").read_text("utf-8")
    assert page == script.page(result), "run `python bench/verdicts.py --page`"


def test_no_bad_run_is_called_good_but_the_one_that_the_page_tells_of(labels, result):
    assert not [run["name"] for run in result["runs"] if labels.is_missed(run)]
    missed = [run["name"] for run in result["unseen"] if labels.is_missed(run)]
    assert missed == ["anew, points"]


def test_the_runs_that_were_written_anew_are_listed_as_they_came_out(labels, result, script):
    import verdicts
    from verdicts_anew_grid import of_anew

    listed = {(run.label, run.name): predicted for run, predicted in of_anew()}
    found = {(run["label"], run["name"]): run["predicted"] for run in result["unseen"]}
    assert found.items() <= listed.items()  # what is not trained is counted on the page
    assert len(listed) == 24
    page = (ROOT / "docs" / "diagnosis.md").read_text("utf-8")
    assert f"{len(found)} of 24 were trained" in page
    assert not {run.key for run, _ in of_anew()} & {run.key for run in verdicts.made()}
    for run, predicted in of_anew():
        ExperimentConfig.model_validate(run.trained)
        assert predicted in script.VERDICTS


def test_the_results_are_those_of_the_list(labels, result, runs):
    halves = labels.halves(runs)
    listed = {(run.label, run.name): halves[run.key] for run in runs}
    assert result["listed"] == len(listed) >= 110
    assert {label for label, _ in listed} == set(labels.LABELS)
    for run in result["runs"]:
        assert listed[run["label"], run["name"]] == run["half"]


def test_runs_have_names_and_configs_of_their_own(runs):
    assert len({run.key for run in runs}) == len(runs)
    for run in runs:
        ExperimentConfig.model_validate(run.trained)


def test_each_kind_with_several_runs_is_in_both_halves(labels, runs):
    halves = labels.halves(runs)
    for label in labels.LABELS:
        mine = [halves[run.key] for run in runs if run.label == label]
        assert abs(mine.count(labels.HALVES[0]) - mine.count(labels.HALVES[1])) <= 1


def test_a_run_that_is_added_changes_no_half(labels, runs):
    from dataclasses import replace

    added = [*runs, *(replace(run, name=f"{run.name}, again") for run in runs)]
    halves, after = labels.halves(runs), labels.halves(added)
    assert all(after[key] == half for key, half in halves.items())


def test_roots_are_subjects_with_codes(labels, runs):
    codes = [code for codes in labels.CODES.values() for code in codes]
    assert all(labels.CODES.values())
    assert len(set(codes)) == len(codes), "a code has one subject"
    for run in runs:
        roots = labels.LABELS[run.label].roots if run.roots is None else run.roots
        assert set(roots) <= set(labels.CODES)


RUN = {"label": "temperature", "verdict": "good", "right": ["at_risk", "bad"],
       "roots": ["temperature"], "causes": [], "kept_best": True}  # fmt: skip


@pytest.mark.parametrize(
    ("recall", "verdicts"), [(0.30, ("good", "at_risk")), (0.2, ("at_risk", "bad"))]
)
def test_a_setting_that_does_no_harm_is_rightly_called_good(labels, recall, verdicts):
    run = {**RUN, "recall": ["recall@10", recall, 0.1], "fine_recall": 0.31}
    assert labels.right(run) == verdicts
    assert labels.has_root(run) is ("good" not in verdicts)


@pytest.mark.parametrize(
    ("name", "own", "counting", "is_doubtful"),
    [
        ("test recall@10 of rows", 0.4, 0.5, True),
        ("test recall@10 of rows", 0.5, 0.4, False),
        ("test RMSE of rows", 0.5, 0.4, True),
        ("test RMSE of rows", 0.4, 0.5, False),
    ],
)
def test_where_counting_is_better_a_risk_is_right_of_what_it_counts(
    labels, name, own, counting, is_doubtful
):
    run = {**RUN, "right": ["good"], "recall": [name, own, None], "counting": counting}
    for label in labels.COUNTED:
        assert ("at_risk" in labels.right({**run, "label": label})) is is_doubtful
    assert labels.right({**run, "label": "fine"}) == ("good",)


def test_the_first_cause_alone_can_be_the_root(labels):
    run = {**RUN, "roots": ["leak"], "causes": [["RD402", "high"], ["RD104", "high"]]}
    assert labels.names_root_first(run)
    assert not labels.names_root_first({**run, "causes": run["causes"][::-1]})
    assert not labels.names_root_first({**run, "causes": []})
