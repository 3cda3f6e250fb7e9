"""How long training went on, and how well it ended: RD3xx."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from recgen.analysis.causes.base import Kind, Sign, epoch, figure
from recgen.analysis.causes.remedies import without_layers
from recgen.analysis.diagnosis import Patch
from recgen.analysis.facts import Facts
from recgen.analysis.series import best, last, lowest, points, slope_of_last_quarter

_LOST = 0.03  # relative loss of recall since its best epoch
_STILL_RISING = 0.05  # relative gain in the last quarter of the epochs
_MOST_EPOCHS = 100


def _noise(facts: Facts, value: float) -> float:
    """Returns two standard errors of a validation recall, 0 where its rows are not known."""
    rows = facts.kind.rows("val")
    return 2 * sqrt(max(value * (1 - value), 0.0) / rows) if rows else 0.0


def _overfitting(facts: Facts) -> Iterator[Sign]:
    if facts.failure_kind or facts.zero_gradients or facts.constant_loss:
        return
    if facts.best_epoch is not None:
        return  # its weights were kept: what came later did no harm
    top, end = best(facts.curve.values), last(facts.curve.values)
    if top is None or end is None:
        yield from _overfitting_by_loss(facts)
        return
    lost = top[1] - end
    if lost <= _LOST * top[1] or not _falls(facts, top[0]):
        return
    told = [
        f"validation {facts.curve.measure} was {figure(top[1])} in {epoch(top[0])} and is "
        f"{figure(end)} in the last, {facts.epochs}",
        *_losses_since(facts, top[0]),
    ]
    patch = {"model.epochs": top[0] + 1}
    rise = _rise_of_val_loss(facts)
    if lost > _noise(facts, top[1]):
        yield Sign("high", tuple(told), patch=patch)
    elif rise > _LOST:
        yield Sign("medium", (*told, f"val_loss rose by {rise:.0%} from its lowest"), patch=patch)
    elif not facts.is_failed:
        noise = f"of {facts.kind.rows('val'):,} rows that may be noise"
        yield Sign("low", (*told, noise), patch=patch, verdict="good")


def _rise_of_val_loss(facts: Facts) -> float:
    """Returns by how much of its lowest value the validation loss has risen."""
    bottom, end = lowest(facts.val_loss), last(facts.val_loss)
    return end / bottom[1] - 1 if bottom and end is not None and bottom[1] > 0 else 0.0


def _falls(facts: Facts, since: int) -> bool:
    """Says whether the training loss still fell after an epoch."""
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
        told = (
            f"val_loss rose from {figure(bottom[1])} in {epoch(bottom[0])} to {figure(end)} while "
            "the training loss fell; recall was not measured, and may have risen all the same",
        )
        yield Sign("low", told, patch={"model.epochs": bottom[0] + 1})


def _undertraining(facts: Facts) -> Iterator[Sign]:
    ratio = last(facts.loss_to_chance)
    blown_up = ratio is not None and ratio > 1.25
    if facts.failure_kind or facts.zero_gradients or facts.epochs == 0 or blown_up:
        return
    patch = _more_epochs(facts)
    gained = slope_of_last_quarter(facts.curve.values)
    if gained is not None and gained[1] > 0 and gained[0] > _STILL_RISING * gained[1]:
        told = (
            f"validation {facts.curve.measure} still rose by {gained[0] / gained[1]:.0%} in the "
            f"last {_epochs(max(1, len(points(facts.curve.values)) // 4))} of {facts.epochs}",
        )
        is_sure = gained[0] > _noise(facts, gained[1])
        yield Sign("high" if is_sure else "medium", told, patch=patch)
    elif facts.epochs == 1 and not facts.is_failed:
        yield Sign("medium", ("there was one epoch; recall rises after it as a rule",), patch=patch)


def _epochs(count: int) -> str:
    return "epoch" if count == 1 else f"{count} epochs"


def _more_epochs(facts: Facts) -> Patch:
    asked = max(facts.asked_epochs or 0, facts.epochs)
    wanted = min(max(2 * asked, 8), _MOST_EPOCHS)
    return {"model.epochs": wanted} if wanted > asked else {}


def _wrong_stop(facts: Facts) -> Iterator[Sign]:
    asked = facts.asked_epochs
    stopped = facts.params.stopped_early or (asked is not None and facts.epochs < asked)
    bottom = lowest(facts.val_loss)
    if not stopped or facts.failure_kind or bottom is None or facts.epochs < 2:
        return
    end, rising = last(facts.val_loss), slope_of_last_quarter(facts.curve.values)
    if end is None or bottom[0] + 1 >= facts.epochs or end <= bottom[1]:
        return
    told = [
        f"training stopped after {facts.epochs} of {asked or '?'} epochs, with val_loss rising "
        f"from {figure(bottom[1])} in {epoch(bottom[0])} to {figure(end)}"
    ]
    if rising is not None and rising[0] > 0:
        told.append(
            f"validation {facts.curve.measure} was still rising: "
            f"{figure(rising[1])} to {figure(rising[1] + rising[0])}"
        )
        yield Sign("high", tuple(told))
    elif rising is None:
        told.append("recall was not measured while it trained")
        yield Sign("medium", tuple(told))


def _below_popularity(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    if judged is None or judged.baseline is None or facts.beats_baseline:
        return
    if facts.failure_kind or facts.zero_gradients or facts.epochs == 0:
        return  # of a dead model it says nothing
    told = (
        f"{judged.name} is {figure(judged.own)}, and that of the most popular products for "
        f"everybody {figure(judged.baseline)}"
    )
    if judged.own > judged.baseline:
        note = f"the difference is within noise (±{figure(judged.noise)})"
        yield Sign("medium", (told, note), verdict="at_risk", patch=without_layers(facts))
    else:
        clear = judged.own < judged.baseline - judged.noise
        yield Sign("high" if clear else "medium", (told,), patch=without_layers(facts))


def _nothing_new(facts: Facts) -> Iterator[Sign]:
    own, popular = (facts.kind.evaluated(who, "new") for who in ("model", facts.kind.baseline))
    if own is None or popular is None or facts.is_failed or own.value > popular.value:
        return
    told = (
        f"over pairs that the training did not have, test {facts.curve.measure} is "
        f"{figure(own.value)} and {facts.kind.baseline}'s {figure(popular.value)}",
    )
    clear = own.high is not None and own.high < popular.value
    yield Sign("high" if clear else "medium", told)


KINDS = (
    Kind(
        code="RD301",
        verdict="at_risk",
        title="Overfitting",
        reason="The model learns the training rows by heart: their loss falls on, and validation "
        "recall falls from the best epoch on. A rising val_loss alone is no sign of it: recall may "
        "rise for a hundred epochs more.",
        signs="Validation recall ends below its best by more than 3%, while the training loss "
        "falls, and the trainer did not keep the best epoch's weights. Within noise it is a "
        "remark, unless val_loss has risen, too. Where recall was not measured: val_loss, as a "
        "guess.",
        remedy="Stop at the best epoch; fewer or narrower layers, dropout, fewer features.",
        check=_overfitting,
    ),
    Kind(
        code="RD302",
        verdict="at_risk",
        title="Undertraining",
        reason="Training ended while recall was still rising. Measured on Online Retail: 0.212 "
        "after one epoch, 0.254 after three, 0.278 after eight, 0.283 after twenty.",
        signs="The last quarter of the epochs added 5% or more to validation recall; or there was "
        "one epoch.",
        remedy="Train longer.",
        check=_undertraining,
    ),
    Kind(
        code="RD303",
        verdict="at_risk",
        title="Early stopping on the wrong metric",
        reason="val_loss measures how sure the model is, recall how it ranks. The first may rise "
        "while the second does, too: stopping on val_loss ended one training at a recall@5 of "
        "0.5%, which reached 57% after 200 epochs.",
        signs="Training stopped before the epochs that were asked for, after val_loss had begun to "
        "rise, and recall was still rising or was not measured.",
        remedy="Stop on validation recall, or not at all.",
        check=_wrong_stop,
    ),
    Kind(
        code="RD304",
        verdict="bad",
        title="Recall not above popularity",
        reason="The most popular products for everybody need no model. One that does not beat them "
        "is of no use, however well its loss fell.",
        signs="Test recall (validation's where that is all there is) is not above popularity's by "
        "more than two standard errors.",
        remedy="Use the logQ correction, one layer or none, and a rate that suits the optimizer.",
        check=_below_popularity,
    ),
    Kind(
        code="RD305",
        verdict="at_risk",
        title="Nothing learnt about new pairs",
        reason="A model can beat popularity by recommending what each buyer bought before. Over "
        "pairs that training did not have, it is then no better than popularity.",
        signs="Over new test pairs, recall is not above popularity's, though it is over all pairs.",
        remedy="Fewer epochs, more regularization, features that say more than the ID.",
        check=_nothing_new,
    ),
)
