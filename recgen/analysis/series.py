"""Properties of a series per epoch: its end, its best value, where it is constant."""

from __future__ import annotations

import math

from recgen.metrics import Series

_SAME = 1e-6  # relative: float32 keeps seven digits
_LARGEST = 1e15  # summed loss of which an n·ln n is sought
_MOST_ROWS = 50_000  # beyond that, float32 cannot distinguish neighbouring sums


def any_value(series: Series) -> bool:
    """Return whether a series has any value."""
    return any(value is not None for value in series)


def points(series: Series) -> list[tuple[int, float]]:
    """Return the values that were measured, with their epochs from 0."""
    return [(epoch, value) for epoch, value in enumerate(series) if value is not None]


def last(series: Series) -> float | None:
    """Return the last value that was measured."""
    return next((value for value in reversed(series) if value is not None), None)


def best(series: Series) -> tuple[int, float] | None:
    """Return the highest value, and its first epoch."""
    found = points(series)
    return max(found, key=lambda point: point[1]) if found else None


def lowest(series: Series) -> tuple[int, float] | None:
    """Return the lowest value, and its first epoch."""
    found = points(series)
    return min(found, key=lambda point: point[1]) if found else None


def constant_since(series: Series) -> int | None:
    """Return the epoch since which a series is constant, if that is two epochs or more."""
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
    """Return the epoch since which a series has been zero, up to its end."""
    start = None
    for epoch, value in reversed(points(series)):
        if abs(value) > zero:
            break
        start = epoch
    return start


def rows_of_chance(total: float) -> int | None:
    """Return the n for which n·ln n equals a summed loss, or None.

    A softmax over n rows with equal scores has a loss of ln n per row. TFRS sums over the rows and
    Keras reports the last batch, so its n rows have a loss of n·ln n, whatever was trained.

    Neighbouring values of n·ln n differ by ln n + 1, so an arbitrary loss is mistaken for one of
    them with a probability of about n times two in a million.
    """
    if not 1.0 < total < _LARGEST:
        return None
    n = total / max(math.log(total), 1.0)
    for _ in range(50):  # Newton's steps; the function is convex and rises
        n -= (n * math.log(n) - total) / (math.log(n) + 1)
    rows = round(n)
    is_chance = 2 <= rows <= _MOST_ROWS and (
        abs(rows * math.log(rows) - total) <= max(_SAME * total, 1e-4)
    )
    return rows if is_chance else None


def slope_of_last_quarter(series: Series) -> tuple[float, float] | None:
    """Return the gain in the last quarter of the epochs (at least one), and the best before."""
    found = points(series)
    if len(found) < 2:
        return None
    count = max(1, len(found) // 4)
    before = max(value for _, value in found[:-count])
    return max(value for _, value in found[-count:]) - before, before
