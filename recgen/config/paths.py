"""Paths of a config's features, crosses and layers from the root of the experiment."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from recgen.config.features import (
    Cross,
    Feature,
    FeatureConfig,
    HistoryFeature,
    NumericFeature,
    TemporalFeature,
    TextFeature,
)
from recgen.config.model import Layer, ModelConfig
from recgen.config.pipeline import PipelineConfig
from recgen.config.target import Target
from recgen.config.transforms import Bucketize, Embedding
from recgen.config.types import SIDES, Side
from recgen.findings import Location


def path_of(side: Side, kind: Literal["features", "crosses"], index: int) -> Location:
    """Return the path of a feature or a cross of one tower."""
    return ("features", f"{side}_model_{kind}", index)


def features_of(features: FeatureConfig, side: Side) -> Iterator[tuple[Location, Feature]]:
    """Yield the features of one tower with their paths."""
    for index, feature in enumerate(features.features_of(side)):
        yield path_of(side, "features", index), feature


def crosses_of(features: FeatureConfig, side: Side) -> Iterator[tuple[Location, Cross]]:
    """Yield the crosses of one tower with their paths."""
    for index, cross in enumerate(features.crosses_of(side)):
        yield path_of(side, "crosses", index), cross


def all_features(features: FeatureConfig) -> Iterator[tuple[Location, Feature]]:
    """Yield the features of both towers with their paths."""
    for side in SIDES:
        yield from features_of(features, side)


def all_crosses(features: FeatureConfig) -> Iterator[tuple[Location, Cross]]:
    """Yield the crosses of both towers with their paths."""
    for side in SIDES:
        yield from crosses_of(features, side)


def id_features(features: FeatureConfig) -> Iterator[tuple[Side, Location, Feature]]:
    """Yield the ID feature of each tower that has one, with its path."""
    for side in SIDES:
        name = features.id_of(side)
        for path, feature in features_of(features, side):
            if feature.output_name == name:
                yield side, path, feature
                break  # another rule reports a name that appears twice


def embeddings_of(features: FeatureConfig) -> Iterator[tuple[Location, Feature, Embedding]]:
    """Yield the enabled embeddings of text features with their paths."""
    for path, feature in all_features(features):
        embedding = embedding_of(feature)
        if embedding:
            yield (*path, "transforms", "embedding"), feature, embedding


def embedding_of(feature: Feature) -> Embedding | None:
    """Return a text feature's embedding, if it is enabled."""
    if not isinstance(feature, TextFeature):
        return None
    embedding = feature.transforms.embedding
    return embedding if embedding and embedding.enabled else None


def quantiles_of(features: FeatureConfig) -> Iterator[tuple[Location, Feature, Bucketize]]:
    """Yield the enabled quantiles of numbers and times with their paths."""
    for path, feature in all_features(features):
        if isinstance(feature, (NumericFeature, TemporalFeature)):
            bucketize = feature.transforms.bucketize
            if bucketize and bucketize.enabled:
                yield (*path, "transforms", "bucketize"), feature, bucketize


def lists_to_make(
    features: FeatureConfig, pipeline: PipelineConfig, returned: Collection[str] | None
) -> tuple[HistoryFeature, ...]:
    """Return the histories that a pipeline makes of its rows.

    Args:
        features: The features.
        pipeline: The pipeline.
        returned: The columns that its query returns, in lower case; None if they are not known.
    """
    found = []
    for feature in features.features_of("buyer"):
        if isinstance(feature, HistoryFeature) and feature.history:
            names = {feature.output_name.lower(), feature.column.lower()}
            is_missing = returned is not None and not names & set(returned)
            if is_missing or feature.output_name in pipeline.histories:
                found.append(feature)
    return tuple(found)


def columns_of(features: FeatureConfig, side: Side) -> Iterator[tuple[Location, str, str]]:
    """Yield path, column and output name of all that one tower reads, including its crosses."""
    for path, feature in features_of(features, side):
        yield path, feature.column, feature.output_name
    for path, cross in crosses_of(features, side):
        for index, member in enumerate(cross.features):
            yield (*path, "features", index), member.column, member.output_name


def layers_of(model: ModelConfig, side: Side) -> Iterator[tuple[Location, Layer]]:
    """Yield the layers of one tower with their paths."""
    for index, layer in enumerate(model.layers_of(side)):
        yield ("model", f"{side}_tower_layers", index), layer


def all_layers(model: ModelConfig) -> Iterator[tuple[Location, Layer]]:
    """Yield the layers of both towers with their paths."""
    for side in SIDES:
        yield from layers_of(model, side)


def target_path(target: Target, *inside: str | int) -> Location:
    """Return the path of the target, or of a key in it if it is written as a mapping."""
    return ("features", "target_column", *(() if target.is_name else inside))


def head_layers(model: ModelConfig) -> Iterator[tuple[Location, Layer]]:
    """Yield the layers of the rating head with their paths; retrieval has none."""
    if model.model_type != "retrieval":
        for index, layer in enumerate(model.rating_head_layers):
            yield ("model", "rating_head_layers", index), layer


def trained_layers(model: ModelConfig) -> Iterator[tuple[Location, Layer]]:
    """Yield the layers of both towers and of the rating head with their paths."""
    yield from all_layers(model)
    yield from head_layers(model)
