"""Many pieces of one buffer at a time, in numpy: words and hashes. Knows no message.

A span is what lies between two positions of a buffer. Buffers are padded, so that reading a few
bytes beyond the end is safe; whether what was read was there is asked afterwards, for all at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]

_PADDING = 16
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio: odd, and bits in no order
_MORE = np.uint64(0xBF58476D1CE4E5B9)  # of splitmix64's finalizer, with the next one
_LAST = np.uint64(0x94D049BB133111EB)
_ALL = np.uint64(2**64 - 1)


def padded(data: bytes | bytearray | memoryview) -> Bytes:
    """Returns bytes as a buffer that may be read beyond its end."""
    return np.frombuffer(b"".join((data, bytes(_PADDING))), np.uint8)


def words_of(buffer: Bytes) -> Words:
    """Returns a view: the eight bytes at each position as one little-endian number."""
    shape = (len(buffer) - 7,)
    return np.ndarray(shape, np.dtype("<u8"), buffer, strides=(1,))


def masked_words(words: Words, starts: Ints, lengths: Ints) -> Iterator[tuple[Ints, Words]]:
    """Yields the spans' first eight bytes, then their next, ...: which spans have any, and they.

    Bytes behind a span's end are 0.
    """
    which = np.flatnonzero(lengths > 0)
    offset = 0
    while len(which):
        left = np.minimum(lengths[which] - offset, 8).astype(np.uint64)
        yield which, words[starts[which] + offset] & (_ALL >> (np.uint64(64) - left * np.uint64(8)))
        offset += 8
        which = which[lengths[which] > offset]


def mix(values: Words) -> Words:
    """Returns numbers of 64 bits in which every bit depends on all of a value's: splitmix64.

    No two values give the same. Source: Steele, Lea and Flood, doi:10.1145/2660193.2660195.
    """
    mixed = values + _MIX
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MORE
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _LAST
    return mixed ^ (mixed >> np.uint64(31))


def hash_spans(words: Words, starts: Ints, lengths: Ints) -> Words:
    """Returns a hash of 64 bits of each span's bytes."""
    hashes = lengths.astype(np.uint64)
    for which, word in masked_words(words, starts, lengths):
        hashes[which] = mix(hashes[which] ^ word)
    return hashes
