"""Rows, a catalogue and a model whose scores are given, for what the runtime measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Pairs = Sequence[tuple[int, int]]
"""Indices of a buyer and a product."""
Baselines = Mapping[str, Mapping[str, float | None]]
WIDTH = 256
PLAIN: Baselines = {
    "popularity": {"popularity": None},
    "own_history": {"popularity": None, "own_history": None},
}


class Scored:
    """Rows as a trainer reads them, and a model for which a buyer's score of a product is given."""

    def __init__(
        self,
        runtime: Any,
        train: Pairs,
        products: int,
        buyers: int = 2000,
        times: Sequence[int] | None = None,
    ) -> None:
        import tensorflow as tf

        self.runtime, self.products, self.buyers = runtime, products, buyers
        number = tf.io.FixedLenFeature([], tf.int64)
        self.columns = runtime.Columns(
            specs={"user": number, "sku": number, "past": tf.io.RaggedFeature(tf.int64)},
            buyer="user",
            product="sku",
            buyer_vocabulary="user_vocab",
            product_vocabulary="sku_vocab",
            product_features=("sku",),
            histories=("past",),
            past="past",
            time="" if times is None else "time",
        )
        self.train = self.rows(train, times=times)
        self.catalogue = runtime.Catalogue(self.train, self)

    def vocabulary_by_name(self, name: str) -> list[bytes]:
        assert name == "sku_vocab"
        return [b"p%d" % number for number in range(self.products)]

    def vocabulary_size_by_name(self, name: str) -> int:
        assert name == "user_vocab"
        return self.buyers

    def rows(
        self,
        pairs: Pairs,
        chunk: int | None = None,
        times: Sequence[int] | None = None,
        lists: Sequence[Sequence[int]] | None = None,
    ) -> Any:
        """Returns a split in several chunks; each list has up to two items, if none are given."""
        import tensorflow as tf

        buyers, products = (np.array([pair[at] for pair in pairs], np.int64) for at in (0, 1))
        past = tf.RaggedTensor.from_row_lengths(
            np.repeat(products, buyers % 3).astype(np.int32), buyers % 3
        )
        if lists is not None:
            past = tf.ragged.constant(lists, tf.int32, row_splits_dtype=tf.int64)
        features = {"user": buyers, "past": past, "sku": products}
        if times is not None:
            features["time"] = np.array(times, np.int64)
        chunk = chunk or max(7, len(pairs) // 20)  # each takes as long as its first row
        chunks = tf.data.Dataset.from_tensor_slices(features).ragged_batch(chunk)
        return self.runtime.Split(chunks.map(_dense).cache(), self.columns)

    def model(self, scores: Any) -> Any:
        """Returns a model with these scores, [buyers, products]."""
        import tensorflow as tf

        table = np.zeros((len(scores), WIDTH), np.float32)
        table[:, : scores.shape[1]] = scores

        class Query(tf.keras.layers.Layer):
            def call(self, features: Any, training: bool = False) -> Any:
                return tf.gather(table, features["user"])

        class Candidate(tf.keras.layers.Layer):
            def call(self, features: Any, training: bool = False) -> Any:
                return tf.one_hot(features["sku"], WIDTH)

        model = self.runtime.CatalogueModel(Query(), Candidate(), self.catalogue, WIDTH)
        model.embed_catalogue()
        return model

    def counting(self) -> Any:
        return self.runtime.Counting(self.catalogue, self.train)

    def evaluation(
        self,
        test: Pairs,
        baselines: Baselines = PLAIN,
        most: int = 1_000_000,
        lists: Sequence[Sequence[int]] | None = None,
    ) -> Any:
        rows = self.rows(test, lists=lists)
        return self.runtime.Evaluation(self.counting(), rows, baselines, 42, most)


def _dense(chunk: dict[str, Any]) -> dict[str, Any]:
    return dict(chunk)
