"""Relations between columns of the data. Knows the profile and names, but no configs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

from recgen.config import SIDES
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile
from recgen.data.words import stands_for_nothing
from recgen.proposal.names import GOOD, fits_id, fits_purchase_time, names_id, names_time

_MANY_EMPTY = 0.5  # of the rows
_MOST = 0.99  # of the values that repeat
_ENOUGH = 5  # repeated values or combinations; fewer are no evidence
_LONGEST_NAME = 300  # BigQuery's
_LINES, _FIRST_LINES = 200, 0.15  # values of a line number at most; share of the first at least
_FEW_LINES = 3
_WHOLE = re.compile(r"[0-9]+(\.0+)?")


@dataclass(frozen=True, slots=True)
class _Frequencies:
    """Frequencies of a column's values; columns that name the same things have the same ones."""

    values: int
    repeated: int
    top: float
    digest: int


class Table:
    """A profile and the relations between its columns, each computed once.

    Attributes:
        profile: The profile, without empty rows if most are.
        empty: The number of rows that were left out, as they have no value in any column.
        unnamed: Columns that no config can name, each with the reason.
        columns: All other columns by name, in order.
    """

    def __init__(self, profile: Profile) -> None:
        profile, self.empty = _without_empty(profile)
        self.profile = profile
        self.unnamed = {name: reason for name in profile.names if (reason := _nameless(name))}
        for name, count in Counter(profile.names).items():
            if count > 1:
                self.unnamed.setdefault(name, f"{count} columns have this name")
        self.columns: dict[str, ColumnProfile] = {
            name: _as_named(profile.column(name))
            for name in profile.names
            if name not in self.unnamed
        }
        self._known: dict[str, _Frequencies] = {}
        # In a file with types, text is text even where it looks like numbers.
        self.typed = any(
            not column.stored_as_text and column.kind != "empty" for column in self.columns.values()
        )

    def alone(self, name: str) -> float:
        """Return the share of the rows with a value whose value is in no other row."""
        column = self.columns[name]
        known = column.rows - column.nulls
        return (column.distinct - self.repeated(name)) / known if known else 1.0

    def repeated(self, name: str) -> int:
        """Return the number of values that are in more than one row."""
        return self._frequencies(name).repeated

    def top_share(self, name: str) -> float:
        """Return the share of the rows with a value that have the most frequent value."""
        return self._frequencies(name).top

    def counts_up(self, name: str) -> bool:
        """Return whether values are 1, 2, 3, ... (or 10, 20, ...), the first of them most often."""
        column = self.columns[name]
        if column.kind not in ("integer", "text"):
            return False
        numbers = [float(text) for text in column.examples if _WHOLE.fullmatch(text.strip())]
        if len(numbers) < _FEW_LINES or len(numbers) < len(column.examples):
            return False
        step = numbers[1] - numbers[0]
        is_even = all(right - left == step for left, right in pairwise(numbers))
        is_first = step > 0 and numbers[0] in (0, step)
        few = column.distinct <= _LINES and self.top_share(name) >= _FIRST_LINES
        return is_first and is_even and few

    def determines(self, key: str, name: str) -> bool:
        """Return whether nearly all repeated values of `key` have a single value of `name`."""
        repeated = self.repeated(key)
        if repeated < _ENOUGH:
            return False
        return self.profile.ambiguous(key, name) <= (1 - _MOST) * repeated

    def same(self, left: str, right: str) -> bool:
        """Return whether the values of two columns correspond one to one."""
        if self._frequencies(left) != self._frequencies(right):
            return False
        return self.profile.distinct([left, right]) == self.columns[left].distinct

    def per(self, key: str, name: str) -> float:
        """Return the average number of values of `name` per value of `key`."""
        return self.profile.distinct([key, name]) / max(1, self.profile.distinct([key]))

    def looseness(self, key: str, name: str) -> float | None:
        """Return how freely `name` varies within `key`; None if there are too few rows to tell.

        0: each value of `key` has one value of `name`. 1: it has as many as if they were drawn at
        random for each row. The expected number of combinations is the sum of 1 - (1 - q)^n over
        all keys (n rows) and values (a share q of the rows).
        """
        import numpy as np

        keys, values = Counter(self.profile.counts(key)), Counter(self.profile.counts(name))
        known = sum(size * times for size, times in values.items())
        if not keys or not known:
            return None
        rows = np.array(list(keys), float) * known / self.profile.rows
        shares = np.minimum(np.array(list(values), float) / known, 1 - 1e-12)
        absent = np.exp(np.outer(rows, np.log1p(-shares)))
        pairs = np.outer(list(keys.values()), list(values.values()))
        single = self.profile.distinct([key])
        chance = float(((1 - absent) * pairs).sum()) - single
        if chance < _ENOUGH:
            return None
        return (self.profile.distinct([key, name]) - single) / chance

    def _frequencies(self, name: str) -> _Frequencies:
        if name not in self._known:
            counts = tuple(self.profile.counts(name))
            repeated = sum(1 for count in counts if count > 1)
            top = counts[0] / sum(counts) if counts else 1.0
            self._known[name] = _Frequencies(len(counts), repeated, top, hash(counts))
        return self._known[name]

    def nobodies(self, name: str) -> tuple[str, ...]:
        """Return the frequent values of an ID that stand for nobody and nothing, such as guest."""
        odd = self.profile.odd(name, "nobody")
        found = [text for text, _ in odd.examples] if odd else []
        words = [text for text in self.columns[name].examples if stands_for_nothing(text)]
        return tuple(dict.fromkeys([*found, *words]))


def _without_empty(profile: Profile) -> tuple[Profile, int]:
    """Return the profile without rows that are empty in all columns if most are, and their number.

    A spreadsheet saves such rows below its table, up to its last line.
    """
    once = [name for name, count in Counter(profile.names).items() if count == 1]
    nulls = {name: profile.column(name).as_text.nulls for name in once}
    fullest = min(nulls, key=lambda name: nulls[name], default=None)
    if fullest is None or nulls[fullest] <= _MANY_EMPTY * profile.rows:
        return profile, 0
    kept = profile.known([fullest])
    empty = profile.rows - kept.rows
    outside = (nulls[name] - kept.column(name).as_text.nulls - empty for name in once)
    return (kept, empty) if not any(outside) else (profile, 0)


def is_clock(column: ColumnProfile) -> bool:
    """Return whether a column holds times of the day without a date."""
    return column.times is not None and column.times.is_clock


def _as_named(column: ColumnProfile) -> ColumnProfile:
    """Return a column whose numbers could be seconds since 1970 as the IDs that its name says."""
    if column.kind != "time" or not all(text.isdigit() for text in column.examples):
        return column
    name = column.name
    is_one = max(fits_id(name, side) for side in SIDES) >= GOOD and fits_purchase_time(name) <= 0
    is_id = (names_id(name) or is_one) and not names_time(name)
    return replace(column, kind="integer", times=None) if is_id else column


def _nameless(name: str) -> str | None:
    if not name:
        return "it has no name"
    if len(name) > _LONGEST_NAME:
        return f"its name has more than {_LONGEST_NAME} characters"
    return "its name contains a NUL character" if "\0" in name else None
