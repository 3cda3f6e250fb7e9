"""Plan of a tower: its inputs, layers, widths and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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

    Its kind is one of:
        `vocabulary`: an index into a table with a row per vocabulary entry, plus `rows` for
            values outside the vocabulary.
        `table`: an index into a table with `rows` rows.
        `number`: a number, used as it is.
        `history`: a list embedded with the table of another input, which `attribute` names: a
            table of this tower or, if `is_borrowed`, of the other one.
    """

    kind: Kind
    key: str
    attribute: str = ""
    rows: int = 0
    width: int = 1
    vocabulary: str = ""
    is_borrowed: bool = False
    half_life: float | None = None
    """Number of positions after which a value counts half as much; histories only."""
    is_cast: bool = False
    """Whether it is cast to the 16 bits of the layers."""

    @property
    def dtype(self) -> FeatureType:
        """Its type in the examples."""
        if self.kind == "history":
            return "list"
        return "float32" if self.kind == "number" else "int64"

    @property
    def macro(self) -> str:
        """Name of the template's macro that prints its value."""
        name = "lookup" if self.kind in ("vocabulary", "table") else self.kind
        return f"cast_{name}" if self.is_cast else name

    @property
    def table(self) -> str:
        """Name of the template's macro that prints its table; empty if it has none."""
        return f"{self.kind}_table" if self.kind in ("vocabulary", "table") else ""


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """A layer: its Keras class and its arguments."""

    class_name: Literal["Dense", "Dropout", "BatchNormalization", "LayerNormalization"]
    attribute: str
    arguments: tuple[LayerArgument, ...] = ()
    penalty: tuple[float, float] | None = None
    """Factors of the L1 and L2 penalties on its weights."""
    takes_training: bool = False
    is_relu: bool = False
    """Whether its units can die."""
    is_dropout: bool = False
    """Whether it is the runtime's own layer, with which a training can be resumed."""
    is_projection: bool = False
    """Whether it is the linear layer that projects to the output's width."""


@dataclass(frozen=True, slots=True)
class LayerArgument:
    """An argument of a layer; without a name, the first one."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Tower:
    """One tower. `residuals` are the inputs whose vectors skip its layers."""

    class_name: str
    name: Literal["query", "candidate"]
    entity: Side
    inputs: tuple[TowerInput, ...]
    layers: tuple[LayerPlan, ...]
    is_shared: bool
    residuals: tuple[TowerInput, ...]
    is_normalized: bool
    """Whether its vectors have length 1."""

    @property
    def tables(self) -> tuple[TowerInput, ...]:
        """The inputs that have a table in this tower."""
        return tuple(item for item in self.inputs if item.table)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of attributes that are shared with the other tower."""
        return (*(["shared_layers"] if self.is_shared else []), *self.borrowed)

    @property
    def own_layers(self) -> tuple[LayerPlan, ...]:
        """The layers that are not shared with the other tower."""
        return () if self.is_shared else self.layers

    @property
    def stacked(self) -> tuple[TowerInput, ...]:
        """The inputs that go through the layers."""
        return tuple(item for item in self.inputs if item not in self.residuals)

    @property
    def borrowed(self) -> tuple[str, ...]:
        """Names of the other tower's tables that this tower also uses."""
        return tuple(dict.fromkeys(item.attribute for item in self.inputs if item.is_borrowed))

    @property
    def is_joined(self) -> bool:
        """Whether several inputs are concatenated before the layers."""
        return len(self.stacked) > 1

    @property
    def first(self) -> TowerInput:
        """The tower's only stacked input, if it does not concatenate several."""
        return (self.stacked or self.residuals)[0]

    @property
    def added(self) -> tuple[TowerInput, ...]:
        """The inputs whose vectors are added to the tower's output."""
        return self.residuals if self.stacked else self.residuals[1:]

    @property
    def goes_around(self) -> bool:
        """Whether some vectors skip layers that other inputs go through."""
        return bool(self.stacked and self.residuals)

    @property
    def skipped(self) -> str:
        """What these vectors skip, in words."""
        return "projection" if all(layer.is_projection for layer in self.layers) else "layers"

    @property
    def has_relu(self) -> bool:
        """Whether a layer has units that can die."""
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
    """Return the plan of a tower; `names` holds the attributes of the towers planned before."""
    model = config.model
    inputs = tuple(
        replace(item, is_cast=model.precision != "float32" and item.kind in ("number", "history"))
        for item in _inputs(config, side, names)
    )
    # If the ID goes through the projection as well, recall drops: 0.283 instead of 0.298 (Online
    # Retail, recall@100, one seed); through layers, what a buyer had before is lost.
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
        is_normalized=model.normalize_embeddings,
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
    assert shared, "the check requires `shared_with` to be a text feature"
    assert history, "a feature without outputs is not an input"
    own = {each.output_name for each in config.features.features_of(side)}
    return TowerInput(
        "history",
        feature.output_name,
        _attribute(shared.output_name, names),
        width=shared.width,
        is_borrowed=shared.output_name not in own,
        half_life=history.half_life,
    )


def _attribute(key: str, names: Names) -> str:
    # The suffix avoids clashes with layers and with attributes of Keras layers, such as `input`.
    return names.of((key,), f"{key}_embedding")


def _layers(model: ModelConfig, side: Side) -> Iterator[LayerPlan]:
    yield from plan_layers(model.layers_of(side))
    if model.is_projected(side):
        yield LayerPlan("Dense", "projection", is_projection=True)


def plan_layers(layers: Iterable[Layer]) -> Iterator[LayerPlan]:
    """Yield the plans of layers, in order, each with an attribute of its own."""
    numbers: dict[str, int] = {}
    for layer in layers:
        numbers[layer.type] = numbers.get(layer.type, 0) + 1
        yield _layer(layer, f"{layer.type}_{numbers[layer.type]}")


def _layer(layer: Layer, attribute: str) -> LayerPlan:
    match layer:
        case Dense():
            activation = layer.activation_name
            arguments = [LayerArgument("", layer.units)]
            if activation != "linear":
                arguments.append(LayerArgument("activation", activation))
            penalty = (layer.l1_reg, layer.l2_reg)
            return LayerPlan(
                "Dense",
                attribute,
                tuple(arguments),
                penalty=penalty if any(penalty) else None,
                is_relu=activation == "relu",
            )
        case Dropout():
            rate = LayerArgument("", layer.rate)
            return LayerPlan("Dropout", attribute, (rate,), takes_training=True, is_dropout=True)
        case BatchNorm():
            # Over the rows of all replicas.
            synchronized = LayerArgument("synchronized", True)
            return LayerPlan("BatchNormalization", attribute, (synchronized,), takes_training=True)
        case LayerNorm():
            epsilon = LayerArgument("epsilon", layer.epsilon)
            return LayerPlan("LayerNormalization", attribute, (epsilon,))
