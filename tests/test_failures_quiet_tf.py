"""Trainings in which nothing fails: the watch leaves them alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from runs import CASES, Plain, Run
from synthetic import transactions
from trainings import ALLOWED, LINEAR_LAST, ONCE, RELU_LAST, deep

from recgen.check import load

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]


def fit(run: Run, monkeypatch: pytest.MonkeyPatch, steps: int = 30, **custom: Any) -> Plain:
    """Trains with the watch awake after few steps, and returns the metrics of all epochs.

    What has a constant's name in `custom` is that constant of the runtime.
    """
    module = run.module()
    constants = {name: custom.pop(name) for name in [*custom] if name.isupper()}
    for name, value in {"GRACE_STEPS": steps, **constants}.items():
        monkeypatch.setattr(module.runtime, name, value)
    module.run_fn(run.fn_args(**custom))
    metrics = run.metrics()
    assert metrics["epochs"] == list(range(metrics["params"]["epochs"]))
    assert not {"failure", "gradient_collapse_detected", "nan_detected"} & {*metrics["params"]}
    return metrics


@pytest.mark.parametrize(
    "model",
    [
        deep(RELU_LAST[1:], optimizer="adam", learning_rate=0.003),
        deep(LINEAR_LAST, optimizer="adam", learning_rate=0.003, logq_correction=False),
        deep(LINEAR_LAST[1:], optimizer="adagrad", learning_rate=0.02),
        deep([], optimizer="sgd", learning_rate=0.05),
        deep([], optimizer="rmsprop", learning_rate=0.002),
        deep([], optimizer="adamw", learning_rate=0.01, negatives="full_catalogue"),
        deep([], optimizer="ftrl", learning_rate=0.05),
        deep([], optimizer="adagrad", hard_negatives=1),  # its loss starts at 5 times chance
        deep([], normalize_embeddings=True, temperature=0.05, negatives="mixed"),
    ],
    ids=lambda model: f"{model.get('optimizer', 'cosine')}, {len(model['buyer_tower_layers'])}",
)
def test_healthy_trainings(shop: Run, model: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    fit(shop.variant(ALLOWED, **ONCE, **model), monkeypatch, epochs=3)


@pytest.mark.parametrize("logq", [False, True], ids=["plain", "logQ"])
@pytest.mark.parametrize("batch_size", [8, 1600])
def test_batches_of_any_size(
    shop: Run, batch_size: int, logq: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # P49
    run = shop.variant(logq_correction=logq, **ONCE)
    fit(run, monkeypatch, steps=6, epochs=2 if batch_size == 8 else 5, batch_size=batch_size)


@pytest.mark.parametrize(
    "model",
    [
        {"learning_rate": 0.002},  # its recall doubles in 13 epochs
        {"learning_rate": 0.005, "logq_correction": False},
        {"learning_rate": 0.0005, "optimizer": "adam", "negatives": "full_catalogue"},
    ],
    ids=["logQ", "plain", "full catalogue"],
)
def test_slow_but_learning(shop: Run, model: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    run = shop.variant(ALLOWED, batch_size=64, **ONCE, **model)
    metrics = fit(run, monkeypatch, epochs=8)
    recall = metrics["recall"]["val_recall_at_10"]
    popularity = metrics["final_metrics"]["val_popularity_recall_at_10"]
    assert recall[-1] < 1.05 * popularity  # from there on, the watch asks no further
    assert metrics["health"]["loss_to_chance"][2] > 0.95  # so slow that it could be a failure


def test_towers_that_recover(shop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first epoch 0.9 of a layer's units are dead, then the model passes popularity."""
    model = deep(RELU_LAST, optimizer="adam", learning_rate=0.03)
    metrics = fit(shop.variant(ALLOWED, **ONCE, **model), monkeypatch, epochs=4)
    first, *_ = metrics["health"]["query"]["dead_units"]
    assert first > 0.8
    assert metrics["health"]["loss_to_chance"][0] > 1
    popularity = metrics["final_metrics"]["val_popularity_recall_at_10"]
    assert metrics["recall"]["val_recall_at_10"][-1] > 1.1 * popularity


def test_a_catalogue_of_which_everybody_sees_all(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 80 products there is no fewer than one list for everybody."""
    run = make_run(CASES / "shop" / "config.yaml", transactions(1200, buyers=60, products=80))
    slow = run.variant(ALLOWED, learning_rate=0.003, batch_size=64, **ONCE)
    metrics = fit(slow, monkeypatch, epochs=6)
    assert set(metrics["health"]["val_coverage_at_100"]) == {1.0}
    popularity = metrics["final_metrics"]["val_popularity_recall_at_5"]
    assert metrics["recall"]["val_recall_at_5"][-1] < 1.05 * popularity


def test_data_known_by_heart(make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each buyer buys one product: the loss falls to zero, and with it the gradient."""
    table = transactions(1200, buyers=40, products=40)
    table["sku"] = [900_000 + int(buyer) % 40 for buyer in table["customer_id"]]
    run = make_run(CASES / "shop" / "config.yaml", table)
    model = {"negatives": "full_catalogue", "optimizer": "adam", "learning_rate": 0.03}
    trained = run.variant(ALLOWED, batch_size=64, **ONCE, **model)
    metrics = fit(trained, monkeypatch, epochs=8, DEAD_GRADIENT=0.02)  # reached in some epochs
    assert metrics["gradient"]["total"][-1] < 0.02
    assert metrics["recall"]["val_recall_at_5"][-1] == 1


def test_histories(make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    table = transactions(2000)
    past: dict[str, list[int]] = defaultdict(list)
    table["past"] = []
    for buyer, product in zip(table["customer_id"], table["sku"], strict=True):
        table["past"].append(past[buyer][-5:])
        past[buyer].append(product)
    plain = load(CASES / "shop" / "config.yaml").model_dump(mode="json", exclude_defaults=True)
    plain["features"]["buyer_model_features"].append(
        {
            "column": "past",
            "bq_type": "ARRAY<INT64>",
            "data_type": "history",
            "transforms": {"history": {"shared_with": "sku"}},
        }
    )
    run = make_run(plain, table, ALLOWED)
    metrics = fit(run.variant(ALLOWED, **ONCE, output_dropout=0.2), monkeypatch, epochs=4)
    popularity = metrics["final_metrics"]["val_popularity_recall_at_10"]
    assert metrics["recall"]["val_recall_at_10"][-1] > 1.2 * popularity
