"""What products there are, and how they are ranked: recall as the trainer counts it."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from runs import Run
from scored import WIDTH, Scored

ROWS = {
    "sku": [1, 0, 1, 3, 1, 9],  # of a vocabulary of four; 9 is out of it
    "category": [5, 6, 7, 8, 4, 3],
    "price_norm": [0.5, 0.6, 0.7, 0.8, 0.4, 0.3],
    "event_time": [10, 5, 30, 7, 20, 99],
}


def catalogue_of(runtime: Any, rows: dict[str, Any], chunk: int = 2) -> Any:
    """Returns the catalogue of rows; `known` has a bit for the category, then one for the price."""
    tf = pytest.importorskip("tensorflow")
    rows = {"user": [0] * len(rows["sku"])} | rows
    types = {name: tf.float32 if name == "price_norm" else tf.int64 for name in rows}
    bits = {"known": "known", "known_bits": (("category", 1), ("price_norm", 2))}
    columns = runtime.Columns(
        specs={name: tf.io.FixedLenFeature([], dtype) for name, dtype in types.items()},
        buyer="user",
        product="sku",
        buyer_vocabulary="user_vocab",
        product_vocabulary="sku_vocab",
        product_features=("sku", "category", "price_norm"),
        time="event_time" if "event_time" in rows else "",
        **(bits if "known" in rows else {}),
    )
    features = {name: tf.constant(values, types[name]) for name, values in rows.items()}
    split = runtime.Split(tf.data.Dataset.from_tensor_slices(features).batch(chunk), columns)
    words = [b"a", b"b", b"c", b"d"]
    output = SimpleNamespace(
        vocabulary_by_name=lambda _: words, vocabulary_size_by_name=lambda _: len(words)
    )
    return runtime.Catalogue(split, output)


def attributes(catalogue: Any) -> dict[int, tuple[int, float]]:
    """Returns the category and the price of each product index."""
    features = catalogue.features
    pairs = zip(features["category"].tolist(), features["price_norm"].tolist(), strict=True)
    assert features["sku"].tolist() == catalogue.indices.tolist()
    return dict(zip(catalogue.indices.tolist(), pairs, strict=True))


def test_candidates_are_products_once_each_and_the_latest_row_counts(runtime: Any) -> None:  # P65
    catalogue = catalogue_of(runtime, ROWS)
    assert catalogue.counts.tolist() == [1, 3, 0, 1, 1]
    assert sorted(catalogue.indices.tolist()) == [0, 1, 3]
    by_index = {index: category for index, (category, _) in attributes(catalogue).items()}
    assert by_index == {0: 6, 1: 7, 3: 8}  # the row of time 30, not the last one
    names = dict(zip(catalogue.indices.tolist(), catalogue.names, strict=True))
    assert names == {0: b"a", 1: b"b", 3: b"d"}
    dtypes = {name: values.dtype.name for name, values in catalogue.features.items()}
    assert dtypes == {"sku": "int64", "category": "int64", "price_norm": "float32"}


def test_the_latest_row_with_a_value_counts_column_by_column(runtime: Any) -> None:
    rows = {
        "sku": [0, 0, 0, 1, 1, 3],
        "category": [5, 6, 9, 9, 9, 9],  # 9 is out of the vocabulary, or null
        "price_norm": [0.5, 0.0, 0.0, 0.0, 0.1, 0.0],
        "event_time": [1, 2, 3, -(2**63), 1, 4],
        "known": [3, 1, 0, 1, 2, 0],
    }
    for chunk in (1, 2, 6):
        found = attributes(catalogue_of(runtime, rows, chunk))
        # 0: its category is of time 2, its price of time 1. 1: a known category that is rare.
        assert found == {0: (6, 0.5), 1: (9, pytest.approx(0.1)), 3: (9, 0.0)}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 3, 9]),
            st.integers(0, 2),
            st.floats(-2, 2, width=16),
            st.sampled_from([-(2**63), 5, 6, 7]),
            st.integers(0, 3),
        ),
        min_size=3,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
    st.booleans(),
)
@some(13, 40)
def test_the_order_of_the_rows_does_not_matter(
    runtime: Any, rows: list[Any], random: Any, dated: bool
) -> None:
    rows += [(0, 0, 0.0, 5, 3), (1, 0, 0.0, 5, 3)]  # at least two products
    found = []
    for chunk in (3, 5):
        table = dict(
            zip(
                ("sku", "category", "price_norm", "event_time", "known"),
                zip(*rows, strict=True),
                strict=True,
            )
        )
        if not dated:
            del table["event_time"]
        found.append(attributes(catalogue_of(runtime, table, chunk)))
        random.shuffle(rows)
    assert found[0] == found[1]
    for index, (category, price) in found[0].items():
        own = [row for row in rows if row[0] == index]
        for value, at, bit in ((category, 1, 1), (price, 2, 2)):
            known = [row for row in own if row[4] & bit] or own
            latest = max(row[3] for row in known) if dated and known is not own else None
            best = [row[at] for row in known if latest is None or row[3] == latest]
            assert value == max(best)


def test_one_product_is_no_catalogue(runtime: Any) -> None:
    with pytest.raises(ValueError, match="sku has fewer than two known products"):
        Scored(runtime, [(0, 1), (1, 1), (2, 9)], products=5)


@pytest.fixture(scope="module")
def scored(runtime: Any) -> Scored:
    """Half of 200 products were bought, each by one buyer."""
    return Scored(runtime, [(number % 40, 2 * number) for number in range(100)], products=200)


@pytest.fixture(scope="module")
def vectors() -> Any:
    """Vectors of the catalogue, [products, WIDTH]."""
    return np.random.default_rng(2).normal(size=(100, WIDTH)).astype(np.float32)


@pytest.fixture(scope="module")
def model(scored: Scored, vectors: Any) -> Any:
    found = scored.model(np.zeros((40, 1)))
    found.candidates.assign(vectors)
    return found


def test_recall_is_by_id_and_unknown_products_are_missed(
    model: Any, scored: Scored, vectors: Any
) -> None:  # P63
    tf = pytest.importorskip("tensorflow")
    indices = scored.catalogue.indices
    queries = np.random.default_rng(3).normal(size=(20, WIDTH)).astype(np.float32)
    scores = queries @ vectors.T
    right = next(iter(scored.rows(list(enumerate(indices[:20])), chunk=20).dataset))
    better = (scores > scores[np.arange(20), np.arange(20)][:, None]).sum(axis=1)
    assert model.rank_products(tf.constant(queries), right).numpy().tolist() == better.tolist()
    for unknown in (1, 200, 1200):  # of another product's index, and out of vocabulary
        ranks = model.rank_products(tf.constant(queries), right | {"sku": np.full(20, unknown)})
        assert (ranks.numpy() >= 100).all()
    zeros = model.rank_products(tf.zeros_like(queries), right)
    assert (zeros.numpy() == len(indices) - 1).all()  # ties count against the model
    nans = model.rank_products(tf.fill(queries.shape, math.nan), right)
    assert (nans.numpy() == len(indices) - 1).all()


def test_recall_is_that_of_tfrs_by_id(model: Any, scored: Scored, vectors: Any) -> None:  # P63, P67
    tf, tfrs = pytest.importorskip("tensorflow"), pytest.importorskip("tensorflow_recommenders")
    ks, indices = scored.runtime.RECALL_AT, scored.catalogue.indices
    rng = np.random.default_rng(5)
    right = rng.choice(indices, 500)
    noise = rng.normal(size=(500, WIDTH)) * 8
    queries = tf.constant(vectors[scored.catalogue.position[right]] + noise, tf.float32)
    streaming = tfrs.layers.factorized_top_k.Streaming(k=min(max(ks), len(indices)))
    pairs = tf.data.Dataset.from_tensor_slices((indices, vectors)).batch(64)
    peer = tfrs.metrics.FactorizedTopK(streaming.index_from_dataset(pairs), ks=ks)
    peer.update_state(queries, queries, true_candidate_ids=tf.constant(right))
    rows = scored.rows(list(enumerate(right)), chunk=500)
    ranks = model.rank_products(queries, next(iter(rows.dataset))).numpy()
    ours = [float(np.mean(ranks < k)) for k in ks]
    assert ours == pytest.approx([float(value) for value in peer.result()])
    assert 0.05 < ours[0] < 0.95  # neither trivial


def test_recall_is_that_of_rows_and_no_mean_of_batches(shop: Run) -> None:  # P68
    built = shop.built()
    module, model = built.module, built.model
    rows = module.runtime.Split.read(shop.fn_args().eval_files, "validation", module.COLUMNS)
    assert rows.count % 32
    whole, parts = (
        model.evaluate(rows.evaluation_batches(size), return_dict=True, verbose=0)
        for size in (rows.count, 32)
    )
    for k in module.runtime.RECALL_AT:
        assert parts[f"recall_at_{k}"] == pytest.approx(whole[f"recall_at_{k}"], abs=1e-6)
    assert whole["recall_at_100"] > 0


def test_a_training_step_ranks_no_catalogue(shop: Run) -> None:  # P70
    built = shop.built()
    built.model.rank_products = None
    assert not [name for name in built.step() if "recall" in name]
