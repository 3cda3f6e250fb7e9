"""Calendar dates and clock times to epoch seconds, many at once. Knows numpy only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A numpy array."""

_DAY = 86_400
_PIVOT = 69  # as in POSIX: 69 to 99 are of the 20th century, 00 to 68 of the 21st


@dataclass(frozen=True)
class Fields:
    """Parts of times: int64 arrays, [times].

    Attributes:
        year: Years, 0 to 9999.
        month: Months; outside 1 to 12 they are invalid.
        day: Days of the month, or of the year if `month` is 1 and they are larger.
        hour: Hours, 0 to 24.
        minute: Minutes.
        second: Seconds, 0 to 60.
        offset: Seconds by which a clock there is ahead of UTC.
    """

    year: Array
    month: Array
    day: Array
    hour: Array
    minute: Array
    second: Array
    offset: Array
    is_day_of_year: bool = field(default=False)


def epoch_seconds(parts: Fields) -> tuple[Array, Array]:
    """Return epoch seconds, int64, and which of them exist in the calendar, bool."""
    import numpy as np

    day_one = _days(parts.year, parts.month)
    days = day_one + parts.day - 1
    last = _last_days(parts)
    is_end = (parts.hour == 24) & (parts.minute == 0) & (parts.second == 0)
    exists = (
        (parts.year >= 1)
        & (parts.month >= 1)
        & (parts.month <= 12)
        & (parts.day >= 1)
        & (parts.day <= last)
        & ((parts.hour <= 23) | is_end)
        & (parts.minute <= 59)
        & (parts.second <= 60)  # a leap second is the first of the next minute
    )
    clock = parts.hour * 3600 + parts.minute * 60 + parts.second
    seconds = days * _DAY + clock - parts.offset
    return np.where(exists, seconds, 0), exists


def week_seconds(year: Array, week: Array, day: Array) -> tuple[Array, Array]:
    """Return epoch seconds of days (1 is Monday) in weeks of ISO 8601, and which weeks exist.

    The first week of a year is the one with January 4th; the last, the one with December 28th.
    """
    import numpy as np

    first = _monday(year)
    weeks = (_monday(year + 1) - first) // 7
    exists = (year >= 1) & (week >= 1) & (week <= weeks)
    return np.where(exists, (first + 7 * (week - 1) + day - 1) * _DAY, 0), exists


def _monday(year: Array) -> Array:
    """Return the days from 1970-01-01, a Thursday, to the Monday of each year's first week."""
    fourth = _days(year, year * 0 + 1) + 3
    return fourth - (fourth + 3) % 7


def _days(year: Array, month: Array) -> Array:
    """Return the days from 1970-01-01 to the first of a month, in the Gregorian calendar."""
    shifted = year - (month <= 2)  # years that begin in March end with the leap day
    from_march = (month + 9) % 12
    day_of_year = (153 * from_march + 2) // 5
    return 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + day_of_year - 719_468


def _is_leap(year: Array) -> Array:
    return ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)


def _last_days(parts: Fields) -> Array:
    """Return the last day of each month; of each year if days are counted through the year."""
    import numpy as np

    if parts.is_day_of_year:
        return np.where(_is_leap(parts.year), 366, 365)
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    last = lengths[np.clip(parts.month, 0, 12)]
    return last + ((parts.month == 2) & _is_leap(parts.year))


def full_year(year: Array, has_two_digits: Array) -> Array:
    """Return years with their century."""
    import numpy as np

    century = np.where(year >= _PIVOT, 1900, 2000)
    return np.where(has_two_digits, year + century, year)
