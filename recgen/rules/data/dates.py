"""Rules on what the date column shows as a whole: swapped days and months, times of uploads."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise

from recgen.config import DataConfig, FeatureConfig
from recgen.data.columns import DATE, date_column
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile
from recgen.findings import percent, show
from recgen.rules.registry import Problem, rule

_DAY = 86_400
_EPOCH = date(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = ((day - _EPOCH).days for day in (date(1900, 1, 1), date(2200, 1, 1)))
_SWAPPABLE = 12  # days that are months, too
_FEWEST = 20  # rows that may be swapped, below which chance explains where they fall
_FEWEST_OF_WEEK = 100  # the same for days of the week
_EMPTY_MONTHS = 3  # with rows on days up to the 12th only
_CLOSED_DAYS = 8  # of one weekday: a shop that is closed on each of them is not by chance
_CLOSED, _OPEN = 0.005, 0.05  # shares of the rows; an open day has a seventh
_ROWS_OF_MOMENT = 100
_HOLE_DAYS, _HOLE = 15, 0.05  # without a row: days, and share of the time span
_BESIDE, _EXPECTED = 50, 30  # rows on each side, and of as many days at the rate of the poorer one
_TIMES_NEXT = 3  # the next longest hole: a shop that closes each summer has several
_MISTYPED = 1 / 3  # share of the rows whose year may be wrong, at most
_YEARS = (365, 366)  # days
_DAYS_BETWEEN = 3


@rule("RG565", "warning")
def swapped_dates(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Days and months that were swapped.

    A program that reads 03/04/2023 month first, and 25/04/2023 day first because there is no 25th
    month, swaps day and month wherever both are 12 or less. Four rows of ten are then up to 11
    months off, some of them in the future, and a split by time mixes past and future.

    It shows in the calendar. Months outside the time of the other rows have rows on days up to the
    12th only, and these days have the numbers of the months that do have rows on later days: of a
    winter's purchases, the 11th, the 12th, the 1st and the 2nd of each month. Or a shop that is
    closed on Sundays after the 12th has rows on Sundays up to the 12th. Or it shows in the texts,
    as a spreadsheet leaves what it cannot convert: 2023-03-04 and 4/25/2023 in one column.

    Example:
        data:
          split: {kind: strict_time, date_column: sold_at}  # 5 November is the 11th of May

    Use instead:
        data:
          split: {kind: strict_time, date_column: sold_at}  # read with the format %d/%m/%Y

    Read the dates again from where they came from, with their format: in pandas,
    `format="%d/%m/%Y"` in the place of `dayfirst`. They cannot be swapped back: of the 3rd of
    April, nobody knows whether it was swapped.
    """
    column = date_column(features, data, profile)
    if column is None or column.kind != "time":
        return
    rows = {_EPOCH + timedelta(days=day): count for day, count in _known_days(profile, column)}
    seen = _half_converted(column) or _swapped_months(rows) or _open_weekday(rows)
    if seen:
        message = f"{show(column.name)}: {seen}: are day and month swapped where both are below 13?"
        yield Problem(DATE, message, "Read the dates again, with the format that they have.")


def _known_days(profile: Profile, column: ColumnProfile) -> Iterator[tuple[int, int]]:
    """Yield the days of a column that a calendar has, with their rows."""
    for day, count in profile.days(column.name).items():
        if _FIRST_DAY <= day <= _LAST_DAY:
            yield day, count


def _half_converted(column: ColumnProfile) -> str | None:
    """Return how a column's dates are divided into converted ones and others; None if not."""
    rows = column.times.converted if column.times else 0
    if rows < _FEWEST:
        return None
    return f"{rows:,} rows are written year first, all with a day up to the 12th, and no other row"


def _swapped_months(rows: Mapping[date, int]) -> str | None:
    """Return which months have swapped rows only; None if none have."""
    for year in sorted({day.year for day in rows}):
        full = {day.month for day in rows if day.year == year and day.day > _SWAPPABLE}
        early = {day: n for day, n in rows.items() if day.year == year and day.day <= _SWAPPABLE}
        if not full or sum(early.values()) < _FEWEST:
            continue
        # The first and the last month may have early days only because the data begins or ends.
        own = full | {min(full) - 1, max(full) + 1}
        others = {day.month for day in early} - own
        used = sorted({day.day for day in early})
        if len(others) >= _EMPTY_MONTHS and own.issuperset(used):
            days = ", ".join(map(str, used))
            return (
                f"in {year}, {len(others)} months have no row after the 12th, and rows up to the "
                f"12th fall on day {days} of a month only"
            )
    return None


def _open_weekday(rows: Mapping[date, int]) -> str | None:
    """Return on which day of the week a shop is closed after the 12th only; None if on none."""
    early, late = Counter[int](), Counter[int]()
    for day, count in rows.items():
        (early if day.day <= _SWAPPABLE else late)[day.weekday()] += count
    if min(early.total(), late.total()) < _FEWEST_OF_WEEK:
        return None
    last, first = max(rows), min(rows)
    for weekday in range(7):
        closed = sum(
            day.weekday() == weekday and day.day > _SWAPPABLE
            for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
        )
        late_share = late[weekday] / late.total()
        early_share = early[weekday] / early.total()
        if closed >= _CLOSED_DAYS and late_share < _CLOSED and early_share > _OPEN:
            name = calendar.day_name[weekday]
            return (
                f"{percent(early_share)} of the rows up to the 12th of a month are on a {name}, "
                f"and {percent(late_share)} of those after it"
            )
    return None


@rule("RG581", "warning")
def hole(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """A long time without a row.

    A shop that sells every day and has no row for two months either lost a part of its rows or has
    wrong dates. If a year was mistyped in some rows, they lie a year before or after the others. A
    split by time then trains on what happened later, or tests these rows alone.

    Reported is a hole of 15 days and a twentieth of the time span, if at the rate of the poorer
    side 30 rows would be in it, and it is three times as long as the next one. If the rows of one
    side are at most a third, and a year later or earlier would lie among the others, that is said.

    Example:
        data:
          split: {kind: strict_time, date_column: sold_at}  # none from November to January

    Look up what happened in this time. If the shop was closed, nothing is to be done; but the two
    sides may differ, so a model of the rows after it alone is worth a try.
    """
    column = date_column(features, data, profile)
    if column is None or column.kind != "time":
        return
    rows = dict(sorted(_known_days(profile, column)))
    found = _hole(rows)
    if found is None:
        return
    last, first = found
    ends = [_EPOCH + timedelta(days=day) for day in (last, first)]
    message = (
        f"{show(column.name)}: no row lies in the {first - last - 1} days between {ends[0]} "
        f"and {ends[1]}"
    )
    if share := _mistyped(rows, last):
        message += (
            f"; with another year, the {percent(share)} of the rows on one side would be among the "
            "others: is their year wrong?"
        )
        yield Problem(DATE, message, "Check whether these rows have the year of their purchase.")
    else:
        yield Problem(DATE, message, "Check whether rows are missing, or the dates are wrong.")


def _hole(rows: Mapping[int, int]) -> tuple[int, int] | None:
    """Return the last day before the hole and the first one after it; None if there is none."""
    days = list(rows)
    gaps = sorted((later - day, day) for day, later in pairwise(days))
    if len(gaps) < _EXPECTED:
        return None  # these are weeks or months
    (next_one, _), (gap, last) = gaps[-2:]
    span = days[-1] - days[0]
    if gap <= max(_HOLE_DAYS, _HOLE * span) or gap < _TIMES_NEXT * next_one:
        return None
    before = sum(count for day, count in rows.items() if day <= last)
    after = sum(rows.values()) - before
    first = last + gap
    rates = before / (last - days[0] + 1), after / (days[-1] - first + 1)
    is_sure = min(before, after) >= _BESIDE and min(rates) * gap >= _EXPECTED
    return (last, first) if is_sure else None


def _mistyped(rows: Mapping[int, int], last: int) -> float | None:
    """Return the share of the rows of one side if they fit among the others with another year."""
    sides = [{d: n for d, n in rows.items() if (d <= last) == early} for early in (True, False)]
    few, many = sorted(sides, key=lambda side: sum(side.values()))
    share = sum(few.values()) / sum(rows.values())
    sign = 1 if min(few) < min(many) else -1
    slack = (max(many) - min(many)) * _HOLE
    fits = any(
        min(many) - slack <= min(few) + sign * year and max(few) + sign * year <= max(many) + slack
        for year in _YEARS
    )
    return share if fits and share <= _MISTYPED else None


@rule("RG566", "warning", also=("info",))
def batch_times(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Rows that share a few moments.

    If thousands of rows share some thirty moments, days apart, these are the times at which files
    were loaded, not those of the purchases. A split by time then cuts between two uploads, the
    order of a buyer's purchases is lost, and what was bought long ago may count as new.

    Dates without a time of day may be those of weeks or months, into which purchases were summed:
    this is a note.

    Example:
        data:
          split: {kind: strict_time, date_column: loaded_at}

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at}

    Name the column with the time of the purchase.
    """
    column = date_column(features, data, profile)
    if column is None or column.kind != "time" or column.low is None or column.high is None:
        return
    moments, days = len(profile.counts(column.name)), (column.high - column.low) / _DAY
    is_few = 2 <= moments <= min(column.dated / _ROWS_OF_MOMENT, days / _DAYS_BETWEEN)
    if not is_few:
        return
    message = (
        f"{column.dated:,} rows share {moments} values of {show(column.name)} in {days:,.0f} days"
    )
    known = (column.low, column.high, column.median or 0.0)
    if all(moment % _DAY == 0 for moment in known):
        help = "Nothing to do if purchases are summed by week or month."
        yield Problem(DATE, message, help, severity="info")
    else:
        help = "Check that this is the time of the purchase, not that of an upload."
        yield Problem(DATE, message, help)
