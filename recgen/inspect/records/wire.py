"""Protocol buffers' wire format, field by field. Knows no message."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.findings import RecgenError

VARINT, FIXED64, BYTES, _GROUP, _GROUP_END, FIXED32 = range(6)
_MAX_DEPTH = 100  # of messages and groups, as in protobuf's own parsers
_MAX_TAG = 2**32 - 1
_MAX_LENGTH = 2**31 - 1
_SIZES = {FIXED64: 8, FIXED32: 4}


class FormatError(RecgenError):
    """Bytes are not in the format that they should be in."""


def fields(data: memoryview, depth: int = 0) -> Iterator[tuple[int, int, int, memoryview]]:
    """Yields the fields of a message in their order: number, wire type, value, content.

    A varint has a value (0 to 2^64 - 1) and no content, all others have content and the value 0.
    Groups, which nothing here uses, are left out.

    Args:
        data: The message.
        depth: How many messages it lies in.

    Raises:
        FormatError: The bytes are no message.
    """
    at, end = 0, len(data)
    groups: list[int] = []
    while at < end:
        number, kind, at = _tag(data, at)
        value, start = 0, at
        if kind == VARINT:
            value, at = varint(data, at)
            start = at
        elif kind == BYTES:
            length, start = varint(data, at)
            at = _within(start + length if length <= _MAX_LENGTH else end + 1, end)
        elif kind in _SIZES:
            at = _within(at + _SIZES[kind], end)
        elif kind == _GROUP and depth + len(groups) < _MAX_DEPTH:
            groups.append(number)
        elif kind != _GROUP_END or not groups or groups.pop() != number:
            raise FormatError(f"there is no field of wire type {kind} at byte {at}")
        if not groups and kind != _GROUP_END:
            yield number, kind, value, data[start:at]
    if groups:
        raise FormatError("a group has no end")


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """Returns an unsigned number of up to 64 bits, and where it ends.

    Raises:
        FormatError: It has no end, or more than ten bytes.
    """
    value = 0
    for shift, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value & (2**64 - 1), at + shift + 1
    raise FormatError(f"a number that begins at byte {at} has no end")


def packed(data: memoryview) -> Iterator[int]:
    """Yields the varints that follow each other up to the end."""
    at = 0
    while at < len(data):
        value, at = varint(data, at)
        yield value


def signed(value: int) -> int:
    """Returns what an int64 field means by its 64 bits."""
    return value - 2**64 if value >= 2**63 else value


def text(data: memoryview) -> str:
    """Returns a string field.

    Raises:
        FormatError: It is not UTF-8.
    """
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"{bytes(data[:60])!r} is no UTF-8") from None


def _tag(data: memoryview, at: int) -> tuple[int, int, int]:
    tag, end = varint(data, at)
    if tag > _MAX_TAG or end - at > 5 or tag < 8:
        raise FormatError(f"there is no field at byte {at}")
    return tag >> 3, tag & 7, end


def _within(at: int, end: int) -> int:
    if at > end:
        raise FormatError(f"a field ends {at - end:,} bytes after its message")
    return at
