"""Changes of a config that were measured to help: docs/limits.md has the figures."""

from __future__ import annotations

from recgen.analysis.diagnosis import REMOVED, Patch
from recgen.analysis.facts import Facts
from recgen.findings import Fix, join_path

ADAPTIVE = ("adam", "adamw", "rmsprop")
_SLOWEST = {"adagrad": 0.01, "ftrl": 0.01, "adam": 0.0005, "adamw": 0.0005, "rmsprop": 0.0005}
_FEWER = 5  # a lower rate than one that failed
_DEEP = 4  # docs/diagnosis.md: of failed runs with so many layers, a safe rate rescued none


def safe_rate(optimizer: str | None, depth: int | None) -> float:
    """Returns the highest rate at which every measured run with such towers trained."""
    deep = depth or 0
    if optimizer in ADAPTIVE:
        return 0.01 if deep < 4 else 0.003
    return 0.05 if deep < 6 else 0.01 if deep < 8 else 0.002


def limit(optimizer: str | None, depth: int | None) -> float:
    """Returns the rate from which on such towers fail or lose much recall."""
    if optimizer in ADAPTIVE:
        return 0.03 if optimizer == "rmsprop" and (depth or 0) < 2 else 0.02
    if depth is None:
        return 0.1
    return 0.5 if depth < 2 else 0.2 if depth == 2 else 0.1 if depth < 6 else 0.05


def least_rate(optimizer: str | None) -> float | None:
    """Returns the rate below which a model is where popularity is after some epochs."""
    return _SLOWEST.get(optimizer or "")


def is_slow(facts: Facts) -> bool:
    """Says whether the rate is below that."""
    least = least_rate(facts.optimizer)
    return least is not None and facts.rate is not None and facts.rate < least


def calmed(facts: Facts) -> Patch:
    """Returns all changes that keep towers from dying: rate, linear outputs, clipping, logQ.

    Of deep towers, the layers go.
    """
    optimizer, depth = facts.optimizer, facts.depth or 0
    bare = without_layers(facts) if depth >= _DEEP else {}
    patch: dict[str, object] = {**bare}
    depth = 0 if bare else depth
    if optimizer == "sgd" or (optimizer == "ftrl" and depth >= 2):
        patch["model.optimizer"] = optimizer = "adagrad"  # they learn little at any rate
    rate, safe = facts.rate, safe_rate(optimizer, depth)
    if rate is not None and (rate > safe or facts.optimizer == "sgd") and rate != safe:
        patch["model.learning_rate"] = safe
    for side, index in () if bare else facts.relu_outputs:
        patch[f"model.{side}_tower_layers[{index}].activation"] = "linear"
    if facts.model and facts.model.gradient_clip_norm is None:
        patch["model.gradient_clip_norm"] = 1.0
    return {**patch, **corrected(facts)}


def corrected(facts: Facts) -> Patch:
    """Returns what switches the logQ correction on, if it is off."""
    is_off = facts.model is not None and not facts.model.logq_correction
    return {"model.logq_correction": True} if is_off else {}


def lower_rate(facts: Facts) -> Patch:
    """Returns a fifth of the rate: for what died at one that is usually safe."""
    return {} if facts.rate is None else {"model.learning_rate": rounded(facts.rate / _FEWER)}


def without_layers(facts: Facts) -> Patch:
    """Returns towers without layers, and a rate that suits them; empty when they have none."""
    if not facts.model or not any(
        (facts.model.buyer_tower_layers, facts.model.product_tower_layers)
    ):
        return {}
    patch: dict[str, object] = {
        "model.buyer_tower_layers": [],
        "model.product_tower_layers": [],
    }
    safe = safe_rate(facts.optimizer, 0)
    if facts.rate is not None and facts.rate > safe:
        patch["model.learning_rate"] = safe
    return {**patch, **corrected(facts)}


def rounded(value: float) -> float:
    """Returns a number with two digits that count: people write such rates."""
    return float(f"{value:.2g}")


def patch_of(fix: Fix | None) -> Patch | None:
    """Returns what a finding's fix does, as a patch; None when it renames."""
    steps = fix.steps if fix else ()
    if not steps or any(step.op == "rename" for step in steps):
        return None
    return {
        join_path(step.location): REMOVED if step.op == "remove" else step.value for step in steps
    }
