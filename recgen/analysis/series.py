"""What a series per epoch says: where it ends, rises, stands still. Knows numbers only."""

from __future__ import annotations

import math

from recgen.metrics import Series

_SAME = 1e-6  # relative: float32 keeps seven digits
_LARGEST = 1e15  # of a sum of losses, for the n of n·ln n
_MOST_ROWS = 50_000  # of which float32 can tell the sum from the next


def any_value(series: Series) -> bool:
    """Returns whether a series has a value at all."""
    return any(value is not None for value in series)


def points(series: Series) -> list[tuple[int, float]]:
    """Returns the values that were measured, with their epochs from 0."""
    return [(epoch, value) for epoch, value in enumerate(series) if value is not None]


def last(series: Series) -> float | None:
    """Returns the last value that was measured."""
    return next((value for value in reversed(series) if value is not None), None)


def best(series: Series) -> tuple[int, float] | None:
    """Returns the highest value, and its first epoch."""
    found = points(series)
    return max(found, key=lambda point: point[1]) if found else None


def lowest(series: Series) -> tuple[int, float] | None:
    """Returns the lowest value, and its first epoch."""
    found = points(series)
    return min(found, key=lambda point: point[1]) if found else None


def constant_since(series: Series) -> int | None:
    """Returns the epoch since which a series has not changed, if that is two epochs or more."""
    found = points(series)
    if len(found) < 2:
        return None
    end = found[-1][1]
    start = None
    for epoch, value in reversed(found):
        if abs(value - end) > _SAME * max(abs(end), 1e-12):
            break
        start = epoch
    return start if start is not None and start < found[-1][0] else None


def zero_since(series: Series, zero: float = 0.0) -> int | None:
    """Returns the epoch since which a series has been zero, up to its end."""
    start = None
    for epoch, value in reversed(points(series)):
        if abs(value) > zero:
            break
        start = epoch
    return start


def rows_of_chance(total: float) -> int | None:
    """Returns the n for which n·ln n is a loss, if there is one.

    A softmax over n rows with equal scores loses ln n a row. TFRS sums over the rows, and Keras
    reports the last batch: its n rows lose n·ln n together, whatever was trained.

    The n next to it is off by ln n + 1, so that any other number is taken for one of them in two
    of a million cases times n.
    """
    if not 1.0 < total < _LARGEST:
        return None
    n = total / max(math.log(total), 1.0)
    for _ in range(50):  # Newton's steps; the function is convex and rises
        n -= (n * math.log(n) - total) / (math.log(n) + 1)
    rows = round(n)
    is_it = 2 <= rows <= _MOST_ROWS and (
        abs(rows * math.log(rows) - total) <= max(_SAME * total, 1e-4)
    )
    return rows if is_it else None


def slope_of_last_quarter(series: Series) -> tuple[float, float] | None:
    """Returns what the last quarter of the epochs (one at least) added, and what was there."""
    found = points(series)
    if len(found) < 2:
        return None
    count = max(1, len(found) // 4)
    before = max(value for _, value in found[:-count])
    return max(value for _, value in found[-count:]) - before, before
