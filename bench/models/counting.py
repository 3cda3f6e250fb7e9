"""Recommenders that count, with and without decay. Knows numpy."""

from __future__ import annotations

import numpy as np

from bench.protocol import Array, Recommend, Training, by_scores
from bench.tuning import Choices, chosen

DAY = 86_400.0
HALF_LIVES = (7.0, 14.0, 30.0, 60.0, 120.0)
"""Days from which the half-lives of the baselines are chosen."""


def counts(training: Training, half_life_days: float | None = None) -> Array:
    """Returns how often each buyer bought each product, float32 [buyers, products].

    Args:
        training: The rows.
        half_life_days: If given, a purchase counts half for each of these before the last row.
    """
    shape = len(training.buyers), len(training.products)
    weights = row_weights(training, half_life_days)
    flat = np.bincount(training.pairs(), weights=weights, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(np.float32)


def row_weights(training: Training, half_life_days: float | None) -> Array:
    """Returns 2^(-age / half-life) of each row, [rows]; ones without a half-life."""
    if half_life_days is None:
        return np.ones(len(training.time))
    weights: Array = np.exp2((training.time - training.time.max()) / (half_life_days * DAY))
    return weights


def product_weights(training: Training, half_life_days: float | None = None) -> Array:
    """Returns the summed weights of each product's rows, [products]."""
    weights = row_weights(training, half_life_days)
    return np.bincount(training.product, weights=weights, minlength=len(training.products))


def popularity(training: Training, seed: int) -> Recommend:
    """Recommends to everybody the products with the most training rows."""
    return _popular(training, None)


def popularity_recent(training: Training, seed: int) -> Recommend:
    """Recommends to everybody what sold most, with a half-life chosen on validation rows."""
    choices: Choices = [{"half_life_days": days} for days in HALF_LIVES]
    return chosen(training, choices, _popular)


def own_history(training: Training, seed: int) -> Recommend:
    """Recommends what a buyer bought, by count, and below that what is popular."""
    return _own(training, None, None)


def own_history_recent(training: Training, seed: int) -> Recommend:
    """Recommends what a buyer bought, both counts with half-lives chosen on validation rows."""
    choices: Choices = [
        {"own_days": own, "popular_days": popular}
        for own in (30.0, 60.0, 120.0)
        for popular in (7.0, 14.0, 30.0)
    ]
    return chosen(training, choices, _own)


def _popular(training: Training, half_life_days: float | None) -> Recommend:
    popular = product_weights(training, half_life_days)
    return by_scores(lambda buyers: np.tile(popular, (len(buyers), 1)))


def _own(training: Training, own_days: float | None, popular_days: float | None) -> Recommend:
    bought = counts(training, own_days)
    popular = product_weights(training, popular_days)
    # It only orders equal counts, so it has to be smaller than the smallest of them.
    popular *= 0.5 * bought[bought > 0].min() / popular.max()
    return by_scores(lambda buyers: bought[buyers] + popular)
