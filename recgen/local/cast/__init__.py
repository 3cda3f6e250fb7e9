"""Conversion of columns to the types that `preprocessing_fn` expects. Reads no files.

`arrow` brings every Arrow type into one of a few, `text`, `numbers`, `times` and `lists` cast
these, and `numerals` reads numbers that people have formatted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from recgen.config import item_type
from recgen.findings import RecgenError
from recgen.local.cast.arrow import (
    UnfitError,
    Values,
    is_bytes,
    is_list,
    is_text,
    plain,
    without_nan,
)
from recgen.local.cast.lists import Cast, as_lists
from recgen.local.cast.numbers import as_code, as_real, as_truth, as_whole, plain_numbers
from recgen.local.cast.text import as_bytes, as_text, readable, shown
from recgen.local.cast.times import as_seconds
from recgen.local.cast.words import without_words
from recgen.local.times import Reading

__all__ = [
    "Column",
    "Unfit",
    "Values",
    "first_misfit",
    "is_list",
    "is_text",
    "plain",
    "plain_numbers",
    "readable",
    "shown",
    "to_column",
    "without_nan",
]

TEMPORAL = frozenset({"TIMESTAMP", "DATETIME", "DATE", "TIME"})
_WHOLE = "a whole number"
_ADVICE = "correct the value, or change the bq_type of the column"


class Column(Protocol):
    """A raw column as the reader needs it, such as `recgen.plan.InputColumn`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def bq_type(self) -> str: ...  # noqa: D102
    @property
    def dtype(self) -> str: ...  # noqa: D102
    @property
    def is_list(self) -> bool: ...  # noqa: D102
    @property
    def is_category(self) -> bool: ...  # noqa: D102
    @property
    def time_format(self) -> str | None: ...  # noqa: D102
    @property
    def null_times(self) -> Sequence[str] | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Unfit:
    """The first value that a cast rejects: its index, what it should be, and what to do."""

    at: int
    wanted: str
    help: str = ""


def to_column(
    values: Values,
    column: Column,
    first_row: int = 1,
    decimal: str | None = None,
    null_values: Sequence[str] = (),
) -> Values:
    """Return the values as text, int64 or float32; times become epoch seconds, nulls are kept.

    Lists become large lists of these types without null items; a null list becomes empty.

    Args:
        values: The column of the file.
        column: The type to convert to.
        first_row: The row number of the first value, for messages.
        decimal: The decimal mark of numbers in text; None finds it from the column.
        null_values: Texts that are null, exactly as written.

    Raises:
        RecgenError: A value cannot be converted; the message names the value and its row.
    """
    import pyarrow as pa

    values = plain(values)
    if values.null_count == len(values):
        values = pa.chunked_array([pa.nulls(len(values))])
    cast, wanted = _cast_for(column, decimal, null_values)
    try:
        return cast(values)
    except _refusals():
        unfit = _first_unfit(values, cast, wanted)
    raise RecgenError(
        f"column {column.name!r}: {_short(values.slice(unfit.at, 1))} in row "
        f"{first_row + unfit.at:,} is not {unfit.wanted} ({column.bq_type})",
        unfit.help or _ADVICE,
    )


def first_misfit(values: Values, column: Column, decimal: str | None = None) -> Unfit | None:
    """Return the first value that `to_column` rejects; None if it takes all."""
    values = plain(values)
    cast, wanted = _cast_for(column, decimal, ())
    try:
        cast(values)
    except _refusals():
        return _first_unfit(values, cast, wanted)
    return None


def _refusals() -> tuple[type[Exception], ...]:
    import pyarrow as pa

    return UnfitError, pa.ArrowInvalid, pa.ArrowNotImplementedError


def _cast_for(column: Column, decimal: str | None, null_values: Sequence[str]) -> tuple[Cast, str]:
    """Return the cast of a column, and a description of the values it expects."""
    to_type, wanted = _cast_of_one(column, decimal)
    if column.is_category and wanted == _WHOLE:
        to_type = partial(as_code, decimal=decimal)

    def cast(values: Values) -> Values:
        return to_type(without_words(values, null_values))

    if column.is_list:
        wanted = f"a list, each item {wanted}"
        return partial(as_lists, cast=cast, wanted=wanted), wanted
    return cast, wanted


def _cast_of_one(column: Column, decimal: str | None) -> tuple[Cast, str]:
    """Return the cast of single values, or of a list's items."""
    bq_type = item_type(column.bq_type)
    if bq_type == "BYTES":
        return as_bytes, "bytes"
    if column.dtype == "string":
        return as_text, "text"
    if bq_type in TEMPORAL:
        reading = Reading(bq_type, column.time_format, column.null_times)
        return partial(as_seconds, reading=reading), reading.wanted
    if bq_type in ("BOOL", "BOOLEAN"):
        return as_truth, "true or false"
    if column.dtype == "int64":
        return partial(as_whole, decimal=decimal), _WHOLE
    return partial(as_real, decimal=decimal), "a finite number"


def _first_unfit(values: Values, cast: Cast, wanted: str) -> Unfit:
    """Return the first value that cannot be cast, and why."""
    found = _refusal(values, cast, wanted)
    if found.at is None:  # what a refusal that names the value expects may depend on other values
        at = _first_failure(values, cast)
        found = _refusal(values.slice(at, 1), cast, wanted)
        found.at = at if values[at].is_valid else _first_valid(values)
    assert found.at is not None
    return Unfit(found.at, found.wanted, found.help)


def _refusal(values: Values, cast: Cast, wanted: str) -> UnfitError:
    try:
        cast(values)
    except UnfitError as error:
        return error
    except _refusals():
        pass
    return UnfitError(wanted)


def _first_valid(values: Values) -> int:
    """Return the index of the first value that is not null; 0 if there is none."""
    import pyarrow.compute as pc

    return max(0, int(pc.index(values.is_valid(), True).as_py()))


def _first_failure(values: Values, cast: Cast) -> int:
    """Return the index of the first value that cannot be cast, by bisection."""
    good, bad = 0, len(values)
    while bad - good > 1:
        middle = (good + bad) // 2
        try:
            cast(values.slice(good, middle - good))
        except _refusals():
            bad = middle
        else:
            good = middle
    return good


def _short(value: Values) -> str:
    """Return the only value for a message, text in quotes."""
    (text,) = shown(value.combine_chunks())
    quoted = repr(text) if is_text(value) or is_bytes(value.type) else text
    return quoted if len(quoted) <= 60 else f"{quoted[:57]}..."
