"""How far two runs are apart, in pairs of the same buyers: how often the interval is right."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recgen.analysis.paired import Distance, Sums, distance, t_quantile
from recgen.metrics import Interval

GROUPS, TRIALS = 256, 300
Figure = tuple[Interval, Sums]
Draw = np.random.Generator


def figure(buyers: Any, values: Any, draw_seed: int, is_root: bool = False) -> Figure:
    """Returns a figure of rows with an interval over buyers, and its sums by hashed group."""
    groups = buyers * 2654435761 % 2**32 % GROUPS
    rows = np.bincount(groups, minlength=GROUPS)
    sums = Sums(rows.tolist(), np.bincount(groups, values, GROUPS).tolist(), is_root)
    count = int(buyers.max()) + 1
    whole = [np.bincount(buyers, each, count) for each in (values, np.ones(len(values)))]
    resamples = np.random.default_rng(draw_seed).multinomial(count, np.full(count, 1 / count), 100)
    drawn = resamples @ whole[0] / (resamples @ whole[1])
    drawn = np.sqrt(drawn) if is_root else drawn
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval.of(sums.value, float(low), float(high)), sums


def hits(draw: Draw, buyers: int, lead: float) -> tuple[Any, Any, Any]:
    """Returns buyers of rows and hits of two models, whose shares differ by a lead.

    Some buyers are easy for both, and have many rows.
    """
    ease = draw.beta(0.6, 2.0, buyers)
    rows = 1 + draw.poisson(2 + 6 * ease)
    people = np.repeat(np.arange(buyers), rows)
    luck = draw.random(len(people))  # the same for both: a row is easy, or it is not
    own = luck < ease[people]
    other = np.where(draw.random(len(people)) < 0.1, draw.random(len(people)) < 0.25, own)
    return people, own.astype(float), np.maximum(other, draw.random(len(people)) < lead) * 1.0


def errors(draw: Draw, buyers: int, lead: float) -> tuple[Any, Any, Any]:
    """Returns buyers of rows and squared errors of two models."""
    hardness = draw.gamma(2, 0.5, buyers)
    people = np.repeat(np.arange(buyers), 1 + draw.poisson(3, buyers))
    shared = draw.normal(size=len(people)) * hardness[people]
    own, other = (shared + draw.normal(0, 0.3 + extra, len(people)) for extra in (0, lead))
    return people, own**2, other**2


def truth(make: Callable[..., Any], lead: float, is_root: bool) -> float:
    """Returns the distance of the two models over very many buyers."""
    _, own, other = make(np.random.default_rng(0), 400_000, lead)
    means = (own.mean(), other.mean())
    first, second = (math.sqrt(mean) if is_root else mean for mean in means)
    return float(first - second)


@pytest.mark.parametrize(
    ("make", "buyers", "lead", "is_root"),
    [
        (hits, 60, 0.0, False),
        (hits, 1500, 0.05, False),
        (errors, 80, 0.2, True),
        (errors, 1500, 0.0, True),
    ],
)
def test_the_interval_covers_and_is_narrower(
    make: Callable[..., Any], buyers: int, lead: float, is_root: bool
) -> None:
    expected, draw = truth(make, lead, is_root), np.random.default_rng(7)
    covered, narrower = 0, []
    for trial in range(TRIALS):
        people, *models = make(draw, buyers, lead)
        own, other = (figure(people, values, trial, is_root) for values in models)
        found = distance(own, other)
        assert not found.unpaired
        covered += abs(found.value - expected) <= found.noise
        narrower.append(found.noise / distance((own[0], None), (other[0], None)).noise)
    assert 0.92 <= covered / TRIALS <= 0.985
    assert np.median(narrower) < 0.75


@pytest.mark.parametrize(("wins", "is_clear"), [(3, False), (5, False), (7, True), (30, True)])
def test_a_few_hits_are_as_unclear_as_in_a_sign_test(wins: int, is_clear: bool) -> None:
    rows = [10] * GROUPS
    own, other = [5.0] * GROUPS, [5.0] * GROUPS
    own[:wins] = [6.0] * wins
    found = between(Sums(rows, own), Sums(rows, other))
    assert found.value > 0
    assert found.is_clear == is_clear


def between(own: Sums, other: Sums, tried: int = 1) -> Distance:
    intervals = (
        Interval.of(each.value, each.value - 0.1, each.value + 0.1) for each in (own, other)
    )
    first, second = zip(intervals, (own, other), strict=True)
    return distance(first, second, tried)


def test_models_that_answer_alike_are_at_no_distance() -> None:
    sums = Sums([2, 3], [1.0, 1.0])
    assert between(sums, sums) == Distance(0.0, 0.0)


def test_of_several_distances_each_must_be_larger() -> None:
    draw = np.random.default_rng(3)
    own, other = (Sums([9] * 50, draw.integers(0, 9, 50).tolist()) for _ in range(2))
    assert between(own, other, tried=10).noise > 1.2 * between(own, other).noise


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (None, "one file has no sums by group of buyers"),
        (Sums([3, 2], [1.0, 1.0]), "the groups of buyers have other rows in the other file"),
        (Sums([2, 3], [2.0, 1.0]), "the sums by group of buyers are not those of the figure"),
    ],
)
def test_what_cannot_be_paired_is_compared_by_both_intervals(
    other: Sums | None, words: str
) -> None:
    interval = Interval.of(0.4, 0.3, 0.5)
    found = distance((interval, Sums([2, 3], [1.0, 1.0])), (interval, other))
    assert found.unpaired == words
    assert found.noise == pytest.approx(math.hypot(0.1, 0.1))


def test_the_t_distribution_is_that_of_tables() -> None:
    table = {1: 12.7062, 2: 4.30265, 3: 3.18245, 6: 2.44691, 30: 2.04227, 100: 1.98397}
    for freedom, value in table.items():
        assert t_quantile(0.975, freedom) == pytest.approx(value, rel=1e-5)
