"""Patches that were measured to help; docs/limits.md has the figures."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.diagnosis import REMOVED, Patch
from recgen.analysis.facts import Facts
from recgen.findings import Finding, join_path
from recgen.optimizers import OPTIMIZERS, RECOMMENDED, OptimizerInfo

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


def rescued(facts: Facts) -> Patch:
    """Return all that is known to help a run that died or diverged.

    Where rate, outputs, clipping and correction are as they should be, that is fewer layers: a rate
    that is safe is not lowered further, since a lower one only hides what is wrong.
    """
    return calmed(facts) or without_layers(facts)


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


def patch_of(*findings: Finding) -> Patch:
    """Return the fixes of findings as a patch; empty if one of them renames a key."""
    steps = [step for finding in findings if finding.fix for step in finding.fix.steps]
    if any(step.op == "rename" for step in steps):
        return {}
    return {
        join_path(step.location): REMOVED if step.op == "remove" else step.value for step in steps
    }


def advice(facts: Facts, otherwise: str = "") -> str:
    """Return what is known to help and is not so yet, in a sentence.

    Args:
        facts: The run.
        otherwise: The advice if everything is as it should be.
    """
    parts = list(_advised(facts))
    if not parts:
        return otherwise or (NOTHING_LEFT if facts.model else NOTHING_KNOWN)
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{text[0].upper()}{text[1:]}."


NOTHING_LEFT = (
    "Rate, layers, clipping and correction are as they should be: look at the data with `recgen "
    "check --data` and at the files with `recgen inspect`."
)

NO_MORE = (
    "The settings are as they should be. Such purchases may show no more than what is popular: a "
    "list of that is then as good, unless columns say more of buyers and products."
)

NOTHING_KNOWN = (
    "No config says how it was trained. A lower learning rate, clipped gradients, a linear output "
    "and one dense layer or none keep towers alive."
)


def _advised(facts: Facts) -> Iterator[str]:
    """Yield each setting that should be another; without a config, what usually should be."""
    info, model = _info(facts), facts.model
    depth = facts.depth or 1
    if info.is_unfit(depth):
        yield f"use the optimizer {RECOMMENDED}"
    elif facts.rate is not None and facts.rate > info.at(facts.depth).safe:
        yield f"lower the learning rate to {info.at(facts.depth).safe:g}"
    elif is_slow(facts):
        yield f"raise the learning rate to {info.at(facts.depth).safe:g}"
    if facts.findings("RG204"):
        yield "end the towers in a linear layer"
    if facts.findings("RG208"):
        yield "use the logQ correction"
    if model is not None and model.gradient_clip_norm is None:
        yield "clip gradients at 1.0"
    if depth >= 2 and without_layers(facts):
        yield "use one dense layer or none"
