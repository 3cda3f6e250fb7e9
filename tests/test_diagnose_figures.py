"""Verdicts on figures: chance, zeros that were not recorded, noise, and the model they are of."""

from __future__ import annotations

import math

import pytest
from diagnoses import cause, codes, dead, healthy, judge, older, run_of, set_recall
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

from recgen.analysis import diagnose, load_run
from recgen.analysis.facts import Facts
from recgen.analysis.run import run_of as run_of_metrics
from recgen.metrics.parts import FailureKind


def _old(count=8, recall=0.3, **params):
    """Returns the metrics of an older trainer: a summed loss that falls, and recall by k."""
    data = older(healthy(count, **params))
    data["loss"]["loss"] = [9000.0 - 500 * epoch for epoch in range(count)]
    for k in (5, 10, 50, 100):
        data["final_metrics"][f"test_recall_at_{k}"] = recall * (k / 100) ** 0.6
    return data


def _vocabulary(folder, products, name="sku"):
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (assets / f"{name}_vocab").write_text("a\n" * products)


# chance: RD601, RD602


def test_recall_below_chance_is_bad_wherever_the_number_of_products_is_from(tmp_path, experiment):
    of_metrics = _old(recall=0.06)
    of_metrics["params"]["candidates"] = 1054
    assert judge(tmp_path / "metrics", of_metrics).verdict == "bad"

    folder = tmp_path / "vocabulary"
    _vocabulary(folder, 1054)
    found = cause(judge(folder, _old(recall=0.06), experiment), "RD601")
    below = "test recall@100 of rows is 0.0600, below the 0.0949 of random products (100 of 1,054)"
    assert found.evidence[0] == below

    run_of(tmp_path / "reader", _old(recall=0.06))
    found = cause(diagnose(load_run(tmp_path / "reader", products=1054)), "RD601")
    assert found.evidence[0] == below
    assert diagnose(load_run(tmp_path / "reader")).verdict == "at_risk"


def test_the_readers_number_counts_more_than_copies_that_the_file_counts(tmp_path):
    data = _old(recall=0.06, candidates=38_000)
    data["params"]["candidates"] = 38_000  # 100 of them have a chance of 0.0026
    run_of(tmp_path / "run", data)
    assert Facts(load_run(tmp_path / "run")).judged.chance == pytest.approx(100 / 38_000)
    assert diagnose(load_run(tmp_path / "run", products=1054)).verdict == "bad"


_LOSSES = {
    "falls": [7.0, 6.5, 6.0, 5.8, 5.6],
    "rises": [7.0, 8.0, 9.0, 11.0, 14.0],
    "stands still": [6.5] * 5,
    "is at chance": [math.log(1024)] * 5,
    "was not recorded": [None] * 5,
    "is zero": [0.0] * 5,
}


@some(20, 60)
@given(
    st.sampled_from(sorted(_LOSSES)),
    st.floats(0.0, 0.8),
    st.sampled_from([None, *FailureKind.__args__]),
    st.booleans(),
    st.sampled_from([None, 0.02, 0.05, 0.2]),
)
def test_recall_below_chance_is_bad_whatever_else_is_so(loss, share, failure, is_zero, popularity):
    data = healthy(5, candidates=1000, failure_kind=failure)
    data["loss"]["loss"] = data["loss"]["val_loss"] = _LOSSES[loss]
    if is_zero:
        for tower in ("query", "candidate"):
            data["gradient_stats"][tower]["norm"] = [0.0] * 5
    set_recall(data, share * 0.1, popularity)
    if popularity is None:
        final = data["final_metrics"]
        data["final_metrics"] = {k: v for k, v in final.items() if "popularity" not in k}
    assert diagnose(run_of_metrics(data)).verdict in ("bad", "broken")


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [(40, "good"), (20_000, "bad"), (None, "bad")],
)
def test_below_chance_by_bad_luck_is_no_verdict(tmp_path, rows, verdict):
    """0.06 where chance is 0.1: of 40 rows, that is 2 hits instead of 4."""
    data = healthy(candidates=1000)
    data["params"]["test_rows"] = rows
    set_recall(data, 0.06, popularity=0.01)
    found = judge(tmp_path / "run", data)
    assert (found.verdict == "bad") == (verdict == "bad")
    assert ("RD601" in codes(found)) == (verdict == "bad")


def test_exactly_zero_is_worse_than_chance_though_the_loss_falls(tmp_path):
    found = judge(tmp_path / "run", _old(recall=0.0, learning_rate=0.1, optimizer="adagrad"))
    first = found.causes[0]
    assert (found.verdict, first.code) == ("bad", "RD601")
    assert first.evidence[0] == "test recall@100 of rows is exactly 0"
    assert "the loss fell by 39%" in first.evidence[1]
    assert "RD201" not in codes(found)  # what trained did not fail by its rate


def test_without_chance_and_popularity_nothing_is_good(tmp_path):
    found = judge(tmp_path / "run", _old())
    told = cause(found, "RD602")
    assert (found.verdict, told.evidence[0]) == (
        "at_risk",
        "the recall of popularity is not in the file",
    )
    assert "so chance is unknown" in told.evidence[1]
    assert "--products N" in told.help


def test_without_popularity_a_recall_above_chance_is_not_good_either(tmp_path):
    run_of(tmp_path / "run", _old())
    found = diagnose(load_run(tmp_path / "run", products=3600))
    told = cause(found, "RD602")
    assert found.verdict == "at_risk"
    assert "10.8 times that of random products" in told.evidence[1]
    assert "popularity" in told.help


def test_vocabularies_that_may_have_the_products_are_named(tmp_path):
    folder = tmp_path / "run"
    _vocabulary(folder, 1054, "product")
    (folder / "transform" / "transform_fn" / "assets" / "buyer_vocab").write_text("a\n" * 70)
    told = cause(judge(folder, _old()), "RD602")
    assert told.evidence[1].endswith("is not known: buyer_vocab 70, product_vocab 1,054")


def test_lists_of_the_whole_catalogue_are_not_good(tmp_path):
    data = healthy(candidates=5)
    set_recall(data, 1.0, popularity=1.0)
    found = judge(tmp_path / "run", data)
    assert found.verdict == "at_risk"
    assert "each list holds all 5 products" in cause(found, "RD602").evidence[0]


# a loss at chance, with and without recall


@pytest.mark.parametrize("has_recall", [True, False])
def test_a_summed_loss_at_chance_counts_with_and_without_recall(tmp_path, has_recall):
    """Not constant: the last epoch alone ends at 154·ln 154, the loss of its last batch."""
    data = _old(batch_size=2048)
    if not has_recall:
        data["final_metrics"] = {}
    data["loss"]["loss"] = [2000.0, 900.0, 800.0, 780.0, 776.0, 775.8, 775.7, 775.6906]
    found = judge(tmp_path / "run", data)
    told = cause(found, "RD103")
    assert found.verdict == "bad"
    assert any("154·ln 154" in text for text in told.evidence)


def test_a_loss_that_happens_to_be_that_of_equal_scores_does_not_outweigh_recall(tmp_path):
    data = healthy()
    data["loss"]["loss"] = [7.0, 6.95, 6.94, 6.935, 6.934, 6.933, 6.932, math.log(1024)]
    assert "RD103" not in codes(judge(tmp_path / "run", data))


@pytest.mark.parametrize("is_told_products", [True, False])
def test_a_layer_that_died_in_a_burst_is_seen_without_the_number_of_products(
    tmp_path, is_told_products
):  # P42
    data = _old(recall=0.05, learning_rate=0.1)
    data["loss"]["loss"] = [11_725.0, 9274.0, 9235.0, 9231.0, 9226.0, 9215.0, 9213.0, 9210.0]
    for tower in ("query", "candidate"):
        data["gradient_stats"][tower]["norm"] = [
            4e5,
            5e4,
            560.0,
            300.0,
            326.0,
            337.0,
            1077.0,
            866.0,
        ]
    data["final_metrics"]["test_recall_at_5"] = 0.002
    run_of(tmp_path / "run", data)
    found = diagnose(load_run(tmp_path / "run", products=3608 if is_told_products else None))
    told = " ".join(cause(found, "RD102").evidence)
    assert (found.verdict, found.causes[0].code) == ("bad", "RD102")
    assert "burst in epoch 1: a norm of 400000" in told
    assert "stands still from epoch 2 on: 9274 to 9210" in told
    assert "the lists have no order: recall@5 is 0.0020" in told


def test_a_model_that_does_not_move_has_not_begun_to_learn(tmp_path):
    data = _old(recall=0.05)
    data["loss"]["loss"] = [9231.0, 9230.9, 9230.8, 9230.7, 9230.6, 9230.5, 9230.4, 9230.3]
    data["final_metrics"]["test_recall_at_5"] = 0.002
    found = judge(tmp_path / "run", data)
    assert (found.verdict, found.causes[0].code) == ("bad", "RD103")


def test_a_good_model_whose_loss_has_settled_is_not_dead(tmp_path):
    data = healthy()
    data["loss"]["loss"] = [7.0, 5.51, 5.5, 5.5, 5.49, 5.49, 5.49, 5.48]
    data["gradient_stats"]["query"]["norm"] = [500.0, *[1.0] * 7]
    assert judge(tmp_path / "run", data).verdict == "good"


# zeros: RD603


@pytest.mark.parametrize("since", [0, 2])
def test_zeros_beside_a_loss_that_falls_are_a_fault_of_the_log(tmp_path, since):
    data = healthy(6)
    for tower in ("query", "candidate"):
        norms = [0.0 if epoch >= since else 1.0 for epoch in range(6)]
        data["gradient_stats"][tower]["norm"] = norms
    found = judge(tmp_path / "run", data)
    told = cause(found, "RD603")
    assert (found.verdict, codes(found)) == ("good", ["RD603"])
    assert told.evidence[0] == f"the gradients of both towers are zero from epoch {since + 1} on"
    assert "which a model without gradients cannot do" in told.evidence[1]


@pytest.mark.parametrize("name", ["query", "candidate"])
def test_zeros_of_one_tower_and_of_weights_are_no_death_either(tmp_path, name):
    data = healthy(6)
    data["gradient"][name] = [0.0] * 6
    data["weight_stats"][name]["norm"] = [0.0] * 6
    found = judge(tmp_path / "run", data)
    side = {"query": "buyer", "candidate": "product"}[name]
    told = f"the gradients of the {side} tower and the weights of the {side} tower are zero"
    assert cause(found, "RD603").evidence[0].startswith(told)
    assert found.verdict == "good"


def test_zeros_in_a_run_that_is_worse_than_chance_are_not_blamed_for_it(tmp_path):
    data = healthy(6)
    for tower in ("query", "candidate"):
        data["gradient_stats"][tower]["norm"] = [0.0] * 6
    set_recall(data, 0.0)
    assert codes(judge(tmp_path / "run", data))[:1] == ["RD601"]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_zeros_are_believed_while_the_loss_stands_still(tmp_path, count):
    found = judge(tmp_path / "run", dead(count))
    assert (found.verdict, found.causes[0].code) == ("bad", "RD101")
    assert "RD603" not in codes(found)


def test_a_trainer_that_looked_at_the_towers_is_believed(tmp_path):
    data = healthy(6, failure_kind="collapse", failure="Epoch 6: Training collapsed.")
    for tower in ("query", "candidate"):
        data["gradient_stats"][tower]["norm"] = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert judge(tmp_path / "run", data).causes[0].code == "RD101"


# noise, and the model that the figures are of


def test_as_good_as_counting_within_noise_is_a_note(tmp_path):
    def interval(value, half):
        return {"recall_at_100": {"value": value, "low": value - half, "high": value + half}}

    data = healthy()
    data["evaluation"] = {
        "pairs": {"all": 5000, "new": 3000, "left_out": 10},
        "model": {"all": interval(0.30, 0.03), "new": interval(0.08, 0.02)},
        "popularity": {"all": interval(0.16, 0.02), "new": interval(0.085, 0.02)},
        "own_history": {"all": interval(0.32, 0.03), "new": interval(0.04, 0.01)},
    }
    found = judge(tmp_path / "noise", data)
    assert (found.verdict, codes(found)) == ("good", [])
    assert any("as good, within noise (±0.0300)" in note for note in found.notes)
    data["evaluation"]["own_history"]["all"] = interval(0.40, 0.03)
    assert "RD304" in codes(judge(tmp_path / "clear", data))


@pytest.mark.parametrize(
    ("params", "share"),
    [
        ({"unknown_products": {"eval": 0.0, "test": 0.6}, "refit_epochs": 3}, 0.6),
        ({"unknown_products": {"eval": 0.05, "test": 0.07}, "refit_epochs": 3}, None),
        ({"unknown_products": {"eval": 0.05, "test": 0.2}}, 0.2),  # there was one training
        ({"unknown_products": {"test": 0.3}, "measured_unknown_products": 0.01}, None),
        ({"unknown_products": {"test": 0.01}, "measured_unknown_products": 0.3}, 0.3),
    ],
)
def test_unknown_products_are_those_of_the_model_that_was_tested(tmp_path, params, share):
    found = judge(tmp_path / "run", healthy(**params))
    assert (found.verdict, codes(found)) == (("at_risk", ["RD405"]) if share else ("good", []))
    if share:
        assert found.causes[0].evidence[0].startswith(f"{share:.1%} of the test rows")
