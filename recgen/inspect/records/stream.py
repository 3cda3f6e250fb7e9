"""A file's bytes in pieces, decompressed where it is compressed. Knows no records."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO, Literal

from recgen.inspect.records.checksum import masked_crc
from recgen.inspect.records.errors import FormatError
from recgen.inspect.records.places import Place

Compression = Literal["none", "gzip", "zlib"]

PIECE = 2**20
"""The largest piece, in bytes: arrays over the records in it fit into a processor's cache."""

MAX_RATIO = 100
"""Bytes that one compressed byte may stand for; deflate can do 1,032, and tables 20 at most."""

_UNSUSPECTED = 2**26  # bytes of any file that are decompressed, whatever their ratio
_HEADER = struct.Struct("<QI")
_EITHER = 32 + zlib.MAX_WBITS  # zlib finds out itself which of the two it is


def is_header(head: bytes) -> bool:
    """Return whether bytes begin as a TFRecord file does: with a length and its checksum."""
    if len(head) < _HEADER.size:
        return False
    return bool(_HEADER.unpack_from(head)[1] == masked_crc(head[:8]))


def compression_of(head: bytes) -> Compression:
    """Returns how a file is compressed, from its first bytes; its name does not matter."""
    if is_header(head):
        return "none"
    if head[:3] == b"\x1f\x8b\x08":
        return "gzip"
    is_zlib = len(head) > 1 and head[0] == 0x78 and int.from_bytes(head[:2], "big") % 31 == 0
    return "zlib" if is_zlib else "none"


def read_head(path: Place, size: int = _HEADER.size) -> bytes:
    """Returns the first bytes of a file, decompressed; fewer if it is shorter or broken."""
    found = b""
    try:
        for piece in pieces(path):
            found += piece
            if len(found) >= size:
                break
    except FormatError:
        pass  # what could be read says enough
    return found[:size]


def read_whole(path: Place, most: int) -> bytes:
    """Return the bytes of a file that is not compressed.

    Args:
        path: The file.
        most: The size in bytes of the largest that is read.

    Raises:
        FormatError: It is larger, or a pipe or a device.
        OSError: It cannot be read.
    """
    with _opened(path) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise FormatError(f"it is larger than {most:,} bytes")
    return found


def pieces(path: Place) -> Iterator[bytes]:
    """Yields a file's bytes in pieces of at most `PIECE` bytes.

    Raises:
        FormatError: The compressed bytes are broken, end early or stand for far too many; what
            could be read came before. Or the file is a pipe or a device.
        OSError: The file cannot be read.
    """
    with _opened(path) as file:
        first = file.read(PIECE)
        if compression_of(first) == "none":
            yield first
            while piece := file.read(PIECE):
                yield piece
        else:
            yield from _inflated(first, file)


def _opened(path: Place) -> IO[bytes]:
    """Open a file; a pipe would be waited for, and a device has no end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise FormatError("it is a pipe or a device, not a file")
    return path.open("rb")


def _inflated(data: bytes, file: IO[bytes]) -> Iterator[bytes]:
    engine = zlib.decompressobj(_EITHER)
    taken, given = len(data), 0
    while data or not engine.eof:
        try:
            if engine.eof:  # files that were joined are one behind the other
                engine = zlib.decompressobj(_EITHER)
            piece = engine.decompress(data, PIECE)
        except zlib.error as error:
            raise FormatError(f"its compressed bytes are corrupt ({error})") from None
        given += len(piece)
        if given > max(_UNSUSPECTED, MAX_RATIO * taken):
            raise FormatError(
                f"each of its compressed bytes stands for more than {MAX_RATIO} on average, which "
                "no table does; decompress it if that is right"
            )
        if piece:
            yield piece
        data = engine.unused_data if engine.eof else engine.unconsumed_tail
        if not data:
            data = file.read(PIECE)
            taken += len(data)
            if not data and not piece and not engine.eof:
                raise FormatError("its compressed bytes end early")
