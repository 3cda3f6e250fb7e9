"""Features proposed for columns: how one is read, transformed and explained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from recgen.config import BqType
from recgen.data.estimates import embedding_width
from recgen.data.statistics import ColumnProfile, Oddity
from recgen.findings import counted, percent, show
from recgen.proposal.names import names_id, names_measure
from recgen.proposal.table import Table, is_clock

NUMBERS = ("real", "boolean", "time")
_NARROWEST = 4  # the smallest embedding_dim
_FAR = 20  # times the median, from which on the logarithm is used
_SOME = 0.01  # of the rows
_TOO_LARGE = 2.0**63  # for INT64, as hashes of 64 bits without a sign are
_YEAR = 365 * 86_400
_MOST_CODES = 1000
_OTHER_CODES: tuple[Oddity, ...] = ("written number", "leading zero")
_CODE = "GUESS: an amount. If its numbers stand for kinds of things, write `data_type: text`."


@dataclass(frozen=True)
class Found:
    """A feature as plain data, its width, what the column contains and how it is transformed."""

    feature: dict[str, object]
    width: int
    says: str
    does: str = ""


def feature_of(table: Table, name: str, widest: int) -> Found | str:
    """Return the feature for a column, or why a run could not read the column."""
    column = table.columns[name]
    if column.kind == "time":
        found = _time(column)
    elif column.kind == "boolean":
        found = _number(column, "BOOL")
    elif column.kind in ("integer", "real") and not (column.kind == "integer" and names_id(name)):
        found = _number(column, "INT64" if column.kind == "integer" else "FLOAT64")
    else:
        found = category(table, name, widest)
    misfit = table.profile.misfit(name, found.feature["bq_type"])  # type: ignore[arg-type]
    if misfit is not None:
        help = f". {misfit.help[:1].upper()}{misfit.help[1:]}" if misfit.help else ""
        return f"{show(misfit.value)} in row {misfit.row:,} is not {misfit.wanted}{help}"
    return found


def category(table: Table, name: str, widest: int, *, width: int | None = None) -> Found:
    """Return a text feature with an embedding; its width follows the formula unless given."""
    column = table.columns[name]
    wide = width or max(_NARROWEST, min(embedding_width(column.distinct), widest))
    is_whole = column.kind in ("integer", "time") and all(
        text.strip().lstrip("-").isdigit() or column.kind == "integer" for text in column.examples
    )
    is_small = max(-(column.low or 0), column.high or 0) < _TOO_LARGE
    is_number = is_whole and is_small and not (table.typed and column.stored_as_text)
    # 10 021 beside 10021 may be two codes: text keeps both.
    is_number = is_number and not any(table.profile.odd(name, odd) for odd in _OTHER_CODES)
    bq_type: BqType = "INT64" if is_number else "STRING"
    if column.kind == "text" and not column.stored_as_text and table.profile.misfit(name, bq_type):
        bq_type = "BYTES"  # such as the 16 bytes of a UUID
    feature = _feature(name, bq_type, "text", {"embedding": {"embedding_dim": wide}})
    return Found(feature, wide, f"{_count(column)}{_nulls(column)}")


def _number(column: ColumnProfile, bq_type: BqType) -> Found:
    transforms: dict[str, object] = {}
    does = ""
    if _is_far(column):
        transforms["log_transform"] = {}
        does = "The largest value is far from the median, so the logarithm is used."
    transforms["normalize"] = {}
    if column.nulls >= _SOME * column.rows:
        transforms["missing_flag"] = {}
    if bq_type == "INT64" and _may_be_code(column):
        does += f"{does and ' '}{_CODE}"
    says = _count(column) if bq_type == "BOOL" else _range(column)
    feature = _feature(column.name, bq_type, "numeric", transforms)
    return Found(feature, 1 + ("missing_flag" in transforms), f"{says}{_nulls(column)}", does)


def _may_be_code(column: ColumnProfile) -> bool:
    """Return whether whole numbers may stand for kinds of things, as far as the name tells."""
    few = 2 < column.distinct <= _MOST_CODES and (column.low or 0) >= 0
    return few and not names_measure(column.name)


def _is_far(column: ColumnProfile) -> bool:
    if column.low is None or column.high is None or column.median is None or column.mean is None:
        return False
    return column.low >= 0 and column.high > _FAR * (column.median or column.mean)


def _time(column: ColumnProfile) -> Found:
    low, high = column.low or 0.0, column.high or 0.0
    transforms: dict[str, object] = {"normalize": {}}
    if is_clock(column):
        transforms = {"cyclical": {"daily": True}}
    elif high - low >= _YEAR:
        transforms["cyclical"] = {"yearly": True}
    if column.nulls >= _SOME * column.rows:
        transforms["missing_flag"] = {}
    feature = _feature(column.name, time_type(column), "temporal", transforms)
    says = span(column) if not is_clock(column) else "times of the day"
    width = len(transforms) + ("cyclical" in transforms)
    return Found(feature, width, f"{says}{_nulls(column)}")


def time_type(column: ColumnProfile) -> BqType:
    """Return the type of a column of times."""
    if is_clock(column):
        return "TIME"
    is_date = all(len(example) == len("2011-12-09") for example in column.examples)
    return "DATE" if is_date and not column.examples[0].isdigit() else "TIMESTAMP"


def span(column: ColumnProfile) -> str:
    """Return the first and the last day of a column of times, and under which condition."""
    days = f"{day(column.low or 0)} to {day(column.high or 0)}"
    if column.times is None or not column.times.asked:
        return days
    first, *others = column.times.asked
    rest = f" and not {' or '.join(others)}" if others else ""
    return f"{days} if that is {first}{rest}"


def day(seconds: float) -> str:
    """Return the date of a time."""
    try:
        return f"{datetime(1970, 1, 1) + timedelta(seconds=seconds):%Y-%m-%d}"
    except OverflowError:
        return f"{seconds:.0f} s"


def _feature(name: str, bq_type: BqType, data_type: str, transforms: object) -> dict[str, object]:
    return {
        "column": name,
        "bq_type": bq_type,
        "data_type": data_type,
        "transforms": transforms,
    }


def _count(column: ColumnProfile) -> str:
    return counted(column.distinct, "value")


def _range(column: ColumnProfile) -> str:
    if column.low is None or column.high is None or column.median is None:
        return _count(column)
    return f"{column.low:.6g} to {column.high:.6g}, median {column.median:.6g}"


def _nulls(column: ColumnProfile) -> str:
    return f", {percent(column.nulls / column.rows)} null" if column.nulls else ""
