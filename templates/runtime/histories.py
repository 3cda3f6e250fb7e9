"""Lists of past products, in a sample of training rows."""

import numpy as np
import tensorflow as tf

from .messages import say
from .rows import PROBED_ROWS

HOLDS_ANSWER = 0.98  # share of telling lists with the row's product: an error
TELLING = 10  # lists that would not hold another row's product, to judge by
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
        asked = tf.ragged.boolean_mask(rows[name], is_known)
        chance = held_by_chance(asked, products[is_known])
        telling = (1 - chance) * is_known.sum()
        missing = (~has_own[is_known]).sum()
        if telling >= TELLING and missing <= (1 - HOLDS_ANSWER) * telling:
            raise ValueError(
                f"{own:.1%} of the lists in {name} contain the product that their row has to "
                f"predict: {name} must only have what came before the row."
            )
    return found


def held_by_chance(lists, products):
    """Return the share of lists that would hold their row's product if it were another's.

    In a small catalogue, or where most rows are of one product, a clean list may.

    Args:
        lists: Product indices, ragged [rows, items].
        products: The rows' products, [rows].
    """
    at, items = lists.value_rowids().numpy(), lists.flat_values.numpy().astype(np.int64)
    size = max(items.max(initial=0), products.max()) + 1
    distinct = np.unique(at * size + items) % size
    share = np.bincount(products, minlength=size) / len(products)
    return float(share[distinct].sum() / len(products))
