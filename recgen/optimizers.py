"""Optimizers, one row each: how to build it, what it costs, and which learning rates train.

The rules, the trainer's plan, the causes of failed runs and the proposed configs read this table.
To add an optimizer, add a row here and its name in `config/model.py`. docs/limits.md has the
measurements. Does not depend on configs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Final, Literal

RECOMMENDED: Final = "adagrad"
"""The default, and the replacement that is proposed for an unsuitable optimizer."""
_USUAL_DEPTH = 3  # assumed if the towers are not known


@dataclass(frozen=True, slots=True)
class Argument:
    """A keyword argument of the Keras class and the reason for its value."""

    name: str
    value: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rates:
    """Learning rates for towers of this depth or more, up to the depth of the next entry.

    Attributes:
        depth: Dense layers of the deeper tower, including the projection; 1 without layers.
        safe: The highest rate at which every measured run trained.
        highest: The rate above which recall drops.
        failing: The rate from which on towers collapse or nearly do.
    """

    depth: int
    safe: float
    highest: float = inf
    failing: float = inf

    def is_high(self, rate: float) -> bool:
        """Return whether such towers fail or lose recall at this rate."""
        return rate > self.highest or rate >= self.failing


@dataclass(frozen=True, slots=True)
class Unfit:
    """Towers for which an optimizer is unsuitable.

    Attributes:
        depth: The depth from which on it is unsuitable.
        message: What happens.
        help: What to use instead.
        severity: Severity of the finding.
    """

    depth: int
    message: str
    help: str
    severity: Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerInfo:
    """Facts about one optimizer.

    Attributes:
        keras: The class in `tf.keras.optimizers`.
        slots: Number of values that it stores for each weight.
        rates: Learning rates by depth, the shallowest first.
        lowest: The rate below which a model is no better than popularity after three epochs,
            unless its depth makes all higher rates unsafe.
        arguments: Arguments of the class other than the learning rate and clipping.
        is_experimental: Whether the class is in `tfrs.experimental.optimizers` instead.
        is_sparse: Whether a step touches only the rows of a table that the batch needs.
        is_adaptive: Whether each gradient is divided by a running mean of its size. Steps are then
            as long as the rate, so clipping changes little and an l2 penalty has little effect.
        decays_weights: Whether weights decay without an l2 penalty.
        unclipped: The rate from which on training ends in NaN unless gradients are clipped; None
            if clipping makes no difference.
        unfit: Towers for which it is unsuitable at any rate.
    """

    keras: str
    slots: int
    rates: tuple[Rates, ...]
    lowest: float
    arguments: tuple[Argument, ...] = ()
    is_experimental: bool = False
    is_sparse: bool = False
    is_adaptive: bool = False
    decays_weights: bool = False
    unclipped: float | None = None
    unfit: Unfit | None = None

    @property
    def proposed(self) -> float:
        """The rate to start with: the safe rate for towers without layers."""
        return self.rates[0].safe

    def at(self, depth: int | None) -> Rates:
        """Return the rates for towers with this many dense layers; None if that is unknown."""
        known = _USUAL_DEPTH if depth is None else depth
        return next((r for r in reversed(self.rates) if r.depth <= known), self.rates[0])

    def is_low(self, rate: float, depth: int | None) -> bool:
        """Return whether a model learns very little at this rate, and a higher rate is safe."""
        return rate < min(self.lowest, self.at(depth).safe)

    def is_unfit(self, depth: int) -> bool:
        """Return whether the optimizer is unsuitable for towers with this many dense layers."""
        return self.unfit is not None and depth >= self.unfit.depth


# Keras' default of 0.1 suits summed losses: the gradients of a mean loss, about 1e-3, are
# negligible beside it, and the model stays at chance.
_ACCUMULATOR = Argument(
    "initial_accumulator_value", 1e-7, "Keras' 0.1 would dwarf the gradients of a mean loss."
)
# Measured on the shop of the tests: with TFRS's 1e-7 it stayed at chance at every rate.
_THRESHOLD = Argument(
    "absolute_threshold", 0.01, "With TFRS's 1e-7, a table's smallest weight stalls all of it."
)
_DEEP = (
    # 0.1 trained in four of four seeds and 0.2 failed in two of two; on other data, the limit may
    # be half of that.
    Rates(3, safe=0.05, failing=0.1),
    Rates(6, safe=0.01, failing=0.05),
    Rates(8, safe=0.002, failing=0.01),
)
_ADAGRAD = (Rates(1, safe=0.05, highest=0.3), Rates(2, safe=0.05, highest=0.1), *_DEEP)
_ADAM = (
    Rates(1, safe=0.01, highest=0.01),
    Rates(2, safe=0.01, highest=0.01, failing=0.05),
    Rates(4, safe=0.003, highest=0.01, failing=0.03),
    Rates(8, safe=0.002, highest=0.01, failing=0.01),
)
_RMSPROP = (
    Rates(1, safe=0.01, highest=0.03),
    Rates(2, safe=0.01, highest=0.01),
    Rates(3, safe=0.01, highest=0.01, failing=0.1),
    Rates(4, safe=0.003, highest=0.01, failing=0.1),
    Rates(6, safe=0.003, highest=0.01, failing=0.05),
    Rates(8, safe=0.002, highest=0.01, failing=0.01),
)
_BOUNDED = (Rates(1, safe=0.05), *_DEEP)  # no rate is too high for towers of up to two layers

OPTIMIZERS: Mapping[str, OptimizerInfo] = {
    "adagrad": OptimizerInfo(
        keras="Adagrad",
        slots=1,
        rates=_ADAGRAD,
        lowest=0.01,
        arguments=(_ACCUMULATOR,),
        is_sparse=True,
    ),
    "adam": OptimizerInfo(keras="Adam", slots=2, rates=_ADAM, lowest=0.0005, is_adaptive=True),
    "sgd": OptimizerInfo(
        keras="SGD",
        slots=1,
        rates=_BOUNDED,
        lowest=0.0,  # no rate is high enough
        unclipped=1.0,
        unfit=Unfit(
            1,
            "sgd barely moves rare IDs, so it learns little more than popularity",
            "Use adagrad or adam.",
            "warning",
        ),
    ),
    "rmsprop": OptimizerInfo(
        keras="RMSprop", slots=1, rates=_RMSPROP, lowest=0.0005, is_adaptive=True
    ),
    "adamw": OptimizerInfo(
        keras="AdamW", slots=2, rates=_ADAM, lowest=0.0005, is_adaptive=True, decays_weights=True
    ),
    "ftrl": OptimizerInfo(
        keras="Ftrl",
        slots=2,
        rates=_ADAGRAD,
        lowest=0.01,
        arguments=(_ACCUMULATOR,),
        unfit=Unfit(
            2,
            "ftrl does not train towers with layers: they learnt nothing at any rate tried",
            "Use adagrad, or no layers.",
            "error",
        ),
    ),
    "clippy_adagrad": OptimizerInfo(
        keras="ClippyAdagrad",
        slots=1,
        rates=_BOUNDED,  # a step is at most a fraction of the weight's size
        lowest=0.01,  # its steps are no longer than Adagrad's
        arguments=(_ACCUMULATOR, _THRESHOLD),
        is_experimental=True,
    ),
}
