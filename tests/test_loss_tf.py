"""The loss of the generated trainer, against the formula written out in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from runs import Built, Run


def by_hand(
    built: Built, *, temperature: float = 1.0, remove_hits: bool = False, smoothing: float = 0.0
) -> float:
    """Returns the mean softmax cross entropy of the batch: s / temperature - log q, and so on."""
    queries, candidates = (
        tower(built.batch, training=True).numpy().astype(np.float64)
        for tower in (built.model.query_tower, built.model.candidate_tower)
    )
    products = built.batch["sku"].numpy()
    log_sampled = built.model.log_probability.numpy()[products]
    logits = queries @ candidates.T / temperature - log_sampled
    own = np.eye(len(products), dtype=bool)
    if remove_hits:
        logits[(products[:, None] == products[None, :]) & ~own] = -np.inf
    log_share = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    target = own * (1 - smoothing) + smoothing / len(products)
    return float(-(target * np.where(target > 0, log_share, 0)).sum(axis=1).mean())


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({}, {}),
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"remove_accidental_hits": True}, {"remove_hits": True}),
        ({"label_smoothing": 0.2}, {"smoothing": 0.2}),
        ({"normalize_embeddings": True, "temperature": 0.05}, {"temperature": 0.05}),
    ],
    ids=lambda options: "+".join(options) if isinstance(options, dict) else None,
)
def test_the_loss_is_the_formula(
    shop: Run, model: dict[str, Any], expected: dict[str, Any]
) -> None:  # P54, P56
    built = shop.variant(**model).built()
    assert len(set(built.batch["sku"].numpy())) < len(built.batch["sku"])  # there are such hits
    for _ in range(3):
        built.model.train_step(built.batch)  # away from the start, where all scores are near zero
    losses, _ = built.model.compute_losses(built.batch, training=True)
    assert float(losses["loss"]) == pytest.approx(by_hand(built, **expected), rel=1e-4)


def test_normalized_outputs_have_length_one(shop: Run) -> None:
    built = shop.variant(normalize_embeddings=True, temperature=0.05).built()
    for tower in (built.model.query_tower, built.model.candidate_tower):
        lengths = np.linalg.norm(tower(built.batch).numpy(), axis=1)
        np.testing.assert_allclose(lengths, 1, rtol=1e-5)
