"""Rules on the optimizer: low rates, clipping, epochs. High rates are in training.py."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, Dense, ModelConfig
from recgen.config.paths import trained_layers
from recgen.findings import FixOp, Location
from recgen.optimizers import OPTIMIZERS, RECOMMENDED
from recgen.rules.registry import Problem, rule

_ALWAYS_CLIPPED = 0.1
_NEVER_CLIPPED = 10.0
_MANY_EPOCHS = 100


@rule("RG226", "info")
def penalty_or_decay(model: ModelConfig) -> Iterator[Problem]:
    """l2_reg with Adam, AdamW or RMSprop.

    These optimizers divide each gradient, including that of the penalty, by its own size, so the
    penalty has little effect on weights with large gradients (Loshchilov and Hutter, 2019). AdamW
    decays weights separately from the gradient, by Keras' default of 0.004.

    Example:
        model:
          optimizer: adam
          buyer_tower_layers:
            - {type: dense, units: 128, l2_reg: 0.0001}

    Use instead:
        model:
          optimizer: adamw
          buyer_tower_layers:
            - {type: dense, units: 128}

    Use `adamw` without `l2_reg`, or `adagrad` with it.
    """
    info, name = OPTIMIZERS[model.optimizer], model.optimizer
    if info.decays_weights:
        message = f"{name} already decays weights, and l2_reg is added to that"
        help = "Remove it."
    elif info.is_adaptive:
        message = f"{name} rescales the gradient of l2_reg, so the penalty has little effect"
        help = "Remove it, or use `adamw`."
    else:
        return
    for path, layer in trained_layers(model):
        if isinstance(layer, Dense) and layer.l2_reg:
            yield Problem((*path, "l2_reg"), message, help, fix=("set", 0.0))


@rule("RG227", "warning")
def clipping(model: ModelConfig) -> Iterator[Problem]:
    """Clipping that never acts, or always.

    The norm is that of all gradients together, and the loss is a mean, so a bound means the same at
    every batch size. In successful trainings, the median norm is 0.1 to 0.7, and all but one step
    in a hundred stay below 3.

    A bound of 100 gave the same recall as no bound, and 10 slightly more in deep towers (0.221
    instead of 0.215). A bound of 0.1 changed little, 0.01 cost a third of the recall (0.176 instead
    of 0.278), and 0.001 left the model at the level of popularity.

    Example:
        model:
          gradient_clip_norm: 1000

    Use instead:
        model:
          gradient_clip_norm: 1.0
    """
    norm = model.gradient_clip_norm
    if norm is None:
        return
    path = ("model", "gradient_clip_norm")
    if norm > _NEVER_CLIPPED:
        message = f"gradients of a mean loss never reach a norm of {norm:g} unless they explode"
        yield Problem(path, message, "Use 1.0.", fix=("set", 1.0))
    elif norm < _ALWAYS_CLIPPED:
        message = f"the norm of gradients exceeds {norm:g} in nearly every step"
        yield Problem(path, message, "Use 1.0, and set the step size with the learning rate.")


@rule("RG228", "warning")
def learning_rate_low(model: ModelConfig) -> Iterator[Problem]:
    """A learning rate that is low for the optimizer.

    Measured on Online Retail, three epochs without layers: recall@100 is 0.166 with Adagrad 0.003,
    barely above popularity's 0.155, and 0.280 with 0.1; it is 0.164 with Adam 0.0001 and 0.276 with
    0.01, and 0.172 with FTRL 0.01 and 0.274 with 0.1. ClippyAdagrad takes Adagrad's steps or
    shorter ones.

    Example:
        model:
          optimizer: adagrad
          learning_rate: 0.001

    Use instead:
        model:
          optimizer: adagrad
          learning_rate: 0.05

    Use 0.05 for Adagrad, 0.001 to 0.01 for Adam.
    """
    info, depth = OPTIMIZERS[model.optimizer], max(map(model.depth_of, SIDES))
    if info.is_low(model.learning_rate, depth):
        message = f"learning rate {model.learning_rate:g} is low for {model.optimizer}"
        help = f"Raise it: {info.at(depth).safe:g} is safe."
        yield Problem(("model", "learning_rate"), message, help)


@rule("RG232", "warning", also=("error",), allowable=True)
def optimizer_unfit(model: ModelConfig) -> Iterator[Problem]:
    """An unsuitable optimizer.

    SGD uses the same rate for every row of a table, so IDs with few rows barely change. Measured on
    Online Retail after three epochs, at rates from 0.01 to 10, it reaches at most 0.160, where
    popularity has 0.155 and Adagrad 0.280.

    FTRL's first step sets weights whose gradient is near zero to zero, which erases the random
    initialization of a layer. With two or three dense layers, five of five runs at 0.01, 0.1 and
    1.0 were stopped (so it is an error); without layers, recall reached 0.274.

    Example:
        model:
          optimizer: sgd

    Use instead:
        model:
          optimizer: adagrad

    Use `adagrad`, or `adam` at 0.001 to 0.01.
    """
    info = OPTIMIZERS[model.optimizer]
    unfit = info.unfit
    if unfit is not None and info.is_unfit(max(map(model.depth_of, SIDES))):
        yield Problem(
            ("model", "optimizer"),
            unfit.message,
            unfit.help,
            severity=unfit.severity,
            fix=("set", RECOMMENDED),
            then=rate_for_recommended(model),
        )


def rate_for_recommended(model: ModelConfig) -> tuple[tuple[Location, FixOp, object], ...]:
    """Return the step of a fix that brings a learning rate for `RECOMMENDED`, if it needs one."""
    info, depth = OPTIMIZERS[RECOMMENDED], max(map(model.depth_of, SIDES))
    rates, rate = info.at(depth), model.learning_rate
    if not rates.is_high(rate) and not info.is_low(rate, depth):
        return ()
    return ((("model", "learning_rate"), "set", rates.safe),)


@rule("RG229", "info")
def epochs(model: ModelConfig) -> Iterator[Problem]:
    """One epoch, or hundreds.

    Measured on Online Retail, recall@100 is 0.212 after one epoch, 0.254 after three, 0.278 after
    eight, 0.283 after twenty and 0.281 after fifty. Without `early_stopping_patience`, nothing ends
    the training early, and in late epochs recall drops for new pairs while it rises for repeated
    ones.

    Example:
        model:
          epochs: 1000
          early_stopping_patience: null

    Use instead:
        model:
          epochs: 10
          early_stopping_patience: 3

    Use 3 to 20, and look at validation recall.
    """
    path = ("model", "epochs")
    stops = model.enable_training_metrics and model.early_stopping_patience
    if model.epochs == 1:
        message = "one epoch is rarely enough: recall would still rise"
        yield Problem(path, message, "Use 3 to 10, and look at validation recall.")
    elif model.epochs > _MANY_EPOCHS and not stops:
        message = f"{model.epochs} epochs, and nothing stops training when recall no longer rises"
        yield Problem(path, message, "Set `early_stopping_patience`, or train about ten.")


@rule("RG235", "info")
def cosine_cut_short(model: ModelConfig) -> Iterator[Problem]:
    """A learning rate that would fall to zero after the training has ended.

    warmup_cosine is planned for all `epochs`: after half of them, the rate is still half of its
    maximum. If early stopping ends the training before, or an early epoch is the best one, the low
    rates at the end are never reached, not even in the second training, which follows the same
    schedule. Reported if `epochs` is three times the patience or more.

    Example:
        model:
          epochs: 30
          learning_rate_schedule: warmup_cosine
          early_stopping_patience: 3

    Use instead:
        model:
          epochs: 10
          learning_rate_schedule: warmup_cosine
          early_stopping_patience: null

    Train a small number of epochs to the end, or use the `constant` schedule.
    """
    patience = model.early_stopping_patience if model.enable_training_metrics else None
    is_cosine = model.learning_rate_schedule == "warmup_cosine"
    if is_cosine and patience and model.epochs >= 3 * patience:
        epochs = "an epoch" if patience == 1 else f"{patience} epochs"
        message = (
            f"training stops after {epochs} without a better recall, but the rate only reaches "
            f"zero at the end of all {model.epochs}"
        )
        help = "Set `early_stopping_patience: null`, and `epochs` to the number to train."
        at = ("model", "early_stopping_patience")
        yield Problem(at, message, help, fix=("set", None))
