"""How far two runs are apart in a figure: in pairs of the same buyers, if both files allow it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

from recgen.metrics import Interval

LEVEL = 0.05
"""How often a difference is called clear though there is none."""
_NORMAL = NormalDist()
_SAME = 1e-6  # relative tolerance of a figure and the sums that it is the ratio of


@dataclass(frozen=True)
class Sums:
    """What a figure is the ratio of, for each group of buyers.

    Attributes:
        rows: Numbers of rows or pairs.
        sums: What they add up to.
        is_root: Whether the figure is the root of the ratio.
    """

    rows: Sequence[int]
    sums: Sequence[float]
    is_root: bool = False

    @property
    def value(self) -> float:
        """The figure; NaN without rows."""
        total = sum(self.rows)
        ratio = sum(self.sums) / total if total else math.nan
        return math.sqrt(ratio) if self.is_root and ratio >= 0 else ratio

    def parts(self) -> list[float]:
        """Return by how much each group moves the figure, to first order; the sum is 0."""
        total, ratio = sum(self.rows), sum(self.sums) / sum(self.rows)
        scale = total * (2 * self.value if self.is_root else 1)
        pairs = zip(self.sums, self.rows, strict=True)
        return [(own - ratio * rows) / scale if scale else 0.0 for own, rows in pairs]


@dataclass(frozen=True)
class Distance:
    """How far one figure is above another.

    Attributes:
        value: The first minus the second.
        noise: Half of the width of the interval around it.
        unpaired: Why the interval is that of independent figures, which is wider; empty if it is
            that of the same buyers in both.
    """

    value: float
    noise: float
    unpaired: str = ""

    @property
    def is_clear(self) -> bool:
        """Whether it is more than noise."""
        return abs(self.value) > self.noise


def distance(
    own: tuple[Interval, Sums | None], other: tuple[Interval, Sums | None], tried: int = 1
) -> Distance:
    """Return how far one figure is above another, with its 95% interval.

    In pairs, it is a t interval over groups of buyers of the linearized ratio. Only groups in
    which the runs differ tell of its width, so a few of them have a wide one: for hits, it is
    as strict as a sign test.

    Args:
        own: A figure, and its sums by group of buyers if the file has them.
        other: Another run's.
        tried: Number of distances of which the largest is looked for; each of them may be large
            by chance, so intervals are wider (Bonferroni).
    """
    value, level = own[0].value - other[0].value, LEVEL / tried
    why = _why_unpaired(own, other)
    if why is None and own[1] and other[1]:
        return Distance(value, _noise(own[1], other[1], level))
    wider = _NORMAL.inv_cdf(1 - level / 2) / _NORMAL.inv_cdf(1 - LEVEL / 2)
    return Distance(value, wider * math.hypot(half(own[0]), half(other[0])), why or "")


def half(figure: Interval) -> float:
    """Return half of the width of a figure's interval; 0 if it is unknown."""
    return 0.0 if figure.low is None or figure.high is None else (figure.high - figure.low) / 2


def _why_unpaired(
    own: tuple[Interval, Sums | None], other: tuple[Interval, Sums | None]
) -> str | None:
    counted = [sums for _, sums in (own, other) if sums]
    if len(counted) < 2:
        files = "one file has" if counted else "the files have"
        return f"{files} no sums by group of buyers"
    if list(counted[0].rows) != list(counted[1].rows):
        return "the groups of buyers have other rows in the other file"
    for figure, sums in (own, other):
        if not sums or not math.isclose(sums.value, figure.value, rel_tol=_SAME, abs_tol=_SAME):
            return "the sums by group of buyers are not those of the figure"
    return None


def _noise(own: Sums, other: Sums, level: float) -> float:
    parts = [a - b for a, b in zip(own.parts(), other.parts(), strict=True)]
    moved = sum(_differ(*each) for each in zip(own.sums, other.sums, strict=True))
    if not moved:
        return 0.0
    groups = sum(rows > 0 for rows in own.rows)
    variance = groups / max(groups - 1, 1) * sum(part * part for part in parts)
    return t_quantile(1 - level / 2, max(moved - 1, 1)) * math.sqrt(variance)


def _differ(one: float, other: float) -> bool:
    return not math.isclose(one, other, rel_tol=_SAME, abs_tol=0)


@cache
def t_quantile(share: float, freedom: int) -> float:
    """Return the value below which a share, above a half, of Student's t distribution is."""
    low, high = 0.0, 1.0
    while _t_share(high, freedom) < share:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_share(middle, freedom) < share else (low, middle)
    return high


def _t_share(value: float, freedom: int) -> float:
    """Return the share of Student's t below a positive value (Abramowitz and Stegun, 26.7.3)."""
    angle = math.atan2(value, math.sqrt(freedom))
    square, is_odd = math.cos(angle) ** 2, freedom % 2
    term = total = math.cos(angle) if is_odd else 1.0
    for k in range(1 + is_odd, freedom - 2, 2):
        term *= square * k / (k + 1)
        total += term
    inner = math.sin(angle) * total
    if is_odd:
        inner = (angle + (inner if freedom > 1 else 0.0)) * 2 / math.pi
    return (1 + inner) / 2
