"""One tf.train.Example, parsed as protobuf does it in every detail, and written. Slow, complete.

The fast way, `parsing`, takes what serializers write; everything else comes here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from recgen.inspect.records.wire import (
    BYTES,
    FIXED32,
    VARINT,
    FormatError,
    fields,
    packed,
    signed,
    text,
)

Kind = Literal["none", "bytes", "float", "int64"]
KINDS: tuple[Kind, ...] = ("none", "bytes", "float", "int64")
"""Kinds of a feature by the number that they have in the message; `none` has no values."""

Values = Sequence[bytes] | Sequence[float] | Sequence[int]
Features = Mapping[str, tuple[Kind, Values]]


def parse_example(data: bytes) -> Features:
    """Returns the features of an Example by name: their kind and values.

    Raises:
        FormatError: The bytes are no Example.
    """
    found: dict[str, tuple[Kind, Values]] = {}
    for number, kind, _, content in fields(memoryview(data)):
        if number == 1 and kind == BYTES:
            for entry in _of_type(content, 1, depth=1):
                found.update(_entry(entry))
    return found


def _of_type(data: memoryview, wanted: int, depth: int) -> Iterator[memoryview]:
    for number, kind, _, content in fields(data, depth):
        if number == wanted and kind == BYTES:
            yield content


def _entry(data: memoryview) -> dict[str, tuple[Kind, Values]]:
    """Returns a name with its feature; one with unknown fields is unknown as a whole."""
    name, feature = "", _Feature()
    is_known = True
    for number, kind, _, content in fields(data, depth=2):
        if (number, kind) == (1, BYTES):
            name = text(content)
        elif (number, kind) == (2, BYTES):
            feature.merge(content)
        else:
            is_known = False
    return {name: (KINDS[feature.kind], feature.values)} if is_known else {}


class _Feature:
    """A feature that may come in several parts, of which the last one says the kind."""

    def __init__(self) -> None:
        self.kind = 0
        self.values: list[Any] = []

    def merge(self, data: memoryview) -> None:
        """Adds a part: values are added to those of the same kind, and replace others."""
        for number, kind, _, content in fields(data, depth=3):
            if number not in (1, 2, 3) or kind != BYTES:
                continue
            if number != self.kind:
                self.kind, self.values = number, []
            self.values += _LISTS[number](content)


def _bytes_list(data: memoryview) -> list[bytes]:
    return [bytes(content) for content in _of_type(data, 1, depth=4)]


def _float_list(data: memoryview) -> list[float]:
    values: list[float] = []
    for number, kind, _, content in fields(data, depth=4):
        if number == 1 and kind in (BYTES, FIXED32):
            if len(content) % 4:
                raise FormatError(f"{len(content)} bytes are no list of float32")
            values += struct.unpack(f"<{len(content) // 4}f", content)
    return values


def _int64_list(data: memoryview) -> list[int]:
    values: list[int] = []
    for number, kind, value, content in fields(data, depth=4):
        if number == 1 and kind == VARINT:
            values.append(signed(value))
        if number == 1 and kind == BYTES:
            values += map(signed, packed(content))
    return values


_LISTS: dict[int, Callable[[memoryview], list[Any]]] = {
    1: _bytes_list,
    2: _float_list,
    3: _int64_list,
}


def write_example(features: Features) -> bytes:
    """Returns the bytes of an Example, in the form that serializers give it."""
    entries = (
        _delimited(1, _delimited(1, name.encode()) + _delimited(2, _feature(kind, values)))
        for name, (kind, values) in features.items()
    )
    return _delimited(1, b"".join(entries))


def _feature(kind: Kind, values: Values) -> bytes:
    if kind == "none":
        return b""
    if kind == "bytes":
        content = b"".join(_delimited(1, value) for value in values)  # type: ignore[arg-type]
    elif not values:
        content = b""
    elif kind == "float":
        content = _delimited(1, struct.pack(f"<{len(values)}f", *values))
    else:
        content = _delimited(1, b"".join(_varint(int(value) % 2**64) for value in values))
    return _delimited(KINDS.index(kind), content)


def _delimited(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
