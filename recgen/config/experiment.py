"""One experiment: features, model and data in one file. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recgen.config.features import FeatureConfig, HistoryFeature, TextFeature
from recgen.config.model import ModelConfig
from recgen.config.types import BqType, Column, Config, Count, Name, Place, Prose, Real, Side

Share = Annotated[Real, Field(gt=0, lt=0.5)]


class Split(Config):
    """How rows are divided into training, validation and test."""

    kind: Literal["strict_time", "time_holdout", "random"]
    """strict_time: training, validation and test follow each other in time.
    time_holdout: test is the last part, validation is drawn from the rest. random: all drawn."""
    date_column: Column | None = None
    """The data's name of the column with the time of the transaction."""
    validation: Share = 0.05
    """Share of the time span, or of the rows where they are drawn."""
    test: Share = 0.1
    """Share of the time span, or of the rows where they are drawn."""
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] = 42
    """Seed of what is drawn; no effect on strict_time."""


class DataConfig(Config):
    """Where the transactions are."""

    source: Place | None = None
    """A CSV or Parquet file."""
    column_types: dict[Column, BqType] = Field(default={})
    """Types of columns that are no features: those of crosses, and the date column."""
    catalogue_size: Count | None = None
    """Products in the catalogue, roughly; what `negatives: auto` goes by."""
    split: Split | None = None
    """How rows are divided; without it, 5% are drawn for validation and 5% for the test."""


class ExperimentConfig(Config):
    """What one YAML file holds."""

    name: Name = ""
    """Free text; stands in the generated code and names the folder of a run."""
    description: Prose | None = None
    """Free text, carried into the generated code as a comment."""
    features: FeatureConfig
    """The columns of both towers."""
    model: ModelConfig = ModelConfig()
    """Layers, optimizer, training and serving."""
    data: DataConfig = DataConfig()
    """Where the transactions are, and how they are divided."""


def residuals_of(
    features: FeatureConfig, model: ModelConfig, side: Side
) -> tuple[TextFeature | HistoryFeature, ...]:
    """Returns what skips the projection of a tower without layers: vectors as wide as its output.

    These are the ID's and the histories' vectors. They are added to the projection of the other
    features, so the projection's input lacks them.
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
