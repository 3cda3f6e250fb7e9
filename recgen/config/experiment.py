"""Experiments: features, model and data in one file. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from recgen.config.features import FeatureConfig, HistoryFeature, TextFeature
from recgen.config.files import ColumnNames, Delimiter, Encoding
from recgen.config.model import ModelConfig
from recgen.config.pipeline import PipelineConfig
from recgen.config.target import Target
from recgen.config.times import ColumnType, NullTime, is_time_format
from recgen.config.types import (
    BqType,
    Column,
    Config,
    Count,
    ListOf,
    Name,
    NullValue,
    Place,
    Prose,
    Real,
    Side,
)

Share = Annotated[Real, Field(gt=0, lt=0.5)]


class Split(Config):
    """How rows are divided into training, validation and test."""

    kind: Literal["strict_time", "time_holdout", "random"]
    """strict_time: training, validation and test follow each other in time. time_holdout: the
    test is the last part, and validation is drawn from the rest. random: all are drawn. Rows are
    drawn by a hash of buyer, product and time, so that equal rows are in one part."""
    date_column: Column | None = None
    """Name, in the data, of the column with the time of the transaction."""
    validation: Share = 0.05
    """Share of the time span, or about that of the rows if they are drawn."""
    test: Share = 0.1
    """Share of the time span, or about that of the rows if they are drawn."""
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] = 42
    """Seed of the random draws; has no effect on strict_time."""


READING_KEYS = frozenset(
    {
        "encoding",
        "delimiter",
        "quote",
        "decimal",
        "column_names",
        "null_values",
        "null_times",
    }
)
"""Keys of `data` that say how a file is read."""


class DataConfig(Config):
    """Where the transactions are."""

    source: Place | None = None
    """A CSV, JSON lines or Parquet file, compressed or not; or a folder or a pattern such as
    `parts/*.parquet` whose files have the same columns."""
    encoding: Encoding | None = None
    """Encoding of a text file; by default UTF-8, or UTF-16 if the file begins with its mark."""
    delimiter: Delimiter | None = None
    """What separates the fields of a text file, one or more characters; found by default."""
    quote: Literal['"', "'", ""] | None = None
    """Quotation mark around fields; `""` if fields are not quoted. By default it is `"`, unless
    only without quotation marks every line has as many fields as the header."""
    decimal: Literal[".", ","] | None = None
    """Decimal mark of numbers in a text file. By default `,` where the fields are not separated
    by commas and all values of some column are like 3,95; otherwise `.`."""
    column_names: ColumnNames | None = None
    """Names of the columns of a text file that has no header, in their order."""
    column_types: dict[Column, ColumnType] = Field(default={})
    """Types of columns that are not features: members of crosses, and the date column. For any
    column of times, also of a feature: the unit of its numbers (`EPOCH_SECONDS`, `EPOCH_MILLIS`,
    `EPOCH_MICROS`, `EPOCH_NANOS`, `EPOCH_DAYS`, `EXCEL_DAYS`, `JULIAN_DAYS`, `DATE_NUMBER`, or
    such as `days since 1960-01-01`) or the format of its texts, such as `%d.%m.%Y`."""
    null_values: ListOf[NullValue] = ()
    """Texts that mean that there is no value, exactly as written, in all columns: `"NULL"`, say.
    A pipeline reads them so in BigQuery and Parquet files; CSV files and TFRecords of a pipeline
    must have nulls there."""
    null_times: ListOf[NullTime] | None = None
    """Values that stand for null in columns of times, as the data has them (0, 9999-12-31), or as
    a time in ISO form. If not given, times of the date column that lie far from all others do.
    In a pipeline, too: the transform makes nulls of them."""
    catalogue_size: Count | None = None
    """Approximate number of products in the catalogue; `negatives: auto` depends on it."""
    cache: Literal["memory", "disk", "none"] = "memory"
    """Where the trainer keeps rows between epochs. memory: all of them. disk: in files beside the
    checkpoints, removed at the end. none: it reads the examples again, and shuffles them in a
    window of 131,072 rows, drawn from 16 files at a time."""
    split: Split | None = None
    """How rows are divided; by default, 5% are drawn for validation and 5% for the test."""

    def type_of(self, column: str, usual: BqType) -> BqType:
        """Return the type of a column that is not a feature."""
        word = self.column_types.get(column, usual)
        return usual if is_time_format(word) else cast("BqType", word)

    def time_format_of(self, column: str) -> str | None:
        """Return the unit or format of a column's times, if there is one."""
        word = self.column_types.get(column, "")
        return word if is_time_format(word) else None


class ExperimentConfig(Config):
    """The contents of one config file."""

    name: Name = ""
    """Free text; appears in the generated code and names the folder of a run."""
    description: Prose | None = None
    """Free text, copied into the generated code as a comment."""
    features: FeatureConfig
    """The columns of both towers."""
    model: ModelConfig = ModelConfig()
    """Layers, optimizer, training and serving."""
    data: DataConfig = DataConfig()
    """Where the transactions are and how they are divided."""
    pipeline: PipelineConfig | None = None
    """The TFX pipeline around the modules; read by `render --pipeline` alone."""


def residuals_of(
    features: FeatureConfig, model: ModelConfig, side: Side
) -> tuple[TextFeature | HistoryFeature, ...]:
    """Return the features whose vectors are added to a tower's output.

    These are the ID and the histories, if their vectors are as wide as the output. They are not
    part of the input of the layers and the projection, which is that of the other features. In
    ranking and multitask, and where both towers share layers, everything goes through layers; so
    it does where there is nothing else for them.
    """
    around = tuple(
        feature
        for feature in features.features_of(side)
        if isinstance(feature, (TextFeature, HistoryFeature))
        and (feature.data_type == "history" or feature.output_name == features.id_of(side))
        and features.feature_width(feature) == model.output_embedding_dim
    )
    if model.layers_of(side):
        is_all = features.width_of(side) == sum(map(features.feature_width, around))
        if is_all or model.share_tower_weights or model.model_type != "retrieval":
            return ()
    return around


def target_of(features: FeatureConfig, model: ModelConfig) -> Target | None:
    """Return what a model predicts; retrieval predicts no column."""
    return None if model.model_type == "retrieval" else features.target
