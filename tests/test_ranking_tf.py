"""Ranking trainers: what they learn, measure and serve."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runs import Run, prepare

Plain = dict[str, Any]

pytestmark = pytest.mark.slow

ROWS = 3000
HEAD = [{"type": "dense", "units": 16}, {"type": "dense", "units": 1, "activation": "linear"}]
SIGMOID = [HEAD[0], {"type": "dense", "units": 1, "activation": "sigmoid"}]
LOGGED = {"log_transform": {}, "normalize": {"range": [0, 1]}}


def config(transforms: Plain | None = None, **model: Any) -> Plain:
    """Returns a config that predicts `amount`."""

    def text(column: str, **more: Any) -> Plain:
        embedding = {"embedding": {"embedding_dim": 8}}
        return {"column": column, "data_type": "text", "transforms": embedding, **more}

    price = {"column": "price", "data_type": "numeric", "transforms": {"normalize": {}}}
    return {
        "name": "rates",
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "sku",
            "buyer_model_features": [text("customer_id")],
            "product_model_features": [text("sku", bq_type="INT64"), price],
            "target_column": {"column": "amount", "transforms": transforms or {}},
        },
        "model": {
            "model_type": "ranking",
            "rating_head_layers": HEAD,
            "output_embedding_dim": 8,
            "optimizer": "adam",
            "learning_rate": 0.01,
            "batch_size": 128,
            "epochs": 4,
            **model,
        },
    }


def table(kind: str = "amount") -> Plain:
    """Returns rows whose target is a sum over buyer and product; a fiftieth has none."""
    draw = np.random.default_rng(3)
    buyers, products = draw.integers(60, size=ROWS), draw.integers(40, size=ROWS)
    of_buyer, of_product = draw.normal(size=60), draw.normal(size=40)
    signal = of_buyer[buyers] + of_product[products] + 0.5 * draw.normal(size=ROWS)
    values = {
        "amount": 200 + 50 * signal,
        "skewed": np.expm1(np.maximum(3 + signal, 0)),
        "binary": (signal > 0.5).astype(float),
    }[kind]
    amounts = [None if row % 50 == 0 else float(value) for row, value in enumerate(values)]
    return {
        "customer_id": [f"c{buyer}" for buyer in buyers],
        "sku": products.tolist(),
        "price": np.round(5 + 0.3 * products, 2).tolist(),
        "amount": amounts,
    }


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Returns a function that prepares a run."""

    def prepared(kind: str, transforms: Plain | None = None, **model: Any) -> Run:
        allow = ["RG251"]  # a sigmoid before the loss, as platforms store it
        folder = tmp_path_factory.mktemp("rates")
        return prepare(config(transforms, **model), table(kind), folder, allow)

    return prepared


@pytest.fixture(scope="module")
def amounts(make: Callable[..., Run]) -> Run:
    """A trained model of amounts."""
    run = make("amount", {"normalize": {}})
    run.fit()
    return run


@pytest.fixture(scope="module")
def chances(make: Callable[..., Run]) -> Run:
    """A trained model of a target of 0 or 1."""
    run = make("binary", loss_function="binary_crossentropy", rating_head_layers=SIGMOID)
    run.fit()
    return run


def served(run: Run, rows: Plain, name: str = "run") -> Plain:
    """Returns what the SavedModel answers for raw columns."""
    import tensorflow as tf

    signature = tf.saved_model.load(str(run.saved(name))).signatures["serving_default"]
    found = signature(
        customer_id=tf.constant(rows["customer_id"]),
        sku=tf.constant(rows["sku"], tf.int64),
        price=tf.constant(rows["price"], tf.float32),
    )
    return {key: values.numpy() for key, values in found.items()}


def held_out(kind: str) -> tuple[Plain, Any]:
    """Returns the raw columns of the test rows with a target, and their targets."""
    rows = {name: values[ROWS * 9 // 10 :] for name, values in table(kind).items()}
    kept = [place for place, value in enumerate(rows["amount"]) if value is not None]
    raw = {name: [values[place] for place in kept] for name, values in rows.items()}
    return raw, np.array(raw["amount"])


def test_it_is_better_than_the_means(amounts: Run) -> None:
    metrics = amounts.metrics()
    final, figures = metrics["final_metrics"], metrics["rating"]["figures"]
    for who in ("global_mean", "buyer_mean", "product_mean"):
        assert final["test_rmse"] < 0.7 * final[f"test_{who}_rmse"]
        assert final["test_mae"] < final[f"test_{who}_mae"]
        assert figures[who]["rmse"]["lead_low"] > 0
    # The target is a sum, whose noise has a deviation of 25.
    assert 22 < final["test_buyer_and_product_mean_rmse"] < 30
    assert final["test_rmse"] < 1.3 * final["test_buyer_and_product_mean_rmse"]
    assert figures["model"]["ndcg_at_10"]["value"] > 0.9


def test_it_serves_what_it_has_measured(amounts: Run) -> None:
    final = amounts.metrics()["final_metrics"]
    raw, targets = held_out("amount")
    errors = served(amounts, raw)["predictions"] - targets
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(final["test_rmse"], rel=1e-4)
    assert np.mean(np.abs(errors)) == pytest.approx(final["test_mae"], rel=1e-4)


@pytest.fixture(scope="module")
def skewed(make: Callable[..., Run]) -> Run:
    """A model of the logarithm of amounts, not trained."""
    return make("skewed", LOGGED, loss_function="huber", epochs=1)


@pytest.mark.parametrize(
    "kind",
    ["amount", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("skewed", "binary"))],
)
def test_served_predictions_are_those_of_examples(
    kind: str, request: pytest.FixtureRequest
) -> None:
    fixture = {"amount": "amounts", "skewed": "skewed", "binary": "chances"}[kind]
    run = request.getfixturevalue(fixture).variant(["RG251"], head_cross_layers=2, epochs=1)
    module, kept = run.module(), []
    save = module.Rater.save
    module.Rater.save = lambda rater, folder: kept.append(rater) or save(rater, folder)
    args = run.fn_args()
    module.run_fn(args)
    rater, patterns = kept[0], args.train_files
    rows = module.runtime.Split.read(patterns, "training", module.COLUMNS)
    examples = {key: values[:1000] for key, values in next(iter(rows.dataset)).items()}
    raw = {name: values[:1000] for name, values in table(kind).items()}
    own = rater.rating.inverse(examples[module.TARGET.column]).numpy()
    given = np.array([np.nan if value is None else value for value in raw["amount"]])
    np.testing.assert_allclose(own, given, rtol=1e-4, atol=1e-3)  # the same rows
    vectors = rater.query_tower(examples), rater.candidate_tower(examples)
    expected = rater.rating(rater.rating_head(vectors)[:, 0])
    found = served(run, raw)
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values.numpy(), rtol=1e-4, atol=1e-5)
    if kind == "binary":
        assert np.all((found["predictions"] > 0) & (found["predictions"] < 1))
    else:  # P82: the prediction is in the units of the target
        assert np.corrcoef(found["predictions"], given)[0, 1] != pytest.approx(1)
        assert np.median(found["predictions"]) == pytest.approx(np.nanmedian(given), rel=0.5)


def test_a_client_sends_no_target(amounts: Run) -> None:
    import tensorflow as tf

    signature = tf.saved_model.load(str(amounts.saved())).signatures["serving_default"]
    inputs = signature.structured_input_signature[1]
    assert {name: spec.shape.as_list() for name, spec in inputs.items()} == {
        "customer_id": [None],
        "sku": [None],
        "price": [None],
    }


def test_unknown_buyers_and_products_have_predictions(amounts: Run) -> None:
    rows = {"customer_id": ["nobody", ""], "sku": [-1, 7], "price": [np.nan, 3.0]}
    found = served(amounts, rows)["predictions"]
    assert np.all(np.isfinite(found))


def test_rows_without_a_target_are_left_out_and_counted(amounts: Run) -> None:
    params = amounts.metrics()["params"]
    assert params["without_target"] == {"train": 48, "eval": 6, "test": 6}
    assert (params["train_rows"], params["tested_rows"]) == (2352, 294)


def test_a_chance_is_measured_on_probabilities(chances: Run) -> None:  # P69
    metrics = chances.metrics()
    final, params = metrics["final_metrics"], metrics["params"]
    assert params["is_binary_labels"] is True
    raw, labels = held_out("binary")
    found = served(chances, raw)["predictions"]
    pairs = found[labels == 1][:, np.newaxis] - found[labels == 0]
    area = np.mean((pairs > 0) + 0.5 * (pairs == 0))
    assert final["test_auc_roc"] == pytest.approx(area, abs=1e-4)
    assert final["test_auc_roc"] > final["test_buyer_mean_auc_roc"] > 0.6
    assert final["test_global_mean_auc_roc"] == 0.5
    assert final["test_log_loss"] < final["test_global_mean_log_loss"]
    assert 0 < final["test_ece"] < 0.2
    assert final["test_gauc"] > 0.8
    assert metrics["loss"]["val_auc_roc"][-1] > 0.9


def test_errors_are_added_up_by_hashed_group_of_buyers(amounts: Run, chances: Run) -> None:
    for run, names in ((amounts, {"rmse", "mae"}), (chances, {"rmse", "log_loss", "auc_roc"})):
        rating = run.metrics()["rating"]
        rows, sums = rating["groups"]["rows"], rating["groups"]["sums"]
        assert sum(rows) == rating["rows"]
        assert names <= set(sums)
        for name, values in sums.items():
            mean, value = sum(values) / sum(rows), rating["figures"]["model"][name]["value"]
            expected = value**2 if name == "rmse" else value
            assert mean == pytest.approx(expected, rel=1e-6)


def test_platt_scaling_is_served(chances: Run) -> None:
    run = chances.variant(allow=["RG251"], class_weight_damping=1.0, refit="all")
    metrics = run.fit("weighed", epochs=2)
    found = metrics["calibration"]
    assert found["method"] == "platt"  # weights of classes spoil the chances
    assert found["log_loss_after"] < found["log_loss_before"]
    answer = served(run, held_out("binary")[0], "weighed")
    before = answer["predictions_normalized"].astype(np.float64)
    logits = np.log(before / (1 - before))
    expected = 1 / (1 + np.exp(-(found["slope"] * logits + found["intercept"])))
    np.testing.assert_allclose(answer["predictions"], expected, atol=1e-3)


def test_a_target_that_is_no_chance_is_refused(amounts: Run) -> None:
    module = amounts.module()
    module.TARGET = dataclasses.replace(module.TARGET, is_chance=True)
    with pytest.raises(ValueError, match="binary_crossentropy needs targets of 0 and 1"):
        module.run_fn(amounts.fn_args("odd"))


def test_a_target_that_is_always_the_same_is_refused(amounts: Run) -> None:
    module = amounts.module()
    module.TARGET = dataclasses.replace(module.TARGET, column=module.TARGET.scale)
    with pytest.raises(ValueError, match="in all training rows: nothing to learn"):
        module.run_fn(amounts.fn_args("constant"))


def kill_head(module: Any) -> None:
    """Makes the module build models whose rating head fires for no row."""
    build = module.build_model

    def dead(training: Any) -> Any:
        model = build(training)
        model.rating_head.dense_1.bias.assign([-1e4] * 16)
        return model

    module.build_model = dead


def test_a_dead_head_stops_the_training(amounts: Run) -> None:
    module = amounts.module()
    kill_head(module)
    with pytest.raises(RuntimeError, match="rating_head"):
        module.run_fn(amounts.fn_args("dead"))
    params = amounts.metrics("dead")["params"]
    assert params["failure_kind"] == "collapse"
    assert "rating_head" in params["collapsed_towers"]
    assert not amounts.saved("dead").exists()


def test_a_constant_prediction_stops_the_training(amounts: Run) -> None:
    module = amounts.module()
    module.runtime.DEAD_STEPS = 10**9  # nothing but the predictions is looked at
    module.runtime.RARELY_FIRED = -1.0
    kill_head(module)
    with pytest.raises(RuntimeError, match="All rows have the same prediction"):
        module.run_fn(amounts.fn_args("constant", epochs=1))
    assert amounts.metrics("constant")["params"]["failure_kind"] == "constant_prediction"


def test_a_training_goes_on_after_a_break(amounts: Run) -> None:
    module = amounts.module()
    usual = module.runtime.RatingValidation.on_epoch_end

    def breaking(callback: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise OSError("the machine is gone")
        usual(callback, epoch, logs)

    module.runtime.RatingValidation.on_epoch_end = breaking
    with pytest.raises(OSError, match="the machine is gone"):
        module.run_fn(amounts.fn_args("again"))
    assert amounts.metrics("again")["epochs"] == [0, 1]
    again, whole = amounts.fit("again"), amounts.metrics()
    for key in ("loss", "final_metrics", "rating", "health", "weight_stats"):
        assert again[key] == whole[key]
