"""EASE, a linear model of products by products (Steck 2019). Knows numpy."""

from __future__ import annotations

import numpy as np

from bench.models.counting import counts
from bench.protocol import Recommend, Training, by_scores

_PENALTY = 250.0


def ease(training: Training, seed: int) -> Recommend:
    """Predicts a buyer's products from the others that the buyer has: the diagonal is zero."""
    bought = np.minimum(counts(training), 1)
    gram = (bought.T @ bought).astype(np.float64)
    gram[np.diag_indices_from(gram)] += _PENALTY
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    weights = weights.astype(np.float32)
    return by_scores(lambda buyers: bought[buyers] @ weights)


def ease_diagonal(training: Training, seed: int) -> Recommend:
    """Ridge regression of the same form that keeps the diagonal, and so repeats purchases.

    On log(1 + count), which for repeats is better than whether there was a purchase.
    """
    bought = np.log1p(counts(training))
    gram = (bought.T @ bought).astype(np.float64)
    penalty = _PENALTY * np.eye(len(gram))
    weights = np.linalg.solve(gram + penalty, gram).astype(np.float32)
    return by_scores(lambda buyers: bought[buyers] @ weights)
