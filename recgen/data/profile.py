"""What the data is like, as far as rules and proposals ask. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from recgen.config import BqType

ColumnKind = Literal["text", "integer", "real", "boolean", "time", "list", "empty"]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column.

    Attributes:
        name: The column's name in the data.
        kind: What its values are; text that is a number or a time all over counts as that.
            `list` is anything nested; `empty` is a column without any value.
        rows: Rows of the data, nulls included.
        nulls: Rows without a value: null, NaN, and in text the empty string.
        distinct: Different values, nulls not counted; 0 for lists.
        low: The smallest finite number or time (epoch seconds); None where there is no order.
        high: The largest.
        mean: Their mean.
        median: Their median.
        examples: Up to five values as text, the most frequent ones first.
        alike: Texts that differ only in case or in space around them, all spellings of a few
            of them, for example `("85123A", "85123a")`.
        unlike: Different values when case and space around them do not count; `distinct` for
            what is no text.
        stored_as_text: Whether the file holds it as text, as a CSV does with everything.
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


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that cannot be read as a type: the first one, its row, and what it should be."""

    value: str
    row: int
    wanted: str


class Profile(Protocol):
    """Answers questions about a table of transactions, one a row.

    Columns are asked for by their name in the data; names that are not there, or that are there
    twice, raise KeyError.
    """

    @property
    def source(self) -> str:
        """Where the data is, for messages."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in their order; a broken file may have one twice."""

    def column(self, name: str) -> ColumnProfile:
        """Returns what one column is like."""

    def counts(self, name: str) -> Sequence[int]:
        """Returns how many rows each value of a column has, the most frequent first, no nulls."""

    def distinct(self, names: Sequence[str]) -> int:
        """Returns how many different combinations of these columns' values there are.

        Rows where one of them is null do not count.
        """

    def ambiguous(self, key: str, name: str) -> int:
        """Returns how many values of `key` come with more than one value of `name`, no nulls."""

    def rows_between(self, name: str, low: float, high: float) -> int:
        """Returns in how many rows a number or time is at least `low` and less than `high`."""

    def misfit(self, name: str, bq_type: BqType) -> Misfit | None:
        """Returns the first value that a run cannot read as that type, if there is one."""
