"""Profile of a data set: what rules and proposals ask about it. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Protocol

from recgen.config import BqType, DataConfig
from recgen.data.copies import RepeatedRows, ReplayedRows
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

    def ambiguous(self, key: str, name: str, nulls: Collection[str] = ()) -> int:
        """Return how many values of `key` occur with more than one value of `name`.

        Null is a value of those of the two that are in `nulls`; other rows with null do not count.
        """

    def rows_between(self, name: str, low: float, high: float) -> int:
        """Return the number of rows whose number or time is in [`low`, `high`).

        Times that lie far from all others do not count.
        """

    def days(self, name: str) -> Mapping[int, int]:
        """Return the number of rows of each day in a column of times, as days since 1970 (UTC).

        Times that lie far from all others do not count.
        """

    def stays(self, key: str, date: str, days: int) -> Sequence[Stay]:
        """Return when each value of `key` with rows on so many days is there.

        Times that lie far from all others do not count.
        """

    def spread(
        self, name: str, date: str | None = None, since: float = -inf, until: float = inf
    ) -> Spread | None:
        """Return the spread of a column's numbers; None if there are none.

        Args:
            name: The column.
            date: A column of times: only rows whose time lies in [`since`, `until`) count.
            since: The first such time, in epoch seconds.
            until: The first time after them.
        """

    def correlation(self, name: str, other: str, key: str | None = None) -> float:
        """Return the correlation of a column with another, from -1 to 1.

        It is 0 if one of them has no numbers, or is the same in all rows. With a key, it is that of
        the column's mean over the rows of each of the key's values.
        """

    def formula(
        self, name: str, first: str, second: str, least: float
    ) -> tuple[Formula, bool] | None:
        """Return what of two columns a column is, and whether the second comes first.

        It is a product, a sum, a difference or a ratio with which the column's correlation is at
        least `least`, of either sign.
        """

    def explained(self, name: str, others: Sequence[str], keys: Sequence[str]) -> float:
        """Return the share of a column's variance that others explain, from 0 to 1.

        What the means of the keys' values explain does not count. It is of some rows, and 0 if it
        is unknown.
        """

    def odd(self, name: str, oddity: Oddity) -> Odd | None:
        """Return the texts of a column that are odd in a way; None if there are none."""

    def repeated_rows(self, names: Sequence[str]) -> RepeatedRows | None:
        """Return which rows are the same as an earlier one; None if each is another.

        Args:
            names: The columns that a run reads. Only rows that are alike in these are compared in
                the others; in large files, only these columns are compared.
        """

    def replayed_rows(self, names: Sequence[str], date: str) -> ReplayedRows | None:
        """Return which rows at the end are earlier ones but for their time; None if none are.

        Args:
            names: The columns that a run reads, as in `repeated_rows`, without times.
            date: The column of the time.
        """

    def read_as(self, data: DataConfig, times: Mapping[str, TimeColumn] | None = None) -> Profile:
        """Return the profile of the same data, read as a config says.

        Args:
            data: Says which texts are null.
            times: The columns that the config reads as times, by their name in the data.
        """

    def known(self, names: Sequence[str]) -> Profile:
        """Return the profile of the rows in which each of these columns has a value."""

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


class OpensProfile(Protocol):
    """Opens the profile of a file that is read as the config says: encoding, delimiter, names."""

    def __call__(self, data: DataConfig) -> Profile:
        """Return the profile."""
