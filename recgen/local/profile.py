"""Profile of a file with transactions: a `recgen.data.profile.Profile` that reads lazily."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.config import BqType, DataConfig
from recgen.data.copies import RepeatedRows, ReplayedRows
from recgen.data.profile import OpensProfile, Profile
from recgen.data.statistics import (
    ColumnProfile,
    Formula,
    ListFacts,
    Misfit,
    Odd,
    Oddity,
    Spread,
    Stay,
    TimeColumn,
)
from recgen.findings import RecgenError
from recgen.local.cast import TEMPORAL
from recgen.local.encoded import Array, Encoded, describe, encode
from recgen.local.explained import explained_of
from recgen.local.ingest import DataFile, open_data, read_rows, reading_keys
from recgen.local.ingest.formats import DEFAULTS
from recgen.local.lists import Purchases, list_facts
from recgen.local.misfits import misfit_of, misfit_of_lists, misfit_of_times
from recgen.local.oddities import find_odd
from recgen.local.pairs import distinct, pairs, placed
from recgen.local.relations import correlation_of, formula_of, moments_of, spread_of, stays_of
from recgen.local.repeats import find_repeated, find_replayed
from recgen.local.time_profile import describe_times
from recgen.local.times import Reading
from recgen.proposal.names import names_time

if TYPE_CHECKING:
    import pyarrow as pa

# Small files are kept in memory; columns of larger ones may be read more than once.
_SMALL_TEXT = 256 * 2**20  # bytes
_SMALL_TABLE = 5_000_000  # values in a Parquet file, whose size in bytes says little
_CODES = 32_000_000  # total rows of encoded columns kept in memory
_COLUMNS = 6  # that are kept however many rows they have: most rules ask about these few
_DAY = 86_400


def read_profile(path: Path, data: DataConfig = DEFAULTS) -> Profile:
    """Return the profile of a file with transactions.

    Args:
        path: A file that `recgen.local.ingest` reads, or a folder or pattern of such files.
        data: How it is written, as far as a config says so; the rest is found.

    Raises:
        RecgenError: The file cannot be read or has no rows. Columns are read lazily, so the
            methods of the profile may raise it too.
    """
    return _FileProfile(open_data(path, data)).read_as(data)


def profile_opener(path: Path) -> OpensProfile:
    """Return a function that opens a file's profile for a config; configs alike share it."""
    opened: dict[str, Profile] = {}

    def opens(data: DataConfig) -> Profile:
        key = reading_keys(data)
        if key not in opened:
            opened.clear()  # one table in memory
            opened[key] = read_profile(path, data)
        return opened[key]

    return opens


class _FileProfile:
    """A `Profile` of one file; keeps column profiles and the last few encoded columns."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        self._decimal = file.format.decimal
        self.source = str(file.path)
        self.names = tuple(file.names)
        if not self.names:
            raise RecgenError(f"{file.path} has no columns", "use a file with a header")
        small = _SMALL_TABLE if file.format.kind == "Parquet" else _SMALL_TEXT
        self._table = self._whole() if file.size <= small else None
        self.rows: int = (self._table or read_rows(file, [self._unique[0]])).num_rows
        self._data = DEFAULTS
        self._times: Mapping[str, TimeColumn] = {}
        self._views: dict[object, _FileProfile] = {}
        self._kept: Array | None = None  # which rows it is of; None for all
        self._forget()

    def _forget(self) -> None:
        """Empty what depends on how columns are read."""
        self._columns: dict[str, ColumnProfile] = {}
        self._lists: dict[tuple[str, ...], ListFacts] = {}
        self._encoded = lru_cache(max(_COLUMNS, _CODES // max(1, self.rows)))(self._read)
        self._known: dict[tuple[str, ...], _FileProfile] = {}
        self._misfits: dict[tuple[str, BqType], Misfit | None] = {}
        self._nested: tuple[str, pa.ChunkedArray] | None = None  # the last one that was read

    def read_as(
        self, data: DataConfig, times: Mapping[str, TimeColumn] | None = None
    ) -> _FileProfile:
        key = data.null_values, frozenset((times or {}).items())
        if key not in self._views:
            view = copy(self)  # with the same table and views
            view._data, view._times = data, times or {}
            view._forget()
            self._views[key] = view
        return self._views[key]

    def known(self, names: Sequence[str]) -> _FileProfile:
        import numpy as np

        key = tuple(names)
        if key not in self._known:
            every = [self._encoded(name).codes >= 0 for name in names]
            rows = np.logical_and.reduce(every, dtype=bool) if every else np.bool_(True)
            self._known[key] = self if rows.all() else self._only(rows)
        return self._known[key]

    def _only(self, rows: Array) -> _FileProfile:
        """Return the profile of some of these rows."""
        view = copy(self)
        view.rows, view._views = int(rows.sum()), {}
        view._kept = rows if self._kept is None else _within(self._kept, rows)
        view._forget()
        return view

    def odd(self, name: str, oddity: Oddity) -> Odd | None:
        column = self._encoded(name)
        return find_odd(column.values, column.counts, oddity, column.numbers)

    def column(self, name: str) -> ColumnProfile:
        if name not in self._columns:
            encoded = self._encoded(name)
            described = describe(name, encoded)
            self._columns[name] = replace(described, times=describe_times(encoded))
        return self._columns[name]

    def counts(self, name: str) -> Sequence[int]:
        import numpy as np

        counts: list[int] = np.sort(self._encoded(name).counts)[::-1].tolist()
        return counts

    def distinct(self, names: Sequence[str]) -> int:
        import numpy as np

        columns = [self._encoded(name).codes for name in names]
        known = np.logical_and.reduce([codes >= 0 for codes in columns])
        together = columns[0][known]
        for codes in columns[1:]:
            _, together = np.unique(pairs(together, codes[known]), return_inverse=True)
        return len(distinct(together))

    def ambiguous(self, key: str, name: str, nulls: Collection[str] = ()) -> int:
        import numpy as np

        keys, values = (self._encoded(each).codes + (each in nulls) for each in (key, name))
        known = (keys >= 0) & (values >= 0)
        both = distinct(pairs(keys[known], values[known]))
        return int((np.bincount(both >> 32) > 1).sum())

    def rows_between(self, name: str, low: float, high: float) -> int:
        column = self._encoded(name)
        if column.numbers is None:
            return 0
        is_between = (column.numbers >= low) & (column.numbers < high) & column.counted()
        return int(column.counts[is_between].sum())

    def days(self, name: str) -> Mapping[int, int]:
        import numpy as np

        column = self._encoded(name)
        if column.numbers is None:
            return {}
        is_counted = column.counted()
        days, place = placed(column.numbers[is_counted] // _DAY)
        rows = np.bincount(place, column.counts[is_counted])
        return dict(zip(map(int, days), map(int, rows), strict=True))

    def stays(self, key: str, date: str, days: int) -> Sequence[Stay]:
        return stays_of(self._encoded(key), self._encoded(date), days)

    def spread(
        self, name: str, date: str | None = None, since: float = -inf, until: float = inf
    ) -> Spread | None:
        times = self._encoded(date) if date is not None else None
        return spread_of(self._encoded(name), times, since, until)

    def correlation(self, name: str, other: str, key: str | None = None) -> float:
        means = None if key is None else self._encoded(key)
        return correlation_of(self._encoded(name), self._encoded(other), means)

    def formula(
        self, name: str, first: str, second: str, least: float
    ) -> tuple[Formula, bool] | None:
        return formula_of(self._encoded(name), self._encoded(first), self._encoded(second), least)

    def explained(self, name: str, others: Sequence[str], keys: Sequence[str]) -> float:
        column, *rest = (self._encoded(each) for each in (name, *others, *keys))
        return explained_of(column, rest[: len(others)], rest[len(others) :])

    def misfit(self, name: str, bq_type: BqType) -> Misfit | None:
        if (name, bq_type) not in self._misfits:
            self._misfits[name, bq_type] = self._misfit(name, bq_type)
        return self._misfits[name, bq_type]

    def _misfit(self, name: str, bq_type: BqType) -> Misfit | None:
        column = self._encoded(name)
        if bq_type in TEMPORAL or name in self._times:
            return misfit_of_times(column, bq_type, self._times.get(name))
        if column.kind == "list":
            return misfit_of_lists(self._values(name), name, bq_type, self._decimal)
        return misfit_of(column, name, bq_type, self._decimal)

    @property
    def _unique(self) -> list[str]:
        """Names that occur once; or the first, to count the rows, if there are none."""
        counts = Counter(self.names)
        return [name for name in self.names if counts[name] == 1] or [self.names[0]]

    def lists(self, name: str, values: str, of: Sequence[str] = ()) -> ListFacts:
        key = (name, values, *of)
        if key not in self._lists:
            column = self._values(name)
            is_of_products, purchases = values in of[1:2], self._purchases(of)
            shared = self._encoded(values)
            self._lists[key] = list_facts(column, shared, purchases, is_of_products)
        return self._lists[key]

    def _purchases(self, of: Sequence[str]) -> Purchases | None:
        """Return who bought what and when, if all three columns are given and there are times."""
        import numpy as np

        if len(of) < 3:
            return None
        buyers, products, times = (self._encoded(name) for name in of)
        if times.numbers is None:
            return None
        return Purchases(
            buyers.codes, products.codes, np.append(times.numbers, np.nan)[times.codes]
        )

    def repeated_rows(self, names: Sequence[str]) -> RepeatedRows | None:
        codes, rest = self._compared(names)
        return find_repeated(codes, rest) if codes else None

    def replayed_rows(self, names: Sequence[str], date: str) -> ReplayedRows | None:
        codes, rest = self._compared(names, date)
        times = self._encoded(date)
        if not codes or times.numbers is None:
            return None
        return find_replayed(codes, rest, moments_of(times))

    def _compared(
        self, names: Sequence[str], date: str | None = None
    ) -> tuple[list[Array], pa.Table | None]:
        """Return the codes of some columns, and the other ones if they are in memory."""
        unique = [name for name in self._unique if name != date]
        known = [name for name in unique if name in names]
        codes = [each.codes for each in map(self._encoded, known) if each.kind != "list"]
        others = [name for name in unique if name not in known]
        return codes, self._table.select(others) if self._table is not None else None

    def _whole(self) -> pa.Table:
        return read_rows(self._file, self._unique)

    def _read(self, name: str) -> Encoded:
        if self.names.count(name) != 1:
            raise KeyError(name)
        times, nulls = self._times.get(name), self._data.null_values
        reading = None
        if times is not None:
            reading = Reading(times.bq_type, times.time_format, times.null_times)
        values, is_time = self._values(name), names_time(name)
        return encode(values, nulls, self._decimal, reading, names_time=is_time)

    def _values(self, name: str) -> pa.ChunkedArray:
        import pyarrow as pa

        if self._nested and self._nested[0] == name:
            return self._nested[1]
        table: pa.Table = self._table or read_rows(self._file, [name])
        values = table[name] if self._kept is None else table[name].filter(pa.array(self._kept))
        if pa.types.is_nested(values.type):  # these have no codes, so each question reads them
            self._nested = name, values
        return values


def _within(outer: Array, inner: Array) -> Array:
    """Return a mask of all rows from one of all rows and one of those that it selects."""
    mask = outer.copy()
    mask[outer] = inner
    return mask
