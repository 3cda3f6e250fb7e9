"""What the weights of a final layer mean, in words that the terminal and the report page share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from recgen.metrics import FinalLayerFit, TrainingMetrics

VIEWS = {
    "all": "all pairs",
    "new": "new pairs",
    "new_filtered": "new pairs, past products left out",
}
_SHARE = re.compile(r"(had_)?share(?:_(\d{1,6})_days)?")
_RECENT = re.compile(r"had_in_last_(\d{1,6})")
_TERMS = {
    "towers": "the towers' score",
    "had": "the buyer had it",
    "had_often": "log of how often the buyer had it",
    "had_among_many": "the buyer had it, times the log of the number of purchases",
    "had_by_repeater": "the buyer had it, times the log of the purchases per product",
}
_PURCHASES = 10  # of the buyer of the examples
_WEEK = 7  # days
_HARDLY = 0.05  # of the towers' score
_MOST, _LEAST = 1000, 0.001  # a larger or smaller factor is not told exactly


def served_layer(metrics: TrainingMetrics) -> FinalLayerFit | None:
    """Return the fit by which the saved model ranks known buyers' products; None without one."""
    saved = metrics.saved_final_layer
    return saved if saved is not None and saved.weights else metrics.final_layer


def term_in_words(name: str) -> str:
    """Return what a weight of the final layer is multiplied with; its name if unknown."""
    if (share := _SHARE.fullmatch(name)) is not None:
        half_life = f" with a half-life of {share[2]} days" if share[2] else ""
        return f"{'the buyer had it, times the ' if share[1] else ''}log share of sales{half_life}"
    if (recent := _RECENT.fullmatch(name)) is not None:
        return f"how often the buyer had it, with a half-life of {recent[1]} purchases"
    return _TERMS.get(name, name)


def effects(fit: FinalLayerFit) -> Iterator[tuple[str, str]]:
    """Yield what the weights do to a product, each as a case and its effect.

    The file that the fit was read from need not be trusted.
    """
    weights = fit.weights
    if "towers" in weights:
        yield "the towers' score", _counts(weights["towers"])
    shares = dict(_shares(weights, ""))
    if shares:
        yield from _factor("a product with twice the sales", sum(shares.values()) * math.log(2))
    if any(shares):
        # The share with a half-life grows by that of the last week in it.
        logs = [w * math.log(2 - 0.5 ** (_WEEK / days)) for days, w in shares.items() if days]
        yield from _factor("a product whose sales doubled a week ago", sum(logs))
    if "had" in weights:
        ages = {"latest": 0, "first": _PURCHASES - 1}
        for word, age in ages.items():
            case = f"what the buyer had, {word} of {_PURCHASES} purchases"
            yield from _factor(case, _bonus(weights, age))


def unused_towers(fit: FinalLayerFit | None) -> float | None:
    """Return the weight of the towers' score if lists are made without it; None otherwise."""
    weight = fit.weights.get("towers") if fit is not None else None
    return weight if weight is not None and weight < _HARDLY else None


def _counts(weight: float) -> str:
    """Return what a weight does to the towers' score; counting may have taken its place."""
    if abs(weight) < _HARDLY:
        return "hardly counts: what is below stands for it"
    turned = ", so what it puts first comes later" if weight < 0 else ""
    return f"counts {weight:.2f} times as much as in training{turned}"


def _shares(weights: Mapping[str, float], prefix: str) -> Iterator[tuple[int, float]]:
    """Yield the weights of the shares by half-life in days, 0 for none."""
    for name, weight in weights.items():
        match = _SHARE.fullmatch(name)
        if match is not None and (match[1] or "") == prefix:
            yield int(match[2] or 0), weight


def _bonus(weights: Mapping[str, float], age: int) -> float:
    """Return what is added for an average product that was bought once, `age` purchases ago.

    Log shares are relative to their mean over the products, so those of an average one are 0.
    """
    total = weights["had"] + weights.get("had_among_many", 0) * math.log1p(_PURCHASES)
    for name, weight in weights.items():
        if (match := _RECENT.fullmatch(name)) is not None and int(match[1]):
            total += weight * math.log1p(0.5 ** (age / int(match[1])))
    return total


def _factor(case: str, logarithm: float) -> Iterator[tuple[str, str]]:
    if not math.isfinite(logarithm):
        return  # a damaged file
    times = math.exp(max(min(logarithm, 100), -100))
    shown = f"{times:,.0f}" if times >= 10 else f"{times:.2g}"
    if times > _MOST:
        shown = f"more than {_MOST:,}"
    elif times < _LEAST:
        shown = f"less than {_LEAST}"
    yield case, "as likely as before" if shown == "1" else f"{shown} times as likely"
