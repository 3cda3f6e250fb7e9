"""Layers and operations of towers and losses."""

import numpy as np
import tensorflow as tf

from .replicas import counter


def distinct(values):
    """Return each distinct value's first position and count, and the values' numbers.

    Args:
        values: Whole numbers [n].

    Returns:
        The positions [distinct], the counts as floats [distinct], and which of the distinct
        values each value is, [n].
    """
    _, numbers, counts = tf.unique_with_counts(values)
    size = tf.size(counts)
    first = tf.math.unsorted_segment_min(tf.range(tf.size(values)), numbers, size)
    return first, tf.cast(counts, tf.float32), numbers


def hashed(lists):
    """Return a hash of each list of int32, [rows]; of 2**20 rows, hardly two ever share one.

    Multilinear hashing modulo 2**64 (Lemire and Kaser, 2014).
    """
    places = tf.ragged.range(lists.row_lengths()).values
    longest = tf.maximum(tf.reduce_max(lists.row_lengths()), 0)  # without lists, too
    factors = tf.random.stateless_uniform([longest], [7, 8], None, None, tf.int64)
    terms = (tf.cast(lists.values, tf.int64) + 2**31 + 1) * tf.gather(factors, places)
    return tf.math.unsorted_segment_sum(terms, lists.value_rowids(), lists.nrows())


class Dropout(tf.keras.layers.Layer):
    """Dropout by seed and step: a resumed training goes on as one that was never killed."""

    def __init__(self, rate):
        super().__init__()
        self.rate, self.calls = rate, counter()
        self.seed = np.random.randint(2**31)  # follows from the seed of the training

    def call(self, inputs, training=False):
        if not training:
            return inputs
        context = tf.distribute.get_replica_context()
        draw = self.calls * context.num_replicas_in_sync
        draw += tf.cast(context.replica_id_in_sync_group, tf.int64)
        self.calls.assign_add(1)
        seed = tf.stack([tf.constant(self.seed, tf.int64), draw])
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed)


def list_embedding(embedding, lists, half_life=None):
    """Return the weighted sum of each list's vectors, divided by the norm of the weights.

    Args:
        embedding: The table, a layer.
        lists: Its indices, ragged [batch, n].
        half_life: Positions after which a value counts half as much as the last one; without
            it, all values have a weight of 1.

    Returns:
        float32 [batch, width], zero for an empty list: what safe_embedding_lookup_sparse
        returns with the combiner "sqrtn".
    """
    if not embedding.built:  # the feature whose table it is comes later
        embedding(lists.values[:0])
    weights = tf.ones_like(lists.values, tf.float32)
    if half_life:
        # The number of later values in the list, for each value.
        later = tf.ragged.range(lists.row_lengths() - 1, -1, -1).values
        weights = 0.5 ** (tf.cast(later, tf.float32) / half_life)
    if tf.config.get_visible_devices("GPU"):  # where the other way is not measured
        weights = lists.with_values(weights).to_sparse()
        return tf.nn.safe_embedding_lookup_sparse(
            embedding.embeddings, lists.to_sparse(), weights, combiner="sqrtn"
        )
    rows, count = lists.value_rowids(), lists.nrows()
    squares = tf.math.segment_sum(tf.square(weights), rows)
    weights *= tf.gather(tf.math.rsqrt(squares), rows)
    # Gradients then have one entry per row of the table.
    indices, columns = tf.unique(lists.values, out_idx=tf.int64)
    vectors = tf.cast(tf.gather(embedding.embeddings, indices), tf.float32)
    # A matrix without rows, of a replica that has none, would end the process.
    shape = [tf.maximum(count, 1), tf.size(indices, tf.int64)]
    places = tf.stack([rows, columns], 1)
    return sparse_matmul(places, weights, shape, vectors)[:count]


def sparse_matmul(places, values, shape, dense):
    """Return the product of a sparse matrix and a dense one, whose gradient is as fast.

    Args:
        places: Rows and columns of the values, int64 [values, 2], the rows in order.
        values: The values, which get no gradient; those at the same place are added up.
        shape: Shape of the sparse matrix.
        dense: The dense matrix.
    """

    @tf.custom_gradient
    def product(dense):
        # Of TensorFlow's sparse products, only this one uses all cores.
        matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
            indices=places, values=values, dense_shape=shape
        )

        def gradient(upstream):
            # With transpose_a, the order in which cores add up varies.
            columns = tf.raw_ops.SparseMatrixTranspose(input=matrix, type=tf.float32)
            return tf.cond(  # TensorFlow 2.16 ends the process if there are no columns
                tf.shape(dense)[0] > 0,
                lambda: tf.raw_ops.SparseMatrixMatMul(a=columns, b=upstream),
                lambda: tf.zeros_like(dense),
            )

        return tf.raw_ops.SparseMatrixMatMul(a=matrix, b=dense), gradient

    return tf.ensure_shape(product(dense), [None, dense.shape[1]])
