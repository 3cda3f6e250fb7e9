"""Records in a buffer, and the columns that they make. Knows no format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recgen.inspect.records.spans import Bytes, Ints, Words, hash_spans, padded, words_of

Kind = Literal["none", "bytes", "float", "int64"]
"""Kinds of a feature; `none` has no values."""

_LONG = 2**12  # bytes of a string that is hashed alone, not in step with the others


@dataclass(frozen=True)
class Block:
    """Some records in one buffer; it is padded. Record i lies at `starts[i]` to `ends[i]`."""

    buffer: Bytes
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[bytes]:
        data = self.buffer.tobytes()
        for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True):
            yield data[start:end]


@dataclass(frozen=True)
class Texts:
    """Byte strings, as spans of a block's buffer."""

    buffer: Bytes
    starts: Ints
    lengths: Ints

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, which: int | slice | NDArray[np.generic]) -> Texts:
        at = slice(which, which + 1) if isinstance(which, int) else which
        return Texts(self.buffer, self.starts[at], self.lengths[at])

    def __iter__(self) -> Iterator[bytes]:
        for start, length in zip(self.starts.tolist(), self.lengths.tolist(), strict=True):
            yield self.buffer[start : start + length].tobytes()

    def hashes(self) -> Words:
        """Returns a hash of 64 bits of each string."""
        lengths = np.where(self.lengths > _LONG, 0, self.lengths)
        hashes = hash_spans(words_of(self.buffer), self.starts, lengths)
        for long in np.flatnonzero(self.lengths > _LONG):
            (text,) = self[int(long)]
            digest = blake2b(text, digest_size=hashes.itemsize).digest()
            hashes[long] = int.from_bytes(digest, "little")
        return hashes


def hash_texts(texts: Sequence[bytes]) -> Words:
    """Returns the hashes of some strings, as `Texts.hashes` does."""
    lengths = np.array([len(text) for text in texts], np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths)))[: len(texts)].astype(np.int64)
    return Texts(padded(b"".join(texts)), starts, lengths).hashes()


Values = Ints | NDArray[np.float32] | Texts


@dataclass(frozen=True)
class Column:
    """The values that a feature has in the rows of a block, where it is of one kind.

    Attributes:
        name: The feature's name.
        kind: The kind; `none` has rows, but no values.
        rows: Which rows of the block have the feature, ascending: [rows with it].
        counts: How many values each of these has: [rows with it].
        values: The values of all these rows, one after the other.
    """

    name: str
    kind: Kind
    rows: Ints
    counts: Ints
    values: Values


@dataclass(frozen=True)
class Batch:
    """What a block's records hold.

    Attributes:
        rows: How many records there are.
        columns: Ordered by name; a feature with several kinds has a column for each.
        bad: Records that are not Examples, and why; they have none of the columns' rows.
    """

    rows: int
    columns: tuple[Column, ...]
    bad: dict[int, str]
