"""Scales: positions of values in a picture, and the ticks of an axis. Knows numbers only."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

_FAR = 50.0  # an axis is logarithmic if the highest value is this many times the lowest
_TICKS = 5
_LARGEST = sys.float_info.max
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """An axis that maps values from `low` to `high` to positions from `start` to `end`.

    What is beyond an end is drawn at that end.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Return the position of a value."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(value)
        # Halved, since the difference of two floats may overflow.
        span = high / 2 - low / 2
        share = (at / 2 - low / 2) / span if span > 0 else 0.5
        return self.start + (self.end - self.start) * share

    @property
    def ticks(self) -> list[float]:
        """About five round values on the axis."""
        return _decades(self) if self.is_log else _round_values(self.low, self.high)


def axis(values: Sequence[float], start: float, end: float, *, from_zero: bool = False) -> Scale:
    """Return an axis that contains all values, with some margin.

    The axis is logarithmic if all values are positive and they are far apart.

    Args:
        values: One or more finite values.
        start: Position of the low end.
        end: Position of the high end.
        from_zero: Whether the axis includes zero, as for shares; it is then linear.
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
    """Return powers of ten, thinned if there are many, with 2 and 5 between if there are few."""
    first, last = math.ceil(math.log10(scale.low)), math.floor(math.log10(scale.high))
    if last - first >= 2:
        stride = max(1, math.ceil((last - first + 1) / _TICKS))
        return [10.0**power for power in range(first, last + 1, stride)]
    between = [m * 10.0**power for power in range(first - 1, last + 1) for m in (1, 2, 5)]
    return [value for value in between if scale.low <= value <= scale.high]


def epoch_ticks(epochs: int, is_log: bool = False) -> list[int]:
    """Return round numbers of epochs, counted from 1."""
    if is_log:
        powers = range(math.floor(math.log10(max(epochs, 1))) + 1)
        return [m * 10**p for p in powers for m in (1, 2, 5) if m * 10**p <= epochs]
    if epochs <= 8:
        return list(range(1, epochs + 1))
    rough = epochs / _TICKS
    unit = 10 ** math.floor(math.log10(rough))
    step = next(int(unit * m) for m in (1, 2, 5, 10) if unit * m >= rough)
    return [1, *range(step, epochs + 1, step)] if step > 1 else list(range(1, epochs + 1, 2))
