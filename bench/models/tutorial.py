"""The model of TFRS's tutorial on basic retrieval. Knows TensorFlow and TFRS.

ID embeddings of 32, Adagrad 0.1, 6 epochs, batches of 8,192 that are cached, so that each epoch
sees the same ones. FactorizedTopK is off in training, which makes it 2.6 times as fast as it is
published.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.protocol import Array, Recommend, Training, by_scores

BATCH, EPOCHS = 8192, 6
LOGQ_BATCH = 1024
VALIDATION_RECALL = "val_factorized_top_k/top_100_categorical_accuracy"
_WIDTH, _LEARNING_RATE = 32, 0.1


def tutorial(training: Training, seed: int) -> Recommend:
    """Trains the tutorial's model as published."""
    return _trained(training, seed, BATCH, logq=False)


def tutorial_logq(training: Training, seed: int) -> Recommend:
    """Trains it with the logQ correction that TFRS has and the tutorial leaves out."""
    return _trained(training, seed, LOGQ_BATCH, logq=True)


def _trained(training: Training, seed: int, batch: int, logq: bool) -> Recommend:
    tensorflow().keras.utils.set_random_seed(seed)
    model = build(training, logq=logq)
    model.fit(batches(training, batch), epochs=EPOCHS, verbose=0)
    users, items = (
        tower(tensorflow().constant(names.astype(str))).numpy()
        for tower, names in ((model.users, training.buyers), (model.items, training.products))
    )
    return by_scores(lambda buyers: users[buyers] @ items.T)


def tensorflow() -> Any:
    """Returns TensorFlow, quiet and with Keras 2, which TFRS needs."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    return tf


def batches(rows: Training, size: int) -> Any:
    """Returns the rows in cached batches, as the tutorial makes them."""
    columns = {
        "user": rows.buyers[rows.buyer].astype(str),
        "item": rows.products[rows.product].astype(str),
    }
    data = tensorflow().data.Dataset.from_tensor_slices(columns)
    return data.shuffle(100_000).batch(size).cache()


def build(training: Training, logq: bool = False, validates: bool = False) -> Any:
    """Returns the compiled model.

    Args:
        training: Gives the vocabularies and, for logQ, the counts.
        logq: Whether to correct for how often products are in a batch.
        validates: Whether `fit` shall measure recall on validation data, with FactorizedTopK.
    """
    tf = tensorflow()
    import tensorflow_recommenders as tfrs

    class Tutorial(tfrs.models.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.users, self.items = _tower(training.buyers), _tower(training.products)
            names = tf.data.Dataset.from_tensor_slices(training.products.astype(str))
            candidates = names.batch(128).map(self.items)
            metric = tfrs.metrics.FactorizedTopK(candidates) if validates else None
            self.task = tfrs.tasks.Retrieval(metrics=metric)
            self.probability = _probabilities(training) if logq else None

        def compute_loss(self, features: Any, training: bool = False) -> Any:
            probability = self.probability
            return self.task(
                self.users(features["user"]),
                self.items(features["item"]),
                compute_metrics=validates and not training,
                candidate_sampling_probability=probability and probability.lookup(features["item"]),
            )

    model = Tutorial()
    model.compile(tf.keras.optimizers.Adagrad(_LEARNING_RATE))
    return model


def _tower(names: Array) -> Any:
    layers = tensorflow().keras.layers
    lookup = layers.StringLookup(vocabulary=names.astype(str).tolist(), mask_token=None)
    tower: Sequence[Any] = [lookup, layers.Embedding(len(names) + 1, _WIDTH)]
    return tensorflow().keras.Sequential(tower)


def _probabilities(training: Training) -> Any:
    """Returns a table from a product's name to its share of the training rows."""
    lookup = tensorflow().lookup
    share = np.bincount(training.product, minlength=len(training.products))
    share = (share / share.sum()).astype(np.float32)
    entries = lookup.KeyValueTensorInitializer(training.products.astype(str), share)
    return lookup.StaticHashTable(entries, default_value=1e-9)
