"""Profile of a data set: what rules and proposals ask about it. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from recgen.config import BqType

ColumnKind = Literal["text", "integer", "real", "boolean", "time", "list", "empty"]


@dataclass(frozen=True, slots=True)
class FarTimes:
    """Times that lie far before or after all others.

    Attributes:
        side: Whether they come before or after the others.
        rows: Rows with such a time.
        gap: Seconds to the nearest of the others.
        examples: Some of them as they are written, each with its first row.
    """

    side: Literal["before", "after"]
    rows: int
    gap: float
    examples: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class TimeProfile:
    """How the times of a column are written, and which of them are odd.

    Attributes:
        way: A unit, a format or the name of a standard; empty for times of day.
        asked: Units or formats that fit equally well if the values do not decide between them.
        failed: Rows with a value that is no time.
        unzoned: Rows whose time says no zone, where others say one.
        far: Times that lie far from all others.
        far_rows: Rows with such a time, which do not count in `low` and `high`.
        is_clock: Whether they are times of day, without a date.
    """

    way: str = ""
    asked: tuple[str, ...] = ()
    failed: int = 0
    unzoned: int = 0
    far: tuple[FarTimes, ...] = ()
    far_rows: int = 0
    is_clock: bool = False


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """How a config reads a column of times: its type, its unit or format, and what is null."""

    bq_type: BqType
    time_format: str | None = None
    null_times: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Statistics of one column.

    Attributes:
        name: The column's name in the data.
        kind: What its values are. Text counts as numbers or times if all of it can be read as
            such. `list` is anything nested; `empty` is a column without values.
        rows: Rows of the data, nulls included.
        nulls: Rows without a value: null, NaN, or an empty string in a text column.
        distinct: Number of distinct values without nulls; 0 for lists.
        low: The smallest finite number or time (epoch seconds); None if values have no order.
            Times that lie far from all others do not count.
        high: The largest.
        mean: Their mean.
        median: Their median.
        examples: Up to five values as text, the most frequent ones first.
        alike: Texts that differ only in case or surrounding space, with all spellings of a few
            of them, for example `("85123A", "85123a")`.
        unlike: Number of distinct values if case and surrounding space are ignored; equals
            `distinct` unless the column is text.
        stored_as_text: Whether the file stores it as text, as a CSV file does with every column.
        times: More about times, if the values are that.
    """

    name: str
    kind: ColumnKind
    rows: int
    nulls: int
    distinct: int
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    median: float | None = None
    examples: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    unlike: int = 0
    stored_as_text: bool = False
    times: TimeProfile | None = None

    @property
    def dated(self) -> int:
        """Number of rows with a time that counts."""
        return self.rows - self.nulls - (self.times.far_rows if self.times else 0)


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first value that cannot be read as a type, its row, what it should be, what to do."""

    value: str
    row: int
    wanted: str
    help: str = ""


class Profile(Protocol):
    """Answers to questions about a table with one transaction per row.

    Columns are named as in the data; names that are missing or appear twice raise KeyError.
    """

    @property
    def source(self) -> str:
        """Location of the data, for messages."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order; a broken file may have a name twice."""

    def column(self, name: str) -> ColumnProfile:
        """Return the statistics of one column."""

    def counts(self, name: str) -> Sequence[int]:
        """Return the number of rows of each value of a column, most frequent first, no nulls."""

    def distinct(self, names: Sequence[str]) -> int:
        """Return the number of distinct combinations of these columns' values.

        Rows in which one of them is null do not count.
        """

    def ambiguous(self, key: str, name: str) -> int:
        """Return how many values of `key` occur with more than one value of `name`, no nulls."""

    def rows_between(self, name: str, low: float, high: float) -> int:
        """Return the number of rows whose number or time is in [`low`, `high`).

        Times that lie far from all others do not count.
        """

    def misfit(self, name: str, bq_type: BqType) -> Misfit | None:
        """Return the first value that a run cannot read as this type, if there is one."""

    def reading(self, times: Mapping[str, TimeColumn]) -> Profile:
        """Return the profile in which these columns are read as times."""
