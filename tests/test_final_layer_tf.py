"""The final layer beside its formulas, written out product by product; nothing is trained here."""

from __future__ import annotations

import math
import re
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scored import PLAIN, Scored

from bench.models.without_terms import without
from recgen.analysis.final_layer import effects
from recgen.metrics import FinalLayerFit

PRODUCTS, BUYERS, DAY = 40, 150, 86_400
NEWEST = 1_700_000_000
DAYS = (7, 14, 30, 60, None)


class Shop:
    """Random rows with times, lists of purchases and pairs to be found."""

    def __init__(self, runtime: Any, seed: int = 0, length: int = 12) -> None:
        random = self.random = np.random.default_rng(seed)
        rows = 2000
        buyers, products = random.integers(BUYERS, size=rows), random.integers(PRODUCTS, size=rows)
        ages = np.append(random.integers(90 * DAY, size=rows - 50), np.zeros(50, np.int64))
        self.train = list(zip(buyers.tolist(), products.tolist(), strict=True))
        self.ages = ages / DAY
        self.scored = Scored(runtime, self.train, PRODUCTS, BUYERS, (NEWEST - ages).tolist())
        sizes = random.integers(length, size=BUYERS)
        self.lists = [random.integers(PRODUCTS, size=size).tolist() for size in sizes]
        self.scores = random.normal(size=(BUYERS, PRODUCTS))
        self.model = self.scored.model(self.scores)
        self.shares = np.array([self.log_shares(days) for days in DAYS])

    def log_shares(self, days: float | None) -> list[float]:
        counts = [0.5] * PRODUCTS
        for (_, product), age in zip(self.train, self.ages, strict=True):
            counts[product] += 1 if days is None else 0.5 ** (age / days)
        logs = [math.log(count / sum(counts)) for count in counts]
        return [each - sum(logs) / len(logs) for each in logs]

    def terms(self, buyer: int, product: int, remembers: bool = True) -> list[float]:
        """Returns what the weights are multiplied with, in their order, from the definitions."""
        past, listed = [*self.lists[buyer]], [*self.lists[buyer]]
        events = zip(self.train, self.ages, strict=True)
        own = [(age, -item) for (who, item), age in events if who == buyer]
        rows = Counter(-item for _, item in own * remembers)
        # What is remembered is older than the list, unless the list has it.
        for _, item in sorted(own * remembers):
            if -item not in past:
                past.insert(0, -item)
        ages = [len(past) - 1 - place for place, item in enumerate(past) if item == product]
        often = {item: max(rows[item], 1) for item in past}
        often |= {item: listed.count(item) + max(rows[item] - 1, 0) for item in listed}
        shares = self.shares[:, product].tolist()
        had = [1.0, *shares, math.log(often.get(product, 1))]
        had += [math.log(1 + sum(0.5 ** (age / items) for age in ages)) for items in (10, 100)]
        had.append(math.log(1 + len(past)))
        had.append(math.log(sum(often.values()) / len(past)) if past else 0.0)
        return [self.scores[buyer, product], *shares, *(value * bool(ages) for value in had)]

    def evaluation(self, pairs: Sequence[tuple[int, int]]) -> Any:
        lists = [self.lists[buyer] for buyer, _ in pairs]
        return self.scored.evaluation(pairs, lists=lists)


@pytest.fixture(scope="module")
def shop(runtime: Any) -> Shop:
    return Shop(runtime)


@pytest.mark.parametrize("remembers", [False, True])
def test_scores_are_the_weighted_terms(
    runtime: Any, remembers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(runtime)
    layer = shop.model.final_layer
    if remembers:
        layer.remember(shop.scored.counting())
    assert layer.names[:6] == ["towers", *(f"share_{n}_days" for n in DAYS[:-1]), "share"]
    assert len(layer.names) == len(shop.terms(0, 0)) == 17
    weights = dict(zip(layer.names, shop.random.normal(size=17).tolist(), strict=True))
    layer.assign(weights, shop.scored.counting().log_shares(layer.days))
    values = np.array([*weights.values()])
    wanted = np.array(
        [[values @ shop.terms(buyer, p, remembers) for p in range(PRODUCTS)] for buyer in range(20)]
    )
    rows = shop.scored.rows([(buyer, 0) for buyer in range(20)], chunk=20, lists=shop.lists[:20])
    features = next(iter(rows.dataset))
    found = layer(shop.scores[:20].astype(np.float32), features).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    places = shop.random.integers(PRODUCTS, size=[20, 5], dtype=np.int32)
    some = np.take_along_axis(shop.scores[:20], places, axis=1).astype(np.float32)
    found = layer.at(some, features, places).numpy()
    some = np.take_along_axis(wanted, places, axis=1)
    np.testing.assert_allclose(found, some, rtol=1e-4, atol=1e-4)
    part = layer(shop.scores[:20, 8:25].astype(np.float32), features, 8).numpy()
    np.testing.assert_allclose(part, wanted[:, 8:25], rtol=1e-4, atol=1e-4)
    for product in (0, 7, PRODUCTS - 1):
        own = shop.scores[:20, product : product + 1].astype(np.float32)
        found = layer.own(own, 0.0, features, np.full(20, product, np.int32)).numpy()
        np.testing.assert_allclose(found[:, 0], wanted[:, product], rtol=1e-4, atol=1e-4)
    monkeypatch.setattr(shop.scored.runtime, "CATALOGUE_BLOCK", 7)
    products = shop.random.integers(PRODUCTS, size=20)
    features = features | {"sku": products}
    ranks = shop.model.rank_products(shop.model.query_tower(features), features).numpy()
    own = wanted[np.arange(20), products][:, np.newaxis]
    assert ranks.tolist() == (wanted > own).sum(axis=1).tolist()


def test_its_graph_is_small(shop: Shop) -> None:
    """It is traced in each function that scores; 1,234 nodes with ragged operators."""
    import tensorflow as tf

    layer = shop.model.final_layer
    features = next(iter(shop.scored.rows([(0, 0)], lists=[LIST]).dataset))
    graph = tf.function(layer).get_concrete_function(shop.scores[:1].astype(np.float32), features)
    definition = graph.graph.as_graph_def()
    bodies = [each.node_def for each in definition.library.function]
    assert len(definition.node) + sum(map(len, bodies)) < 400


# What a list that ends with the latest purchase gives each term, by hand: the buyer had product 3
# two, one and no purchases ago, and product 5 three.
LIST = [5, 3, 3, 3]
BY_HAND = {
    "had": (1, 1),
    "had_often": (math.log(3), 0),
    "had_in_last_10": (
        math.log(1 + 1 + 0.5**0.1 + 0.5**0.2),
        math.log(1 + 0.5**0.3),
    ),
    "had_in_last_100": (
        math.log(1 + 1 + 0.5**0.01 + 0.5**0.02),
        math.log(1 + 0.5**0.03),
    ),
    "had_among_many": (math.log(5), math.log(5)),
    "had_by_repeater": (0, 0),
}


def alone(shop: Shop, term: str) -> Any:
    """Returns the scores of a buyer with LIST, if only this term has a weight, of 1; [products]."""
    layer = shop.model.final_layer
    weights = dict.fromkeys(layer.names, 0.0) | {term: 1.0}
    layer.assign(weights, shop.scored.counting().log_shares(layer.days))
    rows = shop.scored.rows([(0, 0)], lists=[LIST])
    return layer(shop.scores[:1].astype(np.float32), next(iter(rows.dataset))).numpy()[0]


@pytest.mark.parametrize("term", BY_HAND)
def test_a_term_of_what_the_buyer_had(shop: Shop, term: str) -> None:
    expected = np.zeros(PRODUCTS)
    expected[[3, 5]] = BY_HAND[term]
    np.testing.assert_allclose(alone(shop, term), expected, atol=1e-5)


@pytest.mark.parametrize("days", DAYS)
def test_a_share_of_the_rows(shop: Shop, days: int | None) -> None:
    """The log of half a row and all rows, each half as much after so many days; the mean is 0."""
    name = f"share_{days}_days" if days else "share"
    counts = np.full(PRODUCTS, 0.5)
    for (_, product), age in zip(shop.train, shop.ages, strict=True):
        counts[product] += 2 ** (-age / days) if days else 1
    expected = np.log(counts) - np.log(counts).mean()
    np.testing.assert_allclose(alone(shop, name), expected, atol=1e-4)
    had = np.where(np.isin(np.arange(PRODUCTS), LIST), expected, 0)
    np.testing.assert_allclose(alone(shop, f"had_{name}"), had, atol=1e-4)


def test_the_towers_score_is_a_term(shop: Shop) -> None:
    np.testing.assert_allclose(alone(shop, "towers"), shop.scores[0], rtol=1e-5)


def test_each_term_has_its_formula(shop: Shop) -> None:
    shares = [f"share_{days}_days" if days else "share" for days in DAYS]
    tested = {"towers", *BY_HAND, *shares, *(f"had_{name}" for name in shares)}
    assert {*shop.model.final_layer.names} == tested


@pytest.mark.parametrize("towers", [-2.0, 0.0, 0.5])
def test_no_product_is_before_itself(runtime: Any, towers: float) -> None:
    """Rounding lowers a product's own score, with any weight of the towers."""
    shop = Shop(runtime, seed=1)
    layer = shop.model.final_layer
    weights = dict.fromkeys(layer.names, 0.0) | {"towers": towers, "share": 0.3}
    layer.assign(weights, shop.scored.counting().log_shares(layer.days))
    rows = shop.scored.rows([(buyer, buyer % 40) for buyer in range(99)], chunk=99)
    features = next(iter(rows.dataset))
    ranks = shop.model.rank_products(shop.model.query_tower(features), features).numpy()
    assert ranks.min() >= 0
    assert ranks.max() < PRODUCTS


def test_before_it_is_fitted_only_a_bonus_is_added(runtime: Any, shop: Shop) -> None:
    layer = runtime.FinalLayer(shop.scored.catalogue, 0.7)
    rows = shop.scored.rows([(0, 0), (1, 0)], lists=[[3, 3, 5], []])
    found = layer(np.zeros((2, PRODUCTS), np.float32), next(iter(rows.dataset))).numpy()
    assert np.flatnonzero(found[0]).tolist() == [3, 5]
    assert found[0, 3] == found[0, 5] == np.float32(0.7)
    assert not found[1].any()


def test_the_words_say_what_the_layer_does(shop: Shop) -> None:
    """For an average product: the mean over the products, each bought last of ten purchases."""
    layer = shop.model.final_layer
    weights = dict.fromkeys(layer.names, 0.0)
    weights |= {name: 0.1 * number for number, name in enumerate(layer.past_names)}
    layer.assign(weights, shop.scored.counting().log_shares(layer.days))
    lists = [[*((p + n) % PRODUCTS for n in range(1, 10)), p] for p in range(PRODUCTS)]
    rows = shop.scored.rows([(p, p) for p in range(PRODUCTS)], chunk=PRODUCTS, lists=lists)
    scores = layer(np.zeros((PRODUCTS, PRODUCTS), np.float32), next(iter(rows.dataset))).numpy()
    told = dict(effects(FinalLayerFit(weights=weights)))
    found = told["what the buyer had, latest of 10 purchases"]
    likely = float(found.removesuffix(" times as likely"))
    assert likely == pytest.approx(math.exp(np.diag(scores).mean()), rel=0.05)


def fit_of(shop: Shop, pairs: Sequence[tuple[int, int]]) -> Any:
    model = shop.scored.model(shop.scores)
    return shop.scored.runtime.FinalFit(shop.evaluation(pairs), model)


def drawn(shop: Shop, weights: Sequence[float], each: int) -> list[tuple[int, int]]:
    """Returns pairs that a softmax of weighted terms draws, `each` for every buyer."""
    pairs = []
    for buyer in range(BUYERS):
        terms = np.array([shop.terms(buyer, product) for product in range(PRODUCTS)])
        chances = np.exp(terms @ np.array(weights))
        chances /= chances.sum()
        bought = shop.random.choice(PRODUCTS, each, p=chances, replace=True)
        pairs += [(buyer, int(product)) for product in np.unique(bought)]
    return pairs


def test_the_weights_are_the_most_likely_ones(shop: Shop) -> None:
    """No other weights are better, by the likelihood and the prior as they are defined."""
    pairs = drawn(shop, [0.5] + [0.1] * 16, 4)
    fit = fit_of(shop, pairs)
    weights = fit.weights(2.0)
    terms = {
        buyer: np.array([shop.terms(buyer, product) for product in range(PRODUCTS)])
        for buyer in range(BUYERS)
    }
    trained = set(shop.train)

    def loss(weights: Any) -> float:
        total = 0.5 * (weights[0] - 1) ** 2 + 0.5 * float(np.sum(weights[1:] ** 2))
        for buyer, product in pairs:
            scores = terms[buyer] @ weights
            count = 1 if (buyer, product) in trained else 2
            total += count * (np.log(np.exp(scores).sum()) - scores[product])
        return total

    least = loss(weights)
    for number in range(len(weights)):
        for change in (-0.02, 0.02):
            other = weights.copy()
            other[number] += change
            assert loss(other) > least


def test_pairs_of_one_moment_share_their_list(shop: Shop) -> None:
    pairs = [(buyer, product) for buyer in range(30) for product in range(0, PRODUCTS, 5)]
    fit = fit_of(shop, pairs)
    assert sum(len(moments.scores) for moments in fit.moments) == 30


def test_a_term_that_is_left_out_for_the_benchmark_has_no_weight(shop: Shop) -> None:
    """The other weights are those of a fit that never had it."""
    known = [1.0, 0.0, 0.0, 0.0, 0.0, 0.5] + [0.0] * 11
    fit = fit_of(shop, drawn(shop, known, 5))
    best = {"new_pairs_count": 1.0, "part": 1}
    left_out = [name.startswith("had") for name in fit.layer.names]
    found = list(without(fit, left_out, best).values())
    assert found[6:] == [0.0] * 11
    for moments in fit.moments:
        moments.terms = 0 * moments.terms
    np.testing.assert_allclose(found, fit.weights(1.0), atol=1e-5)


def test_a_fit_is_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.scored.runtime, "FITTED_SCORES", 10 * PRODUCTS)
    monkeypatch.setattr(shop.scored.runtime, "BLOCK_SCORES", 4 * PRODUCTS)
    fit = fit_of(shop, [(buyer, 1) for buyer in range(30)])
    assert [len(moments.scores) for moments in fit.moments] == [4, 4, 2]


def test_a_fit_keeps_no_second_array_of_all_scores(
    runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it computes is of one block at a time, so that a catalogue's scores fill memory once."""
    buyers, products = 1024, 256
    rows = [(buyer, buyer % products) for buyer in range(buyers)]
    scored = Scored(runtime, rows, products, buyers)
    monkeypatch.setattr(scored.runtime, "BLOCK_SCORES", 32 * products)
    model = scored.model(np.random.default_rng(0).normal(size=(buyers, products)))
    pairs = [(buyer, 3 * buyer % products) for buyer in range(buyers)]
    fit = scored.runtime.FinalFit(scored.evaluation(pairs), model)
    held = sum(moments.scores.nbytes for moments in fit.moments)
    assert held == 4 * buyers * products
    tracemalloc.start()
    fit.weights(1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < held / 2


def test_a_term_of_noise_gets_a_weight_near_zero(runtime: Any) -> None:
    """The scores and shares decide what is bought here: lists and the other shares are decoys."""
    shop = Shop(runtime, seed=3)
    known = [1.0, 0.0, 0.0, 0.0, 0.0, 0.5] + [0.0] * 11
    weights = fit_of(shop, drawn(shop, known, 5)).weights(1.0)
    assert weights[0] == pytest.approx(1.0, abs=0.2)
    chances = shop.scored.counting().log_shares(DAYS) @ weights[1:6]
    wanted = np.array(shop.log_shares(None)) * 0.5
    assert np.abs(chances - wanted - np.mean(chances - wanted)).max() < 0.3
    # The terms of a list depend on each other, so that only their sum says something.
    entries = [(buyer, product) for buyer, past in enumerate(shop.lists) for product in past]
    bonus = [abs(weights[6:] @ shop.terms(*entry)[6:]) for entry in entries]
    assert np.mean(bonus) < 0.3


def test_each_decoy_gets_a_weight_near_zero(runtime: Any) -> None:
    """Of terms that are independent of each other and of what is bought, each by itself."""
    shop = Shop(runtime, seed=9)
    fit = fit_of(shop, drawn(shop, [1.0] + [0.0] * 16, 5))
    random = np.random.default_rng(0)
    fit.shares = random.normal(size=fit.shares.shape)
    for moments in fit.moments:
        moments.terms = random.normal(size=moments.terms.shape).astype(np.float32)
    weights = fit.weights(1.0)
    assert weights[0] == pytest.approx(1.0, abs=0.2)
    # About four standard deviations, which depend on the number of pairs of each kind.
    assert np.abs(weights[1:6]).max() < 0.2
    assert np.abs(weights[6:]).max() < 0.4


def test_towers_of_noise_lose_their_weight(runtime: Any) -> None:
    shop = Shop(runtime, seed=5)
    weights = fit_of(shop, drawn(shop, [0.0] * 6 + [2.0] + [0.0] * 10, 5)).weights(1.0)
    assert abs(weights[0]) < 0.15
    assert weights[6:] @ shop.terms(0, shop.lists[0][0])[6:] > 1


def test_it_is_at_least_as_good_as_counting(runtime: Any) -> None:
    """Purchases repeat, and the towers know nothing: own history is the bar."""
    shop = Shop(runtime, seed=7)
    pairs = [(buyer, product) for buyer, past in enumerate(shop.lists) for product in {*past}]
    fit = fit_of(shop, pairs)
    found = fit.best("recall_at_10")
    values = found["validation"]
    assert set(values) == {"model", "towers", "popularity", "own_history"}
    for name in ("towers", "popularity", "own_history"):
        assert values["model"]["all"] >= values[name]["all"]
    assert values["model"]["all"] > 0.9
    assert set(found["weights"]) == {*fit.layer.names}


@pytest.mark.parametrize(
    ("towers", "hits", "chosen"),
    [
        # Ahead of counting, (6, 2), and of the towers: all pairs decide.
        ((5, 3), [(9, 1), (8, 2), (7, 4), (8, 3.4), (6.5, 5), (6.2, 5)], (1.5, 0.5)),
        ((5, 3), [(9, 1), (8, 2), (9, 3.1), (8, 3.5), (7, 4), (7, 3.5)], (1.5, 1)),
        # But not where a lead may be chance: 6.01 and 6.02 are.
        ((5, 2), [(6.02, 2.5), (6.01, 3), (6.05, 2.1), (9, 2.01), (5, 9), (4, 9)], (1.5, 1)),
        # Once a count is no gain, the next one is not tried.
        ((5, 3), [(7, 4), (8, 3.5), (6.5, 5), (6.2, 5)], (1, 0.5)),
        # None is. Those as good as counting lose more and less of the towers.
        ((5, 4), [(9, 2), (8, 1), (7, 3), (6, 2), (9, 1), (5, 9)], (1.5, 1)),
        # None is as good as counting in both views: all pairs decide, and then new ones.
        ((5, 0), [(5, 2), (6, 0), (7, 1), (7, 0), (5, 9), (4, 9)], (1.5, 1)),
        ((5, 0), [(4, 9), (5, 0), (5, 1), (5, 0), (5, 1), (4, 9)], (1.5, 1)),
        ((7, 1), [(9, 0), (5, 9), (7, 0), (8, 1), (5, 5), (4, 9)], (1, 1)),
        # The towers are, and no fit is.
        ((7, 3), [(9, 2), (8, 2), (6, 9), (9, 1), (5, 5), (4, 9)], (1, 0)),
        ((9, 1), [(8, 1), (5, 9), (7, 0), (8, 1), (5, 5), (4, 9)], (1, 0)),
    ],
)
def test_a_fit_is_as_good_as_counting_and_the_towers_where_it_can_be(
    shop: Shop,
    towers: tuple[float, float],
    hits: list[tuple[float, float]],
    chosen: tuple[float, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hits of ten pairs, in all and in new ones, for each count and part of the way."""

    def views(hits: tuple[float, float]) -> dict[str, Any]:
        ranks = [np.where(np.arange(1000) < round(100 * each), 0, 99) for each in hits]
        return dict(zip(("all", "new"), ranks, strict=True))

    counts, parts = (1, 1.5, 2), (1, 0.5)
    monkeypatch.setattr(shop.scored.runtime, "NEW_PAIRS_COUNT", counts)
    monkeypatch.setattr(shop.scored.runtime, "FITTED_PARTS", parts)
    fit = fit_of(shop, [(buyer, 1) for buyer in range(30)])
    results = iter([views(towers), *map(views, hits), views(towers)])
    counting = {"popularity": views((2, 2)), "own_history": views((6, 0))}
    monkeypatch.setattr(fit.evaluation, "of_baselines", lambda *_: counting)
    monkeypatch.setattr(fit, "_model_views", lambda: next(results))
    best = fit.best("recall_at_10")
    count, part = chosen
    assert (best["new_pairs_count"], best["part"]) == chosen
    tried = dict(zip([(c, p) for c in counts for p in parts], hits, strict=False))
    own = tried.get((count, part), towers)
    found = best["validation"]
    assert found["model"] == pytest.approx({"all": own[0] / 10, "new": own[1] / 10})
    assert found["towers"] == pytest.approx({"all": towers[0] / 10, "new": towers[1] / 10})
    expected = fit.start + part * (fit.weights(count) - fit.start)
    assert list(best["weights"].values()) == pytest.approx(expected.tolist())
    assert float(fit.layer.towers[0]) == pytest.approx(expected[0])  # not those tried last


def test_leads_are_counted_in_standard_errors(shop: Shop) -> None:
    """By a formula written out; half of one is no lack, and the least lead decides then."""
    runtime = shop.scored.runtime
    own, others = np.arange(10) < 6, np.arange(10) % 2 == 0  # 3 found by the one, 2 by the other
    assert runtime.lead(own, others) == pytest.approx((3 - 2) / math.sqrt(1 + 3 + 2))
    assert runtime.lead(others, own) == -runtime.lead(own, others)
    assert runtime.lead(own, own) == 0
    bars = object.__new__(runtime.Bars)
    bars.all = [{"all": ~own}, {"all": own}]  # the towers, and a baseline
    assert bars.leads({"all": others}) == (2, runtime.lead(others, own), 0.5)
    assert bars.leads({"all": ~own}) == (0, 0.4, (4 - 6) / math.sqrt(11))
    bars.all = [{"all": own}, {"all": ~own}]
    assert bars.leads({"all": ~own}) == (1, 0, 0.4)
    bars.all = [{"all": own}, {"all": np.zeros(10)}]
    assert bars.leads({"all": own}) == (2, 2, 0.6)  # clear


def bare_training(shop: Shop, validated: Any) -> Any:
    """Returns a training that has these validation rows, and can fit its final layer."""
    training = object.__new__(shop.scored.runtime.RetrievalTraining)
    training.params = {"half_lives": PLAIN, "monitored": "recall_at_10"}
    training.catalogue, training.counting = shop.scored.catalogue, shop.scored.counting()
    training.settings, training.validated = SimpleNamespace(seed=0), validated
    training.metrics = SimpleNamespace(content={}, write=lambda: None)
    return training


def training_of(shop: Shop, monkeypatch: pytest.MonkeyPatch, best: Any) -> Any:
    """Returns a training whose fit of the final layer is `best`, on two pairs."""
    runtime = shop.scored.runtime
    training = bare_training(shop, shop.scored.rows([(0, 1), (1, 2)]))
    monkeypatch.setattr(runtime.FinalFit, "best", lambda *known: best(*known))
    monkeypatch.setattr(runtime, "UnknownBuyers", lambda *_: SimpleNamespace(pairs=()))
    return training


@pytest.mark.parametrize(
    ("scores", "fewest", "compared"), [(1 << 27, 10_000, 2), (1, 1, 1), (1, 2, 2)]
)
def test_weights_are_compared_on_a_bounded_number_of_pairs(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, scores: int, fewest: int, compared: int
) -> None:
    seen = []

    def best(fit: Any, _: str) -> Any:
        seen.append(len(fit.evaluation.pairs))
        return {"weights": {"towers": 1.0}, "validation": {"model": {}}}

    training = training_of(shop, monkeypatch, best)
    monkeypatch.setattr(shop.scored.runtime, "LAYER_SCORES", scores)
    monkeypatch.setattr(shop.scored.runtime, "LAYER_PAIRS", fewest)
    training.fit_final_layer(shop.scored.model(shop.scores))
    assert seen == [compared]


def had(shop: Shop) -> list[tuple[int, int]]:
    """Returns pairs of what buyers had."""
    return sorted(set(shop.train))[::3]


def fresh(shop: Shop) -> list[tuple[int, int]]:
    """Returns pairs of what buyers did not have."""
    pairs = {(buyer, product) for buyer in range(BUYERS) for product in range(PRODUCTS)}
    return sorted(pairs - set(shop.train))[::3]


def test_the_layer_of_the_saved_model_is_fitted_on_the_test(shop: Shop) -> None:
    """As if it had not been fitted before; the metrics have the weights that were measured, too."""
    scores = shop.random.normal(size=(BUYERS + 1, PRODUCTS))
    training = bare_training(shop, shop.scored.rows([*had(shop), *fresh(shop)[:9]]))
    training.fit_final_layer(model := shop.scored.model(scores))
    measured = dict(training.weights)
    training.test = shop.scored.rows(fresh(shop))
    training.fit_final_layer_again(model)
    found, saved = (training.metrics.content[f"{name}final_layer"] for name in ("", "saved_"))
    assert found["weights"] == measured
    assert saved["weights"] == training.weights
    assert saved["weights"]["had"] < 0 < measured["had"]
    other = bare_training(shop, training.test)
    other.fit_final_layer(shop.scored.model(scores))
    assert training.weights == pytest.approx(other.weights, rel=1e-3, abs=1e-3)
    assert saved["unknown_buyers"] == training.unknown
    assert training.unknown["half_life"] == other.unknown["half_life"]
    assert FinalLayerFit.model_validate(saved).weights == training.weights


def test_weights_that_no_fit_on_the_test_beats_stay(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    training = bare_training(shop, shop.scored.rows(had(shop)))
    training.fit_final_layer(model := shop.scored.model(shop.scores))
    before, training.test = dict(training.weights), training.validated
    worse = np.array([1.0] + [0.0] * (len(before) - 1))
    monkeypatch.setattr(shop.scored.runtime.FinalFit, "weights", lambda *_: worse)
    capsys.readouterr()
    training.fit_final_layer_again(model)
    assert training.weights == before
    first, second = re.findall(r"\d\.\d{4}", capsys.readouterr().out)
    assert first == second


@pytest.mark.parametrize(("enough", "is_fitted"), [(1000, False), (5, True)])
def test_a_test_of_few_pairs_changes_no_weights(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, enough: int, is_fitted: bool
) -> None:
    monkeypatch.setattr(shop.scored.runtime, "NEWEST_PAIRS", enough)
    training = bare_training(shop, shop.scored.rows(had(shop)))
    training.fit_final_layer(model := shop.scored.model(shop.scores))
    before = dict(training.weights)
    training.test = shop.scored.rows(fresh(shop)[:9])
    training.fit_final_layer_again(model)
    assert (training.weights != before) == is_fitted
    assert ("weights" in training.metrics.content.get("saved_final_layer", {})) == is_fitted


@pytest.mark.parametrize(("past", "known"), [([], 0), ([3], 1)])
def test_where_no_buyer_comes_back_unknown_ones_decide(
    runtime: Any, capsys: pytest.CaptureFixture[str], past: list[int], known: int
) -> None:
    """Then known buyers get what unknown ones get, but not those who bring a list."""
    shop = Shop(runtime, seed=3)
    unknown, best = len(shop.lists), int(shop.scored.counting().counts(None).argmax())
    scores = shop.random.normal(size=(unknown + 1, PRODUCTS))
    scores[unknown, best] = -100.0  # towers that know less than counting
    model = shop.scored.model(scores)
    training = bare_training(shop, shop.scored.rows([(unknown, best)] * 9, lists=[past] * 9))
    training.fit_final_layer(model)
    found = training.metrics.content["final_layer"]
    assert FinalLayerFit.model_validate(found).weights == {}  # as the metrics file is read
    assert found["unknown_buyers"]["towers"] == 0
    assert found["unknown_buyers"]["validation"]["model"] == 1
    assert capsys.readouterr().out.splitlines() == [
        "final layer: validation recall@10 of unknown buyers 1.0000 (9 pairs, 0 of known ones)"
    ]
    later = shop.scored.model(scores)
    training.complete(later)
    assert later.final_layer.towers.numpy().tolist() == [known, 0]
    popular = later.final_layer.products.numpy()
    assert popular.argmax(axis=1).tolist() == [0 if known else best, best]


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        (1000, "warning: {}: recent popularity reaches 0.1500"),
        (100, "note: {}: recent popularity reaches 0.1500, which may be chance with 100 pairs"),
    ],
)
def test_what_was_traded_is_said(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pairs: int,
    told: str,
) -> None:
    """A baseline that is clearly better is warned of, and towers that are better are noted."""
    values = {
        "model": {"all": 0.5, "new": 0.1, "new_filtered": 0.2},
        "towers": {"all": 0.4, "new": 0.2, "new_filtered": 0.25},
        "popularity": {"all": 0.3, "new": 0.12, "new_filtered": 0.2},
        "popularity_recent": {"all": 0.3, "new": 0.15, "new_filtered": 0.2},
        "own_history": {"all": 0.5, "new": 0.0, "new_filtered": 0.2},
    }
    best = {"weights": {"towers": 1.0}, "validation": values}
    training = training_of(shop, monkeypatch, lambda *_: best)
    training.params["half_lives"] = {**PLAIN, "popularity_recent": PLAIN["popularity"]}
    monkeypatch.setattr(shop.scored.runtime.Evaluation, "size", lambda *_: pairs)
    training.fit_final_layer(shop.scored.model(shop.scores))
    assert training.metrics.content["final_layer"] is best
    assert capsys.readouterr().out.splitlines() == [
        "final layer: validation recall@10 of all pairs 0.4000 -> 0.5000",
        "final layer: validation recall@10 of new pairs 0.2000 -> 0.1000",
        told.format("validation recall@10 of new pairs"),
        "final layer: validation recall@10 of new pairs, past products left out 0.2500 -> 0.2000",
        "note: validation recall@10 of new pairs, past products left out: the towers alone reach "
        "0.2500, but lack more of counting elsewhere",
    ]
