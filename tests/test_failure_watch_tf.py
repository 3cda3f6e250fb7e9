"""What the watch makes of figures that are given; test_failures_tf.py has trainings that fail."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.one_stack

Plain = dict[str, Any]
POPULARITY = 0.2
STEPS = 20  # in an epoch
CHANCE = 4.0


def watch_of(runtime: Any, content: Plain, popularity: float | None) -> Any:
    """Returns a watch of the first training, or without a baseline of a later one."""
    metrics = SimpleNamespace(chance=CHANCE, content=content, measured="recall")
    if popularity is None:
        return runtime.FailureWatch(metrics, "second")
    return runtime.FailureWatch(metrics, "first", [popularity, 0.95 * popularity])


def test_a_failed_model_is_as_good_as_a_list_that_is_the_same_for_all(runtime: Any) -> None:
    """Buyers' own histories may be better than any model."""
    values = {"popularity": 0.2, "popularity_recent": 0.19, "own_history": 0.99}
    training = object.__new__(runtime.RetrievalTraining)
    training.metrics = SimpleNamespace(add_baselines=lambda *_: values)
    training.counting = training.validated = None
    assert training.add_baselines() == [0.2, 0.19]


def test_a_kind_without_baselines_is_judged_by_its_loss(runtime: Any) -> None:
    health: Plain = {"loss_to_chance": [1.0] * 3, "query": {}, "candidate": {}}
    content = {"health": health, "params": {"monitored": "auc"}, "auc": {}}
    metrics = SimpleNamespace(chance=CHANCE, content=content, measured="auc")
    watch = runtime.FailureWatch(metrics, "first")
    watch.set_model(SimpleNamespace(optimizer=SimpleNamespace(iterations=10_000)))
    watch.set_params({"steps": STEPS})
    watch.on_epoch_begin(2)
    watch.steps = STEPS
    watch.on_epoch_end(2, {"val_auc": 0.9})
    assert content["params"]["failure_kind"] == "not_learning"


@pytest.fixture
def watched(runtime: Any) -> Callable[..., Plain]:
    """Returns a function that shows epochs to a watch and returns its record."""

    def watch(
        ratios: Sequence[float],
        *,
        recall: float | None = 0.0,
        coverage: float = 1.0,
        dead_units: Plain | None = None,
        steps: int = 10_000,
        popularity: float | None = POPULARITY,
        steps_of_last: int = STEPS,
        ended: bool = False,
        val_loss: float | None = None,
        update_ratio: float = 0.1,
        **params: Any,
    ) -> Plain:
        health: Plain = {"loss_to_chance": [], "val_coverage_at_100": []}
        health |= {tower: {"update_ratio": []} for tower in ("query", "candidate")}
        for tower, shares in (dead_units or {}).items():
            health[tower]["dead_units"] = shares
        params = {"monitored": "recall_at_10", "candidates": 1000, **params}
        recalls: Plain = {"val_recall_at_10": []}
        content = {"health": health, "params": params, "recall": recalls}
        callback = watch_of(runtime, content, popularity)
        optimizer = SimpleNamespace(iterations=steps)
        model = SimpleNamespace(stop_training=False, dead_steps={}, optimizer=optimizer)
        callback.set_model(model)
        callback.set_params({"steps": STEPS})
        callback.on_train_begin()
        for epoch, ratio in enumerate(ratios):
            assert not model.stop_training, "it stopped in an earlier epoch"
            health["loss_to_chance"].append(ratio)
            health["val_coverage_at_100"].append(coverage)
            recalls["val_recall_at_10"].append(recall)
            for tower in ("query", "candidate"):
                health[tower]["update_ratio"].append(update_ratio)
            callback.on_epoch_begin(epoch)
            done = STEPS if epoch + 1 < len(ratios) else steps_of_last
            callback.on_train_batch_end(done - 1, {"loss": 1.0})
            logs = {"val_recall_at_10": recall, "val_loss": val_loss}
            callback.on_epoch_end(epoch, {k: v for k, v in logs.items() if v is not None})
        if ended:
            callback.on_train_end()
        assert model.stop_training == ("failure" in params)
        return params

    return watch


def test_a_loss_far_above_chance_is_divergence(watched: Callable[..., Plain]) -> None:  # P49
    found = watched([10.5])
    assert found["failure"] == "Epoch 1: The loss is 10.5 times that of chance."
    assert (found["failure_kind"], found["failure_epoch"]) == ("divergence", 0)
    assert watched([0.9, 1.6])["failure_kind"] == "divergence"
    assert "failure" not in watched([9.0])  # hard negatives start high
    assert "failure" not in watched([1.6, 1.6])  # and may stay there


def test_an_epoch_that_began_far_above_chance_and_ended_well_is_no_divergence(
    watched: Callable[..., Plain],
) -> None:
    """The loss of an epoch is a mean over its steps, the first ones too."""
    assert "failure" not in watched([20.0], val_loss=0.9 * CHANCE)
    assert watched([20.0], val_loss=1.1 * CHANCE)["failure_kind"] == "divergence"


def test_a_loss_of_chance_is_not_learning(watched: Callable[..., Plain]) -> None:
    found = watched([1.0, 1.0, 0.999])
    assert found["failure"] == "Epoch 3: After 3 epochs the loss is that of chance."
    assert found["failure_kind"] == "not_learning"
    for fine in (
        watched([1.0, 1.0]),
        watched([1.0, 1.0, 1.0], steps=499),
        watched([1.0, 1.0, 0.99]),
        watched([1.003, 1.0, 0.9999]),  # slow, but it learns
        watched([1.0, 1.0, 1.0], recall=1.06 * POPULARITY),
    ):
        assert "failure" not in fine


def test_a_training_that_ends_early_is_judged_at_its_end(
    watched: Callable[..., Plain], capsys: pytest.CaptureFixture[str]
) -> None:
    """Thirty epochs of 20 steps would be 600 steps, but patience ends them after four."""
    early = watched([1.0] * 4, steps=80, stopped_early=True, ended=True)
    assert early["failure"] == "Epoch 4: After 4 epochs the loss is that of chance."
    assert (early["failure_kind"], early["failure_epoch"]) == ("not_learning", 3)
    still = watched([1.0], steps=20, update_ratio=1e-11, ended=True)
    assert still["failure"] == "Epoch 1: After one epoch the loss is that of chance."
    assert watched([1.0, 1.0], steps=500, ended=True)["failure_kind"] == "not_learning"
    assert not capsys.readouterr().out
    # Too few steps to tell: marked, and the model is kept.
    for short in (
        watched([1.0], steps=500, ended=True),
        watched([1.0] * 4, steps=80, ended=True),
        watched([1.0], steps=1, update_ratio=0.0, ended=True),  # of a warm-up, whose rate is 0
    ):
        assert "failure" not in short
        assert short["at_chance"]
    assert capsys.readouterr().out.count("nothing is learned yet") == 3
    for fine in (
        watched([0.9] * 4, steps=80, stopped_early=True, ended=True),
        watched([1.2, 1.1, 1.0], steps=80, stopped_early=True, ended=True),
        watched([1.0] * 4, steps=80, recall=1.06 * POPULARITY, stopped_early=True, ended=True),
        watched([1.0] * 4, steps=80, popularity=None, stopped_early=True, ended=True),
    ):
        assert not {"failure", "at_chance"} & fine.keys()


@pytest.mark.parametrize("popularity", [POPULARITY, None])
def test_an_epoch_with_fewer_steps_than_planned_is_a_failure(
    watched: Callable[..., Plain], popularity: float | None
) -> None:
    found = watched([0.9, 0.9], steps_of_last=STEPS - 1, popularity=popularity)
    assert found["failure"].endswith("The training data ended after 19 of 20 steps.")
    assert (found["failure_kind"], found["failure_epoch"]) == ("out_of_data", 1)


def test_one_list_for_everybody_is_popularity_only(watched: Callable[..., Plain]) -> None:  # P42
    found = watched([0.9, 0.9, 0.9], recall=POPULARITY, coverage=0.12)
    assert found["failure"] == "Epoch 3: Everybody is shown the most popular products."
    assert found["failure_kind"] == "popularity_only"
    for fine in (
        watched([0.9, 0.9, 0.9], recall=POPULARITY, coverage=0.16),
        watched([0.92, 0.9, 0.9], recall=POPULARITY, coverage=0.12),
        watched([0.9, 0.9, 0.9], recall=0.85 * POPULARITY, coverage=0.12),
        watched([0.9, 0.9, 0.9], recall=None, coverage=0.12),
    ):
        assert "failure" not in fine


def test_hidden_layers_that_stay_dead_are_a_collapse(watched: Callable[..., Plain]) -> None:  # P42
    dead = {"query": [0.9], "candidate": [0.7]}
    found = watched([1.0, 1.0], dead_units=dead)
    assert found["failure"] == "Epoch 2: Training collapsed, dead hidden layers of: query."
    assert found["failure_kind"] == "dead_tower"
    assert found["gradient_collapse_detected"]
    assert found["collapsed_towers"] == ["query"]
    assert "failure" not in watched([1.0], dead_units=dead)  # some recover
    assert "failure" not in watched([1.0, 0.9], dead_units=dead)


def test_the_second_training_is_watched_by_its_steps_only(watched: Callable[..., Plain]) -> None:
    assert "failure" not in watched([50.0, 50.0, 50.0], popularity=None)


def after_a_call(runtime: Any, loss: float, dead: Plain, stage: str = "first") -> Plain:
    """Returns the record after a call of Keras in the second epoch."""
    params: Plain = {}
    content = {"health": {}, "params": params, "recall": {}}
    metrics = SimpleNamespace(chance=CHANCE, content=content, measured="recall")
    watch = runtime.FailureWatch(metrics, stage)
    watch.set_model(SimpleNamespace(stop_training=False, dead_steps=dead))
    watch.on_epoch_begin(1)
    watch.on_train_batch_end(31, {"loss": loss})
    assert watch.model.stop_training == bool(params)
    return params


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_nan(runtime: Any, loss: float) -> None:  # P50
    found = after_a_call(runtime, loss, {"query": 9})
    assert found["failure"] == "Epoch 2: The loss became NaN or infinite."
    assert found["nan_detected"]
    assert found["nan_epoch"] == found["failure_epoch"] == 1
    second = after_a_call(runtime, loss, {}, "second")
    assert second["failure"].startswith("Second training, epoch 2: ")


def test_towers_that_are_dead_for_some_steps_are_a_collapse(runtime: Any) -> None:  # P42
    found = after_a_call(runtime, CHANCE, {"query": 5, "candidate": 4})
    assert found["failure"] == "Epoch 2: Training collapsed, dead towers: query."
    assert found["failure_kind"] == "collapse"
    assert found["collapsed_towers"] == ["query"]
    assert not after_a_call(runtime, CHANCE, {"query": 4})
    assert not after_a_call(runtime, 0.4 * CHANCE, {"query": 5})  # all is learnt


def test_predictions_that_are_not_finite_are_said_and_end_in_no_other_error(
    runtime: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"model": {}, "global_mean": {"rmse": {"value": 0.5}}}
    compared = SimpleNamespace(
        compare=lambda: {"measure": "rmse", "figures": figures},
        by_group=lambda _: {},
        loss=math.nan,
    )
    monkeypatch.setattr(runtime, "Comparison", lambda *_: compared)
    for name in ("MeansOf", "some_rows"):
        monkeypatch.setattr(runtime, name, lambda *_: None)
    content: Plain = {"final_metrics": {}}
    training = object.__new__(runtime.RatingTraining)
    training.__dict__ |= {
        "rated_of": lambda _: None,
        "shrinkage": None,
        "settings": SimpleNamespace(seed=1),
        "metrics": SimpleNamespace(content=content),
        "catalogue": None,
    }
    training.measure_ratings(None, None, None)
    assert content["final_metrics"] == {"test_global_mean_rmse": 0.5}
    assert "test_rmse nan  global mean 0.5000" in capsys.readouterr().out
