"""Recommenders that count. Knows numpy."""

from __future__ import annotations

import numpy as np

from bench.protocol import Array, Recommend, Training, by_scores


def counts(training: Training) -> Array:
    """Returns how often each buyer bought each product, float32 [buyers, products]."""
    shape = len(training.buyers), len(training.products)
    flat = np.bincount(training.pairs(), minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(np.float32)


def popularity(training: Training, seed: int) -> Recommend:
    """Recommends to everybody the products with the most training rows."""
    rows = np.bincount(training.product, minlength=len(training.products))
    return by_scores(lambda buyers: np.tile(rows, (len(buyers), 1)))


def own_history(training: Training, seed: int) -> Recommend:
    """Recommends what a buyer bought, by count, and below that what is popular."""
    bought = counts(training)
    popular = bought.sum(axis=0, dtype=np.float64)
    popular /= popular.max() + 1  # below 1, so that it only orders equal counts
    return by_scores(lambda buyers: bought[buyers] + popular)
