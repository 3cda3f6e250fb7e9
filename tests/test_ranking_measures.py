"""Measures of predictions, compared with what a loop over pairs or a formula gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(-3, 3)), min_size=1, max_size=25
)


def columns(rows: list[tuple[int, int, int]]) -> tuple[Any, Any, Any]:
    _, groups = np.unique([row[0] for row in rows], return_inverse=True)
    return groups, np.array([row[1] for row in rows]), np.array([float(row[2]) for row in rows])


def area(labels: Any, values: Any) -> float:
    """Returns the share of pairs of a positive and a negative row that are in order."""
    pairs = values[labels == 1][:, np.newaxis] - values[labels == 0]
    return float(np.mean((pairs > 0) + 0.5 * (pairs == 0))) if pairs.size else np.nan


@given(ROWS)
@settings(deadline=None)
def test_the_auc_is_a_share_of_pairs_in_order(runtime: Any, rows: Any) -> None:
    groups, labels, values = columns(rows)
    assert runtime.auc(labels, values) == pytest.approx(area(labels, values), nan_ok=True)
    expected = [area(labels[groups == g], values[groups == g]) for g in range(groups.max() + 1)]
    np.testing.assert_allclose(runtime.auc(labels, values, groups), expected)


@given(ROWS)
@settings(deadline=None)
def test_the_terms_of_the_auc_have_it_as_their_mean(runtime: Any, rows: Any) -> None:
    _, labels, values = columns(rows)
    terms = runtime.auc_terms(labels.astype(float), values)
    if terms is None:
        assert len(set(labels.tolist())) < 2
    else:
        assert terms.mean() == pytest.approx(area(labels, values))


def test_the_spread_of_the_terms_is_the_error_of_the_auc(runtime: Any) -> None:
    draw, found, errors = np.random.default_rng(1), [], []
    for _ in range(300):
        labels = draw.integers(0, 2, 120).astype(float)
        values = draw.normal(size=120) + labels
        terms = runtime.auc_terms(labels, values)
        found.append(terms.mean())
        errors.append(terms.std() / np.sqrt(120))
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.1)


def gained(gains: Any, values: Any) -> float:
    """Returns the discounted sum of gains, the mean of all orders of rows with equal values."""
    order = np.argsort(-values, kind="stable")
    gains, values, total = gains[order], values[order], 0.0
    for place, value in enumerate(values):
        if place < 10:
            total += np.mean(gains[values == value]) / np.log2(place + 2)
    return total


@given(ROWS)
@settings(deadline=None)
def test_the_ndcg_is_relative_to_the_best_order(runtime: Any, rows: Any) -> None:
    groups, labels, values = columns(rows)
    gains = labels * 2.0 + 1
    found = runtime.ndcg(gains, values, groups)
    for group, own in enumerate(found):
        of = groups == group
        least = gains[of] - gains[of].min()
        best = gained(least, least)
        if best:
            assert own == pytest.approx(gained(least, values[of]) / best)
        else:
            assert np.isnan(own)


def test_equal_predictions_have_no_order(runtime: Any) -> None:
    draw = np.random.default_rng(0)
    labels, groups = draw.integers(2, size=200), draw.integers(20, size=200)
    same = np.zeros(200)
    assert runtime.auc(labels, same) == 0.5
    assert set(runtime.auc(labels, same, groups)) <= {0.5}
    backwards = runtime.ndcg(labels, same[::-1], groups)
    np.testing.assert_array_equal(runtime.ndcg(labels, same, groups), backwards)


def test_a_constant_is_calibrated_if_it_is_the_mean(runtime: Any) -> None:
    labels = np.arange(1000) % 4 == 0
    found = runtime.bins(np.full(1000, 0.25), labels)
    assert found == [{"rows": 1000, "predicted": 0.25, "actual": 0.25}]
    assert runtime.calibration_error(found) == 0
    assert runtime.calibration_error(runtime.bins(np.full(1000, 0.5), labels)) == 0.25


def test_bins_have_equally_many_rows(runtime: Any) -> None:
    draw = np.random.default_rng(1)
    values = draw.random(5000) ** 3
    found = runtime.bins(values, values > 0.2)
    assert [each["rows"] for each in found] == [500] * 10
    assert [each["predicted"] for each in found] == sorted(each["predicted"] for each in found)
    assert sum(each["rows"] * each["actual"] for each in found) == np.sum(values > 0.2)


def test_means_are_those_of_training_rows(runtime: Any) -> None:
    buyers, products = np.array([1, 1, 2, 5]), np.array([7, 8, 7, 8])
    targets = np.array([1.0, 3.0, 5.0, 7.0])
    shrinkage = dict.fromkeys(runtime.SIDES, 0)
    means = runtime.Means((buyers, products), targets, shrinkage)
    found = means.predict((np.array([1, 5, 9]), np.array([7, 3, 3])))
    np.testing.assert_allclose(found["global_mean"], [4, 4, 4])
    np.testing.assert_allclose(found["buyer_mean"], [2, 7, 4])  # 9 is unknown
    np.testing.assert_allclose(found["product_mean"], [3, 4, 4])
    shrunk = runtime.Means((buyers, products), targets, dict.fromkeys(runtime.SIDES, 2))
    # Two rows of 4 are added to two rows of 2.
    assert shrunk.predict((np.array([1]), np.array([7])))["buyer_mean"] == pytest.approx([3])


def test_the_sum_of_both_means_finds_both_effects(runtime: Any) -> None:
    draw = np.random.default_rng(2)
    buyers, products = draw.integers(30, size=4000), draw.integers(20, size=4000)
    of_buyer, of_product = draw.normal(size=30), draw.normal(size=20)
    targets = 10 + of_buyer[buyers] + of_product[products]
    means = runtime.Means((buyers, products), targets, dict.fromkeys(runtime.SIDES, 0))
    found = means.predict((buyers, products))["buyer_and_product_mean"]
    np.testing.assert_allclose(found, targets, atol=0.02)


def test_few_rows_are_shrunk_more(runtime: Any) -> None:
    draw = np.random.default_rng(3)
    buyers, products = np.arange(400), draw.integers(3, size=400)
    noise = draw.normal(size=400)
    others = (np.arange(400), draw.integers(3, size=400)), draw.normal(size=400)
    found = runtime.best_shrinkage((buyers, products), noise, others)
    assert found["buyer_mean"] == max(runtime.SHRINKAGES)  # each buyer has one row of noise


def test_platt_scaling_finds_how_logits_are_off(runtime: Any) -> None:
    draw = np.random.default_rng(4)
    logits = draw.normal(size=20_000)
    labels = (draw.random(20_000) < runtime.chances(logits)).astype(float)
    slope, intercept = runtime.platt(2 * logits + 1, labels)
    assert (slope, intercept) == pytest.approx((0.5, -0.5), abs=0.05)
    groups = np.arange(20_000) // 10
    found = runtime.calibrate(2 * logits + 1, labels, groups)
    assert found["method"] == "platt"
    assert found["log_loss_after"] < found["log_loss_before"]
    assert found["ece_after"] < 0.02 < found["ece_before"]


@pytest.mark.parametrize("slope", [0.05, 0.2, 1, 2])
def test_platt_scaling_finds_the_slope_of_chances_near_0(runtime: Any, slope: float) -> None:
    """Newton's whole steps lead away from them: from slope 1, they ended with a loss of 11."""
    draw = np.random.default_rng(6)
    logits = draw.normal(-5, 6, size=20_000)
    labels = (draw.random(20_000) < runtime.chances(logits, slope, 1.0)).astype(float)
    assert runtime.platt(logits, labels) == pytest.approx((slope, 1.0), abs=0.1)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(-700, 700), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 50),
)
def test_platt_scaling_never_makes_the_loss_higher(
    runtime: Any, rows: list[tuple[float, bool]], times: int
) -> None:
    logits, labels = (np.array(each, float).repeat(times) for each in zip(*rows, strict=True))

    def loss(slope: float, intercept: float) -> float:
        found = slope * logits + intercept
        return float(np.sum(np.logaddexp(0, found) - labels * found))

    before, after = loss(1.0, 0.0), loss(*runtime.platt(logits, labels))
    assert after <= before * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("weight", [0.0, 0.05, 0.4])
def test_the_weight_of_the_mean_is_found(runtime: Any, weight: float) -> None:
    draw = np.random.default_rng(7)
    logits = draw.normal(-3, 4, size=20_000)
    mean = np.mean(runtime.chances(logits))
    labels = (draw.random(20_000) < runtime.chances(logits, 1, 0, weight, mean)).astype(float)
    assert runtime.to_mean(logits, labels) == pytest.approx((weight, mean), abs=0.01)


def test_a_few_buyers_who_surprise_are_calibrated_by_the_mean(runtime: Any) -> None:
    """Nobody like them was seen: the model is sure, and Platt scaling makes all less sure."""
    draw = np.random.default_rng(8)
    groups = np.arange(10_000) // 50
    logits = draw.normal(size=200)[groups] * 4 - 3
    labels = (draw.random(10_000) < runtime.chances(logits)).astype(float)
    surprises = groups % 21 == 0
    labels[surprises] = draw.random(surprises.sum()) < labels.mean()
    found = runtime.calibrate(logits, labels, groups)
    assert found["method"] == "mean"
    assert 0.02 < found["mean_weight"] < 0.15
    losses = found["tried"]["mean"], found["tried"]["platt"], found["log_loss_before"]
    assert losses == tuple(sorted(losses))


def test_what_is_fitted_is_served(runtime: Any) -> None:
    rows = {"y": np.array([0.0, 1.0, 0.0]), "scale": np.ones(3), "shift": np.zeros(3)}
    rating = runtime.Rating(runtime.Target(*rows, is_chance=True), rows)
    fitted = {"slope": 0.5, "intercept": -1.0, "mean_weight": 0.2, "mean": 0.3}
    model, training = SimpleNamespace(rating=rating), SimpleNamespace(calibration=fitted)
    runtime.RatedTraining.use_calibration(training, model)
    outputs = np.float32([-3, 0, 2])
    found = rating(outputs)
    logits = outputs + np.log(0.5)  # one of three is 1
    np.testing.assert_allclose(found["predictions"], runtime.chances(logits, **fitted), rtol=1e-5)
    np.testing.assert_allclose(found["predictions_normalized"], runtime.chances(logits), rtol=1e-5)


def test_what_is_calibrated_stays_as_it_is(runtime: Any) -> None:
    draw = np.random.default_rng(5)
    logits = draw.normal(size=5000)
    labels = (draw.random(5000) < runtime.chances(logits)).astype(float)
    found = runtime.calibrate(logits, labels, np.arange(5000) // 10)
    assert (found["method"], found["slope"], found["intercept"]) == ("none", 1.0, 0.0)


def test_a_few_rows_are_not_calibrated(runtime: Any) -> None:
    labels = np.zeros(1000)
    labels[:10] = 1
    found = runtime.calibrate(np.full(1000, 3.0), labels, np.arange(1000))
    assert found["method"] == "none"
