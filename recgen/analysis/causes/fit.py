"""Causes RD3xx: how long training went on, and how well it ended."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import log2, sqrt
from statistics import median

from recgen.analysis.causes.base import Kind, Sign, confirmed, epoch, figure
from recgen.analysis.causes.places import LEAVE_OUT, places_taken
from recgen.analysis.causes.remedies import NO_MORE, advice, without_layers
from recgen.analysis.diagnosis import Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.final_layer import unused_towers
from recgen.analysis.kinds import ASSUMED_ROWS, lead_over
from recgen.analysis.series import best, last, lowest, points, slope_of_last_quarter
from recgen.findings import counted

_LOST = 0.03  # relative loss of recall since its best epoch
_STILL_RISING = 0.05  # relative gain in the last quarter of the epochs
_MEDIAN_STEP = 0.954  # between two draws of a normal distribution, in standard deviations
_MOST_EPOCHS = 100
_FEW_STEPS, _ENOUGH_STEPS = 50, 200  # of all epochs
_LEAST_BATCH, _STEPS_OF_EPOCH = 64, 20  # the latter as RG515 advises
_NEARLY = 0.05  # relative distance from the best baseline of a model that learned most of it


def _noise(facts: Facts, value: float) -> float:
    """Return two standard errors of a validation recall.

    Of an unknown number of rows, they are those of 1,000, or three times what the series itself
    moves from epoch to epoch, if that is less.
    """
    rows = facts.kind.rows("val")
    noise = 2 * sqrt(max(value * (1 - value), 0.0) / (rows or ASSUMED_ROWS))
    steps = [abs(b[1] - a[1]) for a, b in pairwise(points(facts.curve.values))]
    return noise if rows or not steps else min(noise, 3 * median(steps) / _MEDIAN_STEP)


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
    help = _against_overfitting(facts)
    if lost > _noise(facts, top[1]):
        yield Sign("high", seen, help, patch)
    elif rise > _LOST:
        rose = f"val_loss rose by {rise:.0%} from its lowest value"
        yield Sign("medium", (*seen, rose), help, patch)
    elif not facts.is_failed:
        rows = facts.kind.rows("val")
        few = counted(rows, "row") if rows else "validation rows whose number is unknown"
        noise = f"with {few} this may be noise"
        yield Sign("low", (*seen, noise), help, patch, "good")


def _against_overfitting(facts: Facts) -> str:
    """Return the advice; towers without layers have none to remove."""
    ways = ["fewer features"]
    if facts.model is None or facts.model.output_dropout == 0:
        ways.insert(0, "dropout")
    if facts.model is None or without_layers(facts):
        ways.insert(0, "fewer or narrower layers")
    return f"Stop at the best epoch, or use {' or '.join(ways)}."


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
            "the training loss fell; recall per epoch was not measured and may have risen anyway",
        )
        yield Sign("low", seen, "Measure recall on validation rows in each epoch: stop by that.")


def _undertraining(facts: Facts) -> Iterator[Sign]:
    ratio = last(facts.loss_to_chance)
    blown_up = ratio is not None and ratio > 1.25
    if facts.zero_gradients or facts.epochs == 0 or blown_up:
        return
    steps = _steps(facts)
    if facts.failure_kind not in (None, "not_learning"):
        return  # a trainer that stopped early may not have had the time
    few = _ENOUGH_STEPS if facts.epochs == 1 else _FEW_STEPS
    if facts.is_held_back and steps is not None and steps < few:
        yield _few_steps(facts, steps)
        return
    if facts.failure_kind:
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
        yield Sign("medium", seen, patch=patch, explains=facts.is_held_back)


def _steps(facts: Facts) -> int | None:
    """Return the steps of all epochs; None if they are unknown."""
    a_epoch = facts.params.steps_per_epoch
    if a_epoch is None and facts.params.train_rows and facts.batch_size:
        a_epoch = max(1, facts.params.train_rows // facts.batch_size)
    return a_epoch * facts.epochs if a_epoch else None


def _few_steps(facts: Facts, steps: int) -> Sign:
    """Return the sign of a training that ended before its weights could move."""
    a_epoch = steps // facts.epochs
    shown = counted(a_epoch, "step")
    each = f": {shown} in each of {facts.epochs} epochs" if facts.epochs > 1 else ", in one epoch"
    seen = (
        f"the training had {counted(steps, 'step')}{each}",
        *confirmed(*facts.findings("RG515")),
    )
    batch = min(facts.batch_size or 0, facts.params.train_rows or 0)
    smaller = batch
    if a_epoch < _STEPS_OF_EPOCH and batch > _LEAST_BATCH:  # epochs may end early
        smaller = max(_LEAST_BATCH, 2 ** int(log2(batch * a_epoch / _STEPS_OF_EPOCH)))
        a_epoch = a_epoch * batch // smaller
    patch = _more_epochs(facts, -(-_ENOUGH_STEPS // a_epoch))
    if smaller < batch:
        patch["model.batch_size"] = smaller
    help = "Train longer, in smaller batches." if "model.batch_size" in patch else "Train longer."
    verdict: Verdict | None = "bad" if facts.is_failed else None
    layered = (facts.depth or 0) > 1
    is_alone = not layered and (not facts.model or facts.model.learning_rate_schedule == "constant")
    return Sign(
        "high" if is_alone else "medium",
        seen,
        help,
        patch or None,
        verdict,
        "Too few steps",
        explains=not layered,
    )


def _epochs(count: int) -> str:
    return "epoch" if count == 1 else counted(count, "epoch")


def _more_epochs(facts: Facts, least: int = 8) -> dict[str, int]:
    requested = max(facts.requested_epochs or 0, facts.epochs)
    wanted = min(max(2 * requested, 8, least), _MOST_EPOCHS)
    return {"model.epochs": wanted} if wanted > requested else {}


def _wrong_stop(facts: Facts) -> Iterator[Sign]:
    requested = facts.requested_epochs
    few = requested is not None and facts.epochs < requested
    stopped = facts.params.stopped_early or (few and facts.stops_early is not False)
    bottom = lowest(facts.val_loss)
    if not stopped or facts.failure_kind or bottom is None or facts.epochs < 2:
        return
    if facts.params.measure is not None:
        return  # it stopped on recall
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
    if judged.own == judged.baseline == 0:
        return  # nobody finds anything: RD405 or RD601
    if facts.failure_kind or facts.zero_gradients or facts.epochs == 0:
        return  # this says nothing about a dead model
    seen = (
        f"{judged.name} is {figure(judged.own)}; {judged.rival}, which needs no model, has "
        f"{figure(judged.baseline)}"
    )
    patch, towers = without_layers(facts), tuple(_of_towers(facts))
    help = advice(facts, NO_MORE if towers else "")
    clear = judged.is_worse
    is_worse_elsewhere = any(each.is_worse for each in facts.kind.others)
    if facts.beats_plain and not clear and (facts.kind.beats_counting or not is_worse_elsewhere):
        return  # better than popularity, and as good as the best baseline within noise: a note
    is_ahead = judged.own > (judged.baseline if facts.beats_plain is False else judged.plain or 0)
    if judged.is_too_small or (is_ahead and not clear):
        note = f"the difference is within noise (±{figure(judged.noise)})"
        yield Sign("medium", (seen, note, *towers), help, patch, "at_risk")
        return
    if facts.beats_plain is not False and facts.kind.beats_counting is not False:
        won = " and ".join(each.name for each in facts.kind.others if each.beats_baseline)
        note = f"the model is better in {won}" if won else "the new pairs are too few to tell"
        yield Sign("medium", (seen, note, *towers), help, patch, "at_risk")
    elif facts.is_bought_again and judged.own >= (1 - _NEARLY) * judged.baseline:
        note = f"people buy the same again, and the model is within {_NEARLY:.0%} of what that has"
        yield Sign("medium", (seen, note, *towers), help, patch, "at_risk")
    else:
        yield Sign("high" if clear else "medium", (seen, *towers), help, patch)


def _of_towers(facts: Facts) -> Iterator[str]:
    """Yield that the lists are made without the towers, if they are."""
    weight = unused_towers(facts.metrics.final_layer)
    if weight is not None:
        yield (
            f"the final layer gives the towers' score a weight of {weight:.2f}: what they learned "
            "of each buyer does not help on validation rows, and the lists are made by counting"
        )


def _nothing_new(facts: Facts) -> Iterator[Sign]:
    own, popular = (facts.kind.evaluated(who, "new") for who in ("model", facts.kind.baseline))
    if own is None or popular is None or facts.is_failed:
        return
    lead = lead_over(own, popular)
    if lead is None or lead[1] >= 0:
        return  # within noise, the model may be as good
    seen = [
        f"on pairs that did not occur in training, test {facts.curve.measure} is "
        f"{figure(own.value)}; {facts.kind.baseline} has {figure(popular.value)}",
        f"the difference is not noise: {figure(lead[0])} to {figure(lead[1])}, with 95%",
    ]
    taken = places_taken(facts)
    if taken:
        seen.append(taken)
    yield Sign("high", tuple(seen), LEAVE_OUT if taken else "")


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
        "within noise (of 1,000 rows if their number is unknown), this is only a remark unless "
        "val_loss has risen too. If recall was not measured, val_loss is used, with low "
        "confidence and without a patch.",
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
        "was only one epoch. Of a model that is no better than counting: the training had fewer "
        "than 50 steps in all its epochs, or than 200 in its only one. The shop example on 3,000 "
        "rows had a recall@10 of 0.16 after 2 steps, 0.38 after 16 and 0.41 after 200.",
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
        "exceed that of popularity by more than two standard errors, or is below the best "
        "baseline's by more than that. Within noise of the best baseline, it is a risk only if the "
        "model is worse on new pairs, and a note otherwise; a model that is clearly worse on all "
        "pairs is at risk if it is better on new pairs, or if people buy the same again (RD413) "
        "and it is within 5% of the best baseline.",
        remedy="Use the logQ correction, one layer or none, and a rate that suits the optimizer.",
        check=_below_counting,
    ),
    Kind(
        code="RD305",
        verdict="at_risk",
        title="Nothing learned about new pairs",
        reason="A model can beat popularity by recommending what each buyer bought before. On "
        "pairs that did not occur in training, it is then no better than popularity.",
        signs="On new test pairs, recall is below that of popularity by more than noise (the 95% "
        "interval of the difference), although it is not on all pairs.",
        remedy="Use fewer epochs, more regularization, or features that say more than the ID.",
        check=_nothing_new,
    ),
)
