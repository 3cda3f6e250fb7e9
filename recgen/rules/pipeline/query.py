"""Rules on a pipeline's own query: it becomes part of three others, of which TFX makes more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from recgen.config import BigQuery, DataConfig, FeatureConfig, HistoryFeature, PipelineConfig
from recgen.config.paths import all_crosses, all_features
from recgen.findings import Location, show
from recgen.rules.registry import Problem, rule
from recgen.sql import SNAPSHOT, Output, Read, SqlError, Token, code, outputs, reads

_BIGQUERY = ("pipeline", "source", "bigquery")
QUERY = (*_BIGQUERY, "query")
_CHANGING = {"RAND", "GENERATE_UUID", "SESSION_USER"}
_CLOCKS = {"CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_DATETIME", "CURRENT_TIME"}


def _code(pipeline: PipelineConfig) -> tuple[Token, ...]:
    """Return the tokens of the query; none without one, or if it is not one SELECT."""
    source = pipeline.source.bigquery
    try:
        found = code(source.query) if source and source.query else ()
    except SqlError:
        return ()
    return () if _not_one(found) else found


def _reads(pipeline: PipelineConfig) -> tuple[Read, ...]:
    """Return the tables of the query; none without one, or if it is not one SELECT."""
    source = pipeline.source.bigquery
    return reads(source.query) if source and source.query and _code(pipeline) else ()


@rule("RG601", "error")
def one_select(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A query that is not one SELECT.

    The query is put into parentheses: by the queries of the splits, and again by TFX, which asks
    `SELECT * FROM (…) LIMIT 0` for the types. A semicolon, a second statement, a DECLARE, a query
    parameter or legacy SQL is an error there, once the pipeline runs. So is a table's alias after
    `FOR SYSTEM_TIME AS OF`: BigQuery wants it before. Comments may stand anywhere.

    Example:
        pipeline:
          source:
            bigquery:
              query: SELECT * FROM shop.sales WHERE day >= @first;

    Use instead:
        pipeline:
          source:
            bigquery:
              query: SELECT * FROM shop.sales FOR SYSTEM_TIME AS OF {snapshot}
    """
    source = pipeline.source.bigquery
    if source is None or source.query is None:
        return
    try:
        found = code(source.query)
    except SqlError as error:
        yield Problem(QUERY, f"the query is not SQL: {error}", "Correct it.")
        return
    problem = _not_one(found)
    if problem:
        yield Problem(QUERY, *problem)
    for table in _reads(pipeline):
        if table.late_alias:
            name = show(table.late_alias)
            message = f"the alias {name} stands after the time of {show(table.name)}"
            yield Problem(QUERY, message, f"Write it before FOR SYSTEM_TIME AS OF {SNAPSHOT}.")


def _not_one(found: tuple[Token, ...]) -> tuple[str, str] | None:
    """Return what makes a query more or less than one SELECT, and what to do."""
    if any(token.text == ";" for token in found):
        return "the query has a semicolon", "Remove it; the query must be one SELECT."
    parameter = next((token.text for token in found if token.kind == "parameter"), None)
    if parameter:
        return f"the query has the parameter {parameter}", "Write its value instead."
    if any((one.upper, two.text) == ("FROM", "[") for one, two in pairwise(found)):
        return "the query is legacy SQL", "Name its tables as `project.dataset.table`."
    first = next((token.upper for token in found if token.text != "("), "")
    if first not in ("SELECT", "WITH", "FROM"):
        begins = f"begins with {first}" if first else "is empty"
        return f"the query {begins}", "Write one SELECT, perhaps after WITH."
    return None


@rule("RG602", "error")
def columns_of_query(
    features: FeatureConfig, data: DataConfig, pipeline: PipelineConfig
) -> Iterator[Problem]:
    """A column that the query does not return, or returns twice.

    Each feature, member of a cross and target, and the date column of the split are read from what
    the query returns, under their `display_name` or their `column`. A history that it does not
    return is made of the rows. Of two columns with one name, often those of a JOIN, BigQuery reads
    neither. A query with `*` is not checked.

    Example:
        features:
          product_model_features:
            - {column: sku, data_type: text}
            - {column: price, data_type: numeric}
        pipeline:
          source:
            bigquery:
              query: SELECT customer_id, age, sku FROM shop.sales

    Use instead:
        features:
          product_model_features:
            - {column: sku, data_type: text}
            - {column: price, data_type: numeric}
        pipeline:
          source:
            bigquery:
              query: SELECT customer_id, age, sku, price FROM shop.sales
    """
    returned = returned_columns(pipeline.source.bigquery)
    if returned is None:
        return
    known = Counter(output.name.lower() for output in returned)
    reported: set[str] = set()
    for path, names in _wanted(features, data):
        found = next((name for name in names if known[name.lower()]), "")
        if names[0] in reported or known[found.lower()] == 1:
            continue
        reported.add(names[0])
        if found:
            help = "Return it once, or give the other one an alias; BigQuery knows no case."
            yield Problem(path, f"the pipeline's query returns {show(found)} twice", help)
            continue
        either = " or ".join(show(name) for name in dict.fromkeys(names))
        help = f"Add it to the query's SELECT, or remove it here. It returns {_listed(returned)}."
        yield Problem(path, f"the pipeline's query returns no column {either}", help)


def returned_columns(source: BigQuery | None) -> tuple[Output, ...] | None:
    """Return what a config's own query returns; None if that is not known."""
    try:
        return outputs(source.query) if source and source.query else None
    except SqlError:
        return None


def _listed(returned: tuple[Output, ...]) -> str:
    names = ", ".join(show(output.name) for output in returned[:10])
    return f"{names}, …" if len(returned) > 10 else names or "none with a name"


def _wanted(
    features: FeatureConfig, data: DataConfig
) -> Iterator[tuple[Location, tuple[str, ...]]]:
    """Yield where a column is named, and the names under which it may be returned."""
    for path, feature in all_features(features):
        if not isinstance(feature, HistoryFeature):
            yield path, (feature.output_name, feature.column)
    for path, cross in all_crosses(features):
        for number, member in enumerate(cross.features):
            yield (*path, "features", number), (member.output_name, member.column)
    if features.target:
        names = features.target.output_name, features.target.column
        yield ("features", "target_column"), names
    if data.split and data.split.date_column:
        yield ("data", "split", "date_column"), (data.split.date_column,)


@rule("RG604", "warning")
def other_rows_each_time(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A query that returns other rows each time.

    Each split is a query of its own. With `RAND()`, `TABLESAMPLE` or a `LIMIT` without order, a row
    may be in two splits or in none; with `CURRENT_DATE()`, the splits of a run across midnight do
    not fit together.

    Example:
        pipeline:
          source:
            bigquery:
              query: SELECT * FROM shop.sales WHERE RAND() < 0.1

    Use instead:
        pipeline:
          source:
            bigquery:
              query: SELECT * FROM shop.sales WHERE MOD(ABS(FARM_FINGERPRINT(customer_id)), 10) = 0
    """
    found = _code(pipeline)
    some = _some_rows(found)
    if some:
        message = f"the query takes some rows, by {some}: each split takes others"
        yield Problem(
            QUERY, message, "Choose rows by a hash of a column, such as FARM_FINGERPRINT."
        )
        return
    for place, word in enumerate(found):
        is_called = place + 1 < len(found) and found[place + 1].text == "("
        if word.kind != "word" or not (word.upper in _CLOCKS or is_called):
            continue
        if word.upper in _CHANGING:
            message = f"the query calls {word.upper}(): each split draws rows of its own"
            help = "Choose rows by a hash of a column, such as FARM_FINGERPRINT."
            yield Problem(QUERY, message, help)
            return
        if word.upper in _CLOCKS:
            message = f"the query depends on {word.upper}: the splits may see different days"
            yield Problem(QUERY, message, f"Use the time of the snapshot, `{SNAPSHOT}`.")
            return


def _some_rows(found: Sequence[Token]) -> str:
    """Return a clause that takes a number of rows in no order; "" for none."""
    ordered = [False]  # by brackets
    for token in found:
        if token.upper in ("TABLESAMPLE", "LIMIT") and not (token.upper == "LIMIT" and ordered[-1]):
            return "LIMIT without ORDER BY" if token.upper == "LIMIT" else token.upper
        if token.text == "(":
            ordered.append(False)
        elif token.text == ")":
            ordered.pop()
        elif token.upper in ("ORDER", "SELECT"):
            ordered[-1] = token.upper == "ORDER"
    return ""


@rule("RG605", "warning")
def no_snapshot(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A query without a snapshot.

    The splits are three queries, which run one after another. If rows arrive in between, each sees
    another table, with another end of the time span: rows are lost, or are in two splits. A table
    that is named by `table` is read as of one time; in a query, `{snapshot}` stands for it.

    Example:
        pipeline:
          source:
            bigquery:
              query: SELECT * FROM shop.sales

    Use instead:
        pipeline:
          source:
            bigquery:
              query: SELECT * FROM shop.sales FOR SYSTEM_TIME AS OF {snapshot}

    Each table needs it, after its alias: `FROM p.shop.sales AS s FOR SYSTEM_TIME AS OF {snapshot}`.
    Views have no snapshots: name the tables behind them, or copy the rows before the run.
    """
    names = dict.fromkeys(show(table.name) for table in _reads(pipeline) if not table.is_dated)
    if names:
        which = ", ".join(names)
        message = f"the query runs three times, and each time reads {which} as it is then"
        help = f"Write FOR SYSTEM_TIME AS OF {SNAPSHOT} after each table and its alias."
        yield Problem(QUERY, message, help)
