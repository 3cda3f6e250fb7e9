"""Sums over groups of buyers, to compare two models in pairs."""

import numpy as np
import tensorflow as tf

GROUPS = 256


def group_numbers(names):
    """Return the group of each ID: a hash, so that it is the same in every training."""
    return tf.strings.to_hash_bucket_fast(names, GROUPS).numpy()


def sums_by_group(groups, values):
    """Return the rows of each group, and the sums of what they add to means, by measure.

    They do not name a buyer. The same buyers are easy or hard for two models, so that the
    differences of their sums vary less than the sums.
    """
    sums = {
        name: np.bincount(groups, each, GROUPS).tolist()
        for name, each in values.items()
    }
    return {"rows": np.bincount(groups, minlength=GROUPS).tolist(), "sums": sums}
