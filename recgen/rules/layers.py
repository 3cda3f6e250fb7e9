"""Rules on layers that undo, repeat or lose information. Learning rates are in training.py."""

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
from recgen.config.paths import all_layers, layers_of, trained_layers
from recgen.findings import Location, counted
from recgen.rules.registry import Problem, rule

_HIGH_RATE = 0.7
_FEW_ROWS = 64  # of a batch for the moments of batch_norm
_PULL = 0.005  # norm of a penalty's gradient, compared with about 0.3 of the loss's: see RG225
_HARMLESS_PULL = 0.002


def _pairs(model: ModelConfig, side: Side) -> Iterator[tuple[Location, Layer, Layer]]:
    """Yield each layer with the one before it, and its path."""
    layers = list(layers_of(model, side))
    for (_, before), (path, layer) in pairwise(layers):
        yield path, before, layer


@rule("RG216", "info")
def linear_twice(model: ModelConfig) -> Iterator[Problem]:
    """Two linear layers in a row.

    The product of two matrices is one matrix: the second layer doubles the cost and adds nothing
    (measured on Online Retail: recall 0.227 with it and 0.229 without). The projection that recgen
    adds is linear too.

    Example:
        model:
          buyer_tower_layers:
            - {type: dense, units: 128, activation: linear}
            - {type: dense, units: 64, activation: linear}

    Use instead:
        model:
          buyer_tower_layers:
            - {type: dense, units: 128, activation: relu}
            - {type: dense, units: 64, activation: linear}

    Give the first one an activation, or remove it.
    """
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


@rule("RG217", "warning", also=("info",))
def narrow_layer(model: ModelConfig) -> Iterator[Problem]:
    """A layer narrower than the output.

    All information in a tower passes through its narrowest layer. An output of 128 numbers that is
    computed from 16 has only 16 numbers to distinguish products (a layer wider than a quarter of
    the output is a note). Measured on Online Retail before an output of 64, 8 units cost an eighth
    of the recall and 16 a twentieth.

    Example:
        model:
          output_embedding_dim: 128
          product_tower_layers:
            - {type: dense, units: 16}

    Use instead:
        model:
          output_embedding_dim: 128
          product_tower_layers:
            - {type: dense, units: 128, activation: linear}

    Make layers at least as wide as the output, or the output narrower.
    """
    output = model.output_embedding_dim
    for path, layer in all_layers(model):
        if isinstance(layer, Dense) and layer.units < output:
            message = (
                f"all information passes through {layer.units} numbers before an output of {output}"
            )
            help = f"Use {output} units or more, or a narrower output."
            is_much = layer.units * 4 <= output
            yield Problem((*path, "units"), message, help, None if is_much else "info")


@rule("RG221", "warning")
def dropout_high(model: ModelConfig) -> Iterator[Problem]:
    """Dropout of 0.7 or more.

    With 30% of the numbers left, two rows of the same buyer have only a tenth of them in common, so
    a step is mostly noise. Measured on Online Retail after three epochs: 0.217 without dropout,
    0.198 with 0.5, and 0.157 with 0.9, which is the recall of popularity. In one system, a rate of
    0.9 looked harmless only because dropout was never active in training.

    Example:
        model:
          buyer_tower_layers:
            - {type: dropout, rate: 0.9}

    Use instead:
        model:
          buyer_tower_layers:
            - {type: dropout, rate: 0.2}

    Use 0.1 to 0.5.
    """
    for path, layer in trained_layers(model):
        if isinstance(layer, Dropout) and layer.rate >= _HIGH_RATE:
            message = f"dropout leaves only {1 - layer.rate:.0%} of the numbers in each step"
            yield Problem((*path, "rate"), message, "Use 0.1 to 0.5.")


@rule("RG222", "warning")
def dropout_before_norm(model: ModelConfig) -> Iterator[Problem]:
    """Dropout before batch_norm.

    Dropout multiplies the variance of its inputs by 1/(1 - rate), but only in training. batch_norm
    stores that variance for inference, where it is wrong (Li et al., 2018).

    Example:
        model:
          buyer_tower_layers:
            - {type: dropout, rate: 0.5}
            - {type: batch_norm}

    Use instead:
        model:
          buyer_tower_layers:
            - {type: batch_norm}
            - {type: dropout, rate: 0.5}

    Put the dropout after the batch_norm.
    """
    for side in SIDES:
        for path, before, layer in _pairs(model, side):
            if isinstance(before, Dropout) and before.rate > 0 and isinstance(layer, BatchNorm):
                factor = 1 / (1 - before.rate)
                message = (
                    f"dropout {before.rate:g} before batch_norm: in training, the variance is "
                    f"{factor:.1f} times that at inference"
                )
                yield Problem(path, message, "Put the dropout after the batch_norm.")


@rule("RG223", "warning")
def batch_norm_unreliable(model: ModelConfig) -> Iterator[Problem]:
    """batch_norm with unreliable moments.

    batch_norm scales by the mean and variance of the batch, and at inference by their running
    means. If both towers share it, these are a mixture of buyers and products that fits neither;
    over fewer than 64 rows, they are noise.

    Example:
        model:
          share_tower_weights: true
          buyer_tower_layers: [{type: batch_norm}]
          product_tower_layers: [{type: batch_norm}]

    Use instead:
        model:
          share_tower_weights: true
          buyer_tower_layers: [{type: layer_norm}]
          product_tower_layers: [{type: layer_norm}]

    `layer_norm` looks at one row at a time.
    """
    for path, layer in trained_layers(model):
        if not isinstance(layer, BatchNorm):
            continue
        if model.share_tower_weights and path[1] != "rating_head_layers":
            message = "one batch_norm for both towers: at inference it applies the mean of both"
            yield Problem(path, message, "Use layer_norm.", fix=("set", {"type": "layer_norm"}))
        elif model.batch_size < _FEW_ROWS:
            message = (
                f"batch_norm over {counted(model.batch_size, 'row')}: mean and variance are noise"
            )
            yield Problem(path, message, "Use layer_norm, or a larger batch.")


@rule("RG224", "info")
def norm_or_dropout_twice(model: ModelConfig) -> Iterator[Problem]:
    """Two normalizations or two dropouts in a row.

    The second normalization has nothing left to normalize, and two dropouts are one with a higher
    rate.

    Example:
        model:
          buyer_tower_layers: [{type: batch_norm}, {type: layer_norm}]

    Use instead:
        model:
          buyer_tower_layers: [{type: layer_norm}]

    Keep one of them.
    """
    for side in SIDES:
        for path, before, layer in _pairs(model, side):
            is_norm = all(isinstance(item, (BatchNorm, LayerNorm)) for item in (before, layer))
            if is_norm or (isinstance(before, Dropout) and isinstance(layer, Dropout)):
                message = f"{layer.type} directly after {before.type}"
                yield Problem(path, message, "Keep one of them.", fix=("remove", None))


@rule("RG225", "warning")
def penalty_too_strong(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """Weight penalties that dominate the loss.

    The loss is a mean, and in a healthy training its gradient has a norm of 0.1 to 0.5.
    Glorot-initialized weights of n x m have a sum of squares of 2nm/(n+m), so at the start the
    gradient of l2 is 2 l2 sqrt(2nm/(n+m)) and that of l1 is l1 sqrt(nm). It always pulls in the
    same direction.

    Measured on Online Retail: a gradient of 0.002 costs a twentieth of the recall or less, 0.01
    costs a sixth, and from 0.08 on only popularity is learnt. No penalty helped.

    Example:
        model:
          buyer_tower_layers:
            - {type: dense, units: 256, l2_reg: 0.1}

    Use instead:
        model:
          buyer_tower_layers:
            - {type: dense, units: 256, l2_reg: 0.0001}

    Remove it, or use an l2_reg of at most 1e-4.
    """
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
