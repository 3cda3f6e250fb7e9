"""Kinds of columns, inferred from their values, whatever type the file gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from recgen.data.statistics import ColumnKind
from recgen.local.cast import is_text, plain_numbers
from recgen.local.cast.arrow import QuestionError, UnfitError
from recgen.local.cast.numbers import NO, YES, as_double, as_whole
from recgen.local.cast.numerals import plain_numerals
from recgen.local.times import Reading, Times, recognised, recognised_numbers, times_of

if TYPE_CHECKING:
    import pyarrow as pa

Values: TypeAlias = "pa.Array"
Numbers: TypeAlias = Any
"""A float64 numpy array: a number for each value, NaN for words that mean null."""

_TRUTHS = tuple(word for word in (*YES, *NO) if word not in ("0", "1"))  # as a run reads them
_PADDED = r"^[+-]?0\d"  # 00123 is a code, not a number
_WHOLE = r"^[+-]?\d+$"
_PLAIN = r"^[+-]?(?:\d+\.?\d*|\.\d+)$"


class Kind(NamedTuple):
    """What a column's values are.

    Attributes:
        kind: The kind.
        numbers: A number for each value, if the kind has them; times are epoch seconds. Words for
            null are NaN.
        times: The values read as times, if they are that.
    """

    kind: ColumnKind
    numbers: Numbers | None = None
    times: Times | None = None


def find_kind(
    values: Values,
    reading: Reading | None = None,
    decimal: str | None = None,
    *,
    names_time: bool = False,
) -> Kind:
    """Return the kind of a column's values.

    Args:
        values: The distinct values, without null.
        reading: How the config reads them if it says that they are times.
        decimal: The decimal mark of numbers in text; None finds it from the values.
        names_time: Whether the column's name is that of a time.
    """
    import pyarrow as pa

    types = pa.types
    if len(values) == 0:
        return Kind("empty")
    if reading is not None:
        times = times_of(plain_numbers(values), reading)
        if times.known.sum() > times.failed.sum():
            return _time(times)
    if is_text(values):
        return _kind_of_text(values, decimal, names_time)
    if types.is_boolean(values.type):
        return Kind("boolean")
    if types.is_duration(values.type):
        return _real(_doubles(values))
    if types.is_temporal(values.type) and not types.is_interval(values.type):
        of_day = Reading("TIME" if types.is_time(values.type) else "TIMESTAMP")
        times = times_of(values, of_day)
        is_other = bool(times.failed.any() and not times.known.any())  # of another calendar
        return Kind("text") if is_other else _time(times)
    if types.is_integer(values.type):
        return _number("integer", values, names_time)
    if types.is_decimal(values.type):  # Arrow's own cast to float64 is off by a last digit
        return _real(_floats(values.cast(pa.string())), names_time)
    if types.is_floating(values.type):
        return _real(_doubles(values), names_time)
    return Kind("text")


def _time(times: Times) -> Kind:
    import numpy as np

    return Kind("time", np.where(times.known, times.seconds, np.nan), times)


def _kind_of_text(values: Values, decimal: str | None, names_time: bool) -> Kind:
    import pyarrow as pa
    import pyarrow.compute as pc

    words = plain_numbers(values)
    if words.null_count == len(words):
        return Kind("empty")
    if pc.all(pc.is_in(pc.utf8_lower(words), value_set=_texts(_TRUTHS), skip_nulls=True)).as_py():
        return Kind("boolean")
    try:
        numbers = _doubles(words, decimal)
    except QuestionError:
        return Kind("real", _floats(_unasked(words)))
    except UnfitError:
        times = recognised(words, is_named=names_time)
        return Kind("text") if times is None else _time(times)
    if pc.any(pc.match_substring_regex(words, _PADDED)).as_py() or _are_grouped_codes(words):
        times = recognised(words, is_named=True) if names_time else None  # 01072023
        return Kind("text") if times is None else _time(times)
    if not pc.all(pc.match_substring_regex(words, _WHOLE)).as_py():
        found = _real(numbers, names_time)
        is_plain = pc.all(pc.match_substring_regex(words, _PLAIN)).as_py()
        if found.kind != "time" or is_plain:
            return found
        times = recognised(words, is_named=names_time)  # as a run reads these texts
        return Kind("real", numbers) if times is None else _time(times)
    if (abs(numbers) >= 2.0**63).any():
        return Kind("text")  # too large for int64: a code of many digits
    return _number("integer", as_whole(pa.chunked_array([words])).combine_chunks(), names_time)


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


def _real(numbers: Numbers, names_time: bool = False) -> Kind:
    """Return the kind of floats; integer columns with nulls are often stored as floats."""
    import numpy as np
    import pyarrow as pa

    known = numbers[np.isfinite(numbers)]
    is_whole = len(known) and (known == np.floor(known)).all() and np.isfinite(numbers).all()
    return _number("integer" if is_whole else "real", pa.array(numbers), names_time)


def _number(kind: ColumnKind, values: Values, names_time: bool) -> Kind:
    """Return numbers as times if they look like it, otherwise as the kind."""
    times = recognised_numbers(values, is_named=names_time)
    return Kind(kind, _floats(values)) if times is None else _time(times)
