"""Settings of a peer, chosen on validation rows: the last tenth of the training time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from bench.protocol import Recommend, Split, Training, evaluate

VALIDATION_SHARE = 0.1
Choices: TypeAlias = Sequence[Mapping[str, Any]]


def held_out(training: Training) -> Split:
    """Returns the training rows as a split of their own, by time as the outer one."""
    first, last = int(training.time.min()), int(training.time.max())
    early = training.time < first + (last - first) * (1 - VALIDATION_SHARE)
    inner = training.rows(early)
    late = training.rows(~early)
    known = np.isin(late.buyer, inner.buyer) & np.isin(late.product, inner.product)
    pairs = np.unique(late.pairs()[known])
    is_new = ~np.isin(pairs, inner.pairs())
    return Split(inner, *np.divmod(pairs, len(training.products)), is_new, first, last)


def chosen(training: Training, choices: Choices, build: Callable[..., Recommend]) -> Recommend:
    """Returns what `build(training, **choice)` makes with the best choice.

    The best has the highest mean of recall@100 of all pairs and of new pairs without past
    products, on `held_out` rows.
    """
    split = held_out(training)

    def quality(choice: Mapping[str, Any]) -> float:
        found = evaluate(split, build(split.training, **choice), resamples=1)
        return float(np.mean([found[v]["recall@100"]["value"] for v in ("all", "new_filtered")]))

    best = max(choices, key=quality)
    print("chosen:", dict(best), flush=True)
    return build(training, **best)
