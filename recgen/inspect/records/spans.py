"""Many pieces of one buffer at a time, in numpy: varints, copies, hashes. Knows no message.

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
_LONGEST_LENGTH = 5  # bytes of a length, which has 31 bits
LONGEST_INT = 10  # bytes of an integer of 64 bits
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio: odd, and bits in no order
_MORE = np.uint64(0xBF58476D1CE4E5B9)  # of splitmix64's finalizer, with the next one
_LAST = np.uint64(0x94D049BB133111EB)


def padded(data: bytes | bytearray | memoryview) -> Bytes:
    """Returns bytes as a buffer that may be read beyond its end."""
    return np.frombuffer(b"".join((data, bytes(_PADDING))), np.uint8)


def words_of(buffer: Bytes) -> Words:
    """Returns a view: the eight bytes at each position as one little-endian number."""
    shape = (len(buffer) - 7,)
    return np.ndarray(shape, np.dtype("<u8"), buffer, strides=(1,))


def read_lengths(buffer: Bytes, at: Ints, ends: Ints) -> tuple[Ints, Ints, Mask]:
    """Reads a varint of up to 31 bits at each position.

    Args:
        buffer: Padded.
        at: Where the varints begin; not behind `ends`.
        ends: Where the messages end that hold them.

    Returns:
        The values, where they end, and whether all of their bytes were there. Longer ones count
        as not there: nothing writes them.
    """
    first = buffer[at]
    values = (first & 0x7F).astype(np.int64)
    after = at + 1
    more = np.flatnonzero(first >= 0x80)
    fits = after <= ends
    for shift in range(7, 7 * _LONGEST_LENGTH, 7):
        if len(more) == 0:
            break
        byte = buffer[after[more]]
        values[more] |= (byte & 0x7F).astype(np.int64) << shift
        after[more] += 1
        fits[more] &= after[more] <= ends[more]
        more = more[byte >= 0x80]
    fits[more] = False
    return values, after, fits


def copy(buffer: Bytes, starts: Ints, lengths: Ints) -> Bytes:
    """Returns the bytes of all spans, one after the other, padded."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    at = np.repeat(starts - (ends - lengths), lengths)
    at += np.arange(total)
    copied = np.zeros(total + _PADDING, np.uint8)
    copied[:total] = buffer[at]
    return copied


def decode_ints(flat: Bytes, lengths: Ints) -> tuple[Ints, Ints, Mask]:
    """Decodes spans of varints of up to 64 bits that lie one after the other.

    Args:
        flat: Their bytes, padded.
        lengths: The spans' lengths, [spans].

    Returns:
        All values; how many each span has, [spans]; and whether the span is made of varints of
        at most ten bytes. The values of those that are not mean nothing.
    """
    bounds = np.concatenate(([0], np.cumsum(lengths)))
    is_last = flat[: bounds[-1]] < 0x80
    ends = np.flatnonzero(is_last) + 1
    starts = np.concatenate((np.zeros(min(len(ends), 1), np.int64), ends[:-1]))
    counts = np.diff(np.searchsorted(ends, bounds, side="right"))
    sizes = ends - starts
    is_whole = np.ones(len(lengths), np.bool_)
    some = np.flatnonzero(lengths)
    is_whole[some] = is_last[bounds[some + 1] - 1]
    if len(sizes) and sizes.max() > LONGEST_INT:
        spans = np.searchsorted(bounds, starts[sizes > LONGEST_INT], side="right") - 1
        is_whole[spans] = False
    return _values(flat, starts, sizes), counts, is_whole


def _values(flat: Bytes, starts: Ints, sizes: Ints) -> Ints:
    """Returns what varints mean: the lower seven bits of their bytes, closed up in three steps."""
    used = np.uint64(64) - np.minimum(sizes, 8).astype(np.uint64) * np.uint64(8)
    word = words_of(flat)[starts] & (_ALL >> used)
    word = (word & _bits(7, 16)) | ((word & _bits(7, 16, 8)) >> np.uint64(1))
    word = (word & _bits(14, 32)) | ((word & _bits(14, 32, 16)) >> np.uint64(2))
    word = (word & _bits(28, 64)) | ((word & _bits(28, 64, 32)) >> np.uint64(4))
    for byte in (8, 9):  # the last 8 of the 64 bits, of which negative numbers have all
        longer = np.flatnonzero(sizes > byte)
        if len(longer):
            high = flat[starts[longer] + byte].astype(np.uint64) & np.uint64(0x7F)
            word[longer] |= high << np.uint64(7 * byte)
    return word.view(np.int64)


_ALL = np.uint64(2**64 - 1)


def _bits(count: int, period: int, start: int = 0) -> np.uint64:
    """Returns a mask of `count` bits, repeated every `period` bits, from `start` on."""
    ones = 2**count - 1
    return np.uint64(sum(ones << at for at in range(start, 64, period)))


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
