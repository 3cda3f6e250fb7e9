"""Properties of a series per epoch: its end, its best value, where it is constant."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

from recgen.metrics import Series

_SAME = 1e-6  # relative: float32 keeps seven digits
_LARGEST = 1e15  # summed loss of which an n·ln n is sought
_MOST_ROWS = 50_000  # beyond that, float32 cannot distinguish neighbouring sums
_MOST_CHOICES = 20_000
_STILL = 0.02  # relative: of ln 1,024, that is 0.14, so the right product is 15% likelier
_FEWEST_EPOCHS = 3  # of which a loss can be said to stand still
_BURST = 100.0  # a norm, divided by the median


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


def stands_still(series: Series, since: int) -> bool | None:
    """Return whether a loss hardly moves from an epoch on, counted from 0; None if that is unclear.

    A loss of equal scores depends on no weight, so it moves by its sampling noise alone: less than
    1% even in an epoch of a thousand rows. A model that is of use has moved it many times as far.
    """
    values = [value for epoch, value in points(series) if epoch >= since]
    if len(values) < 2:
        return None
    return max(values) - min(values) <= _STILL * max(abs(values[0]), 1e-12)


def has_stalled(loss: Series) -> bool:
    """Return whether a loss hardly moves after its first epoch, which may have been a burst."""
    found = [epoch for epoch, _ in points(loss)]
    return len(found) > _FEWEST_EPOCHS and bool(stands_still(loss, found[1]))


def creeps(loss: Series) -> bool:
    """Return whether a loss that stands still falls in every epoch: its model is slow, not dead."""
    values = [value for _, value in points(loss)]
    return len(values) > _FEWEST_EPOCHS and all(a > b for a, b in pairwise(values))


def burst(norms: Series) -> tuple[int, float, float] | None:
    """Return the epoch, the norm and the multiple of the median of a burst of gradients."""
    found = points(norms)
    if len(found) < 2:
        return None
    (epoch, top), usual = max(found, key=lambda point: point[1]), median(v for _, v in found)
    return (epoch, top, top / usual) if usual > 0 and top > _BURST * usual else None


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


def choices_of_chance(mean: float) -> int | None:
    """Return the n for which ln n equals a mean loss, or None.

    That is the loss of a softmax over n products with equal scores. Neighbouring values differ by
    1/n, so an arbitrary loss is mistaken for one of them with a probability of about n times four
    in a million.
    """
    if not math.log(2) <= mean <= math.log(_MOST_CHOICES):
        return None
    choices = round(math.exp(mean))
    return choices if abs(math.log(choices) - mean) <= 2 * _SAME else None


def slope_of_last_quarter(series: Series) -> tuple[float, float] | None:
    """Return the gain in the last quarter of the epochs (at least one), and the best before."""
    found = points(series)
    if len(found) < 2:
        return None
    count = max(1, len(found) // 4)
    before = max(value for _, value in found[:-count])
    return max(value for _, value in found[-count:]) - before, before
