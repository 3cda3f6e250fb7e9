"""Rules on learning rates, depth and layers that do not train. Figures are in docs/limits.md."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, Dense, FeatureConfig, ModelConfig, Side, residuals_of
from recgen.optimizers import OPTIMIZERS, Rates
from recgen.rules.registry import Problem, rule

_RATE = ("model", "learning_rate")
_VERY_DEEP = 6  # dense layers from which on the advice is to use fewer: RG203


def _deepest(model: ModelConfig) -> tuple[Side, int]:
    """Return the deeper tower and its number of dense layers, including the projection."""
    side = max(SIDES, key=model.depth_of)  # the buyer tower if both have the same depth
    return side, model.depth_of(side)


def _describe(model: ModelConfig) -> str:
    side, depth = _deepest(model)
    projected = ", including the projection to the output" if model.is_projected(side) else ""
    layers = "1 dense layer" if depth == 1 else f"{depth} dense layers"
    return f"{layers} in the {side} tower{projected}"


def _rates(model: ModelConfig) -> Rates:
    return OPTIMIZERS[model.optimizer].at(_deepest(model)[1])


def _collapses(model: ModelConfig) -> bool:
    """Return whether towers would collapse at this rate even if they were not very deep."""
    depth = min(_deepest(model)[1], _VERY_DEEP - 1)
    return model.learning_rate >= OPTIMIZERS[model.optimizer].at(depth).failing


@rule("RG201", "error", allowable=True)
def learning_rate_collapses(model: ModelConfig) -> Iterator[Problem]:
    """Learning rate at which deep towers collapse.

    The gradients explode. Then all scores are equal, and recall drops to zero and stays there.

    Measured on Online Retail with TFRS's own loss: with Adagrad 0.1, one of five runs with three
    layers trained, and none of two with four; with Adam 0.1, none of five did, with or without
    clipping. The generated trainer's mean loss, logQ correction and clipping help: with them,
    Adagrad 0.1 trains with three layers (four of four seeds, but no better than 0.05: 0.216 and
    0.220), and with four layers in two of four; at 0.2, four of six fail; without logQ and
    clipping, 0.1 fails too. On other data the limit may be half as high, so the limit for three
    layers is 0.1. Adam fails with two layers at 0.05 (one of two), with three (one of one) and with
    four at 0.03 (two of three).

    Layers include the projection that recgen adds if no layer has the output's width. All figures
    are in docs/limits.md.

    Example:
        model:
          optimizer: adagrad
          learning_rate: 0.1
          buyer_tower_layers:
            - {type: dense, units: 256}
            - {type: dense, units: 128}
            - {type: dense, units: 64}

    Use instead:
        model:
          optimizer: adagrad
          learning_rate: 0.05
          buyer_tower_layers:
            - {type: dense, units: 256}
            - {type: dense, units: 128}
            - {type: dense, units: 64}

    Lower the rate (0.05 for Adagrad, 0.01 for Adam), or use fewer layers.
    """
    if _collapses(model):
        message = (
            f"learning rate {model.learning_rate} with {model.optimizer} and {_describe(model)}: "
            "such towers collapse or nearly do"
        )
        safe = _rates(model).safe
        help = f"Lower it: {safe:g} is safe with such towers. Or use fewer layers."
        yield Problem(_RATE, message, help)


@rule("RG202", "warning")
def learning_rate_high(model: ModelConfig) -> Iterator[Problem]:
    """Learning rate that is high for Adagrad or FTRL.

    Measured on Online Retail, recall@100 after three epochs with Adagrad 0.1, 0.3 and 1.0 is 0.280,
    0.280 and 0.249 without layers, and 0.252, 0.250 and 0.201 with a projection only. With one more
    layer it is 0.212 at 0.1 and 0.172 at 0.2, and one of two runs at 0.3 collapsed.

    Example:
        model:
          learning_rate: 0.5

    Use instead:
        model:
          learning_rate: 0.05

    Use 0.05 to 0.1.
    """
    rates, info = _rates(model), OPTIMIZERS[model.optimizer]
    if not info.is_adaptive and rates.highest < model.learning_rate < rates.failing:
        message = (
            f"learning rate {model.learning_rate} is high for {model.optimizer} with "
            f"{_describe(model)}"
        )
        help = f"Lower it: {rates.highest:g} is the maximum, {rates.safe:g} is safe."
        yield Problem(_RATE, message, help)


@rule("RG203", "error", allowable=True)
def very_deep(model: ModelConfig) -> Iterator[Problem]:
    """Learning rate that is too high for very deep towers.

    The safe rate falls with depth. Measured on Online Retail with Adagrad: four layers train at
    0.05 (recall@100 after three epochs 0.194 and 0.199), six collapse at 0.05 and train at 0.01
    (0.173), and eight collapse at 0.01 too. Without layers, recall is 0.254: depth does not pay off
    on such data.

    Example:
        model:
          learning_rate: 0.05
          buyer_tower_layers:
            - &layer {type: dense, units: 256}
            - *layer
            - *layer
            - *layer
            - *layer
            - {type: dense, units: 64, activation: linear}

    Use instead:
        model:
          learning_rate: 0.05
          buyer_tower_layers:
            - {type: dense, units: 64, activation: linear}

    Use at most two layers, or a fifth of the rate.
    """
    rates = _rates(model)
    if model.learning_rate >= rates.failing and not _collapses(model):
        message = (
            f"learning rate {model.learning_rate} with {_describe(model)}: "
            "deep towers need a lower one"
        )
        help = f"Lower it to {rates.safe:g}, or use at most two layers."
        yield Problem(_RATE, message, help)


@rule("RG204", "warning", also=("error",), allowable=True)
def relu_output(model: ModelConfig) -> Iterator[Problem]:
    """A tower's output is a ReLU layer.

    Scores are dot products of outputs. A dimension that is dead in one tower is lost for both, and
    if no dimension is alive in both, all scores and gradients are exactly zero for ever.

    Measured on Online Retail: of towers of 256, 128 and 64, all ReLU, two of four were dead within
    an epoch at Adagrad 0.05, where towers with a linear last layer train; so it is an error from
    three layers on. A single ReLU layer trains (0.221 to 0.249).

    Example:
        model:
          output_embedding_dim: 64
          buyer_tower_layers:
            - {type: dense, units: 64, activation: relu}

    Use instead:
        model:
          output_embedding_dim: 64
          buyer_tower_layers:
            - {type: dense, units: 64, activation: linear}
    """
    for side in SIDES:
        layers = model.layers_of(side)
        last = layers[-1] if layers and not model.is_projected(side) else None
        if isinstance(last, Dense) and last.activation_name == "relu":
            yield Problem(
                ("model", f"{side}_tower_layers", len(layers) - 1),
                f"the {side} tower's output is a ReLU layer: its dimensions can die",
                "Write `activation: linear` for the last layer.",
                severity="error" if model.depth_of(side) >= 3 else None,
                fix=("set", {**last.model_dump(), "activation": "linear"}),
            )


@rule("RG205", "error")
def cannot_share(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """Towers that cannot share weights.

    One set of layers serves both towers, so both need the same layers and inputs of the same width.

    Example:
        model:
          share_tower_weights: true
          buyer_tower_layers:
            - {type: dense, units: 64}
          product_tower_layers: []

    Use instead:
        model:
          share_tower_weights: false
          buyer_tower_layers:
            - {type: dense, units: 64}
          product_tower_layers: []

    To share weights, give both towers the same layers and widths.
    """
    if not model.share_tower_weights:
        return
    path = ("model", "share_tower_weights")
    if model.buyer_tower_layers != model.product_tower_layers:
        message = "share_tower_weights needs the same layers in both towers"
        yield Problem(path, message, "Give both towers the same list, or switch sharing off.")
    widths = {side: _shared_width(features, model, side) for side in SIDES}
    if widths["buyer"] != widths["product"]:
        message = (
            "share_tower_weights needs inputs of the same width, but the buyer tower has "
            f"{widths['buyer']} and the product tower {widths['product']}"
        )
        yield Problem(path, message, "Change an `embedding_dim`, or switch sharing off.")


def _shared_width(features: FeatureConfig, model: ModelConfig, side: Side) -> int:
    around = sum(map(features.feature_width, residuals_of(features, model, side)))
    return features.width_of(side) - around


@rule("RG206", "warning")
def optimizer_limit(model: ModelConfig) -> Iterator[Problem]:
    """Learning rate above the optimizer's limit.

    Measured with TFRS's own loss and deep towers: Adam at 0.03 and 0.05 collapsed in four of four
    runs, and trained in twelve of twelve at 0.01 and below, regardless of clipping. With the
    generated trainer, raising the rate from 0.01 to 0.03 lowers recall@100 after three epochs from
    0.276 to 0.253 without layers and from 0.207 to 0.162 with three; four layers collapse. RMSprop
    tolerates 0.03 without layers (0.273). SGD at 1.0 without clipping ends in NaN without layers
    and collapses with three.

    Example:
        model:
          optimizer: adam
          learning_rate: 0.05

    Use instead:
        model:
          optimizer: adam
          learning_rate: 0.01

    Use at most 0.01 for Adam, AdamW and RMSprop; clip the gradients of SGD.
    """
    rate, rates, info = model.learning_rate, _rates(model), OPTIMIZERS[model.optimizer]
    if info.is_adaptive and rates.highest < rate < rates.failing:
        message = (
            f"learning rate {rate} is too high for {model.optimizer}: its limit is near "
            f"{rates.highest:g}"
        )
        help = (
            f"Lower it: {rates.safe:g} is safe. Clipping does not help, since {model.optimizer} "
            "rescales gradients."
        )
        yield Problem(_RATE, message, help)
    if info.unclipped is not None and rate >= info.unclipped and model.gradient_clip_norm is None:
        message = (
            f"{model.optimizer} at learning rate {rate} without clipping ends in NaN or collapses"
        )
        path = ("model", "gradient_clip_norm")
        yield Problem(path, message, "Set `gradient_clip_norm: 1.0`.", fix=("set", 1.0))
