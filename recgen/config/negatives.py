"""What a product is compared with in the loss. No I/O."""

from __future__ import annotations

from typing import Literal

from recgen.config.experiment import DataConfig
from recgen.config.model import ModelConfig

Negatives = Literal["in_batch", "mixed", "full_catalogue"]

_FULL = 2
"""Products for each row of a batch up to which the whole catalogue is scored. A step's scores then
take up to twice the time of a batch's own, and are exact."""


def negatives_of(model: ModelConfig, data: DataConfig) -> Negatives:
    """Returns the kind of negatives; `auto` is decided by the size of the catalogue."""
    if model.negatives != "auto":
        return model.negatives
    size = data.catalogue_size
    return "full_catalogue" if size and size <= _FULL * model.batch_size else "in_batch"


def scored_of(model: ModelConfig, data: DataConfig, products: int | None = None) -> int | None:
    """Returns how many products each row is scored with, the right one included.

    Args:
        model: The model, whose `hard_negatives` are not asked: they are chosen among these.
        data: What names the catalogue's size.
        products: The catalogue's size, where it is known better.

    Returns:
        None where that is the whole catalogue, and nobody says how large it is.
    """
    kind = negatives_of(model, data)
    if kind == "full_catalogue":
        return products or data.catalogue_size
    return model.batch_size + (model.catalogue_negatives if kind == "mixed" else 0)
