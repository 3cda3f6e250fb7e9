"""Rules on ranking: the rating head, the loss, the target's transforms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from recgen.config import (
    Activation,
    Dense,
    FeatureConfig,
    ModelConfig,
    Target,
)
from recgen.config.paths import head_layers
from recgen.findings import FixOp, Location, Severity
from recgen.rules.registry import Problem, rule

Range = tuple[float, float]
_ALL: Range = (-math.inf, math.inf)
_REACHED: Mapping[Activation, Range] = MappingProxyType(
    {
        "relu": (0, math.inf),
        "sigmoid": (0, 1),
        "tanh": (-1, 1),
        "elu": (-1, math.inf),
        "selu": (-1.76, math.inf),
        "gelu": (-0.17, math.inf),
        "swish": (-0.28, math.inf),
    }
)
"""What an activation can give; any number, if it is not listed."""
_HEAD: Location = ("model", "rating_head_layers")
_TARGET: Location = ("features", "target_column")
_LINEAR: tuple[FixOp, object] = ("set", "linear")


def is_chance(model: ModelConfig) -> bool:
    """Return whether a model predicts the chance that the target is 1."""
    return model.model_type != "retrieval" and model.loss_function == "binary_crossentropy"


def is_amount(model: ModelConfig) -> bool:
    """Return whether a model predicts an amount."""
    return model.model_type != "retrieval" and not is_chance(model)


@rule("RG250", "warning", also=("info",))
def head_ends_wide(model: ModelConfig) -> Iterator[Problem]:
    """A rating head that does not end in one number.

    A prediction is one number. If the last layer is not a dense layer of one unit, a linear one
    follows, so that the model differs from what the config says. Dropout after the last dense layer
    sets predictions to zero in training, and a normalization there moves each of them with the
    others of its batch. Without any layers, the prediction is a linear function of both towers'
    outputs, which is a note: it cannot say that a buyer and a product fit each other, apart from
    their dot product.

    Example:
        features:
          target_column: rating
        model:
          model_type: ranking
          rating_head_layers:
            - {type: dense, units: 64}

    Use instead:
        features:
          target_column: rating
        model:
          model_type: ranking
          rating_head_layers:
            - {type: dense, units: 64}
            - {type: dense, units: 1, activation: linear}

    End with `{type: dense, units: 1, activation: linear}`.
    """
    if model.model_type == "retrieval":
        return
    *_, (path, last) = [(_HEAD, None), *head_layers(model)]
    end = "Add `{type: dense, units: 1, activation: linear}`"
    if last is None:
        message = "the rating head has no layers: a prediction is linear in the towers' outputs"
        help = f"Add `{{type: dense, units: 64}}`, and end with one unit: {end[4:]}."
        yield Problem(_HEAD, message, help, severity="info")
    elif not isinstance(last, Dense):
        message = f"the rating head ends in {last.type}: a linear unit follows"
        what = "Move it before the last dense layer" if _has_unit(model) else end
        yield Problem(path, message, f"{what}.")
    elif last.units != 1:
        message = f"the rating head ends in {last.units} units: a linear unit follows"
        yield Problem((*path, "units"), message, f"{end} after it.")


def _has_unit(model: ModelConfig) -> bool:
    return any(isinstance(layer, Dense) and layer.units == 1 for _, layer in head_layers(model))


@rule("RG251", "warning", also=("error", "info"), allowable=True)
def head_bounded(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """A rating head whose last activation keeps it from the target.

    The target's values must lie within what the last layer can give. For a chance, the loss
    (binary_crossentropy) takes the last layer's number as a logit and computes the sigmoid itself:
    a sigmoid before it is one too many and is left out, and after a ReLU or tanh the chance
    is never below 0.5, or always between 0.27 and 0.73. For an amount that is normalized to a mean
    of 0, half of the rows are below 0, which neither ReLU nor sigmoid reaches. A ReLU at the end
    can also die: a model whose number is below 0 in every row predicts 0 for all and learns
    nothing more.

    Example:
        features:
          target_column: clicked
        model:
          model_type: ranking
          loss_function: binary_crossentropy
          rating_head_layers:
            - {type: dense, units: 1, activation: relu}

    Use instead:
        features:
          target_column: clicked
        model:
          model_type: ranking
          loss_function: binary_crossentropy
          rating_head_layers:
            - {type: dense, units: 1, activation: linear}
    """
    layers = list(head_layers(model))
    path, last = layers[-1] if layers else (_HEAD, None)
    if model.model_type == "retrieval" or not isinstance(last, Dense) or last.units != 1:
        return
    name = last.activation_name
    at, low_high = (*path, "activation"), _REACHED.get(name, _ALL)
    if is_chance(model) and name == "sigmoid":
        message = "sigmoid is left out: the loss takes a logit and computes the sigmoid itself"
        yield Problem(at, message, "Write `linear`.", "info", _LINEAR, safe=True)
    elif is_chance(model) and low_high != _ALL:
        message = f"a logit can be any number, but {name} gives {_said(low_high)}"
        yield Problem(at, message, "Write `linear`.", "error", _LINEAR)
    elif is_amount(model) and name == "relu":
        message = (
            "predictions are 0 wherever the last layer's number is below 0, without a gradient"
        )
        yield Problem(at, message, "Write `linear`.", fix=_LINEAR)
    elif is_amount(model) and not _within(features.target, low_high):
        message = f"{name} gives {_said(low_high)}, but the target is {_place(features.target)}"
        yield Problem(at, message, "Write `linear`.", fix=_LINEAR)


def _within(target: Target | None, reached: Range) -> bool:
    """Return whether a scaled target lies within a range; its ends are values, too."""
    low, high = _values_of(target)
    return reached[0] <= low and high <= reached[1]


def _values_of(target: Target | None) -> Range:
    """Return the range of what is learnt, as far as the config says it."""
    if target is None:
        return _ALL
    if target.normalize and target.normalize.range:
        return target.normalize.range
    return (0, math.inf) if target.is_logged and not target.normalize else _ALL


def _place(target: Target | None) -> str:
    if target and target.normalize:
        ends = target.normalize.range
        return f"in [{ends[0]:g}, {ends[1]:g}]" if ends else "normalized to a mean of 0"
    return "a logarithm, from 0 on" if target and target.is_logged else "not normalized"


def _said(reached: Range) -> str:
    low, high = reached
    return f"none below {low:g}" if high == math.inf else f"numbers between {low:g} and {high:g}"


@rule("RG252", "error", also=("warning",))
def chance_transformed(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """binary_crossentropy on a transformed target.

    binary_crossentropy compares a chance with 0 or 1. After `normalize`, the values are others:
    below 0, the loss has no lower bound, and the model learns to be infinitely wrong. The logarithm
    of 1 is 0.69, which no label is. Two transforms are warnings: a range of 0 to 1, which leaves
    labels as they are, and clipping. If fewer than 1% of the rows are 1, the 99th percentile is 0,
    and so are all labels.

    Example:
        features:
          target_column: {column: clicked, transforms: {normalize: {}}}
        model:
          model_type: ranking
          loss_function: binary_crossentropy

    Use instead:
        features:
          target_column: clicked
        model:
          model_type: ranking
          loss_function: binary_crossentropy

    Remove the transforms, or use mse or huber if the target is an amount.
    """
    target = features.target
    if target is None or not is_chance(model):
        return
    for name in target.transforms.enabled:
        if name == "clip_outliers" and not target.is_clipped:
            continue
        message = f"binary_crossentropy needs a target of 0 or 1, but {name} changes its values"
        help = "Remove it, or use mse or huber if the target is an amount."
        severity: Severity | None = "warning" if name == "clip_outliers" else None
        if name == "normalize" and target.normalize and target.normalize.range == (0, 1):
            severity = "warning"
            message = "normalize leaves a target of 0 and 1 as it is, and the loss takes no other"
        at = (*_TARGET, "transforms", name)
        yield Problem(at, message, help, severity, fix=("remove", None))


@rule("RG253", "info")
def head_wider(model: ModelConfig) -> Iterator[Problem]:
    """A layer of the rating head that is wider than its input.

    The head's first layer sees both towers' outputs and their dot product, and each further layer
    what the one before gives. A wider layer has more weights than the information that it gets, in
    a part of the model that serving computes once for each product.

    Example:
        features:
          target_column: rating
        model:
          model_type: ranking
          output_embedding_dim: 32
          rating_head_layers:
            - {type: dense, units: 256}
            - {type: dense, units: 1, activation: linear}

    Use instead:
        features:
          target_column: rating
        model:
          model_type: ranking
          output_embedding_dim: 32
          rating_head_layers:
            - {type: dense, units: 64}
            - {type: dense, units: 1, activation: linear}

    Use as many units as the input has numbers, or fewer.
    """
    if model.model_type == "retrieval":
        return
    width = 2 * model.output_embedding_dim + 1
    for path, layer in head_layers(model):
        if isinstance(layer, Dense):
            if layer.units > width:
                message = f"a layer of {layer.units:,} units sees only {width:,} numbers"
                help = f"Use {width - width % 2} units or fewer."
                yield Problem((*path, "units"), message, help)
            width = layer.units


@rule("RG254", "error")
def limits_reversed(features: FeatureConfig) -> Iterator[Problem]:
    """A lower limit that is not below the upper one.

    Every value would be raised to the lower limit and lowered to the upper one, so that the target
    is the same in all rows.

    Example:
        features:
          target_column:
            column: amount
            transforms: {clip_outliers: {lower: {percentile: 99}, upper: {percentile: 1}}}

    Use instead:
        features:
          target_column:
            column: amount
            transforms: {clip_outliers: {lower: {percentile: 1}, upper: {percentile: 99}}}
    """
    lower, upper = features.target.bounds if features.target else (None, None)
    if lower is not None and upper is not None and lower >= upper:
        message = f"the lower limit ({lower:g}%) is not below the upper one ({upper:g}%)"
        at = (*_TARGET, "transforms", "clip_outliers", "lower", "percentile")
        yield Problem(at, message, "Use 1 and 99, for example.")
