"""The model: two towers and their catalogue."""

import numpy as np
import tensorflow as tf

from ..layers import distinct, hashed
from ..model import TwoTowerModel
from .final_layer import FinalLayer
from .measures import MEASURES, MISSED, RECALL_AT, RECALLS

CATALOGUE_BLOCK = 8192  # products that are scored together


class CatalogueModel(TwoTowerModel):
    """Two towers and their catalogue; subclasses define the loss."""

    def __init__(
        self,
        query_tower,
        candidate_tower,
        catalogue,
        width,
        averages=False,
        repeat_bonus=0.0,
        remembers=True,
        measures=(),
    ):
        measures = (*MEASURES, *measures)
        super().__init__(query_tower, candidate_tower, catalogue, measures)
        self.product_column = catalogue.columns.product
        self.catalogue = {k: tf.constant(v) for k, v in catalogue.features.items()}
        self.position = tf.constant(catalogue.position)
        self.final_layer = FinalLayer(catalogue, repeat_bonus, remembers)
        vectors = tf.zeros([len(catalogue.indices), width])
        self.candidates = tf.Variable(vectors, trainable=False)
        if averages:
            self.add_averages()

    @tf.function
    def embed_catalogue(self):
        """Embed all products with the current weights, for recall and serving."""
        self.candidates.assign(self.candidate_tower(self.catalogue))

    def evaluate(self, *args, **kwargs):
        """Embed the catalogue, then evaluate; fit also validates with this."""
        self.embed_catalogue()
        return super().evaluate(*args, **kwargs)

    def test_step(self, features):
        """Add a batch to the loss, recall and mean reciprocal rank."""
        features = features | {self.buyer_column: self.trained_buyer(features)}
        losses, embeddings = self.compute_losses(features, training=False)
        ranks = self.rank_products(embeddings["query"], features)
        found = {name: ranks < k for name, k in zip(RECALLS, RECALL_AT, strict=True)}
        found["mrr"] = tf.where(ranks < MISSED, 1 / (1 + tf.cast(ranks, tf.float32)), 0)
        means = {k: tf.reduce_mean(tf.cast(v, tf.float32)) for k, v in found.items()}
        return self._average(losses | means, tf.size(ranks))

    def known(self, features):
        """Return the rows' product indices, the last one if out of vocabulary."""
        return tf.minimum(features[self.product_column], len(self.position) - 1)

    @tf.function(reduce_retracing=True)
    def ranks(self, queries, features, left_out=None):
        """Return the same as rank_products, as one graph."""
        return self.rank_products(queries, features, left_out)

    def rank_products(self, queries, features, left_out=None):
        """Return the number of other products that score at least as high.

        Products at the positions `left_out`, a ragged tensor [batch, n], are not counted.

        Recall then equals that of TFRS's FactorizedTopK by ID in an eighth of its time, and
        ties count against the model: if all scores are equal, recall is 0, not 1.
        """
        position = tf.gather(self.position, self.known(features))
        terms = queries * tf.gather(self.candidates, tf.maximum(position, 0))
        own_score = tf.reduce_sum(terms, axis=1, keepdims=True)
        # Scores that only differ by rounding are ties.
        error = 1e-5 * tf.reduce_sum(tf.abs(terms), axis=1, keepdims=True)
        own_score = self.final_layer.own(own_score, error, features, position)

        first, numbers = self._moments(queries, features)
        queries = tf.gather(queries, first)
        read = self.final_layer.reads
        features = {name: tf.gather(features[name], first) for name in read}
        has_past = self.final_layer.has_past
        added = self.final_layer.added(features) if has_past else None

        # Lower scores are counted, since NaN is not lower and must not look like a hit.
        def count_lower(count, start):
            block = self.candidates[start : start + CATALOGUE_BLOCK]
            scores = tf.matmul(queries, block, transpose_b=True)
            scores = self.final_layer(scores, features, start, added)
            is_lower = tf.gather(scores, numbers) < own_score
            if left_out is not None:
                is_lower |= are_listed(left_out, start, tf.shape(scores)[1])
            count += tf.reduce_sum(tf.cast(is_lower, tf.int32), axis=1)
            return tf.ensure_shape(count, position.shape)

        size = self.candidates.shape[0]
        starts = tf.range(0, size, CATALOGUE_BLOCK)
        lower = tf.foldl(count_lower, starts, tf.zeros_like(position))
        # Unknown products are misses.
        return tf.where(position >= 0, size - 1 - lower, MISSED)

    def _moments(self, queries, features):
        """Return the first row of each list of scores, and which list each row has.

        Rows of a buyer at the same time have one, so scores are computed once for them.
        """
        if self.jit_compile:  # XLA cannot compile a number that varies
            rows = tf.range(tf.shape(queries)[0])
            return rows, rows
        keys = hashed(tf.RaggedTensor.from_tensor(tf.bitcast(queries, tf.int32)))
        keys += tf.cast(features[self.final_layer.buyer], keys.dtype)
        if self.final_layer.column:
            keys += hashed(features[self.final_layer.column])
        first, _, numbers = distinct(keys)
        return first, numbers

    def top_products(self, features):
        """Return the positions of all products in the top 100 of some rows, once each."""
        queries, k = self.query_tower(features), min(100, self.candidates.shape[0])
        scores = tf.matmul(queries, self.candidates, transpose_b=True)
        scores = self.final_layer(scores, features)
        return np.unique(tf.math.top_k(scores, k, sorted=False).indices)


def are_listed(lists, start, size):
    """Return which of `size` positions from `start` on are in each row's list."""
    is_here = (lists.values >= start) & (lists.values < start + size)
    rows = tf.boolean_mask(lists.value_rowids(), is_here)
    places = tf.cast(tf.boolean_mask(lists.values, is_here) - start, tf.int64)
    shape = tf.stack([lists.nrows(), tf.cast(size, tf.int64)])
    cells = tf.stack([rows, places], axis=1)
    return tf.scatter_nd(cells, tf.ones_like(rows), shape) > 0
