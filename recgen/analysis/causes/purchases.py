"""Causes RD407 to RD413: what the purchases are like, by the run's figures, its data, its files.

Most show in how figures relate: rows to pairs of buyer and product, popularity by rows to
popularity by pairs, validation to test. What `recgen check` finds in the data, or `recgen inspect`
in the examples, is better evidence, and refutes what the figures only suggest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed, figure
from recgen.analysis.causes.remedies import patch_of
from recgen.analysis.diagnosis import REMOVED, Patch, Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.series import last
from recgen.findings import Finding, counted, percent, show

_FEW_PRODUCTS = 10  # a list of ten holds them all
_ROWS_OF_PRODUCT = 2.0  # training rows of a product on average, below which none is learnt
_ALL_UNKNOWN = 0.9  # of the buyers of later days; half of them may be new
_MANY_ROWS = 2.0  # test rows of a pair on average; shops have 1 to 1.6
_BY_ROWS = 2.0  # popularity's recall by rows, divided by that by pairs
_SHARE_OF_ONE = 0.2  # of the rows, with one buyer
_TIMES_NEXT = 10  # rows of a buyer, divided by those of the next one: as in RG553
_MANY_UNKNOWN = 0.05
_MOST_ROWS, _TIMES_SHARE = 0.25, 3  # of all rows, and times the share of the time: too much growth
_FAR_ABOVE = 1.5  # validation recall, divided by the test's
_HIGH = 0.5  # recall of own history in shops in which people buy the same again
_ALMOST_ALL = 0.8  # of the model's recall
_HALF_LIFE = 50  # days: measured, docs/limits.md
_PAST = (
    "Recommend past products too: with the fitted final layer or a history of past products, the "
    "model weighs what a buyer had; or without a model, by each buyer's own history."
)
_DATES = ("RG521", "RG522", "RG523", "RG542", "RG543", "RG544")
_CUTS = ("RG119", "RG512")


def _verdict(facts: Facts) -> Verdict:
    """Return the verdict of a cause that may or may not have spoiled the model."""
    return "bad" if facts.is_failed else "at_risk"


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
    elif products is not None and products <= _FEW_PRODUCTS:
        yield _coarse(facts, shown, products)
    else:
        yield from _fine(facts, shown)


def _fine(facts: Facts, shown: str) -> Iterator[Sign]:
    """Look for IDs of buyers and products that hardly occur twice."""
    products, rows = facts.candidates, facts.params.train_rows
    yield from _fine_buyers(facts)
    never = [f for f in _never_again(facts) if _is_of_product(facts, f)]
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
    verdict = None if facts.beats_plain else facts.kind.judged and (_verdict(facts))
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
    shares = {
        split: each.get(name or "", 0.0) for split, each in (facts.params.unknown_ids or {}).items()
    }
    never = [f for f in _never_again(facts) if f.path.startswith("features.buyer_model_")]
    later = min((shares.get(split, 0.0) for split in ("eval", "test")), default=0.0)
    if not never and later < _ALL_UNKNOWN:
        return
    seen = [*confirmed(*never)]
    if later >= _ALL_UNKNOWN:
        seen.append(
            f"{percent(later)} of the validation and test rows have a {show(name or 'buyer')} that "
            "no training row has: is it an invoice, an order or a session?"
        )
    help = "Name the column with the buyer, who comes back."
    yield Sign("medium", tuple(seen), help, verdict=_verdict(facts), explains=True)


def _coarse(facts: Facts, shown: str, products: int) -> Sign:
    """Return the sign of a catalogue that is as short as a list."""
    rows, is_measured = facts.params.train_rows, facts.judged is not None
    seen = [
        f"{shown} has {counted(products, 'value')}: a list of {_FEW_PRODUCTS} holds them all, "
        "so there is little to rank"
    ]
    if rows:
        seen.append(f"{rows:,} training rows are {rows / products:,.0f} for each")
    help = "If these are groups of products, name the column with the product itself. If they are "
    help += "all products, nothing is wrong; compare models by recall@1 or mrr."
    if is_measured:  # mrr tells models apart, and a shop may have few products
        return Sign("low", tuple(seen), help, verdict="good")
    return Sign("medium", tuple(seen), help, explains=True)


def _is_of_product(facts: Facts, finding: Finding) -> bool:
    """Return whether a finding is on the product tower."""
    return finding.path.startswith(("features.product_model_", "features.product_id"))


def _rows_of_pair(facts: Facts) -> float | None:
    """Return the number of test rows of a pair of buyer and product, on average."""
    evaluation, rows = facts.metrics.evaluation, facts.params.tested_rows or facts.params.test_rows
    pairs = evaluation.pairs if evaluation else {}
    counted_pairs = pairs.get("all", 0) + pairs.get("left_out", 0) + pairs.get("unscored", 0)
    return rows / counted_pairs if rows and counted_pairs else None


def _popularity_by_rows(facts: Facts) -> float | None:
    """Return popularity's recall by rows, divided by that by pairs."""
    judged = facts.judged
    by_pairs = facts.kind.evaluated(facts.kind.baseline, "all")
    test = facts.kind.tests.get(judged.measure) if judged else None
    if test is None or test.plain is None or by_pairs is None or by_pairs.value <= 0:
        return None
    return test.plain / by_pairs.value


def _one_buyer(facts: Facts) -> Iterator[Sign]:
    name = facts.run.config.features.buyer_id if facts.run.config else None
    found = [f for f in facts.findings("RG553") if not _is_of_product(facts, f)]
    seen = [*confirmed(*found)]
    top = facts.run.evidence.most_frequent(name)
    vocabulary = facts.run.evidence.vocabulary_of(name)
    others = (
        [each.count or 0 for each in vocabulary.head if top and each != top[0]]
        if vocabulary
        else []
    )
    if (
        top
        and top[1] >= _SHARE_OF_ONE
        and (top[0].count or 0) >= _TIMES_NEXT * max(others, default=0)
    ):
        seen.append(f"{percent(top[1])} of the training rows have the buyer {show(top[0].text)}")
    by_figures = [] if seen or facts.has_data or top else [*_one_buyer_by_figures(facts)]
    if not seen and not by_figures:
        return
    is_much = bool(by_figures) or (top is not None and top[1] >= _SHARE_OF_ONE)
    is_much = is_much or bool([*_one_buyer_by_figures(facts)])
    evidence = (*seen, *(by_figures or _one_buyer_by_figures(facts)))
    if not is_much and not facts.is_held_back:
        yield Sign("low", evidence, found[0].help if found else "", verdict="good")
        return
    help = found[0].help if found else ""
    sure = bool(seen)
    yield Sign("high" if sure else "medium", evidence, help, verdict=_verdict(facts), explains=True)


def _one_buyer_by_figures(facts: Facts) -> Iterator[str]:
    rows, ratio = _rows_of_pair(facts), _popularity_by_rows(facts)
    if rows is None or ratio is None or rows < _MANY_ROWS or ratio < _BY_ROWS:
        return
    if facts.candidates is not None and facts.candidates <= _FEW_PRODUCTS:
        return
    yield (
        f"the test has {rows:.1f} rows for each pair of buyer and product, and popularity finds "
        f"{ratio:.1f} times as many of its rows as of its pairs: a single buyer has most rows"
    )


def _repeated(facts: Facts) -> Iterator[Sign]:
    found = [f for f in facts.findings("RG554") if f.severity == "warning"]
    seen = [*confirmed(*found)]
    dated = {feature.name for split in facts.run.evidence.splits for feature in split.features}
    if "event_time" in dated:  # without a time, any second purchase is a repeated row
        issues = [i for i in facts.run.evidence.issues if i.slug == "duplicate-rows"]
        seen += [f"{issue.place}: {issue.message}" for issue in issues]
    if not seen and not facts.has_data and not facts.run.evidence.splits:
        seen = [*_repeated_by_figures(facts)]
    if seen:
        help = found[0].help if found else ""
        yield Sign("high" if found else "medium", tuple(seen), help, explains=True)


def _repeated_by_figures(facts: Facts) -> Iterator[str]:
    """Yield the sign of rows that were all written the same number of times."""
    params, rows, ratio = facts.params, _rows_of_pair(facts), _popularity_by_rows(facts)
    counts = [n for n in (params.train_rows, params.eval_rows, params.test_rows) if n]
    common = math.gcd(*counts) if len(counts) == 3 else 1
    if rows is None or ratio is None or rows < _MANY_ROWS or ratio >= _BY_ROWS or common < 2:
        return
    times = max(n for n in range(1, min(common, 1000) + 1) if common % n == 0 and n <= rows)
    if times < 2:
        return
    yield (
        f"the test has {rows:.1f} rows for each pair of buyer and product, and the numbers of "
        f"training, validation and test rows are all multiples of {times}: each row may be there "
        f"{times} times"
    )


def _dates(facts: Facts) -> Iterator[Sign]:
    found = [f for f in facts.findings(*_DATES) if f.severity != "info"]
    issues = [issue for issue in facts.run.evidence.issues if issue.slug == "splits-overlap"]
    seen = [*confirmed(*found), *(f"{issue.place}: {issue.message}" for issue in issues)]
    seen += [*_undated(facts), *_odd_shares(facts)]
    if not seen:
        return
    sure = bool(issues) or any(f.severity == "error" for f in found) or len(seen) > 1
    help = found[0].help if found else ""
    yield Sign(
        "high" if sure else "medium",
        tuple(seen),
        help,
        patch_of(*found[:1]) or None,
        explains=facts.is_held_back or sure,
    )


def _undated(facts: Facts) -> Iterator[str]:
    account = facts.metrics.data
    lost = account.without_time + account.outside_split if account else 0
    if account and account.read and lost / account.read > _MANY_UNKNOWN:
        yield f"{lost:,} of {account.read:,} rows have no time that counts, so they are in no split"


def _odd_shares(facts: Facts) -> Iterator[str]:
    """Yield whether the last part of the time has most of the rows."""
    split, params = facts.run.config.data.split if facts.run.config else None, facts.params
    parts = (params.train_rows, params.eval_rows, params.test_rows)
    if split is None or split.kind == "random" or None in parts or not facts.run.file.version:
        return
    total = sum(part or 0 for part in parts)
    share = (params.test_rows or 0) / total if total else 0.0
    if split.test and share >= _MOST_ROWS and share >= _TIMES_SHARE * split.test:
        yield (
            f"the last {percent(split.test)} of the time have {percent(share)} of the rows: are "
            "some dates far before all others, or those of an export?"
        )


def _cut(facts: Facts) -> Iterator[Sign]:
    cuts = [f for f in facts.findings(*_CUTS) if _is_of_product(facts, f)]
    share, seen = _unknown_share(facts)
    issues = [
        issue
        for issue in facts.run.evidence.issues
        if issue.slug == "out-of-vocabulary" and issue.place.endswith(f"/{_product(facts)}")
    ]
    seen += [f"{issue.place}: {issue.message}" for issue in issues]
    if not cuts or not seen or (share <= _MANY_UNKNOWN and not issues):
        return
    patch: Patch = {f.path: REMOVED for f in cuts if f.code == "RG119"}
    yield Sign(
        "high",
        (*seen, *confirmed(*cuts)),
        patch=patch,
        explains=facts.is_held_back,
        verdict=_verdict(facts),
    )


def _product(facts: Facts) -> str | None:
    return facts.run.config.features.product_id if facts.run.config else None


def _unknown_share(facts: Facts) -> tuple[float, list[str]]:
    """Return the largest share of rows whose product is in no vocabulary, and the evidence."""
    found = dict(facts.unknown_products)
    account, name = facts.metrics.data, _product(facts)
    for each in account.unknown if account else ():
        if each.column == name and each.total:
            found["training and validation"] = each.places / each.total
    if not found:
        return 0.0, []
    split, share = max(found.items(), key=lambda item: item[1])
    return share, [f"{share:.1%} of the {split} rows have a product that is in no vocabulary"]


def _drift(facts: Facts) -> Iterator[Sign]:
    split = facts.run.config.data.split if facts.run.config else None
    if split is None or split.kind != "strict_time":
        return
    gap = _gap(facts)
    if gap is None:
        return
    val, test, noise = gap
    if not (val > _FAR_ABOVE * test and val - test > noise):
        return
    popular = _popularity_over_time(facts)
    if popular and val <= popular[0]:
        return  # it was not good before, either
    measure = facts.curve.measure
    seen = [
        f"validation {measure} is {figure(val)}, and on the days after it, test {measure} is "
        f"{figure(test)}"
    ]
    if popular and popular[0] > _FAR_ABOVE * popular[1]:
        shown = f"from {figure(popular[0])} to {figure(popular[1])}"
        seen.append(f"popularity fell too, {shown}: other products are bought")
    days = (facts.params.half_lives or {}).get("popularity", {}).get("popularity")
    if days:
        seen.append(f"popularity is best with a half-life of {days:g} days")
    patch: Patch = {}
    if facts.model and facts.model.recency_half_life_days is None and split.date_column:
        patch = {"model.recency_half_life_days": _HALF_LIFE}
    sure = len(seen) > 1
    yield Sign(
        "high" if sure else "medium",
        tuple(seen),
        patch=patch,
        explains=True,
        verdict=_verdict(facts),
    )


def _gap(facts: Facts) -> tuple[float, float, float] | None:
    """Return validation recall, test recall of rows with known products, and noise."""
    curve, best = facts.curve, facts.best_epoch
    judged = facts.judged
    test = facts.kind.tests.get(curve.measure)
    val = (
        curve.values[best] if best is not None and best < len(curve.values) else last(curve.values)
    )
    if judged is None or test is None or not val:
        return None
    unknown = facts.unknown_products.get("test", 0.0)
    own = test.own / max(1 - unknown, 0.01)  # products that are new are another cause
    rows = min(facts.kind.rows("val") or 0, test.rows or 0)
    noise = 3 * math.sqrt(val * (1 - val) / rows) if rows and 0 <= val <= 1 else 0.0
    return val, min(own, 1.0), noise


def _popularity_over_time(facts: Facts) -> tuple[float, float] | None:
    """Return popularity's recall on validation rows and on test rows."""
    name = facts.curve.measure.replace("@", "_at_")
    final = facts.metrics.final_metrics
    val, test = (final.get(f"{split}_popularity_{name}") for split in ("val", "test"))
    return (val, test) if val and test else None


def _repurchases(facts: Facts) -> Iterator[Sign]:
    judged, own = facts.judged, facts.kind.evaluated("own_history", "all")
    if judged is None or own is None or facts.beats_plain is False:
        return
    if own.value < max(_HIGH, _ALMOST_ALL * judged.own):
        return
    pairs = facts.metrics.evaluation.pairs if facts.metrics.evaluation else {}
    seen = [
        f"each buyer's own history has a {judged.measure} of {figure(own.value)}, and the model "
        f"{figure(judged.own)}: people buy the same again"
    ]
    if pairs.get("all"):
        new = pairs.get("new", 0) / pairs["all"]
        seen.append(f"{percent(new)} of the test pairs are new to their buyer")
    if judged.own >= own.value - judged.noise:
        yield Sign("low", tuple(seen), verdict="good")
        return
    patch: Patch = {}
    if facts.model and facts.model.final_layer != "fitted":
        patch = {"model.final_layer": "fitted"}
    yield Sign("medium", tuple(seen), _PAST, patch, "at_risk", explains=True)


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
        "ID; there are ten products or fewer (a remark if recall@1 or mrr was measured); a "
        "product has fewer than two training rows on average; 90% of the validation and test "
        "rows have a buyer that training lacks; or `recgen check` finds IDs that never repeat "
        "(RG508).",
        remedy="Name the column with the product that different buyers buy again and again, and "
        "the column with the buyer who comes back.",
        check=_grain,
    ),
    Kind(
        code="RD408",
        verdict="at_risk",
        title="One buyer with most rows",
        reason="Purchases without an account are often booked on one ID, such as guest or 0. They "
        "are learnt as the taste of one buyer, who bought everything, and outweigh all others.",
        signs="`recgen check` finds such an ID in the data (RG553), or 20% of the training rows "
        "have the same buyer; or the test has two rows or more for each pair of buyer and product, "
        "and popularity finds twice as many rows as pairs.",
        remedy="Write null for buyers who are unknown, or leave these rows out of the training.",
        check=_one_buyer,
    ),
    Kind(
        code="RD409",
        verdict="at_risk",
        title="Rows that are repeated",
        reason="A row that is there ten times counts as ten purchases: in training, in popularity, "
        "and in the test, where it makes figures look ten times as sure. If rows are split at "
        "random, its copies are in training and test.",
        signs="`recgen check` finds 10% of the rows repeated (RG554), or 20% of the examples equal "
        "an earlier one, time included; or the numbers of rows of all splits have a common factor, "
        "and the test has as many rows for each pair of buyer and product.",
        remedy="Remove repeated rows where the data is made; a join is the usual reason.",
        check=_repeated,
    ),
    Kind(
        code="RD410",
        verdict="at_risk",
        title="Dates that are wrong",
        reason="A split by time, histories and recency believe the date column. If some dates are "
        "shifted, unknown, or in another unit, rows of the future train the model, or a few odd "
        "rows decide where the test begins.",
        signs="`recgen check` doubts the date column (RG521 to RG523, RG542 to RG544); the rows of "
        "a later split are not later (`recgen inspect`); 5% of the rows have no time that counts; "
        "or the last part of the time has a quarter of the rows, and three times its share.",
        remedy="Correct the dates, or leave out the rows whose date is unknown.",
        check=_dates,
    ),
    Kind(
        code="RD411",
        verdict="at_risk",
        title="A vocabulary that is cut too short",
        reason="All products outside the vocabulary share one index and cannot be recommended: "
        "their rows are misses, whatever the model learned.",
        signs="`vocab_size` or `min_frequency` cuts the vocabulary of the product ID, and more "
        "than 5% of the rows have a product that is not in it.",
        remedy="Remove `vocab_size` and `min_frequency`, or lower them.",
        check=_cut,
    ),
    Kind(
        code="RD412",
        verdict="at_risk",
        title="The test days differ from the validation days",
        reason="Validation and test are both later than the training, so a recall that falls from "
        "one to the other means that the purchases have changed: a season, a sale, a new "
        "assortment. What the validation chose is then not the best for the test.",
        signs="The split is strict_time, and validation recall is 1.5 times test recall or more, "
        "by more than noise, rows of unknown products aside. If popularity falls as much, the "
        "products have changed.",
        remedy="Train on more recent data, more often, with `recency_half_life_days`; compare with "
        "a test on other days.",
        check=_drift,
    ),
    Kind(
        code="RD413",
        verdict="good",
        title="People buy the same again",
        reason="Where people buy the same products again and again, such as medicine or staples, a "
        "recall of 0.9 is right: each buyer's own history has it too. It says little about the "
        "model, and a model that does not know what a buyer had is worse than that history.",
        signs="The recall of each buyer's own history is 0.5 or more, and at least 80% of the "
        "model's. If it is better than the model by more than noise, that explains it; otherwise, "
        "this is only a remark.",
        remedy="Nothing is wrong. Judge models by new pairs, and consider recommending past "
        "products without a model.",
        check=_repurchases,
    ),
)
