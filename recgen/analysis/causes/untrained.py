"""Causes RD103 to RD105: models that never began to learn, and recall that hides it."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, figure
from recgen.analysis.causes.collapse import below_chance, chance_loss, stuck, trainer_said
from recgen.analysis.causes.remedies import advice, calmed, corrected, is_slow, without_layers
from recgen.analysis.diagnosis import Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.series import creeps, last, points

_LENGTH = 100  # of the lists of which coverage is measured
_SAME_LISTS = 1.5  # distinct products in all lists, divided by their length
_NEAR_CHANCE = 0.3  # above the value of random products, relative to it
_LITTLE = 0.1  # of what a perfect order would gain over a random one
_FEWEST = 3  # epochs whose losses are known
_ASLEEP = 1e-3  # that a loss moved in all epochs, relative to it
_NOT_FAR = 2.0  # times the recall of random products
_ALL_HITS = 0.98  # recall at every k
_BEGIN = "Check that both towers see their IDs, and that the data has something to learn."


def _at_chance(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    is_dead = facts.constant_loss and facts.is_at_chance and not creeps(facts.loss)
    if facts.zero_gradients or is_dead or facts.is_stuck or below_chance(facts):
        return  # the model is dead, or RD601 says it
    chance = judged.chance if judged else None
    seen = [*trainer_said(facts, "not_learning"), *stuck(facts), *_asleep(facts)]
    if facts.params.at_chance and not facts.beats_plain:
        seen.append("the trainer found nothing learned when it ended")
    if judged and chance and judged.own <= chance + _little(chance):
        seen.append(f"{judged.name} is {figure(judged.own)}; random products have {figure(chance)}")
    is_compared = judged is not None and (judged.chance is not None or judged.plain is not None)
    if not seen and (is_compared or not facts.is_at_chance):
        return  # a loss at chance counts unless recall says that the model ranks
    evidence = (*seen, *chance_loss(facts))
    sure = len(evidence) > 1 or facts.failure_kind == "not_learning"
    is_guess = not sure and judged is not None and judged.is_too_small
    verdict: Verdict = "at_risk" if is_guess else "bad"
    help = advice(facts, _BEGIN)
    yield Sign("high" if sure else "medium", evidence, help, corrected(facts), verdict)


def is_untrained(facts: Facts) -> bool:
    """Return whether RD103 says that the model learned nothing."""
    return any(sign.verdict == "bad" for sign in _at_chance(facts))


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
    seen = [*trainer_said(facts, "popularity_only")]
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
