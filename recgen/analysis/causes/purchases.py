"""Causes RD410 to RD413: dates, vocabularies, other purchases on later days, or the same ones."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.analysis.causes.base import (
    Kind,
    Sign,
    confirmed,
    figure,
    is_of_product,
    spoiled,
)
from recgen.analysis.causes.remedies import patch_of
from recgen.analysis.diagnosis import REMOVED, Patch
from recgen.analysis.facts import Facts
from recgen.analysis.series import last
from recgen.findings import percent

_MANY_UNKNOWN = 0.05
_MOST_ROWS, _TIMES_SHARE = 0.25, 3  # of all rows, and times the share of the time: too much growth
_ALL_UNKNOWN = 0.9  # of the test's rows: too few are left to compare
_FAR_ABOVE = 1.5  # validation recall, divided by the test's
_ALMOST_ALL = 0.8  # of the model's recall
_HALF_LIFE = 50  # days: measured, docs/limits.md
_PAST = (
    "Recommend past products too: with the fitted final layer or a history of past products, the "
    "model weighs what a buyer had; or without a model, by each buyer's own history."
)
_DATES = (
    *("RG521", "RG522", "RG523", "RG542", "RG543", "RG544"),
    *("RG565", "RG566", "RG567", "RG581"),
)
_CUTS = ("RG119", "RG512")


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
    cuts = [f for f in facts.findings(*_CUTS) if is_of_product(f)]
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
        verdict=spoiled(facts),
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
        verdict=spoiled(facts),
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
    if unknown > _ALL_UNKNOWN:
        return None
    own = test.own / (1 - unknown)  # products that are new are another cause
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
    if not facts.is_bought_again or own.value < _ALMOST_ALL * judged.own:
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
        code="RD410",
        verdict="at_risk",
        title="Dates that are wrong",
        reason="A split by time, histories and recency believe the date column. If some dates are "
        "shifted, unknown, or in another unit, rows of the future train the model, or a few odd "
        "rows decide where the test begins.",
        signs="`recgen check` doubts the date column (RG521 to RG523, RG542 to RG544, RG565 "
        "to RG567, RG581); the rows of a later split are not later (`recgen inspect`); 5% of the "
        "rows have no time that counts; or the last part of the time has a quarter of the rows, "
        "and three times its share.",
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
        signs="The recall of each buyer's own history is 0.5 or more, or five times that of "
        "popularity, and at least 80% of the model's. If it is better than the model by more than "
        "noise, that explains it; otherwise, this is only a remark.",
        remedy="Nothing is wrong. Judge models by new pairs, too: they say more about a model.",
        check=_repurchases,
    ),
)
