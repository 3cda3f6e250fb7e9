"""A run of `recgen train`, through its SavedModel alone: how it was trained does not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.models.tutorial import tensorflow
from bench.protocol import Array, Lists, Recommend, Training, codes
from recgen.local.buyers import FEATURES_FILE, ID_KEY, PURCHASES_FILE

_NO_TEXT, _NO_NUMBER, _NO_INT = b"", float("nan"), np.iinfo(np.int64).min  # what clients send


def served(run: Path, training: Training) -> Recommend:
    """Returns what asks the model of a run, with the buyers' columns that the run remembers.

    Raises:
        ValueError: The run learned from other rows than the protocol's training side.
    """
    _require_same_rows(run, training)
    return answers(run, training)


def answers(run: Path, training: Training) -> Recommend:
    """Returns the same without the comparison of rows.

    Of a buyer that the run does not know, the client sends the ID and no other value.
    """
    model = tensorflow().saved_model.load(str(run / "serving_model"))
    signature = model.signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    table = pq.read_table(run / FEATURES_FILE).combine_chunks()
    key = table.schema.metadata[ID_KEY].decode()
    place = codes(pa.array(training.buyers, pa.string()), table[key].cast(pa.string()).to_numpy())
    names = pa.array(training.products, pa.string())

    def recommend(buyers: Array, k: int) -> Lists:
        rows = table.take(pa.array(place[buyers], mask=place[buyers] < 0))
        ids = pa.array(training.buyers[buyers], pa.string()).cast(table[key].type)
        rows = rows.set_column(rows.column_names.index(key), key, ids)
        feed = {name: as_tensor(rows[name], spec) for name, spec in specs.items()}
        outputs = signature(**feed)
        found, scores = outputs["product_ids"].numpy(), outputs["scores"].numpy()
        products = codes(pa.array(found.ravel()), names).reshape(found.shape)
        return Lists(products[:, :k], scores[:, :k])

    return recommend


def as_tensor(column: pa.ChunkedArray, spec: Any) -> Any:
    """Returns a column as the signature wants it, with what stands for null.

    Lists (such as past products) are filled up at their end, to one length.
    """
    null: Any = _NO_INT
    if spec.dtype.name == "string":
        null = _NO_TEXT
    elif spec.dtype.is_floating:
        null = _NO_NUMBER
    values = column.to_pylist()
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        lists = [[null if v is None else v for v in value or ()] for value in values]
        width = spec.shape[1] or max(1, *map(len, lists))
        values = [(value + [null] * width)[:width] for value in lists]
    else:
        values = [null if value is None else value for value in values]
    return tensorflow().constant(values, spec.dtype)


def _require_same_rows(run: Path, training: Training) -> None:
    """Compares the purchases that the run knows with the training side, row by row."""
    table = pq.read_table(run / PURCHASES_FILE)
    buyer = codes(table["buyer"], training.buyers)
    product = codes(table["product"], training.products)
    pairs = np.sort(buyer * len(training.products) + product)
    if min(buyer.min(), product.min()) < 0 or not np.array_equal(pairs, np.sort(training.pairs())):
        raise ValueError(
            f"{run} knows {len(pairs):,} rows, which are not the protocol's "
            f"{len(training.buyer):,}: its config has to split by strict_time, with test: 0.1"
        )
