"""The transforms of a column, by its kind. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, Literal

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
    """What all transforms share: present means enabled, unless it says otherwise."""

    enabled: Flag = True
    """Whether the transform is applied."""


class Embedding(Transform):
    """An index into a vocabulary, and a trained vector for each entry."""

    embedding_dim: EmbeddingDim = 32
    """Width of the vectors."""
    vocab_size: Count | None = None
    """At most this many entries, the most frequent ones; null for all."""
    min_frequency: Count | None = None
    """Values seen less often are left out of the vocabulary; null for none."""
    oov_buckets: Count = 1
    """Vectors shared by values outside the vocabulary."""


class Normalize(Transform):
    """A number brought to a common scale."""

    range: Annotated[Range | None, BeforeValidator(guarded(_known_range)), _RANGES] = None
    """null for z-score, [0, 1] or [-1, 1] for minimum and maximum."""


class Bucketize(Transform):
    """A number's quantile, with a trained vector for each."""

    buckets: Buckets = 100
    """Number of quantiles."""
    embedding_dim: EmbeddingDim = 32
    """Width of the vectors."""


class LogTransform(Transform):
    """sign(x)·log(1 + |x|) before `normalize`."""


class MissingFlag(Transform):
    """1.0 where the value is null, else 0.0."""


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
        """The cycles that are asked for, longest first."""
        return tuple(cycle for cycle in CYCLES if getattr(self, cycle))


class History(Transform):
    """A list of past values, the latest one last, embedded with the vectors of another feature.

    The feature's value is the sum of these vectors, divided by the root of their number; with
    weights, of the sum of their squares.
    """

    shared_with: Column
    """The text feature whose vocabulary and vectors are used."""
    embedding_dim: EmbeddingDim | None = None
    """Width of the vectors; null for that of the feature."""
    max_length: Count = 50
    """The latest values that are kept."""
    half_life: Annotated[Real, Field(ge=0.5, le=10_000)] | None = None
    """A value counts half as much as one so many places later; null for all alike."""
    repeat_bonus: Annotated[Real, Field(ge=-100, le=100)] | None = None
    """Added to the scores of the list's products where products are ranked and served, not in the
    loss: more of what the buyer had, or less of it with a negative number. null for none."""


class Transforms(Config):
    """What all sets of transforms share."""

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
    """The value on a common scale."""
    bucketize: Bucketize | None = None
    """A trained vector for each quantile."""
    log_transform: LogTransform | None = None
    """The logarithm, before `normalize`."""
    missing_flag: MissingFlag | None = None
    """Whether the value is null."""


class TemporalTransforms(Transforms):
    """Transforms of a temporal feature."""

    normalize: Normalize | None = None
    """The value on a common scale."""
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
