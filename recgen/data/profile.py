"""Profile of a data set: what rules and proposals ask about it. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from recgen.config import BqType

ColumnKind = Literal["text", "integer", "real", "boolean", "time", "list", "empty"]


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
        high: The largest.
        mean: Their mean.
        median: Their median.
        examples: Up to five values as text, the most frequent ones first.
        alike: Texts that differ only in case or surrounding space, with all spellings of a few
            of them, for example `("85123A", "85123a")`.
        unlike: Number of distinct values if case and surrounding space are ignored; equals
            `distinct` unless the column is text.
        stored_as_text: Whether the file stores it as text, as a CSV file does with every column.
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
    """The first value that cannot be read as a type, its row, and what it should be."""

    value: str
    row: int
    wanted: str


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What a column of lists holds, in up to 100,000 rows.

    Attributes:
        rows: Rows whose list is not empty.
        items: Items of these lists, without null and empty text.
        known: Items that are values of the feature that the list shares.
        strange: Examples of items that are not.
        longest: Number of items of the longest list.
        repeated: Items that an earlier item of the same list equals.
        own: Of the rows in which a buyer has a product for the first time in the data (of all rows,
            if there are no times), how many hold that product, and how many there are.
        next: Of the rows after which the buyer has another product for the first time, how many
            hold the first such product, and how many there are.
        order: Neighbours of which the later one was first bought later, and those in reverse.
    """

    rows: int
    items: int
    known: int
    strange: tuple[str, ...] = ()
    longest: int = 0
    repeated: int = 0
    own: tuple[int, int] = (0, 0)
    next: tuple[int, int] = (0, 0)
    order: tuple[int, int] = (0, 0)


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
        """Return the number of rows whose number or time is in [`low`, `high`)."""

    def misfit(self, name: str, bq_type: BqType) -> Misfit | None:
        """Return the first value that a run cannot read as this type, if there is one."""

    def lists(self, name: str, values: str, of: Sequence[str] = ()) -> ListFacts:
        """Return facts about a column of lists of the values of another column.

        Args:
            name: The column of lists.
            values: The other column.
            of: The columns of the buyer, the product and the time, as far as known, in this order.
                The lists are compared with the purchases if `values` is the product.
        """
