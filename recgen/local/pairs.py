"""Pairs of codes as one number, distinct numbers, and the order of many. Reads no files.

All of it is made of `np.sort` on 64 bits, whose time for each number hardly grows with the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A numpy array."""


def pairs(left: Array, right: Array) -> Array:
    """Return one number for each pair of codes: int64, [pairs].

    Args:
        left: Whole numbers below 2^31; they decide the order.
        right: Whole numbers from 0 to 2^31.
    """
    import numpy as np

    return (left.astype(np.int64) << 32) | right.astype(np.int64)


def distinct(numbers: Array) -> Array:
    """Return the distinct numbers in their order; none of them may be NaN.

    `np.unique` uses a hash table from numpy 2.3 on, which took 16 s for ten million numbers of
    64 bits on the machine where sorting took 0.08 s.
    """
    import numpy as np

    ordered = np.sort(numbers)
    is_new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]


def placed(numbers: Array) -> tuple[Array, Array]:
    """Return the distinct numbers in their order, and the place of each number among them.

    Args:
        numbers: Whole numbers, as integers or floats; none of them may be NaN.
    """
    import numpy as np

    if not len(numbers) or numbers.max() - numbers.min() >= len(numbers):
        every = distinct(numbers)
        return every, np.searchsorted(every, numbers)
    low = numbers.min()
    places = (numbers - low).astype(np.int64)
    is_there = np.zeros(int(places.max()) + 1, bool)
    is_there[places] = True
    return np.flatnonzero(is_there) + low, (np.cumsum(is_there) - 1)[places]


def sorted_rows(keys: Sequence[Array], size: int) -> Iterator[tuple[Array, ...]]:
    """Yield rows in ascending order, up to `size` of them at a time, as columns: int64, [rows].

    Where the columns fit into 64 bits together, these are sorted, and no row is looked up.

    Args:
        keys: Columns of whole numbers, [rows] each; the first one decides first.
        size: Rows at a time.
    """
    import numpy as np

    rows = len(keys[0])
    lows = [int(key.min()) if rows else 0 for key in keys]
    spans = [int(key.max()) - low if rows else 0 for key, low in zip(keys, lows, strict=True)]
    bits = [span.bit_length() for span in spans]
    if sum(bits) > 64:
        order = ordered(keys[-1])[0]
        for key in reversed(keys[:-1]):
            order = order[ordered(key[order])[0]]
        for start in range(0, rows, size):
            yield tuple(key[order[start : start + size]].astype(np.int64) for key in keys)
        return
    packed = np.zeros(rows, np.uint64)
    for key, low, own in zip(keys, lows, bits, strict=True):
        packed <<= np.uint64(own)
        packed |= (key - low).astype(np.uint64)
    packed.sort()
    shifts = [sum(bits[at + 1 :]) for at in range(len(bits))]
    for start in range(0, rows, size):
        part = packed[start : start + size]
        yield tuple(
            (part >> np.uint64(shift) & np.uint64((1 << own) - 1)).astype(np.int64) + low
            for low, own, shift in zip(lows, bits, shifts, strict=True)
        )


def ordered(numbers: Array) -> tuple[Array, Array]:
    """Return the stable order of numbers, none of which is NaN, and the numbers in that order.

    A number and its place are packed into 64 bits, and these are sorted: `np.argsort` looks up each
    number that it compares, which for 30 million took four times as long for each as for one
    million. Numbers of too many bits are compared by their first ones; few then need a second look.

    Returns:
        The places, int64, and what stands there, [numbers] each.
    """
    import numpy as np

    if not len(numbers):
        return np.zeros(0, np.int64), numbers
    packed, place_bits = _ascending(numbers), np.uint64((len(numbers) - 1).bit_length())
    packed -= packed.min()
    left_out = int(packed.max()).bit_length() + int(place_bits) - 64
    packed >>= np.uint64(max(0, left_out))
    packed <<= place_bits
    packed |= np.arange(len(packed), dtype=np.uint64)
    packed.sort()
    places = np.uint64((1 << int(place_bits)) - 1)
    is_new = packed[1:] ^ packed[:-1] > places if left_out > 0 else None
    packed &= places
    order = packed.view(np.int64)
    found = numbers[order]
    if is_new is not None:
        _order_alike(np.append(True, is_new), order, found)
    return order, found


def _ascending(numbers: Array) -> Array:
    """Return new numbers in the same order: uint64, [numbers]."""
    import numpy as np

    if numbers.dtype.kind == "u":
        return numbers.astype(np.uint64)
    if numbers.dtype.kind != "f":
        return numbers.astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63)
    bits = (numbers.astype(np.float64) + 0.0).view(np.int64)  # -0.0 becomes 0.0
    # Bits of a negative number grow as it falls.
    return (bits ^ (bits >> 63 & np.int64(2**63 - 1))).view(np.uint64) ^ np.uint64(1 << 63)


def _order_alike(is_new: Array, order: Array, found: Array) -> None:
    """Order numbers that have the same first bits, in place, where they do not ascend.

    Args:
        is_new: Whether the first bits are others than those before: bool, [numbers].
        order: As `ordered` returns it.
        found: The same.
    """
    import numpy as np

    falls = np.flatnonzero(found[1:] < found[:-1])
    if not len(falls):
        return
    starts = np.append(np.flatnonzero(is_new), len(found))
    group = distinct(np.searchsorted(starts, falls, "right") - 1)
    sizes = starts[group + 1] - starts[group]
    number = np.repeat(np.arange(len(group)), sizes)
    places = starts[group][number] + np.arange(len(number)) - (np.cumsum(sizes) - sizes)[number]
    own = places[np.lexsort((found[places], number))]
    order[places], found[places] = order[own], found[own]
