"""Counts different values in constant memory. Knows hashes only."""

from __future__ import annotations

import numpy as np

from recgen.inspect.records.spans import Ints, Words

BOUND = 2**17
"""How many different values are counted exactly; they take 2 MiB."""

_MOST_WAITING = 64  # arrays, of which an empty one takes a hundred bytes


class Distinct:
    """Counts different values and repeated ones: exactly up to a bound, then an estimate.

    Kept are all hashes below a limit, each with its count. When they become too many, the limit
    is halved, so what is kept is a fair sample of the values, whatever their frequencies. This is
    Wegman's adaptive sampling; the estimate's standard error is 1.2 / sqrt(bound), 0.3%
    (Flajolet, "On adaptive sampling", doi:10.1007/BF02241657).

    Attributes:
        added: How many values were added, repeated ones included.
    """

    def __init__(self, bound: int = BOUND) -> None:
        self.added = 0
        self._bound = bound
        self._level = 0  # hashes are kept that have this many zeros in front
        self._hashes = np.zeros(0, np.uint64)
        self._counts = np.zeros(0, np.int64)
        self._waiting: list[tuple[Words, Ints]] = []
        self._many = 0

    def add(self, hashes: Words) -> None:
        """Adds values by their hashes, all of whose bits must be as good as random."""
        self.added += len(hashes)
        if self._level:
            hashes = hashes[hashes < self._limit]
        self._waiting.append(np.unique(hashes, return_counts=True))
        self._many += len(self._waiting[-1][0])
        if self._many > self._bound // 2 or len(self._waiting) == _MOST_WAITING:
            self._merge()

    @property
    def _limit(self) -> np.uint64:
        return np.uint64(2 ** (64 - self._level))

    def _merge(self) -> None:
        """Brings together what was added since the last time."""
        parts = [(self._hashes, self._counts), *self._waiting]
        hashes = np.concatenate([part for part, _ in parts])
        counts = np.concatenate([part for _, part in parts])
        order = np.argsort(hashes, kind="stable")
        hashes, counts = hashes[order], counts[order]
        is_first = np.ones(len(hashes), np.bool_)
        is_first[1:] = hashes[1:] != hashes[:-1]
        firsts = np.flatnonzero(is_first)
        hashes = hashes[firsts]
        counts = np.add.reduceat(counts, firsts) if len(firsts) else counts
        self._waiting, self._many = [], 0
        while (kept := self._kept(hashes)) > self._bound:
            self._level += 1
        self._hashes, self._counts = hashes[:kept], counts[:kept]

    def _kept(self, ordered: Words) -> int:
        """Returns how many of some ordered hashes are below the limit."""
        return int(np.searchsorted(ordered, self._limit)) if self._level else len(ordered)

    @property
    def is_exact(self) -> bool:
        """Whether the counts are exact."""
        self._merge()
        return self._level == 0

    @property
    def count(self) -> int:
        """How many different values there are."""
        self._merge()
        return len(self._hashes) << self._level

    @property
    def repeated(self) -> int:
        """How many of the values that were added had been added before."""
        self._merge()
        return int((self._counts - 1).sum()) << self._level

    def share_in(self, other: Distinct) -> float | None:
        """Returns which share of the values that were added is among another's; None for none."""
        self._merge()
        other._merge()
        level = max(self._level, other._level)
        kept = self._hashes < np.uint64(2 ** (64 - level)) if level else slice(None)
        hashes, counts = self._hashes[kept], self._counts[kept]
        total = int(counts.sum())
        return float(counts[np.isin(hashes, other._hashes)].sum() / total) if total else None
