"""Dates in digits without separators, as ERP systems write them. Knows numpy only."""

from __future__ import annotations

from typing import Any, TypeAlias

from recgen.clock import latest
from recgen.local.times.calendar import Fields, epoch_seconds, full_year

Array: TypeAlias = Any
"""A numpy array."""

_CENTURY_DAY = (100_001, 140_366)  # 123206 of JD Edwards: centuries since 1900, year, day of it
_CENTURY_DATE = (1_000_101, 1_401_231)  # 1230725 of IBM i: centuries since 1900, year, month, day
_YEAR_DAY = (1_970_001, 2_100_366)  # 2023206: the day of the year
_LAST_PERIOD = 16  # 2023016 is the last period of a fiscal year in SAP, written like a day
_MILLIS = 10**16  # from which on 17 digits end with milliseconds
_ORDERS = {  # the places of year, month and day, and the digits of each part, from the right
    "%y%m%d": ((0, 1, 2), (2, 2, 2)),
    "%d%m%y": ((2, 1, 0), (2, 2, 2)),
    "%m%d%y": ((2, 0, 1), (2, 2, 2)),
    "%d%m%Y": ((2, 1, 0), (4, 2, 2)),
    "%m%d%Y": ((2, 0, 1), (4, 2, 2)),
}
_DIGITS = {5: ("%y%j",), 6: ("%y%m%d", "%d%m%y", "%m%d%y"), 8: ("%d%m%Y", "%m%d%Y")}
FORMATS = {each: digits for digits, several in _DIGITS.items() for each in several}
"""Formats of dates that are numbers, too, with the number of their digits."""
_USUAL = (631_152_000, 2_208_988_800)  # 1990 to 2040
_NEARLY_ALL = 0.95


def of_digits(numbers: Array) -> tuple[Array, Array]:
    """Return epoch seconds and validity of dates in digits, such as 20230131 or 202301310912.

    Args:
        numbers: int64, [numbers]: a year and a month, and more with 8, 10, 12, 14 or 17 digits; or
            the day of a year, such as 2023206; or with the century in front, as some systems write
            it: 1230131 and 123206.
    """
    import numpy as np

    numbers = np.where(numbers >= _MILLIS, numbers // 1000, numbers)
    numbers = np.where(_within(numbers, _CENTURY_DATE), numbers + 19_000_000, numbers)
    numbers = np.where(_within(numbers, _CENTURY_DAY), numbers + 1_900_000, numbers)
    is_day = _within(numbers, _YEAR_DAY)
    digits = np.full(len(numbers), 0)
    for length in (6, 8, 10, 12, 14):
        digits[(numbers >= 10 ** (length - 1)) & (numbers < 10**length)] = length
    padded = np.where(digits > 0, numbers, 0) * 10 ** np.maximum(14 - digits, 0)
    rest, parts = padded, []
    for _ in range(5):
        rest, part = np.divmod(rest, 100)
        parts.append(part)
    second, minute, hour, day, month = parts
    day = np.where(digits == 6, 1, day)
    zero = np.zeros_like(rest)
    seconds, exists = epoch_seconds(Fields(rest, month, day, hour, minute, second, zero))
    of_day, is_one = _days_of_years(numbers // 1000, numbers % 1000)
    return np.where(is_day, of_day, seconds), np.where(is_day, is_one, exists & (digits > 0))


def are_periods(numbers: Array) -> bool:
    """Return whether numbers like 2023007 are all periods of fiscal years as much as days."""
    return bool(_within(numbers, _YEAR_DAY).all() and (numbers % 1000 <= _LAST_PERIOD).all())


def in_format(numbers: Array, time_format: str) -> tuple[Array, Array]:
    """Return epoch seconds and validity of numbers in one of `FORMATS`: int64, [numbers].

    Zeros in front, which a number does not keep, are not missed.
    """
    import numpy as np

    if time_format == "%y%j":
        year, day = np.divmod(numbers, 1000)
        seconds, exists = _days_of_years(full_year(year, year >= 0), day)
        return seconds, exists & (year >= 0) & (year <= 99)
    places, sizes = _ORDERS[time_format]
    rest = numbers
    parts: list[Array] = []
    for size in sizes:
        rest, part = np.divmod(rest, 10**size)
        parts.insert(0, part)
    year, month, day = (parts[place] for place in places)
    zero = np.zeros_like(rest)
    fields = Fields(full_year(year, year <= 99), month, day, zero, zero, zero, zero)
    seconds, exists = epoch_seconds(fields)
    return seconds, exists & (rest == 0) & (numbers > 0)


def formats_of(numbers: Array) -> tuple[str, ...]:
    """Return the formats in which nearly all numbers are dates of 1990 to 2040, each once.

    A format that puts more of them into the future than another is left out.
    """
    import numpy as np

    found: dict[str, Array] = {}
    for time_format in _DIGITS.get(len(str(int(numbers.max()))), ()):
        seconds, exists = in_format(numbers, time_format)
        usual = exists & (seconds >= _USUAL[0]) & (seconds < _USUAL[1])
        is_other = not any((seconds == each).all() for each in found.values())
        if np.mean(usual) >= _NEARLY_ALL and is_other:
            found[time_format] = seconds
    ahead = {each: int((seconds > latest()).sum()) for each, seconds in found.items()}
    return tuple(each for each in found if ahead[each] == min(ahead.values()))


def _within(numbers: Array, ends: tuple[int, int]) -> Array:
    return (numbers >= ends[0]) & (numbers <= ends[1])


def _days_of_years(year: Array, day: Array) -> tuple[Array, Array]:
    """Return epoch seconds and validity of days that are counted through the year."""
    import numpy as np

    one, zero = np.ones_like(year), np.zeros_like(year)
    return epoch_seconds(Fields(year, one, day, zero, zero, zero, zero, is_day_of_year=True))
