"""Casts to text and bytes: every value keeps its identity, and no two become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recgen.local.cast.arrow import (
    UnfitError,
    Values,
    is_bytes,
    is_text,
    lossy,
    single,
    without_nan,
)

if TYPE_CHECKING:
    import pyarrow as pa


def as_text(values: Values) -> Values:
    """Return large_string; empty text is null, as in a CSV file.

    Whole floats and decimals are written as whole numbers (17850.0 is `17850`), other ones without
    zeros at the end, times in ISO form, in UTC if they have a zone.

    Raises:
        UnfitError: A value has no text that stands for it alone.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, types = values.type, pa.types
    if is_text(values):
        text = values.cast(pa.large_string())
    elif is_bytes(kind):
        text = _utf8(values)
    elif types.is_floating(kind):
        text = _float_text(values)
    elif types.is_decimal(kind):
        text = _decimal_text(values)
    elif types.is_timestamp(kind) or types.is_time(kind) or types.is_date(kind):
        text = _time_text(values)
    elif types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind):
        text = values.cast(pa.large_string())
    else:
        raise UnfitError(f"text: its type is {kind}", "convert the column to text in the data")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def as_bytes(values: Values) -> Values:
    """Return large_binary: bytes as they are, other values as the UTF-8 bytes of their text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_bytes(values.type):
        return as_text(values).cast(pa.large_binary())
    bare = values.cast(pa.large_binary())
    empty = pc.equal(pc.binary_length(bare), 0)
    return pc.if_else(empty, pa.scalar(None, pa.large_binary()), bare)


def shown(values: pa.Array) -> list[str]:
    """Return values as text for messages: as IDs are written, and any other value somehow."""
    import pyarrow as pa

    try:
        return [readable(value) for value in as_bytes(pa.chunked_array([values])).to_pylist()]
    except (UnfitError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return [_shown(values.slice(at, 1)) for at in range(len(values))]


def _shown(value: pa.Array) -> str:
    try:
        return str(value[0].as_py())
    except (ValueError, OverflowError):  # a date that Python does not know
        return str(value.to_string()).strip("[]\n ")


def readable(value: object) -> str:
    """Return an ID as people type it: text as it is, bytes that are not UTF-8 as `base64:...`."""
    import base64

    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"base64:{base64.b64encode(value).decode()}"


def typed(text: str) -> bytes:
    """Return the bytes of a text ID as people type it, the inverse of `readable`."""
    import base64
    import binascii

    prefix, _, code = text.partition("base64:")
    if code and not prefix:
        try:
            value = base64.b64decode(code, validate=True)
        except binascii.Error:
            value = b""
        if readable(value) == text:  # otherwise the ID itself starts like this
            return value
    return text.encode(errors="replace")


def readable_ids(values: Values) -> Values:
    """Return converted IDs as people type them: large_string."""
    import pyarrow as pa

    try:
        return as_text(values)
    except UnfitError:  # bytes, of which some are not UTF-8
        texts = [None if each is None else readable(each) for each in values.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _utf8(values: Values) -> Values:
    import pyarrow as pa

    try:
        return values.cast(pa.large_string())
    except pa.ArrowInvalid:
        raise UnfitError("text (UTF-8)", "use bq_type BYTES, or encode the bytes as text") from None


def _float_text(floats: Values) -> Values:
    import pyarrow as pa
    import pyarrow.compute as pc

    has_lost, bits = lossy(floats)
    if pc.any(has_lost).as_py():
        raise UnfitError(
            f"an exact ID: from 2^{bits} on, float{floats.type.bit_width} loses digits",
            "store the column as INT64 or text where it is made: the file has not all digits",
            int(pc.index(has_lost, True).as_py()),
        )
    known = without_nan(single(floats) if pa.types.is_float16(floats.type) else floats)
    is_whole = pc.equal(pc.floor(known), known)
    whole = known.cast(pa.int64(), safe=False).cast(pa.large_string())
    return pc.if_else(is_whole, whole, known.cast(pa.large_string()))


def _decimal_text(decimals: Values) -> Values:
    import pyarrow as pa

    try:
        return decimals.cast(pa.int64()).cast(pa.large_string())
    except pa.ArrowInvalid:  # a fraction, or more than 64 bits
        texts = [None if each is None else _shortest(each) for each in decimals.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _shortest(number: object) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _time_text(times: Values) -> Values:
    """Return times as ISO text, without a fraction of zero; those with a zone end in Z."""
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = getattr(times.type, "tz", None)
    if zone:
        unit = times.type.unit
        times = times.cast(pa.timestamp(unit, "UTC")).cast(pa.timestamp(unit))
    text = times.cast(pa.large_string())
    out_of_range = pc.starts_with(text, "<")
    if pc.any(out_of_range).as_py():
        raise UnfitError("a date that can be written", at=int(pc.index(out_of_range, True).as_py()))
    text = pc.replace_substring_regex(text, r"(\.[0-9]*[1-9])0+$|\.0+$", r"\1")
    if not zone:
        return text
    end, nothing = (pa.scalar(each, pa.large_string()) for each in ("Z", ""))
    return pc.binary_join_element_wise(text, end, nothing)
