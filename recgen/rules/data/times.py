"""Rules on times in the data: numbers in another unit, unsuitable date columns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from recgen.config import DataConfig, FeatureConfig
from recgen.data.columns import DATE, columns, date_column, wrong_unit
from recgen.data.profile import Profile
from recgen.findings import percent, show
from recgen.rules.registry import Problem, rule

_DAY = 86_400
_MOST = 0.9


@rule("RG521", "error")
def time_unit(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """Numbers that are not epoch seconds.

    A time that is a whole number is taken as epoch seconds. Milliseconds put it 40,000 years into
    the future, and 20111209 is the 21st of August 1970: cycles and the split become meaningless.
    The size of the numbers shows the unit: from 10^11 on (the year 5138) they are finer than
    seconds, and a column that ends before March 1973 does not contain transactions.

    Example:
        data:
          split: {kind: strict_time, date_column: day}  # 20111209

    Convert the column to timestamps or to epoch seconds.
    """
    for use, column in columns(features, data, profile):
        unit = wrong_unit(use, column)
        if unit is not None:
            message = f"{show(use.name)} contains {unit}, for example {column.examples[0]}"
            help = "Provide epoch seconds or timestamps: read as seconds, these are other times."
            yield Problem(use.type_path, message, help)


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
    the sizes of all parts.

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
    if date.nulls:
        message = (
            f"{date.nulls:,} rows have no {show(date.name)}, so they are in no part of the split"
        )
        yield Problem(DATE, message, "Nothing to do if they may be dropped.", severity="info")
    if date.high > time.time() + _DAY:
        year = datetime(1970, 1, 1).year + int(date.high // (365.2425 * _DAY))
        message = f"{show(date.name)} has times in the future (the latest in {year})"
        help = "Correct these rows: the split is cut between the first and the last time."
        yield Problem(DATE, message, help)
    day = date.median // _DAY * _DAY
    share = profile.rows_between(date.name, day, day + _DAY) / (date.rows - date.nulls)
    if share >= _MOST and date.low != date.high:
        message = f"{percent(share)} of the rows fall on one day"
        help = "Check that this is the time of the purchase, not that of an export."
        yield Problem(DATE, message, help)
