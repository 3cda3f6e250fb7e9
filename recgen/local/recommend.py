"""Recommendations of a run's SavedModel, with TensorFlow alone."""

from __future__ import annotations

import datetime
import difflib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.findings import RecgenError, install
from recgen.local.approximate import load_operations
from recgen.local.buyers import FEATURES_FILE, ID_KEY, PRODUCTS_FILE, PURCHASES_FILE
from recgen.local.cast.arrow import UnfitError
from recgen.local.cast.numbers import as_whole
from recgen.local.cast.text import readable, readable_ids, typed
from recgen.local.names import plain_path

if TYPE_CHECKING:
    import pyarrow as pa

_MODEL = "serving_model"
_FILTERED = "serve_filtered"
_RERANKED = "serve_reranked"  # of models that also predict a target
_NO_INT = -(2**63)  # what generated modules use for a missing integer
_EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Recommendation:
    """A product and its score; higher is better.

    A model that finds products and predicts a target has a `prediction`, too.
    """

    product: str
    score: float
    prediction: float | None = None


@dataclass(frozen=True)
class Purchase:
    """A past purchase; `time` (UTC) is None if the data has no date column."""

    product: str
    time: datetime.datetime | None


@dataclass(frozen=True)
class Answer:
    """Recommendations for a buyer, best first, and the buyer's purchases, latest first."""

    buyer: str
    products: tuple[Recommendation, ...]
    purchases: tuple[Purchase, ...]


def recommend(
    run: Path,
    buyer: str,
    k: int = 10,
    exclude: Sequence[str] = (),
    only: Sequence[str] = (),
    rerank: bool = False,
) -> Answer:
    """Return the top products for a buyer of the training data.

    Args:
        run: A run directory.
        buyer: The buyer's ID as text; `base64:...` for bytes that are not UTF-8.
        k: Maximum number of products and of past purchases; the model's top_k and the size of the
            catalogue limit the products too.
        exclude: Product IDs that are left out, as text like `buyer`; those that the model does not
            know change nothing.
        only: The only product IDs that are allowed; without any, all are.
        rerank: Whether the products that the model finds come in the order of its predictions
            instead of that of its scores.

    Raises:
        RecgenError: The folder is not a run directory, the buyer is unknown, a product's ID is
            not of the model's type, or a model without predictions should re-rank.
    """
    if k < 1:
        raise RecgenError(f"-k {k}: k must be at least 1", "use -k 10, for example")
    for name in (FEATURES_FILE, PURCHASES_FILE, _MODEL):
        if not (run / name).exists():
            raise RecgenError(
                f"{run} is not a run directory: it has no {name}", "train one with `recgen train`"
            )
    with _readable(run):
        buyer, row = _buyer_row(run, buyer)
    ids, scores, predictions = _ask(run, row, (exclude, only) if exclude or only else None)
    if rerank and predictions is None:
        raise RecgenError(
            f"the model of {run} has no signature {_RERANKED}, so it cannot re-rank products",
            "only models with `model_type: multitask` can: leave out the option",
        )
    found = [
        Recommendation(readable(product), float(score), None if value is None else float(value))
        for product, score, value in zip_longest(ids, scores, predictions or ())
        if product not in (b"", _NO_INT)
    ]
    if not rerank:  # the sort is stable, and a re-ranked answer is the only one in another order
        found.sort(key=lambda each: -each.score)
    products = tuple(found[:k])
    with _readable(run):
        return Answer(buyer, products, _purchases(run, buyer, k))


@contextmanager
def _readable(run: Path) -> Iterator[None]:
    """Turn the errors of a damaged file of buyers into errors for the user."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, KeyError, TypeError, UnicodeError) as error:
        reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise RecgenError(
            f"the buyers of {run} cannot be read: {reason}", "its files are damaged; train again"
        ) from error


def _buyer_row(run: Path, buyer: str) -> tuple[str, pa.Table]:
    """Return the buyer's ID as it is stored, and the latest features as a table with one row."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(run / FEATURES_FILE)
    column = table[table.schema.metadata[ID_KEY].decode()]
    ids, buyer = readable_ids(column), _as_read(buyer, column)
    row = table.filter(pc.equal(ids, _scalar(buyer)))
    if row.num_rows == 0:
        known = ids.to_pylist()
        close = difflib.get_close_matches(buyer, known, n=3, cutoff=0.4) or sorted(known)[:3]
        raise RecgenError(
            f"buyer {buyer!r} is not among the {len(known):,} buyers of the run",
            f"known buyers are, for example, {', '.join(map(repr, close))}",
        )
    return buyer, row


def _as_read(buyer: str, column: pa.ChunkedArray) -> str:
    """Return an ID as `train` reads it from a file: among whole numbers, 12500.0 is 12500."""
    import pyarrow as pa

    if not pa.types.is_integer(column.type):
        return buyer
    try:
        return str(as_whole(pa.chunked_array([[_scalar(buyer).as_py()]]))[0])
    except UnfitError:
        return buyer


def _ask(
    run: Path, row: pa.Table, filters: tuple[Sequence[str], Sequence[str]] | None
) -> tuple[Any, Any, Any]:
    """Return the IDs and scores that the model answers for the buyer's raw columns.

    Args:
        run: The run directory.
        row: The buyer's row.
        filters: Product IDs to leave out, and the only ones allowed.

    Returns:
        IDs, scores and predictions, [k] each, the latter None if there are none; null IDs fill up
        a filtered answer.
    """
    with _quiet(), plain_path(Path(os.path.realpath(run))) as plain:
        try:
            import tensorflow as tf
        except ImportError as error:
            raise RecgenError("TensorFlow is not installed", install("train")) from error
        broken = (OSError, ValueError, KeyError, AttributeError, IndexError, tf.errors.OpError)
        try:
            load_operations(plain / _MODEL)
            signatures = tf.saved_model.load(str(plain / _MODEL)).signatures
            signature = signatures["serving_default"]
            specs = signature.structured_input_signature[1]
            if (plain / PRODUCTS_FILE).exists():
                return *_rated(signature, specs, row, plain / PRODUCTS_FILE), None
            feed = {
                name: tf.constant([_value(row[name][0].as_py(), spec)], spec.dtype)
                for name, spec in specs.items()
            }
            if filters or _RERANKED in signatures:
                signature = _filtered(run, signatures)
                inputs = signature.structured_input_signature[1]
                lists = sorted(inputs.keys() - specs.keys())  # exclude..., only...
                for name, texts in zip(lists, filters or ((), ()), strict=True):
                    ids = [_product(text, inputs[name].dtype.name) for text in texts]
                    feed[name] = tf.constant([ids], inputs[name].dtype)
            found = {name: values.numpy()[0] for name, values in signature(**feed).items()}
            predictions = found["predictions"].tolist() if "predictions" in found else None
            return found["product_ids"], found["scores"], predictions
        except broken as error:
            reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
            raise RecgenError(
                f"the model of {run} cannot be used: {reason}", "train it again"
            ) from error


def _filtered(run: Path, signatures: Any) -> Any:
    """Return the signature that takes filters, which models of earlier versions do not have.

    If the model predicts a target, too, it is the one that answers with predictions.
    """
    if _RERANKED in signatures:
        return signatures[_RERANKED]
    if _FILTERED not in signatures:
        raise RecgenError(
            f"the model of {run} has no signature {_FILTERED}, so it cannot leave out products",
            "it is of an earlier version of recgen: train it again",
        )
    return signatures[_FILTERED]


def _product(text: str, dtype: str) -> bytes | int:
    """Return the ID of a product that was typed, in the type of the model's IDs."""
    if dtype == "string" and text:
        return typed(text)
    if re.fullmatch("-?(0|[1-9][0-9]{0,18})", text) and _NO_INT < int(text) < -_NO_INT:
        return int(text)
    kind = "texts that are not empty" if dtype == "string" else "whole numbers"
    raise RecgenError(
        f"{text!r} is not a product ID of this model, whose IDs are {kind}",
        "give each ID as `recgen recommend` shows it",
    )


def _rated(signature: Any, specs: Any, row: pa.Table, path: Path) -> tuple[Any, Any]:
    """Return all products and the model's predictions for the buyer, the highest first.

    Args:
        signature: The model's signature, which takes columns of buyer and product.
        specs: Its inputs.
        row: The buyer's row.
        path: The file with the products' features.
    """
    import numpy as np
    import pyarrow.parquet as pq
    import tensorflow as tf

    products = pq.read_table(path)
    feed = {}
    for name, spec in specs.items():
        is_own = name in products.column_names
        values = products[name].to_pylist() if is_own else row[name].to_pylist() * len(products)
        known = [_value(value, spec) for value in values]
        if spec.shape.rank == 2:
            feed[name] = tf.ragged.constant(known, spec.dtype, ragged_rank=1).to_tensor()
        else:
            feed[name] = tf.constant(known, spec.dtype)
    scores = signature(**feed)["predictions"].numpy()
    order = np.argsort(-scores, kind="stable")
    ids = np.array(products[products.schema.metadata[ID_KEY].decode()].to_pylist(), object)
    return ids[order], scores[order]


def _value(value: Any, spec: Any) -> Any:
    """Return the value for the model's input; null depends on the type."""
    if value is not None:
        return value
    if spec.shape.rank == 2:  # a list
        return []
    if spec.dtype.name == "string":
        return b""
    return float("nan") if spec.dtype.is_floating else _NO_INT


def _purchases(run: Path, buyer: str, count: int) -> tuple[Purchase, ...]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(run / PURCHASES_FILE)
    own = table.filter(pc.equal(readable_ids(table["buyer"]), _scalar(buyer)))
    last = own.slice(max(0, own.num_rows - count)).to_pylist()
    return tuple(Purchase(readable(row["product"]), _time(row["time"])) for row in reversed(last))


def _scalar(buyer: str) -> pa.Scalar:
    """Return an ID for a comparison; what no terminal should send is replaced."""
    import pyarrow as pa

    return pa.scalar(buyer.encode(errors="replace").decode(), pa.large_string())


def _time(seconds: int | None) -> datetime.datetime | None:
    return None if seconds is None else _EPOCH + datetime.timedelta(seconds=seconds)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep TensorFlow's startup messages, which ignore log levels, off the terminal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
