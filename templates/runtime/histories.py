"""Lists of past products, in a sample of training rows."""

import numpy as np
import tensorflow as tf

from .messages import say
from .rows import PROBED_ROWS

HOLDS_ANSWER = 0.98  # share of lists with the row's own product that is an error
MOSTLY_EMPTY = 0.95  # share of empty lists that is said
ENOUGH_LISTS = 100  # of which one, at least, has a known item


def describe_histories(split, catalogue):
    """Return what a sample of rows shows of each list, by column.

    Raises:
        ValueError: All lists are empty, or nearly all contain the product that their row
            has to predict.
    """
    columns, rows = split.columns, split.sample(PROBED_ROWS)
    products = catalogue.known(rows[columns.product].numpy()).astype(np.int32)
    is_known = catalogue.position[products] >= 0
    found = {}
    for name in columns.histories:
        sizes = rows[name].row_lengths().numpy()
        found[name] = {
            "empty": float(np.mean(sizes == 0)),
            "length": float(np.mean(sizes)),
        }
        if found[name]["empty"] > MOSTLY_EMPTY:
            share = f"{found[name]['empty']:.1%} of the lists in {name} are empty"
            why = "their items are in no vocabulary, or buyers have no past"
            if len(sizes) >= ENOUGH_LISTS and not sizes.any():
                raise ValueError(
                    f"{share}: {why}. Correct the lists, or remove {name}."
                )
            say("warning", f"{share}: {why}")
        if name not in columns.product_histories or not is_known.any():
            continue
        has_own = tf.reduce_any(rows[name] == products[:, np.newaxis], axis=1).numpy()
        own = found[name]["own_product"] = float(np.mean(has_own[is_known]))
        # In a small catalogue, a clean list may contain nearly all products.
        is_telling = found[name]["length"] < len(catalogue.indices) / 2
        if own >= HOLDS_ANSWER and is_telling:
            raise ValueError(
                f"{own:.1%} of the lists in {name} contain the product that their row has to "
                f"predict: {name} must only have what came before the row."
            )
    return found
