"""Times that lie far from all others: 1970 for null, the year 9999 for never. Knows numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from recgen.config.times import EARLIEST, LATEST, STANDINS
from recgen.local.pairs import ordered

Array: TypeAlias = Any
"""A numpy array."""

_DAY = 86_400
_YEAR = 365 * _DAY
_LEAST = 30 * _DAY  # a smaller gap is no reason for anything
_FEW = 0.05  # of the rows, at each end
_ENOUGH = 10  # times, to tell a single day apart from days that are all far from each other


@dataclass(frozen=True)
class Bounds:
    """The first and the last time that are not far from the others, in epoch seconds."""

    low: int
    high: int

    def is_far(self, seconds: Array) -> Array:
        """Return which times lie outside: bool, [times]."""
        return (seconds < self.low) | (seconds > self.high)


def bounds_of(seconds: Array, counts: Array) -> Bounds | None:
    """Return the bounds of the times that belong together; None if there are no times.

    Three kinds lie outside. Values that programs write for null or for never, such as 1970-01-01,
    1900-01-01 and 9999-12-31, if they come a year or more before or after all others. A single day,
    such as 2000-01-01, if the gap to the others is longer than the time that those span (and than a
    year), and if it has less than half of the rows. And at most 5% of the rows at each end, if the
    gap is longer than that time (and than 30 days).

    Args:
        seconds: Distinct times, in any order: int64, [times].
        counts: Rows with each time: [times].
    """
    import numpy as np

    if len(seconds) == 0:
        return None
    order, times = ordered(seconds)
    rows = counts[order]
    del order  # there may be millions of times
    usual = np.flatnonzero(~_is_standin(times))
    first, last = (usual[0], usual[-1]) if len(usual) else (0, len(times) - 1)
    first = _with_near(times, first, range(first - 1, -1, -1))
    last = _with_near(times, last, range(last + 1, len(times)))
    first, last = _without_single_days(times, rows, int(first), int(last))
    first, last = _without_strays(times[first : last + 1], rows[first : last + 1], first)
    return Bounds(int(times[first]), int(times[last]))


def core_of(numbers: Array) -> Array:
    """Return numbers without few that are far from all others; no unit is assumed."""
    import numpy as np

    ordered = np.sort(numbers)
    if len(ordered) == 0:
        return ordered
    first, last = _without_strays(ordered, np.ones(len(ordered)), 0, least=0)
    return ordered[first : last + 1]


def _is_standin(times: Array) -> Array:
    """Return which times stand for null or never; a day more or less is another zone's."""
    import numpy as np

    near = np.zeros(len(times), bool)
    for moment in STANDINS:
        near |= np.abs(times - moment) <= _DAY
    return near | (times < EARLIEST) | (times >= LATEST)


def _with_near(times: Array, edge: int, outwards: range) -> int:
    """Return the edge moved outwards over stand-ins that come less than a year further."""
    for at in outwards:
        if abs(float(times[at]) - float(times[edge])) >= _YEAR:
            break
        edge = at
    return edge


def _without_single_days(times: Array, rows: Array, first: int, last: int) -> tuple[int, int]:
    """Return the first and last index without a day at either end that lies far from the rest."""
    import numpy as np

    after = int(np.searchsorted(times, times[first] + _DAY, "right"))
    before = int(np.searchsorted(times, times[last] - _DAY, "left")) - 1
    few = rows[first : last + 1].sum() / 2
    if before - after < _ENOUGH:
        return first, last
    least = max(float(times[before]) - float(times[after]), _YEAR)
    is_low = float(times[after]) - float(times[after - 1]) > least
    is_high = float(times[before + 1]) - float(times[before]) > least
    if is_low and rows[first:after].sum() < few:
        first = after
    if is_high and rows[before + 1 : last + 1].sum() < few:
        last = before
    return first, last


def _without_strays(
    times: Array, rows: Array, start: int, least: float = _LEAST
) -> tuple[int, int]:
    """Return the first and last index without few rows behind a gap at either end."""
    import numpy as np

    # The share of the rows up to each time, from each end.
    low, from_end = (
        int(np.searchsorted(np.cumsum(each) / rows.sum(), _FEW, "right"))
        for each in (rows, rows[::-1])
    )
    high = len(times) - 1 - from_end
    if high <= low:
        return start, start + len(times) - 1
    exact = times.astype(np.float64)
    gaps = np.diff(exact)
    for _ in range(2):  # each end is judged by a span without the strays of the other
        spans = exact[high] - exact[1 : low + 1]
        strays = np.flatnonzero(gaps[:low] > np.maximum(spans, least))
        first = int(strays[-1]) + 1 if len(strays) else 0
        spans = exact[high:-1] - exact[first]
        strays = np.flatnonzero(gaps[high:] > np.maximum(spans, least))
        last = high + int(strays[0]) if len(strays) else len(times) - 1
        high = last
    return start + first, start + last
