"""Causes RD415 and RD416: IDs that are written otherwise in the test, or that most rows have."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import (
    FEW_PRODUCTS,
    Kind,
    Sign,
    confirmed,
    is_of_product,
    spoiled,
)
from recgen.analysis.facts import Facts
from recgen.analysis.strangers import unknown_buyers
from recgen.findings import percent

_STRANGERS = 0.5  # of the test's pairs
_SHARE_OF_ONE = 0.2  # of the rows, with one product, as in RG553
_TIMES_NEXT = 10  # rows of a product, divided by those of the next ones


def _new_buyers(facts: Facts) -> Iterator[Sign]:
    """Look for a test of strangers after a validation of buyers who are known."""
    shares = unknown_buyers(facts)
    if shares["test"] < _STRANGERS or shares["eval"] > shares["test"] / 2:
        return  # where nobody comes back, RD407 asks for the buyer
    seen = (
        f"{shares['test']:.0%} of the test's pairs have a buyer that no training row has; the "
        "buyers of the validation rows are known",
    )
    yield Sign("medium", seen, explains=True)


def _one_product(facts: Facts) -> Iterator[Sign]:
    found = [f for f in facts.findings("RG553") if is_of_product(f)]
    figures = [*_one_product_by_figures(facts)]
    seen, help = (*confirmed(*found), *figures), found[0].help if found else ""
    if figures or (seen and facts.is_held_back):
        yield Sign("high", seen, help, verdict=spoiled(facts), explains=True)
    elif seen:
        yield Sign("low", seen, help, verdict="good")


def _one_product_by_figures(facts: Facts) -> Iterator[str]:
    """Yield the share of the test's rows that have the most popular product, if it is too large."""
    popular = facts.kind.recalls("test", facts.kind.baseline)
    first, five = popular.get(1), popular.get(5)
    if first is None or five is None or first < _SHARE_OF_ONE:
        return
    following = (five - first) / 4
    if (facts.products or 0) > FEW_PRODUCTS and first >= _TIMES_NEXT * following:
        yield (
            f"{percent(first)} of the test rows have the most popular product, and each of the "
            f"next four {percent(following)} on average: it is at the top of every list"
        )


KINDS = (
    Kind(
        code="RD415",
        verdict="at_risk",
        title="Buyers that are new since the training",
        reason="Nothing is learned of a buyer without a training row: such buyers get what suits "
        "their other columns, or what is popular. If most buyers of the last days are new, and "
        "hardly any of the days before, their IDs have changed, as with a new shop system or an "
        "export that writes them otherwise. The test then says nothing about known buyers.",
        signs="Half of the test's pairs or more have a buyer that training lacks, and at most half "
        "that share of the validation rows; or the buyers' own histories recommend what is popular "
        "to each buyer of the test, and not to those of the validation.",
        remedy="Compare how buyers' IDs are written before and after the test begins, and write "
        "them alike.",
        check=_new_buyers,
    ),
    Kind(
        code="RD416",
        verdict="at_risk",
        title="One product with most rows",
        reason="Postage, a fee, a deposit or a bag is in most purchases, and nobody chooses it. It "
        "is at the top of every list: recall is high and says nothing about the other products, "
        "and most training rows teach nothing.",
        signs="`recgen check` finds a product with 20% of the rows and ten times those of the next "
        "(RG553); or 20% of the test rows have the most popular product, ten times as many as each "
        "of the next four.",
        remedy="Leave out the rows of products that nobody chooses, such as a bag or a fee.",
        check=_one_product,
    ),
)
