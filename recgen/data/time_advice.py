"""What to write instead of a time that is not read, as far as its text shows it."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"\d[:.]\d\d")
_NAME_OF_ZONE = re.compile(r"(?<=[\d\s.])([A-Z]{2,5}|[A-Z][a-z]+/[A-Z]\w+)(?=\s+\d{4}$|$)")
_PERIOD = re.compile(
    r"(?i)(?:\d{4}[-/\s]?(?:H[12]|S[12]|FY)|FY\s?'?\d{2,4}|[HSW]\d{1,2}[-/\s]\d{4}).*"
)
_WEEK = re.compile(r"(?i)(?:(\d{4})([-/ ])(\d{1,2})|(\d{1,2})([-/ ])(\d{4})|.*\bw(?:ee)?k\b.*)")
_RANGE = re.compile(r"(.*\d{4}\D.*?|.*\D\d{4})\s*(?:/|\bto\b|\u2013|\s-\s|\.\.)\s*(.*\d{4}.*)")
_MONTH_NAME = re.compile(r"(?:.*[\d.\s-])?([^\W\d_]{3,})\.?(?:[\d.,\s-].*)?")
_SHORT = re.compile(
    r"(?i)([^\W\d_]{3,})\.?[-\s/](\d{1,2})|(\d{1,2})[-\s/.]([^\W\d_]{3,}|\d{1,2})\.?"
)
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_AMERICAN = re.compile(rf"(?i)(?:{_MONTHS})([-/ .])\d{{1,2}}\1(\d\d)")
_LOST = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_YEAR = re.compile(r"(?:.*\D)?(1[2-4]\d\d|2[4-6]\d\d)(?:\D.*)?")
_CENTURY = re.compile(r"(?:.*\D)?00(\d\d)-\d\d?-\d\d?(?:\D.*)?")
_ERA = re.compile(r".*(?:民國|民国|令和|平成|昭和|พ\.ศ\.).*|[RHS]\d{1,2}[./]\d{1,2}[./]\d{1,2}")
_OFFSETS = {
    "EST": "-05:00",
    "EDT": "-04:00",
    "CST": "-06:00",
    "CDT": "-05:00",
    "MST": "-07:00",
    "PST": "-08:00",
    "PDT": "-07:00",
    "MDT": "-06:00",
    "CET": "+01:00",
    "CEST": "+02:00",
    "BST": "+01:00",
    "IST": "+05:30",
    "JST": "+09:00",
    "MSK": "+03:00",
    "AEST": "+10:00",
}
_DIGITS = re.compile(r"\d")
_YEAR_SECONDS = 365 * 86_400
_EPOCH = (631_152_000, 2_208_988_800)  # seconds of 1990 and 2040
_UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
"""Ticks in a second of the units whose numbers of these years cannot be mistaken."""


def how_to_write(value: str) -> str:
    """Return a sentence about a text that names a time in a way that is not read, or ""."""
    text = value.strip()
    if not _DIGITS.search(text):
        return ""
    return next(filter(None, (advise(text) for advise in _ADVICE)), "")


def two_units(low: float | None, high: float | None) -> str:
    """Return a sentence about numbers that are epoch times of two units, or "".

    Args:
        low: The smallest number of a column.
        high: The largest.
    """
    first, last = _unit(low or 0), _unit(high or 0)
    if first is None or last is None or first == last:
        return ""
    numbers = f"{low:.0f} ({first}) and {high:.0f} ({last})"
    return f"its numbers are of two units, such as {numbers}: write all in one"


def another_unit(value: str, low: float, high: float) -> str:
    """Return the unit in which a number is a time among others; "" if there is none.

    Args:
        value: The number.
        low: The first of the other times, in epoch seconds.
        high: The last.
    """
    unit = _unit(float(value)) if value.isdecimal() else None
    near = unit and low - _YEAR_SECONDS <= float(value) / _UNITS[unit] <= high + _YEAR_SECONDS
    return unit if unit and near else ""


def _unit(number: float) -> str | None:
    first, last = _EPOCH
    return next((u for u, ticks in _UNITS.items() if first <= number / ticks <= last), None)


def _of_lost_digits(text: str) -> str:
    if not _LOST.fullmatch(text):
        return ""
    return "a spreadsheet has cut off digits of such a number: export the column again, as text"


def _of_zones(text: str) -> str:
    zone = _NAME_OF_ZONE.search(text)
    if not zone or zone[1] in ("AM", "PM") or not _CLOCK.search(text):
        return ""
    offset = _OFFSETS.get(zone[1], "-05:00")
    rest = text[zone.end() :]
    example = f"{text[: zone.start()].strip()}{' ' if rest else ''}{offset}{rest}"
    return (
        f"names of zones such as {zone[1]} are not read, since they mean different offsets in "
        f"different countries and seasons: write the offset, such as {example}"
    )


def _of_ranges(text: str) -> str:
    found = _RANGE.fullmatch(text)
    return f"write the first day alone, such as {found[1].strip()}" if found else ""


def _of_periods(text: str) -> str:
    if not _PERIOD.fullmatch(text):
        return ""
    return "write the first day of the period, such as 2023-07-01"


def _of_weeks(text: str) -> str:
    found = _WEEK.fullmatch(text)
    if not found:
        return ""
    example = f"%G{found[2]}%V" if found[1] else f"%V{found[5]}%G" if found[6] else "Week %V %G"
    return (
        f'if these are weeks of ISO 8601, give the format, such as "{example}", under '
        "`data.column_types`; of other weeks, write the first day"
    )


def _of_eras(text: str) -> str:
    if short := _CENTURY.fullmatch(text):
        return f"00{short[1]} is a year of two digits: write that with four, such as 20{short[1]}"
    year = _YEAR.fullmatch(text)
    if not year and not _ERA.fullmatch(text):
        return ""
    of = f"{year[1]} is a year" if year else "it has a year"
    return f"{of} of another calendar: write that of the Gregorian one, such as 2023"


def _of_short_dates(text: str) -> str:
    found = _SHORT.fullmatch(text)
    if not found:
        return ""
    if found[1]:
        return (
            f"{found[2]} may be a day or a year: write the year with four digits, such as "
            f"{found[1]} 2023, or give the format, such as "
            '"%b-%y", under `data.column_types`'
        )
    return "it has no year: write the year, too, such as 2023-03-24"


def _of_american_dates(text: str) -> str:
    found = _AMERICAN.fullmatch(text)
    if not found:
        return ""
    mark, year = found.groups()
    return (
        f'if {year} is the year, give the format, "%b{mark}%d{mark}%y", under `data.column_types` '
        "or with --time-format"
    )


def _of_names(text: str) -> str:
    name = _MONTH_NAME.fullmatch(text)
    if not name or not re.search(r"[^\w]", text):
        return ""
    return f"names such as {name[1]} are not read: write the month as a number, 2023-03-24"


_ADVICE = (
    _of_lost_digits,
    _of_eras,
    _of_zones,
    _of_periods,
    _of_ranges,
    _of_short_dates,
    _of_weeks,
    _of_american_dates,
    _of_names,
)
