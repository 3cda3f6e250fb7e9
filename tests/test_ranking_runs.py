"""Runs of models that rate, or retrieve and rate: told apart, and not judged as retrieval."""

from __future__ import annotations

from typing import Any

import pytest
from diagnoses import codes, healthy, older

from recgen.analysis import diagnose, run_of
from recgen.analysis.comparing import compare
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import Multitask, Ranking, Retrieval

Plain = dict[str, Any]


def ranking(loss: list[float], auc: list[float] | None = None, **params: Any) -> Plain:
    """Returns the metrics of a ranking run of an older trainer."""
    count = len(loss)
    data = older(healthy(count, epochs=count, model_type="ranking", **params))
    rmse = [value**0.5 for value in loss]
    data["loss"] |= {"loss": loss, "total_loss": loss, "val_loss": loss, "val_rmse": rmse}
    data["loss"]["val_total_loss"] = loss
    data["final_metrics"] = {"test_loss": loss[-1], "test_rmse": rmse[-1], "test_mae": 0.3}
    if auc:
        data["loss"]["val_auc_roc"] = auc
        data["final_metrics"]["test_auc_roc"] = auc[-1]
    return data


FALLS = [0.25, 0.2, 0.18, 0.17]


def test_a_good_ranking_is_judged_by_its_auc():
    run = run_of(ranking(FALLS, [0.6, 0.7, 0.75, 0.78]))
    diagnosis, facts = diagnose(run), Facts(run)
    assert (diagnosis.verdict, codes(diagnosis)) == ("good", [])
    assert facts.judged is not None
    assert (facts.judged.name, facts.judged.own, facts.judged.baseline) == (
        "test AUC of rows",
        0.78,
        0.5,
    )
    assert "test AUC 0.7800, RMSE 0.4123, MAE 0.3000" in diagnosis.notes


@pytest.mark.parametrize("auc", [[0.5] * 4, None])
def test_a_constant_prediction_is_bad(auc):
    diagnosis = diagnose(run_of(ranking([0.1936] * 4, auc)))
    assert diagnosis.verdict == "bad"
    assert codes(diagnosis)[0] == "RD460"
    assert diagnosis.causes[0].confidence == ("high" if auc else "medium")


def test_an_auc_below_guessing_is_bad():
    diagnosis = diagnose(run_of(ranking(FALLS, [0.5, 0.45, 0.41, 0.4])))
    assert (diagnosis.verdict, codes(diagnosis)[0]) == ("bad", "RD460")


def test_an_auc_of_logits_is_not_believed():  # P69
    diagnosis = diagnose(run_of(ranking(FALLS, [0.5] * 4)))
    assert (diagnosis.verdict, codes(diagnosis)) == ("good", [])
    assert any("the AUC is 0.5 although the loss fell" in note for note in diagnosis.notes)


def test_errors_alone_are_said_and_not_judged():
    run = run_of(ranking(FALLS))
    assert Facts(run).judged is None
    assert "a ranking model without an AUC" in diagnose(run).notes[0]


def test_no_cause_speaks_of_recall_or_popularity():
    text = repr(diagnose(run_of(ranking([1.3863] * 4, [0.5] * 4))))  # 2·ln 2 is no chance here
    assert not any(word in text for word in ("recall", "popularity", "logQ", "logq"))


@pytest.mark.parametrize("name", ["ranking", "Ranking", None])
def test_a_file_that_does_not_name_its_kind_is_told_apart(name):
    data = ranking(FALLS, [0.6] * 4)
    data["params"]["model_type"] = name
    assert isinstance(Facts(run_of(data)).kind, Ranking)


@pytest.mark.parametrize("name", ["multitask", None])
def test_a_multitask_run_is_judged_by_recall(name):
    data = older(healthy(4, epochs=4, model_type=name))
    data["loss"]["val_rmse"] = [0.5, 0.4, 0.4, 0.4]
    data["final_metrics"]["test_rmse"] = 0.41
    run = run_of(data)
    kind = Facts(run).kind
    assert isinstance(kind, Multitask)
    assert kind.judged is not None
    assert kind.judged.measure == "recall@100"
    assert any("test RMSE 0.4100" in note for note in diagnose(run).notes)


def test_a_retrieval_run_stays_one():
    assert type(Facts(run_of(healthy())).kind) is Retrieval


def test_of_errors_the_lowest_is_the_best():
    runs = [run_of(ranking([0.3, value])) for value in (0.25, 0.16, 0.2)]
    rows = {row.name: row for row in compare(runs).rows}
    assert rows["test RMSE of rows"].best == 1
