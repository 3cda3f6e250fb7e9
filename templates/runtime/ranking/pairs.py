"""Pairs: which of two rows of a buyer has the higher target."""

import math

import tensorflow as tf

from ..rows import RUN

EQUAL = math.log(2)  # the loss of equal predictions


def pairwise_loss(buyers, learnt, outputs):
    """Return the mean loss of pairs, and how many pairs there are for each row.

    It is RankNet's (Burges et al., 2005): the logistic loss of what the row with the
    higher target is predicted above the other one. Pairs are rows of the same buyer with
    different targets that are less than RUN rows apart, as `runs_of_buyers` orders them:
    memory grows with the rows, and not with their square.

    Args:
        buyers: Numbers [rows]; a row with a negative one is in no pair.
        learnt: Targets as they are learnt, [rows], no NaN.
        outputs: Of the head, [rows].
    """
    count = tf.size(buyers)
    places = tf.range(count)[:, tf.newaxis]
    next_ones = places + tf.range(1, RUN)
    is_row, others = next_ones < count, tf.minimum(next_ones, count - 1)

    def paired(values):
        return values[:, tf.newaxis], tf.gather(values, others)

    (own, other), (high, low), (first, second) = map(paired, (buyers, learnt, outputs))
    order = tf.sign(high - low)
    is_pair = is_row & (own == other) & (own >= 0) & (order != 0)
    weights = tf.cast(is_pair, tf.float32)
    losses = weights * tf.math.softplus(order * (second - first))
    pairs = tf.reduce_sum(weights)
    mean = tf.math.divide_no_nan(tf.reduce_sum(losses), pairs)
    return mean, pairs / tf.cast(count, tf.float32)
