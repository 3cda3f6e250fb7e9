"""Experiments: features, model and data in one file. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recgen.config.features import FeatureConfig, HistoryFeature, TextFeature
from recgen.config.model import ModelConfig
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
    test is the last part, and validation is drawn from the rest. random: all are drawn."""
    date_column: Column | None = None
    """Name, in the data, of the column with the time of the transaction."""
    validation: Share = 0.05
    """Share of the time span, or of the rows if they are drawn at random."""
    test: Share = 0.1
    """Share of the time span, or of the rows if they are drawn at random."""
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] = 42
    """Seed of the random draws; has no effect on strict_time."""


class DataConfig(Config):
    """Where the transactions are."""

    source: Place | None = None
    """A CSV or Parquet file."""
    column_types: dict[Column, BqType] = Field(default={})
    """Types of columns that are not features: members of crosses, and the date column."""
    null_values: ListOf[NullValue] = ()
    """Texts that mean that there is no value, exactly as written, in all columns: `"NULL"`, say.
    They are read so on this machine; a pipeline's data must have nulls there."""
    catalogue_size: Count | None = None
    """Approximate number of products in the catalogue; `negatives: auto` depends on it."""
    split: Split | None = None
    """How rows are divided; by default, 5% are drawn for validation and 5% for the test."""


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


def residuals_of(
    features: FeatureConfig, model: ModelConfig, side: Side
) -> tuple[TextFeature | HistoryFeature, ...]:
    """Return the features that skip the projection of a tower without layers.

    These are the ID and the histories, if their vectors are as wide as the output. The vectors
    are added to the projection of the other features, so they are not part of its input.
    """
    if model.layers_of(side):
        return ()
    return tuple(
        feature
        for feature in features.features_of(side)
        if isinstance(feature, (TextFeature, HistoryFeature))
        and (feature.data_type == "history" or feature.output_name == features.id_of(side))
        and features.feature_width(feature) == model.output_embedding_dim
    )
