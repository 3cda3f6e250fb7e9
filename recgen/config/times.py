"""How times may be written: units of numbers, and formats of text. Knows only Pydantic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timezone
from fractions import Fraction
from math import floor
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from recgen.config.types import BqType, Writable

TimeUnit = Literal[
    "EPOCH_SECONDS",
    "EPOCH_MILLIS",
    "EPOCH_MICROS",
    "EPOCH_NANOS",
    "EPOCH_DAYS",
    "EXCEL_DAYS",
    "JULIAN_DAYS",
    "DATE_NUMBER",
]
"""Units of times that are numbers, since 1970-01-01 in UTC. `EXCEL_DAYS` are days since
1899-12-30, `JULIAN_DAYS` those of astronomers, since noon; a `DATE_NUMBER` is a date in digits,
such as 20230131, 20230131091233 or 2023031. `days since 1960-01-01` is any other unit."""
PER_SECOND = {
    "nanoseconds": Fraction(10**9),
    "ticks": Fraction(10**7),
    "microseconds": Fraction(10**6),
    "milliseconds": Fraction(1000),
    "seconds": Fraction(1),
    "minutes": Fraction(1, 60),
    "hours": Fraction(1, 3600),
    "days": Fraction(1, 86_400),
}
"""Units that are counted since a date, with their number in a second; a tick is 100 ns."""
_EPOCH_UNITS = {
    "EPOCH_SECONDS": (Fraction(1), 0),
    "EPOCH_MILLIS": (Fraction(1000), 0),
    "EPOCH_MICROS": (Fraction(10**6), 0),
    "EPOCH_NANOS": (Fraction(10**9), 0),
    "EPOCH_DAYS": (Fraction(1, 86_400), 0),
    "EXCEL_DAYS": (Fraction(1, 86_400), -25_569 * 86_400),
    "JULIAN_DAYS": (Fraction(1, 86_400), -2_440_587 * 86_400 - 43_200),
}
"""Numbers in a second, and the epoch seconds of the start, of the units since 1970 and others."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SINCE = rf"({'|'.join(PER_SECOND)}) since (\d{{4}}-\d{{2}}-\d{{2}})"

DIRECTIVES = "YymdeBbhHIMSfpzZjaAGVu"
"""Letters after % in a format; those of Python's strptime, and `G`, `V` and `u` for weeks."""
ORDINAL = "%Y-%j"
"""Year and day of the year, such as 2023-206 (ISO 8601); many codes are written like that, too."""
EARLIEST = -5_364_662_400  # 1800-01-01
LATEST = 4_070_908_800  # 2099-01-01
STANDINS = (  # for null, in epoch seconds
    -2_209_161_600,  # 1899-12-30, day 0 of spreadsheets
    -2_208_988_800,  # 1900-01-01
    -2_082_844_800,  # 1904-01-01
    0,
    2**31 - 1,  # the largest int32
)
"""Times that programs write for null or never; so are those before EARLIEST or from LATEST on."""
_USUAL_FORMATS = [
    date.format(separator) + clock
    for date in ("%Y{0}%m{0}%d", "%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%b{0}%Y", "%d{0}%B{0}%Y")
    for separator in ("-", ".", "/", " ")
    for clock in ("", " %H:%M", " %H:%M:%S")
]
_SHORT = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%D": "%m/%d/%y"}
_SAME = {
    "e": "d",
    "h": "b",
    "B": "b",
    "A": "a",
    "y": "Y",
    "G": "Y",
    "I": "H",
}  # parts that occur once
_LONGEST = 100  # characters of a format


def is_time_format(word: str) -> bool:
    """Return whether a type of a column is a unit or a format of times, not a BigQuery type."""
    return is_time_unit(word) or "%" in word


def is_time_unit(word: str) -> bool:
    """Return whether a type of a column is a unit of times that are numbers."""
    return word in get_args(TimeUnit) or counted_since(word) is not None


def counted_since(word: str) -> tuple[Fraction, int] | None:
    """Return the number of units in a second and the epoch seconds of their start.

    Args:
        word: A unit such as `days since 1960-01-01`; None is returned for any other word.
    """
    found = re.fullmatch(_SINCE, word)
    if found is None:
        return None
    try:
        start = date.fromisoformat(found[2])
    except ValueError:
        return None
    return PER_SECOND[found[1]], (start - date(1970, 1, 1)).days * 86_400


def unit_of(word: str) -> tuple[Fraction, int] | None:
    """Return the number of a unit in a second, and the epoch seconds of its start.

    None is returned for a word that is no such unit, such as DATE_NUMBER.
    """
    return counted_since(word) or _EPOCH_UNITS.get(word)


def directives(time_format: str) -> list[str]:
    """Return a format in parts: directives such as `%d`, and the text between them.

    Shorthands are written out (`%F` is `%Y-%m-%d`), and flags are left out (`%-d` is `%d`).
    """
    parts = re.findall(r"%-?.|[^%]+|%", time_format, re.DOTALL)
    plain = [part.replace("-", "", 1) if part.startswith("%-") else part for part in parts]
    written = [directives(_SHORT[part]) if part in _SHORT else [part] for part in plain]
    return [part for each in written for part in each]


def checked_column_type(word: Any) -> str:
    """Return the type of a column, or the unit or format of its times.

    Raises:
        PydanticKnownError: It is neither a type nor a unit, and no format either.
        PydanticCustomError: It is a format that says no date, or that is not understood.
    """
    words = (*get_args(BqType), *get_args(TimeUnit))
    if not isinstance(word, str) or (word not in words and not is_time_format(word)):
        expected = ", ".join(f"'{each}'" for each in words)
        raise PydanticKnownError("literal_error", {"expected": expected})
    problem = _problem(word) if "%" in word else None
    if problem:
        raise PydanticCustomError("time_format", "{problem}", {"problem": problem})
    return word


def _problem(time_format: str) -> str | None:
    """Return what is wrong with a format; None if it can be read."""
    if len(time_format) > _LONGEST:
        return f"it has more than {_LONGEST} characters"
    parts = [part[1:] for part in directives(time_format) if part.startswith("%")]
    letters = [part for part in parts if part != "%"]
    unknown = [letter for letter in letters if letter == "" or letter not in DIRECTIVES]
    if unknown:
        known = " ".join(f"%{letter}" for letter in DIRECTIVES)
        return f"'%{unknown[0]}' is not known; known are {known}"
    counts = Counter(_SAME.get(letter, letter) for letter in letters)
    twice = [letter for letter, count in counts.items() if count > 1]
    if twice:
        return f"'%{twice[0]}' or what stands for the same occurs twice"
    if not counts["Y"]:
        return "it has no year (%Y or %y)"
    if ("G" in letters) != ("V" in letters) or ("u" in letters and "V" not in letters):
        return "the week (%V), its year (%G) and its day (%u) belong together"
    if counts["d"] and not (counts["m"] or counts["b"]):
        return "it has a day (%d) but no month (%m or %b)"
    if counts["m"] and counts["b"]:
        return "it has the month twice (%m and %b)"
    return None


def mark_seconds(mark: str, word: str | None = None) -> int | None:
    """Return the epoch seconds of a value that stands for null; None if it is not a time.

    Args:
        mark: The value: a number in the column's unit, or a time, in ISO form, as the column's, or
            in another usual form if that is certain (31.12.9999).
        word: The unit or format of the column; without one, a number is epoch seconds.
    """
    text = mark.strip()
    if re.fullmatch(r"[+-]?\d+", text) and not (word and "%" in word):
        return _number_seconds(int(text), word)
    moments = _in_format(text, [word] if word and "%" in word else []) or _in_iso(text)
    moments = moments or _in_format(text, _USUAL_FORMATS)
    if len(moments) != 1:  # 01/02/1900 may be in January or in February
        return None
    return int((moments.pop() - _EPOCH).total_seconds() // 1)


def _in_iso(text: str) -> set[datetime]:
    """Return the moment that a text in ISO form is, or nothing."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):  # Python 3.11 reads more, such as 2023-W05
        return set()
    try:
        moment = datetime.fromisoformat(re.sub(r"(?i)\s?(?:z|utc)$", "+00:00", text))
    except ValueError:
        return set()
    return {moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)}


def _in_format(text: str, formats: Iterable[str]) -> set[datetime]:
    """Return the different moments that a text is in any of the formats."""
    moments = set()
    for each in formats:
        try:
            moment = datetime.strptime(text, each)
        except ValueError:
            continue
        moments.add(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))
    return moments


def _number_seconds(number: int, word: str | None) -> int | None:
    """Return the epoch seconds of a number in a unit."""
    if word == "DATE_NUMBER":
        try:
            return int(
                (
                    datetime.strptime(f"{number:08}", "%Y%m%d") - _EPOCH.replace(tzinfo=None)
                ).total_seconds()
            )
        except ValueError:
            return None
    per_second, start = unit_of(word or "") or (Fraction(1), 0)
    seconds = floor(number / per_second) + start
    return seconds if -(2**63) <= seconds < 2**63 else None


def _mark(value: Any) -> Any:
    """Return a number as text; 0 and "0" are the same mark."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_FORMAT_SCHEMA = {"type": "string", "pattern": f"%|^{_SINCE}$", "maxLength": _LONGEST}
_WORDS_SCHEMA = {"type": "string", "enum": [*get_args(BqType), *get_args(TimeUnit)]}
ColumnType = Annotated[
    str,
    BeforeValidator(checked_column_type),
    WithJsonSchema({"anyOf": [_WORDS_SCHEMA, _FORMAT_SCHEMA]}),
]
NullTime = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=_LONGEST),
    Writable,
    BeforeValidator(_mark),
    WithJsonSchema({"type": ["string", "integer"], "minLength": 1, "maxLength": _LONGEST}),
]
