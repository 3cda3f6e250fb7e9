"""Ranking: two towers and a head that predict a target for a buyer and a product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from recgen.config import Dense, ExperimentConfig, Layer, ModelConfig, Target
from recgen.plan.constants import Constant, Group, constants
from recgen.plan.towers import LayerPlan, Tower, plan_layers

_HUBER_DELTA = 1.0


@dataclass(frozen=True, slots=True)
class Head:
    """The layers from both towers' vectors to the prediction."""

    layers: tuple[LayerPlan, ...]
    crosses: tuple[str, ...]
    """Attributes of its cross layers."""
    has_dot_product: bool
    """Whether it sees the dot product of the vectors."""

    @property
    def has_relu(self) -> bool:
        """Whether a layer has units that can die."""
        return any(layer.is_relu for layer in self.layers)


@dataclass(frozen=True, slots=True)
class RankingPlan:
    """The parts of a ranking trainer besides towers, optimizer and data.

    Attributes:
        head: The rating head.
        loss: Template of the loss of each row.
        loss_function: Its name.
        is_chance: Whether the model predicts the chance that the target is 1.
        weighs_classes: Whether the classes have weights.
        compares_pairs: Whether the loss also compares rows of a buyer.
        target: Arguments of the runtime's `Target`.
        reads: Keys of the target's features.
        constants: Constants of the model.
        model_type: The name of the kind.
    """

    title: ClassVar = "trainer/ranking/title.j2"
    parts: ClassVar = (
        "trainer/ranking/target.j2",
        "trainer/towers.j2",
        "trainer/ranking/head.j2",
        "trainer/ranking/model.j2",
        "trainer/ranking/serving.j2",
        "trainer/ranking/run.j2",
    )
    success: ClassVar = "a lower loss"
    is_approximate: ClassVar = False
    negatives_group: ClassVar = Group("", ())

    head: Head
    loss: str
    loss_function: str
    is_chance: bool
    weighs_classes: bool
    compares_pairs: bool
    target: tuple[Constant, ...]
    reads: tuple[str, ...]
    constants: tuple[Constant, ...]
    model_type: str = "ranking"

    @property
    def retrieval(self) -> None:
        """The part that finds products: there is none."""
        return None

    @property
    def ranking(self) -> RankingPlan:
        """The part that predicts a target: all of it."""
        return self


def plan_ranking(config: ExperimentConfig, candidate: Tower) -> RankingPlan:
    """Return the plan; the config must have passed the check.

    Args:
        config: The config.
        candidate: The tower of the products.
    """
    model, target = config.model, config.features.target
    assert target, "the check requires a target"
    is_chance = model.loss == "binary_crossentropy"
    layers = tuple(_layers(model))
    return RankingPlan(
        head=_head(model, layers),
        loss=f"trainer/ranking/loss/{model.loss}.j2",
        loss_function=model.loss,
        is_chance=is_chance,
        weighs_classes=is_chance and model.class_weight_damping is not None,
        compares_pairs=model.pairwise_share > 0,
        target=_target(target, is_chance, _is_linear(layers)),
        reads=target.output_keys,
        constants=_constants(model, is_chance),
    )


def _layers(model: ModelConfig) -> Iterator[Layer]:
    """Yield the layers of the head, which end in one unit.

    For a chance, a sigmoid of that unit is left out: the loss and the prediction have it.
    """
    *first, last = model.rating_head_layers or (None,)
    yield from (layer for layer in first if layer)
    if not isinstance(last, Dense) or last.units != 1:
        if last:
            yield last
        last = Dense(type="dense", units=1, activation=None)
    is_chance = model.loss == "binary_crossentropy"
    if is_chance and last.activation_name == "sigmoid":
        last = last.model_copy(update={"activation": None})
    yield last


def _is_linear(layers: tuple[Layer, ...]) -> bool:
    """Return whether the prediction is unbounded, so that its scale can be the target's."""
    last = layers[-1]
    return isinstance(last, Dense) and last.activation_name == "linear"


def _head(model: ModelConfig, layers: tuple[Layer, ...]) -> Head:
    *first, last = plan_layers(layers)
    crosses = tuple(f"cross_{number + 1}" for number in range(model.head_cross_layers))
    unit = LayerPlan("Dense", "unit", last.arguments, penalty=last.penalty, is_relu=last.is_relu)
    return Head((*first, unit), crosses, model.head_dot_product)


def _target(target: Target, is_chance: bool, is_linear: bool) -> tuple[Constant, ...]:
    return constants(
        Constant("column", target.key),
        Constant("scale", target.scale_key),
        Constant("shift", target.shift_key),
        target.is_logged and Constant("is_logged", True),
        is_chance and Constant("is_chance", True),
        not is_linear and Constant("is_standardized", False),
    )


def _constants(model: ModelConfig, is_chance: bool) -> tuple[Constant, ...]:
    return constants(
        model.loss == "huber"
        and Constant("HUBER_DELTA", _HUBER_DELTA, "error from which the loss is linear"),
        is_chance
        and model.class_weight_damping
        and Constant(
            "CLASS_WEIGHT_DAMPING", model.class_weight_damping, "power of the odds of each class"
        ),
        model.pairwise_share
        and Constant(
            "PAIRWISE_SHARE", model.pairwise_share, "of the loss: pairs of a buyer's rows"
        ),
    )
