"""Event files of TensorBoard, written without TensorFlow: records of protobuf messages.

A file is a list of TFRecords, each an `Event` of tensorflow/core/util/event.proto; fields have the
numbers that they have there and in summary.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import cache

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_POLYNOMIAL = 0x82F63B78  # of CRC-32C, reflected
_DELTA = 0xA282EAD8  # TensorFlow's mask, tensorflow/core/lib/hash/crc32c.h
_DT_STRING = 7
_DATA_CLASS_TENSOR = 2


def scalar(tag: str, value: float) -> bytes:
    """Return the summary of a number, which is kept as float32."""
    return _summary(tag, _key(2, _FIXED32) + struct.pack("<f", value))


def histogram(
    tag: str,
    limits: Sequence[float],
    counts: Sequence[int],
    least: float,
    most: float,
    mean: float,
    std: float,
) -> bytes:
    """Return the summary of a histogram.

    Args:
        tag: Its name.
        limits: Upper edges of the bins.
        counts: Values in each bin.
        least: The lowest value.
        most: The highest value.
        mean: Of the values.
        std: Their standard deviation.
    """
    number = sum(counts)
    squares = number * (mean * mean + std * std)
    fields = (least, most, float(number), number * mean, squares)
    content = b"".join(
        _key(place, _FIXED64) + struct.pack("<d", value)
        for place, value in enumerate(fields, start=1)
    )
    content += _delimited(6, struct.pack(f"<{len(limits)}d", *limits))
    content += _delimited(7, struct.pack(f"<{len(counts)}d", *map(float, counts)))
    return _summary(tag, _delimited(5, content))


def text(tag: str, value: str) -> bytes:
    """Return the summary of a text, which TensorBoard takes as Markdown."""
    plugin = _delimited(1, _delimited(1, b"text")) + _number(4, _DATA_CLASS_TENSOR)
    shape = _delimited(2, _number(1, 1))
    tensor = _number(1, _DT_STRING) + _delimited(2, shape) + _delimited(8, value.encode())
    return _summary(tag, _delimited(9, plugin) + _delimited(8, tensor))


def _summary(tag: str, content: bytes) -> bytes:
    return _delimited(1, _delimited(1, tag.encode()) + content)


def event_records(time: float, writer: str, steps: Iterable[tuple[int, Iterable[bytes]]]) -> bytes:
    """Return a whole event file.

    Args:
        time: Seconds since 1970, for all events.
        writer: Who wrote it.
        steps: Numbers of steps, each with its summaries.
    """
    stamp = _key(1, _FIXED64) + struct.pack("<d", time)
    first = stamp + _delimited(3, b"brain.Event:2") + _delimited(10, _delimited(1, writer.encode()))
    events = (
        stamp + _number(2, step) + _delimited(5, b"".join(summaries)) for step, summaries in steps
    )
    return b"".join(map(_record, (first, *events)))


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    """Return the masked CRC-32C of some bytes."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + _DELTA) & 0xFFFFFFFF)


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


def _number(field: int, value: int) -> bytes:
    return _key(field, _VARINT) + _varint(value)


def _delimited(field: int, content: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(content)) + content


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
