"""A checkpoint's variables: what their index says, and whether their data is whole.

The index is a table of LevelDB's, tensorflow/core/lib/io/table_format.txt; its values are the
messages of tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

from recgen.inspect.records.checksum import mask, masked_crc
from recgen.inspect.records.tensors import Shape, read_shape, type_name
from recgen.inspect.records.wire import BYTES, FIXED32, VARINT, FormatError, fields, varint

INDEX_NAME = "variables.index"
_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_TRAILER = struct.Struct("<BI")  # how a block is compressed, and a checksum of it and that
_PIECE = 2**20


@dataclass(frozen=True)
class Variable:
    """A variable, and where its bytes are.

    Attributes:
        key: Its name in the checkpoint.
        dtype: Its type.
        shape: Its shape.
        shard: Which of the data files it is in.
        offset: Where in the file its bytes begin.
        size: How many they are.
        checksum: Their masked CRC-32C.
    """

    key: str
    dtype: str
    shape: Shape
    shard: int
    offset: int
    size: int
    checksum: int


def read_index(path: Path) -> tuple[Variable, ...]:
    """Returns the variables that an index names.

    Raises:
        FormatError: The file is no index, or is broken.
        OSError: The file cannot be read.
    """
    return parse_index(memoryview(path.read_bytes()))


def parse_index(data: memoryview) -> tuple[Variable, ...]:
    """Returns the variables that the bytes of an index name.

    Raises:
        FormatError: They are no index, or are broken.
    """
    if len(data) < _FOOTER or int.from_bytes(data[-8:], "little") != _MAGIC:
        raise FormatError("it is no index of a checkpoint")
    footer = data[-_FOOTER:]
    _, at = _handle(footer, 0)  # of a block that is always empty
    found = []
    for _, block in _entries(_block(data, _handle(footer, at)[0])):
        for key, value in _entries(_block(data, _handle(block, 0)[0])):
            if key:  # the first one is the header
                found.append(_variable(key, value))
    return tuple(found)


def broken_variables(folder: Path, variables: tuple[Variable, ...]) -> Iterator[tuple[str, str]]:
    """Yields variables whose data is not what the index says: their keys, and what is wrong.

    Args:
        folder: Where the index and the data files are.
        variables: All that the index names.
    """
    shards = 1 + max((variable.shard for variable in variables), default=0)
    for variable in variables:
        path = folder / f"variables.data-{variable.shard:05d}-of-{shards:05d}"
        if not path.exists():
            yield variable.key, f"{path.name} is missing"
        elif path.stat().st_size < variable.offset + variable.size:
            yield variable.key, f"{path.name} ends before its data does"
        # The checksum of strings is made in another way, of their lengths and bytes apart.
        elif variable.dtype != "string" and _crc(path, variable) != variable.checksum:
            yield variable.key, "its data does not have its checksum"


def _crc(path: Path, variable: Variable) -> int:
    crc, left = 0, variable.size
    with path.open("rb") as file:
        file.seek(variable.offset)
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            crc = google_crc32c.extend(crc, piece)
            left -= len(piece)
    return mask(crc)


def _handle(data: memoryview, at: int) -> tuple[tuple[int, int], int]:
    """Returns where a block is, its offset and size, and where that is said to the end."""
    offset, at = varint(data, at)
    size, at = varint(data, at)
    return (offset, size), at


def _block(data: memoryview, handle: tuple[int, int]) -> memoryview:
    """Returns the entries of a block, without what is for searching in them."""
    offset, size = handle
    end = offset + size
    if end + _TRAILER.size > len(data) or size < 4:
        raise FormatError(f"a block of {size:,} bytes at byte {offset:,} is not there")
    kind, checksum = _TRAILER.unpack_from(data, end)
    if checksum != masked_crc(bytes(data[offset : end + 1])):
        raise FormatError(f"the block at byte {offset:,} does not have its checksum")
    if kind:
        raise FormatError("its blocks are compressed, which TensorFlow's are not")
    restarts = int.from_bytes(data[end - 4 : end], "little")
    return data[offset : max(end - 4 - 4 * restarts, offset)]


def _entries(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yields keys and values; a key is written as what it does not share with the one before."""
    key, at = b"", 0
    while at < len(block):
        shared, at = varint(block, at)
        own, at = varint(block, at)
        size, at = varint(block, at)
        if shared > len(key) or at + own + size > len(block):
            raise FormatError(f"an entry ends behind its block, at byte {at:,}")
        key = key[:shared] + bytes(block[at : at + own])
        yield key, block[at + own : at + own + size]
        at += own + size


def _variable(key: bytes, data: memoryview) -> Variable:
    numbers, shape, checksum = {}, memoryview(b""), 0
    for number, kind, value, content in fields(data):
        if kind == VARINT:
            numbers[number] = value
        elif (number, kind) == (2, BYTES):
            shape = content
        elif (number, kind) == (6, FIXED32):
            checksum = int.from_bytes(content, "little")
    return Variable(
        key=key.decode(errors="replace"),
        dtype=type_name(numbers.get(1, 0)),
        shape=read_shape(shape),
        shard=numbers.get(3, 0),
        offset=numbers.get(4, 0),
        size=numbers.get(5, 0),
        checksum=checksum,
    )
