"""Plan of the queries of a pipeline: one for each split, all of the same rows."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from recgen.config import BigQuery, ExperimentConfig, HistoryFeature, Split, item_type
from recgen.config.paths import lists_to_make
from recgen.config.times import directives, unit_of
from recgen.plan.columns import InputColumn, input_columns, null_seconds
from recgen.sql import outputs

SplitName = Literal["train", "eval", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
_WHOLE = r"0|-?[1-9]\d{0,17}"
_PART = r"-?(0|[1-9]\d{0,9})\.\d{0,5}[1-9]"
_TEXTS = {"BOOL": "true|false", "BOOLEAN": "true|false", "DATE": r"\d{4}-\d\d-\d\d"}


@dataclass(frozen=True, slots=True)
class QueryColumn:
    """A column that the queries return.

    Attributes:
        name: Its name in the examples.
        source: Its name in the table.
        cast: The kind of the cast: a BigQuery type, `DATE_NUMBER`, or `format` or `counted` times.
        is_list: Whether the cast is that of the items of an array.
        time_format: The format of a text that is a time, as BigQuery writes it.
        per_second: How many of what is counted are a second.
        start: The epoch seconds since which it is counted.
        null_values: Texts or numbers of the table that stand for null.
        null_seconds: Epoch seconds that stand for null.
    """

    name: str
    source: str
    cast: str
    is_list: bool = False
    time_format: str = ""
    per_second: Fraction = Fraction(1)
    start: int = 0
    null_values: tuple[str | int | float, ...] = ()
    null_seconds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class QueriesPlan:
    """What the queries of the splits say.

    Attributes:
        columns: What they return.
        table: The table they read; "" with a query.
        query: The query they read; "" with a table.
        snapshot: The time as of which a table is read; "" for that of compiling.
        ids: The names of the buyer's and the product's ID; rows without one are left out.
        texts: Those of the IDs that are text, of which "" is none.
        date: The column of the time; "" without one.
        finds_far: Whether times that stand for null count as null if they are far from all others.
        kind: How rows are divided.
        validation_from: The share of the time span at which validation begins; strict_time only.
        test_from: The share of the time span at which the test begins; not for random.
        validation: The share of the rows that is drawn for validation.
        test: The share that is drawn for the test.
        seed: What is hashed together with each row that is drawn.
    """

    columns: tuple[QueryColumn, ...]
    table: str
    query: str
    snapshot: str
    ids: tuple[str, str]
    texts: tuple[str, ...]
    date: str
    finds_far: bool
    kind: Literal["strict_time", "time_holdout", "random"]
    validation_from: float
    test_from: float
    validation: float
    test: float
    seed: int


def plan_queries(config: ExperimentConfig, source: BigQuery, snapshot: str) -> QueriesPlan:
    """Return the plan of a config that passed the check."""
    split = config.data.split
    given = split or Split(kind="random", validation=0.05, test=0.05, seed=config.model.seed)
    made = {feature.output_name for feature in made_histories(config)}
    columns = [column for column in input_columns(config) if column.name not in made]
    buyer, product = config.features.buyer_id, config.features.product_id
    assert buyer, "the check requires it"
    assert product, "the check requires it"
    texts = {c.name for c in columns if c.dtype == "string"}
    returned = returned_by(source) or frozenset()
    return QueriesPlan(
        columns=tuple(query_column(config, column, returned) for column in columns),
        table=source.table or "",
        query=source.query or "",
        snapshot="" if snapshot == "now" else snapshot,
        ids=(buyer, product),
        texts=tuple(name for name in (buyer, product) if name in texts),
        date=given.date_column or "",
        finds_far=bool(given.date_column) and config.data.null_times is None,
        kind=given.kind,
        # In the order of `recgen train`, whose floats these are.
        validation_from=1 - given.test - given.validation,
        test_from=1 - given.test,
        validation=given.validation,
        test=given.test,
        seed=given.seed,
    )


def made_histories(config: ExperimentConfig) -> tuple[HistoryFeature, ...]:
    """Return the histories that the pipeline of a config makes of its rows."""
    if config.pipeline is None:
        return ()
    returned = returned_by(config.pipeline.source.bigquery)
    return lists_to_make(config.features, config.pipeline, returned)


def returned_by(source: BigQuery | None) -> frozenset[str] | None:
    """Return the columns of a query in lower case; None if they are not known."""
    found = outputs(source.query) if source and source.query else None
    return None if found is None else frozenset(each.name.lower() for each in found)


def query_column(
    config: ExperimentConfig, column: InputColumn, returned: Collection[str] = ()
) -> QueryColumn:
    """Return how a raw column is read by a query.

    Args:
        config: The config.
        column: The column.
        returned: What the config's own query returns, in lower case: perhaps an alias.
    """
    unit, kind = column.time_format or "", item_type(column.bq_type)
    cast, time_format, counted = kind, "", unit_of(unit)
    if counted:
        cast = "counted"
    elif unit == "DATE_NUMBER":
        cast = unit
    elif unit:
        cast, time_format = "format", sql_format(unit)
    is_time = column.dtype == "int64" and kind in ("TIMESTAMP", "DATETIME", "DATE")
    per_second, start = counted or (Fraction(1), 0)
    return QueryColumn(
        name=column.name,
        source=column.name if column.name.lower() in returned else column.source,
        cast=cast,
        is_list=column.is_list,
        time_format=time_format,
        per_second=per_second,
        start=start,
        null_values=_null_values(config, column, cast),
        null_seconds=null_seconds(column) if is_time else (),
    )


def _null_values(
    config: ExperimentConfig, column: InputColumn, cast: str
) -> tuple[str | int | float, ...]:
    """Return what stands for null, as the table has it; `recgen train` compares as text."""
    words = config.data.null_values
    if column.dtype == "string":
        return words
    if cast == "format":
        return tuple(dict.fromkeys(["", *words, *(column.null_times or ())]))
    if cast in _TEXTS:
        return tuple(word for word in words if re.fullmatch(_TEXTS[cast], word))
    if cast in ("counted", "DATE_NUMBER"):
        words += column.null_times or ()
    is_whole = cast in ("counted", "DATE_NUMBER", "INT64", "INTEGER")
    if not is_whole and column.dtype != "float32":
        return ()
    numbers = (int(word) for word in words if re.fullmatch(_WHOLE, word))
    parts = (float(word) for word in words if re.fullmatch(_PART, word))
    return tuple(dict.fromkeys([*numbers, *(() if is_whole else parts)]))


def sql_format(time_format: str) -> str:
    """Return a format of Python's strptime as BigQuery writes it; fractions belong to seconds."""
    text = "".join(directives(time_format))
    return text.replace("%S.%f", "%E*S").replace("%z", "%Ez")
