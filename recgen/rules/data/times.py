"""Rules on times in the data: units, orders and zones in doubt, times far from all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from recgen.clock import latest
from recgen.config import DataConfig, FeatureConfig
from recgen.data.columns import DATE, Use, columns, date_column, is_in_doubt
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile, FarTimes, TimeProfile
from recgen.data.time_advice import another_unit
from recgen.findings import percent, show
from recgen.rules.registry import Problem, rule

_DAY = 86_400
_FEWEST, _SOME = 300, 0.01  # rows, and their share in each hour, to tell a clock of 12 hours
_YEAR = 365.2425 * _DAY
_MOST = 0.9
_FIRST_SHOPS = 788_918_400  # 1995, when shops on the internet began
_HALF = 0.5
_COUNTED = {
    "EPOCH_SECONDS": "seconds",
    "EPOCH_MILLIS": "milliseconds",
    "EPOCH_MICROS": "microseconds",
    "EPOCH_NANOS": "nanoseconds",
}
_LATER_STARTS = {"Apple": "2001-01-01", "PostgreSQL": "2000-01-01"}


@rule("RG521", "error")
def time_unit(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Numbers whose unit is not known.

    Times may be numbers: the size of most of them shows whether they are epoch seconds,
    milliseconds, microseconds or nanoseconds, and dates such as 20230131 exist in the calendar.
    Smaller numbers do not show it: 44931 is the 5th of January 2023 in a spreadsheet, a day of the
    year 2093 counted from 1970, or noon of the 1st of January 1970. `train` refuses to guess.

    Example:
        data:
          split: {kind: strict_time, date_column: day}  # 44931

    Use instead:
        data:
          column_types: {day: EXCEL_DAYS}
          split: {kind: strict_time, date_column: day}  # 44931

    Name the unit under `column_types`, or convert the column to timestamps.
    """
    for use, column, asked in _doubtful(features, data, profile):
        if "%" not in asked[0]:
            message = (
                f"{show(use.name)} contains numbers such as {column.examples[0]}, and it is not "
                "certain which times they are"
            )
            yield Problem(use.type_path, message, _one_of(use, asked))


@rule("RG542", "error")
def day_or_month_first(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """Dates whose day and month could be confused.

    03/04/2023 is in March or in April. A value above 12 decides it for the whole column; if no
    value does, `train` refuses to guess: half of the rows would be up to 11 months off, and the
    split would mix past and future.

    Example:
        data:
          split: {kind: strict_time, date_column: day}  # 03/04/2023, and no day after the 12th

    Use instead:
        data:
          column_types: {day: "%d/%m/%Y"}
          split: {kind: strict_time, date_column: day}  # 03/04/2023, and no day after the 12th

    Give the format under `column_types`.
    """
    for use, column, asked in _doubtful(features, data, profile):
        if "%" in asked[0]:
            message = (
                f"{show(use.name)} contains dates such as {column.examples[0]}, and no value "
                "decides which part is the day"
            )
            yield Problem(use.type_path, message, _one_of(use, asked))


def _doubtful(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[tuple[Use, ColumnProfile, tuple[str, ...]]]:
    """Yield the columns whose times could be read in several ways, with these."""
    for use, column in columns(features, data, profile):
        if is_in_doubt(use, column) and column.times is not None:
            yield use, column, column.times.asked


def _one_of(use: Use, asked: tuple[str, ...]) -> str:
    """Return the lines of which one has to be written."""
    lines = " or ".join(_line(use.name, each) for each in asked)
    other = ", or with another unit or format" if len(asked) == 1 else ""
    return f"Write under `data:` what it is: {lines}{other}."


def _line(name: str, word: str) -> str:
    """Return the line that says what a column's times are."""
    return f"`column_types: {{{show(name)}: {show(word)}}}`"


@rule("RG543", "warning", also=("error", "info"))
def far_times(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Times that lie far from all others.

    Programs write 1970-01-01, 1900-01-01 or 9999-12-31 where a time is unknown or has no end. In a
    test, 12 of 600 rows with the time 0 stretched a year of purchases to 53, and 588 rows became
    the test. Such times therefore do not count: a split by time leaves their rows out, `train`
    says how many, and histories contain nothing of them.

    Three kinds are found: values that stand for null in many programs (0, 1900-01-01, the end of a
    number's range, everything before 1800 or from 2099 on), a year or more away from all others; a
    single day with less than half of the rows, behind a gap that is longer than the time of all
    others, and than a year; and up to 5% of the rows behind such a gap of more than 30 days. In
    columns other than the date column (a note), these times are read as they are.

    Example:
        data:
          split: {kind: strict_time, date_column: sold_at}  # 0 in 2% of the rows

    Use instead:
        data:
          null_times: [0]
          split: {kind: strict_time, date_column: sold_at}  # 0 in 2% of the rows

    List the values under `null_times`: they are then null in all columns of times, and all other
    times count, also far ones. With `null_times: []`, all times count.
    """
    date = data.split.date_column if data.split else None
    for use, column in columns(features, data, profile):
        if use.kind == "temporal" and column.times is not None:
            for far in column.times.far:
                yield _far(use, column, far, data.null_times, is_date=use.name == date)


def _far(
    use: Use,
    column: ColumnProfile,
    far: FarTimes,
    nulls: tuple[str, ...] | None,
    *,
    is_date: bool,
) -> Problem:
    listed = ", ".join(f"{show(value)} in row {row:,}" for value, row in far.examples)
    rows = "1 row lies" if far.rows == 1 else f"{far.rows:,} rows lie"
    message = f"{show(use.name)}: {rows} {_length(far.gap)} {far.side} all others ({listed})"
    marks = ", ".join(show(value) for value in (*(nulls or ()), *(v for v, _ in far.examples)))
    help = f"If they stand for null, write `null_times: [{marks}]` under `data:`"
    if not is_date:
        return Problem(use.type_path, message, f"{help}.", severity="info")
    if nulls is None:
        help = f"They count as rows without a time. {help}; if they are right, `null_times: []`."
    else:
        help = f"They decide the split. {help}."
    if unit := another_unit(far.examples[0][0], column.low or 0, column.high or 0):
        help = f"In {unit}, they are among the others: write all numbers in one unit. {help}"
    most = far.rows > _HALF * (column.rows - column.nulls)
    return Problem(use.type_path, message, help, severity="error" if most else None)


def _length(seconds: float) -> str:
    """Return a time in years, or in days if it is short."""
    years = seconds / _YEAR
    return f"{years:,.0f} years" if years >= 2 else f"{seconds / _DAY:,.0f} days"


@rule("RG544", "warning")
def mixed_zones(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Times with and without a zone in one column.

    Times with a zone are converted to UTC; those without are taken as UTC. If they are local times,
    they are hours off: purchases of one visit get different days, and a history may contain what
    came later.

    Example:
        data:
          split: {kind: strict_time, date_column: at}  # 2023-01-05 09:12 and 2023-01-05 09:12-05:00

    Write the zone into all rows, or convert all to UTC.
    """
    for use, column in columns(features, data, profile):
        times: TimeProfile | None = column.times if use.kind == "temporal" else None
        if times is not None and times.unzoned:
            rows = "1 row has" if times.unzoned == 1 else f"{times.unzoned:,} rows have"
            message = f"{show(use.name)}: {rows} a time without a zone, others have one"
            yield Problem(use.type_path, message, "They are taken as UTC: check that they are.")


@rule("RG522", "error")
def unsplittable(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """A date column that cannot split the data.

    A column without times, or with the same time in every row, has no earlier and no later part.

    Example:
        data:
          split: {kind: strict_time, date_column: exported_at}  # one day

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at}

    Name the column with the time of the transaction.
    """
    date = date_column(features, data, profile)
    if date is None or date.kind in ("empty", "list"):
        return
    if date.kind in ("boolean", "text"):
        message = f"the date column {show(date.name)} does not contain times but values such as "
        message += show(date.examples[0])
        yield Problem(DATE, message, "Name the column with the time of the transaction.")
    elif date.low == date.high:
        message = f"the date column {show(date.name)} is {show(date.examples[0])} in every row"
        yield Problem(DATE, message, "Name the column with the time of the transaction.")


@rule("RG523", "warning", also=("info",))
def odd_dates(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """A date column with suspicious times.

    A split is cut at shares of the time between the first and the last row. One row in the year
    2099 moves the cuts past all others, and if nine rows of ten are from one day, that day decides
    the sizes of all parts. And if no row is from midnight or the afternoon, but each hour from 1 to
    12 has some, a clock of 12 hours was written without AM and PM. Epoch times in float32 have lost
    seconds or minutes.

    Example:
        data:
          split: {kind: strict_time, date_column: updated_at}

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at}

    Correct the rows, or name the column with the time of the purchase.
    """
    date = date_column(features, data, profile)
    if date is None or date.kind != "time" or date.high is None or date.median is None:
        return
    if date.times is not None and date.times.asked:
        return  # these are not its times
    yield from _undated(date)
    yield from _in_the_future(date, date.high)
    if date.times is not None and _lacks_halves(date.times.hours):
        message = (
            f"{show(date.name)}: all times are from 1:00 to 12:59, in each of these hours: AM and "
            "PM were lost"
        )
        help = (
            "Export the times by 24 hours: half of the purchases are 12 hours off. Nothing to do "
            "if nobody buys at other hours, as in a shop of Asia whose times are in UTC."
        )
        yield Problem(DATE, message, help)
    if date.times is not None and date.times.step > 1:
        message = (
            f"{show(date.name)}: its type, float32, holds times in steps of {date.times.step:.0f} "
            "seconds: the others were rounded"
        )
        yield Problem(DATE, message, "Export the times as whole numbers, text or timestamps.")
    way = date.times.way if date.times else ""
    if way in _COUNTED and date.high < _FIRST_SHOPS:
        message = f"{show(date.name)} has numbers that are times before 1995 if they are {way}"
        yield Problem(DATE, message, _counted_otherwise(date.name, date.high, _COUNTED[way]))
    yield from _on_one_day(date, date.median, profile)


def _undated(date: ColumnProfile) -> Iterator[Problem]:
    nulls = date.nulls - (date.times.failed if date.times else 0)
    if nulls:
        rows, they = ("1 row has", "it is") if nulls == 1 else (f"{nulls:,} rows have", "they are")
        message = f"{rows} no {show(date.name)}, so {they} in no part of the split"
        yield Problem(DATE, message, "Nothing to do if they may be dropped.", severity="info")


def _in_the_future(date: ColumnProfile, high: float) -> Iterator[Problem]:
    if high > latest():
        year = datetime(1970, 1, 1).year + int(high // _YEAR)
        message = f"{show(date.name)} has times in the future (the latest in {year})"
        help = "Correct these rows: the split is cut between the first and the last time."
        yield Problem(DATE, message, help)


def _on_one_day(date: ColumnProfile, median: float, profile: Profile) -> Iterator[Problem]:
    day = median // _DAY * _DAY
    share = profile.rows_between(date.name, day, day + _DAY) / max(1, date.dated)
    if share >= _MOST and date.low != date.high:
        message = f"{percent(share)} of the rows fall on one day"
        help = "Check that this is the time of the purchase, not that of an export."
        yield Problem(DATE, message, help)


def _lacks_halves(hours: Sequence[int]) -> bool:
    """Return whether rows by the hour are those of a clock of 12 hours, without AM and PM."""
    if len(hours) == 0 or sum(hours) < _FEWEST:
        return False
    half = hours[1:13]
    return sum(half) == sum(hours) and min(half) >= _SOME * sum(hours)


def _counted_otherwise(name: str, high: float, unit: str) -> str:
    """Return what to write for numbers that may be counted since another day than 1970-01-01.

    Args:
        name: The column.
        high: Its latest time if they are counted since 1970, in epoch seconds.
        unit: What they count.
    """
    lines = [
        f"{who} counts from {start[:4]}, {_line(name, f'{unit} since {start}')}"
        for who, start in _LATER_STARTS.items()
        if high + datetime.fromisoformat(f"{start}+00:00").timestamp() <= latest()
    ]
    return f"Check the unit{': ' if lines else ''}{'; '.join(lines)}."
