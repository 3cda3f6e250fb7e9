"""What the values of one feature are like, gathered block by block in constant memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from recgen.inspect.distinct import BOUND, Distinct
from recgen.inspect.records import Column, Texts
from recgen.inspect.records.columns import hash_texts
from recgen.inspect.records.spans import Ints, Words, mix
from recgen.inspect.report import Count, FeatureReport


@dataclass(frozen=True)
class Range:
    """The integers that a feature may have.

    Attributes:
        low: The first.
        end: The first behind them.
        entries: How many of them, from 0 on, a vocabulary has; the others are its buckets for
            what is not in it. None without a vocabulary.
    """

    low: int
    end: int
    entries: int | None = None


class FeatureScan:
    """Gathers what a `FeatureReport` says.

    Attributes:
        name: The feature's name.
        unique: Its different values.
        counts: How often each entry of its vocabulary is there; None without one.
    """

    def __init__(
        self,
        name: str,
        range: Range | None = None,
        bound: int = BOUND,
        known: Words | None = None,
    ) -> None:
        self.name = name
        self._known = known
        self.unique = Distinct(bound)
        self.range = range
        entries = None if range is None else range.entries
        self.counts = None if entries is None else np.zeros(entries, np.int64)
        seed = blake2b(name.encode(), digest_size=8).digest()
        self._seed = np.uint64(int.from_bytes(seed, "little"))
        self._kinds: Counter[str] = Counter()
        self._with_value = 0
        self._values = 0
        self._fewest: int | None = None
        self._most = 0
        self._low: float | None = None
        self._high: float | None = None
        self._sum = 0.0
        self._finite = 0
        self._out_of_range = 0
        self._out_of_vocabulary = 0

    def add(self, column: Column) -> Words:
        """Takes in a block's values; returns a hash of those of each of the column's rows."""
        self._kinds[column.kind] += len(column.rows)
        some = column.counts[column.counts > 0]
        self._with_value += len(some)
        self._values += len(column.values)
        if len(some) == 0:
            return np.zeros(len(column.rows), np.uint64)
        fewest = int(some.min())
        self._fewest = fewest if self._fewest is None else min(self._fewest, fewest)
        self._most = max(self._most, int(some.max()))
        self._measure(column)
        if self._known is not None:
            self._out_of_vocabulary += _strangers(column, self._known)
        hashes = _hashes(column)
        self.unique.add(hashes)
        return _row_hashes(column, hashes, self._seed)

    def _measure(self, column: Column) -> None:
        """Takes in lowest, highest and mean."""
        values = column.values
        numbers = values.lengths if isinstance(values, Texts) else values
        if column.kind == "float":
            numbers = numbers[np.isfinite(numbers)]
        self._finite += len(numbers)
        if len(numbers) == 0:
            return
        low, high = numbers.min().item(), numbers.max().item()
        self._low = low if self._low is None else min(self._low, low)
        self._high = high if self._high is None else max(self._high, high)
        self._sum += float(numbers.sum(dtype=np.float64))
        if self.range is not None and column.kind == "int64":
            self._count(np.asarray(values, np.int64), self.range)

    def _count(self, values: Ints, range: Range) -> None:
        is_inside = (values >= range.low) & (values < range.end)
        if not is_inside.all():
            self._out_of_range += int((~is_inside).sum())
            values = values[is_inside]
        if self.counts is not None:
            known = values[values < len(self.counts)]
            self._out_of_vocabulary += len(values) - len(known)
            np.add.at(self.counts, known, 1)  # touches no entry that has no value

    @property
    def _is_joined(self) -> bool:
        return self.counts is not None or self._known is not None

    def report(self, rows: int, train: FeatureScan | None = None) -> FeatureReport:
        """Returns what was found.

        Args:
            rows: All rows of the split.
            train: The feature in the training split, where this is another one.
        """
        seen = None if train is None else self.unique.share_in(train.unique)
        return FeatureReport(
            name=self.name,
            kinds=dict(self._kinds),
            nulls=rows - self._with_value,
            values=self._values,
            fewest=self._fewest or 0,
            most=self._most,
            unique=Count(self.unique.count, self.unique.is_exact),
            low=self._low,
            high=self._high,
            mean=self._sum / self._finite if self._finite else None,
            not_finite=self._values - self._finite,
            out_of_vocabulary=self._out_of_vocabulary if self._is_joined else None,
            out_of_range=self._out_of_range,
            unseen=None if seen is None else 1 - seen,
        )


def _hashes(column: Column) -> Words:
    """Returns a hash of each value."""
    values = column.values
    if isinstance(values, Texts):
        return mix(values.hashes())
    if column.kind == "float":
        return mix(values.view(np.uint32).astype(np.uint64))
    return mix(values.view(np.uint64))


def _row_hashes(column: Column, hashes: Words, seed: np.uint64) -> Words:
    """Returns a hash of each row's values and of their order; 0 for a row without any."""
    counts = column.counts
    if len(hashes) == len(counts) and counts.max() == 1:
        return mix(hashes + seed)
    ends = np.cumsum(counts)
    firsts = ends - counts
    places = np.arange(len(hashes)) - np.repeat(firsts, counts)
    some = counts > 0
    sums = np.add.reduceat(hashes * (2 * places + 1).astype(np.uint64), firsts[some])
    found = np.zeros(len(counts), np.uint64)
    found[some] = mix(sums + seed)
    return found


def _strangers(column: Column, known: Words) -> int:
    """Returns how many raw values are not among the hashed entries of a vocabulary.

    An integer has the entry of its digits; a vocabulary of floats is never made.
    """
    values = column.values
    if isinstance(values, Texts):
        hashes, counts = values.hashes(), None
    elif column.kind == "int64":
        unique, counts = np.unique(values, return_counts=True)
        hashes = hash_texts([str(value).encode() for value in unique.tolist()])
    else:
        return 0
    at = np.minimum(np.searchsorted(known, hashes), max(len(known) - 1, 0))
    is_stranger = known[at] != hashes if len(known) else np.ones(len(hashes), np.bool_)
    return int(is_stranger.sum() if counts is None else counts[is_stranger].sum())
