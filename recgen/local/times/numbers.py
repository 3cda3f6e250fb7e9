"""Numbers as times: epoch times of any unit, dates in digits, days of a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from recgen.local.times.calendar import of_digits
from recgen.local.times.far import core_of

Array: TypeAlias = Any
"""A numpy array."""

_DAY = 86_400
_EXCEL = 25_569  # days from 1899-12-30 to 1970-01-01
_PER_SECOND = {
    "EPOCH_SECONDS": 1,
    "EPOCH_MILLIS": 10**3,
    "EPOCH_MICROS": 10**6,
    "EPOCH_NANOS": 10**9,
}
_FROM = {"EPOCH_NANOS": 1e17, "EPOCH_MICROS": 1e14, "EPOCH_MILLIS": 1e11, "EPOCH_SECONDS": 1e8}
"""The smallest size of each unit's numbers: in March 1973."""
_DAYS = {"EXCEL_DAYS": (18_264, 73_051), "EPOCH_DAYS": (3653, 47_482)}  # about 1950 to 2100
_CALENDAR = {8: (1900, 2100), 10: (1990, 2100), 12: (1970, 2100), 14: (1970, 2100)}  # years
_MONTHS = (190_001, 210_012)  # of 1900 to 2100
_KNOWN_NULLS = (0, -1, 1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
_MOSTLY, _NEARLY_ALL = 0.5, 0.95  # if the config says that these are times; if it does not
_PLAUSIBLE = {  # from 1990 or, as milliseconds of 12 digits are usually bar codes, from 2001 on
    unit: (631_152_000 if scale == 1 else 10**9, 2_208_988_800)
    for unit, scale in _PER_SECOND.items()
}
_SPARSE = 4  # minimum ratio of range to values; denser numbers are IDs
_FARTHEST = 2.0**62


@dataclass(frozen=True)
class ReadNumbers:
    """Numbers as times.

    Attributes:
        seconds: int64, [numbers]; 0 where nothing was read.
        known: Which numbers are times: bool, [numbers].
        unit: The unit with which they were read.
        asked: Units that are possible if none can be recognised.
    """

    seconds: Array
    known: Array
    unit: str
    asked: tuple[str, ...] = ()


def read_numbers(numbers: Array, unit: str | None = None) -> ReadNumbers:
    """Return the times that int64 or float64 numbers stand for; the unit may be given."""
    asked: tuple[str, ...] = ()
    if unit is None:
        unit, asked = unit_of(numbers)
    seconds, known = _in_unit(numbers, unit)
    return ReadNumbers(seconds, known, unit, asked)


def unit_of(numbers: Array) -> tuple[str, tuple[str, ...]]:
    """Return the unit of numbers that are times, and what it could be if none is recognised.

    The median decides, so that zeros and other stand-ins for null do not.
    """
    import numpy as np

    usual = _usual(numbers)
    if len(usual) == 0:
        return "EPOCH_SECONDS", ()
    if _is_calendar(usual, _MOSTLY):
        return "DATE_NUMBER", ()
    size = float(np.median(np.abs(usual.astype(np.float64))))
    for unit, smallest in _FROM.items():
        if size >= smallest:
            return unit, ()
    days = tuple(unit for unit, (low, high) in _DAYS.items() if low <= size <= high)
    return "EPOCH_SECONDS", (*days, "EPOCH_SECONDS")


def looks_like_times(numbers: Array) -> bool:
    """Return whether numbers of an unknown meaning are times: until 2040, and not dense.

    Unlike IDs, epoch times have gaps; dates in digits exist in the calendar.
    """
    import numpy as np

    usual = core_of(_usual(numbers))
    if len(usual) == 0:
        return False
    whole = _whole(usual)
    if whole is not None and whole.min() > _MONTHS[1] and _is_calendar(usual, _NEARLY_ALL):
        return True
    low, high = float(usual.min()), float(usual.max())
    is_dense = high - low < _SPARSE * len(np.unique(usual))
    return not is_dense and any(
        low >= _PLAUSIBLE[unit][0] * scale and high <= _PLAUSIBLE[unit][1] * scale
        for unit, scale in _PER_SECOND.items()
    )


def _usual(numbers: Array) -> Array:
    """Return the numbers without what stands for null."""
    import numpy as np

    finite = numbers[np.isfinite(numbers)] if numbers.dtype.kind == "f" else numbers
    return finite[~np.isin(finite, _KNOWN_NULLS)]


def _whole(numbers: Array) -> Array | None:
    """Return numbers as int64; None if they are fractions or too large."""
    import numpy as np

    if numbers.dtype.kind != "f":
        return numbers.astype(np.int64)
    if (np.abs(numbers) >= _FARTHEST).any() or (numbers != np.floor(numbers)).any():
        return None
    return numbers.astype(np.int64)


def _is_calendar(numbers: Array, share: float) -> bool:
    """Return whether a share of the numbers are dates in digits, with the usual number of them."""
    import numpy as np

    whole = _whole(numbers)
    if whole is None or (whole <= 0).all():
        return False
    middle = int(np.median(whole))
    digits = len(str(middle))
    if digits == 6:
        is_one = (whole >= _MONTHS[0]) & (whole <= _MONTHS[1]) & of_digits(whole)[1]
    elif digits in _CALENDAR:
        first, last = (year * 10 ** (digits - 4) for year in _CALENDAR[digits])
        is_one = (whole >= first) & (whole < last) & of_digits(whole)[1]
    else:
        return False
    return bool(is_one.mean() >= share)


def _in_unit(numbers: Array, unit: str) -> tuple[Array, Array]:
    """Return seconds and which numbers are times in a unit."""
    import numpy as np

    if unit == "DATE_NUMBER":
        whole = _whole(np.where(np.isfinite(numbers), numbers, 0))
        if whole is None:
            fractions = np.where(numbers == np.floor(numbers), numbers, 0)
            whole = np.clip(fractions, -1, 1e15).astype(np.int64)
        return of_digits(whole)
    if numbers.dtype.kind != "f" and unit in _PER_SECOND:
        return numbers // _PER_SECOND[unit], np.ones(len(numbers), bool)
    scale = {"EPOCH_DAYS": float(_DAY), "EXCEL_DAYS": float(_DAY)}
    start = _EXCEL if unit == "EXCEL_DAYS" else 0
    factor = scale.get(unit) or 1 / _PER_SECOND[unit]
    with np.errstate(over="ignore", invalid="ignore"):
        seconds = (numbers.astype(np.float64) - start) * factor
    known = np.isfinite(seconds) & (np.abs(seconds) < _FARTHEST)
    seconds = np.where(known, seconds, 0)
    # A spreadsheet's fraction of a day is seldom a whole second to the last digit.
    whole = np.rint(seconds) if unit == "EXCEL_DAYS" else np.floor(seconds)
    return whole.astype(np.int64), known
