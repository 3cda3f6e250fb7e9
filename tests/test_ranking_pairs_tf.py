"""Pairs of a buyer's rows: how batches are made for them, their loss, and what is learnt."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import Run, prepare
from test_ranking_tf import config, table

SHARE = 0.25
BUYERS_OF_TABLE = 60
BUYERS = st.lists(st.integers(-1, 4), min_size=1, max_size=60)


def by_hand(run: int, buyers: Any, targets: Any, outputs: Any) -> tuple[float, float]:
    """Returns the mean logistic loss over pairs, and their number for each row."""
    losses = [
        np.log1p(np.exp(-(outputs[i] - outputs[j]) * np.sign(targets[i] - targets[j])))
        for i in range(len(buyers))
        for j in range(i + 1, min(i + run, len(buyers)))
        if buyers[i] == buyers[j] >= 0 and targets[i] != targets[j]
    ]
    return float(np.mean(losses or [0.0])), len(losses) / len(buyers)


@given(BUYERS, st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_the_loss_is_that_of_a_loop_over_pairs(runtime: Any, buyers: Any, seed: int) -> None:
    draw = np.random.default_rng(seed)
    targets = draw.integers(0, 3, len(buyers)).astype(np.float32)
    outputs = draw.normal(0, 2, len(buyers)).astype(np.float32)
    own = np.array(buyers), targets, outputs
    found = [float(each) for each in runtime.pairwise_loss(*own)]
    assert found == pytest.approx(by_hand(runtime.RUN, *own), rel=1e-5)


@given(BUYERS, st.integers(0, 2**31 - 1))
@settings(deadline=None, max_examples=30)
def test_runs_keep_rows_of_a_buyer_together(runtime: Any, buyers: Any, seed: int) -> None:
    order = runtime.runs_of_buyers(np.array(buyers), [seed, 1]).numpy()
    assert sorted(order) == list(range(len(buyers)))
    lengths: Counter[int] = Counter()  # neighbouring runs of a buyer look like one
    for buyer, rows in groupby(order, key=lambda row: buyers[row]):
        lengths[buyer] += -(-len(list(rows)) // runtime.RUN)
    for buyer, count in Counter(buyers).items():
        assert lengths[buyer] <= -(-count // runtime.RUN)


def test_runs_are_shuffled(runtime: Any) -> None:
    buyers = np.repeat(np.arange(50), runtime.RUN)
    first, other = (buyers[runtime.runs_of_buyers(buyers, [seed, 0])] for seed in (1, 2))
    assert (np.diff(first) < 0).any()
    assert (first != other).any()


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Data with a target of 0 or 1, missing in some rows."""
    chance = config(loss_function="binary_crossentropy", pairwise_share=SHARE)
    return prepare(chance, table("binary"), tmp_path_factory.mktemp("clicks"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ranking", "multitask"])
def test_a_step_learns_from_rows_and_pairs(clicks: Run, kind: str) -> None:
    built = clicks.variant(model_type=kind, pairwise_share=SHARE).built()
    model, batch = built.model, built.batch
    outputs = model.embed(batch)["rating_head"][:, 0].numpy()
    targets, buyers = (batch[name].numpy() for name in ("amount_target", "customer_id"))
    is_rated = ~np.isnan(targets)
    assert is_rated.all() == (kind == "ranking")
    buyers = np.where(is_rated & (buyers < BUYERS_OF_TABLE), buyers, -1)
    assert (buyers < 0).any()  # some are trained as unknown ones
    pairs, per_row = by_hand(built.module.runtime.RUN, buyers, targets, outputs)
    logits = outputs + model.rating.offset.numpy()
    rows = np.mean(np.log1p(np.exp(np.where(targets > 0, -logits, logits)))[is_rated])

    logs = {name: float(value) for name, value in built.step().items()}
    assert logs["pairwise_loss"] == pytest.approx(pairs, rel=1e-4)
    assert logs["pairs_per_row"] == pytest.approx(per_row, rel=1e-4)
    assert per_row > 0.6  # of 3.5 at most; about 0.05 in a random order
    share = 1 / (1 + np.exp(-model.rating.offset.numpy()))
    chance = -share * np.log(share) - (1 - share) * np.log(1 - share)
    learnt = (1 - SHARE) * rows + SHARE * pairs * chance / np.log(2)
    name = "loss"
    if kind == "multitask":  # in units of the loss of equal scores
        learnt = logs["retrieval_loss"] + learnt * model.chances["retrieval"] / chance
        name = "ranking_loss"
    assert logs[name] == pytest.approx(rows, rel=1e-4)
    assert logs["total_loss"] == pytest.approx(learnt, rel=1e-4)


@pytest.mark.slow
def test_pairs_are_learnt_and_written(clicks: Run) -> None:
    metrics = clicks.fit(epochs=4, learning_rate=0.02)
    assert metrics["loss"]["pairwise_loss"][-1] < 0.8 * metrics["loss"]["pairwise_loss"][0]
    assert min(metrics["health"]["pairs_per_row"]) > 0.6
    assert metrics["rating"]["figures"]["model"]["gauc"]["value"] > 0.8
    assert metrics["health"]["loss_to_chance"][-1] < 0.9  # predictions are still chances
