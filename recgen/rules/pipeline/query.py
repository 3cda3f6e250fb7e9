"""Rules on a pipeline's own query: it becomes part of three others, of which TFX makes more."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import BigQuery, DataConfig, FeatureConfig, HistoryFeature, PipelineConfig
from recgen.config.paths import all_crosses, all_features, lists_to_make
from recgen.findings import Location, show
from recgen.rules.registry import Problem, rule
from recgen.sql import SNAPSHOT, Output, SqlError, Token, code, outputs

_BIGQUERY = ("pipeline", "source", "bigquery")
_QUERY = (*_BIGQUERY, "query")
_CHANGING = {"RAND", "GENERATE_UUID", "SESSION_USER"}
_CLOCKS = {"CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_DATETIME", "CURRENT_TIME"}


def _code(pipeline: PipelineConfig) -> tuple[Token, ...]:
    """Return the tokens of the query; none without one, or if it is not understood."""
    source = pipeline.source.bigquery
    try:
        return code(source.query) if source and source.query else ()
    except SqlError:
        return ()


@rule("RG601", "error")
def one_select(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A query that is not one SELECT.

    The query is put into parentheses: by the queries of the splits, and again by TFX, which asks
    `SELECT * FROM (…) LIMIT 0` for the types. A semicolon, a second statement, a DECLARE or a query
    parameter is an error there, once the pipeline runs. Comments may stand anywhere.

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
        yield Problem(_QUERY, f"the query is not SQL: {error}", "Correct it.")
        return
    problem = _not_one(found)
    if problem:
        yield Problem(_QUERY, *problem)


def _not_one(found: tuple[Token, ...]) -> tuple[str, str] | None:
    """Return what makes a query more or less than one SELECT, and what to do."""
    if any(token.text == ";" for token in found):
        return "the query has a semicolon", "Remove it; the query must be one SELECT."
    parameter = next((token.text for token in found if token.kind == "parameter"), None)
    if parameter:
        return f"the query has the parameter {parameter}", "Write its value instead."
    first = next((token.upper for token in found if token.text != "("), "")
    if first not in ("SELECT", "WITH"):
        begins = f"begins with {first}" if first else "is empty"
        return f"the query {begins}", "Write one SELECT, perhaps after WITH."
    return None


@rule("RG602", "error")
def columns_of_query(
    features: FeatureConfig, data: DataConfig, pipeline: PipelineConfig
) -> Iterator[Problem]:
    """A column that the query does not return.

    Each feature, member of a cross and target, and the date column of the split are read from what
    the query returns, under their `display_name` or their `column`. A history that it does not
    return is made of the rows. A query with `*` is not checked.

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
    returned = _returned(pipeline.source.bigquery)
    if returned is None:
        return
    known = {output.name.lower() for output in returned}
    reported: set[str] = set()
    for path, names in _wanted(features, data):
        if names[0] in reported or any(name.lower() in known for name in names):
            continue
        reported.add(names[0])
        either = " or ".join(show(name) for name in dict.fromkeys(names))
        help = f"Add it to the query's SELECT, or remove it here. It returns {_listed(returned)}."
        yield Problem(path, f"the pipeline's query returns no column {either}", help)


def _returned(source: BigQuery | None) -> tuple[Output, ...] | None:
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


@rule("RG603", "warning")
def hidden_nulls(features: FeatureConfig, pipeline: PipelineConfig) -> Iterator[Problem]:
    """A query that hides nulls.

    `COALESCE(age, 0)` makes an age of 0 of a missing one. The generated transform knows what to do
    with nulls: an index or a mean of their own. One platform lost six experiments to nulls, put
    zeros into its SQL, and has trained on ages of 0 since.

    Example:
        pipeline:
          source:
            bigquery:
              query: SELECT customer_id, COALESCE(age, 0) AS age, sku FROM shop.sales

    Use instead:
        pipeline:
          source:
            bigquery:
              query: SELECT customer_id, age, sku FROM shop.sales
    """
    names = {name.lower() for _, f in all_features(features) for name in (f.output_name, f.column)}
    for output in _returned(pipeline.source.bigquery) or ():
        if output.name.lower() in names and _has_default(output.tokens):
            message = f"the query replaces nulls of {show(output.name)} with a value"
            yield Problem(_QUERY, message, "Return the column as it is: nulls are known as nulls.")


def _has_default(item: tuple[Token, ...]) -> bool:
    """Return whether a column is COALESCE or IFNULL with a constant at its end."""
    if item[0].upper not in ("COALESCE", "IFNULL"):
        return False
    depth, last = 0, 0
    for place, token in enumerate(item):
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and depth == 1:
            last = place
        if token.text == ")" and depth == 0:
            inner = [each for each in item[last + 1 : place] if each.text not in "-+"]
            return len(inner) == 1 and inner[0].kind in ("number", "text")
    return False


@rule("RG604", "warning")
def other_rows_each_time(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A query that returns other rows each time.

    Each split is a query of its own. With `RAND()`, a row may be in two splits or in none; with
    `CURRENT_DATE()`, the splits of a run across midnight do not fit together.

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
    for place, word in enumerate(found):
        is_called = place + 1 < len(found) and found[place + 1].text == "("
        if word.kind != "word" or not (word.upper in _CLOCKS or is_called):
            continue
        if word.upper in _CHANGING:
            message = f"the query calls {word.upper}(): each split draws rows of its own"
            help = "Choose rows by a hash of a column, such as FARM_FINGERPRINT."
            yield Problem(_QUERY, message, help)
            return
        if word.upper in _CLOCKS:
            message = f"the query depends on {word.upper}: the splits may see different days"
            yield Problem(_QUERY, message, f"Use the time of the snapshot, `{SNAPSHOT}`.")
            return


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

    Views have no snapshots: name the tables behind them, or copy the rows before the run.
    """
    found = _code(pipeline)
    words = {token.upper for token in found}
    if "FROM" in words and "SYSTEM_TIME" not in words:
        message = "the query runs three times, and each time reads its tables as they are then"
        help = f"Write FOR SYSTEM_TIME AS OF {SNAPSHOT} after each table."
        yield Problem(_QUERY, message, help)


@rule("RG636", "error")
def made_histories(
    features: FeatureConfig, data: DataConfig, pipeline: PipelineConfig
) -> Iterator[Problem]:
    """A history that the pipeline cannot make.

    `histories` names history features, by their output names. Each list has the values of the
    buyer's rows before the row's time, so that the rows must have a time: `date_column` of the
    split, also of one that is drawn at random.

    Example:
        features:
          buyer_model_features:
            - {column: customer_id, data_type: text}
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          histories: [passed]

    Use instead:
        features:
          buyer_model_features:
            - {column: customer_id, data_type: text}
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
        data:
          split: {kind: strict_time, date_column: bought_at}
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          histories: [past]
    """
    known = [f.output_name for _, f in all_features(features) if isinstance(f, HistoryFeature)]
    for place, name in enumerate(pipeline.histories):
        if name not in known:
            has = (
                f"Name one of {', '.join(map(show, known))}."
                if known
                else "Remove it: the config has none."
            )
            yield Problem(("pipeline", "histories", place), f"{show(name)} is not a history", has)
    returned = _returned(pipeline.source.bigquery)
    names = None if returned is None else {output.name.lower() for output in returned}
    made = lists_to_make(features, pipeline, names)
    if made and not (data.split and data.split.date_column):
        name = show(made[0].output_name)
        message = f"the history {name} would be made of rows, and these have no time"
        help = "Write `date_column` under `data.split`, or return a column with lists."
        yield Problem(("pipeline", "histories") if pipeline.histories else _QUERY, message, help)
