"""Kinds of columns, inferred from their values, whatever type the file gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.data.profile import ColumnKind
from recgen.local.cast import is_text, plain_numbers
from recgen.local.cast.arrow import QuestionError, UnfitError
from recgen.local.cast.numbers import NO, YES, as_double
from recgen.local.cast.numerals import plain_numerals

if TYPE_CHECKING:
    import pyarrow as pa

Values: TypeAlias = "pa.Array"
Numbers: TypeAlias = Any
"""A float64 numpy array: a number for each value, NaN for words that mean null."""

_TRUTHS = tuple(word for word in (*YES, *NO) if word not in ("0", "1"))  # as a run reads them
_PADDED = r"^[+-]?0\d"  # 00123 is a code, not a number
_WHOLE = r"^[+-]?\d+$"
_DATES = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_YEAR_1000 = -30_610_224_000  # before that, a two-digit year was parsed as a four-digit one
_EPOCH = (1_000_000_000, 2_100_000_000)  # 2001 to 2036, epoch seconds with ten digits
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)  # of a second
_SPARSE = 4  # minimum ratio of range to values; denser numbers are IDs


def find_kind(values: Values) -> tuple[ColumnKind, Numbers | None]:
    """Return the kind of a column's values, and a number for each value if the kind has them.

    Args:
        values: The distinct values, without null.

    Returns:
        The kind and the numbers; times are epoch seconds.
    """
    import pyarrow as pa

    types = pa.types
    if len(values) == 0:
        return "empty", None
    if is_text(values):
        return _kind_of_text(values)
    if types.is_boolean(values.type):
        return "boolean", None
    if types.is_duration(values.type):
        return _real(_doubles(values))
    if types.is_temporal(values.type) and not types.is_interval(values.type):
        return "time", _seconds(values)
    if types.is_integer(values.type):
        return _whole(_floats(values))
    if types.is_floating(values.type) or types.is_decimal(values.type):
        return _real(_doubles(values))
    return "text", None


def _kind_of_text(values: Values) -> tuple[ColumnKind, Numbers | None]:
    import pyarrow.compute as pc

    words = plain_numbers(values)
    if words.null_count == len(words):
        return "empty", None
    if pc.all(pc.is_in(pc.utf8_lower(words), value_set=_texts(_TRUTHS), skip_nulls=True)).as_py():
        return "boolean", None
    try:
        numbers = _doubles(words)
    except QuestionError:
        return "real", _floats(_unasked(words))
    except UnfitError:
        seconds = _parsed(words)
        return ("text", None) if seconds is None else ("time", seconds)
    if pc.any(pc.match_substring_regex(words, _PADDED)).as_py() or _are_grouped_codes(words):
        return "text", None
    if not pc.all(pc.match_substring_regex(words, _WHOLE)).as_py():
        return _real(numbers)
    if (abs(numbers) >= 2.0**63).any():
        return "text", None  # too large for int64: a code of many digits
    return _whole(numbers)


def _unasked(words: Values) -> Values:
    """Return numbers whose decimal mark or unit is a question, with a point as decimal mark."""
    import pyarrow as pa

    return plain_numerals(pa.chunked_array([words]), ".", units=False).cast(pa.float64())


def _are_grouped_codes(words: Values) -> bool:
    """Return whether all texts are digits in groups, as in 123 456 789 (a phone) or 10.20.30.40."""
    import pyarrow.compute as pc

    grouped = pc.match_substring_regex(words, r"^[0-9]{1,3}([ .][0-9]{3}){2,}$")
    return bool(pc.all(grouped).as_py())


def _doubles(values: Values, decimal: str | None = None) -> Numbers:
    import pyarrow as pa

    return _floats(as_double(pa.chunked_array([values]), decimal))


def _texts(words: tuple[str, ...]) -> Values:
    import pyarrow as pa

    return pa.array(words, pa.large_string())


def _floats(values: Values) -> Numbers:
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _real(numbers: Numbers) -> tuple[ColumnKind, Numbers]:
    """Return the kind of floats; integer columns with nulls are often stored as floats."""
    import numpy as np

    known = numbers[np.isfinite(numbers)]
    is_whole = len(known) and (known == np.floor(known)).all() and np.isfinite(numbers).all()
    return _whole(numbers) if is_whole else ("real", numbers)


def _whole(numbers: Numbers) -> tuple[ColumnKind, Numbers]:
    """Return the kind of integers; epoch times are large and, unlike IDs, have gaps."""
    import numpy as np

    known = numbers[np.isfinite(numbers)]
    low, high = known.min(), known.max()
    for unit in _UNITS:
        in_range = low >= _EPOCH[0] * unit and high <= _EPOCH[1] * unit
        if in_range and high - low >= _SPARSE * len(known):
            return "time", numbers / unit
    return "integer", numbers


def _seconds(values: Values) -> Numbers:
    """Return the epoch seconds of dates and timestamps, or the seconds of the day of times."""
    import pyarrow as pa

    kind = values.type
    if pa.types.is_time(kind):
        return _floats(values.cast(pa.time64("ns")).cast(pa.int64())) / 1e9
    try:
        moments = values.cast(pa.timestamp("us", tz=getattr(kind, "tz", None)), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return _floats(moments.cast(pa.int64())) / 1e6


def _parsed(words: Values) -> Numbers | None:
    """Return the epoch seconds of texts, or None unless all are times of one format."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for zone in (None, "UTC"):
        try:
            return _seconds(words.cast(pa.timestamp("us", tz=zone)))
        except pa.ArrowInvalid:
            continue
    for clock in _CLOCKS:
        for date in _DATES:
            times = pc.strptime(words, format=date + clock, unit="us", error_is_null=True)
            if times.null_count == words.null_count:
                seconds = _seconds(times)
                if not (seconds < _YEAR_1000).any():
                    return seconds
    return None
