"""What every kind of model has to say of a run, and that nobody else says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from diagnoses import dead, healthy, set_recall

from recgen.analysis import diagnose, kinds
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import Judged, kind_of
from recgen.analysis.run import run_of
from recgen.metrics.reading import file_of

PACKAGE = Path(kinds.__file__).parents[1]
KINDS = list(kinds._KINDS)


def set_auc(data: dict[str, Any], value: float) -> None:
    data["loss"]["val_auc_roc"] = [value] * len(data["epochs"])
    data["final_metrics"]["test_auc_roc"] = value


@pytest.mark.parametrize("kind", KINDS)
def test_of_nothing_nothing_is_said(kind):
    found = kind_of(file_of({"params": {"model_type": kind}}).metrics)
    assert (found.judged, found.curve.values, found.curves) == (None, (), ())
    assert (found.tests, found.figures) == ({}, {})
    assert found.evaluated("model", "all") is None
    assert found.measure
    assert found.baseline


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_judged_is_among_the_figures(kind):
    data = healthy(3, model_type=kind)
    if kind == "ranking":
        set_auc(data, 0.8)
    found = kind_of(file_of(data).metrics, 3600)
    judged = found.judged
    assert judged is not None
    assert judged == found.tests[judged.measure] == found.measured("test")
    assert judged.beats_baseline
    assert judged.name in found.figures
    assert judged.name in found.headlines
    assert found.curve in found.curves
    assert found.curve.measure == judged.measure
    assert any(figure.is_baseline for figure in found.figures.values())


@pytest.mark.parametrize("kind", KINDS)
def test_what_guesses_is_not_better_than_its_baseline(kind):
    data = dead(model_type=kind)
    set_recall(data, 0.0, popularity=0.1)
    if kind == "ranking":
        set_auc(data, 0.0)
    judged = kind_of(file_of(data).metrics, 3600).judged
    assert judged is not None
    assert (judged.own, judged.beats_baseline) == (0.0, False)
    assert judged.chance is not None
    assert judged.chance > judged.own


@pytest.mark.parametrize("said", [None, "retrieval", "something newer"])
def test_a_kind_that_is_not_known_is_read_as_retrieval(said):
    data = healthy(2)
    data["params"]["model_type"] = said
    assert isinstance(kind_of(file_of(data).metrics), kinds.Retrieval)


def test_noise_comes_from_the_interval_then_the_rows_then_the_figure():
    judged = {"split": "test", "measure": "recall@10", "own": 0.5, "baseline": 0.5}
    assert Judged(**judged, rows=100, low=0.4, high=0.6).noise == pytest.approx(0.1)
    assert Judged(**judged, rows=100).noise == pytest.approx(2 * (0.5 / 100) ** 0.5)
    assert Judged(**judged, rows=None).noise == pytest.approx(0.01)
    assert Judged(**{**judged, "baseline": None}, rows=100).beats_baseline is None


def test_nobody_else_in_the_analysis_reads_recall_by_its_name():
    named = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "recall_at" in path.read_text("utf-8")
    ]
    assert named == ["kinds/retrieval.py"]


@pytest.mark.parametrize("name", ["auc_roc", "auc", "roc_auc"])
def test_an_auc_by_any_of_its_names(name):
    data = older_ranking([0.26, 0.25, 0.25, 0.25])
    data["final_metrics"][f"test_{name}"] = 0.5
    assert judged_by(data) == 0.5


def test_a_constant_prediction_that_found_the_mean_in_its_first_epoch():
    data = older_ranking([0.40, 0.2501, 0.25, 0.25])
    data["final_metrics"]["test_auc"] = 0.5
    first = diagnose(run_of(data)).causes[0]
    assert (first.code, first.verdict) == ("RD460", "bad")


def test_an_auc_of_logits_is_not_believed_where_the_loss_goes_on_falling():
    data = older_ranking([0.40, 0.30, 0.25, 0.22])
    data["final_metrics"]["test_auc"] = 0.5
    assert judged_by(data) is None


def older_ranking(loss):
    """Returns the metrics of an older trainer's ranking model."""
    params = {"model_type": "ranking", "learning_rate": 0.01, "optimizer": "adam", "epochs": 4}
    figures = {"loss": loss, "val_loss": loss}
    return {"epochs": [0, 1, 2, 3], "loss": figures, "final_metrics": {}, "params": params}


def judged_by(data):
    judged = Facts(run_of(data)).judged
    return judged.own if judged else None
