"""Records in a buffer, and the columns that they make. Knows no format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recgen.inspect.records.example import Kind
from recgen.inspect.records.spans import Bytes, Ints, Words, hash_spans, words_of


@dataclass(frozen=True)
class Block:
    """Some records in one buffer; it is padded. Record i lies at `starts[i]` to `ends[i]`."""

    buffer: Bytes
    starts: Ints
    ends: Ints

    def record(self, number: int) -> bytes:
        """Returns the bytes of one record."""
        return self.buffer[self.starts[number] : self.ends[number]].tobytes()


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
        return hash_spans(words_of(self.buffer), self.starts, self.lengths)


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
        bad: Records that are no Examples, and why; they have none of the columns' rows.
    """

    rows: int
    columns: tuple[Column, ...]
    bad: dict[int, str]
