"""Parts of a training step."""

import tensorflow as tf

from .replicas import reduced


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
    alone = tf.distribute.get_strategy().num_replicas_in_sync == 1
    return min(32, steps) if alone else 1


def relative_variance(embeddings):
    """Return the vectors' variance relative to their mean square; 1 for one row."""
    mean = tf.reduce_mean(embeddings, axis=0)
    square = tf.reduce_mean(tf.reduce_sum(tf.square(embeddings), axis=1))
    mean, square = reduced("MEAN", (mean, square))
    share = 1 - tf.math.divide_no_nan(tf.reduce_sum(tf.square(mean)), square)
    return tf.where(tf.shape(embeddings)[0] > 1, share, 1.0)
