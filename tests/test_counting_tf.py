"""Baselines that count, with decay, beside lists made by hand and beside the benchmark's."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scored import PLAIN, Pairs, Scored

from bench.models import counting as bench
from bench.protocol import Training

pytestmark = pytest.mark.one_stack

DAY = 86_400
RECENT = {"popularity": 7}
OWN_RECENT = {"popularity": 7, "own_history": 60}


def ranked(shop: Scored, pairs: Pairs, half_lives: Any, is_filtered: bool = False) -> list[int]:
    counting = shop.counting()
    numbers = np.array([buyer * counting.stride + product for buyer, product in pairs])
    found = counting.ranks(numbers, half_lives, is_filtered)
    return [int(rank) for rank in found]


# Buyer, product, age in days. Product 0 sold most, 2 lately.
ROWS = [(0, 0, 70), (1, 0, 70), (2, 0, 70), (0, 1, 63), (0, 1, 63), (0, 2, 0), (1, 3, 7)]


def aged(runtime: Any, rows: Sequence[tuple[int, int, int]], products: int) -> Scored:
    """Returns a shop whose newest row is of day 100."""
    pairs = [row[:2] for row in rows]
    return Scored(runtime, pairs, products, times=[(100 - row[2]) * DAY for row in rows])


def test_a_row_counts_half_for_each_half_life_of_its_age(runtime: Any) -> None:
    shop = aged(runtime, ROWS, 5)
    # Half-life of 7 days: 0 has 3/1024, 1 has 2/512, 2 has 1, 3 has 1/2; 4 is unknown.
    everyone = [(3, product) for product in range(4)]
    assert ranked(shop, everyone, {"popularity": None}) == [0, 1, 2, 3]
    assert ranked(shop, everyone, RECENT) == [3, 2, 0, 1]
    assert ranked(shop, [(3, 4)], RECENT) == [shop.runtime.MISSED]


def test_what_a_buyer_had_comes_first_by_its_own_decay(runtime: Any) -> None:
    shop = aged(runtime, ROWS, 5)
    # Buyer 0 had, with a half-life of 60 days, 2 / 2^1.05 of 1, 1 of 2, 1 / 2^1.17 of 0.
    pairs = [(0, product) for product in range(4)]
    assert ranked(shop, pairs, OWN_RECENT) == [2, 1, 0, 3]
    assert ranked(shop, pairs, PLAIN["own_history"]) == [1, 0, 2, 3]
    # Buyer 1 had 3 lately and 0 long ago; of the others, 2 is ahead of 1.
    assert ranked(shop, [(1, product) for product in range(4)], OWN_RECENT) == [1, 3, 2, 0]
    # Nobody's list has an unknown product, and strangers are shown what is popular.
    assert ranked(shop, [(1, 4), (9, 0)], OWN_RECENT) == [shop.runtime.MISSED, 3]


def test_a_filtered_list_lacks_what_the_buyer_had(runtime: Any) -> None:
    shop = aged(runtime, ROWS, 5)
    for half_lives in (RECENT, OWN_RECENT):
        assert ranked(shop, [(0, 3), (1, 1), (1, 2), (3, 0)], half_lives, True) == [0, 1, 0, 3]


def test_buyers_out_of_vocabulary_have_no_history(runtime: Any) -> None:
    shop = Scored(runtime, [(0, 0), (0, 1), (5, 1), (5, 2), (5, 2)], 3, buyers=5)
    assert ranked(shop, [(5, 2), (5, 1)], PLAIN["own_history"]) == [1, 0]


def test_rows_without_a_time_are_of_no_age_that_counts(runtime: Any) -> None:
    pairs, null = [(0, 0), (1, 0), (2, 1)], -(2**63)
    shop = Scored(runtime, pairs, 3, times=[null, null, 10 * DAY])
    assert ranked(shop, [(3, 0), (3, 1)], RECENT) == [1, 0]
    shop = Scored(runtime, pairs, 3, times=[null] * 3)
    assert ranked(shop, [(3, 0), (3, 1)], RECENT) == [0, 1]


def test_one_wrong_date_does_not_make_all_rows_old(runtime: Any) -> None:
    rows = [(n % 7, 0, 60) for n in range(2000)] + [(n % 7, 1, 0) for n in range(100)]
    shop = aged(runtime, [*rows, (0, 2, -40_000)], 3)
    assert ranked(shop, [(9, 0), (9, 1)], RECENT) == [1, 0]


AGES = (0, 7, 14, 28, 60, 120)
_row = st.tuples(st.integers(0, 5), st.integers(0, 9), st.sampled_from(AGES))
_rows = st.lists(_row, min_size=4, max_size=80).filter(lambda rows: len({r[1] for r in rows}) > 1)


@settings(some(4, 12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_rows, st.sampled_from([None, 7, 30, 60]), st.sampled_from([None, 7, 60]))
def test_ranks_are_those_of_the_benchmark(
    runtime: Any, rows: list[tuple[int, int, int]], popular: float | None, own: float | None
) -> None:
    """Of two products of the same weight, either may be the first."""
    rows = [*rows, (0, rows[0][1], 0)]  # the newest
    shop = aged(runtime, rows, 10)
    buyer, product, age = map(np.array, zip(*rows, strict=True))
    names = np.array([str(n) for n in range(10)])
    training = Training(names[:6], names, buyer, product, (100 - age) * DAY)
    sold, known = bench.product_weights(training, popular), np.unique(product)
    pairs = [(b, int(p)) for b in range(6) for p in known]
    options = {
        "popularity": ({"popularity": popular}, np.zeros((6, 10))),
        "own_history": (
            {"popularity": popular, "own_history": own},
            bench.counts(training, own),
        ),
    }
    for half_lives, bought in options.values():
        ours = np.array(ranked(shop, pairs, half_lives)).reshape(6, len(known))
        for b in range(6):
            assert sorted(ours[b]) == list(range(len(known)))
            order = known[np.argsort(ours[b])]
            had = bought[b, order]
            assert had == pytest.approx(sorted(had, reverse=True), rel=1e-6)
            others = sold[order[had == 0]]
            assert others == pytest.approx(sorted(others, reverse=True), rel=1e-6)


@pytest.mark.parametrize("part", [1, 3, 16])
def test_some_buyers_at_a_time_are_as_all_at_once(
    runtime: Any, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    draw = np.random.default_rng(5)
    rows = [(int(b), int(p), int(a)) for b, p, a in draw.integers(0, [9, 12, 30], (300, 3))]
    counting = aged(runtime, [*rows, *((20, p, p) for p in range(12))], 12).counting()
    asked = draw.permutation(np.append(counting.pairs[::2], [3 * counting.stride + 99, 12]))
    days = {"popularity": None, "own_history": 7}

    def found() -> list[Any]:
        lists = [counting.ranks(asked, days), counting.ranks(asked, days, True)]
        return [*lists, *counting.purchases(5, 1000), *counting.purchases(5, 20)]

    whole = found()
    assert len(list(counting._parts(counting.buyers))) == 1
    monkeypatch.setattr(runtime, "PART", part)
    assert len(list(counting._parts(counting.buyers))) > 4
    for one, other in zip(whole, found(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("most", [2**20, 2**60], ids=["packed", "too many bits"])
def test_pairs_are_numbered_in_ascending_order(runtime: Any, most: int) -> None:
    pairs = np.random.default_rng(3).integers(0, most, 500)
    pairs = np.concatenate([pairs, pairs[::3], [most]])
    found, places, rows = runtime.numbered(pairs.copy())
    np.testing.assert_array_equal(found, np.unique(pairs))
    np.testing.assert_array_equal(rows, np.argsort(pairs, kind="stable"))
    np.testing.assert_array_equal(found[places], pairs[rows])
    assert places.dtype == np.uint32


def test_counting_keeps_few_bytes_of_a_row(runtime: Any) -> None:
    """8 for each pair, and 4 for each of a row's product, age (twice) and pair: docs/scale.md."""
    rows = [(n % 50, n % 40, n % 300) for n in range(4000)]
    counting = aged(runtime, rows, 40).counting()
    kept = sum(each.nbytes for each in vars(counting).values() if isinstance(each, np.ndarray))
    assert kept <= 16 * len(rows) + 8 * (200 + 50)


def test_counting_takes_few_bytes_of_a_row_while_it_sorts(runtime: Any) -> None:
    """Most at once, of all that numpy has: what is read is freed before it is sorted."""
    rows = [(n % 5000, n * 7 % 4000, n % 300) for n in range(100_000)]
    pairs, times = [row[:2] for row in rows], [(100 - row[2]) * DAY for row in rows]
    shop = Scored(runtime, pairs, 4000, 5000, times)
    tracemalloc.start()
    shop.counting()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 44 * len(rows)


def test_ages_of_many_years_or_parts_of_a_second_stay_as_they_are(runtime: Any) -> None:
    for numbers in (np.array([0, 2.0**32]), np.array([0.5, 3])):
        np.testing.assert_array_equal(runtime.narrow(numbers), numbers)


def test_half_lives_are_chosen_on_validation_rows(runtime: Any) -> None:
    """Others are popular lately; buyers return to what they had long ago."""
    old = [(n % 50, n % 40, 90 + n % 30) for n in range(2000)]
    new = [(n % 50, 40 + n % 20, n % 9) for n in range(300)]
    shop = aged(runtime, old + new, 60)
    counting = shop.counting()
    rows = shop.rows([(60, 40 + n % 5) for n in range(50)])
    _, chosen = counting.choose(rows)
    assert chosen["popularity_recent"]["popularity"] is not None
    _, chosen = counting.choose(shop.rows([(60, n % 5) for n in range(50)]))
    assert chosen["popularity_recent"] == {"popularity": None}
    assert chosen["own_history_recent"] == {"popularity": None, "own_history": None}
    for name, half_lives in PLAIN.items():
        assert chosen[name] == half_lives


@settings(some(4, 10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_rows, st.lists(_row, min_size=1, max_size=30))
def test_what_is_chosen_is_as_good_as_any(
    runtime: Any, rows: list[tuple[int, int, int]], asked: list[tuple[int, int, int]]
) -> None:
    shop = aged(runtime, rows, 10)
    counting, validation = shop.counting(), shop.rows([row[:2] for row in asked])
    monitored, chosen = counting.choose(validation)
    values = counting.measure(validation, chosen)
    options = {str(d): {"popularity": d} for d in shop.runtime.HALF_LIVES}
    others = counting.measure(validation, options)
    best = max(others[f"{name}_{monitored}"] for name in options)
    assert values[f"popularity_recent_{monitored}"] == pytest.approx(best)
    recent, plain = (
        values[f"{name}_{monitored}"] for name in ("own_history_recent", "own_history")
    )
    assert recent >= plain


def test_without_times_nothing_decays(runtime: Any) -> None:
    shop = Scored(runtime, [(0, 0), (0, 1), (1, 1)], 3)
    rows = shop.rows([(0, 0), (1, 0)])
    assert shop.counting().choose(rows) == ("mrr", PLAIN)


@pytest.mark.parametrize(
    ("products", "measure"),
    [
        *((products, "mrr") for products in (2, 5, 9)),
        *((products, "recall_at_1") for products in (10, 49)),
        *((products, "recall_at_5") for products in (50, 99)),
        *((100, "recall_at_10"), (999, "recall_at_50"), (1000, "recall_at_100")),
    ],
)
def test_the_monitored_measure_can_tell_models_apart(
    runtime: Any, products: int, measure: str
) -> None:
    """Recall in at most a tenth of the catalogue, or else the mean reciprocal rank."""
    shop = Scored(runtime, [(0, product) for product in range(products)], products)
    rows = shop.rows([(1, product) for product in range(products)])
    assert shop.counting().choose(rows)[0] == measure


def test_a_measure_in_which_counting_is_nearly_perfect_tells_nothing(runtime: Any) -> None:
    """The next shorter list may; otherwise, it is the mean reciprocal rank."""
    train = [(0, 0)] * 3 + [(0, 1)] * 2 + [(0, product) for product in range(2, 200)]
    shop = Scored(runtime, train, 200)
    of = {place: (1, place) for place in (0, 1, 7, 150)}
    for places, measure in (
        ([7] * 5 + [150] * 5, "recall_at_10"),
        ([7] * 9 + [150], "recall_at_10"),
        ([7] * 10, "recall_at_5"),
        ([1] * 10, "recall_at_1"),
        ([0] * 10, "mrr"),
    ):
        assert shop.counting().choose(shop.rows([of[p] for p in places]))[0] == measure


def test_means_are_of_rows_and_unknown_products_are_misses(runtime: Any) -> None:  # P66
    """Also where the catalogue has fewer products than k, and where a vocabulary knows them."""
    train = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 3), (2, 3), (2, 3), (3, 4), (3, 5)]
    shop = Scored(runtime, train, 17)  # three of which nobody buys in training
    counting = shop.counting()
    # By training rows: 0 and 3 have three, 1 has two, then 2, 4, 5 one each.
    assert counting.popularity()[[0, 3, 1, 2, 4, 5]].tolist() == [0, 1, 2, 3, 4, 5]
    assert (counting.popularity()[6:] == runtime.MISSED).all()
    found = counting.measure(shop.rows([(0, 0), (0, 0), (7, 5), (0, 17)]), PLAIN)
    assert found["popularity_recall_at_5"] == 0.5
    assert found["popularity_mrr"] == pytest.approx((1 + 1 + 1 / 6) / 4)
    rows = shop.rows([(0, 0), (0, 14), (0, 16), (0, 22)])
    found = counting.measure(rows, PLAIN)
    assert {value for name, value in found.items() if name.startswith("own_history_recall")} == {
        0.25
    }
    unknown_of = shop.catalogue.unknown(train=shop.train, eval=rows, test=None)
    assert unknown_of["unknown_products"] == {"train": 0, "eval": 0.75}
    assert unknown_of["unknown_ids"]["eval"] == {"user": 0, "sku": 0.25}
    later = shop.rows([(0, 0), (4, 0), (9, 0), (12, 0)])  # 4 and 9 are in the vocabulary alone
    assert shop.catalogue.unknown(eval=later)["unknown_buyers"] == {"eval": 0.75}
