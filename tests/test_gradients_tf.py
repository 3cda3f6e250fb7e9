"""Loss, gradient and clipping mean the same at every batch size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from runs import Built, Run

CLIP = 0.01


def whole(gradient: Any) -> Any:
    """Returns a gradient as an array of the variable's shape."""
    import tensorflow as tf

    return tf.convert_to_tensor(gradient).numpy().astype(np.float64)


def norm(parts: list[Any]) -> float:
    return math.sqrt(sum(float((part**2).sum()) for part in parts))


def twice(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: np.concatenate([column, column]) for name, column in batch.items()}


def test_each_row_twice_is_the_same_step(shop: Run) -> None:  # P43, P49
    """The loss has twice the candidates, hence log 2 more; all gradients are the same."""
    built = shop.variant(logq_correction=False).built(batch_size=128)
    found = [built.model.compute_gradients(b, True) for b in (built.batch, twice(built.batch))]
    (once, _, gradients), (again, _, others) = found
    assert float(again["loss"]) == pytest.approx(float(once["loss"]) + math.log(2), abs=1e-4)
    for key, gradient in gradients.items():
        np.testing.assert_allclose(whole(others[key]), whole(gradient), atol=1e-6)


@pytest.mark.parametrize("batch_size", [16, 128, 1024])
def test_loss_and_norm_at_several_batch_sizes(shop: Run, batch_size: int) -> None:  # P43
    built = shop.variant(logq_correction=False).built(batch_size=batch_size)
    logs = built.model.train_step(built.batch)
    assert float(logs["loss"]) == pytest.approx(math.log(batch_size), abs=0.05)
    # Of few rows it is longer, by their noise; as a sum it would be a hundred times as long.
    assert 0.03 < float(logs["total_gradient"]) < 1.2


def test_norms_are_those_of_the_gradients(shop: Run) -> None:  # P46, P48
    """A table's rows are added up before, and each tower's norm is over all its variables."""
    built = shop.built(batch_size=512)
    _, _, gradients = built.model.compute_gradients(built.batch, training=True)
    expected = {"total": norm([whole(gradient) for gradient in gradients.values()])}
    for name, tower in built.model.towers.items():
        expected[name] = norm([whole(gradients[v.ref()]) for v in tower.trainable_variables])
        assert expected[name] > 0
    logs = built.model.train_step(built.batch)
    for name, value in expected.items():
        assert float(logs[f"{name}_gradient"]) == pytest.approx(value, rel=1e-4)


def moved(built: Built) -> list[Any]:
    """Takes a step; returns what each variable was moved by."""
    variables = built.model.trainable_variables
    before = [variable.numpy().astype(np.float64) for variable in variables]
    built.model.train_step(built.batch)
    return [v.numpy() - b for v, b in zip(variables, before, strict=True)]


@pytest.mark.parametrize("batch_size", [16, 128, 1024])
def test_the_step_is_as_long_as_the_clip_over_all_variables(
    shop: Run, batch_size: int
) -> None:  # P46
    """With SGD at rate 1 a step is the clipped gradient."""
    run = shop.variant(["RG206"], optimizer="sgd", learning_rate=1.0, gradient_clip_norm=CLIP)
    built = run.built(batch_size=batch_size)
    _, _, gradients = built.model.compute_gradients(built.batch, training=True)
    exact = [whole(gradients[v.ref()]) for v in built.model.trainable_variables]
    steps = moved(built)
    assert norm(exact) > 3 * CLIP
    assert norm(steps) == pytest.approx(CLIP, rel=1e-3)
    for step, gradient in zip(steps, exact, strict=True):
        np.testing.assert_allclose(step, -gradient * CLIP / norm(exact), atol=1e-6)


def test_a_gradient_below_the_clip_is_left_as_it_is(shop: Run) -> None:
    run = shop.variant(["RG206"], optimizer="sgd", learning_rate=1.0, gradient_clip_norm=5.0)
    built = run.built(batch_size=128)
    _, _, gradients = built.model.compute_gradients(built.batch, training=True)
    exact = [whole(gradients[v.ref()]) for v in built.model.trainable_variables]
    for step, gradient in zip(moved(built), exact, strict=True):
        np.testing.assert_allclose(step, -gradient, atol=1e-6)
