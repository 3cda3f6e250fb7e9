"""The runtime's evaluation, beside a naive one; nothing is trained here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from fuzzing import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scored import Pairs, Scored

pytestmark = [pytest.mark.usefixtures("eagerly"), pytest.mark.one_stack]
Plain = dict[str, Any]

KS = (1, 5, 10, 50, 100)
WHO = ("model", "popularity", "own_history")
VIEWS = ("all", "new", "new_filtered")


def by_hand(train: Pairs, test: Pairs, products: int, buyers: int, scores: Any) -> Plain:
    """Returns counts of pairs and metrics, from the definitions: unknown products have no list, and
    unknown buyers no past."""
    counts = Counter(product for _, product in train if product < products)
    bought = Counter(pair for pair in train if pair[1] < products)
    known = {buyer for buyer, _ in train if buyer < buyers}
    popular = sorted(counts, key=lambda product: (-counts[product], product))
    asked = {(buyer, min(product, products)) for buyer, product in test}
    kept = sorted(pair for pair in asked if pair[0] in known and pair[1] in counts)
    lists: dict[str, dict[tuple[int, int], list[int]]] = {who: {} for who in WHO}
    for buyer, product in kept:
        own, past = scores[buyer, product], [p for p in popular if (buyer, p) in bought]
        rivals = (other for other in counts if other != product)
        better = [other for other in rivals if scores[buyer, other] >= own]
        past.sort(key=lambda other: -bought[buyer, other])
        order = past + [other for other in popular if other not in past]
        lists["model"][buyer, product] = better
        lists["popularity"][buyer, product] = popular[: popular.index(product)]
        lists["own_history"][buyer, product] = order[: order.index(product)]
    new = [pair for pair in kept if pair not in bought]
    views = {"all": kept, "new": new, "new_filtered": new}
    result: Plain = {"pairs": {"all": len(kept), "new": len(new)}}
    result["pairs"]["left_out"] = len(asked) - len(kept)
    for name, of in lists.items():
        result[name] = {}
        for view, pairs in views.items():
            before = [
                [
                    p
                    for p in of[buyer, product]
                    if view != "new_filtered" or (buyer, p) not in bought
                ]
                for buyer, product in pairs
            ]
            if pairs:
                result[name][view] = _means([len(products) for products in before])
    return result


def _means(ranks: Sequence[int]) -> dict[str, float]:
    gains = {f"recall_at_{k}": [float(rank < k) for rank in ranks] for k in KS}
    gains["ndcg_at_10"] = [1 / math.log2(2 + rank) if rank < 10 else 0.0 for rank in ranks]
    gains["mrr"] = [1 / (1 + rank) for rank in ranks]
    return {name: sum(values) / len(values) for name, values in gains.items()}


def values_of(result: Plain) -> Plain:
    """Returns a result in the form of `by_hand`: without intervals and coverage."""
    found: Plain = {"pairs": result["pairs"]}
    for name in WHO:
        views = {view: result[name][view] for view in VIEWS if view in result[name]}
        found[name] = {
            view: {metric: interval["value"] for metric, interval in metrics.items()}
            for view, metrics in views.items()
        }
    return found


def assert_alike(found: Any, expected: Any, at: str = "") -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), at
        for key, value in expected.items():
            assert_alike(found[key], value, f"{at}.{key}")
    else:
        assert found == pytest.approx(expected, abs=1e-6), at


PRODUCTS = 14
FEW = 8  # products of a small case: the last one is unknown
FEW_BUYERS = 5  # of six: number 5 stands for all who are out of vocabulary
pair = st.tuples(st.integers(0, 5), st.integers(0, FEW))
train_pairs = st.lists(pair, min_size=3, max_size=60).filter(
    lambda pairs: len({product for _, product in pairs if product < FEW}) > 1
)
test_pairs = st.lists(
    st.tuples(st.integers(0, 7), pair.map(lambda p: p[1])), min_size=1, max_size=30
)
all_scores = st.lists(
    st.integers(-3, 3), min_size=8 * FEW, max_size=8 * FEW
)  # few values: there are ties


@settings(
    some(13, 40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(train_pairs, test_pairs, all_scores)
def test_metrics_are_those_of_a_naive_implementation(
    runtime: Any, train: Pairs, test: Pairs, scores: list[int]
) -> None:  # P63, P65
    table = np.array(scores, np.float32).reshape(8, FEW)
    shop = Scored(runtime, train, FEW, FEW_BUYERS)
    evaluation = shop.evaluation(test)
    expected = by_hand(train, test, FEW, FEW_BUYERS, table)
    if not len(evaluation.pairs):
        assert expected["pairs"]["all"] == 0
        assert evaluation.left_out == expected["pairs"]["left_out"]
        return
    result = evaluation.compare(shop.model(table))
    assert_alike(values_of(result), expected)
    for name in WHO:
        for view in expected[name]:
            for interval in result[name][view].values():
                assert interval["low"] <= interval["value"] + 1e-9
                assert interval["value"] <= interval["high"] + 1e-9


TRAIN = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 3), (2, 3), (2, 3), (3, 4), (3, 5)]
TEST = [(0, 1), (0, 5), (1, 0), (2, 3), (2, 5)]


def scores_of(seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(8, PRODUCTS)).astype(np.float32)


def test_a_row_that_is_there_twice_is_one_pair(runtime: Any) -> None:  # P65
    shop, scores = Scored(runtime, TRAIN, PRODUCTS), scores_of()
    once, often = (
        shop.evaluation(rows).compare(shop.model(scores))
        for rows in (TEST, TEST * 3 + TEST[:2] * 9)
    )
    assert once == often
    assert once["pairs"] == {"all": 5, "new": 3, "left_out": 0}


def test_who_and_what_training_does_not_know_is_left_out_and_counted(runtime: Any) -> None:
    shop = Scored(runtime, TRAIN, PRODUCTS)
    strangers = [(7, 0), (7, 0), (0, 13), (0, PRODUCTS), (0, PRODUCTS), (7, PRODUCTS)]
    evaluation = shop.evaluation([*TEST, *strangers])
    assert evaluation.left_out == 4  # pairs, not rows
    usual = shop.evaluation(TEST).compare(shop.model(scores_of()))
    result = evaluation.compare(shop.model(scores_of()))
    assert result["pairs"] == {"all": 5, "new": 3, "left_out": 4}
    assert result["model"]["all"] == usual["model"]["all"]


def test_buyers_out_of_vocabulary_are_not_one_buyer(runtime: Any) -> None:
    shop = Scored(runtime, TRAIN, PRODUCTS, buyers=2)  # 2 and 3 stand for many
    evaluation = shop.evaluation(TEST)
    assert (evaluation.pairs // (PRODUCTS + 2)).tolist() == [0, 0, 1]
    assert evaluation.left_out == 2


def test_a_test_of_strangers_has_no_pairs(runtime: Any) -> None:
    evaluation = Scored(runtime, TRAIN, PRODUCTS).evaluation([(7, 0), (0, 13)])
    assert len(evaluation.pairs) == 0
    assert evaluation.left_out == 2


def test_a_model_that_says_nothing_is_not_perfect(runtime: Any) -> None:  # P63, P42
    shop = Scored(runtime, [(n % 5, n % 120) for n in range(600)], 120)
    test = [(n % 5, (7 * n) % 120) for n in range(100)]
    for nothing in (0.0, 3.25, -1e6, math.nan):
        result = shop.evaluation(test).compare(shop.model(np.full((5, 120), nothing)))
        for k in KS:
            assert result["model"]["all"][f"recall_at_{k}"]["value"] == 0
        assert result["model"]["all"]["mrr"]["value"] <= 1 / 100


def test_scores_that_differ_by_rounding_are_ties(runtime: Any) -> None:  # P63
    scores = np.ones((5, 120), np.float32)
    scores += np.random.default_rng(0).normal(size=scores.shape).astype(np.float32) * 1e-7
    shop = Scored(runtime, [(n % 5, n % 120) for n in range(600)], 120)
    test = [(n % 5, (7 * n) % 120) for n in range(100)]
    result = shop.evaluation(test).compare(shop.model(scores))
    assert result["model"]["all"]["recall_at_100"]["value"] == 0


def test_a_model_that_knows_is_perfect(runtime: Any) -> None:
    scores = np.full((8, PRODUCTS), -1.0)
    for at, (buyer, product) in enumerate(TEST):
        scores[buyer, product] = 1 + at
    result = (
        Scored(runtime, TRAIN, PRODUCTS)
        .evaluation(TEST)
        .compare(Scored(runtime, TRAIN, PRODUCTS).model(scores))
    )
    recall = result["model"]["new"]["recall_at_5"]
    assert recall == {"value": 1, "low": 1, "high": 1}


def test_unknown_products_take_no_place_in_a_buyers_history(runtime: Any) -> None:
    """Nobody can be shown what is out of vocabulary."""
    train = [(0, PRODUCTS)] * 5 + [(0, 1), (1, 2), (1, 3)]
    result = (
        Scored(runtime, train, PRODUCTS)
        .evaluation([(0, 1)])
        .compare(Scored(runtime, train, PRODUCTS).model(scores_of()))
    )
    assert result["own_history"]["all"]["mrr"]["value"] == 1


def test_intervals_shrink_with_more_buyers(runtime: Any) -> None:
    random = np.random.default_rng(1)
    widths = []
    for buyers in (20, 200, 2000):
        scores = random.normal(size=(buyers, 100))
        train = [(buyer, int(product)) for buyer in range(buyers) for product in (0, buyer % 100)]
        train += [(0, product) for product in range(100)]
        test = [(buyer, int(random.integers(100))) for buyer in range(buyers) for _ in range(2)]
        shop = Scored(runtime, train, 100)
        result = shop.evaluation(test).compare(shop.model(scores))
        interval = result["model"]["all"]["recall_at_50"]
        assert interval["low"] < interval["value"] < interval["high"]
        widths.append(interval["high"] - interval["low"])
        # Half of the products are among the first 50: a standard error is 0.5 / sqrt(pairs).
        assert widths[-1] == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(2 * buyers), rel=0.35)
    assert widths[0] > 2 * widths[1] > 4 * widths[2]


def test_intervals_are_of_buyers_not_of_pairs(runtime: Any) -> None:
    """Ten buyers with a hundred pairs each, all hit or all missed, say as much as ten pairs."""
    scores = np.zeros((10, 250))
    scores[:5, :100] = 10 + np.arange(100)
    scores[5:, :100] = -10 - np.arange(100)
    train = [(n % 10, n) for n in range(250)]
    shop = Scored(runtime, train, 250)
    test = [(buyer, product) for buyer in range(10) for product in range(100)]
    interval = shop.evaluation(test).compare(shop.model(scores))["model"]["all"]["recall_at_100"]
    assert interval["value"] == 0.5
    assert interval["high"] - interval["low"] > 0.4


def test_a_lead_is_measured_on_the_same_buyers(runtime: Any) -> None:
    """A model that hits what popularity hits, and one pair in ten more, leads for sure."""
    random = np.random.default_rng(3)
    train = [(buyer, product) for buyer in range(300) for product in (0, 1)]
    train += [(0, product) for product in range(2, 200)]
    test = [(buyer, int(random.choice([0, 150]))) for buyer in range(300)]
    scores = np.tile(-np.arange(200.0), (300, 1))
    scores[::10, 150] = 1
    result = Scored(runtime, train, 200).evaluation(test)
    result = result.compare(Scored(runtime, train, 200).model(scores))
    own, popular = (result[who]["all"]["recall_at_50"] for who in ("model", "popularity"))
    lead = own["value"] - popular["value"]
    assert popular["lead_low"] <= lead <= popular["lead_high"]
    assert popular["lead_low"] > 0
    assert popular["lead_high"] - popular["lead_low"] < 0.6 * (own["high"] - own["low"])
    assert "lead_low" not in own


def test_coverage_counts_products_that_somebody_is_shown(runtime: Any) -> None:
    train = [(n % 10, n) for n in range(250)]
    shop = Scored(runtime, train, 250)
    test = [(buyer, 3) for buyer in range(10)]
    alike = np.tile(np.arange(250.0), (10, 1))
    result = shop.evaluation(test).compare(shop.model(alike))
    assert result["model"]["coverage_at_100"] == pytest.approx(100 / 250)
    alike[0] *= -1
    result = shop.evaluation(test).compare(shop.model(alike))
    assert result["model"]["coverage_at_100"] == pytest.approx(200 / 250)


def test_more_pairs_than_the_bound_are_evenly_spaced(runtime: Any) -> None:
    """Intervals are then of what was scored: they are wider."""
    random = np.random.default_rng(2)
    scores, buyers = random.normal(size=(400, 100)), range(400)
    train = [(buyer, int(product)) for buyer in buyers for product in (0, buyer % 100)]
    test = [(buyer, product) for buyer in buyers for product in range(1, 21)]
    shop = Scored(runtime, train, 100)
    whole = shop.evaluation(test).compare(shop.model(scores))
    part = shop.evaluation(test * 2, most=1000).compare(shop.model(scores))
    assert whole["pairs"] == {"all": 8000, "new": 7920, "left_out": 0}
    assert part["pairs"]["all"] == 1000
    assert part["pairs"]["unscored"] == 7000
    full, some = (of["model"]["all"]["recall_at_50"] for of in (whole, part))
    assert some["low"] < full["value"] < some["high"]
    assert some["high"] - some["low"] > 1.5 * (full["high"] - full["low"])


def test_no_more_rows_than_a_chunk_are_held(runtime: Any) -> None:
    """A test of millions of rows, each with the lists of its buyer, would fill the memory."""
    random = np.random.default_rng(4)
    train = [(buyer, product) for buyer in range(60) for product in (buyer, 0)]
    test = [(int(buyer), int(product)) for buyer, product in random.integers(60, size=(900, 2))]
    shop, scores = Scored(runtime, train, 60), random.normal(size=(60, 60))
    evaluation, ranked = shop.evaluation(test), []
    rank = type(evaluation).model_ranks

    def counting(part: Any, *known: Any, **options: Any) -> Any:
        ranked.append(len(part.pairs))
        return rank(part, *known, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(evaluation), "model_ranks", counting)
        result = evaluation.compare(shop.model(scores))
    assert sum(ranked) == 2 * len(evaluation.pairs)  # all of them, and new ones without the past
    assert max(ranked) <= len(test) // 20  # the rows of a chunk
    assert "rows" not in vars(evaluation)
    alone = shop.evaluation(test)
    views = alone.of_model(shop.model(scores), alone.queries(shop.model(scores)))
    for view, ranks in views.items():
        assert evaluation.own[view].tolist() == ranks.tolist()
        assert result["model"][view]["mrr"]["value"] == pytest.approx(np.mean(1 / (1 + ranks)))


def test_pairs_within_the_bound_are_all_scored(runtime: Any) -> None:
    shop = Scored(runtime, TRAIN, PRODUCTS)
    result = shop.evaluation(TEST, most=len(TEST)).compare(shop.model(scores_of()))
    assert result == shop.evaluation(TEST).compare(shop.model(scores_of()))
    assert shop.evaluation(TEST, most=1).pairs.tolist() == [1]
