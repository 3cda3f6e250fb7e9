"""Filters at serving: product IDs to leave out and the only ones allowed, exactly."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

tf = pytest.importorskip("tensorflow")

BUYERS, WIDTH = 5, 4
LEAST = -(2**63)
IDS = {
    "string": [f"P{n}" for n in range(7)] + ["007", "7", " ", "№ 3"],
    "int64": [3, -1, 0, 2**62, -(2**62), 7, 70, 700, 1, 2, LEAST + 1],
}
UNKNOWN = {"string": ["p1", "P1 ", "-1"], "int64": [-3, 4, 2**63 - 1]}
NULL: dict[str, Any] = {"string": "", "int64": LEAST}
KINDS = st.sampled_from(sorted(IDS))


def make_model(runtime: Any, past: str, seed: int = 0) -> Any:
    """Returns what a search reads of a model whose final layer has all terms."""
    random, count = np.random.default_rng(seed), len(IDS["string"])
    columns = SimpleNamespace(buyer="buyer", past=past, time="time")
    position = np.append(np.arange(count), -1).astype(np.int32)
    indices = np.arange(count)
    catalogue = SimpleNamespace(columns=columns, indices=indices, position=position, buyers=BUYERS)
    layer = runtime.FinalLayer(catalogue, 1.0)
    layer.assign(
        dict.fromkeys(layer.names, 0.0)
        | {name: float(random.normal()) for name in layer.names}
        | {"towers": 0.7},
        random.normal(size=(count, len(layer.days))),
    )
    layer.assign_unknown(0.1, random.normal(size=count))
    # Whole numbers, so that some scores are ties.
    vectors = random.integers(-1, 2, size=(count, WIDTH)).astype(np.float32)
    return SimpleNamespace(final_layer=layer, candidates=tf.Variable(vectors))


def make_rows(seed: int, size: int, length: int) -> tuple[Any, Any]:
    """Returns vectors and features of buyers, some unknown, with lists that repeat products."""
    random = np.random.default_rng(seed)
    count = len(IDS["string"])
    lists = [random.integers(count + 1, size=random.integers(length + 1)) for _ in range(size)]
    past = tf.RaggedTensor.from_row_lengths(
        np.concatenate([*lists, np.zeros(0, np.int64)]), [len(each) for each in lists]
    )
    buyers = tf.constant(random.integers(BUYERS + 1, size=size))
    vectors = random.integers(-2, 3, size=(size, WIDTH)).astype(np.float32)
    return tf.constant(vectors), {"buyer": buyers, "past": past}


@pytest.mark.parametrize("past", ["past", ""])
@pytest.mark.parametrize(("size", "length"), [(1, 0), (1, 9), (6, 4), (3, 30)])
def test_the_served_scores_are_those_of_the_final_layer(
    runtime: Any, past: str, size: int, length: int
) -> None:
    model = make_model(runtime, past)
    search = runtime.ExactSearch(model, IDS["string"], 5)
    for seed in range(5):
        vectors, features = make_rows(seed, size, length)
        scores = tf.matmul(vectors, model.candidates, transpose_b=True)
        expected = model.final_layer(scores, features)
        # Sums of many terms in another order differ in their last digit.
        found = search.scores(vectors, features)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_ties_are_in_the_order_of_the_catalogue(runtime: Any) -> None:
    model = make_model(runtime, "")
    model.candidates.assign(tf.zeros_like(model.candidates))
    model.final_layer.products.assign(tf.zeros_like(model.final_layer.products))
    search = runtime.ExactSearch(model, IDS["int64"], 4)
    found = search.best(*make_rows(1, 2, 3))
    assert found["product_ids"].numpy().tolist() == [IDS["int64"][:4]] * 2


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Draws the type of the IDs, and lists for each row with known, unknown and null IDs."""
    kind = draw(KINDS)
    some = st.sampled_from([*IDS[kind], *UNKNOWN[kind], NULL[kind]])
    size = draw(st.integers(1, 4))

    def lists(width: int) -> Any:
        row = st.lists(some, min_size=width, max_size=width)
        return draw(st.lists(row, min_size=size, max_size=size))

    widths = st.one_of(st.just(0), st.integers(0, 14))
    return {
        "kind": kind,
        "size": size,
        "seed": draw(st.integers(0, 99)),
        "k": draw(st.integers(1, 20)),
        "excluded": lists(draw(widths)),
        "only": lists(draw(widths)),
    }


def restricted(order: list[Any], scores: list[float], request: dict[str, Any], row: int) -> Any:
    """Returns the answer for a row by the words of the documentation."""
    null = NULL[request["kind"]]
    excluded, only = (set(request[name][row]) - {null} for name in ("excluded", "only"))
    pairs = [
        (product, score)
        for product, score in zip(order, scores, strict=True)
        if product not in excluded and (not only or product in only)
    ]
    k = min(request["k"], len(order))
    missing = k - len(pairs[:k])
    return pairs[:k] + [(null, float(np.finfo(np.float32).min))] * missing


@given(request=requests())
@some(20, 60)
def test_a_filtered_answer_is_the_full_one_without_what_is_not_allowed(
    runtime: Any, request: dict[str, Any]
) -> None:
    kind, ids = request["kind"], IDS[request["kind"]]
    model = make_model(runtime, "past", request["seed"])
    vectors, features = make_rows(request["seed"], request["size"], 6)
    full = runtime.ExactSearch(model, ids, len(ids)).best(vectors, features)
    search = runtime.ExactSearch(model, ids, request["k"])
    shape = [request["size"], -1]
    excluded, only = (
        tf.reshape(tf.constant(request[name], kind), shape if request[name][0] else [shape[0], 0])
        for name in ("excluded", "only")
    )
    found = search.best_allowed(vectors, features, excluded, only)
    for row in range(request["size"]):
        order, scores = plain(full, row)
        assert list(zip(*plain(found, row), strict=True)) == restricted(order, scores, request, row)


def plain(answer: Any, row: int) -> tuple[list[Any], list[float]]:
    """Returns the IDs and scores of a row."""
    ids = answer["product_ids"].numpy()[row].tolist()
    ids = [each.decode() if isinstance(each, bytes) else each for each in ids]
    return ids, answer["scores"].numpy()[row].tolist()
