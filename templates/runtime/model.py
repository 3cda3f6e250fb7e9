"""Towers in training: gradients, steps, and means over an epoch."""

import tensorflow as tf
import tensorflow_recommenders as tfrs

from .figures import GRADIENTS, LOSSES, TOWERS
from .replicas import counter, reduced, replica_count, replica_slice

# A tower is dead in a step if its gradient is zero, or if it gives all rows the same
# vector.
DEAD_GRADIENT = 1e-7
DEAD_VARIANCE = 1e-5  # relative


class TwoTowerModel(tfrs.Model):
    """Two towers; subclasses define the loss and what validation measures.

    Their `compute_losses(features, training)` returns the batch's LOSSES by name, and
    the embeddings by tower. Their `test_step(features)` returns means of the losses and
    of the `measures`.
    """

    def __init__(self, query_tower, candidate_tower, catalogue, measures):
        super().__init__()
        self.query_tower = query_tower
        self.candidate_tower = candidate_tower
        self.buyer_column = catalogue.columns.buyer
        self.trained_buyers = tf.constant(catalogue.trained)
        # Means over the epoch, since Keras itself would report the last batch.
        names = (*LOSSES, *GRADIENTS, *measures)
        self.means = {name: tf.keras.metrics.Mean(name) for name in names}
        self.distribute_reduction_method = "first"  # all replicas have the same results
        self.dead_steps = {name: counter() for name in TOWERS}
        self.averages = []

    def add_averages(self):
        """Create the variables of WeightAverage, once all weights exist.

        Between epochs, they are the weights with which training continues.
        """
        weights = self.trainable_variables
        self.averages = [tf.Variable(weight, trainable=False) for weight in weights]

    @property
    def towers(self):
        """The towers by their names in the metrics."""
        return {"query": self.query_tower, "candidate": self.candidate_tower}

    @property
    def keeps_buyers(self):
        """Whether runs of a buyer's rows follow each other in training."""
        return False

    def trained_buyer(self, features):
        """Return the rows' buyer indices, an unknown one for buyers without training rows.

        A vocabulary of all splits has such buyers, whose vectors are still random.
        """
        buyers, known = features[self.buyer_column], len(self.trained_buyers) - 1
        trained = tf.gather(self.trained_buyers, tf.minimum(buyers, known))
        return tf.where(buyers < known, tf.cast(trained, buyers.dtype), buyers)

    def compute_gradients(self, features, training):
        """Return losses and embeddings of a batch, and the gradients by variable."""
        with tf.GradientTape() as tape:
            losses, embeddings = self.compute_losses(features, training)
            # The replicas' sum is the gradient of the mean over the global batch.
            own_share = losses["total_loss"] / replica_count()
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
            own = replica_slice(features)
            _, _, gradients = self.compute_gradients(own, training=False)
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
            counted = tf.where(is_dead, steps + 1, steps // 2)
            steps.assign(tf.where(self.is_trained(name, features), counted, steps))
        return self._average(losses | norms)

    def is_trained(self, name, features):
        """Return whether the rows of a step can train the part of the model of this name."""
        return True

    def _average(self, values, rows=1):
        """Return the epoch's means so far over the rows of all replicas."""
        if replica_count() > 1:
            rows = tf.cast(rows, tf.float32)
            # A replica without rows, as at the end of a split, has no means.
            sums = {k: tf.where(rows > 0, rows * v, 0.0) for k, v in values.items()}
            sums, rows = reduced("SUM", (sums, rows))
            values = {name: value / rows for name, value in sums.items()}
        for name, value in values.items():
            self.means[name].update_state(value, rows)
        return {name: self.means[name].result() for name in values}


def merge_rows(gradient):
    """Return a gradient with one entry per row of its table.

    Keras clips before it sums entries, so their norm would depend on the batch size.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def steps_per_execution(steps):
    """Return the number of steps per call: many, since a call takes longer than a step.

    With replicas it is one: the shapes that they exchange cannot change in a loop.
    """
    return min(32, steps) if replica_count() == 1 else 1


def relative_variance(embeddings):
    """Return the vectors' variance relative to their mean square; 1 for one row."""
    mean = tf.reduce_mean(embeddings, axis=0)
    square = tf.reduce_mean(tf.reduce_sum(tf.square(embeddings), axis=1))
    mean, square = reduced("MEAN", (mean, square))
    share = 1 - tf.math.divide_no_nan(tf.reduce_sum(tf.square(mean)), square)
    return tf.where(tf.shape(embeddings)[0] > 1, share, 1.0)
