"""Learning rate, depth, optimizer and the towers' layers: what does not train. Figures: README."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, Dense, FeatureConfig, ModelConfig, Side, residuals_of
from recgen.optimizers import OPTIMIZERS, Rates
from recgen.rules.base import Problem, Rule

_RATE = ("model", "learning_rate")
_VERY_DEEP = 6  # dense layers from which on fewer are the better advice: RG203


def _deepest(model: ModelConfig) -> tuple[Side, int]:
    """Returns the deeper tower and its dense layers, the projection to the output included."""
    side = max(SIDES, key=model.depth_of)  # the buyer's when both are as deep
    return side, model.depth_of(side)


def _describe(model: ModelConfig) -> str:
    side, depth = _deepest(model)
    projected = ", the projection to the output included" if model.is_projected(side) else ""
    layers = "1 dense layer" if depth == 1 else f"{depth} dense layers"
    return f"{layers} in the {side} tower{projected}"


def _rates(model: ModelConfig) -> Rates:
    return OPTIMIZERS[model.optimizer].at(_deepest(model)[1])


def _collapses(model: ModelConfig) -> bool:
    """Returns whether towers would collapse that were less deep than very deep ones."""
    depth = min(_deepest(model)[1], _VERY_DEEP - 1)
    return model.learning_rate >= OPTIMIZERS[model.optimizer].at(depth).failing


def _high_and_deep(model: ModelConfig) -> Iterator[Problem]:
    if _collapses(model):
        message = (
            f"learning rate {model.learning_rate} with {model.optimizer} and {_describe(model)}: "
            "such towers collapse or nearly do"
        )
        safe = _rates(model).safe
        help = f"Lower it: {safe:g} is safe with such towers. Or use fewer layers."
        yield Problem(_RATE, message, help)


def _very_deep(model: ModelConfig) -> Iterator[Problem]:
    rates = _rates(model)
    if model.learning_rate >= rates.failing and not _collapses(model):
        message = (
            f"learning rate {model.learning_rate} with {_describe(model)}: "
            "deep towers need a lower one"
        )
        help = f"Lower it to {rates.safe:g}, or use at most two layers."
        yield Problem(_RATE, message, help)


def _high(model: ModelConfig) -> Iterator[Problem]:
    rates, info = _rates(model), OPTIMIZERS[model.optimizer]
    if not info.is_adaptive and rates.highest < model.learning_rate < rates.failing:
        message = (
            f"learning rate {model.learning_rate} is high for {model.optimizer} with "
            f"{_describe(model)}"
        )
        help = f"Lower it: {rates.highest:g} is the most, {rates.safe:g} is safe."
        yield Problem(_RATE, message, help)


def _relu_output(model: ModelConfig) -> Iterator[Problem]:
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


def _cannot_share(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    if not model.share_tower_weights:
        return
    path = ("model", "share_tower_weights")
    if model.buyer_tower_layers != model.product_tower_layers:
        message = "share_tower_weights needs the same layers in both towers"
        yield Problem(path, message, "Write the same list twice, or switch sharing off.")
    widths = {side: _shared_width(features, model, side) for side in SIDES}
    if widths["buyer"] != widths["product"]:
        message = (
            "share_tower_weights needs inputs of one width, the buyer tower has "
            f"{widths['buyer']} and the product tower {widths['product']}"
        )
        yield Problem(path, message, "Change an `embedding_dim`, or switch sharing off.")


def _shared_width(features: FeatureConfig, model: ModelConfig, side: Side) -> int:
    around = sum(map(features.feature_width, residuals_of(features, model, side)))
    return features.width_of(side) - around


def _optimizer_limit(model: ModelConfig) -> Iterator[Problem]:
    rate, rates, info = model.learning_rate, _rates(model), OPTIMIZERS[model.optimizer]
    if info.is_adaptive and rates.highest < rate < rates.failing:
        message = (
            f"learning rate {rate} is too high for {model.optimizer}: its limit is near "
            f"{rates.highest:g}"
        )
        help = (
            f"Lower it: {rates.safe:g} is safe. Clipping does not help: {model.optimizer} divides "
            "the scale away."
        )
        yield Problem(_RATE, message, help)
    if info.unclipped is not None and rate >= info.unclipped and model.gradient_clip_norm is None:
        message = (
            f"{model.optimizer} at learning rate {rate} without clipping ends in NaN or collapses"
        )
        path = ("model", "gradient_clip_norm")
        yield Problem(path, message, "Set `gradient_clip_norm: 1.0`.", fix=("set", 1.0))


RULES = (
    Rule(
        code="RG201",
        severity="error",
        title="Learning rate at which deep towers collapse",
        reason="Measured on Online Retail with TFRS's own loss: with Adagrad 0.1 one run of five "
        "with three layers trained and none of two with four; with Adam 0.1 none of five did, "
        "clipped or not. The gradients blow up, then every score is equal, recall is zero and "
        "stays there. The generated trainer's mean loss, logQ correction and clipping help: with "
        "them, Adagrad 0.1 trains with three layers (four of four seeds, no better than 0.05: "
        "0.216 and 0.220) and with four in two of four; at 0.2 four of six fail, without logQ and "
        "clipping 0.1 does, too. On other data the limit may be half of that, so it is 0.1 with "
        "three layers. Adam fails with two layers at 0.05 (one of two), with three (one of one) "
        "and with four at 0.03 (two of three). Layers are counted with the projection that recgen "
        "adds when no layer has the output's width. All figures: docs/limits.md.",
        example="model:\n  optimizer: adagrad\n  learning_rate: 0.1\n  buyer_tower_layers:\n"
        "    - {type: dense, units: 256}\n    - {type: dense, units: 128}\n"
        "    - {type: dense, units: 64}",
        remedy="Lower the rate (0.05 for Adagrad, 0.01 for Adam), or use fewer layers.",
        checks=(_high_and_deep,),
        allowable=True,
    ),
    Rule(
        code="RG202",
        severity="warning",
        title="Learning rate that is high for Adagrad or FTRL",
        reason="Measured on Online Retail, recall@100 after three epochs with Adagrad 0.1, 0.3 "
        "and 1.0: 0.280, 0.280 and 0.249 without layers; 0.252, 0.250 and 0.201 with a projection "
        "only; with one more layer 0.212 at 0.1 and 0.172 at 0.2, and one of two runs at 0.3 "
        "collapsed.",
        example="model:\n  learning_rate: 0.5",
        remedy="Use 0.05 to 0.1.",
        checks=(_high,),
    ),
    Rule(
        code="RG203",
        severity="error",
        title="Learning rate that is too high for very deep towers",
        reason="The safe rate falls with depth. Measured on Online Retail with Adagrad: four "
        "layers train at 0.05 (recall@100 after three epochs 0.194 and 0.199), six collapse at "
        "0.05 and train at 0.01 (0.173), eight collapse at 0.01, too. Without layers recall is "
        "0.254: depth does not pay on such data.",
        example="model:\n  learning_rate: 0.05\n  buyer_tower_layers:\n"
        "    - &layer {type: dense, units: 256}\n    - *layer\n    - *layer\n    - *layer\n"
        "    - *layer\n    - {type: dense, units: 64, activation: linear}",
        remedy="Use at most two layers, or a fifth of the rate.",
        checks=(_very_deep,),
        allowable=True,
    ),
    Rule(
        code="RG204",
        severity="warning",
        title="A tower's output is a ReLU layer",
        reason="Scores are dot products of outputs. Each dimension that is dead in one tower is "
        "lost for both, and when none is alive in both, all scores and gradients are exactly zero "
        "for ever. Measured on Online Retail: of towers of 256, 128 and 64, all ReLU, two of four "
        "were dead within an epoch at Adagrad 0.05, where linear last trains; so it is an error "
        "from three layers on. A single layer that is ReLU trains (0.221 to 0.249).",
        example="model:\n  output_embedding_dim: 64\n  buyer_tower_layers:\n"
        "    - {type: dense, units: 64, activation: relu}",
        remedy="Write `activation: linear` for the last layer.",
        checks=(_relu_output,),
        allowable=True,
    ),
    Rule(
        code="RG205",
        severity="error",
        title="Towers that cannot share weights",
        reason="One set of layers serves both towers, so both need the same layers and inputs of "
        "one width.",
        example="model:\n  share_tower_weights: true\n  buyer_tower_layers:\n"
        "    - {type: dense, units: 64}\n  product_tower_layers: []",
        remedy="Give both towers the same layers and widths, or switch sharing off.",
        checks=(_cannot_share,),
    ),
    Rule(
        code="RG206",
        severity="warning",
        title="Learning rate above the optimizer's limit",
        reason="Measured with TFRS's own loss and deep towers: Adam at 0.03 and 0.05 collapsed in "
        "four of four runs, at 0.01 and below twelve of twelve trained; clipping did not change "
        "it. With the generated trainer, recall@100 after three epochs falls from 0.01 to 0.03 "
        "from 0.276 to 0.253 without layers and from 0.207 to 0.162 with three; four layers "
        "collapse. RMSprop bears 0.03 without layers (0.273). SGD at 1.0 without clipping ends in "
        "NaN without layers and collapses with three.",
        example="model:\n  optimizer: adam\n  learning_rate: 0.05",
        remedy="Use at most 0.01 for Adam, AdamW and RMSprop; clip the gradients of SGD.",
        checks=(_optimizer_limit,),
    ),
)
