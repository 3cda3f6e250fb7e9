"""Patches that were measured to help; docs/limits.md has the figures."""

from __future__ import annotations

from recgen.analysis.diagnosis import REMOVED, Patch
from recgen.analysis.facts import Facts
from recgen.findings import Finding, join_path
from recgen.optimizers import OPTIMIZERS, RECOMMENDED, OptimizerInfo

_FEWER = 5  # by which a rate that failed is divided
_DEEP = 4  # layers from which a safe rate rescued no failed run: docs/diagnosis.md


def is_slow(facts: Facts) -> bool:
    """Return whether the rate is so low that the model does not get beyond popularity."""
    return bool(facts.findings("RG228"))


def calmed(facts: Facts) -> Patch:
    """Return all changes that keep towers from dying: rate, linear outputs, clipping, logQ.

    Deep towers lose their layers.
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
    if facts.lacks("gradient_clip_norm"):
        patch["model.gradient_clip_norm"] = 1.0
    return {**patch, **corrected(facts)}


def _info(facts: Facts) -> OptimizerInfo:
    """Return the facts of the optimizer, or of the recommended one if it is unknown."""
    return facts.optimizer_info or OPTIMIZERS[RECOMMENDED]


def corrected(facts: Facts) -> Patch:
    """Return a patch that switches the logQ correction on, if it is off."""
    if facts.model is None:  # without a config, only what an older trainer did is known
        return {"model.logq_correction": True} if facts.lacks("logq_correction") else {}
    return patch_of(*facts.findings("RG208"))


def lower_rate(facts: Facts) -> Patch:
    """Return a patch with a fifth of the rate, for a run that died at a usually safe one."""
    return {} if facts.rate is None else {"model.learning_rate": rounded(facts.rate / _FEWER)}


def without_layers(facts: Facts) -> Patch:
    """Return towers without layers and a rate that suits them; empty if they have no layers."""
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
    """Return a number rounded to two significant digits, as people write rates."""
    return float(f"{value:.2g}")


def patch_of(*findings: Finding) -> Patch:
    """Return the fixes of findings as a patch; empty if one of them renames a key."""
    steps = [step for finding in findings if finding.fix for step in finding.fix.steps]
    if any(step.op == "rename" for step in steps):
        return {}
    return {
        join_path(step.location): REMOVED if step.op == "remove" else step.value for step in steps
    }
