"""Approximate search with ScaNN, for catalogues of millions of products."""

import importlib.util
import math

import numpy as np
import tensorflow as tf

from .search import NOT_ALLOWED, ExactSearch

SEARCHED_LEAVES = 0.25  # share of the leaves, unless the config gives a number
FETCHED = 6  # times k: products that ScaNN finds, to be ranked by the final layer
LEAST_FETCHED = (
    400  # ScaNN's distances are rough: a few dozen would miss near neighbours
)
COMPARED_QUERIES = 256  # whose answers are compared with those of exact search


def scann_ops():
    """Return ScaNN's operations for TensorFlow.

    Raises:
        ImportError: They are not installed, or are for another TensorFlow.
    """
    try:
        return importlib.import_module("scann.scann_ops.py.scann_ops")
    except (ImportError, tf.errors.OpError) as error:
        raise ImportError(
            "retrieval_algorithm: scann needs ScaNN's operations, which do not load with "
            f"TensorFlow {tf.__version__} here: use TensorFlow 2.16 with scann 1.3.2, or "
            f"brute_force, which is exact ({error})"
        ) from error


class ScannSearch(ExactSearch):
    """A search that scores a part of the products; filtered answers stay exact.

    ScaNN divides the products into leaves and looks into those that are nearest to the
    buyer's vector. Its vectors have two more dimensions, for what the final layer adds to
    each product: for known and for unknown buyers. What it finds, and all that the buyer
    had, is scored and ranked exactly.

    Args:
        leaves: Number of parts of the catalogue; by default, the root of its size.
        searched: Number of these that are searched; by default, SEARCHED_LEAVES.
    """

    def __init__(self, model, product_ids, k, leaves=None, searched=None):
        super().__init__(model, product_ids, k)
        products, count = self.final_layer.products.numpy(), len(product_ids)
        # A constant changes no order, and small numbers are stored more exactly.
        products -= products.mean(axis=1, keepdims=True)
        vectors = np.column_stack([model.candidates.numpy(), *products])
        leaves = min(leaves or round(math.sqrt(count)), count // 2)
        searched = min(searched or math.ceil(SEARCHED_LEAVES * leaves), leaves)
        self.fetched = min(max(FETCHED * self.k, LEAST_FETCHED), count)
        self.ops = scann_ops()
        builder = self.ops.builder(vectors, self.fetched, "dot_product")
        if leaves > 1:
            builder = builder.tree(num_leaves=leaves, num_leaves_to_search=searched)
        searcher = builder.score_ah(2, anisotropic_quantization_threshold=0.2).build()
        self.state = searcher.serialize_to_module()

    def near(self, queries, features):
        """Return the places that ScaNN finds, [batch, n]; -1 for none."""
        kinds = self.final_layer.kinds(features)
        towers = tf.gather(self.final_layer.towers, kinds)[:, tf.newaxis]
        queries = tf.concat([towers * queries, tf.one_hot(kinds, 2)], axis=1)
        searcher = self.ops.searcher_from_module(self.state)
        found = searcher.search_batched(queries, final_num_neighbors=self.fetched)
        return tf.where(tf.math.is_nan(found.distances), -1, found.indices)

    def find(self, queries, features):
        """Return scores and places in the catalogue, [batch, k], the best first.

        The score NOT_ALLOWED fills up a list of which ScaNN found too few.
        """
        places = self.near(queries, features)
        if self.final_layer.has_past:
            past = self.final_layer.had(features)
            places = tf.concat([past, places], axis=1)
        places = tf.sort(places, axis=1, direction="DESCENDING")
        repeated = places[:, 1:] == places[:, :-1]
        places = tf.concat(
            [places[:, :1], tf.where(repeated, -1, places[:, 1:])], axis=1
        )
        places = tf.pad(places, [[0, 0], [0, self.k]], constant_values=-1)
        vectors = tf.gather(self.vectors, tf.maximum(places, 0), axis=1)
        scores = tf.einsum("bd,dbn->bn", queries, vectors)
        scores = self.final_layer.at(scores, features, places)
        scores = tf.where(places >= 0, scores, NOT_ALLOWED)
        scores, order = tf.math.top_k(scores, self.k)
        return scores, tf.gather(places, order, batch_dims=1)

    def recall(self, queries, features):
        """Return the share of the exact answers' products that this search finds."""
        exact = super().find(queries, features)[1].numpy()
        found = self.find(queries, features)[1].numpy()
        pairs = zip(exact.tolist(), found.tolist(), strict=True)
        return float(np.mean([len(set(a) & set(b)) / self.k for a, b in pairs]))
