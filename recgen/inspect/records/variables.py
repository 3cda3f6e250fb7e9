"""A checkpoint's variables: what their index says, and whether their data is whole.

The index is a table of LevelDB's, tensorflow/core/lib/io/table_format.txt; its values are the
messages of tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import google_crc32c

from recgen.inspect.records.checksum import mask, masked_crc
from recgen.inspect.records.errors import FormatError
from recgen.inspect.records.messages import message_class, parse
from recgen.inspect.records.places import Place, size_of
from recgen.inspect.records.stream import read_whole
from recgen.inspect.records.tensors import Shape, shape_of, type_name

INDEX_NAME = "variables.index"
MAX_VARIABLES = 100_000
"""More variables than this are not a model; what is kept of each would fill the memory."""

_ENTRY = message_class("BundleEntryProto")
_MAX_INDEX = 2**26  # bytes
_MAX_KEY = 1000  # bytes of a variable's name
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


def read_index(path: Place) -> tuple[Variable, ...]:
    """Return the variables that an index names.

    Raises:
        FormatError: The file is not an index, is broken, or names too many variables.
        OSError: The file cannot be read.
    """
    return parse_index(read_whole(path, _MAX_INDEX))


def parse_index(index: bytes) -> tuple[Variable, ...]:
    """Return the variables that the bytes of an index name.

    Raises:
        FormatError: They are not an index, are broken, or name too many variables.
    """
    data = memoryview(index)
    if len(data) < _FOOTER or int.from_bytes(data[-8:], "little") != _MAGIC:
        raise FormatError("it is not the index of a checkpoint")
    footer = data[-_FOOTER:]
    _, at = _handle(footer, 0)  # of a block that is always empty
    found, left = [], len(data)
    for _, where in _entries(_block(data, _handle(footer, at)[0])):
        handle = _handle(where, 0)[0]
        left -= handle[1] + _TRAILER.size  # of what is read, also where it has no entries
        if left < 0:
            raise FormatError("its blocks overlap")
        block = _block(data, handle)
        for key, value in _entries(block):
            if key:  # the first one is the header
                found.append(_variable(key, value))
            if len(found) > MAX_VARIABLES:
                raise FormatError(f"it names more than {MAX_VARIABLES:,} variables")
    return tuple(found)


def broken_variables(folder: Place, variables: tuple[Variable, ...]) -> Iterator[tuple[str, str]]:
    """Yields variables whose data is not what the index says: their keys, and what is wrong.

    Args:
        folder: Where the index and the data files are.
        variables: All that the index names.
    """
    shards = 1 + max((variable.shard for variable in variables), default=0)
    read: Counter[int] = Counter()
    for variable in variables:
        path = folder / f"variables.data-{variable.shard:05d}-of-{shards:05d}"
        size = size_of(path)
        read[variable.shard] += variable.size
        if size is None:
            yield variable.key, f"{path.name} is missing"
        elif size < variable.offset + variable.size:
            yield variable.key, f"{path.name} ends before its data does"
        elif size < read[variable.shard]:  # nothing is read again and again
            yield variable.key, "its data overlaps that of other variables"
        # The checksum of strings is made in another way, of their lengths and bytes apart.
        elif variable.dtype != "string" and _crc(path, variable) != variable.checksum:
            yield variable.key, "its data does not have its checksum"


def _crc(path: Place, variable: Variable) -> int:
    crc, left = 0, variable.size
    with path.open("rb") as file:
        file.seek(variable.offset)
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            crc = google_crc32c.extend(crc, piece)
            left -= len(piece)
    return mask(crc)


def _handle(data: memoryview, at: int) -> tuple[tuple[int, int], int]:
    """Returns where a block is, its offset and size, and where that is said to the end."""
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
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
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        size, at = _varint(block, at)
        if shared > len(key) or at + own + size > len(block):
            raise FormatError(f"an entry ends behind its block, at byte {at:,}")
        key = key[:shared] + bytes(block[at : at + own])
        if len(key) > _MAX_KEY:
            raise FormatError(f"a name is longer than {_MAX_KEY:,} bytes")
        yield key, block[at + own : at + own + size]
        at += own + size


def _variable(key: bytes, data: memoryview) -> Variable:
    entry = parse(_ENTRY, bytes(data))
    if entry.offset < 0 or entry.size < 0:
        raise FormatError("a variable's data begins or ends before its file does")
    return Variable(
        key=key.decode(errors="replace"),
        dtype=type_name(entry.dtype),
        shape=shape_of(entry.shape),
        shard=entry.shard_id,
        offset=entry.offset,
        size=entry.size,
        checksum=entry.crc32c,
    )


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return an unsigned number of up to 64 bits, and where it ends."""
    value = 0
    for shift, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at + shift + 1
    raise FormatError(f"a number that begins at byte {at:,} has no end")
