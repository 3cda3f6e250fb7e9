"""What the data is like, as far as rules and proposals ask. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ColumnKind = Literal["text", "integer", "real", "boolean", "time", "list", "empty"]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column. `empty` is a column without any value.

    Attributes:
        name: The column's name in the data.
        kind: What its values are; text that is a number or a time all over counts as that.
        rows: Rows of the data, nulls included.
        nulls: Rows without a value: null, and in text the empty string.
        distinct: Different values, nulls not counted.
        low: The smallest number or time (epoch seconds); None where there is no order.
        high: The largest.
        mean: Their mean.
        median: Their median.
        examples: Up to five values as text, the most frequent ones first.
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


class Profile(Protocol):
    """Answers questions about a table of transactions, one a row.

    Columns are asked for by their name in the data; names that are not there raise KeyError.
    """

    @property
    def source(self) -> str:
        """Where the data is, for messages."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""

    def column(self, name: str) -> ColumnProfile:
        """Returns what one column is like."""

    def counts(self, name: str) -> Sequence[int]:
        """Returns how many rows each value of a column has, the most frequent first, no nulls."""

    def distinct(self, names: Sequence[str]) -> int:
        """Returns how many different combinations of these columns' values there are."""
