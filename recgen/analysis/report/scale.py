"""From values to places in a picture, and the ticks of an axis. Knows numbers only."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

_FAR = 50.0  # the highest value divided by the lowest, from which an axis is logarithmic
_TICKS = 5
_LARGEST = sys.float_info.max
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """An axis: values from `low` to `high` lie from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Returns the place of a value."""
        low, high, at = self.low, self.high, value
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(value)
        # Halves: the difference of two values may be larger than a float can be.
        span = high / 2 - low / 2
        share = (at / 2 - low / 2) / span if span > 0 else 0.5
        return self.start + (self.end - self.start) * share

    @property
    def ticks(self) -> list[float]:
        """Round values on the axis, some five of them."""
        return _decades(self) if self.is_log else _round_values(self.low, self.high)


def axis(values: Sequence[float], start: float, end: float, *, from_zero: bool = False) -> Scale:
    """Returns an axis on which all values lie.

    It is logarithmic where they are positive and far apart, and a little longer than needed.

    Args:
        values: At least one; finite.
        start: Where the lowest lies.
        end: Where the highest lies.
        from_zero: Whether zero belongs to it, as for shares; then it is not logarithmic.
    """
    low, high = min(values), max(values)
    if not from_zero and low > 0 and high / low > _FAR:
        return Scale(low / 1.2, min(high * 1.2, _LARGEST), start, end, is_log=True)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high == 0:
        return Scale(0.0, 1.0, start, end)
    if low == high:
        room = abs(low) * 0.05
        return Scale(low - room, high + room, start, end)
    room = (high / 2 - low / 2) * 0.12
    is_at_zero = from_zero and low == 0
    bottom = low if is_at_zero else max(low - room, -_LARGEST)
    return Scale(bottom, min(high + room, _LARGEST), start, end)


def _round_values(low: float, high: float) -> list[float]:
    rough = (high / _TICKS) - (low / _TICKS)
    if not 1e-300 < rough < 1e300:
        return [low]
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next((unit * m for m in _ROUND if unit * m >= rough), unit * 10)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, min(last, first + 2 * _TICKS) + 1)]


def _decades(scale: Scale) -> list[float]:
    """Returns powers of ten, each or every so many; with 2 and 5 between where they are few."""
    first, last = math.ceil(math.log10(scale.low)), math.floor(math.log10(scale.high))
    if last - first >= 2:
        stride = max(1, math.ceil((last - first + 1) / _TICKS))
        return [10.0**power for power in range(first, last + 1, stride)]
    between = [m * 10.0**power for power in range(first - 1, last + 1) for m in (1, 2, 5)]
    return [value for value in between if scale.low <= value <= scale.high]


def epoch_ticks(epochs: int) -> list[int]:
    """Returns round numbers of epochs, counted from 1, for an axis."""
    if epochs <= 8:
        return list(range(1, epochs + 1))
    rough = epochs / _TICKS
    unit = 10 ** math.floor(math.log10(rough))
    step = next(int(unit * m) for m in (1, 2, 5, 10) if unit * m >= rough)
    return [1, *range(step, epochs + 1, step)] if step > 1 else list(range(1, epochs + 1, 2))
