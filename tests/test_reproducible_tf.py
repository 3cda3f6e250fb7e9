"""One seed is one training, in every figure of the metrics file; another seed is another."""

from __future__ import annotations

import pytest
from runs import Plain, Run

pytestmark = pytest.mark.slow

DROPOUT = [{"type": "dense", "units": 64}, {"type": "dropout", "rate": 0.3}]


@pytest.fixture(autouse=True)
def no_gpu() -> None:
    """A GPU adds in an order that varies; deterministic operations take 24 times as long there."""
    tf = pytest.importorskip("tensorflow")
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("on a GPU, the last digits of gradients vary")


def figures(run: Run, name: str, **custom: int) -> Plain:
    """Trains, and returns the metrics without what is about the file."""
    metrics = run.fit(name, epochs=2, **custom)
    assert metrics.pop("saved_at")
    return metrics


ON_ONE = pytest.mark.one_stack


@pytest.mark.parametrize(
    "model",
    [
        pytest.param({}, id="plain"),
        pytest.param(
            {
                "buyer_tower_layers": DROPOUT,
                "product_tower_layers": DROPOUT,
                "output_dropout": 0.2,
                "recency_half_life_days": 60,
                "refit": "none",
            },
            id="dropout and recency",
            marks=ON_ONE,
        ),
        pytest.param(
            {"negatives": "mixed", "catalogue_negatives": 64, "refit": "none"},
            id="drawn negatives",
            marks=ON_ONE,
        ),
    ],
)
def test_one_seed_is_one_training(shop: Run, model: Plain) -> None:  # P60
    run = shop.variant(**model)
    one = figures(run, "one", seed=5)
    assert figures(run, "again", seed=5) == one
    other = figures(run, "other", seed=6)
    assert other["loss"]["loss"] != one["loss"]["loss"]
    assert other["weight_stats"] != one["weight_stats"]


@ON_ONE
def test_the_seed_of_the_config_is_the_default(shop: Run) -> None:
    run = shop.variant(seed=11, refit="none")
    assert figures(run, "config") == figures(run, "custom", seed=11)
    assert figures(run, "zero", seed=0)["params"]["seed"] == 0  # which is false, but a seed
