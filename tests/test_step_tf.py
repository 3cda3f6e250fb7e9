"""What makes a step fast changes no value: lists, losses and ranks beside their plain formulas."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from fuzzing import some
from hypothesis import example, given
from hypothesis import strategies as st
from runs import Built, Run
from synthetic import Table

from recgen.check import load
from recgen.plan.kinds import retrieval
from recgen.plan.trainer import plan_trainer

tf = pytest.importorskip("tensorflow", reason="needs the extra `train`")

Plain = dict[str, Any]
SIZE, WIDTH = 7, 3

pytestmark = pytest.mark.slow

LISTS = st.lists(st.lists(st.integers(0, SIZE - 1), max_size=9), max_size=9)


def plain_sums(table: Any, lists: list[list[int]], half_life: float | None) -> Any:
    """Returns what `list_embedding` says that it returns, a list at a time."""
    sums = np.zeros([len(lists), WIDTH])
    for row, each in enumerate(lists):
        later = np.arange(len(each))[::-1]
        weights = 0.5 ** (later / half_life) if half_life else np.ones(len(each))
        if each:
            sums[row] = weights @ table[each] / np.sqrt(np.sum(weights**2))
    return sums


@pytest.mark.parametrize("gpus", [[], ["GPU:0"]])
@some(10, 30)
@example([], None)  # a replica without rows
@given(LISTS, st.sampled_from([None, 0.5, 3.0]))
def test_lists_are_summed_as_written(
    runtime: Any, gpus: list[str], lists: list[list[int]], half_life: float | None
) -> None:
    """And the gradient of each row of the table is its share in the sums."""
    random = np.random.default_rng(len(lists))
    table, factors = random.normal(size=[SIZE, WIDTH]), random.normal(size=[len(lists), WIDTH])
    variable = tf.Variable(table, dtype=tf.float32)
    ragged = tf.ragged.constant(lists, tf.int32, 1, row_splits_dtype=tf.int64)
    with (
        mock.patch.object(tf.config, "get_visible_devices", return_value=gpus),
        tf.GradientTape() as tape,
    ):
        sums = runtime.list_embedding(
            SimpleNamespace(embeddings=variable, built=True), ragged, half_life
        )
        total = tf.reduce_sum(sums * tf.constant(factors, tf.float32))
    np.testing.assert_allclose(sums, plain_sums(table, lists, half_life), atol=1e-5)
    gradient = tf.convert_to_tensor(runtime.merge_rows(tape.gradient(total, variable)))
    each = [plain_sums(np.eye(SIZE, WIDTH, -place), lists, half_life) for place in range(SIZE)]
    shares = np.stack([sums[:, 0] for sums in each])  # of each row of the table in each list
    np.testing.assert_allclose(gradient, shares @ factors, atol=1e-5)


def test_the_gradient_has_an_entry_for_each_row_that_is_listed(runtime: Any) -> None:
    """Of a large table, a step only changes what it reads."""
    variable = tf.Variable(tf.ones([SIZE, WIDTH]))
    lists = tf.ragged.constant([[5, 1, 5], [], [5]], tf.int32, row_splits_dtype=tf.int64)
    with tf.GradientTape() as tape:
        sums = runtime.list_embedding(SimpleNamespace(embeddings=variable, built=True), lists)
    gradient = tape.gradient(sums, variable)
    assert sorted(gradient.indices.numpy()) == [1, 5]


def text(column: str, **embedding: Any) -> Plain:
    embedding = {"embedding_dim": 8, **embedding}
    return {"column": column, "data_type": "text", "transforms": {"embedding": embedding}}


DENSE: Plain = {"type": "dense", "units": 16}
HISTORY: Plain = {
    "column": "past",
    "data_type": "history",
    "transforms": {"history": {"shared_with": "sku", "max_length": 5, "repeat_bonus": 0.5}},
}
EXPERIMENT: Plain = {
    "features": {
        "buyer_id_column": "user",
        "product_id_column": "sku",
        "buyer_model_features": [text("user"), HISTORY],
        "product_model_features": [text("sku", min_frequency=15)],
    },
    "model": {
        "output_embedding_dim": 8,
        "batch_size": 128,
        "epochs": 1,
        "buyer_id_dropout": 0.0,
    },
}


@pytest.fixture(scope="module")
def table() -> Table:
    """Returns rows of ten buyers, who often have a product more than once."""
    random = np.random.default_rng(5)
    buyer, product = random.integers(10, size=1000), random.integers(30, size=1000) ** 2 // 30
    past = [[f"p{each}" for each in range(number)] for number in range(10)]
    return {
        "user": [f"u{number}" for number in buyer],
        "sku": [f"p{number}" for number in product],
        "past": [past[number] for number in buyer],
    }


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run], table: Table) -> Run:
    return make_run(EXPERIMENT, table)


def built(run: Run, **model: Any) -> Built:
    made = run.variant(allow=["RG208", "RG210"], **model).built()
    random = np.random.default_rng(3)
    for variable in made.model.trainable_variables:  # large enough for scores that matter
        variable.assign(random.normal(size=variable.shape))
    return made


@pytest.mark.parametrize("negatives", ["in_batch", "mixed"])
@pytest.mark.parametrize("logq", [True, False])
@pytest.mark.parametrize("hits", [True, False])
def test_products_that_are_scored_once_count_as_often_as_they_occur(
    run: Run, negatives: str, logq: bool, hits: bool
) -> None:
    """Loss and gradients are those of a column of scores for each row of the batch."""
    model: Plain = {"negatives": negatives, "temperature": 0.8, "logq_correction": logq}
    model["remove_accidental_hits"] = hits
    if negatives == "mixed":
        model["catalogue_negatives"] = 64
    fast = built(run, **model)
    with mock.patch.object(retrieval, "_are_same_scores", return_value=False):
        plain = built(run, **model)
    products = fast.batch["sku"].numpy()
    assert len(set(products)) < len(products)
    results = [each.model.compute_gradients(fast.batch, True) for each in (fast, plain)]
    (own, _, gradients), (expected, _, others) = results
    assert float(own["loss"]) == pytest.approx(float(expected["loss"]), rel=1e-5)
    for gradient, other in zip(gradients.values(), others.values(), strict=True):
        np.testing.assert_allclose(
            tf.convert_to_tensor(gradient), tf.convert_to_tensor(other), atol=1e-5
        )


@pytest.mark.parametrize(
    ("model", "product", "once"),
    [
        ({}, [], True),
        ({"product_tower_layers": [DENSE]}, [], True),
        ({"product_tower_layers": [DENSE, {"type": "dropout", "rate": 0.1}]}, [], False),
        ({"hard_negatives": 5}, [], False),
        ({"label_smoothing": 0.1}, [], False),
        ({"negatives": "full_catalogue"}, [], False),
        ({}, [{"column": "price", "data_type": "numeric"}], False),
        ({}, [{**text("sku", oov_buckets=3)}], False),
    ],
)
def test_products_are_scored_once_where_their_scores_are_the_same(
    model: Plain, product: list[Plain], once: bool
) -> None:
    experiment = copy.deepcopy(EXPERIMENT)
    experiment["model"] |= model
    features = experiment["features"]["product_model_features"]
    for feature in product:
        features[:] = [each for each in features if each["column"] != feature["column"]]
        features.append(feature)
    config = load(experiment, allow=["RG208", "RG210"])
    assert plan_trainer(config).kind.scores_products_once is once


@pytest.mark.usefixtures("eagerly")
@pytest.mark.one_stack
def test_ranks_are_those_of_each_row_alone(run: Run) -> None:
    """Rows of a buyer with the same past share a list of scores, and no others do."""
    made = built(run)
    model, batch = made.model, made.batch
    model.embed_catalogue()
    queries = model.query_tower(batch)
    first, numbers = model._moments(queries, batch)
    buyers = batch["user"].numpy()
    assert len(first) == len(set(buyers))
    np.testing.assert_array_equal(buyers[first.numpy()[numbers.numpy()]], buyers)
    alone = []
    for row in range(60):  # of ten buyers
        own = {name: values[row : row + 1] for name, values in batch.items()}
        alone.append(int(model.rank_products(queries[row : row + 1], own)[0]))
    assert model.rank_products(queries, batch).numpy()[:60].tolist() == alone


@some(16, 50)
@given(st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4), min_size=1, max_size=20))
def test_hashes_tell_lists_apart(runtime: Any, lists: list[list[int]]) -> None:
    lists += [[0], [0, 0], [], [-1], [1, 2], [2, 1]]
    hashes = runtime.hashed(tf.ragged.constant(lists, tf.int32, 1)).numpy()
    assert len(set(hashes)) == len({tuple(each) for each in lists})
    assert not len(runtime.hashed(tf.ragged.constant([], tf.int32, 1)))


def test_a_gradient_of_lists_is_the_same_each_time(runtime: Any) -> None:
    """To the last digit, on several cores: else no seed repeats a training."""
    rng = np.random.default_rng(0)
    rows, columns = np.repeat(np.arange(4096), 20), rng.integers(0, 3000, 4096 * 20)
    places = tf.constant(np.stack([rows, columns], 1))
    values = tf.constant(rng.random(len(rows)), tf.float32)
    dense = tf.constant(rng.normal(size=(3000, 32)), tf.float32)

    def gradient() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(dense)
            product = runtime.sparse_matmul(places, values, [4096, 3000], dense)
        return tape.gradient(product, dense, product).numpy()

    first = gradient()
    assert all(np.array_equal(gradient(), first) for _ in range(20))
