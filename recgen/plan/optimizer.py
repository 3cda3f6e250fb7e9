"""Config -> the plan of the optimizer."""

from __future__ import annotations

from dataclasses import dataclass

from recgen.config import ModelConfig


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


def plan_optimizer(model: ModelConfig) -> OptimizerPlan:
    """Returns the plan of a model's optimizer."""
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
