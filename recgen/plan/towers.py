"""Config -> the plan of a tower: its inputs, layers, widths and names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from recgen.config import (
    BatchNorm,
    Bucketize,
    Dense,
    Dropout,
    Embedding,
    ExperimentConfig,
    Feature,
    HistoryFeature,
    Layer,
    LayerNorm,
    ModelConfig,
    Side,
    residuals_of,
)
from recgen.plan.columns import vocabulary_names
from recgen.plan.names import Names

FeatureType = Literal["int64", "float32", "list"]
"""`list` is a list of int64."""
Kind = Literal["vocabulary", "table", "number", "history"]


@dataclass(frozen=True, slots=True)
class TowerInput:
    """One transformed feature of a tower.

    `vocabulary` embeds an index whose number of rows the vocabulary decides, plus `rows` for
    values outside it; `table` embeds one of `rows` indices; `number` is taken as it is; `history`
    embeds a list with the vectors of another input, whose attribute it has: that of this tower,
    or, if they are `borrowed`, of the other one.
    """

    kind: Kind
    key: str
    attribute: str = ""
    rows: int = 0
    width: int = 1
    vocabulary: str = ""
    is_borrowed: bool = False
    half_life: float | None = None
    """Places in a list after which a value counts half; histories only."""
    repeat_bonus: float | None = None
    """Added to the scores of the list's products; histories of the product ID only."""

    @property
    def dtype(self) -> FeatureType:
        """What the examples hold for it."""
        if self.kind == "history":
            return "list"
        return "float32" if self.kind == "number" else "int64"


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """A layer: `kind` names the macro that prints its constructor."""

    kind: Literal["dense", "dropout", "batch_norm", "layer_norm", "projection"]
    attribute: str
    takes_training: bool
    units: int = 0
    activation: str = "linear"
    l1: float = 0.0
    l2: float = 0.0
    rate: float = 0.0
    epsilon: float = 0.0
    is_synchronized: bool = False
    """Batch normalization only: over the rows of all replicas."""

    @property
    def is_relu(self) -> bool:
        """Says whether its units can die."""
        return self.activation == "relu"

    @property
    def is_regularized(self) -> bool:
        """Says whether the layer has a weight penalty."""
        return bool(self.l1 or self.l2)


@dataclass(frozen=True, slots=True)
class Tower:
    """One tower. `residuals` are the inputs whose vectors skip the projection."""

    class_name: str
    name: Literal["query", "candidate"]
    entity: Side
    inputs: tuple[TowerInput, ...]
    layers: tuple[LayerPlan, ...]
    is_shared: bool
    residuals: tuple[TowerInput, ...]
    takes_training: bool

    @property
    def stacked(self) -> tuple[TowerInput, ...]:
        """The inputs that go through the layers."""
        return tuple(item for item in self.inputs if item not in self.residuals)

    @property
    def borrowed(self) -> tuple[str, ...]:
        """Attributes of the other tower's tables that this one uses, too."""
        return tuple(dict.fromkeys(item.attribute for item in self.inputs if item.is_borrowed))

    @property
    def has_relu(self) -> bool:
        """Says whether a layer has units that can die."""
        return any(layer.is_relu for layer in self.layers)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the features that the tower reads."""
        return tuple(item.key for item in self.inputs)

    @property
    def width(self) -> int:
        """Width of the layers' input."""
        return sum(item.width for item in self.stacked)


def plan_tower(config: ExperimentConfig, side: Side, names: Names) -> Tower:
    """Returns the plan of a tower; `names` has the attributes of the tower before."""
    inputs = tuple(_inputs(config, side, names))
    model = config.model
    # Sent through the projection as well, the ID costs recall: 0.283 instead of 0.298 (Online
    # Retail, recall@100, one seed).
    skipping = {f.output_name for f in residuals_of(config.features, model, side)}
    residuals = tuple(item for item in inputs if item.key in skipping)
    stacked = [item for item in inputs if item not in residuals]
    layers = tuple(_layers(model, side)) if stacked else ()
    return Tower(
        class_name="QueryTower" if side == "buyer" else "CandidateTower",
        name="query" if side == "buyer" else "candidate",
        entity=side,
        inputs=inputs,
        layers=layers,
        is_shared=model.share_tower_weights,
        residuals=residuals,
        takes_training=any(layer.takes_training for layer in layers),
    )


def _inputs(config: ExperimentConfig, side: Side, names: Names) -> Iterator[TowerInput]:
    vocabularies = vocabulary_names(config)
    for feature in config.features.features_of(side):
        if isinstance(feature, HistoryFeature):
            yield _history_input(config, side, feature, names)
        else:
            yield from _feature_inputs(feature, names, vocabularies)
    for cross in config.features.crosses_of(side):
        attribute = _attribute(cross.output_name, names)
        rows, width = cross.hash_bucket_size, cross.embedding_dim
        yield TowerInput("table", cross.output_name, attribute, rows, width)


def _feature_inputs(
    feature: Feature, names: Names, vocabularies: Mapping[str, str]
) -> Iterator[TowerInput]:
    enabled = feature.transforms.enabled
    for key in feature.output_keys:
        attribute = _attribute(key, names)
        match enabled.get("embedding"), enabled.get("bucketize"):
            case Embedding() as embedding, _:
                rows, width = embedding.oov_buckets, embedding.embedding_dim
                yield TowerInput("vocabulary", key, attribute, rows, width, vocabularies[key])
            case _, Bucketize() as bucketize if key == f"{feature.output_name}_bucket":
                # One more row than buckets: missing values have one of their own.
                rows, width = bucketize.buckets + 1, bucketize.embedding_dim
                yield TowerInput("table", key, attribute, rows, width)
            case _:
                yield TowerInput("number", key)


def _history_input(
    config: ExperimentConfig, side: Side, feature: HistoryFeature, names: Names
) -> TowerInput:
    shared, history = config.features.shared_by(feature), feature.history
    assert shared, "the check lets no history pass without"
    assert history, "a feature without outputs is no input"
    own = {each.output_name for each in config.features.features_of(side)}
    return TowerInput(
        "history",
        feature.output_name,
        _attribute(shared.output_name, names),
        width=shared.width,
        is_borrowed=shared.output_name not in own,
        half_life=history.half_life,
        repeat_bonus=history.repeat_bonus or None,
    )


def _attribute(key: str, names: Names) -> str:
    # The ending keeps it apart from the layers and from all that Keras layers have, like `input`.
    return names.of((key,), f"{key}_embedding")


def _layers(model: ModelConfig, side: Side) -> Iterator[LayerPlan]:
    numbers: dict[str, int] = {}
    for layer in model.layers_of(side):
        numbers[layer.type] = numbers.get(layer.type, 0) + 1
        yield _layer(layer, f"{layer.type}_{numbers[layer.type]}", model.distribution != "none")
    if model.is_projected(side):
        yield LayerPlan("projection", "projection", False)


def _layer(layer: Layer, attribute: str, is_distributed: bool) -> LayerPlan:
    match layer:
        case Dense():
            return LayerPlan(
                "dense",
                attribute,
                False,
                units=layer.units,
                activation=layer.activation_name,
                l1=layer.l1_reg,
                l2=layer.l2_reg,
            )
        case Dropout():
            return LayerPlan("dropout", attribute, True, rate=layer.rate)
        case BatchNorm():
            return LayerPlan("batch_norm", attribute, True, is_synchronized=is_distributed)
        case LayerNorm():
            return LayerPlan("layer_norm", attribute, False, epsilon=layer.epsilon)
