"""Matrix factorization by `implicit`: ALS and BPR. Knows scipy's sparse matrices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bench.protocol import Recommend, Training, by_scores

_FACTORS = 64


def als(training: Training, seed: int) -> Recommend:
    """Alternating least squares, weighted by log(1 + count)."""
    bought = _matrix(training)
    bought.data = np.log1p(bought.data)
    with _threads() as threads:
        from implicit.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            _FACTORS,
            regularization=0.05,
            alpha=20.0,
            iterations=15,
            random_state=seed,
            num_threads=threads,
        )
        model.fit(bought, show_progress=False)
    return _products_of(model)


def bpr(training: Training, seed: int) -> Recommend:
    """Bayesian personalized ranking. Its threads race, so a seed does not repeat it exactly."""
    bought = _matrix(training)
    bought.data[:] = 1
    with _threads() as threads:
        from implicit.bpr import BayesianPersonalizedRanking

        model = BayesianPersonalizedRanking(
            _FACTORS,
            learning_rate=0.05,
            regularization=0.002,
            iterations=100,
            random_state=seed,
            num_threads=threads,
        )
        model.fit(bought, show_progress=False)
    return _products_of(model)


@contextmanager
def _threads() -> Iterator[int]:
    """Leaves the cores to implicit's own threads, and says how many: it wants BLAS to have one."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        yield os.cpu_count() or 1


def _matrix(training: Training) -> Any:
    """Returns counts as a sparse matrix, [buyers, products]."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(training.buyer), np.float32)
    shape = len(training.buyers), len(training.products)
    return csr_matrix((ones, (training.buyer, training.product)), shape)


def _products_of(model: Any) -> Recommend:
    return by_scores(lambda buyers: model.user_factors[buyers] @ model.item_factors.T)
