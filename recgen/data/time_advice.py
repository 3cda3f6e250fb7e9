"""What to write instead of a time that is not read, as far as its text shows it."""

from __future__ import annotations

import re

_ABBREVIATED = re.compile(r".*\d[\s.]*([A-Z]{2,5}|[A-Z][a-z]+/[A-Z]\w+)")
_PERIOD = re.compile(
    r"(?i)(?:\d{4}[-/\s]?(?:H[12]|S[12]|FY)|FY\s?'?\d{2,4}|[HW]\d{1,2}[-/\s]\d{4}).*"
)
_MONTH_NAME = re.compile(r"(?:.*[\d.\s])?([^\W\d_]{3,})\.?(?:[\d.,\s].*)?")
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


def how_to_write(value: str) -> str:
    """Return a sentence about a text that names a time in a way that is not read, or ""."""
    zone = _ABBREVIATED.fullmatch(value.strip())
    if zone and zone[1] not in ("AM", "PM"):
        offset = _OFFSETS.get(zone[1], "-05:00")
        example = value.strip()[: -len(zone[1])].strip() + offset
        return (
            f"names of zones such as {zone[1]} are not read, since they mean different offsets in "
            f"different countries and seasons: write the offset, such as {example}"
        )
    if _PERIOD.fullmatch(value.strip()):
        return "write the first day of the period, such as 2023-07-01"
    name = _MONTH_NAME.fullmatch(value.strip())
    if name and re.search(r"\d", value):
        return f"names such as {name[1]} are not read: write the month as a number, 2023-03-24"
    return ""
