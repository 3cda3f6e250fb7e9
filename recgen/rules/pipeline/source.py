"""Rules on where a pipeline's rows are, and on the types of their columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig, HistoryFeature, PipelineConfig
from recgen.config.paths import all_crosses, all_features
from recgen.config.times import unit_of
from recgen.findings import Location, show
from recgen.rules.registry import Problem, rule

_SOURCE = ("pipeline", "source")
_BIGQUERY = (*_SOURCE, "bigquery")
_TABLE = re.compile(r"[A-Za-z0-9:.-]+\.\w+\.[\w -]*[\w-]")
_MARKS = frozenset(" &%=+:'<>#|")  # of names, besides letters, digits, dashes and underscores
_PREFIXES = ("_PARTITION", "_TABLE_", "_FILE_", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER")
_FILES = ("tfrecord", "csv", "parquet")


@rule("RG610", "error")
def one_source(pipeline: PipelineConfig) -> Iterator[Problem]:
    """No source of rows, or more than one.

    A pipeline reads its rows from one place: a table or a query of BigQuery, or files.

    Example:
        pipeline:
          source:
            bigquery: {table: p.shop.sales}
            csv: data/{split}.csv

    Use instead:
        pipeline:
          source:
            bigquery: {table: p.shop.sales}
    """
    source = pipeline.source
    given = [name for name in ("bigquery", *_FILES) if getattr(source, name) is not None]
    if len(given) != 1:
        what = f"names several places: {', '.join(given)}" if given else "names no place"
        help = "Keep one of bigquery, tfrecord, csv and parquet."
        yield Problem(_SOURCE, f"the source of the pipeline {what}", help)
    if source.bigquery and (source.bigquery.table is None) == (source.bigquery.query is None):
        what = "both a table and a query" if source.bigquery.table else "neither table nor query"
        yield Problem(_BIGQUERY, f"bigquery has {what}", "Keep one of them.")


@rule("RG611", "error")
def table_name(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A table without its project or dataset.

    The queries run on Vertex AI, where no dataset is the usual one. One partition, or many tables
    by a `*`, are chosen by a query.

    Example:
        pipeline:
          source:
            bigquery: {table: sales}

    Use instead:
        pipeline:
          source:
            bigquery: {table: my-project.shop.sales}
    """
    source = pipeline.source.bigquery
    if source and source.table is not None and not _TABLE.fullmatch(source.table):
        message = f"{show(source.table)} is not the name of a table"
        help = "Write `project.dataset.table`."
        if "$" in source.table:
            help = "Choose a partition by a query with WHERE, such as on _PARTITIONDATE."
        elif "*" in source.table:
            help = "Name these tables in a query, and choose them by _TABLE_SUFFIX."
        yield Problem((*_BIGQUERY, "table"), message, help)


@rule("RG612", "error")
def pattern_of_splits(pipeline: PipelineConfig) -> Iterator[Problem]:
    """Files that are not divided into splits.

    TFX divides files by a hash of each row, which mixes past and future, and no component of its
    own divides by time. So the files of the splits are told apart by their names: `{split}` in the
    pattern stands for train, eval and test.

    Example:
        pipeline:
          source: {tfrecord: "gs://shop/sales/*.gz"}

    Use instead:
        pipeline:
          source: {tfrecord: "gs://shop/sales/{split}/*.gz"}
    """
    for kind in _FILES:
        pattern = getattr(pipeline.source, kind)
        if pattern is not None and pattern.count("{split}") != 1:
            message = f"the pattern {show(pattern)} must have {{split}} once"
            help = "Write {split} where the names of train, eval and test files differ."
            yield Problem((*_SOURCE, kind), message, help)


@rule("RG613", "error")
def lists_in_csv(features: FeatureConfig, pipeline: PipelineConfig) -> Iterator[Problem]:
    """A history in CSV files.

    A CSV file has one value in a field, so TFX reads no lists from it. The pipeline can make
    them of the rows.

    Example:
        features:
          buyer_model_features:
            - {column: customer_id, data_type: text}
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
        pipeline:
          source: {csv: "data/{split}*.csv"}

    Use instead:
        features:
          buyer_model_features:
            - {column: customer_id, data_type: text}
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}
        pipeline:
          source: {csv: "data/{split}*.csv"}
          histories: [past]
    """
    if pipeline.source.csv is None:
        return
    for path, feature in all_features(features):
        if isinstance(feature, HistoryFeature) and feature.output_name not in pipeline.histories:
            name = feature.output_name
            message = f"the history {show(name)} cannot be read from CSV files"
            help = f"Write `histories: [{name}]` under `pipeline`; it is then made from the rows."
            yield Problem(path, message, help)


@rule("RG614", "error")
def texts_in_parquet(
    features: FeatureConfig, data: DataConfig, pipeline: PipelineConfig
) -> Iterator[Problem]:
    """A time in Parquet files that is text.

    Parquet has types for times and dates, and a pipeline reads these, and numbers in a unit. Texts
    in a format, and dates in digits such as 20230131, it does not.

    Example:
        data:
          column_types: {bought_at: "%d.%m.%Y"}
          split: {kind: strict_time, date_column: bought_at}
        pipeline:
          source: {parquet: "data/{split}*.parquet"}
          runner: local

    Use instead:
        data:
          split: {kind: strict_time, date_column: bought_at}
        pipeline:
          source: {parquet: "data/{split}*.parquet"}
          runner: local

    Write the column as a timestamp. `recgen train` reads both.
    """
    if pipeline.source.parquet is None:
        return
    for path, name, _ in _times(features, data):
        written = data.time_format_of(name)
        if written is not None and unit_of(written) is None:
            message = f"{show(name)} is written as {show(written)}, which is not read from Parquet"
            help = "Write the column as a timestamp, and remove it from `column_types`."
            yield Problem(path, message, help)


@rule("RG615", "error")
def name_in_bigquery(
    features: FeatureConfig, data: DataConfig, pipeline: PipelineConfig
) -> Iterator[Problem]:
    """A name that no column of BigQuery can have.

    BigQuery refuses some characters in names, and beginnings such as `_PARTITION`, and does not
    tell upper from lower case: a query that returns `Price` and `price` is an error.

    Example:
        features:
          product_model_features:
            - {column: sku, data_type: text}
            - {column: price, display_name: "price ($)", data_type: numeric}
        pipeline:
          source:
            bigquery: {table: p.shop.sales}

    Use instead:
        features:
          product_model_features:
            - {column: sku, data_type: text}
            - {column: price, display_name: price, data_type: numeric}
        pipeline:
          source:
            bigquery: {table: p.shop.sales}
    """
    if pipeline.source.bigquery is None:
        return
    seen: dict[str, str] = {}
    for path, name, is_output in _names(features, data):
        refused = _refused(name, is_output)
        is_renamed = is_output and path[-1] != "date_column"
        if refused:
            message = f"the name {show(name)} {refused}, which BigQuery refuses"
            help = "Give the column another display_name."
            if not is_renamed or "." in name:  # a field of a STRUCT
                help = "Return it under another name by `query` in place of `table`."
            yield Problem(path, message, help)
        elif is_output and seen.setdefault(name.lower(), name) != name:
            message = f"{show(name)} and {show(seen[name.lower()])} are one name in BigQuery"
            yield Problem(path, message, "Give one of them another display_name.")


def _refused(name: str, is_output: bool) -> str:
    """Return what BigQuery refuses in a name; "" for nothing."""
    if not name.isprintable():
        return "is not printable"
    letter = min((each for each in name if not _is_letter(each)), default="")
    if letter:
        return f"has {show(letter)}"
    prefix = next((each for each in _PREFIXES if name.upper().startswith(each)), "")
    # A table has pseudo-columns such as _PARTITIONTIME; no query returns one under its name.
    return f"begins with {prefix}" if prefix and is_output else ""


def _is_letter(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind[0] in "LMN" or kind in ("Pd", "Pc") or character in _MARKS


def _names(features: FeatureConfig, data: DataConfig) -> Iterator[tuple[Location, str, bool]]:
    """Yield names of columns with their places, and whether they are those of the output."""
    members = (
        ((*path, "features", number), member)
        for path, cross in all_crosses(features)
        for number, member in enumerate(cross.features)
    )
    for path, column in (*all_features(features), *members):
        yield path, column.output_name, True
        if column.column != column.output_name:
            yield path, column.column, False
    if data.split and data.split.date_column:
        yield ("data", "split", "date_column"), data.split.date_column, True


@rule("RG616", "error")
def unit_of_time(
    features: FeatureConfig, data: DataConfig, pipeline: PipelineConfig
) -> Iterator[Problem]:
    """A time whose unit the pipeline does not know.

    `recgen train` finds out whether numbers are seconds, milliseconds or days, and how a text is
    written. A pipeline is written before any value is seen, so the config has to say it.

    Example:
        features:
          product_model_features:
            - {column: sku, data_type: text}
            - {column: listed_at, data_type: temporal, bq_type: INT64}
        pipeline:
          source:
            bigquery: {table: p.shop.sales}

    Use instead:
        features:
          product_model_features:
            - {column: sku, data_type: text}
            - {column: listed_at, data_type: temporal, bq_type: INT64}
        data:
          column_types: {listed_at: EPOCH_MILLIS}
        pipeline:
          source:
            bigquery: {table: p.shop.sales}
    """
    source = pipeline.source
    if source.bigquery is None and source.parquet is None:
        return
    for path, name, bq_type in _times(features, data):
        written = data.time_format_of(name)
        if written is None and bq_type in ("INT64", "INTEGER"):
            message = f"the unit of the times {show(name)} is not known: they are {bq_type}"
            help = f"Write `column_types: {{{name}: EPOCH_SECONDS}}` under `data`, or another unit."
            yield Problem(path, message, help)
        elif source.bigquery and written and "%f" in written.replace("%S.%f", ""):
            message = f"BigQuery reads fractions after a point only, and {show(written)} has others"
            yield Problem(path, message, "Write `%S.%f`, or cast the column in a query.")


def _times(features: FeatureConfig, data: DataConfig) -> Iterator[tuple[Location, str, str]]:
    for path, feature in all_features(features):
        if feature.data_type == "temporal":
            yield path, feature.output_name, feature.bq_type
    if data.split and (date := data.split.date_column):
        usual = next((f.bq_type for _, f in all_features(features) if f.output_name == date), None)
        found = usual or data.type_of(date, "TIMESTAMP")
        if not any(f.output_name == date for _, f in all_features(features)):
            yield ("data", "split", "date_column"), date, found


@rule("RG618", "error")
def types_of_csv(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A schema of types for CSV files.

    TFX finds out the types of a CSV file from its values: a text column in which all values are
    digits arrives as whole numbers. A schema that calls it text stops Transform. Without one, the
    modules turn numbers into text.

    Example:
        pipeline:
          source: {csv: "data/{split}*.csv"}
          runner: local
          schema_pbtxt: true

    Use instead:
        pipeline:
          source: {csv: "data/{split}*.csv"}
          runner: local
    """
    if pipeline.schema_pbtxt and pipeline.source.csv is not None:
        message = "CSV files have no types that a schema could fix"
        help = "Remove it, or use Parquet files."
        yield Problem(("pipeline", "schema_pbtxt"), message, help, fix=("remove", None))
