"""Columns as distinct values and codes, and their profiles. Reads no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.data.statistics import ColumnKind, ColumnProfile
from recgen.data.words import decoded_once
from recgen.local.cast import is_list, is_text, plain, shown, without_nan
from recgen.local.cast.arrow import single
from recgen.local.cast.words import without_words
from recgen.local.kinds import Numbers, find_kind
from recgen.local.pairs import ordered
from recgen.local.times import Bounds, Reading, Times

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""

_EXAMPLES = 5
_PROBED = 1000  # texts
_CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f]"  # what fills up texts of a fixed length
_INVISIBLE = r"[\p{Cf}\x{fe00}-\x{fe0f}\x{34f}]"  # soft hyphen, zero width, byte order mark
_SHOWN = 60  # characters of an example
_MANY = 2**22  # rows whose numbers are sorted, not hashed
_ENCODED_TWICE = r"[\x{C2}-\x{F4}][^ -~]"
_OTHER_SCRIPTS = r"[\x{370}-\x{52f}]"  # Greek and Cyrillic
_LOOK_ALIKE = str.maketrans(
    "\u0430\u0432\u0435\u0456\u0458\u043a\u043c\u043d\u043e\u0440\u0441\u0455\u0442\u0443\u0445"
    "\u03b1\u03b2\u03b5\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03b6",
    "abeijkmhopcstyxabehikmnoptyxz",
)
"""Small Cyrillic and Greek letters that look like Latin ones, at least as capitals."""
_HEX = "[0-9a-f]"
_GUARD = r"""^(?:="(.*)"|'(.*))$"""  # ="00123" and '00123: a spreadsheet keeps the zeros
_UUID = (
    rf"^(?:urn:uuid:)?\{{?({_HEX}{{8}})-?({_HEX}{{4}})-?({_HEX}{{4}})-?({_HEX}{{4}})-?"
    rf"({_HEX}{{12}})\}}?$"
)


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


def encode(
    column: pa.ChunkedArray,
    null_values: Sequence[str] = (),
    decimal: str | None = None,
    reading: Reading | None = None,
    *,
    names_time: bool = False,
) -> Encoded:
    """Return an encoded column; a nested one has no values.

    Args:
        column: The column of the file.
        null_values: Texts that are null.
        decimal: The decimal mark of numbers in text; None finds it from the column.
        reading: How the config reads it if it says that these are times.
        names_time: Whether its name is that of a time.
    """
    import numpy as np
    import pyarrow as pa

    column = _with_nulls(without_words(plain(column), null_values))
    if _has_no_codes(column):
        kind: ColumnKind = "list" if column.null_count < len(column) else "empty"
        none = np.full(len(column), -1, np.int32)
        return Encoded(pa.nulls(0), none, np.zeros(0, np.int64), column.null_count, kind)
    values, codes = _coded(column)
    values = _restored(values, column.type)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    nulls = int((codes < 0).sum())
    found = find_kind(values, reading, decimal, names_time=names_time)
    bounds = None if found.times is None else found.times.bounds(counts)
    keeps_far = reading is not None and reading.nulls is not None
    return Encoded(values, codes, counts, nulls, *found, bounds, keeps_far)


def codes_of(column: pa.ChunkedArray) -> Array | None:
    """Return a number for each row, the same for the same values; None for lists and records."""
    column = _with_nulls(plain(column))
    if _has_no_codes(column):
        return None
    return _coded(column)[1]


def _coded(column: pa.ChunkedArray) -> tuple[pa.Array, Array]:
    """Return the distinct values in order of appearance, and each row's index, -1 for null.

    Arrow's hash table takes up to 200 bytes for each distinct value; sorting takes 40 for each row.
    """
    import numpy as np
    import pyarrow as pa

    array = pa.concat_arrays(_encodable(column).chunks)
    is_number = pa.types.is_primitive(array.type) and array.type.bit_width in (32, 64)
    if not is_number or len(array) < _MANY:
        encoded = array.dictionary_encode()
        return encoded.dictionary, encoded.indices.fill_null(-1).to_numpy()
    codes = np.full(len(array), -1, np.int32)
    has_value = array.is_valid().to_numpy(zero_copy_only=False)
    array = array.drop_null()
    bits = array.view(pa.int64() if array.type.bit_width == 64 else pa.int32()).to_numpy()
    order, found = ordered(bits)
    is_new = np.append(True, found[1:] != found[:-1])
    del found
    first = order[is_new]  # row of each value
    appears = np.zeros(len(bits), bool)
    appears[first] = True
    places = np.cumsum(appears, dtype=np.int32)[first] - np.int32(1)
    own = np.empty(len(bits), np.int32)
    own[order] = places[np.cumsum(is_new, dtype=np.int32) - 1]
    codes[has_value] = own
    return array.filter(pa.array(appears)), codes


def _has_no_codes(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa

    is_nested = pa.types.is_nested(column.type) or is_list(column)
    return bool(is_nested or column.null_count == len(column))


def _with_nulls(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return plain values with a single form of null: NaN and empty text or bytes are null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type) and not pa.types.is_float16(column.type):
        return without_nan(column)
    if is_text(column) or pa.types.is_large_binary(column.type):
        empty = pc.equal(pc.binary_length(column), 0)
        return pc.if_else(empty, pa.scalar(None, column.type), column)
    return column


def _encodable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values in a type that all versions of Arrow can encode."""
    import pyarrow as pa

    if pa.types.is_duration(column.type):
        return column.cast(pa.int64())
    return without_nan(single(column)) if pa.types.is_float16(column.type) else column


def _restored(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return distinct values in the type of their column."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_float16(kind):
        return pa.array(values.to_numpy(zero_copy_only=False).astype(np.float16))
    return values.cast(kind) if pa.types.is_duration(kind) else values


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
    absent_rows = int(column.counts[absent].sum())
    words = int(absent.sum())
    found = replace(found, nulls=found.nulls + absent_rows, distinct=distinct, unlike=distinct)
    found = replace(found, null_words=words, null_word_rows=absent_rows)
    is_counted = column.counted()
    order, numbers = ordered(numbers[is_counted])
    if len(order) == 0:
        return found
    counts = column.counts[is_counted][order]
    rows = counts.sum()
    middle = np.searchsorted(np.cumsum(counts), rows / 2)
    return replace(
        found,
        low=float(numbers[0]),
        high=float(numbers[-1]),
        mean=float(np.sum(numbers * (counts / rows))),  # a sum of numbers could overflow
        median=float(numbers[middle]),
    )


def _most_frequent(column: Encoded) -> tuple[str, ...]:
    import numpy as np
    import pyarrow as pa

    order, _ = ordered(-column.counts)
    if column.numbers is not None:
        order = order[~np.isnan(column.numbers[order])]
    order = order[:_EXAMPLES]
    return tuple(cut(text) for text in shown(column.values.take(pa.array(order))))


def _spellings(column: Encoded) -> tuple[tuple[str, ...], int]:
    """Return some texts that differ only in spelling, and the number of distinct others."""
    import numpy as np
    import pyarrow as pa

    if not is_text(column.values):
        return (), len(column.values)
    folded = _folded(column.values).dictionary_encode()
    codes = folded.indices.to_numpy()
    several = np.flatnonzero(np.bincount(codes, minlength=len(folded.dictionary)) > 1)
    indices = np.flatnonzero(np.isin(codes, several[:_EXAMPLES]))
    indices = indices[np.argsort(codes[indices], kind="stable")][:_EXAMPLES]
    texts = shown(column.values.take(pa.array(indices)))
    return tuple(cut(text) for text in texts), len(folded.dictionary)


def _folded(texts: pa.Array) -> pa.Array:
    """Return texts without differences that nobody means.

    These are the Unicode form, case, spaces, invisible characters, letters of other scripts that
    look alike, a spreadsheet's marks of text, and the ways to write a UUID.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.all(pc.string_is_ascii(texts)).as_py():
        texts = pc.utf8_normalize(_decoded_once(texts), form="NFKC")
        texts = pc.replace_substring_regex(texts, _INVISIBLE, "")
        texts = pc.utf8_lower(texts)
        other = pc.match_substring_regex(texts, _OTHER_SCRIPTS)
        if pc.any(other).as_py():
            latin = [text.translate(_LOOK_ALIKE) for text in texts.filter(other).to_pylist()]
            texts = pc.replace_with_mask(texts, other, pa.array(latin, texts.type))
    texts = pc.utf8_lower(pc.replace_substring_regex(texts, _CONTROLS, ""))
    texts = pc.replace_substring_regex(texts, _GUARD, r"\1\2")
    if pc.any(pc.match_substring_regex(texts.slice(0, _PROBED), _UUID)).as_py():
        texts = pc.replace_substring_regex(texts, _UUID, r"\1\2\3\4\5")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"[\s\p{Z}]+", " "))


def _decoded_once(texts: pa.Array) -> pa.Array:
    """Return texts as they were where UTF-8 was taken for cp1252, as in `MÃ¼ller`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    twice = pc.match_substring_regex(texts, _ENCODED_TWICE)
    if not pc.any(twice).as_py():
        return texts
    once = [decoded_once(text) for text in texts.filter(twice).to_pylist()]
    return pc.replace_with_mask(texts, twice, pa.array(once, texts.type))


def cut(text: str) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
