"""A softmax regression over counts: what a model with towers has to beat. Knows numpy and scipy.

The log-odds of a product are a weighted sum of a few terms. The weights maximise the likelihood of
the pairs in the last tenth of the training time, which is convex; the terms are then counted
again, over all training rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy import optimize

from bench.models.counting import counts, product_weights
from bench.models.ease import with_diagonal
from bench.protocol import Array, Recommend, Split, Training, by_scores
from bench.tuning import held_out

_POPULAR_DAYS = (7.0, 14.0, 30.0, 60.0, None)
_OWN_DAYS = (15.0, 60.0, None)
_BLOCK = 128  # buyers whose terms are held together
_RIDGE = 1e-3
_FLOOR = 0.03  # of EASE's scores, which are about 0 to 1, under the logarithm

Terms = Callable[[Array], Array]
"""From codes of buyers to terms, float32 [buyers, products, terms]."""


def blend(training: Training, seed: int) -> Recommend:
    """Log popularity at several half-lives, the buyer's own purchases, and EASE."""
    split = held_out(training)
    weights = fitted(split, terms_of(split.training))
    print("weights:", np.round(weights, 3).tolist(), flush=True)
    terms = terms_of(training)

    def score(buyers: Array) -> Array:
        blocks = np.array_split(buyers, -(-len(buyers) // _BLOCK))
        return np.concatenate([terms(block) @ weights for block in blocks])

    return by_scores(score)


def terms_of(training: Training) -> Terms:
    """Returns the terms, counted over these rows."""
    shares = [product_weights(training, days) for days in _POPULAR_DAYS]
    # Half a purchase for all: the logarithm of none would be infinite.
    popular = np.stack([np.log((each + 0.5) / (each + 0.5).sum()) for each in shares], axis=-1)
    own = [np.log1p(counts(training, days)) for days in _OWN_DAYS]
    has = np.minimum(counts(training), 1)
    weights = with_diagonal(own[-1])
    linear = [np.log(np.maximum(own[n] @ weights, 0) + _FLOOR) for n in (1, -1)]
    columns = [has, *own, *linear]

    def terms(buyers: Array) -> Array:
        fixed = np.broadcast_to(popular, (len(buyers), *popular.shape))
        personal = np.stack([each[buyers] for each in columns], axis=-1)
        return np.concatenate([fixed, personal], axis=-1).astype(np.float32)

    return terms


def fitted(split: Split, terms: Terms) -> Array:
    """Returns the weights that maximise the likelihood of a split's test pairs, [terms]."""
    width = terms(split.buyer[:1]).shape[-1]

    def loss(weights: Array) -> tuple[float, Array]:
        value, gradient = 0.0, np.zeros(width)
        for block, bought in _blocks(split, terms):
            logits = block @ weights.astype(np.float32)
            logits -= logits.max(axis=1, keepdims=True)
            chances = np.exp(logits)
            totals = chances.sum(axis=1, keepdims=True)
            pairs = bought.sum(axis=1, keepdims=True)
            value += float((pairs * np.log(totals)).sum() - (bought * logits).sum())
            residual = pairs * chances / totals - bought
            gradient += residual.reshape(-1) @ block.reshape(-1, width)
        value, gradient = value / len(split.buyer), gradient / len(split.buyer)
        return value + 0.5 * _RIDGE * weights @ weights, gradient + _RIDGE * weights

    found = optimize.minimize(loss, np.zeros(width), jac=True, method="L-BFGS-B")
    weights: Array = found.x
    return weights


def _blocks(split: Split, terms: Terms) -> Iterator[tuple[Array, Array]]:
    """Yields the terms of some buyers, and how often each product is to be found for them."""
    people = np.unique(split.buyer)
    for block in np.array_split(people, -(-len(people) // _BLOCK)):
        mine = np.isin(split.buyer, block)
        bought = np.zeros((len(block), len(split.training.products)), np.float32)
        bought[np.searchsorted(block, split.buyer[mine]), split.product[mine]] = 1
        yield terms(block), bought
