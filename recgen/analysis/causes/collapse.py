"""Causes RD101 and RD102: models that died. See docs/limits.md."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, epoch, figure
from recgen.analysis.causes.remedies import advice, rescued
from recgen.analysis.diagnosis import Confidence, Verdict
from recgen.analysis.facts import Facts, side_of
from recgen.analysis.series import creeps, last, points
from recgen.metrics import TOWERS

_DEAD_UNITS = 0.95  # share of a tower's units that fire for no row
_ONE_DIRECTION = 0.999  # mean cosine of embeddings that all point the same way


def _collapse(facts: Facts) -> Iterator[Sign]:
    zero = facts.zero_gradients
    has_died = len(zero) == len(TOWERS) or (
        facts.failure_kind == "collapse" and not _has_gradients(facts)
    )
    stands_still = facts.constant_loss is not None and facts.is_at_chance
    if not has_died and (not stands_still or creeps(facts.loss)):
        return
    seen = [*trainer_said(facts, "collapse"), *_zero(facts), *_frozen_loss(facts)]
    no_recall = _no_recall(facts)
    strong = len(seen) + len(no_recall) >= 2 or bool(facts.failure_kind)
    confidence: Confidence = "high" if strong else "medium"
    verdict: Verdict | None = "at_risk" if facts.is_kept_before_death else None
    evidence = (*seen, *no_recall, *_kept_before(facts))
    yield Sign(confidence, evidence, advice(facts), rescued(facts), verdict)


def _kept_before(facts: Facts) -> Iterator[str]:
    """Yield that the weights that were kept are of an epoch in which the model was alive."""
    if facts.is_kept_before_death and facts.judged and facts.best_epoch is not None:
        kept = epoch(facts.best_epoch)
        own = f"{facts.judged.name} is {figure(facts.judged.own)}"
        yield f"the weights of {kept}, before that, were kept: {own}"


def _has_gradients(facts: Facts) -> bool:
    """Return whether some measured gradient is not zero at the end.

    A trainer that knows only one kind of failure calls a dead tower a collapse as well.
    """
    if facts.params.failure_kind:
        return False
    stats = facts.metrics.gradient_stats
    ends = [last(getattr(stats, tower).norm) for tower in TOWERS]
    return any(end is not None and end > 1e-7 for end in ends)


def trainer_said(facts: Facts, *kinds: str) -> Iterator[str]:
    """Yield what the trainer said when it stopped for one of these kinds of failure."""
    said = facts.params.failure
    if facts.failure_kind in kinds and said:
        yield f"the trainer stopped: {said}"
    elif facts.failure_kind in kinds and facts.failure_epoch is not None:
        yield f"the trainer noticed it in {epoch(facts.failure_epoch)}"


def _zero(facts: Facts) -> Iterator[str]:
    zero = facts.zero_gradients
    if len(zero) == len(TOWERS):
        since = max(zero.values())
        words = "the gradients of both towers are zero"
    elif zero:
        tower, since = next(iter(zero.items()))
        words = f"the gradients of the {side_of(tower)} tower are zero"
    else:
        return
    means = [values[since] for tower in zero if len(values := facts.gradient(tower)) > since]
    if any(means):  # they died in that epoch, whose mean is not zero
        words += " at the end of"
        yield f"{words} {epoch(since)}" + ("" if since + 1 < facts.epochs else ", the last one")
    elif since + 1 < facts.epochs:
        yield f"{words} from {epoch(since)} to the last epoch, {facts.epochs}"
    else:
        yield f"{words} in {epoch(since)}, the last one"


def _frozen_loss(facts: Facts) -> Iterator[str]:
    if facts.constant_loss:
        since, value = facts.constant_loss
        start = epoch(since)
        yield f"the loss stays at {figure(value)} from {start} to the last epoch, {facts.epochs}"
    yield from chance_loss(facts)


def chance_loss(facts: Facts) -> Iterator[str]:
    """Yield that the loss ends at the value for equal scores, if it does."""
    value, rows = last(facts.loss), facts.chance_rows
    if value is None:
        return
    if rows is not None:
        yield (
            f"{figure(value)} = {rows:,}·ln {rows:,}: the sum over a batch of {rows:,} rows "
            f"whose scores are all equal{_which_batch(facts, rows)}"
        )
    elif facts.chance_choices is not None:
        yield (
            f"{figure(value)} = ln {facts.chance_choices:,}: the mean loss of a choice among "
            f"{facts.chance_choices:,} products whose scores are all equal"
        )
    elif facts.is_at_chance and facts.batch_size:
        chance = math.log(facts.batch_size)
        yield (
            f"the loss ends at {figure(value)}; a batch whose scores are all equal has a loss of "
            f"ln {facts.batch_size:,} = {chance:.4f}"
        )


def _which_batch(facts: Facts, rows: int) -> str:
    """Return which batch of an epoch has this many rows, if that is known."""
    train, batch = facts.params.train_rows, facts.batch_size
    if batch == rows:
        return ", a whole batch"
    if train and batch and train % batch == rows:
        return f", the last batch of {train:,} rows in batches of {batch:,}"
    return (
        ", the last batch of an epoch (the only one that Keras reports)"
        if batch and rows < batch
        else ""
    )


def _no_recall(facts: Facts) -> tuple[str, ...]:
    judged = facts.judged
    if judged is None or judged.own > 0:
        return ()
    return (f"{judged.name} is exactly 0",)


def _dead_tower(facts: Facts) -> Iterator[Sign]:
    if len(facts.zero_gradients) == len(TOWERS):
        return  # this is a collapse
    reported = [*trainer_said(facts, "dead_tower")]
    if not reported and _has_gradients(facts):
        reported = [*trainer_said(facts, "collapse")]
    seen = [text for tower in TOWERS for text in _dead_parts(facts, tower)]
    one_is_zero = list(_zero(facts))
    below = below_chance(facts)
    if reported or one_is_zero or seen:
        sure = bool(reported or one_is_zero or below or len(seen) > 1)
        evidence = (*reported, *one_is_zero, *seen, *below, *_kept_before(facts))
        # Few units may be enough: a model that beats popularity is alive.
        works = facts.beats_plain and not reported and not one_is_zero
        works = works or facts.is_kept_before_death
        confidence: Confidence = "high" if sure and not works else "medium"
        verdict: Verdict = "at_risk" if works else "bad"
        yield Sign(confidence, evidence, advice(facts), rescued(facts), verdict)
    elif facts.is_stuck or (below and facts.is_at_chance):
        signs = [*stuck(facts)]
        evidence = (*chance_loss(facts), *signs, *below, *_gradients_left(facts))
        confidence = "high" if len(signs) > 2 else "medium"
        yield Sign(confidence, evidence, advice(facts), rescued(facts))


def stuck(facts: Facts) -> Iterator[str]:
    """Yield the signs of a model that got stuck: the burst, the loss after it, and the lists."""
    found = points(facts.loss)
    if not facts.is_stuck and not facts.is_idle:
        return
    if facts.burst:
        tower, number, norm, times = facts.burst
        yield (
            f"the gradients of the {side_of(tower)} tower burst in {epoch(number)}: a norm of "
            f"{figure(norm)}, {times:,.0f} times the usual one"
        )
    second, end = found[1], found[-1]
    yield (
        f"the loss stands still from {epoch(second[0])} on: {figure(second[1])} to {figure(end[1])}"
    )
    if facts.kind.unordered:
        first, whole = facts.kind.unordered
        yield (
            f"the lists have no order: {first.measure} is {figure(first.own)}, and "
            f"{whole.measure} is {figure(whole.own)}, so the first places are hit no more often "
            "than the others"
        )


def is_dead(facts: Facts) -> bool:
    """Return whether RD101 or RD102 says that the model is dead."""
    found = (sign for check in (_collapse, _dead_tower) for sign in check(facts))
    return any(sign.verdict != "at_risk" for sign in found)


def _dead_parts(facts: Facts, tower: str) -> Iterator[str]:
    side = side_of(tower)
    dead = last(facts.health(f"{tower}.dead_units"))
    if dead is not None and dead >= _DEAD_UNITS:
        yield f"{dead:.0%} of the {side} tower's ReLU units fire for no row"
    cosine = last(facts.health(f"{tower}.mean_cosine"))
    if cosine is not None and cosine >= _ONE_DIRECTION and not facts.beats_plain:
        yield f"all {side} embeddings point in one direction: their mean cosine is {cosine:.4f}"


def below_chance(facts: Facts) -> tuple[str, ...]:
    """Return the evidence that random products would have been better; empty if they would not."""
    judged = facts.judged
    if not judged or judged.chance is None or not judged.is_below_chance:
        return ()
    chance = figure(judged.chance)
    shown = f"{judged.k} of {facts.products:,}" if judged.k and facts.products else "any order"
    return (
        f"{judged.name} is {figure(judged.own)}, below the {chance} of random products ({shown})",
    )


def _gradients_left(facts: Facts) -> Iterator[str]:
    ends = {tower: last(facts.gradient(tower)) for tower in TOWERS}
    if all(ends.values()):
        norms = ", ".join(f"{side_of(t)} {figure(value or 0.0)}" for t, value in ends.items())
        yield f"the gradients are not zero ({norms}), but scores barely depend on the IDs"


KINDS = (
    Kind(
        code="RD101",
        verdict="bad",
        title="Gradient collapse",
        reason="Gradients blow up and then vanish: ReLU units die in both towers until no "
        "dimension of the output is alive in both. Then every score is equal, and each tower's "
        "gradient is multiplied by the other tower's zero. Nothing is learned after that, however "
        "long training goes on. The usual reason is a learning rate that is too high for the "
        "depth.",
        signs="The gradients of both towers are zero up to the last epoch; the loss no longer "
        "changes; the loss is n·ln n, the sum over n rows whose scores are equal (775.6906 = "
        "154·ln 154), or ln n, their mean; recall is exactly 0; or the trainer stopped and "
        "reported a collapse.",
        remedy="Lower the learning rate, end the towers in a linear layer, or use fewer layers. "
        "Clipping alone rescues SGD, but not Adam, which divides the scale away, nor Adagrad as "
        "configured here.",
        check=_collapse,
    ),
    Kind(
        code="RD102",
        verdict="bad",
        title="A dead tower",
        reason="The units of a hidden layer fire for no row, or all embeddings point in the same "
        "direction, so that scores barely depend on the IDs. If the last layer is linear, the "
        "gradients are not zero: its biases still learn, and a check for zero gradients does not "
        "notice.",
        signs="Nearly all ReLU units of a tower fire for no row; the mean cosine of the "
        "embeddings is 1; the gradients of one tower are zero; or the loss is at chance and "
        "recall is below chance.",
        remedy="Lower the learning rate, and use fewer layers.",
        check=_dead_tower,
    ),
)
