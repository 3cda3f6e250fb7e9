"""Measures of ranks."""

import numpy as np

RECALL_AT = (1, 5, 10, 50, 100)
RECALLS = tuple(f"recall_at_{k}" for k in RECALL_AT)
MEASURES = (*RECALLS, "mrr")  # mrr is the mean reciprocal rank
MISSED = 2**31 - 1  # rank of a product that is in no list


def gains(ranks):
    """Return what each rank contributes to the mean of each measure, by its name."""
    found = {f"recall_at_{k}": ranks < k for k in RECALL_AT}
    found["ndcg_at_10"] = np.where(ranks < 10, 1 / np.log2(2.0 + ranks), 0)
    found["mrr"] = np.where(ranks < MISSED, 1 / (1.0 + ranks), 0)
    return found
