"""EASE, a linear model of products by products (Steck 2019). Knows numpy."""

from __future__ import annotations

import numpy as np

from bench.models.counting import counts
from bench.protocol import Array, Recommend, Training, by_scores
from bench.tuning import Choices, chosen

_PENALTY = 250.0


def ease(training: Training, seed: int) -> Recommend:
    """Predicts a buyer's products from the others that the buyer has: the diagonal is zero."""
    bought = np.minimum(counts(training), 1)
    return _predicting(bought, without_diagonal(bought))


def ease_diagonal(training: Training, seed: int) -> Recommend:
    """Ridge regression of the same form that keeps the diagonal, and so repeats purchases.

    On log(1 + count), which for repeats is better than whether there was a purchase.
    """
    bought = np.log1p(counts(training))
    return _predicting(bought, with_diagonal(bought))


def ease_recent(training: Training, seed: int) -> Recommend:
    """The same for a buyer's purchases with a half-life, chosen on validation rows."""
    choices: Choices = [{"half_life_days": days} for days in (30.0, 60.0, 120.0)]
    return chosen(training, choices, _recent_purchases)


def ease_weighted(training: Training, seed: int) -> Recommend:
    """EASE of purchases that are weighted by their age, in its regression, too."""
    choices: Choices = [{"half_life_days": days} for days in (60.0, 120.0, 240.0)]
    return chosen(training, choices, _weighted_rows)


def without_diagonal(bought: Array, penalty: float = _PENALTY) -> Array:
    """Returns EASE's weights, float32 [products, products]: the diagonal is zero."""
    gram = _gram(bought)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights.astype(np.float32)


def with_diagonal(bought: Array, penalty: float = _PENALTY) -> Array:
    """Returns the weights of ridge regression, float32 [products, products]."""
    gram = _gram(bought)
    return np.linalg.solve(gram + penalty * np.eye(len(gram)), gram).astype(np.float32)


def _gram(bought: Array) -> Array:
    gram: Array = (bought.T @ bought).astype(np.float64)
    return gram


def _predicting(bought: Array, weights: Array) -> Recommend:
    return by_scores(lambda buyers: bought[buyers] @ weights)


def _recent_purchases(training: Training, half_life_days: float) -> Recommend:
    weights = with_diagonal(np.log1p(counts(training)))
    return _predicting(np.log1p(counts(training, half_life_days)), weights)


def _weighted_rows(training: Training, half_life_days: float) -> Recommend:
    bought = np.minimum(counts(training, half_life_days), 1)
    return _predicting(np.minimum(counts(training), 1), without_diagonal(bought))
