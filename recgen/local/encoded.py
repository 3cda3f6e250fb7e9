"""Columns as distinct values and codes, and their profiles. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.data.profile import ColumnKind, ColumnProfile
from recgen.local.cast import is_text, without_dictionary, without_nan
from recgen.local.kinds import Numbers, find_kind
from recgen.local.times import Bounds, Reading, Times

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""

_EXAMPLES = 5
_SHOWN = 60  # characters of an example


@dataclass(frozen=True)
class Encoded:
    """A column as its distinct values, in order of appearance.

    Attributes:
        values: The distinct values, without null.
        codes: Index of each row's value, -1 for null: int32, [rows].
        counts: Number of rows with each value: int64, [values].
        nulls: Number of rows without a value.
        kind: The kind of the values.
        numbers: A number for each value, if the kind has them: float64, [values].
        times: The values read as times, if they are that.
        bounds: The first and last time that are not far from all others.
        keeps_far: Whether the config says what is null, so that other far times count.
    """

    values: pa.Array
    codes: Array
    counts: Array
    nulls: int
    kind: ColumnKind
    numbers: Numbers | None = None
    times: Times | None = None
    bounds: Bounds | None = None
    keeps_far: bool = False

    def is_far(self) -> Array:
        """Return which times lie far from all others: bool, [values]."""
        import numpy as np

        if self.times is None or self.bounds is None:
            return np.zeros(len(self.values), bool)
        return self.times.known & self.bounds.is_far(self.times.seconds)

    def counted(self) -> Array:
        """Return which numbers and times count in statistics: bool, [values]."""
        import numpy as np

        if self.numbers is None:
            return np.zeros(len(self.values), bool)
        known = np.isfinite(self.numbers)
        return known if self.keeps_far else known & ~self.is_far()


def encode(column: pa.ChunkedArray, reading: Reading | None = None) -> Encoded:
    """Return an encoded column; a nested one has no values.

    Args:
        column: The column of the file.
        reading: How the config reads it if it says that these are times.
    """
    import numpy as np
    import pyarrow as pa

    column = _plain(column)
    nulls = column.null_count
    if pa.types.is_nested(column.type) or nulls == len(column):
        kind: ColumnKind = "list" if nulls < len(column) else "empty"
        none = np.full(len(column), -1, np.int32)
        return Encoded(pa.nulls(0), none, np.zeros(0, np.int64), nulls, kind)
    array = pa.concat_arrays(column.chunks).dictionary_encode()
    codes = array.indices.fill_null(-1).to_numpy()
    counts = np.bincount(codes[codes >= 0], minlength=len(array.dictionary))
    found = find_kind(array.dictionary, reading)
    bounds = None if found.times is None else found.times.bounds(counts)
    keeps_far = reading is not None and reading.nulls is not None
    return Encoded(array.dictionary, codes, counts, nulls, *found, bounds, keeps_far)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values with a single form of null, in a type that Arrow can encode."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column.type, pa.BaseExtensionType):
        storage = [chunk.storage for chunk in column.chunks]
        column = pa.chunked_array(storage, column.type.storage_type)
    column = without_dictionary(column)
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    if pa.types.is_floating(column.type):
        return without_nan(column)
    if not is_text(column):
        return column
    text = column.cast(pa.large_string())  # one array may be larger than 2 GiB
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def describe(name: str, column: Encoded) -> ColumnProfile:
    """Return the profile of a column."""
    distinct = len(column.values)
    alike, unlike = _spellings(column) if column.kind == "text" else ((), distinct)
    found = ColumnProfile(
        name=name,
        kind=column.kind,
        rows=len(column.codes),
        nulls=column.nulls,
        distinct=distinct,
        examples=_most_frequent(column),
        alike=alike,
        unlike=unlike,
        stored_as_text=is_text(column.values),
    )
    return found if column.numbers is None else _with_numbers(found, column, column.numbers)


def _with_numbers(found: ColumnProfile, column: Encoded, numbers: Numbers) -> ColumnProfile:
    """Add statistics of numbers and times; words such as NA among them count as nulls."""
    import numpy as np

    absent = np.isnan(numbers)
    distinct = int((~absent).sum())
    nulls = found.nulls + int(column.counts[absent].sum())
    found = replace(found, nulls=nulls, distinct=distinct, unlike=distinct)
    order = np.argsort(numbers)
    order = order[column.counted()[order]]
    if len(order) == 0:
        return found
    numbers, counts = numbers[order], column.counts[order]
    middle = np.searchsorted(np.cumsum(counts), counts.sum() / 2)
    return replace(
        found,
        low=float(numbers[0]),
        high=float(numbers[-1]),
        mean=float(np.average(numbers, weights=counts)),
        median=float(numbers[middle]),
    )


def _most_frequent(column: Encoded) -> tuple[str, ...]:
    import numpy as np

    order = np.argsort(-column.counts, kind="stable")
    if column.numbers is not None:
        order = order[~np.isnan(column.numbers[order])]
    order = order[:_EXAMPLES]
    return tuple(as_text(column.values[int(at)].as_py()) for at in order)


def _spellings(column: Encoded) -> tuple[tuple[str, ...], int]:
    """Return some texts that differ only in case or space, and the number of distinct others."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_text(column.values):
        return (), len(column.values)
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(column.values)).dictionary_encode()
    codes = folded.indices.to_numpy()
    several = np.flatnonzero(np.bincount(codes, minlength=len(folded.dictionary)) > 1)
    indices = np.flatnonzero(np.isin(codes, several[:_EXAMPLES]))
    indices = indices[np.argsort(codes[indices], kind="stable")][:_EXAMPLES]
    texts = column.values.take(pa.array(indices)).to_pylist()
    return tuple(as_text(text) for text in texts), len(folded.dictionary)


def as_text(value: object) -> str:
    """Return a value as a short string."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
