"""Causes of runs of other trainers: what the text of their module shows."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed, epoch, figure
from recgen.analysis.causes.remedies import calmed
from recgen.analysis.facts import Facts
from recgen.analysis.kinds.ranking import Ranking
from recgen.analysis.series import last
from recgen.findings import show

_CONSTANT = 1e-3  # deviation of the predictions, relative to that of the target


def duplicate_candidates(facts: Facts) -> Iterator[Sign]:
    """Yield a sign if the trainer's module gathers products without dropping repeated ones."""
    found = facts.trainer.candidates if facts.trainer else None
    if found is None:
        yield from _copies_by_figures(facts)
    if found is None or found.value == "distinct":
        return
    seen = f"line {found.line} of trainer_module.py takes one candidate for each row"
    yield Sign("high", (seen, *_below_chance(facts)))


def _copies_by_figures(facts: Facts) -> Iterator[Sign]:
    """Yield a sign if the long lists of another trainer's model are worse than random ones."""
    judged = facts.judged
    if facts.is_mean_loss or judged is None or judged.is_below_chance or not facts.has_trained:
        return  # recgen's trainers have each product once
    longer = [each for each in facts.kind.by_length if (each.k or 0) > (judged.k or 0)]
    for each in (each for each in longer if each.is_below_chance):
        assert each.chance is not None
        seen = (
            f"{judged.name} is {figure(judged.own)}, and {each.measure} is {figure(each.own)}, "
            f"below the {figure(each.chance)} of random products: long lists hold few products",
        )
        yield Sign("medium", seen, explains=True)
        return


def _below_chance(facts: Facts) -> Iterator[str]:
    judged = facts.judged
    if judged and judged.chance is not None and judged.own < judged.chance:
        yield (
            f"{judged.name} {figure(judged.own)} is below chance, {figure(judged.chance)}: copies "
            "of few products fill the lists"
        )


def _product_column(facts: Facts) -> Iterator[Sign]:
    trainer, config = facts.trainer, facts.config
    if trainer is None:
        return
    named = config.features.product_id if config else None
    taken = trainer.product_column
    if taken is not None and named is not None and taken.value != named:
        seen = [
            f"line {taken.line} of trainer_module.py takes {show(taken.value)} for the product's "
            f"ID; in the config it is {show(named)}"
        ]
        own, other = (facts.run.vocabularies.get(f"{name}_vocab") for name in (named, taken.value))
        if own and other:
            seen.append(f"{show(taken.value)} has {other:,} values, {show(named)} has {own:,}")
        is_lost = facts.judged is not None and facts.judged.own == 0
        if is_lost and facts.judged:
            seen.append(f"{facts.judged.name} is 0: no list holds the products that are looked for")
        yield Sign("high", tuple(seen), verdict="bad" if is_lost else "at_risk")
    elif trainer.guesses is not None and trainer.guesses.value and taken is None:
        seen = [f"line {trainer.guesses.line} of trainer_module.py looks for it by its name"]
        yield Sign("low", tuple(seen), verdict="good")


def _constant_prediction(facts: Facts) -> Iterator[Sign]:
    constant = facts.findings("RG570")
    if constant:
        help = f"{constant[0].help} No setting of the model helps."
        yield Sign("high", confirmed(*constant), help, title="A constant target", explains=True)
        return
    if not isinstance(facts.kind, Ranking):
        return
    spread = last(facts.health("rating_head.spread"))
    if facts.failure_kind == "constant_prediction" or (spread is not None and spread < _CONSTANT):
        said = "the trainer stopped because all rows had the same prediction"
        seen = [said] if facts.failure_kind == "constant_prediction" else []
        if spread is not None:
            seen.append(
                f"predictions of training rows have {figure(spread)} of the target's deviation"
            )
        yield Sign("high", tuple(seen), patch=calmed(facts))
        return
    if facts.epochs < 2 or facts.kind.is_compared:
        return
    stands_still = facts.constant_loss is not None and facts.constant_loss[0] <= facts.epochs // 2
    judged = facts.judged
    has_no_order = judged is not None and judged.beats_plain is False
    seen = []
    if stands_still and facts.constant_loss:
        since, value = facts.constant_loss
        seen.append(f"the loss stands at {figure(value)} since {epoch(since)}")
    if has_no_order and judged:
        seen.append(f"{judged.name} is {figure(judged.own)}; equal predictions have 0.5")
    if seen:
        yield Sign("high" if has_no_order else "medium", tuple(seen), patch=calmed(facts))


KINDS = (
    Kind(
        code="RD450",
        verdict="at_risk",
        title="Another column taken for the product's ID",
        reason="Some trainers look for the product's ID by a part of a column's name, or take the "
        "first column of the product tower. With another column, the model recommends categories "
        "or prices instead of products, and none of its lists matches what was bought.",
        signs="The trainer's module reads another column than the config's product ID. That a "
        "module guesses the column when it runs is a remark.",
        remedy="Write `product_id_column` in the config, and train with the modules that recgen "
        "renders from it.",
        check=_product_column,
    ),
    Kind(
        code="RD460",
        verdict="bad",
        title="Constant prediction",
        reason="A model that predicts ratings and has learned nothing predicts their mean for "
        "every pair. Its error looks reasonable, since most ratings are near the mean, but it puts "
        "products in no order.",
        signs="Only ranking models: the target is the same in every row (RG570), or the "
        "predictions of training rows deviate from each other by less than a thousandth of what "
        "the target does. In files without that figure, the loss "
        "stands still over half of the epochs or more, or the AUC is 0.5.",
        remedy="Lower the learning rate, clip gradients, and check whether the target varies.",
        check=_constant_prediction,
    ),
)
