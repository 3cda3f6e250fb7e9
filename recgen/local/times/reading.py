"""Values of a column as times, whatever their type. For checking, proposing and training alike.

Times are int64 epoch seconds in UTC, times of day seconds since midnight; fractions are cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recgen.config.times import is_time_unit, mark_seconds
from recgen.local.times.arrays import Array, as_text, filled, numbers_of, valid_of, whole_as_text
from recgen.local.times.digits import FORMATS
from recgen.local.times.far import Bounds, bounds_of
from recgen.local.times.numbers import (
    ReadNumbers,
    looks_like_times,
    lost_digits,
    read_numbers,
)
from recgen.local.times.odd import unframed
from recgen.local.times.texts import (
    Read,
    read_clock,
    read_format,
    read_texts,
    zero_dates,
)
from recgen.local.times.ways import CODED

if TYPE_CHECKING:
    import pyarrow as pa

_DAY = 86_400
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$"
_WHOLE = r"^[+-]?\d{1,18}$"
_MOSTLY = 0.95  # of the values
_SOME = 0.5
_STRANGE_YEARS = (
    (-62_104_060_800, -59_011_459_200),
    (-21_627_000_000, -14_831_800_000),
    (15_082_000_000, 23_036_000_000),
)
"""Epoch seconds of the years 2 to 99, which are years of two digits, and of the years 1284 to 1500
and 2447 to 2700, which are about 1900 to 2100 elsewhere."""
_PROBED = 1000  # values


@dataclass(frozen=True)
class Times:
    """A column read as times.

    Attributes:
        seconds: Epoch seconds, or seconds of the day: int64, [values]; 0 where not known.
        known: Which values are times: bool, [values].
        failed: Which are neither times nor null: bool, [values].
        way: How the times are written: a unit, a format or the name of a standard.
        asked: Units or formats that fit equally well, if the values do not decide; then the times
            are those of the first.
        unzoned: Values that say a time of day and no zone, where others say one: bool, [values];
            None if the values do not differ in that.
        is_clock: Whether they are times of day.
    """

    seconds: Array
    known: Array
    failed: Array
    way: str = ""
    asked: tuple[str, ...] = ()
    unzoned: Array | None = None
    is_clock: bool = False

    def bounds(self, counts: Array) -> Bounds | None:
        """Return the bounds of the times that belong together; None for times of day.

        Args:
            counts: Rows with each value: [values].
        """
        if self.is_clock:
            return None
        return bounds_of(self.seconds[self.known], counts[self.known])

    def is_nearly_all(self) -> bool:
        """Return whether there are times, and few values that are none."""
        known, failed = self.known.sum(), self.failed.sum()
        return bool(known and known >= _MOSTLY * (known + failed))

    def without(self, nulls: Array) -> Times:
        """Return the same with null for some values: bool, [values]."""
        return replace(self, known=self.known & ~nulls, failed=self.failed & ~nulls)


def read_times(values: pa.Array, time_format: str | None = None) -> Times:
    """Return the times of a column.

    Args:
        values: Values of any type that is not nested. Texts are large_string, stripped, with null
            for words that mean it. Distinct values suffice: each is read only once.
        time_format: The unit of its numbers or the format of its texts, if the config says one;
            values that are times by their type need none.
    """
    import pyarrow as pa

    kinds = pa.types
    if kinds.is_timestamp(values.type) or kinds.is_date(values.type):
        return _without_other_calendars(_typed(values))
    if kinds.is_large_string(values.type):
        times = _of_texts(values, time_format)
        return times if time_format else _without_other_calendars(times)
    is_number = kinds.is_integer(values.type) or kinds.is_floating(values.type)
    if is_number or kinds.is_decimal(values.type):
        if time_format and not is_time_unit(time_format) and time_format not in FORMATS:
            return _of_texts(whole_as_text(values), time_format)
        return _of_numbers(numbers_of(values), valid_of(values), time_format)
    return _nothing(values)


def read_clocks(values: pa.Array) -> Times:
    """Return the seconds of the day of a column of times of day; the arguments are alike."""
    import numpy as np
    import pyarrow as pa

    valid = valid_of(values)
    if pa.types.is_time(values.type):
        ticks = _TICKS[values.type.unit]
        numbers = values.cast(pa.time64("us") if ticks < 10**9 else values.type)
        per_second = _TICKS[numbers.type.unit]
        seconds = filled(numbers.cast(pa.int64())) // per_second
        return Times(seconds, valid, np.zeros(len(values), bool), is_clock=True)
    if pa.types.is_large_string(values.type):
        seconds, known = read_clock(values.fill_null(""))
        rest = values.filter(pa.array(~known & valid))
        if known.any() or not _are_numbers(rest):
            return Times(seconds, known & valid, valid & ~known, is_clock=True)
        values = values.cast(pa.float64())
    is_number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    if not is_number:
        return _nothing(values)
    numbers = numbers_of(values)
    with np.errstate(invalid="ignore"):
        known = valid & (numbers >= 0) & (numbers < _DAY)
    seconds = np.where(known, numbers, 0).astype(np.int64)
    return Times(seconds, known, valid & ~known, is_clock=True)


def recognised(words: pa.Array, *, is_named: bool = False) -> Times | None:
    """Return texts as times if nearly all are times of one kind; None otherwise.

    Args:
        words: Texts as for `read_times`.
        is_named: Whether the column's name says that it has times; many codes look like short ones.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = words.filter(pc.match_substring_regex(words, _NUMBER, ignore_case=True))
    are_numbers = len(numbers) > len(words) / 2
    if are_numbers and not recognised_numbers(numbers.cast(pa.float64()), is_named=is_named):
        return None  # IDs, with a word among them
    for read in (read_times, read_clocks):
        times = read(words)
        if times.is_nearly_all() and (is_named or times.way not in CODED):
            return times
    return None


def recognised_numbers(values: pa.Array, *, is_named: bool = False) -> Times | None:
    """Return numbers as times if they look like it; None otherwise. Arguments as `recognised`."""
    import numpy as np

    numbers, valid = numbers_of(values), valid_of(values)
    finite = numbers[valid]
    if finite.dtype.kind == "f" and not np.isfinite(finite).all():
        return None
    if not looks_like_times(finite, is_named=is_named):
        return None
    times = _of_numbers(numbers, valid, None)
    return times if not times.asked and times.is_nearly_all() else None


def null_marks(
    values: pa.Array, times: Times, marks: Sequence[str], time_format: str | None
) -> Array:
    """Return which values a config takes as null: bool, [values].

    Args:
        values: The values, as for `read_times`.
        times: What was read of them.
        marks: What stands for null: a value as it is written in the data, or a time.
        time_format: The unit or format of the column, if the config says one.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not marks:
        return np.zeros(len(values), bool)
    words = pa.array([mark.strip() for mark in marks], pa.large_string())
    moments = [mark_seconds(mark, time_format) for mark in marks]
    same = times.known & np.isin(times.seconds, [at for at in moments if at is not None])
    is_text = pa.types.is_large_string(values.type)
    written = values if is_text else as_text(values)
    return same | pc.is_in(written, value_set=words).to_numpy(zero_copy_only=False)


def _nothing(values: pa.Array) -> Times:
    """Return that no value is a time, as a duration or a truth is none."""
    import numpy as np

    none = np.zeros(len(values), bool)
    return Times(np.zeros(len(values), np.int64), none, valid_of(values))


def _typed(values: pa.Array) -> Times:
    """Return the times of Arrow's dates and timestamps."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_date32(values.type):
        seconds = filled(values.cast(pa.int32())).astype(np.int64) * _DAY
    else:
        unit = "ms" if pa.types.is_date64(values.type) else values.type.unit
        seconds = filled(values.cast(pa.int64())) // _TICKS[unit]
    return Times(seconds, valid_of(values), np.zeros(len(values), bool), "timestamps")


def _of_numbers(numbers: Array, valid: Array, unit: str | None) -> Times:
    """Return the times of numbers; 0 among dates in digits is a null."""
    import numpy as np

    found: ReadNumbers = read_numbers(numbers[valid], unit)
    seconds, known = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), bool)
    seconds[valid], known[valid] = np.where(found.known, found.seconds, 0), found.known
    failed = valid & ~known
    if _is_in_digits(found.unit):
        failed &= numbers != 0
    return Times(seconds, known, failed, found.unit, found.asked)


def _without_other_calendars(times: Times) -> Times:
    """Return times without those of other calendars, if most of a column are of such a year.

    2565 is 2022 in Thailand, 1401 in Iran, 1443 in the Islamic calendar.
    """
    import numpy as np

    strange = np.zeros(len(times.known), bool)
    for first, last in _STRANGE_YEARS:
        strange |= (times.seconds >= first) & (times.seconds < last)
    strange &= times.known
    if strange.sum() <= _SOME * times.known.sum():
        return times
    return replace(times, known=times.known & ~strange, failed=times.failed | strange)


def _is_in_digits(way: str) -> bool:
    """Return whether times are dates in digits, among which 0 stands for null."""
    return way == "DATE_NUMBER" or way in FORMATS


def _are_numbers(texts: pa.Array) -> bool:
    import pyarrow.compute as pc

    found = pc.match_substring_regex(texts, pattern=_NUMBER, ignore_case=True)
    return bool(pc.all(found, min_count=0).as_py())


def _of_texts(texts: pa.Array, time_format: str | None) -> Times:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    valid = valid_of(texts)
    given = unframed(texts.filter(pa.array(valid)))
    zero = zero_dates(given)
    if time_format is not None and not is_time_unit(time_format):
        digits = FORMATS.get(time_format, 0)  # a spreadsheet drops the zeros in front
        read = read_format(pc.utf8_lpad(given, digits, "0"), time_format)
    else:
        read = (None if time_format else _in_iso(given)) or _of_mixed(given, time_format)
    seconds = np.zeros(len(texts), np.int64)
    known, failed = np.zeros(len(texts), bool), np.zeros(len(texts), bool)
    seconds[valid], known[valid] = np.where(read.known, read.seconds, 0), read.known
    if _is_in_digits(read.way):
        zero |= pc.match_substring_regex(given, r"^0+$").to_numpy(zero_copy_only=False)
    failed[valid] = ~read.known & ~zero
    unzoned = np.zeros(len(texts), bool)
    unzoned[valid] = read.known & read.has_clock & ~read.has_zone
    is_mixed = unzoned.any() and (read.known & read.has_zone).any()
    return Times(seconds, known, failed, read.way, read.asked, unzoned if is_mixed else None)


def _in_iso(texts: pa.Array) -> Read | None:
    """Return the times of texts that are all in ISO form, with or without zone, fast."""
    import numpy as np
    import pyarrow as pa

    if _are_numbers(texts.slice(0, 1)):  # Arrow would take 20230131 for a date, 2023 for a year
        return None
    for zone in (None, "UTC"):
        kind = pa.timestamp("us", tz=zone)
        try:
            texts.slice(0, _PROBED).cast(kind)  # Arrow writes an error for each text that fails
            moments = texts.cast(kind)
        except pa.ArrowInvalid:
            continue
        read = Read.nothing(len(texts))
        read.seconds = filled(moments.cast(pa.int64())) // _TICKS["us"]
        read.known = np.ones(len(texts), bool)
        read.way = "ISO 8601"
        return read
    return None


def _of_mixed(texts: pa.Array, unit: str | None) -> Read:
    """Return the times of texts that are numbers or that are written in any way.

    The majority decides: among numbers, other texts are no times, and the other way round.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.match_substring_regex(texts, pattern=_NUMBER, ignore_case=True)
    is_number = found.to_numpy(zero_copy_only=False)
    if not unit and is_number.sum() * 2 <= len(texts):
        return read_texts(texts)
    read = Read.nothing(len(texts))
    chosen = texts.filter(pa.array(is_number))
    is_whole = pc.all(pc.match_substring_regex(chosen, pattern=_WHOLE), min_count=0).as_py()
    numbers = chosen.cast(pa.int64() if is_whole else pa.float64())
    times = read_numbers(numbers.to_numpy(zero_copy_only=False), unit)
    known = times.known & ~lost_digits(chosen, times.unit)
    read.seconds[is_number], read.known[is_number] = times.seconds, known
    read.way, read.asked = times.unit, times.asked
    return read
