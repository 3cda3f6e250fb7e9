"""TFRecord files and Examples for tests, sound and broken. No TensorFlow."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from recgen.inspect.records import Block, Example, FormatError, Parser, RecordFile
from recgen.inspect.records.checksum import masked_crc
from recgen.inspect.records.messages import parse
from recgen.inspect.records.spans import padded

Row = Mapping[str, Any]

_NAMES = ("", "a", "price", "eightchr", "цена", "a longer name, of more than 16 bytes")
_FLOATS = st.floats(width=32, allow_nan=False)
_INTS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(0, 300), st.sampled_from([-1, 2**56, -(2**63)])
)
_VALUES = {
    "none": st.just([]),
    "bytes": st.lists(st.one_of(st.binary(max_size=3), st.binary(max_size=200)), max_size=4),
    "float": st.lists(_FLOATS, max_size=4),
    "int64": st.lists(_INTS, max_size=4),
}
_FEATURES = st.sampled_from(sorted(_VALUES)).flatmap(
    lambda kind: st.tuples(st.just(kind), _VALUES[kind])
)


def examples() -> st.SearchStrategy[Any]:
    """Draws an Example's features."""
    return st.dictionaries(st.sampled_from(_NAMES), _FEATURES, max_size=5)


@st.composite
def serialized(draw: st.DrawFn) -> bytes:
    """Draws an Example's bytes: as serializers write them, changed a little, or any bytes."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.binary(max_size=40))
    data = bytearray(write_example(draw(examples())))
    for _ in range(draw(st.integers(0, 3)) if kind < 6 else 0):
        _change(draw, data)
    return bytes(data)


def _change(draw: st.DrawFn, data: bytearray) -> None:
    first, second = sorted(draw(st.integers(0, len(data))) for _ in range(2))
    match draw(st.sampled_from(["set", "set", "add", "delete", "copy"])):
        case "set" if first < len(data):
            # What means something where a tag or a length is.
            marks = st.sampled_from([0, 1, 2, 8, 10, 11, 12, 13, 18, 26, 0x80, 0xFF])
            data[first] = draw(st.one_of(marks, st.integers(0, 255)))
        case "add":
            data[first:first] = draw(st.binary(min_size=1, max_size=4))
        case "delete":
            del data[first : first + 2]
        case _:
            data[first:first] = data[first:second][:40]


def write_example(features: Mapping[str, tuple[str, Iterable[Any]]]) -> bytes:
    """Returns an Example's bytes; a feature is its kind and its values."""
    message = Example()
    for name, (kind, values) in features.items():
        feature = message.features.feature[name]
        if kind != "none":
            found = getattr(feature, f"{kind}_list")
            found.SetInParent()  # a list without values says its kind, too
            found.value.extend(values)
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def parse_example(record: bytes) -> dict[str, Any] | None:
    """Returns the kinds and values of a record's features; None if it is not an Example."""
    try:
        return features_of(parse(Example, record))
    except FormatError:
        return None


def features_of(message: Any) -> dict[str, Any]:
    """Returns the kinds and values of an Example's features, whoever defined the message."""
    found: dict[str, Any] = {}
    for name, feature in message.features.feature.items():
        kind = feature.WhichOneof("kind")
        values = list(getattr(feature, kind).value) if kind else []
        found[name] = (kind.removesuffix("_list") if kind else "none", values)
    return found


def frame(record: bytes) -> bytes:
    """Returns a record with its length and checksums, as it lies in a file."""
    length = struct.pack("<Q", len(record))
    head = length + struct.pack("<I", masked_crc(length))
    return head + record + struct.pack("<I", masked_crc(record))


def write_records(path: Path, records: Iterable[bytes]) -> Path:
    """Writes a TFRecord file; compressed if its name ends in .gz."""
    data = b"".join(map(frame, records))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def example(**features: Any) -> bytes:
    """Returns an Example; a value alone is a list of one, None is no feature."""
    found: dict[str, Any] = {}
    for name, value in features.items():
        values = value if isinstance(value, list) else [value]
        if value is not None:
            found[name] = (_kind(values), [v.encode() if isinstance(v, str) else v for v in values])
    return write_example(found)


def _kind(values: list[Any]) -> str:
    kinds = {int: "int64", float: "float", str: "bytes", bytes: "bytes"}
    return kinds[type(values[0])] if values else "int64"


def parse_all(records: list[bytes]) -> list[dict[str, Any] | None]:
    """Returns what the parser of many records makes of some: None for what is no Example."""
    lengths = np.array([len(record) for record in records], np.int64)
    ends = np.cumsum(lengths)
    batch = Parser().parse(Block(padded(b"".join(records)), ends - lengths, ends))
    rows: list[dict[str, Any] | None] = [{} for _ in records]
    for column in batch.columns:
        values, at = list(column.values), 0
        for row, count in zip(column.rows.tolist(), column.counts.tolist(), strict=True):
            own = [v if isinstance(v, bytes) else v.item() for v in values[at : at + count]]
            found = rows[row]
            assert found is not None
            assert column.name not in found
            found[column.name] = (column.kind, own)
            at += count
        assert at == len(values)
    for row in batch.bad:
        assert rows[row] == {}
        rows[row] = None
    return rows


def read_all(path: Path) -> tuple[RecordFile, list[bytes]]:
    """Returns a file that was read to its end, and its good records."""
    file = RecordFile(path)
    return file, [record for block in file.blocks() for record in block]
