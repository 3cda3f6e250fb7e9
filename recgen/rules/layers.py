"""The towers' layers: what they undo, repeat or squeeze out. Learning rates: training.py."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from recgen.config import (
    SIDES,
    BatchNorm,
    Dense,
    Dropout,
    FeatureConfig,
    Layer,
    LayerNorm,
    ModelConfig,
    Side,
)
from recgen.config.paths import all_layers, layers_of
from recgen.findings import Location, Severity
from recgen.rules.base import Problem, Rule

_HIGH_RATE = 0.7
_FEW_ROWS = 64  # of a batch whose moments batch_norm takes
_PULL = 0.005  # of a penalty's gradient, beside about 0.3 of the loss's: see RG225
_HARMLESS_PULL = 0.002


def _pairs(model: ModelConfig, side: Side) -> Iterator[tuple[Location, Layer, Layer]]:
    """Yields each layer with the one before it, and the later one's path."""
    layers = list(layers_of(model, side))
    for (_, before), (path, layer) in pairwise(layers):
        yield path, before, layer


def _linear_twice(model: ModelConfig) -> Iterator[Problem]:
    for side in SIDES:
        layers = list(layers_of(model, side))
        for index, (path, layer) in enumerate(layers):
            if not isinstance(layer, Dense) or layer.activation_name != "linear":
                continue
            after = layers[index + 1][1] if index + 1 < len(layers) else None
            is_last = after is None and model.is_projected(side)
            if isinstance(after, Dense) or is_last:
                what = "the projection to the output" if is_last else "the next dense layer"
                message = f"a linear layer before {what}: together they are one matrix"
                help = "Give it an activation, or remove it."
                yield Problem((*path, "activation"), message, help, fix=("set", "relu"))


def _narrow(model: ModelConfig) -> Iterator[Problem]:
    output = model.output_embedding_dim
    for path, layer in all_layers(model):
        if isinstance(layer, Dense) and layer.units < output:
            message = f"all passes through {layer.units} numbers before an output of {output}"
            help = f"Use {output} units or more, or a narrower output."
            is_much = layer.units * 4 <= output
            yield Problem((*path, "units"), message, help, None if is_much else "info")


def _sigmoids(model: ModelConfig) -> Iterator[Problem]:
    for side in SIDES:
        found = [
            path
            for path, layer in layers_of(model, side)
            if isinstance(layer, Dense) and layer.activation_name == "sigmoid"
        ]
        if len(found) >= 2:
            message = (
                f"{len(found)} sigmoid layers in the {side} tower leave at most "
                f"1/{4 ** len(found)} of the gradient"
            )
            yield Problem((*found[0], "activation"), message, "Use relu, gelu or swish.")


_ENDS = {
    "sigmoid": "all its numbers lie between 0 and 1, so that every score is positive",
    "gelu": "none of its numbers is below -0.17, nearly as with ReLU",
    "swish": "none of its numbers is below -0.28, nearly as with ReLU",
}


def _bounded_output(model: ModelConfig) -> Iterator[Problem]:
    for side in SIDES:
        layers = list(layers_of(model, side))
        path, last = layers[-1] if layers and not model.is_projected(side) else ((), None)
        if isinstance(last, Dense) and last.activation_name in _ENDS:
            name = last.activation_name
            message = f"the {side} tower's output is a {name} layer: {_ENDS[name]}"
            help = "Write `activation: linear` for the last layer."
            severity: Severity | None = None if name == "sigmoid" else "info"
            yield Problem((*path, "activation"), message, help, severity, ("set", "linear"))


def _selu_disturbed(model: ModelConfig) -> Iterator[Problem]:
    for side in SIDES:
        layers = list(layers_of(model, side))
        others = [layer.type for _, layer in layers if isinstance(layer, (Dropout, BatchNorm))]
        for path, layer in layers:
            if others and isinstance(layer, Dense) and layer.activation_name == "selu":
                message = f"selu keeps mean and variance by itself, and {others[0]} changes them"
                yield Problem((*path, "activation"), message, "Use relu or gelu beside it.")


def _much_dropout(model: ModelConfig) -> Iterator[Problem]:
    for path, layer in all_layers(model):
        if isinstance(layer, Dropout) and layer.rate >= _HIGH_RATE:
            message = f"dropout leaves {1 - layer.rate:.0%} of the numbers in each step"
            yield Problem((*path, "rate"), message, "Use 0.1 to 0.5.")


def _dropout_before_norm(model: ModelConfig) -> Iterator[Problem]:
    for side in SIDES:
        for path, before, layer in _pairs(model, side):
            if isinstance(before, Dropout) and before.rate > 0 and isinstance(layer, BatchNorm):
                factor = 1 / (1 - before.rate)
                message = (
                    f"dropout {before.rate:g} before batch_norm: in training the variance is "
                    f"{factor:.1f} times that of use"
                )
                yield Problem(path, message, "Put the dropout behind the batch_norm.")


def _moments(model: ModelConfig) -> Iterator[Problem]:
    for path, layer in all_layers(model):
        if not isinstance(layer, BatchNorm):
            continue
        if model.share_tower_weights:
            message = "one batch_norm for both towers: in use it takes the mean of both"
            yield Problem(path, message, "Use layer_norm.", fix=("set", {"type": "layer_norm"}))
        elif model.batch_size < _FEW_ROWS:
            message = f"batch_norm over {model.batch_size} rows: its moments are noise"
            yield Problem(path, message, "Use layer_norm, or a larger batch.")


def _repeated(model: ModelConfig) -> Iterator[Problem]:
    for side in SIDES:
        for path, before, layer in _pairs(model, side):
            is_norm = all(isinstance(item, (BatchNorm, LayerNorm)) for item in (before, layer))
            if is_norm or (isinstance(before, Dropout) and isinstance(layer, Dropout)):
                message = f"{layer.type} directly after {before.type}"
                yield Problem(path, message, "Keep one of them.", fix=("remove", None))


def _drowned(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    for side in filter(model.layers_of, SIDES):
        width = features.width_of(side)
        for path, layer in layers_of(model, side):
            if not isinstance(layer, Dense):
                continue
            # The norms of the penalties' gradients at the start, when weights are Glorot's.
            squares = 2 * width * layer.units / (width + layer.units)
            pulls = {
                "l1_reg": layer.l1_reg * math.sqrt(width * layer.units),
                "l2_reg": 2 * layer.l2_reg * math.sqrt(squares),
            }
            for name, pull in pulls.items():
                if pull > _PULL:
                    message = (
                        f"the penalty pulls on {width} x {layer.units} weights with a gradient "
                        f"of {pull:.2g}: from {_PULL} on it costs recall"
                    )
                    help = f"Divide it by {math.ceil(pull / _HARMLESS_PULL)} or more."
                    yield Problem((*path, name), message, help)
            width = layer.units


RULES = (
    Rule(
        code="RG216",
        severity="info",
        title="Two linear layers in a row",
        reason="The product of two matrices is one matrix: the layers cost twice and can say "
        "nothing more (measured on Online Retail: recall 0.227 and 0.229 without the second). The "
        "projection that recgen adds is linear, too.",
        example="model:\n  buyer_tower_layers:\n"
        "    - {type: dense, units: 128, activation: linear}\n"
        "    - {type: dense, units: 64, activation: linear}",
        remedy="Give the first one an activation, or remove it.",
        checks=(_linear_twice,),
    ),
    Rule(
        code="RG217",
        severity="warning",
        title="A layer narrower than the output",
        reason="All that a tower knows passes through its narrowest layer. An output of 128 "
        "numbers that is computed from 16 has 16 to tell products apart (a note where it is more "
        "than a quarter of the output). Measured on Online Retail before an output of 64: 8 units "
        "cost an eighth of the recall, 16 a twentieth.",
        example="model:\n  output_embedding_dim: 128\n  product_tower_layers:\n"
        "    - {type: dense, units: 16}",
        remedy="Make layers at least as wide as the output, or the output narrower.",
        checks=(_narrow,),
    ),
    Rule(
        code="RG218",
        severity="warning",
        title="Several sigmoid layers in a tower",
        reason="The derivative of a sigmoid is at most 1/4, so that each layer takes at least "
        "three quarters of the gradient from those before it. Measured on Online Retail: two of "
        "them learn popularity only (0.156), ReLU and a linear layer have 0.217.",
        example="model:\n  buyer_tower_layers:\n"
        "    - {type: dense, units: 128, activation: sigmoid}\n"
        "    - {type: dense, units: 64, activation: sigmoid}",
        remedy="Use relu, gelu or swish between layers, and `linear` for the last.",
        checks=(_sigmoids,),
    ),
    Rule(
        code="RG219",
        severity="warning",
        title="A tower's output is bounded below",
        reason="Scores are dot products of outputs. After a sigmoid all of them are positive and "
        "at most as large as the output is wide: a product cannot be the opposite of what a buyer "
        "wants. Measured on Online Retail: 0.203 instead of 0.217 (tanh 0.220, so nothing is said "
        "of it). gelu and swish, hardly below zero, get a note.",
        example="model:\n  output_embedding_dim: 64\n  buyer_tower_layers:\n"
        "    - {type: dense, units: 64, activation: sigmoid}",
        remedy="Write `activation: linear` for the last layer.",
        checks=(_bounded_output,),
    ),
    Rule(
        code="RG220",
        severity="info",
        title="selu beside dropout or batch_norm",
        reason="selu is made so that mean 0 and variance 1 go through a layer unchanged (Klambauer "
        "et al., 2017). Dropout changes the variance, and batch_norm does the same job again.",
        example="model:\n  buyer_tower_layers:\n    - {type: dense, units: 64, activation: selu}\n"
        "    - {type: dropout, rate: 0.2}",
        remedy="Use relu or gelu, or selu alone.",
        checks=(_selu_disturbed,),
    ),
    Rule(
        code="RG221",
        severity="warning",
        title="Dropout of 0.7 or more",
        reason="With 30% of the numbers left, two rows of one buyer have a tenth of them in "
        "common: most of a step is noise. Measured on Online Retail after three epochs: 0.217 "
        "without, 0.198 with 0.5, 0.157 with 0.9, which is popularity. A rate of 0.9 once looked "
        "harmless only because dropout was never switched on in training.",
        example="model:\n  buyer_tower_layers:\n    - {type: dropout, rate: 0.9}",
        remedy="Use 0.1 to 0.5.",
        checks=(_much_dropout,),
    ),
    Rule(
        code="RG222",
        severity="warning",
        title="Dropout before batch_norm",
        reason="Dropout raises the variance of what it lets through by 1/(1 - rate), in training "
        "only. batch_norm keeps that variance for later use, where it is wrong (Li et al., 2018).",
        example="model:\n  buyer_tower_layers:\n    - {type: dropout, rate: 0.5}\n"
        "    - {type: batch_norm}",
        remedy="Put the dropout behind the batch_norm.",
        checks=(_dropout_before_norm,),
    ),
    Rule(
        code="RG223",
        severity="warning",
        title="batch_norm whose moments say little",
        reason="batch_norm scales by mean and variance of the batch, and in use by their running "
        "means. Shared by both towers, these are a mixture of buyers and products that fits "
        "neither; over fewer than 64 rows they are noise.",
        example="model:\n  share_tower_weights: true\n  buyer_tower_layers: [{type: batch_norm}]\n"
        "  product_tower_layers: [{type: batch_norm}]",
        remedy="Use `layer_norm`, which looks at one row at a time.",
        checks=(_moments,),
    ),
    Rule(
        code="RG224",
        severity="info",
        title="Two normalizations or two dropouts in a row",
        reason="What is normalized is so after the first; two dropouts are one of a higher rate.",
        example="model:\n  buyer_tower_layers: [{type: batch_norm}, {type: layer_norm}]",
        remedy="Keep one of them.",
        checks=(_repeated,),
    ),
    Rule(
        code="RG225",
        severity="warning",
        title="Weight penalties that drown the loss",
        reason="The loss is a mean, and over a healthy training its gradient has a norm of 0.1 to "
        "0.5. Glorot weights of n x m have a sum of squares of 2nm/(n+m), so that at the start the "
        "gradient of l2 is 2 l2 sqrt(2nm/(n+m)) and that of l1 is l1 sqrt(nm). It pulls in one "
        "direction all the time. Measured on Online Retail: 0.002 costs a twentieth of the recall "
        "or less, 0.01 a sixth, and from 0.08 on popularity is all that is learnt. No penalty "
        "helped.",
        example="model:\n  buyer_tower_layers:\n    - {type: dense, units: 256, l2_reg: 0.1}",
        remedy="Leave it out, or use an l2_reg of at most 1e-4.",
        checks=(_drowned,),
    ),
)
