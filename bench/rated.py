"""Rows with a target to predict, their split by time, and scores of predictions. Knows no model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.protocol import BUYER, PRODUCT, RESAMPLES, TEST_SHARE, TIME, Array, codes

Target = Literal["Quantity", "BoughtAgain"]
AMOUNT: Target = "Quantity"
AGAIN: Target = "BoughtAgain"
TARGETS: tuple[Target, ...] = (AMOUNT, AGAIN)
CLIPPED_AT = 0.99  # quantile of the training rows, as `recgen init` proposes
WITHIN = 30 * 86_400  # seconds in which a product is bought again
_NEVER = np.iinfo(np.int64).max
_BINS = 10
_CLOSEST = 1e-6  # of a probability to 0 or 1, in the log loss


@dataclass(frozen=True)
class Rated:
    """All rows of a file that `write_rows` made, with what is predicted.

    Buyers and products are numbered by their names in order.
    """

    table: pa.Table
    target: Array
    """Quantity limited to its 99th percentile in training rows, or 0 and 1, [rows]."""
    buyer: Array
    product: Array
    time: Array
    """Seconds, [rows]."""
    is_test: Array

    @property
    def is_binary(self) -> bool:
        """Whether the target is 0 or 1."""
        return AGAIN in self.table.column_names

    @property
    def training(self) -> Array:
        """The places of the training rows, in order of time."""
        places = np.flatnonzero(~self.is_test)
        return places[np.argsort(self.time[places], kind="stable")]

    @property
    def test(self) -> Array:
        """The places of the test rows."""
        return np.flatnonzero(self.is_test)

    def counts(self) -> dict[str, Any]:
        """Returns what the rows hold, by name."""
        test = self.test
        return {
            "training_rows": len(self.training),
            "test_rows": len(test),
            "buyers": len(np.unique(self.buyer)),
            "test_buyers": len(np.unique(self.buyer[test])),
            "products": len(np.unique(self.product)),
            "largest": float(self.target.max()),
            "training_mean": float(self.target[self.training].mean()),
            "test_mean": float(self.target[test].mean()),
        }


def write_rows(source: Path, target: Target, rows: int, path: Path) -> None:
    """Writes the rows of some buyers, with the target.

    Whether a product is bought again within 30 days is unknown at the end of the data, and before
    the test at the time of the test: such rows are left out, so that no training row was labelled
    by purchases of the test.

    Args:
        source: Parquet of UCI Online Retail.
        target: What is predicted.
        rows: About how many are kept, of whole buyers that are drawn; 0 for all.
        path: Where to write.
    """
    table = pq.read_table(source)
    table = table.filter(pa.array(_of_some_buyers(table, rows)))
    if target == AGAIN:
        time, pairs = _seconds(table), _numbers(table, BUYER) * len(table) + _numbers(
            table, PRODUCT
        )
        table = table.append_column(AGAIN, pa.array(next_times(pairs, time) - time <= WITHIN))
        table = table.filter(pa.array(is_label_known(time)))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def read_rows(path: Path) -> Rated:
    """Reads a file that `write_rows` made; the last tenth of its time span is the test."""
    table = pq.read_table(path)
    time = _seconds(table)
    is_test = time >= _cut(time)
    name = AGAIN if AGAIN in table.column_names else AMOUNT
    target = np.asarray(table[name]).astype(np.float64)
    if name == AMOUNT:
        target = np.minimum(target, np.quantile(target[~is_test], CLIPPED_AT))
    buyer, product = (_numbers(table, column) for column in (BUYER, PRODUCT))
    return Rated(table, target, buyer, product, time, is_test)


def next_times(pairs: Array, time: Array) -> Array:
    """Returns when each row's pair is next bought, strictly later; a huge number for never.

    Args:
        pairs: Numbers of buyer and product together, [rows].
        time: Seconds, [rows].
    """
    moments, own = np.unique(np.stack([pairs, time]), axis=1, return_inverse=True)
    same = np.append(moments[0, 1:] == moments[0, :-1], False)
    found = np.where(same, np.append(moments[1, 1:], _NEVER), _NEVER)
    return found[own.reshape(-1)]


def is_label_known(time: Array) -> Array:
    """Says of each row whether it is known, when it is used, what happened in the next 30 days."""
    end = time.max() - WITHIN
    cut = _cut(time[time <= end])
    known: Array = (time <= end) & ((time < cut - WITHIN) | (time >= cut))
    return known


def past(rated: Rated) -> tuple[Array, Array]:
    """Returns what a buyer's history says to a model that reads no lists, two arrays [rows].

    They are whether the buyer had the product before, and how many products. Training rows look at
    what came before them, test rows at all training rows: that is what a client knows.
    """
    pairs = rated.buyer * (rated.product.max() + 1) + rated.product
    moments, own = np.unique(np.stack([pairs, rated.time]), axis=1, return_inverse=True)
    is_first = np.append(True, moments[0, 1:] != moments[0, :-1])
    first = moments[1][is_first][np.cumsum(is_first) - 1][own.reshape(-1)]
    asked = np.where(rated.is_test, _cut(rated.time), rated.time)
    had = first < asked
    buyers = moments[0][is_first] // (rated.product.max() + 1)
    span = int(rated.time.max()) + 1
    bought = np.sort(buyers * span + moments[1][is_first])
    counts = np.searchsorted(bought, rated.buyer * span + asked)
    counts -= np.searchsorted(bought, rated.buyer * span)
    return had.astype(np.float64), counts.astype(np.float64)


def evaluate(rated: Rated, predicted: Array) -> dict[str, Any]:
    """Returns the scores of predictions of the test rows, with 95% intervals over buyers.

    Args:
        rated: The rows.
        predicted: In the target's units, or probabilities, in the order of `rated.test`.
    """
    names, samples = scores_of(rated, predicted)
    low, high = np.nanquantile(samples[1:], (0.025, 0.975), axis=0)
    return {
        name: {"value": float(samples[0, at]), "low": float(low[at]), "high": float(high[at])}
        for at, name in enumerate(names)
    }


def leads(rated: Rated, own: Array, other: Array) -> dict[str, dict[str, float]]:
    """Returns how much better predictions are than others, on the same resampled buyers."""
    names, samples = scores_of(rated, own)
    differences = samples - scores_of(rated, other)[1]
    signs = np.array([1 if name in ("AUC", "GAUC") else -1 for name in names])
    differences = differences * signs
    low, high = np.nanquantile(differences[1:], (0.025, 0.975), axis=0)
    return {
        name: {"value": float(differences[0, at]), "low": float(low[at]), "high": float(high[at])}
        for at, name in enumerate(names)
    }


def scores_of(rated: Rated, predicted: Array) -> tuple[list[str], Array]:
    """Returns the names of scores, and their values: first of all buyers, then of resamples."""
    truth = rated.target[rated.test]
    if predicted.shape != truth.shape or not np.isfinite(predicted).all():
        raise ValueError(f"{predicted.shape} predictions, or not all of them are numbers")
    _, group = np.unique(rated.buyer[rated.test], return_inverse=True)
    count = int(group.max()) + 1
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    weights = np.vstack([np.ones(count), draws])
    sizes = weights @ np.bincount(group)

    def mean(values: Array) -> Array:
        return np.asarray(weights @ np.bincount(group, values, count) / sizes)

    if not rated.is_binary:
        logs = np.log1p(np.maximum(predicted, 0)) - np.log1p(truth)
        found = {
            "RMSE": np.sqrt(mean((predicted - truth) ** 2)),
            "MAE": mean(np.abs(predicted - truth)),
            "RMSE of logarithms": np.sqrt(mean(logs**2)),
        }
    else:
        chance = np.clip(predicted, _CLOSEST, 1 - _CLOSEST)
        losses = -np.where(truth > 0, np.log(chance), np.log1p(-chance))
        within, pairs = _areas(truth, predicted, group)
        below = weights @ pairs
        found = {
            "AUC": areas(truth, predicted, weights[:, group]),
            "GAUC": np.divide(
                weights @ (within * pairs), below, np.full(len(below), np.nan), where=below > 0
            ),
            "log loss": mean(losses),
            "ECE": np.array([_calibration(truth, predicted, row[group]) for row in weights]),
        }
    return list(found), np.stack(list(found.values()), axis=1)


def areas(truth: Array, predicted: Array, weights: Array) -> Array:
    """Returns the AUC for each weighting of the rows, [weightings]; ties count half.

    It is NaN where all rows that count are of one class.

    Args:
        truth: 0 or 1, [rows].
        predicted: In any unit, [rows].
        weights: How often each row counts, [weightings, rows].
    """
    values, own = np.unique(predicted, return_inverse=True)
    found = []
    for row in weights:
        positive = np.bincount(own, row * truth, len(values))
        negative = np.bincount(own, row * (1 - truth), len(values))
        below = np.cumsum(negative) - negative / 2
        pairs = positive.sum() * negative.sum()
        found.append(positive @ below / pairs if pairs else np.nan)
    return np.array(found)


def _areas(truth: Array, predicted: Array, group: Array) -> tuple[Array, Array]:
    """Returns each buyer's AUC and rows; no rows where all of them are of one class."""
    found, rows = np.zeros(group.max() + 1), np.zeros(group.max() + 1)
    for number in range(len(found)):
        own = group == number
        if 0 < truth[own].sum() < own.sum():
            found[number] = areas(truth[own], predicted[own], np.ones((1, own.sum())))[0]
            rows[number] = own.sum()
    return found, rows


def _calibration(truth: Array, predicted: Array, weights: Array) -> float:
    """Returns the expected calibration error over ten bins with equally many rows."""
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, _BINS + 1)[1:-1]))
    gaps = np.bincount(np.searchsorted(edges, predicted), weights * (predicted - truth))
    return float(np.abs(gaps).sum() / weights.sum())


def _of_some_buyers(table: pa.Table, rows: int) -> Array:
    buyer = _numbers(table, BUYER)
    if not rows:
        return np.full(len(buyer), True)
    order = np.random.default_rng(0).permutation(buyer.max() + 1)
    total = np.cumsum(np.bincount(buyer)[order])
    kept: Array = np.isin(buyer, order[: np.searchsorted(total, rows)])
    return kept


def _cut(time: Array) -> float:
    first, last = int(time.min()), int(time.max())
    return first + (last - first) * (1 - TEST_SHARE)


def _seconds(table: pa.Table) -> Array:
    # Milliseconds are read by recgen as whole seconds, too.
    return np.asarray(table[TIME].cast(pa.timestamp("s"), safe=False).cast(pa.int64()))


def _numbers(table: pa.Table, column: str) -> Array:
    values = table[column].cast(pa.string())
    return codes(values, np.unique(values.to_numpy(zero_copy_only=False).astype(str)))
