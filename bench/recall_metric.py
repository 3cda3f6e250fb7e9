"""What validation recall by rank costs, against TFRS's FactorizedTopK by ID: the ratio, in turn.

The scores of a validation as large as the shop example's on Online Retail: 17 batches of 1,024
rows against 3,595 products of width 128.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

PRODUCTS, WIDTH, ROWS, BATCHES, ROUNDS = 3595, 128, 1024, 17, 5
KS = (5, 10, 50, 100)

_random = np.random.default_rng(0)
vectors = tf.Variable(_random.normal(size=(PRODUCTS, WIDTH)).astype(np.float32))
queries = tf.constant(_random.normal(size=(ROWS, WIDTH)).astype(np.float32))
right = tf.constant(_random.integers(0, PRODUCTS, ROWS).astype(np.int32))
pairs = tf.data.Dataset.range(1).map(lambda _: (tf.range(PRODUCTS), vectors))
index = tfrs.layers.factorized_top_k.Streaming(k=max(KS)).index_from_dataset(pairs)
metric = tfrs.metrics.FactorizedTopK(index, ks=KS)


@tf.function
def by_top_k() -> list[tf.Tensor]:
    """Returns recall at each k as TFRS measures it."""
    metric.update_state(queries, queries, true_candidate_ids=right)
    return metric.result()


@tf.function
def by_rank() -> list[tf.Tensor]:
    """Returns recall at each k as the generated trainer measures it."""
    terms = queries * tf.gather(vectors, right)
    own = tf.reduce_sum(terms - 1e-5 * tf.abs(terms), axis=1, keepdims=True)
    is_lower = tf.matmul(queries, vectors, transpose_b=True) < own
    ranks = PRODUCTS - 1 - tf.reduce_sum(tf.cast(is_lower, tf.int32), axis=1)
    return [tf.reduce_mean(tf.cast(ranks < k, tf.float32)) for k in KS]


def seconds(function: Callable[[], object]) -> float:
    """Returns the time of a validation."""
    began = time.perf_counter()
    for _ in range(BATCHES):
        function()
    return time.perf_counter() - began


if __name__ == "__main__":
    by_top_k(), by_rank()  # tracing is not what is measured
    rounds = [(seconds(by_top_k), seconds(by_rank)) for _ in range(ROUNDS)]
    ratios = [peer / ours for peer, ours in rounds]
    for peer, ours in rounds:
        print(f"FactorizedTopK {peer:.2f} s, by rank {ours:.2f} s, ratio {peer / ours:.1f}")
    print(f"ratio: median {statistics.median(ratios):.1f}, {min(ratios):.1f} to {max(ratios):.1f}")
