"""Health of the towers: what their weights, gradients and vectors show."""

import tensorflow as tf

MOMENTS = ("mean", "std", "min", "max", "norm")
SAMPLED_WEIGHTS = 1024  # rows of each weight that are compared with the last epoch's
RARELY_FIRED = 0.01  # share of rows below which a unit counts as dead


@tf.function
def describe(tensors, edges):
    """Return moments and histogram counts of all values of some tensors."""
    values = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)
    # Values beyond the outermost edges count in the outermost bins.
    bins = tf.searchsorted(tf.constant(edges[1:-1], tf.float32), values, side="right")
    moments = {
        "mean": tf.reduce_mean(values),
        "std": tf.math.reduce_std(values),
        "min": tf.reduce_min(values),
        "max": tf.reduce_max(values),
        "norm": tf.norm(values),
    }
    return moments, tf.math.bincount(bins, minlength=len(edges) - 1)


def embedding_health(embeddings):
    """Return the effective rank of embeddings and their mean cosine.

    The effective rank is the exponential of the entropy of the normalized singular values
    (Roy and Vetterli, 2007); the cosine is the mean over all pairs of rows.
    """
    embeddings = tf.where(tf.math.is_finite(embeddings), embeddings, 0.0)
    directions = tf.math.l2_normalize(embeddings, axis=1)
    rows = tf.cast(tf.shape(directions)[0], tf.float32)
    square = tf.reduce_sum(tf.square(tf.reduce_sum(directions, axis=0)))
    values = tf.linalg.svd(embeddings - tf.reduce_mean(embeddings, 0), compute_uv=False)
    shares = values / tf.maximum(tf.reduce_sum(values), 1e-30)
    entropy = -tf.reduce_sum(tf.math.xlogy(shares, shares))
    return {
        "effective_rank": tf.exp(entropy),
        "mean_cosine": tf.math.divide_no_nan(square - rows, rows * (rows - 1)),
    }


def dead_units(tower, features):
    """Return the share of units that rarely fire, in the worst ReLU layer."""
    shares = []
    for outputs in tower.trace(features)[:-1]:
        fired = tf.reduce_mean(tf.cast(outputs > 0, tf.float32), axis=0)
        shares.append(tf.reduce_mean(tf.cast(fired < RARELY_FIRED, tf.float32)))
    return tf.reduce_max(shares)


def sample_weights(tower):
    """Return the first rows of each of a tower's weights, as one vector."""
    rows = [weight[:SAMPLED_WEIGHTS] for weight in tower.trainable_variables]
    return tf.concat([tf.reshape(row, [-1]) for row in rows], axis=0)
