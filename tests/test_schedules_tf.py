"""Learning rates over a training, and what bounds steps and tables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from runs import Run
from trainings import ALLOWED, ONCE, at_epoch_end, models_of

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]


def test_warmup_cosine_rises_then_falls_to_zero(shop: Run) -> None:
    built = shop.variant(learning_rate_schedule="warmup_cosine").built(epochs=10)
    total, rate = 120, 0.05  # ten epochs of twelve steps
    rates = [float(built.model.optimizer._learning_rate(step)) for step in range(total + 1)]
    warmup = 6  # 5% of the steps
    assert rates[:warmup] == pytest.approx([rate * step / warmup for step in range(warmup)])
    expected = [
        rate / 2 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))
        for step in range(warmup, total + 1)
    ]
    assert rates[warmup:] == pytest.approx(expected, abs=1e-7)
    assert max(rates) == pytest.approx(rate)
    assert rates[-1] == pytest.approx(0, abs=1e-7)


def test_warmup_cosine_trains(shop: Run) -> None:
    run = shop.variant(learning_rate_schedule="warmup_cosine", **ONCE)
    module = run.module()
    models = models_of(module)
    module.run_fn(run.fn_args(epochs=4))
    metrics = run.metrics()
    final = metrics["final_metrics"]
    assert final["test_recall_at_10"] > 1.2 * final["test_popularity_recall_at_10"]
    assert float(models[0].optimizer.learning_rate) < 0.001  # at the end


def test_a_few_steps_have_a_schedule_too(shop: Run) -> None:
    run = shop.variant(learning_rate_schedule="warmup_cosine", **ONCE)
    args = run.fn_args(epochs=1)
    args.train_steps = 1
    run.module().run_fn(args)
    assert math.isfinite(run.metrics()["loss"]["loss"][0])


def test_plateau_halves_the_rate_after_an_epoch_without_better_recall(shop: Run) -> None:
    run = shop.variant(learning_rate_schedule="plateau", early_stopping_patience=None, refit="all")
    module, recalls, rates = run.module(), [0.3, 0.2, 0.4, 0.4, 0.5], []
    usual = module.runtime.FailureWatch.on_train_batch_end

    def on_train_batch_end(watch: Any, batch: int, logs: Any = None) -> None:  # once an epoch
        usual(watch, batch, logs)
        rates.append(float(watch.model.optimizer.learning_rate))

    def report(_: Any, epoch: int, logs: dict[str, float]) -> None:
        logs["val_recall_at_10"] = recalls[epoch]

    module.runtime.FailureWatch.on_train_batch_end = on_train_batch_end
    at_epoch_end(module, report)
    module.run_fn(run.fn_args(epochs=5))
    expected = [0.05, 0.05, 0.025, 0.025, 0.0125]
    assert rates[:5] == pytest.approx(expected)
    assert run.metrics()["params"]["learning_rates"] == pytest.approx(expected)
    # The later trainings have the rates with which its epochs were the best.
    assert rates[5:] == pytest.approx(2 * expected)


def test_plateau_needs_recall(shop: Run) -> None:
    """Without it there is nothing to go by, and the rate stays."""
    run = shop.variant(learning_rate_schedule="plateau", enable_training_metrics=False, refit=False)
    metrics = run.fit(epochs=2)
    assert "learning_rates" not in metrics["params"]


def test_clippy_adagrad_trains(shop: Run) -> None:
    """With TFRS's own absolute_threshold it stays at chance, whatever the rate."""
    run = shop.variant(ALLOWED, optimizer="clippy_adagrad", batch_size=64, **ONCE)
    metrics = run.fit(epochs=5)
    final = metrics["final_metrics"]
    assert final["test_recall_at_10"] > 1.2 * final["test_popularity_recall_at_10"]


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_no_vector_of_a_table_is_longer_than_the_bound(shop: Run, optimizer: str) -> None:
    longest = {}
    for bound in (None, 0.5):
        run = shop.variant(ALLOWED, optimizer=optimizer, embedding_max_norm=bound, **ONCE)
        module = run.module()
        models = models_of(module)
        module.run_fn(run.fn_args(epochs=2))
        tables = {
            layer.name: layer.embeddings.numpy()
            for tower in models[0].towers.values()
            for layer in tower.submodules
            if hasattr(layer, "embeddings")
        }
        assert len(tables) == 6
        lengths = {name: np.linalg.norm(table, axis=1).max() for name, table in tables.items()}
        longest[bound] = lengths
    assert max(longest[0.5].values()) <= 0.5 * (1 + 1e-5)
    assert max(longest[0.5].values()) > 0.49  # some are as long as they may be
    assert max(longest[None].values()) > 1
