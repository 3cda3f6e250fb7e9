"""Measures of predictions: errors, order within buyers, calibration. Plain numpy."""

import numpy as np

TOP = 10  # of the normalized discounted cumulative gain (NDCG)
BINS = 10  # with equally many predictions each
CLOSEST = 1e-6  # of a probability to 0 or 1, in the log loss


def mid_ranks(groups, values):
    """Return each value's rank in its group, from 1; equal values share their mean rank.

    Args:
        groups: Whole numbers [rows].
        values: Numbers [rows].
    """
    order = np.lexsort([values, groups])
    place, tie = places(groups[order], values[order])
    sizes = np.bincount(tie)
    first = place[np.cumsum(sizes) - sizes]
    ranks = np.empty(len(order))
    ranks[order] = (first + (sizes + 1) / 2)[tie]
    return ranks


def places(groups, values):
    """Return the place of sorted rows in their groups, from 0, and the number of their tie."""
    is_new = np.append(True, groups[1:] != groups[:-1])
    starts = np.flatnonzero(is_new)
    place = np.arange(len(groups)) - starts[np.cumsum(is_new) - 1]
    tie = np.cumsum(is_new | np.append(True, values[1:] != values[:-1])) - 1
    return place, tie


def auc(labels, values, groups=None):
    """Return the area under the ROC curve: of each group, or of all rows without groups.

    It is the chance that a positive row has a higher value than a negative one, and half
    of it where they are equal. It is NaN for a group with rows of one class only.

    Args:
        labels: 0 or 1, [rows].
        values: Predictions in any unit, [rows].
        groups: Whole numbers from 0, [rows].
    """
    own = np.zeros(len(labels), np.int64) if groups is None else groups
    positive = np.bincount(own, labels)
    negative = np.bincount(own) - positive
    ranks = np.bincount(own, mid_ranks(own, values) * labels)
    pairs = positive * negative
    wins = ranks - positive * (positive + 1) / 2
    areas = np.divide(wins, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    return areas if groups is not None else float(areas[0])


def auc_terms(labels, values):
    """Return numbers [rows] whose mean is the AUC, and whose spread is that of its error.

    A row's part is the share of rows of the other class that it is in order with (DeLong et
    al., 1988). None if the rows have one class only.
    """
    sizes = np.bincount(labels.astype(np.int64), minlength=2)
    if not sizes.all():
        return None
    own = labels.astype(np.int64)
    below = mid_ranks(np.zeros_like(own), values) - mid_ranks(own, values)
    parts = np.where(own, below / sizes[0], 1 - below / sizes[1])
    area = parts[own == 1].mean()
    return area + (parts - area) * len(own) / sizes[own]


def ndcg(gains, values, groups):
    """Return the NDCG of each group's first rows (Järvelin and Kekäläinen, 2002).

    Rows with equal values share their mean gain, so that equal predictions have the value
    of a random order. It is NaN for a group whose rows have equal gains.

    Args:
        gains: Numbers [rows]; what they exceed the group's least by is the gain.
        values: Predictions, by which the rows are ordered, [rows].
        groups: Whole numbers from 0, [rows].
    """
    count = int(groups.max()) + 1
    least = np.full(count, np.inf)
    np.minimum.at(least, groups, gains)
    gains = gains - least[groups]
    found, best = (sum_of_gains(gains, by, groups) for by in (values, gains))
    return np.divide(found, best, out=np.full(count, np.nan), where=best > 0)


def sum_of_gains(gains, values, groups):
    """Return each group's discounted sum of gains, in descending order of the values."""
    order = np.lexsort([-values, groups])
    gains, groups = gains[order], groups[order]
    place, tie = places(groups, values[order])
    discounts = np.where(place < TOP, 1 / np.log2(place + 2), 0.0)
    means = np.bincount(tie, gains) / np.bincount(tie)
    return np.bincount(groups, means[tie] * discounts)


def log_losses(labels, chances):
    """Return the log loss of each row, [rows]."""
    chances = np.clip(chances, CLOSEST, 1 - CLOSEST)
    return -np.where(labels > 0, np.log(chances), np.log1p(-chances))


def bins(values, targets):
    """Return the predictions in bins with equally many: rows, and means of both.

    Equal predictions share a bin, so there may be fewer bins than BINS.
    """
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    own = np.searchsorted(edges, values, side="left")
    rows = np.bincount(own)
    kept = rows > 0
    sums = (np.bincount(own, each)[kept] for each in (values, targets))
    predicted, actual = (each / rows[kept] for each in sums)
    return [
        {"rows": int(count), "predicted": float(mean), "actual": float(true)}
        for count, mean, true in zip(rows[kept], predicted, actual, strict=True)
    ]


def calibration_error(found):
    """Return the expected calibration error (ECE) of bins: the mean of their distances."""
    rows = sum(each["rows"] for each in found)
    gaps = (each["rows"] * abs(each["predicted"] - each["actual"]) for each in found)
    return sum(gaps) / rows
