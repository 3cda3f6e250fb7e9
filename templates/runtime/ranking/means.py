"""Means: what predicts a target without a model, from training rows."""

import numpy as np

MEANS = ("global_mean", "buyer_mean", "product_mean", "buyer_and_product_mean")
SIDES = {"buyer_mean": (0,), "product_mean": (1,), "buyer_and_product_mean": (0, 1)}
SHRINKAGES = (0, 1, 3, 10, 30, 100)  # rows of the global mean that others are drawn to
ROUNDS = 10  # in which the means of buyers and products are fitted in turn


class Means:
    """Means of the target in training rows: of all, of a buyer, of a product, and both.

    The last one is the global mean, plus what the buyer's and the product's rows exceed it
    by. Without training rows, a buyer or a product has the global mean.

    Args:
        pairs: Indices of buyers and of products, two arrays [rows].
        targets: Their targets, [rows].
        shrinkage: By name, how many rows of the global mean are added to each mean.
    """

    def __init__(self, pairs, targets, shrinkage):
        found = [np.unique(ids, return_inverse=True) for ids in pairs]
        self.known = [ids for ids, _ in found]
        self.own = [own for _, own in found]
        self.counts = [np.bincount(own) for own in self.own]
        self.mean = float(np.mean(targets))
        self.effects = {
            name: self._fit(targets - self.mean, SIDES[name], rows)
            for name, rows in shrinkage.items()
        }

    def _fit(self, excess, sides, shrinkage):
        """Return by what buyers and products exceed the mean, two arrays."""
        effects = [np.zeros(len(count)) for count in self.counts]
        for _ in range(ROUNDS if len(sides) > 1 else 1):
            for side in sides:
                other = effects[1 - side][self.own[1 - side]]
                sums = np.bincount(self.own[side], excess - other)
                effects[side] = sums / (self.counts[side] + shrinkage)
        return effects

    def predict(self, pairs):
        """Return the predictions [rows] of each mean, by its name."""
        found = {"global_mean": np.full(len(pairs[0]), self.mean)}
        for name, effects in self.effects.items():
            values = found[name] = found["global_mean"].copy()
            for ids, effect, wanted in zip(self.known, effects, pairs, strict=True):
                place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
                values += np.where(ids[place] == wanted, effect[place], 0.0)
        return found


def best_shrinkage(pairs, targets, others):
    """Return the shrinkage by name of a mean that is best on other rows.

    Args:
        pairs: As in Means.
        targets: As in Means.
        others: The pairs of other rows, and their targets.
    """
    errors: dict = {}
    for rows in SHRINKAGES:
        means = Means(pairs, targets, dict.fromkeys(SIDES, rows)).predict(others[0])
        for name in SIDES:
            error = float(np.mean((means[name] - others[1]) ** 2))
            errors.setdefault(name, {})[rows] = error
    return {name: min(found, key=found.__getitem__) for name, found in errors.items()}
