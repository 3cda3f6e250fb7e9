"""Transforms of a column, by its kind. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from recgen.config.types import Buckets, Column, Config, Count, EmbeddingDim, Flag, Real, guarded

Cycle = Literal["yearly", "quarterly", "monthly", "weekly", "daily"]
CYCLES: tuple[Cycle, ...] = ("yearly", "quarterly", "monthly", "weekly", "daily")
Range = tuple[float, float]
_RANGES = WithJsonSchema({"enum": [None, [0, 1], [-1, 1]]})


def _known_range(value: object) -> object:
    if value is None:
        return value
    if isinstance(value, (list, tuple)) and not any(isinstance(end, bool) for end in value):
        for known in ((0.0, 1.0), (-1.0, 1.0)):
            if tuple(value) == known:
                return known
    raise PydanticCustomError("unknown_range", "is neither null nor [0, 1] nor [-1, 1]")


class Transform(Config):
    """Fields that all transforms share: a transform that is present is enabled by default."""

    ending: ClassVar[str] = ""
    """What follows the feature's name in the key of the output; empty for other keys or none."""

    enabled: Flag = True
    """Whether the transform is applied."""


class Embedding(Transform):
    """An index into a vocabulary with a trained vector for each entry."""

    embedding_dim: EmbeddingDim = 32
    """Width of the vectors."""
    vocab_size: Count | None = None
    """Maximum number of entries, the most frequent ones first; null for all."""
    min_frequency: Count | None = None
    """Minimum number of rows for a value to enter the vocabulary; null for no minimum."""
    oov_buckets: Count = 1
    """Number of vectors that values outside the vocabulary share."""


class Normalize(Transform):
    """A number scaled to a common range."""

    ending = "norm"
    range: Annotated[Range | None, BeforeValidator(guarded(_known_range)), _RANGES] = None
    """null for z-scores; [0, 1] or [-1, 1] to scale minimum and maximum to this range."""


class Bucketize(Transform):
    """The quantile of a number, with a trained vector for each quantile."""

    ending = "bucket"
    buckets: Buckets = 100
    """Number of quantiles."""
    embedding_dim: EmbeddingDim = 32
    """Width of the vectors."""


class LogTransform(Transform):
    """sign(x)·log(1 + |x|) before `normalize`."""


class MissingFlag(Transform):
    """1.0 if the value is null, otherwise 0.0."""

    ending = "missing"


class Cyclical(Transform):
    """Sine and cosine of the position within each cycle."""

    yearly: Flag = False
    """The time of the year."""
    quarterly: Flag = False
    """The time of the quarter."""
    monthly: Flag = False
    """The time of the month."""
    weekly: Flag = False
    """The time of the week."""
    daily: Flag = False
    """The time of the day."""

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """The cycles that are switched on, longest first."""
        return tuple(cycle for cycle in CYCLES if getattr(self, cycle))


class History(Transform):
    """A list of past values, in the order of time, embedded with the vectors of another feature.

    The feature's value is the sum of these vectors divided by the square root of their number, or
    of the sum of the squared weights if they are weighted.
    """

    shared_with: Column
    """The text feature whose vocabulary and vectors are used."""
    embedding_dim: EmbeddingDim | None = None
    """Width of the vectors; null for the width of the shared feature."""
    max_length: Count = 50
    """Number of values that are kept, the latest ones."""
    order: Literal["oldest_first", "newest_first"] = "oldest_first"
    """The order of each list, in the data and in requests: `newest_first` for lists that were made
    with `ARRAY_AGG(… ORDER BY bought_at DESC)`."""
    half_life: Annotated[Real, Field(ge=0.5, le=10_000)] | None = None
    """Number of positions after which a value counts half as much; null if all count alike."""
    repeat_bonus: Annotated[Real, Field(ge=-100, le=100)] | None = None
    """Added to the scores of the list's products when products are ranked and served, but not in
    the loss: with `final_layer: none`, or until that layer is fitted. A positive number favours
    what the buyer had before, a negative one what is new to the buyer. null for none."""


class Transforms(Config):
    """Base class of all sets of transforms."""

    @property
    def enabled(self) -> dict[str, Transform]:
        """The enabled transforms by name, in the order of their fields."""
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in values if value is not None and value.enabled}


class TextTransforms(Transforms):
    """Transforms of a text feature."""

    embedding: Embedding | None = None
    """A trained vector for each value."""


class NumericTransforms(Transforms):
    """Transforms of a numeric feature."""

    normalize: Normalize | None = None
    """The value, scaled to a common range."""
    bucketize: Bucketize | None = None
    """A trained vector for each quantile."""
    log_transform: LogTransform | None = None
    """The logarithm, before `normalize`."""
    missing_flag: MissingFlag | None = None
    """Whether the value is null."""


class TemporalTransforms(Transforms):
    """Transforms of a temporal feature."""

    normalize: Normalize | None = None
    """The value, scaled to a common range."""
    bucketize: Bucketize | None = None
    """A trained vector for each quantile."""
    cyclical: Cyclical | None = None
    """The position within years, weeks, days."""
    missing_flag: MissingFlag | None = None
    """Whether the value is null."""


class HistoryTransforms(Transforms):
    """Transforms of a history feature."""

    history: History | None = None
    """The vectors of past values."""
