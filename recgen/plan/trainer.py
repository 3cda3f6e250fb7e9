"""Config -> the plan of `trainer_module.py`: towers, widths, optimizer, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from recgen.config import (
    BatchNorm,
    Bucketize,
    Dense,
    Dropout,
    DType,
    Embedding,
    ExperimentConfig,
    Feature,
    HistoryFeature,
    Layer,
    LayerNorm,
    ModelConfig,
    Side,
    dtype_of,
    residuals_of,
)
from recgen.plan.columns import EVENT_TIME, ServingInput, serving_inputs, vocabulary_names
from recgen.plan.header import Header, plan_header
from recgen.plan.names import Names
from recgen.plan.negatives import Negatives, decide_negatives

_TENSORFLOW = ("tensorflow", "tensorflow_recommenders", "tensorflow_transform")
_IMPORTS = frozenset({"json", "math", "os", "time", "numpy", *_TENSORFLOW})

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


@dataclass(frozen=True, slots=True)
class Argument:
    """A keyword argument of the optimizer, and why it has its value."""

    name: str
    value: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OptimizerPlan:
    """The optimizer: its Keras class and the arguments beyond the learning rate."""

    class_name: str
    arguments: tuple[Argument, ...]
    is_experimental: bool = False
    """Whether it is TFRS's."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A transformed feature that the trainer reads from the examples."""

    key: str
    dtype: FeatureType


@dataclass(frozen=True, slots=True)
class TrainerPlan:
    """Everything that `trainer_module.py` says."""

    header: Header
    model: ModelConfig
    optimizer: OptimizerPlan
    query: Tower
    candidate: Tower
    specs: tuple[Spec, ...]
    event_time: str | None
    negatives: Negatives
    negatives_reason: str
    buyer_id: str
    product_id: str
    product_dtype: DType
    buyer_vocabulary: str
    product_vocabulary: str
    serving: tuple[ServingInput, ...]
    has_vocabulary: bool
    has_tables: bool
    imports: frozenset[str] = _IMPORTS

    @property
    def half_life_days(self) -> float | None:
        """Days after which a row is seen half as often; None where rows have no time."""
        return self.model.recency_half_life_days if self.event_time else None

    @property
    def is_sampled(self) -> bool:
        """Says whether a softmax sees a sample of the catalogue only."""
        return self.negatives != "full_catalogue"

    @property
    def has_histories(self) -> bool:
        """Says whether a row has lists."""
        return any(spec.dtype == "list" for spec in self.specs)

    @property
    def is_distributed(self) -> bool:
        """Says whether the model has replicas."""
        return self.model.distribution != "none"

    @property
    def is_mixed_precision(self) -> bool:
        """Says whether layers compute in 16 bits."""
        return self.model.precision != "float32"

    @property
    def has_relu(self) -> bool:
        """Says whether a tower has units that can die."""
        return any(tower.has_relu for tower in self.towers)

    @property
    def stops_early(self) -> bool:
        """Says whether training ends when recall gets no better."""
        return self.model.enable_training_metrics and bool(self.model.early_stopping_patience)

    @property
    def has_plateau(self) -> bool:
        """Says whether the rate falls when recall gets no better."""
        schedule = self.model.learning_rate_schedule
        return self.model.enable_training_metrics and schedule == "plateau"

    @property
    def masks_scores(self) -> bool:
        """Says whether some scores are taken out of the softmax."""
        return bool(self.model.remove_accidental_hits or self.model.hard_negatives)

    @property
    def renamed(self) -> tuple[ServingInput, ...]:
        """The inputs of the signature that do not have their column's name."""
        return tuple(item for item in self.serving if item.name != item.column)

    @property
    def towers(self) -> tuple[Tower, Tower]:
        """Both towers, the query tower first."""
        return (self.query, self.candidate)


def plan_trainer(config: ExperimentConfig) -> TrainerPlan:
    """Returns the plan; the config must have passed the check."""
    names = Names()  # of both towers, since one may borrow a table of the other
    query, candidate = _tower(config, "buyer", names), _tower(config, "product", names)
    split = config.data.split
    event_time = EVENT_TIME if split and split.date_column else None
    kinds = {item.kind for tower in (query, candidate) for item in tower.inputs}
    buyer_id, product_id = config.features.buyer_id, config.features.product_id
    assert buyer_id, "the check lets no config pass without"
    assert product_id, "the check lets no config pass without"
    negatives, reason = decide_negatives(config)
    vocabularies = vocabulary_names(config)
    return TrainerPlan(
        header=plan_header(config),
        model=config.model,
        optimizer=_optimizer(config.model),
        query=query,
        candidate=candidate,
        specs=tuple(_specs(query, candidate, event_time)),
        event_time=event_time,
        negatives=negatives,
        negatives_reason=reason,
        buyer_id=buyer_id,
        product_id=product_id,
        product_dtype=_dtype(config, "product", product_id),
        buyer_vocabulary=vocabularies[buyer_id],
        product_vocabulary=vocabularies[product_id],
        serving=serving_inputs(config),
        has_vocabulary="vocabulary" in kinds,
        has_tables="table" in kinds,
    )


def _tower(config: ExperimentConfig, side: Side, names: Names) -> Tower:
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
    shared = config.features.shared_by(feature)
    assert shared, "the check lets no history pass without"
    own = {each.output_name for each in config.features.features_of(side)}
    return TowerInput(
        "history",
        feature.output_name,
        _attribute(shared.output_name, names),
        width=shared.width,
        is_borrowed=shared.output_name not in own,
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


_OPTIMIZERS = {
    "adagrad": "Adagrad",
    "adam": "Adam",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adamw": "AdamW",
    "ftrl": "Ftrl",
    "clippy_adagrad": "ClippyAdagrad",
}
# Keras' default of 0.1 is made for summed losses: the gradients of a mean loss, about 1e-3, drown
# in it and the model stays at chance.
_ACCUMULATOR = Argument(
    "initial_accumulator_value", 1e-7, "Keras' 0.1 would drown the gradients of a mean loss."
)
# Measured on the shop of the tests: with TFRS's 1e-7 it stayed at chance at every rate.
_CLIPPY = Argument(
    "absolute_threshold", 0.01, "With TFRS's 1e-7 the smallest weight of a table stops all of it."
)


def _optimizer(model: ModelConfig) -> OptimizerPlan:
    arguments = []
    if model.optimizer in ("adagrad", "ftrl", "clippy_adagrad"):
        arguments.append(_ACCUMULATOR)
    if model.gradient_clip_norm is not None:
        reason = "Over all gradients together, unlike clipnorm."
        arguments.append(Argument("global_clipnorm", model.gradient_clip_norm, reason))
    is_experimental = model.optimizer == "clippy_adagrad"
    if is_experimental:
        arguments.append(_CLIPPY)
    return OptimizerPlan(_OPTIMIZERS[model.optimizer], tuple(arguments), is_experimental)


def _specs(query: Tower, candidate: Tower, event_time: str | None) -> Iterator[Spec]:
    seen = set()
    for item in (*query.inputs, *candidate.inputs):
        if item.key not in seen:
            seen.add(item.key)
            yield Spec(item.key, item.dtype)
    if event_time:
        yield Spec(event_time, "int64")


def _dtype(config: ExperimentConfig, side: Side, name: str) -> DType:
    features = config.features.features_of(side)
    return next(dtype_of(f.bq_type) for f in features if f.output_name == name)
