"""Plan of the optimizer."""

from __future__ import annotations

from dataclasses import dataclass

from recgen.config import ModelConfig
from recgen.optimizers import OPTIMIZERS, Argument


@dataclass(frozen=True, slots=True)
class OptimizerPlan:
    """The optimizer: its Keras class and its arguments other than the learning rate."""

    class_name: str
    arguments: tuple[Argument, ...]
    is_experimental: bool = False
    """Whether the class is in TFRS's experimental optimizers."""


def plan_optimizer(model: ModelConfig) -> OptimizerPlan:
    """Return the plan of a model's optimizer."""
    info = OPTIMIZERS[model.optimizer]
    clipping = []
    if model.gradient_clip_norm is not None:
        reason = "Over all gradients together, unlike clipnorm."
        clipping.append(Argument("global_clipnorm", model.gradient_clip_norm, reason))
    arguments = (*info.arguments[:1], *clipping, *info.arguments[1:])
    return OptimizerPlan(info.keras, arguments, info.is_experimental)
