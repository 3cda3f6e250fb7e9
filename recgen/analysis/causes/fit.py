"""Causes RD3xx: how long training went on, and how well it ended."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from recgen.analysis.causes.base import Kind, Sign, epoch, figure
from recgen.analysis.causes.remedies import is_slow, without_layers
from recgen.analysis.diagnosis import Patch
from recgen.analysis.facts import Facts
from recgen.analysis.series import best, last, lowest, points, slope_of_last_quarter
from recgen.findings import counted

_LOST = 0.03  # relative loss of recall since its best epoch
_STILL_RISING = 0.05  # relative gain in the last quarter of the epochs
_MOST_EPOCHS = 100


def _noise(facts: Facts, value: float) -> float:
    """Return two standard errors of a validation recall, or 0 if the number of rows is unknown."""
    rows = facts.kind.rows("val")
    return 2 * sqrt(max(value * (1 - value), 0.0) / rows) if rows else 0.0


def _overfitting(facts: Facts) -> Iterator[Sign]:
    if facts.failure_kind or facts.zero_gradients or facts.constant_loss:
        return
    if facts.best_epoch is not None:
        return  # its weights were kept, so later epochs did no harm
    top, end = best(facts.curve.values), last(facts.curve.values)
    if top is None or end is None:
        yield from _overfitting_by_loss(facts)
        return
    lost = top[1] - end
    if lost <= _LOST * top[1] or not _falls(facts, top[0]):
        return
    seen = (
        f"validation {facts.curve.measure} was {figure(top[1])} in {epoch(top[0])} and is "
        f"{figure(end)} in the last epoch, {facts.epochs}",
        *_losses_since(facts, top[0]),
    )
    patch = {"model.epochs": top[0] + 1}
    rise = _rise_of_val_loss(facts)
    if lost > _noise(facts, top[1]):
        yield Sign("high", seen, patch=patch)
    elif rise > _LOST:
        yield Sign(
            "medium", (*seen, f"val_loss rose by {rise:.0%} from its lowest value"), patch=patch
        )
    elif not facts.is_failed:
        noise = f"with {counted(facts.kind.rows('val') or 0, 'row')} this may be noise"
        yield Sign("low", (*seen, noise), patch=patch, verdict="good")


def _rise_of_val_loss(facts: Facts) -> float:
    """Return the rise of the validation loss since its lowest value, relative to that value."""
    bottom, end = lowest(facts.val_loss), last(facts.val_loss)
    return end / bottom[1] - 1 if bottom and end is not None and bottom[1] > 0 else 0.0


def _falls(facts: Facts, since: int) -> bool:
    """Return whether the training loss fell after an epoch."""
    later = [value for number, value in points(facts.loss) if number >= since]
    return len(later) > 1 and later[-1] < later[0]


def _losses_since(facts: Facts, since: int) -> Iterator[str]:
    ends = (facts.loss[since], last(facts.loss))
    if ends[0] is not None and ends[1] is not None:
        yield f"meanwhile the training loss fell from {figure(ends[0])} to {figure(ends[1])}"


def _overfitting_by_loss(facts: Facts) -> Iterator[Sign]:
    bottom, end = lowest(facts.val_loss), last(facts.val_loss)
    if bottom is None or end is None or bottom[0] + 1 >= facts.epochs:
        return
    if end > 1.03 * bottom[1] and _falls(facts, bottom[0]):
        seen = (
            f"val_loss rose from {figure(bottom[1])} in {epoch(bottom[0])} to {figure(end)} while "
            "the training loss fell; recall was not measured and may have risen anyway",
        )
        yield Sign("low", seen, patch={"model.epochs": bottom[0] + 1})


def _undertraining(facts: Facts) -> Iterator[Sign]:
    ratio = last(facts.loss_to_chance)
    blown_up = ratio is not None and ratio > 1.25
    if facts.failure_kind or facts.zero_gradients or facts.epochs == 0 or blown_up:
        return
    patch = _more_epochs(facts)
    gained = slope_of_last_quarter(facts.curve.values)
    if gained is not None and gained[1] > 0 and gained[0] > _STILL_RISING * gained[1]:
        seen = (
            f"validation {facts.curve.measure} still rose by {gained[0] / gained[1]:.0%} in the "
            f"last {_epochs(max(1, len(points(facts.curve.values)) // 4))} of {facts.epochs}",
        )
        is_sure = gained[0] > _noise(facts, gained[1])
        yield Sign("high" if is_sure else "medium", seen, patch=patch)
    elif facts.epochs == 1 and not facts.is_failed:
        seen = ("there was only one epoch; recall usually rises after it",)
        yield Sign("medium", seen, patch=patch)


def _epochs(count: int) -> str:
    return "epoch" if count == 1 else counted(count, "epoch")


def _more_epochs(facts: Facts) -> Patch:
    requested = max(facts.requested_epochs or 0, facts.epochs)
    wanted = min(max(2 * requested, 8), _MOST_EPOCHS)
    return {"model.epochs": wanted} if wanted > requested else {}


def _wrong_stop(facts: Facts) -> Iterator[Sign]:
    requested = facts.requested_epochs
    stopped = facts.params.stopped_early or (requested is not None and facts.epochs < requested)
    bottom = lowest(facts.val_loss)
    if not stopped or facts.failure_kind or bottom is None or facts.epochs < 2:
        return
    end, rising = last(facts.val_loss), slope_of_last_quarter(facts.curve.values)
    if end is None or bottom[0] + 1 >= facts.epochs or end <= bottom[1]:
        return
    seen = [
        f"training stopped after {facts.epochs} of {requested or '?'} epochs, with val_loss rising "
        f"from {figure(bottom[1])} in {epoch(bottom[0])} to {figure(end)}"
    ]
    if rising is not None and rising[0] > 0:
        seen.append(
            f"validation {facts.curve.measure} was still rising: "
            f"{figure(rising[1])} to {figure(rising[1] + rising[0])}"
        )
        yield Sign("high", tuple(seen))
    elif rising is None:
        seen.append("recall was not measured during training")
        yield Sign("medium", tuple(seen))


def _below_counting(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    if judged is None or judged.baseline is None or facts.beats_baseline:
        return
    if facts.failure_kind or facts.zero_gradients or facts.epochs == 0:
        return  # this says nothing about a dead model
    seen = (
        f"{judged.name} is {figure(judged.own)}; {judged.rival}, which needs no model, has "
        f"{figure(judged.baseline)}"
    )
    patch, help = without_layers(facts), _against_counting(facts)
    clear = judged.own < judged.baseline - judged.noise
    if facts.beats_plain and facts.kind.beats_counting and not clear:
        return  # as good on all pairs, and better on new ones
    is_ahead = judged.own > (judged.baseline if facts.beats_plain is False else judged.plain or 0)
    if judged.is_too_small or (is_ahead and not clear):
        note = f"the difference is within noise (±{figure(judged.noise)})"
        yield Sign("medium", (seen, note), verdict="at_risk", patch=patch, help=help)
        return
    if facts.beats_plain is not False and facts.kind.beats_counting is not False:
        won = " and ".join(each.name for each in facts.kind.others if each.beats_baseline)
        note = f"the model is better in {won}" if won else "the new pairs are too few to tell"
        yield Sign("medium", (seen, note), verdict="at_risk", patch=patch, help=help)
    else:
        yield Sign("high" if clear else "medium", (seen,), patch=patch, help=help)


def _against_counting(facts: Facts) -> str:
    """Return what may help a model that counting beats, without what the config has already."""
    if facts.model is None:
        return ""  # the remedy of the kind: everything
    model, info = facts.model, facts.optimizer_info
    layers = max(len(model.buyer_tower_layers), len(model.product_tower_layers))
    is_fast = info is not None and facts.rate is not None and facts.rate > info.at(layers).safe
    missing = [
        *(["use the logQ correction"] if not model.logq_correction else []),
        *(["use one layer or none"] if layers > 1 else []),
        *(["use a rate that suits the optimizer"] if is_fast or is_slow(facts) else []),
    ]
    if not missing:
        return (
            "The settings are not the reason. Give the towers more rows, more epochs, or features "
            "that say more than the IDs; else recommend what counting does."
        )
    text = " and ".join(missing)
    return f"{text[0].upper()}{text[1:]}."


def _nothing_new(facts: Facts) -> Iterator[Sign]:
    own, popular = (facts.kind.evaluated(who, "new") for who in ("model", facts.kind.baseline))
    if own is None or popular is None or facts.is_failed or own.value > popular.value:
        return
    seen = (
        f"on pairs that did not occur in training, test {facts.curve.measure} is "
        f"{figure(own.value)}; {facts.kind.baseline} has {figure(popular.value)}",
    )
    clear = own.high is not None and own.high < popular.value
    yield Sign("high" if clear else "medium", seen)


KINDS = (
    Kind(
        code="RD301",
        verdict="at_risk",
        title="Overfitting",
        reason="The model memorizes the training rows: their loss keeps falling, while validation "
        "recall falls after its best epoch. A rising val_loss alone is not a sign of overfitting: "
        "recall may go on rising for a hundred epochs.",
        signs="Validation recall ends more than 3% below its best value while the training loss "
        "falls, and the trainer did not keep the weights of the best epoch. If the difference is "
        "within noise, this is only a remark unless val_loss has risen too. If recall was not "
        "measured, val_loss is used, with low confidence.",
        remedy="Stop at the best epoch, or use fewer or narrower layers, dropout or fewer "
        "features.",
        check=_overfitting,
    ),
    Kind(
        code="RD302",
        verdict="at_risk",
        title="Undertraining",
        reason="Training ended while recall was still rising. Measured on Online Retail: 0.212 "
        "after one epoch, 0.254 after three, 0.278 after eight, 0.283 after twenty.",
        signs="The last quarter of the epochs added more than 5% to validation recall, or there "
        "was only one epoch.",
        remedy="Train longer.",
        check=_undertraining,
    ),
    Kind(
        code="RD303",
        verdict="at_risk",
        title="Early stopping on the wrong metric",
        reason="val_loss measures how confident the model is; recall measures how well it ranks. "
        "Both may rise at the same time: stopping on val_loss ended one training at a recall@5 of "
        "0.5% that would have reached 57% after 200 epochs.",
        signs="Training stopped before the requested number of epochs, after val_loss had begun "
        "to rise, and recall was still rising or was not measured.",
        remedy="Stop on validation recall, or not at all.",
        check=_wrong_stop,
    ),
    Kind(
        code="RD304",
        verdict="bad",
        title="No better than counting",
        reason="Recommending the most popular products, or what each buyer had before, needs no "
        "model, and neither does counting recent purchases more. A model that does not beat that "
        "is useless, however far its loss fell.",
        signs="On all test pairs, or on validation rows if there are no others, recall does not "
        "exceed that of the best baseline by more than two standard errors. If the difference is "
        "within noise, it is only a risk, and none if the model is better on new pairs; a model "
        "that is better there and clearly worse on all pairs is at risk, too.",
        remedy="Use the logQ correction, one layer or none, and a rate that suits the optimizer.",
        check=_below_counting,
    ),
    Kind(
        code="RD305",
        verdict="at_risk",
        title="Nothing learned about new pairs",
        reason="A model can beat popularity by recommending what each buyer bought before. On "
        "pairs that did not occur in training, it is then no better than popularity.",
        signs="On new test pairs, recall does not exceed that of popularity, although it does on "
        "all pairs.",
        remedy="Use fewer epochs, more regularization, or features that say more than the ID.",
        check=_nothing_new,
    ),
)
