"""The search of a saved model: all products are scored for each buyer."""

import numpy as np
import tensorflow as tf

from ..raw import is_null, null
from .final_layer import scored, with_scores

NOT_ALLOWED = float(
    np.finfo(np.float32).min
)  # score of what fills up a filtered answer


class ExactSearch(tf.Module):
    """The served catalogue, searched by scoring every product.

    Attributes:
        vectors: The products' vectors, transposed, [width, products]: their products with
            buyers' vectors then take less time.
        product_ids: The products' original IDs, [products].
        places: A table from an ID to its position in the catalogue, -1 if it has none.
        k: Number of products in an answer.
    """

    def __init__(self, model, product_ids, k):
        super().__init__()
        self.final_layer = model.final_layer
        self.vectors = tf.Variable(tf.transpose(model.candidates), trainable=False)
        ids = tf.constant(product_ids)
        self.product_ids = tf.Variable(ids, trainable=False)
        entries = tf.lookup.KeyValueTensorInitializer(ids, tf.range(tf.size(ids)))
        self.places = tf.lookup.StaticHashTable(entries, -1)
        self.k = min(k, len(product_ids))

    def lists(self, *names):
        """Return the specifications of inputs with product IDs, [batch, n]."""
        dtype = self.product_ids.dtype
        return [tf.TensorSpec([None, None], dtype, name) for name in names]

    def scores(self, queries, features):
        """Return the scores of all products, [batch, products]."""
        return self.final_layer(tf.matmul(queries, self.vectors), features)

    def best(self, queries, features):
        """Return product_ids and scores [batch, k], the best first."""
        return self.answer(*self.find(queries, features))

    def best_allowed(self, queries, features, excluded, only):
        """Return the same, without some products, or of some products alone.

        Where fewer than k are allowed, null IDs with the score NOT_ALLOWED follow. The
        arguments are those of `find_allowed`.
        """
        return self.answer(*self.find_allowed(queries, features, excluded, only))

    def answer(self, scores, places):
        """Return product_ids and scores, [batch, k]; an ID is null if the score is NOT_ALLOWED."""
        ids = tf.gather(self.product_ids, tf.maximum(places, 0))
        ids = tf.where(scores <= NOT_ALLOWED, null(ids.dtype), ids)
        return {"product_ids": ids, "scores": scores}

    def compared(self, popular, rows):
        """Return what the answers to some rows are compared with, once for each row.

        These are the IDs of the products at places that are popular, and the size of the
        catalogue, of which the answers cover a part.
        """
        ids = tf.gather(self.product_ids, popular)
        return {
            "popular_product_ids": tf.broadcast_to(ids, [rows, tf.size(ids)]),
            "catalogue_size": tf.fill([rows], tf.size(self.product_ids)),
        }

    def find(self, queries, features):
        """Return scores and places in the catalogue, [batch, k], the best first."""
        return tf.math.top_k(self.scores(queries, features), self.k)

    def find_allowed(self, queries, features, excluded, only):
        """Return the same of allowed products, then places with the score NOT_ALLOWED.

        Args:
            queries: The buyers' vectors.
            features: The buyers' features.
            excluded: IDs that are left out, [batch, n]; null and unknown IDs do not count.
            only: The only IDs that are allowed, [batch, n]. A row without any but null IDs
                allows all.
        """
        scores = self.scores(queries, features)
        is_limited = tf.reduce_any(~is_null(only), axis=1, keepdims=True)
        allowed = tf.where(is_limited, NOT_ALLOWED, scores)
        listed = self.places.lookup(only)
        allowed = with_scores(allowed, listed, scored(scores, listed))
        left_out = self.places.lookup(excluded)
        without = tf.fill(tf.shape(left_out), NOT_ALLOWED)
        return tf.math.top_k(with_scores(allowed, left_out, without), self.k)
