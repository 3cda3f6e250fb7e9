"""Statistics of columns: what a profile answers with. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from recgen.config import BqType

ColumnKind = Literal["text", "integer", "real", "boolean", "time", "list", "empty"]
Formula = Literal["times", "plus", "minus", "divided by"]


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
        failed: Rows with a value that is not a time.
        unzoned: Rows whose time says no zone, where others say one.
        far: Times that lie far from all others.
        far_rows: Rows with such a time, which do not count in `low` and `high`.
        is_clock: Whether they are times of day, without a date.
        step: Seconds between the times that the column's type can hold: float32 skips others.
        hours: Rows with a time in each hour of the day, without those that lie far from the others;
            empty for times of day.
        converted: Rows with a date written year first, where the first twelve days of a month are
            written so and all others are not; 0 if the column is not so divided.
    """

    way: str = ""
    asked: tuple[str, ...] = ()
    failed: int = 0
    unzoned: int = 0
    far: tuple[FarTimes, ...] = ()
    far_rows: int = 0
    is_clock: bool = False
    step: float = 0.0
    hours: tuple[int, ...] = ()
    converted: int = 0


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
        alike: Texts that differ only in case, space, Unicode form (NFKC) or invisible characters,
            with all spellings of a few of them, for example `("85123A", "85123a")`.
        unlike: Number of distinct values if these differences are ignored; equals `distinct`
            unless the column is text.
        stored_as_text: Whether the file stores it as text, as a CSV file does with every column.
        null_words: Number of distinct words such as NaN that count as null here, since all other
            values are numbers or times.
        null_word_rows: Number of rows with one of them.
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
    null_words: int = 0
    null_word_rows: int = 0
    times: TimeProfile | None = None

    @property
    def as_text(self) -> ColumnProfile:
        """The same column read as text, as IDs and categories are: then NaN is a value."""
        return replace(
            self,
            nulls=self.nulls - self.null_word_rows,
            distinct=self.distinct + self.null_words,
            unlike=self.unlike + self.null_words,
            null_words=0,
            null_word_rows=0,
        )

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


Oddity = Literal[
    "null word",
    "line break",
    "outer space",
    "point zero",
    "exponent",
    "lost",
    "leading zero",
    "same number",
    "among numbers",
    "written number",
    "thousands",
    "several",
    "nobody",
]
"""What can be odd about text: it stands for nothing, such as NaN; no vocabulary file can hold it;
it begins or ends with a space; it is a whole number with .0, as are others; it is a number with an
exponent, which lost digits; an export wrote ### or U+FFFD for what it could not write; as a whole
number it equals another text but for zeros in front, or for zeros and separators; it is none of the
numbers that nearly all other texts are; it is a number for people, such as $1,234.50; its point may
separate thousands; it is a list; as an ID, it stands for nobody, such as guest, or a number such as
0 with far more rows than any other value."""


@dataclass(frozen=True, slots=True)
class Odd:
    """Values of a column that are odd in one way.

    Attributes:
        values: Number of distinct values.
        rows: Number of rows with one of them.
        examples: Up to ten of them with their rows, the most frequent ones first.
        meaning: The number that the first example is read as, if it is one.
    """

    values: int
    rows: int
    examples: tuple[tuple[str, int], ...]
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What a column of lists holds, in up to 100,000 rows.

    Attributes:
        rows: Rows whose list is not empty.
        items: Items of these lists, without null and empty text.
        absent: Items that are null or empty text.
        ascending: Neighbours of which the later one is the larger value, as a text or as a number,
            and how many neighbours there are that are not the same.
        known: Items that are values of the feature that the list shares.
        strange: Examples of items that are not.
        longest: Number of items of the longest list.
        repeated: Items that an earlier item of the same list equals.
        own: Of the rows in which a buyer has a product for the first time in the data (of all rows,
            if there are no times), how many hold that product, and how many there are.
        by_chance: The share of them that would hold their product if it were another row's.
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
    absent: int = 0
    ascending: tuple[int, int] = (0, 0)
    own: tuple[int, int] = (0, 0)
    by_chance: float = 0.0
    next: tuple[int, int] = (0, 0)
    order: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Spread:
    """How the numbers of some rows are spread: their number, mean, standard deviation, ends."""

    rows: int
    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Stay:
    """When a value has rows: epoch seconds of the first and the last one, and on how many days."""

    first: float
    last: float
    days: int
