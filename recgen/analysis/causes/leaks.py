"""Causes RD401 and RD402: figures that are too good, since the test or a tower knows the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recgen.analysis.causes.base import Kind, Sign, confirmed, figure
from recgen.analysis.diagnosis import REMOVED, Confidence, Patch, Verdict
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import Ranking
from recgen.analysis.series import last
from recgen.config import SIDES, ExperimentConfig, Feature, HistoryFeature, TemporalFeature
from recgen.findings import Finding, percent, show

_TOO_GOOD = 0.9  # recall at a k within a tenth of the catalogue
_VAL_FAR_ABOVE = 1.5  # validation recall, divided by the test's
_SMALL = 0.1  # k, divided by the number of products
_ANSWERS = ("RG115", "RG116", "RG526", "RG527", "RG547", "RG548", "RG576")
"""Findings that a tower sees the answer."""
_HINTS = ("RG117", "RG118")  # a tower sees something that hints at the answer
_ASKED = ("RG526", "RG576")  # and these, where they are warnings
_WHICH = "Which feature is only known after the purchase?"
_OF_ROW = re.compile(r"^features\.buyer_model_features\[(\d+)\]")
_ENTRY = re.compile(r"^features\.\w+_model_(?:features|crosses)\[\d+\]")
_LIFT = 3.0  # recall of new pairs, divided by the best baseline's; honest models had up to 2.1
_PREDICTED = 0.3  # recall of new pairs that no taste explains, with lists of a tenth or less
_LIFT_OF_UNKNOWN = 1.5  # of buyers of whom nothing is known but the other features
_OWN_PRODUCT = 0.5  # share of the lists that hold the product of their own row
_LEFT = 0.3  # of the error of the best mean, or of what its AUC lacks; good models leave 0.85
_SURE_AUC = 0.98
_LEFT_TO_ASK, _AUC_TO_ASK = 0.55, 0.93  # from which on it is asked what a feature knows
_FEW_SUSPECTS = 3  # features that a patch removes without being sure which one it is


def _split_leakage(facts: Facts) -> Iterator[Sign]:
    config = facts.run.config
    if config is None or config.features.buyer_id is None:
        yield from _unlike_test(facts)
        return
    split = config.data.split
    if split is None:
        yield _no_split(facts, config)
    elif found := facts.findings("RG301"):
        seen = (*confirmed(*found), *_gap(facts))
        yield Sign("high", seen, found[0].help, _by_time(config))
    else:
        yield from _unlike_test(facts)


def _no_split(facts: Facts, config: ExperimentConfig) -> Sign:
    if facts.run.trained_here:
        seen = "the config has no split: validation and test rows are drawn from the whole period"
        return Sign("medium", (seen, *_gap(facts)), patch=_by_time(config))
    seen = "the config has no split: was the data split by time before training?"
    return Sign("low", (seen,), patch=_by_time(config), verdict="good")


def _by_time(config: ExperimentConfig) -> Patch:
    """Return a split by time, if the column with the time is known."""
    split = config.data.split
    if split and split.date_column:
        return {"data.split.kind": "strict_time"}
    times = [
        feature.column
        for side in SIDES
        for feature in config.features.features_of(side)
        if isinstance(feature, TemporalFeature)
    ]
    if not times:
        return {}
    return {"data.split": {"kind": "strict_time", "date_column": times[0]}}


def _gap(facts: Facts) -> Iterator[str]:
    judged = facts.judged
    if judged and judged.baseline is not None:
        baseline = f"{judged.rival} {figure(judged.baseline)}"
        yield f"{judged.name} {figure(judged.own)} ({baseline}) was not measured on later days"


def _unlike_test(facts: Facts) -> Iterator[Sign]:
    test, curve = facts.kind.measured("test"), facts.curve
    split = facts.run.config.data.split if facts.run.config else None
    if split is not None and split.kind == "strict_time":
        return  # they are from later days: RD412
    val = last(curve.values)
    if not test or not val or curve.measure != test.measure or facts.is_failed:
        return
    if not 0 < _VAL_FAR_ABOVE * test.own < val:
        return
    rows = min(facts.kind.rows("val") or 0, test.rows or 0)
    if rows and val - test.own <= 3 * (val * (1 - val) / rows) ** 0.5:
        return
    seen = (
        f"validation {curve.measure} is {figure(val)}, but test {curve.measure} is "
        f"{figure(test.own)}: the validation rows are not from later days",
    )
    yield Sign("medium", seen)


def _too_good(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    is_dead = bool(facts.zero_gradients or facts.failure_kind or facts.constant_loss)
    if judged is None:
        return
    found = facts.findings(*_ANSWERS)
    answers = [each for each in found if not _is_asked(each)]
    hints = [*facts.findings(*_HINTS), *filter(_is_asked, found)]
    lists = [*_own_products(facts)]
    high = [] if is_dead or _is_explained(facts) else [*_far_above(facts)]
    means = [] if is_dead else [*_above_means(facts, is_sure=True)]
    if means and (answers or hints or not _is_compared(facts)):
        high += means
    unknown = [] if is_dead or _is_explained(facts) else [*_above_for_unknown_buyers(facts)]
    if answers or hints or high:
        high += unknown
    doubts = [] if high or is_dead else means or [*unknown, *_doubtful_means(facts, hints)]
    if not (answers or hints or lists or high or doubts):
        return
    seen = (*high, *doubts, *lists, *confirmed(*answers, *hints))
    sure = bool(answers or lists or (high and hints))
    confidence: Confidence = "high" if sure else "medium"
    verdict: Verdict = "bad" if high or answers or lists else "at_risk"
    patch = (
        _without(*answers)
        or _without(*hints)
        or (_without_suspects(facts) if high or unknown else {})
    )
    explains = bool(high or (answers and not is_dead and not facts.is_failed))
    help = _asking(facts, hints) if verdict == "at_risk" else ""
    yield Sign(confidence, seen, help, patch, verdict=verdict, explains=explains)


def _is_asked(finding: Finding) -> bool:
    return finding.code in _ASKED and finding.severity != "error"


def _is_compared(facts: Facts) -> bool:
    """Return whether the config was compared with the data, so a leak would have been found."""
    evidence = facts.run.evidence
    return evidence is not None and evidence.findings is not None


def _doubtful_means(facts: Facts, hints: Sequence[Finding]) -> Iterator[str]:
    """Yield whether a target is predicted so well that a feature may give it away.

    If the data was compared and no feature does, an honest one explains it.
    """
    if not hints and _is_compared(facts):
        return
    yield from _above_means(facts, is_sure=False)
    judged, kind = facts.judged, facts.kind
    has_means = not isinstance(kind, Ranking) or kind.is_compared
    if judged is not None and not has_means and judged.own >= _SURE_AUC:
        yield f"{judged.name} is {figure(judged.own)}: may a feature know the target?"


def _asking(facts: Facts, hints: Sequence[Finding]) -> str:
    """Return the question that decides whether a feature is a leak."""
    config = facts.run.config
    told = [each for each in hints if _is_asked(each)]
    if told or config is None:
        return told[0].help if told else _WHICH
    paths = (_OF_ROW.match(path) for path in _suspects(facts))
    features = config.features.buyer_model_features
    names = [show(features[int(path[1])].output_name) for path in paths if path]
    return f"{_WHICH.rstrip('?')}: {', '.join(names)}?" if names else _WHICH


def _is_explained(facts: Facts) -> bool:
    """Return whether each buyer's own history has nearly the same recall."""
    judged, own = facts.judged, facts.kind.evaluated("own_history", "all")
    return judged is not None and own is not None and own.value >= 0.8 * judged.own


def _far_above(facts: Facts) -> Iterator[str]:
    """Yield figures that no taste explains: near 1, or far above all counting on new pairs."""
    judged = facts.judged
    chance = judged.chance if judged else None
    is_share = judged is not None and not judged.is_error
    if judged and is_share and judged.own >= _TOO_GOOD and (chance is None or chance <= 0.2):
        yield f"{judged.name} is {figure(judged.own)}: purchases are not that predictable"
    yield from _above_on_new_pairs(facts)


def _above_means(facts: Facts, *, is_sure: bool) -> Iterator[str]:
    """Yield whether a target is predicted far better than by means of buyer and product."""
    rated = facts.kind.rated
    if rated is None or rated.baseline is None:
        return
    left, area = (_LEFT, _SURE_AUC) if is_sure else (_LEFT_TO_ASK, _AUC_TO_ASK)
    far = left * rated.baseline if rated.is_error else 1 - left * (1 - rated.baseline)
    worst = (rated.high if rated.is_error else rated.low) or rated.own
    is_far = worst <= far if rated.is_error else worst >= max(far, area)
    if is_far:
        what = "a feature gives the target away" if is_sure else "may a feature know the target?"
        yield (
            f"{rated.name} is {figure(rated.own)}, where {rated.rival} has "
            f"{figure(rated.baseline)}: {what}"
        )


def _above_on_new_pairs(facts: Facts) -> Iterator[str]:
    judged, own = facts.judged, facts.kind.evaluated("model", "new")
    counted = [facts.kind.evaluated(who, "new") for who in facts.params.baselines]
    best = max((each.value for each in counted if each), default=None)
    chance = judged.chance if judged else None
    if own is None or best is None or chance is None or chance > _SMALL:
        return
    least = own.value if own.low is None else own.low
    if (
        least >= _PREDICTED
        and least > _LIFT * best
        and (_suspects(facts) or not _is_compared(facts))
    ):
        times = (
            f"{own.value / best:.1f} times what counting finds" if best else "counting finds none"
        )
        yield (
            f"test {facts.curve.measure} of new pairs is {figure(own.value)}, {times} "
            f"({figure(best)}): what a buyer never had is not that predictable"
        )


def _above_for_unknown_buyers(facts: Facts) -> Iterator[str]:
    """Yield whether buyers of whom nothing is known are predicted better than by popularity."""
    own, popular = (
        facts.kind.evaluated(who, "unknown_buyers") for who in ("model", facts.kind.baseline)
    )
    chance = facts.judged.chance if facts.judged else None
    if own is None or popular is None or chance is None or chance > _SMALL:
        return
    least = own.value if own.low is None else own.low
    if least >= _PREDICTED and least > _LIFT_OF_UNKNOWN * popular.value and _suspects(facts):
        yield (
            f"of buyers who are unknown, test {facts.curve.measure} is {figure(own.value)}, where "
            f"popularity has {figure(popular.value)}: does another feature name what they buy?"
        )


def _own_products(facts: Facts) -> Iterator[str]:
    """Yield lists that hold the product of their own row, as the trainer counted them."""
    for name, counts in (facts.params.histories or {}).items():
        share = counts.get("own_product", 0.0)
        new = facts.metrics.evaluation.pairs if facts.metrics.evaluation else {}
        repeats = 1 - new.get("new", 0) / new["all"] if new.get("all") else 0.0
        if share >= max(_OWN_PRODUCT, (1 + repeats) / 2):
            yield (
                f"{percent(share)} of the lists in {show(name)} hold the product of their own row, "
                f"and only {percent(repeats)} of the test pairs are repeated"
            )


def _without(*findings: Finding) -> Patch:
    """Return a patch that removes the features and crosses that findings are about."""
    entries = (_ENTRY.match(finding.path) for finding in findings)
    return {entry[0]: REMOVED for entry in entries if entry}


def _without_suspects(facts: Facts) -> Patch:
    """Return a patch that removes what could name the product, if these are few features."""
    found = _suspects(facts)
    return dict.fromkeys(found, REMOVED) if len(found) <= _FEW_SUSPECTS else {}


def _suspects(facts: Facts) -> tuple[str, ...]:
    """Return the buyer's features that may come from the row of the purchase: lists, or others."""
    config, evidence = facts.run.config, facts.run.evidence
    if config is None:
        return ()
    known = {config.features.buyer_id, *(evidence.known if evidence else ())}
    given = {
        f"features.buyer_model_features[{index}]": feature
        for index, feature in enumerate(config.features.buyer_model_features)
        if feature.output_name not in known
    }
    lists = tuple(path for path, feature in given.items() if _is_given_list(feature))
    others = (path for path, feature in given.items() if not isinstance(feature, HistoryFeature))
    return lists or tuple(others)


def _is_given_list(feature: Feature) -> bool:
    return isinstance(feature, HistoryFeature)


KINDS = (
    Kind(
        code="RD401",
        verdict="at_risk",
        title="Split leakage",
        reason="If test rows are drawn at random, the model knows what each buyer bought before "
        "and after. Measured on one catalogue: recall@5 41% in the pipeline, 16% on a later day. "
        "Nothing is wrong with the model, but its figures do not predict how it performs in use.",
        signs="The config's split is random or missing; or validation recall is far above test "
        "recall, so that the validation rows are not from later days.",
        remedy="Split by time: `kind: strict_time` with a `date_column`.",
        check=_split_leakage,
    ),
    Kind(
        code="RD402",
        verdict="at_risk",
        title="Too good to be true",
        reason="A tower sees the answer: the product's ID, a property of it, the target, or a "
        "value that both towers take from the same row. Measured on Online Retail with the "
        "product's ID in the buyer tower: recall@100 0.974 in the test, and 0.003 in use.",
        signs="Recall is 0.9 or more at a k of at most a fifth of the catalogue, and the model is "
        "alive; or recall of new pairs is 0.3 or more and three times that of the best counting, "
        "both at a k of at most a tenth (honest models reached twice that of counting, and nearly "
        "four times where groups of buyers share no product), and a feature of the buyer may come "
        "from the row of the purchase; or a "
        "target is predicted with 0.3 of the error of the best mean; or `recgen check` finds the "
        "answer in a tower or a list. Recall that each buyer's own history has too is no sign. It "
        "is a question, and at risk, if `recgen check` asks about a column (RG526, RG576); if "
        "buyers who are unknown are predicted far better than by popularity, and a feature is not "
        "the same in all rows of a buyer; or if a target is predicted with 0.55 of the error of "
        "the best mean (honest models had 0.93), or has an AUC of 0.98 or more in a file without "
        "means, and the data is not there to see why. Where it is and no column gives the target "
        "away, 0.3 is a question.",
        remedy="Remove from each tower what is not known when a recommendation is requested.",
        check=_too_good,
    ),
)
