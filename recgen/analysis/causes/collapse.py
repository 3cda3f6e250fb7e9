"""Causes RD1xx: models that died or never began to learn. See docs/limits.md."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, epoch, figure
from recgen.analysis.causes.remedies import (
    advice,
    calmed,
    corrected,
    is_slow,
    rescued,
    without_layers,
)
from recgen.analysis.diagnosis import Confidence, Verdict
from recgen.analysis.facts import Facts, side_of
from recgen.analysis.series import creeps, last, points
from recgen.metrics import TOWERS

_DEAD_UNITS = 0.95  # share of a tower's units that fire for no row
_ONE_DIRECTION = 0.999  # mean cosine of embeddings that all point the same way
_LENGTH = 100  # of the lists of which coverage is measured
_SAME_LISTS = 1.5  # distinct products in all lists, divided by their length
_NEAR_CHANCE = 0.3  # above the value of random products, relative to it
_LITTLE = 0.1  # of what a perfect order would gain over a random one
_FEWEST = 3  # epochs whose losses are known
_ASLEEP = 1e-3  # that a loss moved in all epochs, relative to it
_NOT_FAR = 2.0  # times the recall of random products
_ALL_HITS = 0.98  # recall at every k
_BEGIN = "Check that both towers see their IDs, and that the data has something to learn."


def _collapse(facts: Facts) -> Iterator[Sign]:
    zero = facts.zero_gradients
    has_died = len(zero) == len(TOWERS) or (
        facts.failure_kind == "collapse" and not _has_gradients(facts)
    )
    stands_still = facts.constant_loss is not None and facts.is_at_chance
    if not has_died and (not stands_still or creeps(facts.loss)):
        return
    seen = [*_trainer_said(facts, "collapse"), *_zero(facts), *_frozen_loss(facts)]
    no_recall = _no_recall(facts)
    strong = len(seen) + len(no_recall) >= 2 or bool(facts.failure_kind)
    yield Sign("high" if strong else "medium", (*seen, *no_recall), advice(facts), rescued(facts))


def _has_gradients(facts: Facts) -> bool:
    """Return whether some measured gradient is not zero at the end.

    A trainer that knows only one kind of failure calls a dead tower a collapse as well.
    """
    if facts.params.failure_kind:
        return False
    stats = facts.metrics.gradient_stats
    ends = [last(getattr(stats, tower).norm) for tower in TOWERS]
    return any(end is not None and end > 1e-7 for end in ends)


def _trainer_said(facts: Facts, *kinds: str) -> Iterator[str]:
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
    yield from _chance_loss(facts)


def _chance_loss(facts: Facts) -> Iterator[str]:
    value, rows = last(facts.loss), facts.chance_rows
    if value is None:
        return
    if rows is not None:
        yield (
            f"{figure(value)} = {rows:,}·ln {rows:,}: the sum over a batch of {rows:,} rows "
            f"whose scores are all equal{_which_batch(facts, rows)}"
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
    reported = [*_trainer_said(facts, "dead_tower")]
    if not reported and _has_gradients(facts):
        reported = [*_trainer_said(facts, "collapse")]
    seen = [text for tower in TOWERS for text in _dead_parts(facts, tower)]
    one_is_zero = list(_zero(facts))
    below = below_chance(facts)
    if reported or one_is_zero or seen:
        sure = bool(reported or one_is_zero or below or len(seen) > 1)
        evidence = (*reported, *one_is_zero, *seen, *below)
        # Few units may be enough: a model that beats popularity is alive.
        works = facts.beats_plain and not reported and not one_is_zero
        confidence: Confidence = "high" if sure and not works else "medium"
        verdict: Verdict = "at_risk" if works else "bad"
        yield Sign(confidence, evidence, advice(facts), rescued(facts), verdict)
    elif facts.is_stuck or (below and facts.is_at_chance):
        stuck = [*_stuck(facts)]
        evidence = (*_chance_loss(facts), *stuck, *below, *_gradients_left(facts))
        confidence = "high" if len(stuck) > 2 else "medium"
        yield Sign(confidence, evidence, advice(facts), rescued(facts))


def _stuck(facts: Facts) -> Iterator[str]:
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


def _at_chance(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    is_constant = facts.constant_loss and not creeps(facts.loss)
    if facts.zero_gradients or is_constant or facts.is_stuck or below_chance(facts):
        return  # the model is dead, or RD601 says it
    chance = judged.chance if judged else None
    seen = [*_trainer_said(facts, "not_learning"), *_stuck(facts), *_asleep(facts)]
    if facts.params.at_chance and not facts.beats_plain:
        seen.append("the trainer found nothing learned when it ended")
    if judged and chance and judged.own <= chance + _little(chance):
        seen.append(f"{judged.name} is {figure(judged.own)}; random products have {figure(chance)}")
    is_compared = judged is not None and (judged.chance is not None or judged.plain is not None)
    if not seen and (is_compared or not facts.is_at_chance):
        return  # a loss at chance counts unless recall says that the model ranks
    evidence = (*seen, *_chance_loss(facts))
    sure = len(evidence) > 1 or facts.failure_kind == "not_learning"
    is_guess = not sure and judged is not None and judged.is_too_small
    verdict: Verdict = "at_risk" if is_guess else "bad"
    help = advice(facts, _BEGIN)
    yield Sign("high" if sure else "medium", evidence, help, corrected(facts), verdict)


def _asleep(facts: Facts) -> Iterator[str]:
    """Yield that the loss never moved, if recall is not far from that of random products either.

    Vectors that were never trained find the products of their own start somewhat more often.
    """
    found, judged = points(facts.loss), facts.judged
    if len(found) < _FEWEST or not judged or not judged.chance or facts.failure_kind:
        return
    values = [value for _, value in found]
    moved = max(values) - min(values)
    if moved > _ASLEEP * abs(values[0]) or judged.own > _NOT_FAR * judged.chance:
        return
    yield (
        f"the loss moved by {moved / abs(values[0]):.2g} of itself in {facts.epochs} epochs, from "
        f"{figure(values[0])} to {figure(values[-1])}"
    )
    yield (
        f"{judged.name} is {figure(judged.own)}, {judged.own / judged.chance:.1f} times that of "
        "random products"
    )


def _little(chance: float) -> float:
    """Return the gain over a random order that is nearly nothing; in few products, it is less."""
    return min(_NEAR_CHANCE * chance, _LITTLE * (1 - chance))


def _popularity_only(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    seen = [*_trainer_said(facts, "popularity_only")]
    same = [*_same_lists(facts)]
    is_equal = (
        judged is not None
        and judged.plain is not None
        and abs(judged.own - judged.plain) <= max(judged.plain_noise, 0.03 * judged.plain)
    )
    if judged and judged.plain is not None and is_equal:
        seen.append(
            f"{judged.name} is {figure(judged.own)}; recommending the most popular products to "
            f"everybody has {figure(judged.plain)}"
        )
    ratio = last(facts.loss_to_chance)
    is_popularity = ratio is not None and 0.97 <= ratio <= 1.1
    if not seen or not (facts.failure_kind == "popularity_only" or same or is_popularity):
        return
    unclear = judged is not None and judged.is_too_small and not same
    if is_popularity and ratio is not None:
        same.append(f"the loss is {ratio:.1%} of the loss that popularity alone gives")
    patch = {} if is_slow(facts) else calmed(facts) or without_layers(facts)
    if unclear and facts.failure_kind != "popularity_only":
        yield Sign("low", (*seen, *same), advice(facts), patch, "at_risk")
        return
    yield Sign("high" if same else "medium", (*seen, *same), advice(facts), patch)


def _same_lists(facts: Facts) -> Iterator[str]:
    coverage = last(facts.health("val_coverage_at_100"))
    candidates = facts.candidates
    if coverage is None or not candidates or candidates <= _LENGTH:
        return
    distinct = coverage * candidates
    # As the trainer's watch: of few products, also lists that differ have no more than 1.5 times.
    if distinct < min(_SAME_LISTS * _LENGTH, (_LENGTH + candidates) / 2):
        yield (
            f"all top-{_LENGTH} lists together contain {distinct:.0f} of {candidates:,} products: "
            "nearly everybody gets the same list"
        )


def _ties(facts: Facts) -> Iterator[Sign]:
    ends = {curve.measure: last(curve.values) for curve in facts.kind.curves}
    known = {**{measure: test.own for measure, test in facts.kind.tests.items()}, **ends}
    recalls = {measure: value for measure, value in known.items() if value is not None}
    is_dead = bool(facts.zero_gradients or facts.failure_kind in ("collapse", "dead_tower"))
    is_dead = is_dead or (facts.constant_loss is not None and facts.is_at_chance)
    if recalls and is_dead and min(recalls.values()) >= _ALL_HITS:
        values = ", ".join(f"{measure} {figure(value)}" for measure, value in recalls.items())
        yield Sign("high", (f"recall is near 1 at every k ({values}), but the model is dead",))


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
    Kind(
        code="RD103",
        verdict="bad",
        title="Still at chance",
        reason="The model recommends no better than random products: it has not begun to learn. "
        "Either its steps are too short (a low rate, or a mean loss with a large accumulator in "
        "Adagrad), or its inputs say nothing about the pair.",
        signs="Recall is at most 1.3 times k divided by the number of products, and the loss is "
        "that of equal scores; the gradients are not zero.",
        remedy="Raise the learning rate or train longer; check that both towers see their IDs.",
        check=_at_chance,
    ),
    Kind(
        code="RD104",
        verdict="bad",
        title="Popularity only",
        reason="With the logQ correction, a model whose towers died or learned very little still "
        "scores products by how often they were sampled, so it recommends the most popular "
        "products to everybody. Its recall then equals that of popularity: far above zero, but "
        "useless. Measured: Adagrad 0.1 on deep towers, 0.151 to 0.156 in five of five runs, "
        "where popularity has 0.156.",
        signs="Recall equals that of popularity within noise, and all top-100 lists together "
        "contain barely more than 100 products, or the loss is what popularity alone gives.",
        remedy="Lower the learning rate, or use fewer layers.",
        check=_popularity_only,
    ),
    Kind(
        code="RD105",
        verdict="bad",
        title="Ties counted as hits",
        reason="TFRS's FactorizedTopK compares scores. If all scores are equal, the right product "
        "counts as found at every k, so a dead model has a recall of 1.0.",
        signs="Recall is near 1 at every k, even the smallest, although the model is dead.",
        remedy="Compute recall by rank and count ties against the model, as generated trainers do.",
        check=_ties,
    ),
)
