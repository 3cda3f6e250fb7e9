"""The model: two towers and their catalogue."""

import numpy as np
import tensorflow as tf

from ..layers import distinct, hashed
from ..measures import GRADIENTS, LOSSES, MEASURES, MISSED, RECALL_AT, RECALLS, TOWERS
from ..replicas import counter, reduced, replica_slice
from ..steps import merge_rows, relative_variance
from .final_layer import FinalLayer

CATALOGUE_BLOCK = 8192  # products that are scored together
# A tower is dead in a step if its gradient is zero, or if it gives all rows the same
# vector.
DEAD_GRADIENT = 1e-7
DEAD_VARIANCE = 1e-5  # relative


class TwoTowerModel(tf.keras.Model):
    """Two towers and their catalogue; subclasses define the loss.

    Their `compute_losses(features, training)` returns the batch's LOSSES by name, and
    the embeddings by tower.
    """

    def __init__(
        self,
        query_tower,
        candidate_tower,
        catalogue,
        width,
        averages=False,
        repeat_bonus=0.0,
    ):
        super().__init__()
        self.query_tower = query_tower
        self.candidate_tower = candidate_tower
        self.product_column = catalogue.columns.product
        self.buyer_column = catalogue.columns.buyer
        self.trained_buyers = tf.constant(catalogue.trained)
        self.catalogue = {k: tf.constant(v) for k, v in catalogue.features.items()}
        self.position = tf.constant(catalogue.position)
        self.final_layer = FinalLayer(catalogue, repeat_bonus)
        vectors = tf.zeros([len(catalogue.indices), width])
        self.candidates = tf.Variable(vectors, trainable=False)
        # For WeightAverage; between epochs, the weights with which training continues.
        averaged = self.trainable_variables if averages else ()
        self.averages = [tf.Variable(weight, trainable=False) for weight in averaged]
        # Means over the epoch, since Keras itself would report the last batch.
        self.means = {
            k: tf.keras.metrics.Mean(k) for k in LOSSES + GRADIENTS + MEASURES
        }
        self.distribute_reduction_method = "first"  # all replicas have the same results
        self.dead_steps = {name: counter() for name in TOWERS}

    @property
    def towers(self):
        """The towers by their names in the metrics."""
        return {"query": self.query_tower, "candidate": self.candidate_tower}

    @tf.function
    def embed_catalogue(self):
        """Embed all products with the current weights, for recall and serving."""
        self.candidates.assign(self.candidate_tower(self.catalogue))

    def evaluate(self, *args, **kwargs):
        """Embed the catalogue, then evaluate; fit also validates with this."""
        self.embed_catalogue()
        return super().evaluate(*args, **kwargs)

    def compute_gradients(self, features, training):
        """Return losses and embeddings of a batch, and the gradients by variable."""
        with tf.GradientTape() as tape:
            losses, embeddings = self.compute_losses(features, training)
            # The replicas' sum is the gradient of the mean over the global batch.
            replicas = tf.distribute.get_strategy().num_replicas_in_sync
            own_share = losses["total_loss"] / replicas
        variables = self.trainable_variables
        gradients = reduced("SUM", tape.gradient(own_share, variables))
        keys = [variable.ref() for variable in variables]
        merged = [merge_rows(gradient) for gradient in gradients]
        return losses, embeddings, dict(zip(keys, merged, strict=True))

    def probe_gradients(self, features):
        """Return the gradients of some rows by variable, as in a training step."""
        if self.distribute_strategy.num_replicas_in_sync == 1:
            return self.compute_gradients(features, training=False)[2]
        keys = [variable.ref() for variable in self.trainable_variables]
        return dict(zip(keys, self._shared_gradients(features), strict=True))

    @tf.function
    def _shared_gradients(self, features):
        """Return the same as a list; each replica computes a part of the rows."""
        strategy = self.distribute_strategy

        def own_gradients():
            gradients = self.compute_gradients(replica_slice(features), training=False)[
                2
            ]
            return list(gradients.values())  # in the order of the variables

        gradients = strategy.run(own_gradients)
        return [strategy.experimental_local_results(g)[0] for g in gradients]

    def train_step(self, features):
        """Take a step, and count the steps in which a tower was dead."""
        losses, embeddings, gradients = self.compute_gradients(features, training=True)
        pairs = [(gradient, key.deref()) for key, gradient in gradients.items()]
        self.optimizer.apply_gradients(pairs, skip_gradients_aggregation=True)
        norms = {"total_gradient": tf.linalg.global_norm(list(gradients.values()))}
        for name, tower in self.towers.items():
            own = [gradients[v.ref()] for v in tower.trainable_variables]
            norm = norms[f"{name}_gradient"] = tf.linalg.global_norm(own)
            is_same = relative_variance(embeddings[name]) <= DEAD_VARIANCE
            is_dead = (norm <= DEAD_GRADIENT) | is_same
            steps = self.dead_steps[name]
            # Dying towers can recover for a step, so such a step only halves the count.
            steps.assign(tf.where(is_dead, steps + 1, steps // 2))
        return self._average(losses | norms)

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

    def trained_buyer(self, features):
        """Return the rows' buyer indices, an unknown one for buyers without training rows.

        A vocabulary of all splits has such buyers, whose vectors are still random.
        """
        buyers, known = features[self.buyer_column], len(self.trained_buyers) - 1
        trained = tf.gather(self.trained_buyers, tf.minimum(buyers, known))
        return tf.where(buyers < known, tf.cast(trained, buyers.dtype), buyers)

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

        # Lower scores are counted, since NaN is not lower and must not look like a hit.
        def count_lower(count, start):
            block = self.candidates[start : start + CATALOGUE_BLOCK]
            scores = tf.matmul(queries, block, transpose_b=True)
            scores = self.final_layer(scores, features, start)
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
        keys += tf.cast(self.final_layer.kinds(features), keys.dtype)
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

    def _average(self, values, rows=1):
        """Return the epoch's means so far over the rows of all replicas."""
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            rows = tf.cast(rows, tf.float32)
            # A replica without rows, as at the end of a split, has no means.
            sums = {k: tf.where(rows > 0, rows * v, 0.0) for k, v in values.items()}
            sums, rows = reduced("SUM", (sums, rows))
            values = {name: value / rows for name, value in sums.items()}
        for name, value in values.items():
            self.means[name].update_state(value, rows)
        return {name: self.means[name].result() for name in values}


def are_listed(lists, start, size):
    """Return which of `size` positions from `start` on are in each row's list."""
    here = tf.ragged.boolean_mask(lists, (lists >= start) & (lists < start + size))
    places = tf.stack([here.value_rowids(), tf.cast(here.values - start, tf.int64)], 1)
    shape = tf.stack([lists.nrows(), tf.cast(size, tf.int64)])
    return tf.scatter_nd(places, tf.ones_like(here.values), shape) > 0
