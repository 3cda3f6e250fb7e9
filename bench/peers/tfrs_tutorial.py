"""A two-tower model as the TFRS tutorials write it: IDs and one more feature a tower, few steps."""

import logging
import sys

import numpy as np
import pandas as pd
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

BATCH, EPOCHS, WIDTH = 64, 1, 8

rows = pd.read_csv(
    sys.argv[1], dtype={"user": object, "item": object, "city": object}, keep_default_na=False
)
rows["price"] = rows["price"].astype("float32")
order = np.random.default_rng(1).permutation(len(rows))
train, test = rows.iloc[order[:160]], rows.iloc[order[160:]]


def vocabulary(column):
    """Returns the layers that embed a column of text."""
    names = np.unique(rows[column])
    lookup = keras.layers.StringLookup(vocabulary=names, mask_token=None)
    return [lookup, keras.layers.Embedding(len(names) + 1, WIDTH)]


def cross(first, second):
    """Returns a layer that embeds two columns together."""
    crossing = keras.layers.HashedCrossing(num_bins=100)
    embedding = keras.layers.Embedding(100, WIDTH)
    return lambda features: embedding(crossing((features[first], features[second])))


class Tower(keras.Model):
    """Embeds the columns of one side."""

    def __init__(self, texts, numbers):
        super().__init__()
        self.texts = {column: keras.Sequential(vocabulary(column)) for column in texts}
        self.numbers = {column: keras.layers.Normalization(axis=None) for column in numbers}
        for column, layer in self.numbers.items():
            layer.adapt(train[column])
        self.crosses = []
        self.layers_after = keras.Sequential(
            [keras.layers.Dense(16, "relu"), keras.layers.Dense(8)]
        )

    def call(self, features):
        """Returns the vectors of a batch."""
        parts = [layer(features[column]) for column, layer in self.texts.items()]
        parts += [
            tf.reshape(layer(features[column]), (-1, 1)) for column, layer in self.numbers.items()
        ]
        parts += [layer(features) for layer in self.crosses]
        return self.layers_after(tf.concat(parts, axis=1))


class TwoTowers(tfrs.Model):
    """Scores buyers against products."""

    def __init__(self):
        super().__init__()
        self.user, self.item = Tower(["user", "city"], []), Tower(["item"], ["price"])
        products = tf.data.Dataset.from_tensor_slices(dict(rows.drop_duplicates("item")))
        self.task = tfrs.tasks.Retrieval(
            metrics=tfrs.metrics.FactorizedTopK(products.batch(128).map(self.item), ks=(5,))
        )

    def compute_loss(self, features, training=False):
        """Returns the in-batch softmax."""
        return self.task(self.user(features), self.item(features), compute_metrics=not training)


model = TwoTowers()
model.compile(keras.optimizers.Adagrad(0.1))
train_rows, test_rows = (tf.data.Dataset.from_tensor_slices(dict(part)) for part in (train, test))
begin = keras.callbacks.LambdaCallback(
    on_train_batch_begin=lambda *_: logging.warning("a step begins")
)
model.fit(train_rows.shuffle(1000).batch(BATCH), epochs=EPOCHS, callbacks=[begin], verbose=0)
model.evaluate(test_rows.batch(BATCH), verbose=0)
index = tfrs.layers.factorized_top_k.BruteForce(model.user, k=5)
index.index(model.item(dict(rows.drop_duplicates("item"))), rows.drop_duplicates("item")["item"])
index(dict(test[:1]))
