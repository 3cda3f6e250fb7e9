"""Changes of a config that were measured to help: docs/limits.md has the figures."""

from __future__ import annotations

from recgen.analysis.diagnosis import REMOVED, Patch
from recgen.analysis.facts import Facts
from recgen.findings import Finding, join_path
from recgen.optimizers import OPTIMIZERS, RECOMMENDED, OptimizerInfo

_FEWER = 5  # a lower rate than one that failed
_DEEP = 4  # docs/diagnosis.md: of failed runs with so many layers, a safe rate rescued none


def is_slow(facts: Facts) -> bool:
    """Return whether the rate is so low that a model stays where popularity is."""
    return bool(facts.findings("RG228"))


def calmed(facts: Facts) -> Patch:
    """Returns all changes that keep towers from dying: rate, linear outputs, clipping, logQ.

    Of deep towers, the layers go.
    """
    info, depth = _info(facts), facts.depth or 1
    bare = without_layers(facts) if depth >= _DEEP else {}
    patch: dict[str, object] = {**bare}
    depth = 1 if bare else depth
    is_unfit = info.is_unfit(depth)
    if is_unfit:
        patch["model.optimizer"] = RECOMMENDED
        info = OPTIMIZERS[RECOMMENDED]
    rate, safe = facts.rate, info.at(depth).safe
    if rate is not None and (rate > safe or is_unfit) and rate != safe:
        patch["model.learning_rate"] = safe
    for finding in () if bare else facts.findings("RG204"):
        patch[f"{finding.path}.activation"] = "linear"
    if facts.model and facts.model.gradient_clip_norm is None:
        patch["model.gradient_clip_norm"] = 1.0
    return {**patch, **corrected(facts)}


def _info(facts: Facts) -> OptimizerInfo:
    """Returns what is known of the optimizer; of one that is not ours, what is of the usual one."""
    return facts.optimizer_info or OPTIMIZERS[RECOMMENDED]


def corrected(facts: Facts) -> Patch:
    """Returns what switches the logQ correction on, if it is off."""
    return patch_of(*facts.findings("RG208"))


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
    safe = _info(facts).at(1).safe
    if facts.rate is not None and facts.rate > safe:
        patch["model.learning_rate"] = safe
    return {**patch, **corrected(facts)}


def rounded(value: float) -> float:
    """Returns a number with two digits that count: people write such rates."""
    return float(f"{value:.2g}")


def patch_of(*findings: Finding) -> Patch:
    """Returns what the fixes of findings do, as a patch; nothing where one renames."""
    steps = [step for finding in findings if finding.fix for step in finding.fix.steps]
    if any(step.op == "rename" for step in steps):
        return {}
    return {
        join_path(step.location): REMOVED if step.op == "remove" else step.value for step in steps
    }
