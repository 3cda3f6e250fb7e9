"""Rules on the columns that a pipeline's own query returns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from recgen.config import (
    BqType,
    DataConfig,
    FeatureConfig,
    HistoryFeature,
    PipelineConfig,
    is_array,
)
from recgen.config.paths import all_crosses, all_features, lists_to_make
from recgen.config.times import unit_of
from recgen.findings import show
from recgen.rules.pipeline.query import QUERY, returned_columns
from recgen.rules.registry import Problem, rule
from recgen.sql import Token


@rule("RG603", "warning")
def hidden_nulls(features: FeatureConfig, pipeline: PipelineConfig) -> Iterator[Problem]:
    """A query that hides nulls.

    `COALESCE(age, 0)` makes an age of 0 of a missing one, and so do `IFNULL`, `IF` and `CASE`. The
    generated transform knows what to do with nulls: an index or a mean of their own. One platform
    lost six experiments to nulls, put zeros into its SQL, and has trained on ages of 0 since.

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
    for output in returned_columns(pipeline.source.bigquery) or ():
        if output.name.lower() in names and _has_default(output.tokens):
            message = f"the query replaces nulls of {show(output.name)} with a value"
            yield Problem(QUERY, message, "Return the column as it is: nulls are known as nulls.")


def _has_default(item: Sequence[Token]) -> bool:
    """Return whether a column is a value, or a constant where that is null."""
    name, parts = _call(item)
    if name in _WRAPPERS:
        return bool(parts[0]) and _has_default(parts[0])
    if name in ("COALESCE", "IFNULL", "NVL"):
        return len(parts) > 1 and _is_constant(parts[-1])
    if name not in ("IF", "CASE") or len(parts) < 3 or not all(parts[:3]):
        return False
    asks = any(token.upper == "IS" for token in parts[0]) and parts[0][-1].upper == "NULL"
    return asks and _is_constant(parts[1]) != _is_constant(parts[2])


def _call(item: Sequence[Token]) -> tuple[str, list[list[Token]]]:
    """Return the function that a column of a SELECT is, or CASE, and its parts; "" for none.

    The column is nothing else: only an alias follows, no operator and no OVER.
    """
    name = item[0].upper
    if name == "CASE":
        parts, first = _parts(item[1:], {"WHEN", "THEN", "ELSE", "END"}), 1
    elif len(item) > 1 and item[1].text == "(":
        parts, first = _parts(item[2:], {",", "AS"}), 2
    else:
        return "", []
    end = first + sum(map(len, parts)) + len(parts)  # after the marks, and what closes it
    alias = [token for token in item[end:] if token.upper != "AS"]
    if name == "CASE":
        parts = parts[1:] if not parts[0] else parts  # CASE WHEN, not CASE x WHEN
    return (name, parts) if len(alias) < 2 else ("", [])


_WRAPPERS = {"CAST", "SAFE_CAST", "ROUND", "TRIM", "LOWER", "UPPER"}


def _parts(inner: Sequence[Token], marks: Collection[str]) -> list[list[Token]]:
    """Return the parts between marks, up to the bracket or END that closes them."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in inner:
        if depth == 0 and (token.text == ")" or (token.upper == "END" and "END" in marks)):
            break
        if depth == 0 and token.upper in marks:
            parts.append([])
            continue
        depth += (token.text in ("(", "[") or token.upper == "CASE") - (
            token.text in (")", "]") or token.upper == "END"
        )
        parts[-1].append(token)
    return parts


def _is_constant(part: Sequence[Token]) -> bool:
    inner = [each for each in part if each.text not in "-+"]
    return len(inner) == 1 and inner[0].kind in ("number", "text")


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
    returned = returned_columns(pipeline.source.bigquery)
    names = None if returned is None else {output.name.lower() for output in returned}
    made = lists_to_make(features, pipeline, names)
    if made and not (data.split and data.split.date_column):
        name = show(made[0].output_name)
        message = f"the history {name} would be made of rows, and these have no time"
        help = "Write `date_column` under `data.split`, or return a column with lists."
        yield Problem(("pipeline", "histories") if pipeline.histories else QUERY, message, help)


@rule("RG637", "error")
def type_of_output(
    features: FeatureConfig, data: DataConfig, pipeline: PipelineConfig
) -> Iterator[Problem]:
    """A column that the query makes another type of.

    The queries of the splits cast each column from the type that the config says to what the
    modules take: `UNIX_SECONDS` of a TIMESTAMP, say. BigQuery refuses that of another type, or the
    modules do. Where a query's own cast or function says the type, it is compared.

    Example:
        data:
          split: {kind: strict_time, date_column: bought_at}
        pipeline:
          source:
            bigquery:
              query: SELECT customer_id, age, sku, UNIX_SECONDS(bought_at) AS bought_at FROM p.a.b

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at}
        pipeline:
          source:
            bigquery:
              query: SELECT customer_id, age, sku, bought_at FROM p.a.b
    """
    returned = returned_columns(pipeline.source.bigquery)
    if returned is None:
        return
    types = {output.name.lower(): _type_of(output.tokens) for output in returned}
    reported, ids = set(), (features.buyer_id, features.product_id)
    for name, source, bq_type, is_category in _typed(features, data):
        column = name if name.lower() in types else source
        found, word = types.get(column.lower(), ""), data.time_format_of(name)
        taken = _TAKEN[_cast(_SAME.get(bq_type, bq_type), word)]
        if is_category and bq_type in ("INT64", "INTEGER"):
            taken = frozenset(("INT64",))
        elif bq_type == "STRING" and name not in ids and not data.null_values:
            taken |= {"INT64", "BOOL"}  # the transform writes them as text
        if found and found not in taken and name not in reported:
            reported.add(name)
            has = f"the config says {word or bq_type}"
            message = f"the query returns {show(column)} as {found}; {has}"
            help = "Return the column as it is, or change its type in the config."
            yield Problem(QUERY, message, help)


def _typed(features: FeatureConfig, data: DataConfig) -> Iterator[tuple[str, str, BqType, bool]]:
    """Yield name, source and type of each column but lists, and whether its values are names."""
    return (each for each in _columns(features, data) if not is_array(each[2]))


def _columns(features: FeatureConfig, data: DataConfig) -> Iterator[tuple[str, str, BqType, bool]]:
    for _, each in all_features(features):
        yield each.output_name, each.column, each.bq_type, each.data_type == "text"
    for _, cross in all_crosses(features):
        for member in cross.features:
            bq_type = data.type_of(member.output_name, member.usual_type)
            yield member.output_name, member.column, bq_type, member.type == "text"
    if target := features.target:
        bq_type = target.bq_type or data.type_of(target.output_name, "FLOAT64")
        yield target.output_name, target.column, bq_type, False
    if data.split and (date := data.split.date_column):
        yield date, date, data.type_of(date, "TIMESTAMP"), False


def _cast(bq_type: str, word: str | None) -> str:
    """Return how the queries cast a column of a type, or of a unit or format of times."""
    if word is None or word == "DATE_NUMBER":
        return word or bq_type
    return "counted" if unit_of(word) else "format"


_NUMBERS = frozenset(("INT64", "FLOAT64", "NUMERIC"))
_TIMES = frozenset(("TIMESTAMP", "DATETIME", "DATE"))
_TAKEN: Mapping[str, frozenset[str]] = {  # types from which a cast of the queries works
    "STRING": frozenset(("STRING",)),
    "BYTES": frozenset(("BYTES", "STRING")),
    "INT64": frozenset(("INT64", "BOOL", "FLOAT64")),
    "FLOAT64": frozenset(("INT64", "BOOL", "FLOAT64")),
    "NUMERIC": _NUMBERS | {"STRING"},
    "BOOL": _NUMBERS | {"BOOL", "STRING"},
    "TIMESTAMP": frozenset(("TIMESTAMP",)),
    "DATETIME": _TIMES | {"STRING"},
    "DATE": _TIMES | {"STRING"},
    "TIME": frozenset(("TIME",)),
    "DATE_NUMBER": frozenset(("INT64",)),
    "counted": _NUMBERS,
    "format": frozenset(("STRING",)),
}
_SAME = {
    **dict.fromkeys(("INTEGER", "INT", "BIGINT"), "INT64"),
    **dict.fromkeys(("BIGNUMERIC", "DECIMAL", "BIGDECIMAL"), "NUMERIC"),
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
}
_FUNCTIONS = {
    **dict.fromkeys(("UNIX_SECONDS", "UNIX_MILLIS", "UNIX_MICROS", "UNIX_DATE"), "INT64"),
    **dict.fromkeys(("COUNT", "COUNTIF", "LENGTH", "FARM_FINGERPRINT"), "INT64"),
    **dict.fromkeys(("FORMAT_DATE", "FORMAT_TIMESTAMP", "FORMAT_DATETIME", "FORMAT"), "STRING"),
    **dict.fromkeys(("STRING", "TO_HEX", "TO_BASE64", "TO_JSON_STRING", "JSON_VALUE"), "STRING"),
    **dict.fromkeys(("DATE", "PARSE_DATE", "DATE_FROM_UNIX_DATE"), "DATE"),
    **dict.fromkeys(("DATETIME", "PARSE_DATETIME"), "DATETIME"),
    **dict.fromkeys(("TIMESTAMP", "PARSE_TIMESTAMP", "TIMESTAMP_SECONDS"), "TIMESTAMP"),
    **dict.fromkeys(("TIMESTAMP_MILLIS", "TIMESTAMP_MICROS"), "TIMESTAMP"),
    **dict.fromkeys(("TIME", "PARSE_TIME"), "TIME"),
    **dict.fromkeys(("MD5", "SHA256", "FROM_HEX"), "BYTES"),
}
"""Functions whose results have one type, whatever they are called on."""


def _type_of(item: Sequence[Token]) -> str:
    """Return the type of a column of a SELECT, if it is a cast or a function; else ""."""
    name, parts = _call(item)
    if name not in ("CAST", "SAFE_CAST"):
        return _FUNCTIONS.get(name, "")
    word = parts[-1][0].upper if len(parts) == 2 and parts[-1] else ""
    found = _SAME.get(word, word)
    return found if any(found in taken for taken in _TAKEN.values()) else ""
