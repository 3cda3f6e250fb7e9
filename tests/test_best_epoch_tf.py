"""The best epoch by validation recall: kept, waited for, and trained again on more rows."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
from runs import Plain, Run
from trainings import at_epoch_end, models_of

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

SEEN = "val_recall_at_10"


def peaking(module: Any, recalls: list[float]) -> dict[int, Plain]:
    """Makes an epoch report a given recall; returns the weights after each epoch, by its number."""
    weights: dict[int, Plain] = {}

    def report(checkpoints: Any, epoch: int, logs: Plain) -> None:
        logs[SEEN] = recalls[epoch]
        weights[epoch] = weights_of(checkpoints.model)

    at_epoch_end(module, report)
    return weights


def weights_of(model: Any) -> Plain:
    return {name: tower.get_weights() for name, tower in model.towers.items()}


def served(run: Run, name: str) -> tuple[Any, Any]:
    import tensorflow as tf

    model = tf.saved_model.load(str(run.saved(name)))
    answer = model.signatures["serving_default"](
        customer_id=tf.constant(["10003", "10004"]),
        country=tf.constant(["Italy", "UK"]),
        age=tf.constant([30.0, 31.0]),
    )
    return answer["product_ids"].numpy(), answer["scores"].numpy()


def test_the_best_epoch_is_served_and_patience_ends_the_training(shop: Run) -> None:  # P53
    run = shop.variant(early_stopping_patience=2, refit=False)
    module = run.module()
    weights = peaking(module, [0.1, 0.5, 0.3, 0.4, 0.9, 0.9])
    models = models_of(module)
    module.run_fn(run.fn_args())
    metrics = run.metrics()
    params = metrics["params"]
    assert (params["best_epoch"], params["best_recall"]) == (1, 0.5)
    assert params["stopped_early"]
    assert metrics["epochs"] == [0, 1, 2, 3]  # two after the best one
    assert "refit_epochs" not in params
    (model,) = models
    for name, kept in weights_of(model).items():
        for one, best, last in zip(kept, weights[1][name], weights[3][name], strict=True):
            np.testing.assert_array_equal(one, best)
            assert not np.array_equal(best, last)
    ids, scores = served(run, "run")
    columns = {"customer_id": ["10003", "10004"], "country": ["Italy", "UK"], "age": [30.0, 31.0]}
    expected = best_scores(model, transformed(run, columns))
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)
    assert len(set(ids[0])) == 100


def best_scores(model: Any, features: Plain) -> Any:
    """Returns the 100 best scores of each buyer."""
    vectors = model.candidate_tower(model.catalogue).numpy()
    scores = model.query_tower(features).numpy() @ vectors.T
    return -np.sort(-model.final_layer(scores, features).numpy(), axis=1)[:, :100]


def transformed(run: Run, columns: Plain) -> Plain:
    """Returns raw columns of buyers as the towers take them."""
    import tensorflow as tf
    import tensorflow_transform as tft

    output = tft.TFTransformOutput(str(run.data / "transform"))
    spec = output.raw_feature_spec()
    as_raw = run.module().runtime.as_raw
    raw = {name: as_raw(tf.constant(values), spec[name]) for name, values in columns.items()}
    return dict(output.transform_features_layer()(raw))


def test_without_patience_all_epochs_are_trained_and_the_best_is_kept(shop: Run) -> None:
    run = shop.variant(early_stopping_patience=None, refit=False)
    module = run.module()
    weights = peaking(module, [0.5, 0.1, 0.1, 0.1, 0.1])
    models = models_of(module)
    module.run_fn(run.fn_args(epochs=5))
    metrics = run.metrics()
    assert metrics["epochs"] == [0, 1, 2, 3, 4]
    assert metrics["params"]["best_epoch"] == 0
    assert "stopped_early" not in metrics["params"]
    np.testing.assert_array_equal(weights_of(models[0])["query"][0], weights[0]["query"][0])


def test_equal_recall_is_not_better(shop: Run) -> None:
    run = shop.variant(early_stopping_patience=2, refit=False)
    module = run.module()
    peaking(module, [0.0, 0.0, 0.0, 0.0])
    module.run_fn(run.fn_args(epochs=4))
    params = run.metrics()["params"]
    assert params["best_epoch"] == 0
    assert params["stopped_early"]


def test_the_second_training_has_all_rows_and_the_best_number_of_epochs(shop: Run) -> None:
    run = shop.variant(early_stopping_patience=1, buyer_id_dropout=0.0, refit="all")
    module, fits = run.module(), []
    usual = module.RetrievalModel.fit

    def fit(model: Any, batches: Any, **options: Any) -> Any:
        fits.append((model, batches, options))
        return usual(model, batches, **options)

    module.RetrievalModel.fit = fit
    peaking(module, [0.1, 0.5, 0.3])
    module.run_fn(run.fn_args())
    params = run.metrics()["params"]
    assert (params["best_epoch"], params["refit_epochs"]) == (1, 2)
    (first, _, _), (second, batches, options), (third, all_batches, all_options) = fits
    assert second is not first
    assert options["epochs"] == 2
    assert options["steps_per_epoch"] == (3200 + 400) // 256
    assert "validation_data" not in options
    assert int(second.optimizer.iterations) == 2 * 14
    seen = rows_of(batches, 14)
    train, validation, test = (set_of(run, split) for split in ("train", "eval", "test"))
    assert len(seen) > 0.98 * len(train | validation)  # the last rows fill no batch
    assert seen <= train | validation
    assert len(seen & validation - train) > 300
    assert not seen & test - train - validation
    # The third has the test's rows too, and is what is served.
    assert third not in (first, second)
    assert (all_options["epochs"], all_options["steps_per_epoch"]) == (2, 4000 // 256)
    everything = rows_of(all_batches, 15)
    assert everything <= train | validation | test
    assert len(everything & test - train - validation) > 0.9 * len(test - train - validation)
    assert (params["measured_rows"], params["served_rows"]) == (3600, 4000)
    _, scores = served(run, "run")
    columns = {"customer_id": ["10003", "10004"], "country": ["Italy", "UK"], "age": [30.0, 31.0]}
    expected = best_scores(third, transformed(run, columns))
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


KEYS = ("customer_id", "sku", "event_time")


def rows_of(batches: Any, steps: int) -> set[tuple[int, ...]]:
    """Returns what identifies the rows of an epoch."""
    found: set[tuple[int, ...]] = set()
    for batch in batches.take(steps):
        found |= set(zip(*(batch[key].numpy().tolist() for key in KEYS), strict=True))
    return found


def set_of(run: Run, split: str) -> set[tuple[int, ...]]:
    """Returns the same of the rows of a split."""
    module = run.module()
    files = [str(run.data / "examples" / split / "*")]
    return rows_of(module.runtime.Split.read(files, split, module.COLUMNS).dataset, 1)


def evaluations(run: Run, **custom: Any) -> list[tuple[str, int]]:
    """Trains one epoch; returns what happened: trainings, with their rows, and tests.

    When a training begins, the model of the one before is not in memory any more.
    """
    module, happened = run.module(), []
    models: list[weakref.ref[Any]] = []
    module.runtime.MANY_ROWS = 0
    usual_fit, usual_test = module.RetrievalModel.fit, module.runtime.RetrievalMetrics.add_test

    def fit(model: Any, batches: Any, **options: Any) -> Any:
        assert not [each for each in models if each() is not None]
        models.append(weakref.ref(model))
        happened.append(("fit", options["steps_per_epoch"]))
        return usual_fit(model, batches, **options)

    def add_test(metrics: Any, model: Any, *rest: Any) -> None:
        happened.append(("test", int(model.optimizer.iterations)))
        usual_test(metrics, model, *rest)

    module.RetrievalModel.fit, module.runtime.RetrievalMetrics.add_test = fit, add_test
    module.run_fn(run.fn_args(epochs=1, **custom))
    return happened


def test_without_a_test_split_nothing_is_called_test(
    shop: Run, capfd: pytest.CaptureFixture[str]
) -> None:  # P26
    """The validation chose the epoch, and its rows are trained on: they are no test."""
    run = shop.variant(refit="all")
    assert evaluations(run, test_files=[]) == [("fit", 12), ("fit", 14)]
    metrics = run.metrics()
    assert not [name for name in metrics["final_metrics"] if name.startswith("test")]
    assert "evaluation" not in metrics
    assert metrics["params"]["test_rows"] is None
    assert "measured_rows" not in metrics["params"]
    assert metrics["params"]["served_rows"] == 3600
    assert "test" not in metrics["params"]["unknown_products"]
    assert metrics["final_metrics"]["final_val_recall_at_10"] > 0
    assert "note: no test: the metrics have no test_ figures" in capfd.readouterr().out
    assert run.saved().exists()


def test_rows_of_their_own_test_the_model_that_is_served(shop: Run) -> None:
    """Without `test_files`, they are found beside the validation's."""
    happened = [("fit", 12), ("fit", 14), ("test", 14)]
    run = shop.variant(refit="validation")
    assert evaluations(run, test_files=None) == happened
    metrics = run.metrics()
    assert metrics["params"]["measured_rows"] == metrics["params"]["served_rows"] == 3600
    assert metrics["params"]["test_rows"] == 400
    ids = metrics["params"]["unknown_ids"]
    assert ids.keys() == {"train", "eval", "test"}
    assert ids["train"] == {"customer_id": 0, "sku": 0}
    assert 0 <= ids["test"]["sku"] == metrics["params"]["unknown_products"]["test"] < 0.1
    unknown = metrics["params"]["measured_unknown_products"]  # of the second training's rows
    assert 0 <= unknown <= metrics["params"]["unknown_products"]["test"]


def test_without_refit_there_is_one_training(shop: Run) -> None:
    run = shop.variant(refit="none")
    assert evaluations(run) == [("fit", 12), ("test", 12)]
    assert "refit_epochs" not in run.metrics()["params"]
