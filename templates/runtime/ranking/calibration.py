"""Calibration: Platt scaling, fitted on validation rows and used if it helps there."""

import numpy as np

from .measures import bins, calibration_error, log_losses

FEW = 50  # rows of each class, with fewer of which nothing is fitted
NEWTON = 50  # steps at most
HELPS = 0.0005  # of the log loss, relative; less is noise


def chances(logits, slope=1.0, intercept=0.0):
    """Return the chances of logits that are scaled."""
    return 1 / (1 + np.exp(-np.clip(slope * logits + intercept, -50, 50)))


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


def calibrate(logits, labels, groups):
    """Return what the metrics file says of a calibration, with its `slope` and `intercept`.

    It helps if the log loss falls on rows that it was not fitted on: one half of the buyers
    at a time. Otherwise, `method` is "none", and slope and intercept are 1 and 0.

    Args:
        logits: Of validation rows, [rows].
        labels: 0 or 1, [rows].
        groups: Numbers of the buyers, [rows].
    """
    before = chances(logits)
    found: dict = {"method": "none", "slope": 1.0, "intercept": 0.0}
    found["rows"] = len(labels)
    found["log_loss_before"] = float(np.mean(log_losses(labels, before)))
    found["ece_before"] = calibration_error(bins(before, labels))
    if min(labels.sum(), len(labels) - labels.sum()) < FEW:
        return found
    after, half = np.empty(len(labels)), groups % 2
    for number in (0, 1):
        own = half == number
        if not own.any() or own.all():
            return found
        after[own] = chances(logits[own], *platt(logits[~own], labels[~own]))
    found["log_loss_after"] = float(np.mean(log_losses(labels, after)))
    found["ece_after"] = calibration_error(bins(after, labels))
    slope, intercept = platt(logits, labels)
    least = (1 - HELPS) * found["log_loss_before"]
    if slope > 0 and found["log_loss_after"] < least:
        found |= {"method": "platt", "slope": slope, "intercept": intercept}
    return found
