"""What a product is compared with in the loss: decides `negatives: auto`."""

from __future__ import annotations

from typing import Literal

from recgen.config import ExperimentConfig

Negatives = Literal["in_batch", "mixed", "full_catalogue"]

_FULL = 2
"""Products for each row of a batch up to which the whole catalogue is scored. A step's scores then
take up to twice the time of a batch's own, and are exact."""


def decide_negatives(config: ExperimentConfig) -> tuple[Negatives, str]:
    """Returns the kind of negatives, and for `auto` the reason, else no text."""
    model, size = config.model, config.data.catalogue_size
    if model.negatives != "auto":
        return model.negatives, ""
    if size is None:
        return "in_batch", ""
    if size <= _FULL * model.batch_size:
        return "full_catalogue", f"about {size:,} products are few enough to score them all."
    return "in_batch", f"about {size:,} products are too many to score them all."
