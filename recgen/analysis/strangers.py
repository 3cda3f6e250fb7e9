"""Buyers of later rows whom the training did not know. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from recgen.analysis.facts import Facts
from recgen.analysis.kinds.base import Split

_OWN, _POPULAR = "own_history", "popularity"
_SPLITS: Mapping[str, Split] = {"eval": "val", "test": "test"}


def unknown_buyers(facts: Facts) -> dict[str, float]:
    """Return the share of rows or pairs whose buyer no training row has, by split (`eval`, `test`).

    The pairs of the test tell, and trainers write it. Of older ones, a vocabulary made of all rows
    knows every buyer, so `unknown_ids` says nothing there. Own history does: whoever has none gets
    what is popular, so both find the same at every k if nobody has one.
    """
    name = facts.run.config.features.buyer_id if facts.run.config else None
    by_rows = facts.params.unknown_ids or {}
    found = {split: by_rows.get(split, {}).get(name or "", 0.0) for split in _SPLITS}
    found |= {k: v for k, v in (facts.params.unknown_buyers or {}).items() if k in _SPLITS}
    pairs = facts.metrics.evaluation.pairs if facts.metrics.evaluation else {}
    strangers = pairs.get("unknown_buyers", 0) - pairs.get("shown_as_unknown", 0)
    counted = pairs.get("all", 0) + max(pairs.get("left_out", 0), strangers)
    if counted:
        found["test"] = max(found["test"], strangers / counted)
    for split in _SPLITS:
        if _nobody_has_a_past(facts, _SPLITS[split]):
            found[split] = 1.0
    return found


def _nobody_has_a_past(facts: Facts, split: Split) -> bool:
    """Return whether own history is what is popular, at every k that was measured."""
    popular = {k: value for k, value in facts.kind.recalls(split, _POPULAR).items() if value}
    own = facts.kind.recalls(split, _OWN)
    return len(popular) > 1 and all(own.get(k) == value for k, value in popular.items())
