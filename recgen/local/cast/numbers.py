"""Casts to whole numbers, real numbers and truths."""

from __future__ import annotations

from typing import Any, TypeAlias

from recgen.local.cast.arrow import (
    QuestionError,
    UnfitError,
    Values,
    is_bytes,
    is_text,
    lossy,
    single,
    without_nan,
)
from recgen.local.cast.numerals import NUMBER, plain_numerals
from recgen.local.cast.words import NO_NUMBER

Array: TypeAlias = Any
"""A numpy array."""

YES = ("true", "t", "yes", "y", "on", "1", "ja", "oui", "si", "sí", "sim", "tak", "да", "wahr")
NO = ("false", "f", "no", "n", "off", "0", "nein", "non", "não", "nie", "нет", "falsch", "nee")
_WHOLE = "a whole number"
_FINITE = "a finite number"
_TEXT = "use bq_type STRING if these are IDs"


def plain_numbers(values: Values) -> Values:
    """Return text stripped and with words for null as null; other values are unchanged."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_text(values):
        return without_nan(values) if pa.types.is_floating(values.type) else values
    text = pc.utf8_trim_whitespace(values.cast(pa.large_string()))
    absent = pc.is_in(pc.utf8_lower(text), value_set=pa.array(NO_NUMBER, pa.large_string()))
    return pc.if_else(absent, pa.scalar(None, pa.large_string()), text)


def as_whole(values: Values, decimal: str | None = None) -> Values:
    """Return int64; 6.0 is whole, 6.5 is not.

    Raises:
        UnfitError: A value is not a whole number of 64 bits, or a float that lost digits.
    """
    import pyarrow as pa

    if pa.types.is_floating(values.type):
        return _whole_of_floats(values)
    numbers = _numeric(values, _WHOLE)
    if is_text(numbers):
        return _whole_of_text(numbers, decimal)
    if pa.types.is_floating(numbers.type):  # of durations
        return _whole_of_floats(numbers)
    try:
        return numbers.cast(pa.int64())
    except pa.ArrowInvalid:
        if pa.types.is_decimal(numbers.type):
            raise UnfitError(_WHOLE) from None
        raise UnfitError("a whole number of 64 bits with a sign", _TEXT) from None


def as_code(values: Values, decimal: str | None = None) -> Values:
    """Return int64 of codes, which are not numbers: 00012 and 12 are two of them.

    Raises:
        UnfitError: As with `as_whole`; or two codes would become one.
    """
    import pyarrow.compute as pc

    whole, texts = as_whole(values, decimal), _decoded(values)
    if not is_text(texts):
        return whole
    merged = merged_codes(texts, whole)
    if not merged.any():
        return whole
    (padded,) = merged.nonzero()
    number = whole[int(padded[0])].as_py()
    spellings = pc.unique(texts.filter(pc.equal(whole, number))).to_pylist()
    raise UnfitError(
        f"another ID than {spellings[1 - spellings.index(texts[int(padded[0])].as_py())]!r}: as "
        f"whole numbers, both are {number}",
        "use bq_type STRING, which keeps them as they are written",
        int(padded[0]),
    )


def merged_codes(texts: Values, whole: Values) -> Array:
    """Return which texts are the same whole number as others, but are written otherwise.

    Zeros or a sign in front, separators and exponents make another code: 00012, 1,234 and 12e3.
    Only zeros behind the point do not, which pandas adds.

    Args:
        texts: Texts of whole numbers.
        whole: These numbers: int64.

    Returns:
        A flag for each text: bool, [texts].
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    merged = np.zeros(len(texts), bool)
    usual = whole.cast(pa.large_string())
    texts = pc.utf8_trim_whitespace(texts)
    if pc.all(pc.equal(texts, usual), min_count=0).as_py():
        return merged
    texts = pc.replace_substring_regex(texts, r"^(-?[0-9]+)\.0*$", r"\1")
    padded = pc.fill_null(pc.not_equal(texts, usual), False)
    (near,) = np.nonzero(pc.is_in(whole, value_set=pc.unique(whole.filter(padded))).to_numpy())
    numbers = whole.take(pa.array(near)).to_numpy()
    codes = texts.take(pa.array(near)).combine_chunks().dictionary_encode().indices.to_numpy()
    pairs = np.unique(np.stack([numbers, codes.astype(np.int64)]), axis=1)
    found, counts = np.unique(pairs[0], return_counts=True)
    merged[near] = np.isin(numbers, found[counts > 1])
    return merged


def as_real(values: Values, decimal: str | None = None) -> Values:
    """Return float32.

    Raises:
        UnfitError: A value is not a number, is infinite, or is beyond float32 (3.4e38).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = without_nan(as_double(values, decimal))
    small = numbers.cast(pa.float32(), safe=False)
    if pc.all(pc.is_finite(small)).as_py() is False:
        raise UnfitError(f"{_FINITE} (at most 3.4e38)", at=_first(pc.invert(pc.is_finite(small))))
    return small


def as_double(values: Values, decimal: str | None = None) -> Values:
    """Return float64 of numbers, durations (seconds), or text with numbers.

    Raises:
        UnfitError: A value is not a number.
    """
    import pyarrow as pa

    numbers = _numeric(values, _FINITE)
    if not is_text(numbers):
        return numbers.cast(pa.float64(), safe=False)
    if decimal != ",":
        try:
            return numbers.cast(pa.float64())
        except pa.ArrowInvalid:
            pass
    try:
        return plain_numerals(numbers, decimal).cast(pa.float64())
    except UnfitError as error:
        wanted = _FINITE if error.wanted == NUMBER else error.wanted
        raise type(error)(wanted, error.help, error.at) from None


def as_truth(values: Values, decimal: str | None = None) -> Values:
    """Return 1 for true and 0 for false: booleans, 0 and 1, words such as yes and off.

    Raises:
        UnfitError: A value is neither.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _decoded(values)
    if pa.types.is_boolean(values.type):
        return values.cast(pa.int64())
    wanted = "true or false"
    if not is_text(values):
        try:
            whole = as_whole(values)
        except UnfitError as error:
            raise UnfitError(wanted, at=error.at) from None
        _require(pc.is_in(whole, value_set=pa.array([0, 1, None], pa.int64())), wanted)
        return whole
    words = pc.utf8_lower(plain_numbers(values))
    words = pc.replace_substring_regex(words, r"^([01])\.0*$", r"\1")
    at = pc.index_in(words, value_set=pa.array([*YES, *NO], pa.large_string()))
    _require(pc.or_(pc.is_valid(at), pc.is_null(words)), wanted)
    truths = pa.array([1] * len(YES) + [0] * len(NO), pa.int64())
    return pa.chunked_array([truths]).take(at)


def _numeric(values: Values, wanted: str) -> Values:
    """Return values that are numbers or text; durations are seconds.

    Raises:
        UnfitError: The type holds neither, such as a date.
    """
    import pyarrow as pa

    values = _decoded(values)
    kind, types = values.type, pa.types
    if types.is_float16(kind):
        values = single(values)
    if types.is_duration(kind):
        return _seconds_of(values)
    tests = (types.is_null, types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    if is_text(values) or any(test(kind) for test in tests):
        return plain_numbers(values)
    raise UnfitError(f"{wanted}: its type is {kind}", "convert it in the data, or remove it")


def _decoded(values: Values) -> Values:
    """Return bytes as text if they are; other values are unchanged."""
    import pyarrow as pa

    if not is_bytes(values.type):
        return values
    try:
        return values.cast(pa.large_string())
    except pa.ArrowInvalid:
        raise UnfitError("text (UTF-8) with a number") from None


def _seconds_of(durations: Values) -> Values:
    """Return durations as seconds: float64."""
    import pyarrow as pa
    import pyarrow.compute as pc

    per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[durations.type.unit]
    return pc.divide(durations.cast(pa.int64()).cast(pa.float64(), safe=False), per_second)


def _whole_of_floats(floats: Values) -> Values:
    import pyarrow as pa
    import pyarrow.compute as pc

    has_lost, bits = lossy(floats)
    if pc.any(has_lost).as_py():
        wanted = f"an exact whole number: from 2^{bits} on, floats lose digits"
        help = "store IDs as INT64 or text where they are made; use FLOAT64 for amounts"
        raise UnfitError(wanted, help, _first(has_lost))
    floats = without_nan(single(floats) if bits == 11 else floats)
    try:
        return floats.cast(pa.int64())
    except pa.ArrowInvalid:
        raise UnfitError(_WHOLE, at=_first(pc.not_equal(pc.floor(floats), floats))) from None


def _whole_of_text(text: Values, decimal: str | None) -> Values:
    """Return whole numbers without going through floats, which would lose digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.all(pc.match_substring_regex(text, r"^-?[0-9]+$")).as_py():  # Arrow reads hex, too
        try:
            text = plain_numerals(text, decimal, whole=True)
        except UnfitError as error:
            wanted = error.wanted.replace(NUMBER, _WHOLE)
            if isinstance(error, QuestionError):
                raise QuestionError(wanted, error.help, error.at) from None
            raise UnfitError(wanted, error.help) from None  # a fraction may be before it
        text = pc.replace_substring_regex(text, r"\.0+$", "")
    has_power = pc.match_substring_regex(text, r"[.e]")
    if pc.any(has_power).as_py():
        return _whole_of_floats(text.cast(pa.float64()))
    try:
        return text.cast(pa.int64())
    except pa.ArrowInvalid:
        raise UnfitError("a whole number of 64 bits", _TEXT) from None


def _require(fits: Values, wanted: str) -> None:
    import pyarrow.compute as pc

    if pc.all(fits).as_py() is False:
        raise UnfitError(wanted, at=_first(pc.invert(fits)))


def _first(flags: Values) -> int:
    """Return the index of the first true value."""
    import pyarrow.compute as pc

    return int(pc.index(flags, True).as_py())
