"""TFRecord files: records in blocks, checked, and what is wrong with the file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recgen.inspect.records.checksum import masked_crc, masked_crcs
from recgen.inspect.records.columns import Block
from recgen.inspect.records.errors import FormatError
from recgen.inspect.records.places import Place
from recgen.inspect.records.spans import padded
from recgen.inspect.records.stream import pieces

MAX_RECORD = 2**25
"""Bytes of the largest record that is read: 32 MiB, which no row of a table needs."""

_HEADER = struct.Struct("<QI")  # a length and its checksum; the record and its own follow
_BEHIND = 4
_REMEMBERED = 100_000  # lengths whose checksums are known


@dataclass(frozen=True)
class Damage:
    """What is wrong with a file.

    Attributes:
        slug: Its kind: `empty-file`, `not-tfrecord`, `truncated-file`, `broken-compression`,
            `corrupt-length`, `corrupt-record`, `huge-record`.
        message: A sentence that goes on after the file's name.
        record: How many records come before the place.
        offset: How many bytes do, decompressed.
    """

    slug: str
    message: str
    record: int
    offset: int


class RecordFile:
    """Reads a TFRecord file once, from its beginning to its end or to where it breaks.

    Attributes:
        path: The file.
        records: Records so far, those that are corrupt included.
        corrupt: Records whose checksum is wrong; they are left out of the blocks.
        size: Bytes of these records, decompressed.
        damage: What is wrong; of the corrupt records, only the first.
    """

    def __init__(self, path: Place) -> None:
        self.path = path
        self.records = 0
        self.corrupt = 0
        self.size = 0
        self.damage: list[Damage] = []
        self._checksums: dict[int, int] = {}
        self._needed = 1

    def blocks(self) -> Iterator[Block]:
        """Yields the records in blocks, of about a MiB or of one larger record.

        Raises:
            OSError: The file cannot be read.
        """
        parts: list[bytes] = []
        waiting = 0
        try:
            for piece in pieces(self.path):
                parts.append(piece)
                waiting += len(piece)
                if waiting < self._needed:
                    continue
                data = b"".join(parts)
                starts, at = self._frame(data)
                if starts:
                    yield self._checked(data, starts, at)
                if self._needed == 0:
                    return
                parts, waiting = [data[at:]], len(data) - at
        except FormatError as error:
            self._add("broken-compression", f"cannot be read on: {error.message}")
            return
        if waiting:
            self._end(b"".join(parts))
        elif self.records == 0:
            self._add("empty-file", "has no records")

    def _frame(self, data: bytes) -> tuple[list[int], int]:
        """Finds the whole records in some bytes, and sets how many bytes are needed to go on.

        Returns:
            Where the records' headers are, and where the next one is.
        """
        starts: list[int] = []
        at, size, known = 0, len(data), self._checksums
        self._needed = _HEADER.size
        while at + _HEADER.size <= size:
            length, checksum = _HEADER.unpack_from(data, at)
            if known.get(length) != checksum and not self._is_length(data, at, checksum):
                self._needed = 0
                break
            end = at + _HEADER.size + length + _BEHIND
            if end > size:
                self._needed = end - at if length <= MAX_RECORD else 0
                break
            starts.append(at)
            at = end
        if self._needed == 0:
            self._stop(data[at : at + _HEADER.size], len(starts), at)
        return starts, at

    def _is_length(self, data: bytes, at: int, checksum: int) -> bool:
        """Return whether a length has its checksum, which most records share."""
        if masked_crc(data[at : at + 8]) != checksum:
            return False
        if len(self._checksums) >= _REMEMBERED:
            self._checksums.clear()
        self._checksums[_HEADER.unpack_from(data, at)[0]] = checksum
        return True

    def _checked(self, data: bytes, starts: list[int], stop: int) -> Block:
        """Returns the records whose checksum is right, and counts all of them."""
        ends = [start - _BEHIND for start in [*starts[1:], stop]]
        parts = (data[a + _HEADER.size : b] for a, b in zip(starts, ends, strict=True))
        checksums = masked_crcs(parts)
        buffer = padded(data)
        written = np.ndarray((len(buffer) - 3,), np.dtype("<u4"), buffer, strides=(1,))
        first, last = np.array(starts) + _HEADER.size, np.array(ends)
        is_right = written[last] == checksums
        wrong = np.flatnonzero(~is_right).tolist()
        if wrong and not self.corrupt:
            message = "has a record without its checksum"
            self._add("corrupt-record", message, wrong[0], starts[wrong[0]])
        self.corrupt += len(wrong)
        self.records += len(starts)
        self.size += stop
        return Block(buffer, first[is_right], last[is_right])

    def _stop(self, header: bytes, records: int, at: int) -> None:
        """Tells why a header cannot be followed by a record."""
        length, checksum = _HEADER.unpack(header)
        if checksum == masked_crc(header[:8]):
            self._add(
                "huge-record",
                f"has a record of {length:,} bytes, if its length is right",
                records,
                at,
            )
        elif self.records + records:
            self._add("corrupt-length", "has a length without its checksum", records, at)
        else:
            self._add("not-tfrecord", "does not begin with a record's length and its checksum")

    def _end(self, rest: bytes) -> None:
        """Tells what is behind the last whole record."""
        if len(rest) < _HEADER.size:
            wanted = f"{len(rest)} bytes where a record's header has {_HEADER.size}"
        else:
            length = _HEADER.unpack_from(rest)[0]
            there, whole = len(rest) - _HEADER.size, length + _BEHIND
            wanted = f"{there:,} of the {whole:,} bytes of a record and its checksum are there"
        self._add("truncated-file", f"ends early: {wanted}")

    def _add(self, slug: str, message: str, records: int = 0, at: int = 0) -> None:
        self.damage.append(Damage(slug, message, self.records + records, self.size + at))
