"""Negatives: what the right product is compared with in the loss. No I/O."""

from __future__ import annotations

from typing import Literal

from recgen.config.experiment import DataConfig
from recgen.config.model import ModelConfig

Negatives = Literal["in_batch", "mixed", "full_catalogue"]

_FULL = 2
"""Products per row of a batch up to which `auto` scores the whole catalogue. Scoring then takes up
to twice the time of scoring the batch's own products, and is exact."""


def negatives_of(model: ModelConfig, data: DataConfig) -> Negatives:
    """Return the kind of negatives; `auto` is decided by the size of the catalogue."""
    if model.negatives != "auto":
        return model.negatives
    size = data.catalogue_size
    return "full_catalogue" if size and size <= _FULL * model.batch_size else "in_batch"


def scored_of(model: ModelConfig, data: DataConfig, products: int | None = None) -> int | None:
    """Return how many products each row is compared with, including the right one.

    Args:
        model: The model. Its `hard_negatives` do not count, since they are chosen among these.
        data: The data section, which may give the size of the catalogue.
        products: The size of the catalogue, if it is known from the data.

    Returns:
        None if that is the whole catalogue and its size is not known.
    """
    kind = negatives_of(model, data)
    if kind == "full_catalogue":
        return products or data.catalogue_size
    return model.batch_size + (model.catalogue_negatives if kind == "mixed" else 0)
