"""Causes RD6xx: figures that are too low for any model, compared with nothing, or not recorded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from recgen.analysis.causes.base import Kind, Sign, epoch, figure
from recgen.analysis.causes.collapse import below_chance, is_dead
from recgen.analysis.causes.untrained import is_untrained
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import FEW_ROWS
from recgen.analysis.series import points
from recgen.findings import printable

_LISTED = 6
_ROUNDED, _ROUNDED_SHARE = 1e-3, 0.01  # by which recall may fall with k
_LENGTHS = 3  # of lists with the same recall
_NEARLY_ALL = 0.98  # recall at every k, as ties that count as hits have: RD105


def _worse_than_chance(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    if judged is None or not (judged.is_zero or judged.is_below_chance) or facts.epochs == 0:
        return
    if is_dead(facts) or facts.is_idle:
        return  # RD101, RD102 and RD103 say why
    below = below_chance(facts) or (f"{judged.name} is exactly 0",)
    yield Sign("high", (*below, *_learned(facts)))


def _learned(facts: Facts) -> Iterator[str]:
    found = points(facts.loss)
    if len(found) > 1 and found[-1][1] < found[0][1]:
        first, end = found[0][1], found[-1][1]
        yield (
            f"the loss fell by {1 - end / first:.0%}, from {figure(first)} to {figure(end)}: that "
            "the model trained does not mean that it finds the right products"
        )


def _not_compared(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    if facts.is_failed or facts.is_mismatched or (judged and judged.baseline is not None):
        return
    if is_untrained(facts):
        return  # chance is enough to judge it by
    if judged is None:
        if facts.kind.tests or facts.kind.curves:
            seen = (
                f"each list holds all {facts.products} products, so any model has a "
                f"{facts.kind.measure} of 1: it says nothing"
            )
            yield Sign("high", (seen,), "Measure at a k far below the number of products.")
        return
    seen = f"the {facts.kind.measure} of {facts.kind.baseline} is not in the file"
    chance = "the number of products is not known either, so chance is unknown"
    if facts.run.vocabularies and facts.products is None:
        sizes = sorted(facts.run.vocabularies.items())[:_LISTED]
        listed = ", ".join(f"{printable(name)} {size:,}" for name, size in sizes)
        chance += f"; which of these vocabularies has the products is not known: {listed}"
    help = ""
    if judged.chance is not None:
        times = judged.own / judged.chance
        chance = f"{judged.name} is {figure(judged.own)}, {times:.1f} times that of random products"
        help = (
            "Models that learned popularity alone exceed chance, too: train with a generated "
            "trainer, which measures popularity on the same rows."
        )
    yield Sign("high", (seen, chance), help)


def _impossible(facts: Facts) -> Iterator[Sign]:
    """Yield whether recall falls with k, or is the same at every k: longer lists hold more.

    Generated trainers count all lengths in the same lists.
    """
    if facts.run.file.version is not None:
        return
    found = sorted((each.k or 0, each.own, each.measure) for each in facts.kind.by_length)
    for (_, own, name), (_, longer, other) in pairwise(found):
        if longer < own - max(_ROUNDED, _ROUNDED_SHARE * own):
            seen = f"{name} is {figure(own)}, and {other} only {figure(longer)}"
            yield Sign("high", (f"{seen}: a longer list holds at least as many hits",))
            return
    values = {own for _, own, _ in found}
    own = next(iter(values), 0.0)
    few = facts.kind.rows(facts.judged.split) if facts.judged else None
    is_one = len(values) == 1 and len(found) >= _LENGTHS and 0 < own < _NEARLY_ALL
    if is_one and (few is None or few >= FEW_ROWS):
        names = ", ".join(name for *_, name in found)
        seen = f"{names} are all {figure(own)}: no product beyond the first {found[0][0]} is a hit"
        yield Sign("medium", (seen,))


def _not_recorded(facts: Facts) -> Iterator[Sign]:
    names = facts.unrecorded
    if not names:
        return
    since = min(names.values())
    seen = [f"{' and '.join(names)} are zero from {epoch(since)} on"]
    after = [value for number, value in points(facts.loss) if number >= since]
    if len(after) > 1:
        seen.append(
            f"meanwhile the loss moved from {figure(after[0])} to {figure(after[-1])}, which a "
            "model without gradients cannot do"
        )
    if facts.beats_plain and facts.judged:
        seen.append(f"{facts.judged.name} is better than that of {facts.kind.baseline}")
    yield Sign("high", tuple(seen))


KINDS = (
    Kind(
        code="RD601",
        verdict="bad",
        title="Worse than chance",
        reason="Lists that are drawn at random have a recall of k divided by the number of "
        "products: 100 of 1,054 are 0.095. A model that learned nothing has that, too; one that "
        "is below it keeps the right products out of its lists. A loss that falls says nothing "
        "about this: it compares a row's product with the others of its batch, not with what is "
        "recommended.",
        signs="Recall is below chance by more than two standard errors (of 1,000 rows if the "
        "number is unknown), or exactly 0, and the model is not dead. The number of products is "
        "taken from `--products`, the metrics, or the product ID's vocabulary.",
        remedy="Check whether each product is among the candidates once (RD403), whether the test "
        "compares with the column that was trained (a name, a group and an ID differ), and whether "
        "the test's IDs are in the vocabulary.",
        check=_worse_than_chance,
    ),
    Kind(
        code="RD602",
        verdict="at_risk",
        title="Compared with nothing",
        reason="A recall has a meaning only beside that of no model. Recommending what is popular "
        "to everybody reaches several times that of random products, so a model that is far above "
        "chance may still be useless.",
        signs="The file has no recall of popularity. If the number of products is unknown as well, "
        "not even chance is known. Or lists are as long as the catalogue, so that any model has a "
        "recall of 1.",
        remedy="Name the number of products with `--products N`, so that the recall can be "
        "compared with chance at least; or train with a generated trainer, which measures "
        "popularity on the same rows.",
        check=_not_compared,
    ),
    Kind(
        code="RD603",
        verdict="good",
        title="Statistics that were not recorded",
        reason="If all gradients were zero, no weight would change and the loss would stand still. "
        "Zeros beside a loss that falls are a fault of the trainer's log, such as sums that were "
        "read after their reset. It says nothing about the model, and a collapse would not be "
        "seen.",
        signs="The norms of gradients or weights are zero up to the last epoch, and the loss moves "
        "by more than 2% after the first zero, or the model beats popularity.",
        remedy="Fix the trainer's callback, or train with a generated trainer.",
        check=_not_recorded,
    ),
    Kind(
        code="RD604",
        verdict="at_risk",
        title="Recall that cannot be right",
        reason="The first 100 products of a list contain its first 10, so recall can only grow "
        "with k. Where it does not, columns were swapped, the figures are of different rows, or "
        "the metric looks at the first places only; what is compared with popularity is then not "
        "what it is called.",
        signs="Of another trainer's file: recall at a larger k is lower by more than a hundredth "
        "of it; or it is exactly the same at three lengths or more, with 200 rows or more.",
        remedy="Compute all lengths from the same lists on the same rows.",
        check=_impossible,
    ),
)
