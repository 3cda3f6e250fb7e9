"""Times against the data: numbers in another unit, a date column that cannot split."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from recgen.config import DataConfig, FeatureConfig
from recgen.data.columns import DATE, columns, date_column, wrong_unit
from recgen.data.profile import Profile
from recgen.findings import percent, show
from recgen.rules.base import Problem, Rule

_DAY = 86_400
_MOST = 0.9


def _units(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    for use, column in columns(features, data, profile):
        unit = wrong_unit(use, column)
        if unit is not None:
            message = f"{show(use.name)} holds {unit}, for example {column.examples[0]}"
            help = "Give epoch seconds or timestamps: as seconds they are other times."
            yield Problem(use.type_path, message, help)


def _unsplittable(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    date = date_column(features, data, profile)
    if date is None or date.kind in ("empty", "list"):
        return
    if date.kind in ("boolean", "text"):
        message = f"the date column {show(date.name)} holds no times, but for example "
        message += show(date.examples[0])
        yield Problem(DATE, message, "Name the column with the time of the transaction.")
    elif date.low == date.high:
        message = f"the date column {show(date.name)} is {show(date.examples[0])} in every row"
        yield Problem(DATE, message, "Name the column with the time of the transaction.")


def _odd_dates(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    date = date_column(features, data, profile)
    if date is None or date.kind != "time" or date.high is None or date.median is None:
        return
    if date.nulls:
        message = f"{date.nulls:,} rows have no {show(date.name)}: they have no place in the split"
        yield Problem(DATE, message, "Nothing to do, if they may be left out.", severity="info")
    if date.high > time.time() + _DAY:
        year = datetime(1970, 1, 1).year + int(date.high // (365.2425 * _DAY))
        message = f"{show(date.name)} lies in the future (the last one in {year})"
        help = "Mend these rows: the cuts of the split go by the first and the last time."
        yield Problem(DATE, message, help)
    day = date.median // _DAY * _DAY
    share = profile.rows_between(date.name, day, day + _DAY) / (date.rows - date.nulls)
    if share >= _MOST and date.low != date.high:
        message = f"{percent(share)} of the rows are of one day"
        help = "Check that it is the time of the purchase, not that of an export."
        yield Problem(DATE, message, help)


RULES = (
    Rule(
        code="RG521",
        severity="error",
        title="Numbers that are no epoch seconds",
        reason="A time that is a whole number is taken for epoch seconds. Milliseconds put it "
        "40,000 years ahead, and 20111209 is the 21st of August 1970: cycles and the split then "
        "go by nothing. Told by the size: from 10^11 on (the year 5138) they are finer than "
        "seconds, and a column that ends before March 1973 is none of transactions.",
        example="data:\n  split: {kind: strict_time, date_column: day}  # 20111209",
        remedy="Convert the column to timestamps or to epoch seconds.",
        checks=(_units,),
    ),
    Rule(
        code="RG522",
        severity="error",
        title="A date column that cannot split",
        reason="What is no time, or the same time in every row, has no earlier and no later part.",
        example="data:\n  split: {kind: strict_time, date_column: exported_at}  # one day",
        remedy="Name the column with the time of the transaction.",
        checks=(_unsplittable,),
    ),
    Rule(
        code="RG523",
        severity="warning",
        title="A date column with odd times",
        reason="The cuts of a split lie at shares of the time between the first and the last row. "
        "One row in the year 2099 moves them past all others, and when nine rows of ten are of "
        "one day, that day decides on the sizes of all parts.",
        example="data:\n  split: {kind: strict_time, date_column: updated_at}",
        remedy="Mend the rows, or name the column with the time of the purchase.",
        checks=(_odd_dates,),
    ),
)
