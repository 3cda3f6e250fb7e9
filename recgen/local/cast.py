"""Conversion of columns to the types that `preprocessing_fn` expects. Reads no files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

from recgen.config import item_type
from recgen.findings import RecgenError
from recgen.local.times import NotTimesError, Reading, as_times

if TYPE_CHECKING:
    import pyarrow as pa

Values: TypeAlias = "pa.ChunkedArray"
Cast: TypeAlias = Callable[[Values], Values]

TEMPORAL = frozenset({"TIMESTAMP", "DATETIME", "DATE", "TIME"})
_TRUTHS = {"true": 1, "t": 1, "yes": 1, "1": 1, "false": 0, "f": 0, "no": 0, "0": 0}
_NO_NUMBER = (
    "",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "nat",
    "\\n",
)  # null, as pandas, R and MySQL write it


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
    def time_format(self) -> str | None: ...  # noqa: D102
    @property
    def null_times(self) -> Sequence[str] | None: ...  # noqa: D102


def to_column(values: Values, column: Column, first_row: int = 1) -> Values:
    """Return the values as text, int64 or float32; times become epoch seconds, nulls are kept.

    Lists become large lists of these types without null items; a null list becomes empty.

    Args:
        values: The column of the file.
        column: The type to convert to.
        first_row: The row number of the first value, for messages.

    Raises:
        RecgenError: A value cannot be converted; the message names the value and its row.
    """
    import pyarrow as pa

    values = without_dictionary(values)
    cast, wanted = _cast_for(column)
    try:
        return cast(values)
    except NotTimesError as error:
        raise RecgenError(
            f"column {column.name!r}: {_short(values[error.at].as_py())} in row "
            f"{first_row + error.at:,} is not {error.wanted} ({column.bq_type})",
            error.help,
        ) from error
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        at = _first_failure(values, cast)
        raise RecgenError(
            f"column {column.name!r}: {_short(values[at].as_py())} in row {first_row + at} "
            f"is not {wanted} ({column.bq_type})",
            "correct the value, or change the bq_type of the column",
        ) from error


def first_misfit(values: Values, column: Column) -> tuple[int, str] | None:
    """Return the index of the first value that `to_column` rejects, and what is expected."""
    import pyarrow as pa

    cast, wanted = _cast_for(column)
    try:
        cast(values)
    except NotTimesError as error:
        return error.at, error.wanted
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _first_failure(values, cast), wanted
    return None


def without_dictionary(values: Values) -> Values:
    """Return dictionary-encoded values decoded, and others unchanged."""
    import pyarrow as pa

    is_dictionary = pa.types.is_dictionary(values.type)
    return values.cast(values.type.value_type) if is_dictionary else values


def _cast_for(column: Column) -> tuple[Cast, str]:
    """Return the cast of a column, and a description of the values it expects."""
    if column.is_list:
        cast, wanted = _cast_of_one(column)
        return partial(_items, cast=_without_places(cast)), f"a list, each item {wanted}"
    return _cast_of_one(column)


def _without_places(cast: Cast) -> Cast:
    """Return the cast with errors that name no item, whose index says nothing about the row."""

    def cast_items(items: Values) -> Values:
        import pyarrow as pa

        try:
            return cast(items)
        except NotTimesError as error:
            raise pa.ArrowInvalid(error.wanted) from error

    return cast_items


def _cast_of_one(column: Column) -> tuple[Cast, str]:
    """Return the cast of single values, or of a list's items."""
    bq_type = item_type(column.bq_type)
    if bq_type in TEMPORAL and column.dtype == "int64":
        reading = Reading(bq_type, column.time_format, column.null_times)
        return partial(_seconds, reading=reading), reading.wanted
    return _cast_for_type(bq_type, column.dtype)


def _cast_for_type(bq_type: str, dtype: str) -> tuple[Cast, str]:
    if bq_type == "BYTES":
        return _binary, "bytes"
    if dtype == "string":
        return _text, "text"
    if bq_type in ("BOOL", "BOOLEAN"):
        return _truth, "true or false"
    if dtype == "int64":
        return _whole, "a whole number"
    return _real, "a finite number"


def _first_failure(values: Values, cast: Cast) -> int:
    """Return the index of the first value that cannot be cast, by bisection."""
    import pyarrow as pa

    good, bad = 0, len(values)
    while bad - good > 1:
        middle = (good + bad) // 2
        try:
            cast(values.slice(good, middle - good))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            bad = middle
        else:
            good = middle
    return good


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_text(values: Values) -> bool:
    """Return whether the values are text."""
    import pyarrow as pa

    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def is_list(values: Values) -> bool:
    """Return whether the values are lists."""
    import pyarrow as pa

    kinds = pa.types
    tests = (kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list)
    return any(test(values.type) for test in tests)


def _binary(values: Values) -> Values:
    import pyarrow as pa

    return values.cast(pa.large_binary())


def _text(values: Values) -> Values:
    """Return text. Empty text is null, as in a CSV file; the float 17850.0 becomes `17850`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(values.type):  # integer columns with nulls are often stored as floats
        whole = without_nan(values)
        rounded = pc.all(pc.equal(pc.floor(whole), whole)).as_py()
        values = whole.cast(pa.int64()) if rounded is not False else whole
    text = values.cast(pa.large_string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def _items(lists: Values, cast: Cast) -> Values:
    """Return lists with their items cast."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(lists.type):  # the file has null in every row
        lists = lists.cast(pa.large_list(pa.null()))
    if not is_list(lists):
        raise pa.ArrowInvalid("not a list")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    present = lists.filter(lists.is_valid()).combine_chunks()  # a null list may have hidden items
    items = cast(without_dictionary(pa.chunked_array([present.flatten()]))).combine_chunks()
    is_known = items.is_valid().to_numpy(zero_copy_only=False)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    counts = np.bincount(owners[is_known], minlength=len(lengths))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
    return pa.chunked_array([pa.LargeListArray.from_arrays(offsets, items.drop_null())])


def plain_numbers(values: Values) -> Values:
    """Return text stripped and with words for null as null; other values are unchanged."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_text(values):
        return without_nan(values) if pa.types.is_floating(values.type) else values
    text = pc.utf8_trim_whitespace(values.cast(pa.large_string()))
    absent = pc.is_in(pc.utf8_lower(text), value_set=pa.array(_NO_NUMBER, pa.large_string()))
    return pc.if_else(absent, pa.scalar(None, pa.large_string()), text)


def without_nan(values: Values) -> Values:
    """Return floats with null for NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def _whole(values: Values) -> Values:
    import pyarrow as pa

    numbers = plain_numbers(values)
    try:
        return numbers.cast(pa.int64())
    except pa.ArrowInvalid:  # 6.0 is whole; the second cast rejects 6.5
        return without_nan(numbers.cast(pa.float64())).cast(pa.int64())


def _real(values: Values) -> Values:
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = without_nan(plain_numbers(values).cast(pa.float64()))
    single = numbers.cast(pa.float32(), safe=False)
    if pc.all(pc.is_finite(single)).as_py() is False:
        raise pa.ArrowInvalid("infinite, or beyond float32")
    return single


def _truth(values: Values) -> Values:
    import pyarrow as pa
    import pyarrow.compute as pc

    words = plain_numbers(values)
    if not is_text(words):
        truths = words.cast(pa.bool_())  # also rejects values that are not numbers
        return truths.cast(pa.int64())
    words = pc.utf8_lower(words)
    at = pc.index_in(words, value_set=pa.array(list(_TRUTHS), pa.large_string()))
    if pc.any(pc.and_(pc.is_null(at), pc.is_valid(words))).as_py():
        raise pa.ArrowInvalid("neither true nor false")
    return pa.chunked_array([pa.array(list(_TRUTHS.values()), pa.int64())]).take(at)


def _seconds(values: Values, reading: Reading) -> Values:
    """Return epoch seconds, or the seconds of the day."""
    return as_times(plain_numbers(values), reading)
