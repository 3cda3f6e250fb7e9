"""Numbers as times: epoch times of any unit, dates in digits, days of a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.clock import latest
from recgen.config.times import counted_since
from recgen.local.times.digits import FORMATS, are_periods, formats_of, in_format, of_digits
from recgen.local.times.far import core_of

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""

_DAY = 86_400
_STARTS = {"EPOCH_DAYS": 0.0, "EXCEL_DAYS": 25_569.0, "JULIAN_DAYS": 2_440_587.5}
"""Days from the first day of each unit to 1970-01-01."""
_PER_SECOND = {
    "EPOCH_SECONDS": 1,
    "EPOCH_MILLIS": 10**3,
    "EPOCH_MICROS": 10**6,
    "EPOCH_NANOS": 10**9,
}
_FROM = {"EPOCH_NANOS": 1e17, "EPOCH_MICROS": 1e14, "EPOCH_MILLIS": 1e11, "EPOCH_SECONDS": 1e8}
"""The smallest size of each unit's numbers: in March 1973."""
_DAYS = {"EXCEL_DAYS": (18_264, 73_051), "EPOCH_DAYS": (3653, 47_482)}  # about 1950 to 2100
_CODED = ((100_001, 140_366), (1_000_101, 1_401_231), (1_970_001, 2_100_366))
"""Numbers that say a day in an unusual way; half of the dates in other ways look like them."""
_CALENDAR = {  # the first and last numbers of dates in digits
    6: (_CODED[0], (190_001, 210_012)),
    7: _CODED[1:],
    8: ((19_000_000, 21_000_000),),
    10: ((1990_000_000, 2100_000_000),),
    12: ((1970 * 10**8, 2100 * 10**8),),
    14: ((1970 * 10**10, 2100 * 10**10),),
    17: ((1970 * 10**13, 2100 * 10**13),),
}
_SHORT = 5  # digits, with which numbers may be days of a spreadsheet, too
_TELLING = 8  # digits that codes have less often
_FRACTIONS = 10**13  # from which on dates in digits may have fractions of seconds
_SINCE = (  # units of programs that people export from, the most usual first
    "days since 1960-01-01",  # SAS, Stata
    "JULIAN_DAYS",
    "days since 1904-01-01",  # Excel on old Macs
    "days since 1900-01-01",  # SQL Server
    "seconds since 1960-01-01",  # SAS
    "milliseconds since 1960-01-01",  # Stata
    "seconds since 1904-01-01",  # Mac OS
    "seconds since 1900-01-01",  # NTP, Lisp
    "seconds since 1582-10-14",  # SPSS
    "seconds since 1601-01-01",
    "milliseconds since 1601-01-01",
    "microseconds since 1601-01-01",  # Chrome
    "ticks since 1601-01-01",  # Windows
    "ticks since 0001-01-01",  # .NET
    "milliseconds since 0001-01-01",
    "seconds since 0001-01-01",
    "days since 0001-01-01",  # Python's ordinals, but for a day
    "hours since 1970-01-01",
    "minutes since 1970-01-01",
)
_LATEST = 2 * 365 * _DAY  # from now: if all times are later, their unit may be another
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
    formats = _formats(usual)
    size = float(np.median(np.abs(usual.astype(np.float64))))
    if _is_calendar(usual, _MOSTLY):
        is_coded = size <= _CODED[0][1]  # years and months such as 201112 are more usual
        return "DATE_NUMBER", ("DATE_NUMBER", *formats) if formats and is_coded else ()
    median = float(np.median(usual.astype(np.float64)))
    others = tuple(unit for unit in _SINCE if _is_usual(median, unit))
    for unit, smallest in _FROM.items():
        if size >= smallest:
            is_late = (
                float(np.quantile(usual.astype(np.float64), 0.05)) / _PER_SECOND[unit]
                > latest() + _LATEST
            )
            is_asked = others and (is_late or unit == "EPOCH_NANOS")
            return unit, (*others, unit) if is_asked else ()
    if formats and FORMATS[formats[0]] > _SHORT:
        return formats[0], formats if len(formats) > 1 else ()
    days = tuple(unit for unit, (low, high) in _DAYS.items() if low <= size <= high)
    return "EPOCH_SECONDS", (*formats, *days, *others, "EPOCH_SECONDS")


def seconds_of(number: float, unit: str) -> float:
    """Return how many seconds a number of a unit lasts; 0 for dates in digits."""
    counted = counted_since(unit)
    if counted is not None:
        return number / float(counted[0])
    if unit in _STARTS:
        return number * _DAY
    return number / _PER_SECOND[unit] if unit in _PER_SECOND else 0.0


def _is_usual(number: float, unit: str) -> bool:
    """Return whether a number is a time from 1990 until now in a unit."""
    import numpy as np

    seconds, _ = _in_unit(np.array([number]), unit)
    return bool(_PLAUSIBLE["EPOCH_SECONDS"][0] <= seconds[0] <= latest())


def looks_like_times(numbers: Array, *, is_named: bool = False) -> bool:
    """Return whether numbers of an unknown meaning are times: until 2040, and not dense.

    Unlike IDs, epoch times have gaps; dates in digits exist in the calendar.

    Args:
        numbers: int64 or float64.
        is_named: Whether the column's name says that it has times; without, short dates such as
            2023206 and 25012023 may be codes of anything.
    """
    import numpy as np

    usual = core_of(_usual(numbers))
    if len(usual) == 0:
        return False
    is_long = usual.min() >= 10 ** (_TELLING - 1)
    if (is_long or is_named) and _is_calendar(usual, _NEARLY_ALL):
        return True
    if is_named and _formats(usual):
        return True
    low, high = float(usual.min()), float(usual.max())
    is_dense = high - low < _SPARSE * len(np.unique(usual))
    return not is_dense and any(
        low >= _PLAUSIBLE[unit][0] * scale and high <= _PLAUSIBLE[unit][1] * scale
        for unit, scale in _PER_SECOND.items()
    )


def _formats(numbers: Array) -> tuple[str, ...]:
    whole = _whole(numbers)
    return formats_of(whole) if whole is not None and whole.min() > 0 else ()


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

    whole = _whole(_without_fractions(numbers))
    if whole is None or (whole <= 0).all() or are_periods(whole):
        return False
    exists = of_digits(whole)[1]
    for first, last in _CALENDAR.get(len(str(int(np.median(whole)))), ()):
        least = _NEARLY_ALL if (first, last) in _CODED else share
        if (exists & (whole >= first) & (whole <= last)).mean() >= least:
            return True
    return False


def _without_fractions(numbers: Array) -> Array:
    """Return numbers without the fractions of seconds that follow dates of 14 digits."""
    import numpy as np

    if numbers.dtype.kind != "f":
        return numbers
    return np.where(numbers >= _FRACTIONS, np.floor(numbers), numbers)


def _in_unit(numbers: Array, unit: str) -> tuple[Array, Array]:
    """Return seconds and which numbers are times in a unit."""
    import numpy as np

    if unit == "DATE_NUMBER" or unit in FORMATS:
        numbers = _without_fractions(np.where(np.isfinite(numbers), numbers, 0))
        whole = _whole(numbers)
        if whole is None:
            fractions = np.where(numbers == np.floor(numbers), numbers, 0)
            whole = np.clip(fractions, -1, 1e18).astype(np.int64)
        return in_format(whole, unit) if unit in FORMATS else of_digits(whole)
    if numbers.dtype.kind != "f" and unit in _PER_SECOND:
        return numbers // _PER_SECOND[unit], np.ones(len(numbers), bool)
    counted = counted_since(unit)
    is_days = unit in _STARTS or unit.startswith("days")
    with np.errstate(over="ignore", invalid="ignore"):
        if counted is not None:
            seconds = numbers.astype(np.float64) / float(counted[0]) + counted[1]
        elif unit in _STARTS:
            seconds = (numbers.astype(np.float64) - _STARTS[unit]) * _DAY
        else:
            seconds = numbers.astype(np.float64) * (1 / _PER_SECOND[unit])
    known = np.isfinite(seconds) & (np.abs(seconds) < _FARTHEST)
    seconds = np.where(known, seconds, 0)
    # A spreadsheet's fraction of a day is seldom a whole second to the last digit.
    whole = np.rint(seconds) if is_days else np.floor(seconds)
    return whole.astype(np.int64), known


def lost_digits(texts: pa.Array, unit: str) -> Array:
    """Return which numbers have an exponent and too few digits for seconds, as 1.61466E+09.

    Where most have all digits, the others have lost none but zeros: Java writes 1.6146E9 so.
    """
    import numpy as np
    import pyarrow.compute as pc

    found = pc.match_substring(texts, "e", ignore_case=True).to_numpy(zero_copy_only=False)
    (exponents,) = np.nonzero(found)
    for at in exponents:
        mantissa, _, exponent = texts[int(at)].as_py().lower().partition("e")
        place = int(exponent) - len(mantissa.partition(".")[2])
        last = seconds_of(10.0 ** min(place, 300), unit)
        found[at] = last > 1
    return found & bool(2 * found.sum() > len(exponents))
