"""What to say where no column is the time of the purchase: which one may be, unread or in parts."""

from __future__ import annotations

import re

from recgen.data.statistics import ColumnProfile
from recgen.findings import percent, show
from recgen.proposal import names
from recgen.proposal.named_time import first_that_is_none, time_hint
from recgen.proposal.table import Table, is_clock

_MOSTLY = 0.5  # of the rows
# Parts between marks, an exponent, or so many digits as epoch times have.
_DATED = re.compile(r"\d\W+\d+\W+\d.*\d|\d[eE]\d|^\d{10,}$")
_PARTS = 3  # of a date, each in a column
_LONG = 10  # digits of epoch seconds


def why_no_time(table: Table) -> str:
    """Return that no column contains the time, and which one may be meant."""
    sparse = {
        name: names.fits_purchase_time(name)
        for name, column in table.columns.items()
        if column.kind == "time" and not is_clock(column)
        if column.nulls > _MOSTLY * column.rows
    }
    name = max(sparse, key=lambda each: sparse[each], default="")
    if name and sparse[name] >= 0:
        share = percent(table.columns[name].nulls / table.columns[name].rows)
        return (
            f"no column contains the time: {show(name)} has none in {share} of the rows. If only "
            "the first row of an order has it, fill it in below"
        )
    same = [n for n, c in table.columns.items() if c.kind == "time" and 0 < c.distinct < 2]
    if same:
        value = show(table.columns[same[0]].examples[0])
        return f"no column contains the time: {show(same[0])} is {value} in every row"
    parts = _parts_of_date(table)
    if parts:
        return (
            f"no column contains the time: make one of the parts in {', '.join(map(show, parts))}"
        )
    for name, column in table.columns.items():
        if _may_be_time(name, column):
            values = ", ".join(map(show, column.examples[:2]))
            hint = time_hint(column) or first_that_is_none(table.profile, name)
            more = f"; {hint}" if hint else ""
            return f"no column contains the time: {show(name)} has values such as {values}{more}"
    records = [name for name, column in table.columns.items() if _may_be_record(name, column)]
    if records:
        return f"no column contains the time: {show(records[0])} is a record, make columns of it"
    return "no column contains the time"


def _may_be_record(name: str, column: ColumnProfile) -> bool:
    is_named = names.names_time(name) or names.fits_purchase_time(name) > 0
    return column.kind == "list" and is_named and not names.names_other_time(name)


def _may_be_time(name: str, column: ColumnProfile) -> bool:
    """Return whether values that are not read as times could be those of the purchase."""
    if names.names_other_time(name) or names.names_id(name):
        return False
    if names.names_time(name):
        return column.kind in ("text", "integer", "real")
    if names.fits_purchase_time(name) <= 0 or not all(map(_DATED.search, column.examples)):
        return False  # ordered_at, but not ordered_amount
    are_long = all(sum(map(str.isdigit, text)) >= _LONG for text in column.examples)
    is_written = column.kind in ("integer", "real") and column.stored_as_text
    return column.kind == "text" or (is_written and are_long)


def _parts_of_date(table: Table) -> list[str]:
    """Return the columns with the year, month and day of a date; none if there are not all."""
    dates: dict[str, dict[str, str]] = {}
    for name in table.columns:
        if (part := names.date_part(name)) is not None:
            dates.setdefault(part[0], {}).setdefault(part[1], name)
    return next((list(found.values()) for found in dates.values() if len(found) == _PARTS), [])
