"""The time of the purchase as a user names it, with its unit or format."""

from __future__ import annotations

import shlex

from recgen.config import DataConfig
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile, Misfit, TimeColumn
from recgen.data.time_advice import how_to_write, two_units
from recgen.findings import ConfigError, RecgenError, show
from recgen.proposal.choices import OPTIONS, TIME_FORMAT, Choice, Given
from recgen.proposal.table import Table, is_clock
from recgen.reading import data_section


def read_with_format(profile: Profile, given: Given, data: DataConfig) -> Profile:
    """Return the profile in which a column has the times that the user says.

    Raises:
        RecgenError: There is no such unit or format, or a value is not a time in it.
    """
    name, word = given.time, given.time_format
    if name is None or word is None or name not in profile.names:
        return profile
    try:
        data_section({"column_types": {name: word}})
    except ConfigError as error:
        found = error.report.errors[0]
        raise RecgenError(f"{TIME_FORMAT} {word!r}: {found.message}", found.help) from error
    read = profile.read_as(data, {name: TimeColumn("TIMESTAMP", word)})
    misfit, times = read.misfit(name, "TIMESTAMP"), read.column(name).times
    if misfit is not None and (times is None or times.way != word):  # few values may be none
        problem = f"column {show(name)}: {_named(misfit)}"
        raise RecgenError(f"{TIME_FORMAT} {word!r}: {problem}", misfit.help)
    return read


def named_time(table: Table, name: str) -> Choice:
    """Return the choice of a column that the user named.

    Raises:
        RecgenError: It has no times, or nobody can know which.
    """
    column = table.columns[name]
    if column.kind == "time" and not is_clock(column):
        return Choice(name, f"as {OPTIONS['time']} says")
    values = ", ".join(map(show, column.examples[:2])) or "no value"
    problem = f"{OPTIONS['time']}: column {show(name)} has"
    if column.kind == "time":
        raise RecgenError(f"{problem} times of the day ({values})", "name another column")
    read = table.profile.read_as(DataConfig(), {name: TimeColumn("TIMESTAMP")})
    times, misfit = read.column(name).times, read.misfit(name, "TIMESTAMP")
    if times is not None and len(times.asked) > 1:
        choices = " or ".join(f"{TIME_FORMAT} {shlex.quote(each)}" for each in times.asked)
        message = f"{problem} values such as {values}, and it is not certain which times they are"
        raise RecgenError(message, f"add {choices}, or another unit or format")
    hint = time_hint(column) or (
        "write times in ISO form, such as 2011-11-02 08:26:00, or name another column"
    )
    first = f": {_named(misfit)}" if misfit is not None and column.examples else ""
    raise RecgenError(
        f"{problem} no times ({values}){first}", f"{hint}; or add {TIME_FORMAT}, such as '%d.%m.%Y'"
    )


def time_hint(column: ColumnProfile) -> str:
    """Return what to write instead of times that are not read; "" if nobody knows."""
    if column.kind == "text" and not column.stored_as_text:
        return "these are bytes, which are no times: write the column as text or timestamps"
    written = how_to_write(column.examples[0]) if column.examples else ""
    return two_units(column.low, column.high) or written


def first_that_is_none(profile: Profile, name: str) -> str:
    """Return which value is the first that is not a time, if others are; else ""."""
    read = profile.read_as(DataConfig(), {name: TimeColumn("TIMESTAMP")})
    times, misfit = read.column(name).times, read.misfit(name, "TIMESTAMP")
    if times is None or misfit is None or times.failed >= read.rows - read.column(name).nulls:
        return ""
    return f"{_named(misfit)}, and neither are others" if times.failed > 1 else _named(misfit)


def _named(misfit: Misfit) -> str:
    """Return the first value that does not fit, and what it should be."""
    return f"{show(misfit.value)} in row {misfit.row:,} is not {misfit.wanted}"
