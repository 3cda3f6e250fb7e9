"""Axes for many series, of which a few must not flatten the others. Knows numbers only."""

from __future__ import annotations

from collections.abc import Sequence

from recgen.analysis.series import points
from recgen.metrics import Series

_ABOVE = 3.0  # times the highest value of a usual series
_RISE = 10.0  # times its first value: a series that diverged
_OTHER = 1e4  # times the usual: no other trainer's sum over a batch, but divergence
_LONG = 4  # times the usual number of epochs


def usual(series: Sequence[Series]) -> tuple[list[float], list[int]]:
    """Return the values that an axis should show, and which series it cannot show whole.

    These are series that diverged, and few others that are far above the rest.
    """
    found = [[value for _, value in points(each)] for each in series]
    middle = _middle([max(values) for values in found if values])
    wild = [bool(values) and _diverged(values, middle) for values in found]
    tops = sorted(max(values) for values, w in zip(found, wild, strict=True) if values and not w)
    every = [value for values in found for value in values]
    if not tops or tops[0] <= 0:
        return every, []
    limit = _ABOVE * _middle(tops)
    if 4 * sum(top > limit for top in tops) > len(tops):
        limit = _ABOVE * tops[-1]
    cut = [index for index, values in enumerate(found) if values and max(values) > limit]
    return [v for index, values in enumerate(found) if index not in cut for v in values], cut


def _middle(values: Sequence[float]) -> float:
    """Return the median, the lower one of two; 0 if there are no values."""
    return sorted(values)[(len(values) - 1) // 2] if values else 0.0


def _diverged(values: Sequence[float], usual_top: float) -> bool:
    return max(values) > _RISE * abs(values[0]) > 0 or max(values) > _OTHER * usual_top > 0


def is_uneven(series: Sequence[Series]) -> bool:
    """Return whether a few series are so long that the others would be narrow beside them."""
    lengths = sorted(len(each) for each in series if points(each))
    return bool(lengths) and lengths[-1] > _LONG * lengths[len(lengths) // 2]
