"""Features of both towers: columns and crosses. No I/O, no decisions."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from recgen.config.target import Target, TargetColumn
from recgen.config.transforms import (
    Cycle,
    Cyclical,
    Embedding,
    History,
    HistoryTransforms,
    Normalize,
    NumericTransforms,
    TemporalTransforms,
    TextTransforms,
    Transforms,
)
from recgen.config.types import (
    SIDES,
    BqType,
    Buckets,
    Column,
    Computed,
    Config,
    Flag,
    ListOf,
    Name,
    OptionalColumn,
    Prose,
    Side,
    Stats,
)

_ID_ENDINGS = ("_id", "_no", "_key", "_code")


class BaseFeature(Config):
    """Fields that all features share."""

    column: Column
    """Name of the column in the source."""
    display_name: OptionalColumn | None = None
    """The column's alias in the data, if it is not named as in the source."""
    description: Prose | None = None
    """Copied into the generated code as a comment."""
    is_primary_id: Flag = False
    """Marks the ID column of its tower."""
    stats: Stats | None = None
    """Kept for the platform; recgen does not use it."""

    @property
    def output_name(self) -> str:
        """The column's name everywhere except in the source."""
        return self.display_name or self.column

    @classmethod
    def _is_absent(cls, key: object, value: object) -> bool:
        """Return whether a value means the default: empty `transforms` are like none."""
        is_plain = isinstance(value, dict) and not value
        is_empty = is_plain or (isinstance(value, Transforms) and not value.model_fields_set)
        return (key == "transforms" and is_empty) or super()._is_absent(key, value)


class TextFeature(BaseFeature):
    """A category: an ID, a name, a code."""

    data_type: Literal["text"]
    """The kind of column, which determines the transforms it can have."""
    bq_type: BqType = "STRING"
    """The column's type in BigQuery."""
    transforms: TextTransforms = TextTransforms(embedding=Embedding())
    """How the column is transformed; by default, by an embedding."""

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the enabled transforms, in a fixed order."""
        return tuple(self.transforms.enabled)

    @property
    def output_keys(self) -> tuple[str, ...]:
        """Keys under which `preprocessing_fn` returns this feature."""
        return (self.output_name,) if self.active else ()

    @property
    def width(self) -> int:
        """Number of values that this feature adds to its tower's input."""
        embedding = self.transforms.embedding
        return embedding.embedding_dim if embedding and embedding.enabled else 0


class _ScaledFeature(BaseFeature):
    """Fields that numeric and temporal features share: both lie on a scale."""

    transforms: NumericTransforms | TemporalTransforms

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the enabled transforms, in a fixed order."""
        return tuple(self.transforms.enabled)

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """The cycles whose sine and cosine are computed; only times have any."""
        cyclical = self.transforms.enabled.get("cyclical")
        return cyclical.cycles if isinstance(cyclical, Cyclical) else ()

    @property
    def output_keys(self) -> tuple[str, ...]:
        """Keys under which `preprocessing_fn` returns this feature."""
        name = self.output_name
        endings = (each.ending for each in self.transforms.enabled.values())
        plain = (f"{name}_{ending}" for ending in endings if ending)
        waves = (f"{name}_{cycle}_{wave}" for cycle in self.cycles for wave in ("sin", "cos"))
        return (*plain, *waves)

    @property
    def width(self) -> int:
        """Number of values that this feature adds to its tower's input."""
        bucketize = self.transforms.bucketize
        if bucketize is None or not bucketize.enabled:
            return len(self.output_keys)
        return len(self.output_keys) - 1 + bucketize.embedding_dim


class NumericFeature(_ScaledFeature):
    """A quantity: a price, a count, an age."""

    data_type: Literal["numeric"]
    """The kind of column, which determines the transforms it can have."""
    bq_type: BqType = "FLOAT64"
    """The column's type in BigQuery."""
    transforms: NumericTransforms = NumericTransforms(normalize=Normalize())
    """How the column is transformed; by default, by `normalize`."""


class TemporalFeature(_ScaledFeature):
    """A point in time."""

    data_type: Literal["temporal"]
    """The kind of column, which determines the transforms it can have."""
    bq_type: BqType = "TIMESTAMP"
    """The column's type in BigQuery."""
    transforms: TemporalTransforms = TemporalTransforms(normalize=Normalize())
    """How the column is transformed; by default, by `normalize`."""


class HistoryFeature(BaseFeature):
    """A list of past values, such as a buyer's products."""

    data_type: Literal["history"]
    """The kind of column, which determines the transforms it can have."""
    bq_type: BqType = "ARRAY<STRING>"
    """The column's type in BigQuery."""
    transforms: HistoryTransforms = HistoryTransforms()
    """How the column is transformed."""

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the enabled transforms, in a fixed order."""
        return tuple(self.transforms.enabled)

    @property
    def output_keys(self) -> tuple[str, ...]:
        """Keys under which `preprocessing_fn` returns this feature."""
        return (self.output_name,) if self.history else ()

    @property
    def history(self) -> History | None:
        """The enabled `history` transform, if there is one."""
        history = self.transforms.history
        return history if history and history.enabled else None


Feature = Annotated[
    TextFeature | NumericFeature | TemporalFeature | HistoryFeature,
    Field(discriminator="data_type"),
]


class CrossFeature(Config):
    """One column of a cross."""

    column: Column
    """Name of the column in the source."""
    display_name: OptionalColumn | None = None
    """The column's alias in the data, if it is not named as in the source."""
    type: Literal["text", "numeric", "temporal"] = "text"
    """How the column is read; numbers and times are cut into quantiles first."""
    crossing_buckets: Buckets = 100
    """Number of quantiles; has no effect on text."""

    @property
    def usual_type(self) -> BqType:
        """The column's type unless `data.column_types` gives another."""
        types: dict[str, BqType] = {"numeric": "FLOAT64", "temporal": "TIMESTAMP"}
        return types.get(self.type, "STRING")

    @property
    def output_name(self) -> str:
        """The column's name everywhere except in the source."""
        return self.display_name or self.column


class Cross(Config):
    """Two or three columns taken together as one category, hashed into buckets."""

    features: Annotated[ListOf[CrossFeature], Field(min_length=2, max_length=3)]
    """The columns."""
    hash_bucket_size: Annotated[int, Field(strict=True, ge=100, le=100_000)] = 5000
    """Number of buckets; combinations in one bucket share a vector."""
    embedding_dim: Annotated[int, Field(strict=True, ge=4, le=64)] = 16
    """Width of the vectors."""

    @property
    def members(self) -> tuple[str, ...]:
        """Output names of the columns."""
        return tuple(member.output_name for member in self.features)

    @property
    def output_name(self) -> str:
        """The members' names joined by `_x_`, plus `_cross`."""
        return "_x_".join(self.members) + "_cross"


class FeatureConfig(Config):
    """The features of each tower."""

    name: Name | None = None
    """Free text; appears in the generated code if the experiment has no name."""
    description: Prose | None = None
    """Free text; appears in the generated code if the experiment has no description."""
    buyer_id_column: OptionalColumn | None = None
    """Output name of the buyer tower's ID; detected if not given."""
    product_id_column: OptionalColumn | None = None
    """Output name of the product tower's ID; detected if not given."""
    buyer_model_features: ListOf[Feature] = ()
    """Columns of the buyer tower."""
    product_model_features: ListOf[Feature] = ()
    """Columns of the product tower."""
    buyer_model_crosses: ListOf[Cross] = ()
    """Crosses of the buyer tower."""
    product_model_crosses: ListOf[Cross] = ()
    """Crosses of the product tower."""
    target_column: TargetColumn = None
    """The column that ranking predicts: its name, or a mapping with its transforms. Retrieval has
    none."""

    @property
    def target(self) -> Target | None:
        """What ranking predicts, if the config names it."""
        return self.target_column

    def features_of(self, side: Side) -> tuple[Feature, ...]:
        """Return the features of one tower."""
        return self.buyer_model_features if side == "buyer" else self.product_model_features

    def crosses_of(self, side: Side) -> tuple[Cross, ...]:
        """Return the crosses of one tower."""
        return self.buyer_model_crosses if side == "buyer" else self.product_model_crosses

    def width_of(self, side: Side) -> int:
        """Return the number of values in one tower's input."""
        crosses = sum(cross.embedding_dim for cross in self.crosses_of(side))
        return crosses + sum(map(self.feature_width, self.features_of(side)))

    def feature_width(self, feature: Feature) -> int:
        """Return the number of values that a feature adds; a history has another's vectors."""
        if not isinstance(feature, HistoryFeature):
            return feature.width
        shared = self.shared_by(feature)
        return shared.width if shared else 0

    def shared_by(self, feature: HistoryFeature) -> TextFeature | None:
        """Return the feature whose vectors a history uses, if there is one."""
        name = feature.history.shared_with if feature.history else None
        return self.vectors.get(name or "")

    @cached_property
    def vectors(self) -> dict[str, TextFeature]:
        """The text features that have vectors, by output name; the first one of each name.

        Kept: each of thousands of histories asks for one.
        """
        texts = (f for side in SIDES for f in self.features_of(side) if isinstance(f, TextFeature))
        found = Computed()
        for text in texts:
            if text.active:
                found.setdefault(text.output_name, text)
        return found

    def id_of(self, side: Side) -> str | None:
        """Return the output name of a tower's ID: as given, otherwise as detected."""
        given = self.buyer_id_column if side == "buyer" else self.product_id_column
        candidates = detect_id(self.features_of(side))
        return given or (candidates[0] if len(candidates) == 1 else None)

    @property
    def buyer_id(self) -> str | None:
        """Output name of the buyer's ID, or None when none or several features fit."""
        return self.id_of("buyer")

    @property
    def product_id(self) -> str | None:
        """Output name of the product's ID, or None when none or several features fit."""
        return self.id_of("product")


def detect_id(features: tuple[Feature, ...]) -> tuple[str, ...]:
    """Return the output names that may be the ID: those marked, otherwise text named like one."""
    marked = tuple(feature.output_name for feature in features if feature.is_primary_id)
    return marked or tuple(
        feature.output_name
        for feature in features
        if feature.data_type == "text" and _named_like_id(feature.output_name.lower())
    )


def _named_like_id(name: str) -> bool:
    return name == "sku" or name.endswith(_ID_ENDINGS)
