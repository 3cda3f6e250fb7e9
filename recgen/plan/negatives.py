"""What a product is compared with in the loss, and why: what generated code says about it."""

from __future__ import annotations

from recgen.config import ExperimentConfig, Negatives, negatives_of

__all__ = ["Negatives", "decide_negatives"]


def decide_negatives(config: ExperimentConfig) -> tuple[Negatives, str]:
    """Returns the kind of negatives, and for `auto` the reason, else no text."""
    kind, size = negatives_of(config.model, config.data), config.data.catalogue_size
    if config.model.negatives != "auto" or size is None:
        return kind, ""
    few = "few enough" if kind == "full_catalogue" else "too many"
    return kind, f"about {size:,} products are {few} to score them all."
