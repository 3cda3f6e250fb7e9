"""Each kind of failure, by a training that really fails: named, kept from export, on record."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from runs import Plain, Run
from trainings import ALLOWED, LINEAR_LAST, ONCE, OUTPUT, RELU_LAST, deep, fails

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

ADAM = {"optimizer": "adam", "learning_rate": 0.1}


@pytest.mark.parametrize(
    "model",
    [
        deep(RELU_LAST, logq_correction=False, **ADAM),
        deep(RELU_LAST, **ADAM),
        deep(LINEAR_LAST, logq_correction=False, **ADAM),
        # Of five seeds, four collapse within the first epoch and one within the second.
        deep(LINEAR_LAST, negatives="full_catalogue", seed=1, **ADAM),
    ],
    ids=["relu last", "relu last, logQ", "linear last", "full catalogue"],
)
def test_collapse(shop: Run, model: Plain) -> None:  # P42, P48, P63
    message, metrics = fails(shop.variant(ALLOWED, **model), epochs=3)
    params = metrics["params"]
    assert re.fullmatch(r"Epoch 1: Training collapsed, dead towers: [a-z, ]+\.", message)
    assert params["failure_kind"] == "collapse"
    assert params["gradient_collapse_detected"]
    assert params["gradient_collapse_epoch"] == params["failure_epoch"] == 0
    assert ", ".join(params["collapsed_towers"]) in message
    final = metrics["final_metrics"]
    if params["collapsed_towers"] == ["query"]:  # one list for all, at best of popular products
        assert final["test_recall_at_10"] <= 1.05 * final["test_popularity_recall_at_10"]
    else:  # all products have the same score
        assert final["test_recall_at_10"] < 0.1


def test_collapse_with_no_dimension_alive_in_both_towers(shop: Run) -> None:  # P42
    run = shop.variant(ALLOWED, **deep(RELU_LAST, logq_correction=False, **ADAM))
    built = run.built(epochs=1)
    model, runtime = built.model, built.module.runtime
    halves = np.arange(OUTPUT) < OUTPUT // 2  # each tower is alive, in other dimensions
    for tower, alive in ((model.query_tower, halves), (model.candidate_tower, ~halves)):
        kernel, bias = tower.dense_3.get_weights()
        tower.dense_3.set_weights([kernel, np.where(alive, 1.0, -100.0).astype(bias.dtype)])
    for name, tower in model.towers.items():
        vectors = tower(built.batch).numpy()
        assert (vectors.max(axis=0) > 0).sum() == OUTPUT // 2
        variance = float(runtime.relative_variance(vectors))
        assert variance > runtime.DEAD_VARIANCE, f"the {name} tower is alive"
    for step in range(1, 4):
        logs = model.train_step(built.batch)
        assert float(logs["total_gradient"]) == 0
        assert {name: int(steps) for name, steps in model.dead_steps.items()} == {
            "query": step,
            "candidate": step,
        }


def dead_tower(run: Run, module: Any) -> Plain:
    """Trains until hidden layers are found dead, and returns the metrics."""
    message, metrics = fails(run, module, epochs=6)
    params, epoch = metrics["params"], metrics["params"]["failure_epoch"]
    towers = params["collapsed_towers"]
    assert message == (
        f"Epoch {epoch + 1}: Training collapsed, dead hidden layers of: {', '.join(towers)}."
    )
    assert params["failure_kind"] == "dead_tower"
    assert params["gradient_collapse_detected"]
    assert params["gradient_collapse_epoch"] == epoch >= 1  # some recover in the first
    assert all(metrics["health"][tower]["dead_units"][-1] > 0.8 for tower in towers)
    assert metrics["health"]["loss_to_chance"][-1] > 0.995
    assert metrics["gradient"]["total"][-1] > 0.01  # an alarm for zero gradients is silent
    return metrics


def test_dead_tower(shop: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # P42
    """A linear last layer after a dead hidden one: scores hardly depend on the buyer."""
    model = deep(LINEAR_LAST, optimizer="adagrad", learning_rate=0.15)
    run = shop.variant(ALLOWED, **ONCE, **model)
    module = run.module()
    # Of some seeds the whole layer dies, and the step's own alarm comes first: it is off.
    monkeypatch.setattr(module.runtime, "DEAD_STEPS", 10**9)
    metrics = dead_tower(run, module)
    assert "query" in metrics["params"]["collapsed_towers"]
    final = metrics["final_metrics"]
    popularity = final["val_popularity_recall_at_10"]  # which is what logQ makes of it
    assert final["final_val_recall_at_10"] == pytest.approx(popularity, rel=0.1)


def test_dead_tower_with_units_that_fire(shop: Run) -> None:  # P42
    """Four of 64 units fire for all: the tower's vectors differ, and it learns nothing."""
    model = deep(LINEAR_LAST, learning_rate=1e-6, logq_correction=False)
    run = shop.variant(ALLOWED, **ONCE, **model)
    module = run.module()
    usual = module.build_model

    def build_model(*args: Any) -> Any:
        built = usual(*args)
        kernel, bias = built.query_tower.dense_2.get_weights()
        dead = np.arange(len(bias)) >= 4
        built.query_tower.dense_2.set_weights([kernel, np.where(dead, -9.0, 0.0)])
        return built

    module.build_model = build_model
    metrics = dead_tower(run, module)
    assert metrics["params"]["collapsed_towers"] == ["query"]
    assert metrics["params"]["failure_epoch"] == 1
    assert metrics["health"]["query"]["dead_units"] == [pytest.approx(61 / 64, abs=0.04)] * 2


@pytest.mark.parametrize("logq", [False, True], ids=["plain", "logQ"])
@pytest.mark.parametrize("batch_size", [64, 1024])
def test_not_learning(
    shop: Run, logq: bool, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:  # P49: losses are compared with chance, whatever the batch
    run = shop.variant(ALLOWED, learning_rate=1e-6, logq_correction=logq, **ONCE)
    module = run.module()
    monkeypatch.setattr(module.runtime, "GRACE_STEPS", 5)
    name = f"{batch_size}"
    message, metrics = fails(run, module, name, epochs=6, batch_size=batch_size)
    assert re.fullmatch(r"Epoch [3-6]: After [3-6] epochs the loss is that of chance\.", message)
    assert metrics["params"]["failure_kind"] == "not_learning"
    assert "gradient_collapse_detected" not in metrics["params"]


def test_not_learning_that_early_stopping_ends(shop: Run) -> None:
    """Its four epochs have far fewer steps than the watch waits for."""
    message, metrics = fails(
        shop.variant(early_stopping_patience=3), learning_rate=1e-12, epochs=30
    )
    params = metrics["params"]
    assert re.fullmatch(r"Epoch (\d): After \1 epochs the loss is that of chance\.", message)
    assert params["failure_kind"] == "not_learning"
    assert params["stopped_early"]
    assert len(metrics["epochs"]) * params["steps_per_epoch"] < 500


def test_training_data_that_end(shop: Run) -> None:
    run = shop.variant(batch_size=64, **ONCE)
    module = run.module()
    usual = module.runtime.Split.training_batches

    def training_batches(*args: Any, **options: Any) -> Any:
        return usual(*args, **options).take(90)

    module.runtime.Split.training_batches = training_batches
    message, metrics = fails(run, module, epochs=3)
    assert message == "Epoch 2: The training data ended after 32 of 50 steps."
    assert metrics["params"]["failure_kind"] == "out_of_data"


@pytest.mark.parametrize(("negatives", "penalty"), [("full_catalogue", 1.0), ("in_batch", 5.0)])
def test_popularity_only(
    shop: Run, negatives: str, penalty: float, monkeypatch: pytest.MonkeyPatch
) -> None:  # P42: with logQ its loss is that of chance
    # The penalty leaves the buyer's tower little but its bias.
    layer = {"type": "dense", "units": OUTPUT, "activation": None, "l2_reg": penalty}
    model = deep([layer], negatives=negatives) | {"product_tower_layers": []}
    run = shop.variant(ALLOWED, **model, **ONCE)
    module = run.module()
    monkeypatch.setattr(module.runtime, "GRACE_STEPS", 100)
    message, metrics = fails(run, module, epochs=8)
    assert re.fullmatch(r"Epoch \d: Everybody is shown the most popular products\.", message)
    assert metrics["params"]["failure_kind"] == "popularity_only"
    assert metrics["health"]["val_coverage_at_100"][-1] < 0.5  # 100 of 240 are 0.42
    final = metrics["final_metrics"]
    popularity = final["val_popularity_recall_at_10"]
    assert final["final_val_recall_at_10"] == pytest.approx(popularity, rel=0.1)


@pytest.mark.parametrize("batch_size", [64, 512])
def test_divergence(shop: Run, batch_size: int) -> None:  # P49
    run = shop.variant(ALLOWED, optimizer="rmsprop", learning_rate=0.5, **ONCE)
    message, metrics = fails(run, epochs=3, batch_size=batch_size)
    ratio = metrics["health"]["loss_to_chance"][-1]
    assert message == f"Epoch 1: The loss is {ratio:.3g} times that of chance."
    assert metrics["params"]["failure_kind"] == "divergence"
    assert ratio > 10


def test_divergence_in_a_later_epoch(shop: Run) -> None:
    run = shop.variant(ALLOWED, optimizer="adam", learning_rate=0.005, **ONCE)
    module = run.module()
    usual = module.runtime.FailureWatch.on_epoch_begin

    def faster(watch: Any, epoch: int, logs: Any = None) -> None:
        usual(watch, epoch, logs)
        if epoch == 2:
            watch.model.optimizer.learning_rate.assign(0.3)

    module.runtime.FailureWatch.on_epoch_begin = faster
    message, metrics = fails(run, module, epochs=9)
    assert metrics["params"]["failure_kind"] == "divergence"
    first, *_, before, last = metrics["health"]["loss_to_chance"]
    assert metrics["params"]["failure_epoch"] >= 2
    assert last > 1.5
    assert last > 1.1 * before
    assert first < 1.5, message


def test_nan(shop: Run) -> None:  # P50, P51
    layers = [{"type": "dense", "units": OUTPUT, "activation": None}] * 3
    model = deep(layers, optimizer="sgd", learning_rate=10, gradient_clip_norm=None)
    message, metrics = fails(shop.variant(ALLOWED, **ONCE, **model), epochs=9)
    params = metrics["params"]
    assert message == f"Epoch {params['failure_epoch'] + 1}: The loss became NaN or infinite."
    assert params["failure_kind"] == "nan"
    assert params["nan_detected"]
    assert params["nan_epoch"] == params["failure_epoch"] < 8
    assert metrics["loss"]["loss"][-1] is None
    assert metrics["health"]["loss_to_chance"][-1] is None
    assert metrics["final_metrics"]["test_recall_at_100"] < 0.9  # P63


@pytest.mark.parametrize("stage", ["second", "third"])
def test_a_failure_of_a_later_training_is_one(shop: Run, stage: str) -> None:
    run = shop.variant(refit="all")
    module = run.module()
    usual = module.runtime.FailureWatch.on_epoch_begin

    def collapse(watch: Any, epoch: int, logs: Any = None) -> None:
        usual(watch, epoch, logs)
        if watch.stage == stage:
            watch.model.optimizer.learning_rate.assign(float("nan"))

    module.runtime.FailureWatch.on_epoch_begin = collapse
    said = f"^RECGEN-FAILURE nan {stage.capitalize()} training, epoch 1: The loss became NaN"
    with pytest.raises(RuntimeError, match=said):
        module.run_fn(run.fn_args(epochs=2))
    assert run.metrics()["params"]["failure_kind"] == "nan"
    assert not run.saved().exists()
