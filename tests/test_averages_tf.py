"""Means of the weights over the steps: judged, kept and served, while training goes on without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from runs import Plain, Run
from trainings import at_epoch_end, models_of

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

DECAY = 0.9
MODEL: Plain = {"batch_size": 64, "early_stopping_patience": None}  # 50 steps: two calls of Keras
Weights = list[np.ndarray[Any, Any]]


def weights_of(model: Any) -> Weights:
    return [np.copy(weight.numpy()) for weight in model.trainable_variables]


def watched(module: Any) -> dict[str, list[tuple[int, Weights]]]:
    """Has a module keep the weights, and the number of steps, after each of Keras' calls, and
    those that an epoch ends with."""
    seen: dict[str, list[tuple[int, Weights]]] = {"calls": [], "epochs": []}
    usual = module.runtime.FailureWatch.on_train_batch_end  # it comes before the mean is taken

    def on_train_batch_end(watch: Any, batch: int, logs: Any = None) -> None:
        usual(watch, batch, logs)
        model = watch.model
        seen["calls"].append((int(model.optimizer.iterations.numpy()), weights_of(model)))

    module.runtime.FailureWatch.on_train_batch_end = on_train_batch_end
    at_epoch_end(
        module, lambda checkpoints, *_: seen["epochs"].append((0, weights_of(checkpoints.model)))
    )
    return seen


def means_of(calls: list[tuple[int, Weights]]) -> list[Weights]:
    """Returns the mean after each call, by its definition."""
    before, mean, means = 0, None, []
    for done, weights in calls:
        share = max(1 - DECAY ** (done - before), (done - before) / done)
        mean = weights if mean is None else mean
        mean = [(1 - share) * m + share * w for m, w in zip(mean, weights, strict=True)]
        means.append(mean)
        before = done
    return means


def equal(one: Weights, other: Weights) -> bool:
    return all(np.allclose(a, b, atol=1e-6) for a, b in zip(one, other, strict=True))


def test_epochs_end_with_the_mean(shop: Run) -> None:
    run = shop.variant(ema_decay=DECAY, refit=False, **MODEL)
    module = run.module()
    seen, models = watched(module), models_of(module)
    module.run_fn(run.fn_args(epochs=3))
    assert [done for done, _ in seen["calls"]] == [32, 50, 82, 100, 132, 150]
    means = means_of(seen["calls"])
    for (_, at_the_end), mean in zip(seen["epochs"], means[1::2], strict=True):
        assert equal(at_the_end, mean)
    assert not equal(seen["epochs"][1][1], seen["calls"][3][1])  # not the weights of the last step
    best = run.metrics()["params"]["best_epoch"]
    assert equal(weights_of(models[0]), means[2 * best + 1])  # what is saved


def test_training_goes_on_without(shop: Run) -> None:
    """The loss of each epoch is that of a training without means, and recall is not."""
    plain = shop.variant(refit=False, **MODEL).fit(epochs=3)
    averaged = shop.variant(refit=False, ema_decay=0.99, **MODEL).fit(epochs=3)
    assert averaged["loss"]["loss"] == plain["loss"]["loss"]
    assert averaged["recall"] != plain["recall"]
    assert averaged["loss"]["val_loss"] != plain["loss"]["val_loss"]


def test_the_second_training_is_averaged_too(shop: Run) -> None:
    run = shop.variant(ema_decay=DECAY, refit="validation", **MODEL)
    module = run.module()
    seen, models = watched(module), models_of(module)
    module.run_fn(run.fn_args(epochs=2))
    second = seen["calls"][4:]
    assert second[0][0] == 32
    assert equal(weights_of(models[1]), means_of(second)[-1])


def test_a_killed_training_goes_on_with_weights_and_means(shop: Run) -> None:  # P52
    run = shop.variant(ema_decay=0.99, **MODEL)
    whole = run.fit("whole", epochs=4)
    module = run.module()

    def stop(_: Any, epoch: int, logs: Plain) -> None:
        if epoch == 2:
            raise InterruptedError

    at_epoch_end(module, stop)
    with pytest.raises(InterruptedError):
        module.run_fn(run.fn_args("again", epochs=4))
    again = run.fit("again", epochs=4)
    for metrics in (whole, again):
        metrics.pop("saved_at")
    assert again == whole


def test_a_mean_of_few_steps(shop: Run) -> None:
    """The decay is far longer than the training: the mean is that of what there was."""
    run = shop.variant(ema_decay=0.9999, **MODEL)
    final = run.fit(epochs=5)["final_metrics"]
    assert final["test_recall_at_10"] > 1.1 * final["test_popularity_recall_at_10"]
