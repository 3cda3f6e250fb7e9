"""The signature for serialized examples answers what the one for columns does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from record_files import example
from runs import CASES, Run

pytestmark = pytest.mark.tf

ROWS: list[dict[str, Any]] = [
    {"customer_id": "10003", "country": "Italy", "age": 30.0, "past": [900_003, 900_011]},
    {"customer_id": "10004", "country": None, "age": None, "past": [900_004]},
    {"customer_id": "never seen", "country": "Nowhere", "age": 200.0, "past": None},
    {"customer_id": None, "country": "", "age": float("nan"), "past": None},
]
NULLS = {"string": "", "float32": float("nan"), "int64": -(2**63)}


def answers_of(folder: Path, rows: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the answers for columns and for examples, without null features."""
    import tensorflow as tf

    model = tf.saved_model.load(str(folder))
    by_columns = model.signatures["serving_default"]
    columns = {}
    for name, spec in by_columns.structured_input_signature[1].items():
        null = NULLS[spec.dtype.name]
        values = [null if row.get(name) is None else row[name] for row in rows]
        if spec.shape.rank == 2:
            lists = [[] if row.get(name) is None else row[name] for row in rows]
            longest = max(map(len, lists))
            values = [[*each, *[null] * (longest - len(each))] for each in lists]
        columns[name] = tf.constant(values, spec.dtype)
    serialized = tf.constant([example(**row) for row in rows])
    by_examples = model.signatures["serving_examples"]
    (name,) = by_examples.structured_input_signature[1]
    assert name == "examples"
    found = by_columns(**columns), by_examples(examples=serialized)
    of_columns, of_examples = ({k: v.numpy() for k, v in each.items()} for each in found)
    return of_columns, of_examples


def require_same(of_columns: dict[str, Any], of_examples: dict[str, Any]) -> None:
    for name, values in of_columns.items():
        np.testing.assert_array_equal(of_examples[name], values)


def test_examples_are_answered_as_columns_are(shop: Run) -> None:
    rows = [{name: row[name] for name in ("customer_id", "country", "age")} for row in ROWS]
    of_columns, of_examples = answers_of(shop.saved(), rows)
    require_same(of_columns, of_examples)
    assert set(of_examples) - set(of_columns) == {"popular_product_ids", "catalogue_size"}
    assert len(set(of_examples["catalogue_size"])) == 1
    assert of_examples["catalogue_size"][0] > 100


def test_the_most_popular_products_are_those_with_the_most_rows(shop: Run) -> None:
    _, found = answers_of(shop.saved(), ROWS[:2])
    popular = found["popular_product_ids"]
    assert popular.shape == (2, 100)
    assert popular.dtype == np.int64
    np.testing.assert_array_equal(popular[0], popular[1])
    # In synthetic.py, products are bought by a power law: rank 0 of each group is the first.
    ranks = (popular[0] - 900_000) // 8
    assert sorted(ranks[:8]) == [0] * 8


@pytest.mark.slow
def test_examples_with_lists(shop_with_past: Run) -> None:
    shop_with_past.fit("examples", epochs=1)
    of_columns, of_examples = answers_of(shop_with_past.saved("examples"), ROWS)
    require_same(of_columns, of_examples)


@pytest.mark.slow
def test_examples_of_ranking(make_run: Callable[..., Run]) -> None:
    from synthetic import random_table

    from recgen.check import load

    path = CASES / "ranking" / "config.yaml"
    config = load(path)
    table = random_table(config)
    run = make_run(path, table)
    run.fit(epochs=1, batch_size=64)
    rows = [{name: values[n] for name, values in table.items()} for n in range(20)]
    of_columns, of_examples = answers_of(run.saved(), rows)
    require_same(of_columns, of_examples)
    (mean,) = set(of_examples["mean_target"])
    targets = [value for value in table["amount"] if value is not None]
    assert abs(mean - np.mean(targets)) < 0.2 * np.std(targets)
    assert set(of_examples) - set(of_columns) == {"mean_target"}
