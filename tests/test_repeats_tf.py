"""A bonus for what a buyer had: in ranks, in what is counted and served, and not in the loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runs import CASES, Run
from synthetic import transactions

from recgen.check import load

pytestmark = pytest.mark.one_stack

BONUS = 0.7
LIST = 6


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run]) -> Run:
    table = transactions(2000)
    past: dict[str, list[int]] = defaultdict(list)
    table["past"] = []
    for buyer, product in zip(table["customer_id"], table["sku"], strict=True):
        table["past"].append(past[buyer][-LIST:])
        past[buyer].append(product)
    plain = load(CASES / "shop" / "config.yaml").model_dump(mode="json", exclude_defaults=True)
    history = {"shared_with": "sku", "max_length": LIST, "repeat_bonus": BONUS}
    plain["features"]["buyer_model_features"].append(
        {
            "column": "past",
            "bq_type": "ARRAY<INT64>",
            "data_type": "history",
            "transforms": {"history": history},
        }
    )
    plain["model"] |= {"refit": "none", "final_layer": "none", "top_k": 5}
    return make_run(plain, table)


def scores_of(model: Any, queries: Any, lists: Any) -> Any:
    """Returns scores of all products with the bonus, by its definition: [batch, products]."""
    position = model.position.numpy()
    scores = queries @ model.candidates.numpy().T
    for row, each in enumerate(lists):
        places = {position[index] for index in each} - {-1}
        scores[row, list(places)] += BONUS
    return scores


@pytest.mark.parametrize("block", [7, 8192])
def test_ranks_count_the_bonus(run: Run, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    built = run.built()
    monkeypatch.setattr(built.module.runtime, "CATALOGUE_BLOCK", block)
    model, batch = built.model, built.batch
    model.embed_catalogue()
    queries = np.random.default_rng(1).normal(size=(64, model.candidates.shape[1]))
    queries = queries.astype(np.float32)
    lists = batch["past"].to_list()[:64]
    assert [] in lists
    scores = scores_of(model, queries, lists)
    right = np.array([each[0] if each else 0 for each in lists])  # what a buyer had, if anything
    place = model.position.numpy()[right]
    own = scores[np.arange(64), place]
    features = {name: values[:64] for name, values in batch.items()}
    features[built.module.COLUMNS.product] = tf.constant(right)
    ranks = model.rank_products(tf.constant(queries), features).numpy()
    assert ranks.tolist() == (scores > own[:, None]).sum(axis=1).tolist()
    plain = queries @ model.candidates.numpy().T
    assert ranks.tolist() != (plain > plain[np.arange(64), place][:, None]).sum(axis=1).tolist()


def test_what_is_counted_has_the_bonus(run: Run) -> None:
    built = run.built()
    model = built.model
    model.embed_catalogue()
    rows = {name: values[:8] for name, values in built.batch.items()}
    scores = scores_of(model, model.query_tower(rows).numpy(), rows["past"].to_list())
    best = np.argsort(-scores, axis=1)[:, :100]
    assert model.top_products(rows).tolist() == np.unique(best).tolist()


@pytest.mark.slow
def test_the_loss_does_not_know_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    losses, recalls = [], []
    for bonus in (0.0, 20.0):
        module = run.module()
        monkeypatch.setattr(module, "REPEAT_BONUS", bonus)
        module.run_fn(run.fn_args(f"bonus {bonus}", epochs=2))
        metrics = run.metrics(f"bonus {bonus}")
        losses.append(metrics["loss"])
        recalls.append(metrics["recall"]["val_recall_at_5"])
    assert losses[0] == losses[1]
    assert recalls[0] != recalls[1]


@pytest.mark.slow
@pytest.mark.parametrize("bonus", [50.0, -50.0])
def test_served_answers_have_it(run: Run, bonus: float, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    module = run.module()
    monkeypatch.setattr(module, "REPEAT_BONUS", bonus)
    name = f"served {bonus}"
    module.run_fn(run.fn_args(name, epochs=1))
    answer = tf.saved_model.load(str(run.saved(name))).signatures["serving_default"]
    lists = [[900_001, 900_002, 900_004], [900_008, 900_016, -(2**63)]]  # the last is padding
    columns = {
        "customer_id": tf.constant(["10001", "nobody"]),
        "country": tf.constant(["Italy", "UK"]),
        "age": tf.constant([21.0, 22.0]),
        "past": tf.constant(lists, tf.int64),
    }
    found = answer(**columns)["product_ids"].numpy()
    for row, had in zip(found.tolist(), lists, strict=True):
        both = {int(product) for product in row} & {*had}
        assert both == ({*had} - {-(2**63)} if bonus > 0 else set())
