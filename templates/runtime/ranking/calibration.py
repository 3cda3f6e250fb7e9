"""Calibration of chances, fitted on validation rows and used if it helps there."""

import numpy as np

from .measures import bins, calibration_error, log_losses

FEW = 50  # rows of each class, with fewer of which nothing is fitted
FOLDS = 5  # parts of the buyers, each of which judges what is fitted on the others
NEWTON = 50  # steps at most
HALVINGS = 50  # of the range in which the weight of the mean is looked for
HELPS = 0.0005  # of the log loss, relative; less is noise
CLEARLY = (
    1  # standard errors of its lead that Platt scaling needs (Breiman et al., 1984)
)


def chances(logits, slope=1.0, intercept=0.0, mean_weight=0.0, mean=0.0):
    """Return the chances of logits that are scaled, drawn to a mean by its weight."""
    found = 1 / (1 + np.exp(-np.clip(slope * logits + intercept, -50, 50)))
    return (1 - mean_weight) * found + mean_weight * mean


def platt(logits, labels):
    """Return slope and intercept of the logistic regression of labels on logits.

    This is Platt scaling (Platt, 1999), drawn to slope 1 and intercept 0 as by a normal
    prior of variance 1. Newton's method finds the least loss, which is convex.
    """
    terms, start = np.stack([logits, np.ones(len(logits))]), np.array([1.0, 0.0])

    def loss(weights):
        found = weights @ terms
        drawn = np.sum((weights - start) ** 2) / 2
        return np.sum(np.logaddexp(0, found) - labels * found) + drawn

    weights = start
    for _ in range(NEWTON):
        found = chances(logits, *weights)
        gradient = terms @ (found - labels) + weights - start
        hessian = (terms * (found * (1 - found))) @ terms.T + np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # From chances near 0 or 1, which are flat, a whole step leads too far.
        while loss(weights - step) > loss(weights) and np.max(np.abs(step)) >= 1e-8:
            step = step / 2
        weights = weights - step
        if np.max(np.abs(step)) < 1e-8:
            break
    return float(weights[0]), float(weights[1])


def to_mean(logits, labels):
    """Return the weight of the labels' mean in chances with the least log loss, and it.

    A share of the rows then follows no model (Copas, 1988): what a buyer never did has a
    chance all the same. The likelihood is concave in the weight.
    """
    found, mean = chances(logits), np.mean(labels)
    own = np.where(labels > 0, found, 1 - found)
    gain = np.where(labels > 0, mean, 1 - mean) - own
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        weight = (low + high) / 2
        rises = np.sum(gain / (own + weight * gain)) > 0
        low, high = (weight, high) if rises else (low, weight)
    return low, float(mean)


FITS = {
    "platt": (platt, ("slope", "intercept")),
    "mean": (to_mean, ("mean_weight", "mean")),
}


def fit(method, logits, labels):
    """Return arguments of `chances` by name."""
    function, names = FITS[method]
    return dict(zip(names, function(logits, labels), strict=True))


def leads(losses, others, groups):
    """Return whether losses are CLEARLY lower than others, by their sums over buyers."""
    own = np.bincount(groups, others - losses)
    return own.sum() > CLEARLY * np.std(own) * np.sqrt(len(own))


def calibrate(logits, labels, groups):
    """Return what the metrics file says of a calibration, with the arguments of `chances`.

    The method is the one with the least log loss on rows that it was not fitted on: a
    FOLDS-th of the buyers at a time; Platt scaling only if it is CLEARLY better, since it
    moves all chances, and later days differ. If none has a lower one than the chances as
    they are, `method` is "none", and the arguments change nothing.

    Args:
        logits: Of validation rows, [rows].
        labels: 0 or 1, [rows].
        groups: Numbers of the buyers, [rows].
    """
    before = chances(logits)
    found: dict = {"method": "none", "slope": 1.0, "intercept": 0.0}
    found |= {"mean_weight": 0.0, "mean": 0.0, "rows": len(labels)}
    found["log_loss_before"] = float(np.mean(log_losses(labels, before)))
    found["ece_before"] = calibration_error(bins(before, labels))
    fold = groups % FOLDS
    few = min(labels.sum(), len(labels) - labels.sum()) < FEW
    if few or len(np.unique(fold)) < FOLDS:
        return found
    after = {method: np.empty(len(labels)) for method in FITS}
    for own in (fold == number for number in range(FOLDS)):
        for method, values in after.items():
            values[own] = chances(
                logits[own], **fit(method, logits[~own], labels[~own])
            )
    losses = {method: log_losses(labels, values) for method, values in after.items()}
    tried = {method: float(np.mean(each)) for method, each in losses.items()}
    others = losses["mean"], log_losses(labels, before)
    is_clear = all(leads(losses["platt"], each, groups) for each in others)
    best = "platt" if is_clear else "mean"
    found |= {"tried": tried, "log_loss_after": tried[best]}
    found["ece_after"] = calibration_error(bins(after[best], labels))
    fitted = fit(best, logits, labels)
    least = (1 - HELPS) * found["log_loss_before"]
    if fitted.get("slope", 1.0) > 0 and tried[best] < least:
        found |= {"method": best, **fitted}
    return found
