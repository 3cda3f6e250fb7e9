"""Cause RD407: IDs of buyers and products that name groups, lines or visits."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import FEW_PRODUCTS, Kind, Sign, confirmed, is_of_product, spoiled
from recgen.analysis.facts import Facts
from recgen.analysis.strangers import unknown_buyers
from recgen.findings import Finding, counted, percent, show

_ROWS_OF_PRODUCT = 2.0  # training rows of a product on average, below which none is learnt
_ROWS_OF_VARIANT = 20.0  # training rows of a variant on average, above which each is learnt
_MANY_UNKNOWN = 0.05
_ALL_UNKNOWN = 0.9  # of the buyers of later days; half of them may be new


def _grain(facts: Facts) -> Iterator[Sign]:
    products = facts.candidates
    name = facts.run.config.features.product_id if facts.run.config else None
    shown = show(name) if name else "the product ID"
    if finer := facts.run.evidence.finer:
        seen = (
            f"{shown} has {counted(finer.groups, 'value')}, and each value of {show(finer.column)} "
            f"({finer.values:,}) is in one of them: these are groups of products",
        )
        help = f"If {show(finer.column)} is what you recommend, name it as the product ID."
        yield Sign("medium", seen, help, explains=True)
    elif products is not None and products <= FEW_PRODUCTS:
        yield _coarse(facts, shown, products)
    else:
        yield from _variants(facts, shown)
        yield from _fine(facts, shown)


def _variants(facts: Facts, shown: str) -> Iterator[Sign]:
    """Look for IDs of sizes and colours, each with too few rows of its own."""
    found, rows = facts.run.evidence.variants, facts.params.train_rows
    if found is None or rows is None or rows / found.ids >= _ROWS_OF_VARIANT:
        return
    one, another = map(show, found.example)
    seen = (
        f"{shown} has {found.ids:,} values, which are variants of {found.products:,} products, "
        f"such as {one} and {another}: {rows / found.ids:.1f} training rows for each, and "
        f"{rows / found.products:.1f} for each product",
    )
    help = "Recommend products, and let the buyer choose the variant: use the part of the ID that "
    help += "names the product, in a column of its own."
    yield Sign("medium", seen, help, explains=True)


def _fine(facts: Facts, shown: str) -> Iterator[Sign]:
    """Look for IDs of buyers and products that hardly occur twice."""
    products, rows = facts.candidates, facts.params.train_rows
    yield from _fine_buyers(facts)
    never = [f for f in _never_again(facts) if is_of_product(f)]
    unknown = facts.unknown_products
    is_fine = bool(products and rows and rows / products < _ROWS_OF_PRODUCT)
    is_distinct = products == facts.product_vocabulary or facts.metrics.evaluation is not None
    if not never and not (is_fine and is_distinct):
        return  # candidates may be transactions: RD403
    fine = [*confirmed(*never)]
    if products and rows and is_fine:
        fine.append(f"{shown} has {products:,} values in {rows:,} training rows")
    fine += [
        f"{percent(share)} of the {split} rows have a value that the training rows lack"
        for split, share in unknown.items()
        if share > _MANY_UNKNOWN
    ]
    help = "Name the column with the product, not one of a line, a size or a delivery."
    verdict = None if facts.beats_plain else facts.kind.judged and (spoiled(facts))
    yield Sign(
        "high" if never else "medium", tuple(fine), help, verdict=verdict or None, explains=True
    )


def _never_again(facts: Facts) -> tuple[Finding, ...]:
    """Return findings on values that never repeat; of a warning, a bad run has to confirm it."""
    found = facts.findings("RG508")
    return tuple(f for f in found if f.severity == "error" or facts.is_held_back)


def _fine_buyers(facts: Facts) -> Iterator[Sign]:
    """Look for a buyer's ID that names something that happens once, such as an invoice."""
    name = facts.run.config.features.buyer_id if facts.run.config else None
    shares = unknown_buyers(facts)
    never = [f for f in _never_again(facts) if f.path.startswith("features.buyer_model_")]
    later = min(shares.values())
    if not never and later < _ALL_UNKNOWN:
        return
    seen = [*confirmed(*never)]
    if later >= _ALL_UNKNOWN:
        seen.append(
            f"{percent(later)} of the validation and test rows have a {show(name or 'buyer')} that "
            "no training row has: is it an invoice, an order or a session?"
        )
    help = "Name the column with the buyer, who comes back."
    yield Sign("medium", tuple(seen), help, verdict=spoiled(facts), explains=True)


def _coarse(facts: Facts, shown: str, products: int) -> Sign:
    """Return the sign of a catalogue that is as short as a list."""
    rows, is_measured = facts.params.train_rows, facts.judged is not None
    seen = [
        f"{shown} has {counted(products, 'value')}: a list of {FEW_PRODUCTS} holds them all, "
        "so there is little to rank"
    ]
    if rows:
        seen.append(f"{rows:,} training rows are {rows / products:,.0f} for each")
    help = "If these are groups of products, name the column with the product itself. If they are "
    help += "all products, nothing is wrong; compare models by recall@1 or mrr."
    if is_measured:  # mrr tells models apart, and a shop may have few products
        return Sign("low", tuple(seen), help, verdict="good")
    return Sign("medium", tuple(seen), help, explains=True)


KINDS = (
    Kind(
        code="RD407",
        verdict="at_risk",
        title="An ID of the wrong grain",
        reason="The product ID says what is recommended. If it names a group of products, there is "
        "nothing to rank: a list of ten holds them all. If it names a line, a size or a delivery, "
        "hardly any value occurs twice, so nothing is learnt about it. Nor is anything learnt of "
        "buyers if their ID is that of an invoice or a session.",
        signs="In the data, each value of another column is in one of a few values of the product "
        "ID; product IDs differ in a last part only, such as a size, and have fewer than 20 "
        "training rows each; there are ten products or fewer (a remark if recall@1 or mrr was "
        "measured); a product has fewer than two training rows on average; 90% of the validation "
        "and test rows have a buyer that training lacks; or `recgen check` finds IDs that never "
        "repeat (RG508).",
        remedy="Name the column with the product that different buyers buy again and again, and "
        "the column with the buyer who comes back.",
        check=_grain,
    ),
)
