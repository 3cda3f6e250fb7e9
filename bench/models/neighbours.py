"""Recommenders from similar buyers, for shops where products are bought again. Knows numpy.

A basket is what a buyer bought at one time.
"""

from __future__ import annotations

import numpy as np

from bench.models.counting import counts
from bench.protocol import Array, Recommend, Training, by_scores
from bench.tuning import Choices, chosen


def tifu_knn(training: Training, seed: int) -> Recommend:
    """TIFU-KNN (Hu et al., SIGIR 2020), its settings chosen on validation rows."""
    choices: Choices = [
        {"neighbours": neighbours, "within": within, "between": between, "own": own}
        for neighbours in (100, 300, 900)
        for within, between in ((0.9, 0.7), (0.9, 0.9), (1.0, 0.6))
        for own in (0.2, 0.5, 0.7)
    ]
    return chosen(training, choices, _tifu_knn)


def up_cf(training: Training, seed: int) -> Recommend:
    """UP-CF@r (Faggioli et al., UMAP 2020), its settings chosen on validation rows."""
    choices: Choices = [
        {"recent": recent, "locality": locality, "asymmetry": asymmetry}
        for recent in (5, 25, 1000)
        for locality in (1.0, 5.0, 10.0)
        for asymmetry in (0.25, 0.5, 0.75)
    ]
    return chosen(training, choices, _up_cf)


def baskets_from_last(training: Training) -> tuple[Array, Array]:
    """Returns the distinct (buyer, product) pairs of each basket, and the baskets' places.

    Returns:
        Pairs as in `Training.pairs`, once a basket, [purchases]; and how many baskets of this
        buyer came later, [purchases].
    """
    order = np.lexsort((training.time, training.buyer))
    buyer, time = training.buyer[order], training.time[order]
    starts = np.append(True, (np.diff(buyer) != 0) | (np.diff(time) != 0))
    basket = np.cumsum(starts) - 1
    last = np.maximum.reduceat(basket, np.flatnonzero(np.append(True, np.diff(buyer) != 0)))
    _, owner = np.unique(buyer, return_inverse=True)
    later = last[owner] - basket
    purchases = np.unique(np.stack([training.pairs()[order], later]), axis=1)
    return purchases[0], purchases[1]


def repeated(training: Training, within: float, between: float, group_size: int = 7) -> Array:
    """Returns the vectors of buyers of TIFU-KNN (its equations 1 and 2), [buyers, products].

    Args:
        training: The rows.
        within: Decay of a basket for each later one in its group.
        between: Decay of a group for each later one.
        group_size: Baskets in a group. The first group may be smaller.
    """
    pairs, later = baskets_from_last(training)
    group, place = np.divmod(later, group_size)
    baskets = _baskets(training, pairs, later)
    size = np.minimum(group_size, baskets[pairs // len(training.products)] - group * group_size)
    groups = -(-baskets // group_size)
    shares = within**place / size * between**group / groups[pairs // len(training.products)]
    shape = len(training.buyers), len(training.products)
    flat = np.bincount(pairs, weights=shares, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(np.float32)


def recent_popularity(training: Training, recent: int) -> Array:
    """Returns the share of a buyer's last baskets that hold a product, [buyers, products]."""
    pairs, later = baskets_from_last(training)
    baskets = np.minimum(_baskets(training, pairs, later), recent)
    pairs = pairs[later < recent]
    shape = len(training.buyers), len(training.products)
    found = np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)
    return (found / np.maximum(baskets, 1)[:, None]).astype(np.float32)


def _baskets(training: Training, pairs: Array, later: Array) -> Array:
    """Returns each buyer's number of baskets, [buyers]."""
    baskets = np.zeros(len(training.buyers), np.int64)
    np.maximum.at(baskets, pairs // len(training.products), later + 1)
    return baskets


def _tifu_knn(
    training: Training, neighbours: int, within: float, between: float, own: float
) -> Recommend:
    vectors = repeated(training, within, between)
    squares = np.sum(vectors**2, axis=1)

    def score(buyers: Array) -> Array:
        # By Euclidean distance, as the paper; a buyer is not a neighbour of itself.
        distance = squares - 2 * vectors[buyers] @ vectors.T
        distance[np.arange(len(buyers)), buyers] = np.inf
        nearest = np.argpartition(distance, neighbours, axis=1)[:, :neighbours]
        chosen_rows = np.zeros_like(distance)
        np.put_along_axis(chosen_rows, nearest, 1 / neighbours, axis=1)
        mixed: Array = own * vectors[buyers] + (1 - own) * (chosen_rows @ vectors)
        return mixed

    return by_scores(score)


def _up_cf(training: Training, recent: int, locality: float, asymmetry: float) -> Recommend:
    bought = np.minimum(counts(training), 1)
    sizes = np.maximum(bought.sum(axis=1), 1)
    popular = recent_popularity(training, recent)

    def score(buyers: Array) -> Array:
        common = bought[buyers] @ bought.T
        norms = sizes[buyers][:, None] ** asymmetry * sizes ** (1 - asymmetry)
        similarity = (common / norms) ** locality
        scores: Array = similarity @ popular
        return scores

    return by_scores(score)
