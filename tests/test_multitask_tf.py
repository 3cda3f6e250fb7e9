"""Multitask trainers: how both losses add up, which rows they count, and what is re-ranked."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import Run, prepare
from test_kinds_tf import PRODUCTS, ROWS, config, table

from recgen.cli.output.training import answer
from recgen.local import buyers
from recgen.local.recommend import recommend

tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

pytestmark = pytest.mark.slow
Plain = dict[str, Any]
NULL = -(2**63)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A trained model of both tasks."""
    run = prepare(config(top_k=7), table(), tmp_path_factory.mktemp("both"))
    run.fit()
    return run


@pytest.fixture(scope="module")
def built(both: Run) -> Any:
    """A model of both tasks, not trained, and a batch."""
    return both.variant(retrieval_weight=1.0, ranking_weight=0.5).built()


def rows_of(built: Any, targets: Any) -> Plain:
    """Returns the batch with other targets."""
    model, batch = built.model, dict(built.batch)
    batch[model.target_column] = tf.constant(targets, tf.float32)
    return batch


def test_losses_of_chance_add_up_to_the_weights(built: Any) -> None:
    """1.0 and 0.5 mean what they say: at first, one task is half of the other."""
    model, unit = built.model, math.log(128)
    assert model.chances["retrieval"] == pytest.approx(unit)
    assert model.chances["ranking"] == pytest.approx(1, rel=1e-3)  # in deviations of the target
    at_chance = {f"{task}_loss": chance for task, chance in model.chances.items()}
    assert float(model.weighted(at_chance)) == pytest.approx(1.5 * unit)
    assert model.chance == pytest.approx(1.5 * unit)
    losses, _ = model.compute_losses(built.batch, training=False)
    expected = losses["retrieval_loss"] + 0.5 * unit * losses["ranking_loss"]
    assert float(losses["loss"]) == pytest.approx(float(expected), rel=1e-3)


def test_rows_without_a_target_count_in_retrieval_alone(built: Any) -> None:
    model = built.model
    targets = np.array(built.batch[model.target_column])
    targets = np.where(np.isnan(targets), 0.3, targets)
    hidden = np.where(np.arange(len(targets)) % 2, targets, np.nan)
    some, _ = model.compute_losses(rows_of(built, hidden), training=False)
    whole, _ = model.compute_losses(rows_of(built, targets), training=False)
    assert float(some["retrieval_loss"]) == float(whole["retrieval_loss"])
    features = {key: values[1::2] for key, values in rows_of(built, targets).items()}
    _, losses = model.predict_rows(features)
    assert float(some["ranking_loss"]) == pytest.approx(float(np.mean(losses)), rel=1e-5)


def test_a_batch_without_targets_teaches_the_head_nothing_and_is_no_sign_of_death(
    built: Any,
) -> None:
    model = built.model
    rows = rows_of(built, np.full(128, np.nan))
    losses, _, gradients = model.compute_gradients(rows, training=False)
    assert float(losses["ranking_loss"]) == 0
    for weight in model.rating_head.trainable_variables:
        assert not np.any(gradients[weight.ref()])
    model.dead_steps["rating_head"].assign(2)
    model.train_step(rows)
    assert int(model.dead_steps["rating_head"]) == 2
    model.train_step(built.batch)
    assert int(model.dead_steps["rating_head"]) == 1


def test_the_rows_of_each_task_are_counted(both: Run) -> None:
    metrics = both.metrics()
    params = metrics["params"]
    assert params["without_target"] == {"train": 200, "eval": 25, "test": 25}
    assert params["train_rows"] == ROWS * 8 // 10
    assert metrics["rating"]["rows"] == 225
    assert params["tested_rows"] == 250


def test_the_epoch_is_kept_by_both_tasks(both: Run) -> None:
    metrics = both.metrics()
    params, losses = metrics["params"], metrics["loss"]
    values = losses["val_both_tasks"]
    assert params["best_epoch"] == int(np.argmax(values))
    assert params["best_of_both"] == max(values)
    recall = metrics["recall"][f"val_{params['monitored']}"]
    for number, value in enumerate(values):
        explained = 1 - losses["val_ranking_loss"][number]  # of a variance of 1
        assert value == pytest.approx((recall[number] + explained) / 2, abs=2e-3)
        parts = [losses["val_retrieval_loss"][number], losses["val_ranking_loss"][number]]
        assert losses["val_loss"][number] == pytest.approx(
            parts[0] + math.log(128) * parts[1], rel=1e-2
        )


@pytest.mark.nightly
def test_learnt_weights_grow_with_what_is_known_of_a_task(both: Run) -> None:
    run = both.variant(task_weights="uncertainty", refit="none")
    health = run.fit()["health"]
    for task in ("retrieval", "ranking"):
        weights, shares = health[f"{task}_weight"], health[f"{task}_to_chance"]
        assert len(weights) == len(shares)
        assert weights[-1] > weights[0]  # which goes to 1 / share
        assert weights[-1] < 1.5 / shares[-1]
    model = run.built().model
    assert any(
        "log_factors" in each.name or each.shape == [2] for each in model.trainable_variables
    )
    losses = {"retrieval_loss": 2.0, "ranking_loss": 0.1}
    shares = {"retrieval": 2 / math.log(128), "ranking": 0.1 / model.chances["ranking"]}

    def total(factors: list[float]) -> float:
        model.log_factors.assign(factors)
        return float(model.learnt_sum(losses))

    best = [math.log(share) for share in shares.values()]
    for number in (0, 1):  # the minimum is where each weight is 1 / share
        for step in (-0.1, 0.1):
            moved = [value + step * (place == number) for place, value in enumerate(best)]
            assert total(best) < total(moved)
    assert model.effective_weights()["ranking"] == pytest.approx(1 / shares["ranking"], rel=0.15)


@pytest.fixture(scope="module")
def signatures(both: Run) -> Any:
    return tf.saved_model.load(str(both.saved())).signatures


def ask(signatures: Any, exclude: Any = (), only: Any = (), buyers: Any = ("c1", "c7")) -> Plain:
    """Returns what is re-ranked for some buyers."""

    def ids(values: Any) -> Any:
        rows = [list(values)] * len(buyers)
        return tf.constant(rows, tf.int64, [len(buyers), len(values)])

    found = signatures["serve_reranked"](
        customer_id=tf.constant(list(buyers)),
        exclude_product_ids=ids(exclude),
        only_product_ids=ids(only),
    )
    return {key: values.numpy() for key, values in found.items()}


def test_products_are_re_ranked_by_predictions(signatures: Any) -> None:
    found = ask(signatures)
    assert found["product_ids"].shape == found["predictions"].shape == (2, 7)
    assert np.all(np.diff(found["predictions"], axis=1) <= 0)
    plain = signatures["serving_default"](customer_id=tf.constant(["c1", "c7"]))
    for row in (0, 1):
        scores = dict(zip(found["product_ids"][row], found["scores"][row], strict=True))
        ids = plain["product_ids"][row].numpy()
        assert scores.keys() == set(ids)  # the best by score, in another order
        np.testing.assert_allclose([scores[each] for each in ids], plain["scores"][row], rtol=1e-5)
    assert not np.all(np.diff(found["scores"], axis=1) <= 0)


def test_a_prediction_is_that_of_the_products_own_columns(signatures: Any) -> None:
    """The client sends the buyer's columns once: those of the products are in the model."""
    found = ask(signatures, buyers=["c3", "nobody"])
    for row, buyer in enumerate(["c3", "nobody"]):
        ids = found["product_ids"][row]
        rated = signatures["serve_ranking"](
            customer_id=tf.constant([buyer] * len(ids)),
            sku=tf.constant(ids, tf.int64),
            price=tf.constant(np.round(5 + 0.3 * ids, 2), tf.float32),
        )
        for name, values in rated.items():
            np.testing.assert_allclose(found[name][row], values, rtol=1e-4, atol=1e-4)


def test_filters_are_exact_when_products_are_re_ranked(signatures: Any) -> None:
    best = ask(signatures)["product_ids"]
    kept = ask(signatures, exclude=[*best[0][:3], 10**9, NULL])["product_ids"]
    assert not set(kept[0]) & set(best[0][:3])
    assert set(best[0][3:]) <= set(kept[0])
    few = ask(signatures, only=[3, 5, 58, 10**9], exclude=[5])
    lowest = np.finfo(np.float32).min
    for row in (0, 1):
        assert set(few["product_ids"][row][:2]) == {3, 58}
        assert set(few["product_ids"][row][2:]) == {NULL}
        assert np.all(few["scores"][row][2:] == lowest)
        assert np.all(few["predictions"][row][2:] == lowest)
        assert np.all(few["predictions"][row][:2] > lowest)
        assert few["predictions"][row][0] >= few["predictions"][row][1]
    assert PRODUCTS > 58


def test_each_signature_takes_its_columns_and_no_target(signatures: Any) -> None:
    lists = {"exclude_product_ids", "only_product_ids"}
    inputs = {
        name: set(signature.structured_input_signature[1]) for name, signature in signatures.items()
    }
    assert inputs == {
        "serving_default": {"customer_id"},
        "serving_examples": {"examples"},
        "serve_filtered": {"customer_id", *lists},
        "serve_reranked": {"customer_id", *lists},
        "serve_ranking": {"customer_id", "sku", "price"},
    }


def test_examples_are_answered_by_both_tasks(signatures: Any) -> None:
    from record_files import example

    rows = [{"customer_id": "c3", "sku": 5, "price": 6.5}, {"customer_id": "unknown", "sku": None}]
    found = signatures["serving_examples"](examples=tf.constant([example(**r) for r in rows]))
    buyers_sent = tf.constant([row["customer_id"] for row in rows])
    lists = signatures["serving_default"](customer_id=buyers_sent)
    rated = signatures["serve_ranking"](
        customer_id=buyers_sent,
        sku=tf.constant([5, tf.int64.min], tf.int64),
        price=tf.constant([6.5, math.nan], tf.float32),
    )
    np.testing.assert_array_equal(found.pop("product_ids"), lists.pop("product_ids"))
    for name, values in {**lists, **rated}.items():
        np.testing.assert_allclose(found.pop(name), values, rtol=1e-5, atol=1e-5)
    assert set(found) == {"popular_product_ids", "catalogue_size", "mean_target"}
    assert math.isfinite(found["mean_target"][0])


def test_recommend_has_scores_and_predictions(both: Run, tmp_path: Path) -> None:
    import pyarrow as pa

    shutil.copytree(both.saved(), tmp_path / "serving_model")
    rows = pa.table(
        {
            "customer_id": pa.array(table()["customer_id"], pa.large_string()),
            "sku": pa.array(table()["sku"], pa.int64()),
        }
    )
    sent = {"customer_id": "customer_id"}
    buyers.write(tmp_path, [rows], "customer_id", "sku", None, sent, {})
    best = recommend(tmp_path, "c1", k=3).products
    whole = recommend(tmp_path, "c1", k=7).products
    assert [each.product for each in best] == [each.product for each in whole[:3]]
    scores = [each.score for each in whole]
    assert scores == sorted(scores, reverse=True)
    ranked = recommend(tmp_path, "c1", k=7, rerank=True).products
    predicted = [each.prediction for each in ranked]
    assert None not in predicted
    assert predicted == sorted(predicted, reverse=True)  # type: ignore[type-var]
    assert {each.product for each in ranked} == {each.product for each in whole}
    less = recommend(tmp_path, "c1", k=7, exclude=[ranked[0].product], rerank=True)
    assert ranked[0].product not in {each.product for each in less.products}
    lines = [str(line) for line in answer(recommend(tmp_path, "c1", k=2))]
    assert "predicted" in lines[0]
