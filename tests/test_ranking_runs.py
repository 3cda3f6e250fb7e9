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
    assert (diagnosis.verdict, codes(diagnosis)) == ("at_risk", ["RD502"])  # and not bad
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


MEANS = ("global_mean", "buyer_mean", "product_mean", "buyer_and_product_mean")


def compared(measure: str, own: float, means: list[float], lead: float = 0.1, **more: Any) -> Plain:
    """Returns the metrics of a ranking run of today's trainer, with figures of its test."""
    count = more.pop("count", 4)  # of epochs
    data = healthy(count, epochs=count, model_type="ranking", monitored="loss", best_loss=0.2)
    for part in ("evaluation", "final_layer"):
        data.pop(part, None)
    data["recall"], data["final_metrics"] = {}, {"test_loss": 0.2}
    names = ("loss", "total_loss", "val_loss", "val_total_loss")
    data["loss"] |= {name: [0.9, 0.4, 0.3, 0.25][:count] for name in names}
    data["loss"][f"val_{measure}"] = [own] * count
    sign = 1 if measure == "auc_roc" else -1
    leads = [sign * (own - mean) for mean in means]
    figures: Plain = {"model": {measure: {"value": own, "low": own - lead, "high": own + lead}}}
    for who, mean, ahead in zip(MEANS, means, leads, strict=True):
        ends = {"lead_low": ahead - lead, "lead_high": ahead + lead}
        figures[who] = {measure: {"value": mean, "low": None, "high": None, **ends}}
    figures["model"] |= more.pop("others", {})
    data["rating"] = {"measure": measure, "rows": 2000, "buyers": 80, "figures": figures, **more}
    return data


def test_an_error_below_that_of_all_means_is_good():
    run = run_of(compared("rmse", 20.0, [40.0, 30.0, 35.0, 25.0]))
    diagnosis, facts = diagnose(run), Facts(run)
    assert (diagnosis.verdict, codes(diagnosis)) == ("good", [])
    judged = facts.judged
    assert judged is not None
    assert (judged.name, judged.own, judged.baseline) == ("test RMSE of rows", 20.0, 25.0)
    assert (judged.rival, judged.beats_baseline) == ("the sum of both means", True)
    assert facts.kind.beats_counting is True


@pytest.mark.parametrize(
    ("own", "lead", "verdict"), [(27.0, 0.5, "at_risk"), (24.8, 1.0, "at_risk"), (41.0, 0.5, "bad")]
)
def test_an_error_above_that_of_a_mean_is_not(own, lead, verdict):
    diagnosis = diagnose(run_of(compared("rmse", own, [40.0, 30.0, 35.0, 25.0], lead)))
    assert (diagnosis.verdict, codes(diagnosis)[0]) == (verdict, "RD461")
    assert "the sum of both means of training rows" in diagnosis.causes[0].evidence[0]


@pytest.mark.parametrize(
    ("val_loss", "is_told"),
    [
        ([0.5, 0.41, 0.45, 0.44], True),
        ([0.9, 0.5, 0.42, 0.4], False),
        ([0.4, 0.3, 0.35, 0.34], True),
        ([0.4, 0.3, 0.35, 0.305], False),
        ([0.26, 0.2, 0.22, 0.24], False),
    ],
)
def test_a_model_that_fits_training_rows_too_closely_is_not_told_to_train_longer(val_loss, is_told):
    data = compared("rmse", 27.0, [40.0, 30.0, 35.0, 25.0], 0.5)
    data["loss"] |= {"val_loss": val_loss, "val_total_loss": val_loss}  # training ends at 0.25
    cause = diagnose(run_of(data)).causes[0]
    assert cause.code == "RD461"
    assert any("the training loss fell on to 0.2500" in each for each in cause.evidence) is is_told
    assert ("Train longer" in cause.help) is not is_told


def test_an_area_above_that_of_all_means_is_good():
    run = run_of(compared("auc_roc", 0.8, [0.5, 0.6, 0.65, 0.7], 0.02))
    assert diagnose(run).verdict == "good"
    assert (
        diagnose(run_of(compared("auc_roc", 0.69, [0.5, 0.6, 0.65, 0.7], 0.02))).verdict != "good"
    )


@pytest.mark.parametrize(
    ("val_loss", "rmse", "verdict", "first"),
    [(0.2, 20.0, "at_risk", "RD503"), (1.4, 20.0, "bad", "RD203"), (0.2, 41.0, "bad", "RD203")],
)
def test_an_epoch_that_began_high_and_ended_well_did_not_diverge(val_loss, rmse, verdict, first):
    """Older watches stopped there: the mean over the steps of an epoch has the first ones."""
    data = compared("rmse", rmse, [40.0, 30.0, 35.0, 25.0], 0.5, count=1)
    said = {"failure": "Epoch 1: The loss is 20 times that of chance.", "failure_epoch": 0}
    data["params"] |= {**said, "failure_kind": "divergence"}
    data["loss"] |= {"loss": [20.0], "val_loss": [val_loss], "val_total_loss": [val_loss]}
    data["health"] = {"loss_to_chance": [20.0]}
    diagnosis = diagnose(run_of(data))
    assert (diagnosis.verdict, codes(diagnosis)[0]) == (verdict, first)


@pytest.mark.parametrize(
    ("measure", "own", "means", "verdict"),
    [
        ("rmse", 5.0, [40.0, 30.0, 35.0, 25.0], "bad"),
        ("rmse", 9.0, [40.0, 30.0, 35.0, 25.0], "at_risk"),
        ("rmse", 13.5, [40.0, 30.0, 35.0, 25.0], "at_risk"),
        ("rmse", 14.0, [40.0, 30.0, 35.0, 25.0], "good"),
        ("auc_roc", 0.995, [0.5, 0.6, 0.65, 0.7], "bad"),
        ("auc_roc", 0.935, [0.5, 0.6, 0.65, 0.7], "at_risk"),
        ("auc_roc", 0.93, [0.5, 0.6, 0.65, 0.7], "good"),
        ("auc_roc", 0.995, [0.5, 0.98, 0.98, 0.99], "good"),
    ],
)
def test_a_target_that_is_known_too_well_was_given_away(measure, own, means, verdict):
    diagnosis = diagnose(run_of(compared(measure, own, means, 0.004)))
    assert diagnosis.verdict == verdict
    assert codes(diagnosis) == ([] if verdict == "good" else ["RD402"])
    if verdict == "at_risk":
        assert diagnosis.causes[0].help == "Which feature is only known after the purchase?"


def test_chances_that_are_off_are_said():
    others = {"ece": {"value": 0.12, "low": None, "high": None}}
    bins = [{"rows": 200, "predicted": 0.6, "actual": 0.3}]
    off = compared("auc_roc", 0.8, [0.5, 0.6, 0.6, 0.7], 0.02, others=others, bins=bins)
    diagnosis = diagnose(run_of(off))
    assert codes(diagnosis) == ["RD462"]
    assert any("0.600 in the mean, 0.300 are 1" in each for each in diagnosis.causes[0].evidence)


def test_predictions_that_do_not_differ_are_constant():
    data = compared("rmse", 40.0, [40.0, 30.0, 35.0, 25.0])
    names = ("effective_rank", "mean_cosine", "update_ratio")
    tower = {name: [0.5] * 4 for name in names}
    head = {"update_ratio": [0.1] * 4, "spread": [0.5, 0.1, 1e-4, 1e-5]}
    data["health"] = {"query": tower, "candidate": tower, "rating_head": head}
    diagnosis = diagnose(run_of(data))
    assert codes(diagnosis)[0] == "RD460"
    assert diagnosis.verdict == "bad"


def test_a_mean_of_logarithms_is_named():
    kind = Facts(run_of(compared("rmse_log", 0.5, [1.0, 0.9, 0.8, 0.7]))).kind
    assert kind.judged is not None
    assert kind.judged.name == "test RMSE of logarithms of rows"
    assert kind.judged.name in kind.figures
