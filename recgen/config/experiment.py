"""One experiment: features, model and data in one file. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recgen.config.features import FeatureConfig
from recgen.config.model import ModelConfig
from recgen.config.types import BqType, Column, Config, Name, Place, Prose, Real

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


class DataConfig(Config):
    """Where the transactions are."""

    source: Place | None = None
    """A CSV or Parquet file."""
    column_types: dict[Column, BqType] = Field(default={})
    """Types of the columns that the file itself does not tell."""
    split: Split | None = None


class ExperimentConfig(Config):
    """What one YAML file holds."""

    name: Name = ""
    description: Prose | None = None
    features: FeatureConfig
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
