"""Unknown buyers: how they are trained, what they are measured on, and what they are served."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import numpy as np
import pytest
from runs import Run
from scored import Scored
from test_final_layer_tf import PRODUCTS as SHOP_PRODUCTS
from test_final_layer_tf import Shop
from test_recency_tf import EXPERIMENT, rows_of

from recgen.generate import render

pytestmark = pytest.mark.one_stack

ROWS, STEPS, BATCH = 20_000, 40, 500
FIRST = 30_000  # index of unknown buyers: the rows' own are their numbers


def hidden(runtime: Any, rate: float, count: int = 1, first_step: int = 0, seed: int = 1) -> Any:
    """Returns the buyers and the products of the steps of one epoch, from `first_step` on."""
    hide = runtime.buyer_dropout(rate, FIRST, count)
    rows = rows_of(runtime, np.zeros(ROWS), chunk=6000)
    batches = rows.training_batches(BATCH, seed, first_step, hide=hide).take(STEPS - first_step)
    found = [(batch["user"].numpy(), batch["sku"].numpy()) for batch in batches]
    return tuple(np.stack(each) for each in zip(*found, strict=True))


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5])
def test_a_share_of_the_rows_is_of_unknown_buyers(runtime: Any, rate: float) -> None:
    buyers, products = hidden(runtime, rate)
    is_hidden = buyers == FIRST
    assert is_hidden.mean() == pytest.approx(rate, abs=4 * np.sqrt(rate / ROWS))
    # Nothing else of a row has changed: each product has its rows.
    known = np.sort(buyers[~is_hidden])
    assert len(known) == len(np.unique(known))
    assert known.max() < FIRST
    assert np.all(products[~is_hidden] == buyers[~is_hidden] % 5)
    assert Counter(products.ravel().tolist()) == dict.fromkeys(range(5), ROWS // 5)


def test_each_of_several_unknown_indices_is_trained(runtime: Any) -> None:
    buyers, _ = hidden(runtime, 0.3, count=3)
    found = Counter(buyers[buyers >= FIRST].tolist())
    assert set(found) == {FIRST, FIRST + 1, FIRST + 2}
    assert min(found.values()) > 0.8 * 0.1 * ROWS


def test_the_draw_follows_from_the_seed_alone(runtime: Any) -> None:
    """A training that was killed goes on with the rows that it would have had."""
    whole, _ = hidden(runtime, 0.1)
    later, _ = hidden(runtime, 0.1, first_step=25)
    assert later.tolist() == whole[25:].tolist()
    other, _ = hidden(runtime, 0.1, seed=2)
    assert other.tolist() != whole.tolist()


def test_other_rows_are_hidden_in_each_epoch(runtime: Any) -> None:
    hide = runtime.buyer_dropout(0.5, FIRST, 1)
    batches = rows_of(runtime, np.zeros(400), chunk=400).training_batches(400, 1, hide=hide)
    epochs = [frozenset(batch["user"].numpy().tolist()) for batch in batches.take(4)]
    assert len(set(epochs)) == 4


@pytest.fixture(scope="module")
def scored(runtime: Any) -> Scored:
    """Buyers 0 to 3 have training rows, 4 to 9 have none, and those from 10 on share an index."""
    train = [(buyer, product) for buyer in range(4) for product in range(8) if buyer <= product]
    return Scored(runtime, train, 8, buyers=10)


def unknown_of(scored: Scored, test: Any) -> Any:
    rows = scored.rows(test, lists=[[1, 2]] * len(test))
    baselines = {
        "popularity": {"popularity": None},
        "own_history": {"popularity": None, "own_history": None},
    }
    return scored.runtime.UnknownBuyers(scored.counting(), rows, baselines, 1)


def test_pairs_are_those_of_buyers_without_training_rows(scored: Scored) -> None:
    test = [(0, 1), (4, 2), (4, 2), (5, 3), (10, 6), (10, 6), (6, 8)]
    unknown = unknown_of(scored, test)
    assert not unknown.are_known
    pairs = [divmod(int(pair), unknown.counting.stride) for pair in unknown.pairs]
    # A pair counts once; buyers outside the vocabulary cannot be told apart; product 8 is unknown.
    assert sorted(pairs) == [(4, 2), (5, 3), (10, 6), (10, 6)]
    assert len(unknown.one_each) == 4
    assert unknown.rows["user"].numpy().tolist() == [10] * 4
    assert unknown.rows["past"].row_lengths().numpy().tolist() == [0] * 4
    assert set(unknown.of_baselines()) == {"popularity"}


def test_known_buyers_stand_in_with_what_is_new_to_them(scored: Scored) -> None:
    unknown = unknown_of(scored, [(0, 1), (3, 2), (3, 7), (2, 1)])
    assert unknown.are_known
    pairs = {divmod(int(pair), unknown.counting.stride) for pair in unknown.pairs}
    assert pairs == {(3, 2), (2, 1)}
    assert unknown.rows["user"].numpy().tolist() == [10, 10]


def test_a_buyer_without_training_rows_is_shown_as_unknown(scored: Scored) -> None:
    model = scored.model(np.zeros((11, 8)))
    buyers = model.trained_buyer({"user": np.array([0, 3, 4, 9, 10, 12])}).numpy()
    assert buyers.tolist() == [0, 3, 10, 10, 10, 12]


def test_unknown_buyers_have_their_own_weights(runtime: Any) -> None:
    """As the formula says: without an ID and a history, towers and shares have other weights."""
    shop = Shop(runtime, seed=2)
    layer, shares = shop.model.final_layer, shop.shares.T
    weights = dict(zip(layer.names, shop.random.normal(size=17).tolist(), strict=True))
    popular = np.array(shop.log_shares(7))
    layer.assign(weights, shares)
    layer.assign_unknown(0.3, popular)
    known = np.array([*weights.values()])
    buyers = len(shop.lists)
    scores = shop.random.normal(size=(3, SHOP_PRODUCTS)).astype(np.float32)
    rows = shop.scored.rows([(buyers, 0), (buyers, 0), (0, 0)], lists=[[], [3, 4, 3], []])
    features = next(iter(rows.dataset))
    found = layer(scores, features).numpy()
    terms = [np.column_stack([scores[row], shares]) for row in range(3)]
    np.testing.assert_allclose(found[0], 0.3 * scores[0] + popular, rtol=1e-4, atol=1e-4)
    # With a history, something is known; and with an ID.
    others = np.setdiff1d(np.arange(SHOP_PRODUCTS), [3, 4])
    np.testing.assert_allclose(
        found[1, others], (terms[1] @ known[:6])[others], rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(found[2], terms[2] @ known[:6], rtol=1e-4, atol=1e-4)
    for product in (3, 11):
        alone = layer.own(scores[:, [product]], 0.0, features, np.full(3, product, np.int32))
        np.testing.assert_allclose(alone[:, 0], found[:, product], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("are_useful", [True, False])
def test_no_popularity_is_better_on_the_rows_of_the_fit(runtime: Any, are_useful: bool) -> None:
    """Towers that know what unknown buyers buy are used, and those that know nothing are not."""
    shop = Shop(runtime, seed=4)
    buyers = len(shop.lists)
    wanted = shop.random.permutation(SHOP_PRODUCTS)[:8].tolist()
    scores = shop.random.normal(size=(buyers + 1, SHOP_PRODUCTS))
    scores[buyers] *= 10
    scores[buyers, wanted] += 50 if are_useful else -50
    model = shop.scored.model(scores)
    rows = shop.scored.rows([(buyers, product) for product in wanted], lists=[[]] * 8)
    half_lives = {"popularity": {"popularity": None}, "popularity_recent": {"popularity": 7}}
    unknown = runtime.UnknownBuyers(shop.scored.counting(), rows, half_lives, 1)
    found = runtime.fit_unknown(unknown, model, "recall_at_10")
    values = found["validation"]
    assert values["model"] >= max(values["popularity"], values["popularity_recent"])
    ranks = unknown.model_ranks(model, unknown.queries(model))
    assert float(np.mean(ranks < 10)) == values["model"]
    if are_useful:
        assert found["towers"] > 0
        assert values["model"] == 1
    else:
        assert found["towers"] == 0
        counts = unknown.counting.counts(found["half_life"])
        before = [int(np.sum(counts >= counts[product])) - 1 for product in wanted]
        assert sorted(ranks.tolist()) == sorted(before)  # ties count against the model


@pytest.mark.slow
def test_the_vector_of_unknown_buyers_is_trained(shop: Run) -> None:
    """Keras draws weights from -0.05 to 0.05, and rows of unknown buyers are not in the data."""
    largest = {}
    for rate in (0.0, 0.2):
        run = shop.variant(buyer_id_dropout=rate, epochs=2, refit="none")
        module, vectors = run.module(), list[Any]()
        module.Recommender.save = _keeping(vectors, module.COLUMNS.buyer)
        module.run_fn(run.fn_args("run"))
        largest[rate] = float(np.abs(vectors[0]).max(axis=1).min())
        views = run.metrics()["evaluation"]
        assert views["pairs"]["unknown_buyers"] > 0
        for name in ("model", "popularity"):
            assert 0 <= views[name]["unknown_buyers"]["recall_at_10"]["value"] <= 1
    assert largest[0.0] <= 0.05 < largest[0.2]


def _keeping(vectors: list[Any], buyer: str) -> Any:
    """Returns a function in place of `save`, which keeps the last vector of the buyers' table."""

    def save(recommender: Any, folder: str) -> None:
        table = getattr(recommender.query_tower, f"{buyer}_embedding")
        vectors.append(table.embeddings.numpy()[-1:])

    return save


def test_several_indices_of_unknown_buyers_are_in_the_trainer() -> None:
    embedding = {"embedding": {"embedding_dim": 16, "oov_buckets": 3}}
    config: Any = copy.deepcopy(EXPERIMENT)
    config["features"]["buyer_model_features"][0]["transforms"] = embedding
    trainer = render(config)["trainer_module.py"]
    assert "    unknown_buyers=3,\n" in trainer
    assert "buyer_id_dropout=BUYER_ID_DROPOUT," in trainer
    config["model"]["buyer_id_dropout"] = 0
    assert "BUYER_ID_DROPOUT" not in render(config)["trainer_module.py"]
