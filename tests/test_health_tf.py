"""The health figures of the metrics file, against the same written out in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from runs import Built, Run
from trainings import ONCE, deep

pytestmark = pytest.mark.one_stack

ROWS = 200
Array = Any


@pytest.fixture(scope="module")
def built(shop: Run) -> Built:
    """A model with layers, some steps from its start."""
    layers = [{"type": "dense", "units": 48}, {"type": "dense", "units": 24}]
    built = shop.variant(**deep(layers, optimizer="adam", learning_rate=0.003)).built()
    for _ in range(3):
        built.model.train_step(built.batch)
    return built


@pytest.fixture
def health(built: Built, tmp_path: Any) -> Any:
    """The callback that keeps the metrics file, with a batch as its probe; answers to 3 rows."""
    few = {name: column[:3] for name, column in built.batch.items()}
    metrics = built.module.runtime.RetrievalMetrics([], None, {}, 4.0, built.batch, few)
    metrics.set_model(built.model)
    return metrics


def rank_by_hand(vectors: Array) -> float:
    values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def cosine_by_hand(vectors: Array) -> float:
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [
        directions[i] @ directions[j]
        for i in range(len(vectors))
        for j in range(len(vectors))
        if i != j
    ]
    return float(np.mean(pairs))


def test_rank_and_cosine_of_a_tower_are_the_formulas(built: Built, health: Any) -> None:
    health.on_epoch_begin(0)
    health._add_health({"loss": 2.0})
    for name, tower in built.model.towers.items():
        vectors = tower(built.batch).numpy().astype(np.float64)
        found = health.content["health"][name]
        assert found["effective_rank"] == [pytest.approx(rank_by_hand(vectors), rel=1e-3)]
        assert found["mean_cosine"] == [pytest.approx(cosine_by_hand(vectors), abs=1e-4)]


@pytest.mark.parametrize(
    ("vectors", "rank", "cosine"),
    [
        (np.repeat(np.eye(8), 25, axis=0), 7.0, 24 / 199),  # evenly in eight directions, centred
        (np.outer(np.linspace(1, 2, ROWS), np.ones(8)), 1.0, 1.0),  # on a line
        (np.outer([1.0, -1.0] * 100, np.ones(8)), 1.0, -1 / 199),
        (np.zeros((ROWS, 8)), 1.0, None),  # a dead tower
        (np.full((ROWS, 8), np.nan), 1.0, None),  # P50, P51: the file is written all the same
    ],
    ids=["eight directions", "a line", "opposites", "zeros", "nan"],
)
def test_rank_and_cosine_where_they_are_known(
    runtime: Any, vectors: Array, rank: float, cosine: float | None
) -> None:
    found = runtime.embedding_health(vectors.astype(np.float32))
    assert float(found["effective_rank"]) == pytest.approx(rank, rel=1e-3)
    assert float(found["mean_cosine"]) == pytest.approx(cosine or 0, abs=0.006)


def test_loss_to_chance_and_coverage(built: Built, health: Any) -> None:
    health.on_epoch_begin(0)
    health._add_health({"loss": 2.0})
    health._add_health({"loss": 6.0})
    assert health.content["health"]["loss_to_chance"] == [0.5, 1.5]  # chance is 4 here
    candidates = built.model.candidate_tower(built.model.catalogue).numpy()
    scores = built.model.query_tower(built.batch).numpy()[:3] @ candidates.T
    shown = np.unique(np.argsort(-scores, axis=1)[:, :100])
    expected = len(shown) / len(candidates)
    assert 0.42 < expected < 1  # neither one list for all nor everything
    found = health.content["health"]["val_coverage_at_100"]
    assert found == [pytest.approx(expected, abs=2 / len(candidates))] * 2


def test_update_ratio_is_relative_to_the_weights(built: Built, health: Any) -> None:
    before = {name: weights_of(tower) for name, tower in built.model.towers.items()}
    health.on_epoch_begin(0)
    built.model.train_step(built.batch)
    after = {name: weights_of(tower) for name, tower in built.model.towers.items()}
    health._add_health({"loss": 1.0})
    for name in before:
        expected = np.linalg.norm(after[name] - before[name]) / np.linalg.norm(before[name])
        assert expected > 1e-4
        found = health.content["health"][name]["update_ratio"]
        assert found == [pytest.approx(expected, rel=1e-3)]


def weights_of(tower: Any) -> Array:
    return np.concatenate([weight.numpy().ravel() for weight in tower.trainable_variables])


def test_no_update_is_a_ratio_of_zero(built: Built, health: Any) -> None:
    health.on_epoch_begin(0)
    health._add_health({"loss": 1.0})
    assert health.content["health"]["query"]["update_ratio"] == [0.0]


def test_dead_units_are_those_of_the_worst_layer(built: Built, runtime: Any) -> None:
    tower = built.model.query_tower
    first, second, _ = (layer.numpy() for layer in tower.trace(built.batch))
    assert first.shape[1] == 48, "trace gives the layers in order"
    assert second.shape[1] == 24
    kernel, bias = tower.dense_2.get_weights()
    dead = np.arange(24) < 18
    tower.dense_2.set_weights([kernel, np.where(dead, -1e6, bias).astype(np.float32)])
    first, second, _ = (layer.numpy() for layer in tower.trace(built.batch))
    shares = [((layer > 0).mean(axis=0) < 0.01).mean() for layer in (first, second)]
    assert shares[1] >= 0.75 > shares[0]
    assert float(runtime.dead_units(tower, built.batch)) == pytest.approx(max(shares))
    tower.dense_2.set_weights([kernel, bias])


@pytest.mark.slow
def test_figures_of_an_epoch_are_those_of_its_end(shop: Run) -> None:
    """In the metrics file they are of the model after the epoch, with chance by batch size."""
    run = shop.variant(**ONCE, logq_correction=False)
    module, seen = run.module(), []
    usual = module.runtime.MetricsFile.on_epoch_end

    def on_epoch_end(metrics: Any, epoch: int, logs: Mapping[str, float]) -> None:
        usual(metrics, epoch, logs)
        vectors = metrics.model.query_tower(metrics.probe).numpy().astype(np.float64)
        seen.append((logs["loss"] / np.log(256), rank_by_hand(vectors)))

    module.runtime.MetricsFile.on_epoch_end = on_epoch_end
    module.run_fn(run.fn_args(epochs=2))
    health = run.metrics()["health"]
    assert health["loss_to_chance"] == pytest.approx([ratio for ratio, _ in seen], rel=1e-6)
    assert health["query"]["effective_rank"] == pytest.approx([r for _, r in seen], rel=1e-3)
    assert len(health["candidate"]["update_ratio"]) == 2
    assert "dead_units" not in health["query"]  # it has no layers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "candidates"),
    [
        ({"negatives": "full_catalogue"}, 240),
        ({"negatives": "mixed", "catalogue_negatives": 100}, 356),
        ({"hard_negatives": 7}, 8),
    ],
    ids=["full_catalogue", "mixed", "hard_negatives"],
)
def test_chance_is_the_loss_of_equal_scores(
    shop: Run, model: dict[str, Any], candidates: int
) -> None:
    tf = pytest.importorskip("tensorflow")
    run = shop.variant(**ONCE, **model, logq_correction=False)
    metrics = run.fit(epochs=1)
    chance = metrics["loss"]["loss"][0] / metrics["health"]["loss_to_chance"][0]
    built = run.built()
    for tower in built.model.towers.values():
        for weight in tower.trainable_variables:
            weight.assign(tf.zeros_like(weight))
    losses, _ = built.model.compute_losses(built.batch, training=False)
    assert float(losses["loss"]) == pytest.approx(chance, rel=1e-3)
    assert chance == pytest.approx(np.log(candidates), rel=1e-2)  # not all 240 were bought
