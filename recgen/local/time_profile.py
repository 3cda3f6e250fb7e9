"""Description of the times in a column: how they are written, and which lie far from the others."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.data.statistics import FarTimes, TimeProfile
from recgen.local.cast import shown
from recgen.local.cast.arrow import is_text
from recgen.local.encoded import Array, Encoded, cut
from recgen.local.times.numbers import seconds_of
from recgen.local.times.reading import Times

_EXAMPLES = 3
_YEAR_FIRST = r"^\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:\D|$)"
_YEAR_LAST = r"^\s*\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?:\D|$)"
_SWAPPABLE = 12  # days that are months, too
_HOUR, _HOURS = 3600, 24  # seconds of an hour, hours of a day


def describe_times(column: Encoded) -> TimeProfile | None:
    """Return what rules ask about a column's times; None if it has none."""
    times = column.times
    if times is None:
        return None
    unzoned = 0 if times.unzoned is None else int(column.counts[times.unzoned].sum())
    return TimeProfile(
        way=times.way,
        asked=times.asked,
        failed=int(column.counts[times.failed].sum()),
        unzoned=unzoned,
        far=tuple(_far(column)),
        is_clock=times.is_clock,
        step=_step(column, times),
        far_rows=0 if column.keeps_far else int(column.counts[column.is_far()].sum()),
        hours=() if times.is_clock else _hours(column, times),
        converted=0 if times.is_clock else _converted(column, times),
    )


def _step(column: Encoded, times: Times) -> float:
    """Return the seconds between neighbours of the largest number; 0 where none is skipped."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_float32(column.values.type):
        return 0.0
    numbers = column.values.drop_null().to_numpy(zero_copy_only=False)
    return seconds_of(float(np.spacing(np.abs(numbers[np.isfinite(numbers)]).max())), times.way)


def _converted(column: Encoded, times: Times) -> int:
    """Return the rows of dates that a spreadsheet has converted, if it could not do so with all.

    It reads 1/13/2017 day first, finds no 13th month and leaves the text; 1/2/2017 becomes the 1st
    of February.
    """
    import numpy as np
    import pyarrow.compute as pc

    if not is_text(column.values):
        return 0
    is_year_first, is_left = (
        times.known & np.asarray(pc.fill_null(pc.match_substring_regex(column.values, way), False))
        for way in (_YEAR_FIRST, _YEAR_LAST)
    )
    if not is_year_first.any() or not is_left.any():
        return 0
    dates = times.seconds.astype("datetime64[s]").astype("datetime64[D]")
    day = (dates - dates.astype("datetime64[M]")).astype(int) + 1
    if (day[is_year_first] > _SWAPPABLE).any() or (day[is_left] <= _SWAPPABLE).any():
        return 0
    return int(column.counts[is_year_first].sum())


def _hours(column: Encoded, times: Times) -> tuple[int, ...]:
    import numpy as np

    near = times.known & ~column.is_far()
    rows = np.bincount(times.seconds[near] // _HOUR % _HOURS, column.counts[near], _HOURS)
    return tuple(rows.astype(int).tolist())


def _far(column: Encoded) -> Iterator[FarTimes]:
    """Yield the times before all others, and those after, if there are any."""
    if column.times is None or column.bounds is None:
        return
    seconds, bounds = column.times.seconds, column.bounds
    is_far = column.is_far()
    for side, edge in (("before", bounds.low), ("after", bounds.high)):
        chosen = is_far & (seconds < edge if side == "before" else seconds > edge)
        if chosen.any():
            nearest = seconds[chosen].max() if side == "before" else seconds[chosen].min()
            yield FarTimes(
                side=side,  # type: ignore[arg-type]
                rows=int(column.counts[chosen].sum()),
                gap=abs(float(nearest) - float(edge)),
                examples=tuple(_examples(column, chosen)),
            )


def _examples(column: Encoded, chosen: Array) -> Iterator[tuple[str, int]]:
    """Yield the most frequent of the chosen values, with their first row."""
    import numpy as np

    at = np.flatnonzero(chosen)
    for index in at[np.argsort(-column.counts[at], kind="stable")][:_EXAMPLES]:
        (value,) = shown(column.values.slice(int(index), 1))
        yield cut(value), int((column.codes == index).argmax()) + 1
