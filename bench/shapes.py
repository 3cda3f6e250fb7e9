"""Small data sets after the schemas of public ones, synthesised. Knows numpy and Arrow.

Buyers have tastes, products have groups, popularity and a life; `Market` says how much of each.
Half of the data sets are for development, and the other half is looked at only to report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recgen.demo import transactions

Array = npt.NDArray[Any]

_START = 1_672_531_200  # 2023-01-01
_DAY = 86_400
_FACTORS = 6  # of taste, beside the groups that a buyer likes
_LIKED = 3  # groups
_FORGOTTEN = 60.0  # days after which a past purchase is repeated half as often


@dataclass(frozen=True)
class Market:
    """What buyers and products are like.

    Attributes:
        buyers: Number of buyers.
        products: Number of products in the catalogue; not all of them need to be sold.
        rows: About how many purchases there are.
        days: The time span.
        basket: Products of a visit, on average.
        repeats: Share of purchases that repeat an earlier one of the buyer.
        is_once: Whether a buyer buys each product at most once.
        visits: Visits of a buyer, if all have the same number.
        skew: Exponent of the popularity's power law.
        taste: How much taste counts, as a factor of log-odds.
        groups: Number of groups of products.
        launched: Share of products that are launched within the time span.
        life: Days until a product's popularity has fallen by half after its best day.
    """

    buyers: int
    products: int
    rows: int
    days: float = 365.0
    basket: float = 4.0
    repeats: float = 0.3
    is_once: bool = False
    visits: int | None = None
    skew: float = 0.9
    taste: float = 1.5
    groups: int = 12
    launched: float = 0.15
    life: float | None = None


@dataclass(frozen=True)
class Purchases:
    """Rows in the order of time: numbers of buyers and products, and epoch seconds."""

    buyer: Array
    product: Array
    time: Array
    group: Array
    """The group of each product, [products]."""


def simulate(market: Market, seed: int = 0) -> Purchases:
    """Returns the purchases of a market."""
    draw = np.random.default_rng(seed)
    group = draw.integers(0, market.groups, market.products)
    likes = np.argsort(draw.random((market.buyers, market.groups)), axis=1) < _LIKED
    people = draw.normal(size=(market.buyers, _FACTORS)) / np.sqrt(_FACTORS)
    goods = draw.normal(size=(market.products, _FACTORS))
    popular = -market.skew * np.log(1 + draw.permutation(market.products))
    begins = np.where(draw.random(market.products) < market.launched, draw.random(), 0.0)
    begins *= draw.random(market.products) * market.days / max(begins.max(), 1e-9)
    best = begins + draw.random(market.products) * (market.days - begins)
    visits = _visits(market, draw)
    past: list[dict[int, float]] = [{} for _ in range(market.buyers)]
    rows: list[tuple[int, int, int]] = []
    for buyer, at in visits:
        logits = popular + market.taste * (likes[buyer][group] + people[buyer] @ goods.T)
        if market.life is not None:
            logits = logits - np.log(2) * np.abs(at - best) / market.life
        logits[begins > at] = -np.inf
        if market.is_once:
            logits[list(past[buyer])] = -np.inf
        size = 1 + draw.poisson(market.basket - 1)
        wanted = np.argsort(-(logits + draw.gumbel(size=len(logits))))[:size]
        basket = set(wanted[np.isfinite(logits[wanted])].tolist())
        basket = _with_repeats(basket, past[buyer], at, market.repeats, draw)
        for product in sorted(basket):
            rows.append((buyer, product, int(_START + at * _DAY)))
            past[buyer][product] = at
    buyers, products, times = np.array(rows).T
    return Purchases(buyers, products, times, group)


def _visits(market: Market, draw: np.random.Generator) -> list[tuple[int, float]]:
    """Returns buyers and days of visits, in the order of time."""
    if market.visits is not None:
        counts = np.full(market.buyers, market.visits)
    else:
        activity = draw.gamma(0.8, size=market.buyers)
        total = round(market.rows / market.basket)
        counts = np.maximum(1, draw.multinomial(total, activity / activity.sum()))
    buyers = np.repeat(np.arange(market.buyers), counts)
    days = np.sort(draw.random(len(buyers)) * market.days)
    return list(zip(draw.permutation(buyers).tolist(), days.tolist(), strict=True))


def _with_repeats(
    basket: set[int], past: dict[int, float], at: float, share: float, draw: np.random.Generator
) -> set[int]:
    """Returns a basket, of which a share is replaced by what the buyer had, the latest most."""
    count = min(draw.binomial(len(basket), share), len(past))
    if not count:
        return basket
    weights = np.exp2((np.array(list(past.values())) - at) / _FORGOTTEN)
    again = draw.choice(list(past), count, replace=False, p=weights / weights.sum())
    return {*list(basket)[count:], *again.tolist()}


def _named(numbers: Array, prefix: str) -> list[str]:
    return [f"{prefix}{number:05d}" for number in numbers.tolist()]


def _moments(time: Array) -> pa.Array:
    return pa.array(time, pa.timestamp("s"))


def _grocery() -> pa.Table:
    """Tickets of few households with many products, 3.4 rows each: after The Complete Journey."""
    found = simulate(Market(150, 5000, 12_000, basket=9, repeats=0.35, skew=0.5, life=None))
    return pa.table(
        {
            "household_key": found.buyer + 1,
            "BASKET_ID": found.time * 1000 + found.buyer,
            "transaction_date": pa.array(found.time // _DAY, pa.int32()).cast(pa.date32()),
            "PRODUCT_ID": found.product + 820_000,
            "COMMODITY_DESC": _named(found.group[found.product], "COMMODITY "),
            "QUANTITY": 1 + found.time % 3,
        }
    )


def _ratings(is_dated: bool, seed: int) -> pa.Table:
    """Ratings, nothing twice: after MovieLens."""
    market = Market(
        900, 2000, 40_000, days=900, basket=12, repeats=0, is_once=True, taste=2.0, launched=0.3
    )
    found = simulate(market, seed)
    rating = 1 + (found.product * 7 + found.buyer * 3) % 9 / 2
    columns = {"userId": found.buyer + 1, "movieId": found.product + 1, "rating": rating}
    return pa.table({**columns, **({"timestamp": found.time} if is_dated else {})})


def _ten() -> pa.Table:
    """Ten products that are bought again: refills."""
    found = simulate(Market(1500, 10, 12_000, basket=1.3, repeats=0.5, groups=5))
    return pa.table(
        {
            "Kundennummer": _named(found.buyer, "K"),
            "Artikelnummer": _named(found.product, "A"),
            "Datum": _moments(found.time),
        }
    )


def _undated() -> pa.Table:
    """Purchases without any time, some of them repeated."""
    found = simulate(Market(1500, 1500, 25_000, basket=3, repeats=0.4), seed=2)
    order = np.random.default_rng(0).permutation(len(found.buyer))
    return pa.table(
        {
            "user_id": _named(found.buyer[order], "u"),
            "item_id": _named(found.product[order], "i"),
            "category": _named(found.group[found.product][order], "c"),
        }
    )


def _fashion() -> pa.Table:
    """Articles are colours of products and are sold for a season: after H&M's transactions."""
    market = Market(
        4000, 3000, 40_000, basket=2.5, repeats=0.08, life=25, launched=0.5, skew=0.7, taste=1.2
    )
    found = simulate(market, seed=3)
    colour = (found.buyer * 7 + found.product) % 3
    return pa.table(
        {
            "t_dat": pa.array(found.time // _DAY, pa.int32()).cast(pa.date32()),
            "customer_id": [f"{(b + 1) * 2654435761 % 2**64:016x}" for b in found.buyer.tolist()],
            "article_id": (found.product + 100_000) * 1000 + colour,
            "product_code": found.product + 100_000,
            "price": 0.01 + found.product % 97 / 1000,
            "sales_channel_id": 1 + found.buyer % 2,
        }
    )


def _few_buyers() -> pa.Table:
    """A wholesaler with 40 customers."""
    found = simulate(Market(40, 600, 15_000, basket=6, repeats=0.6), seed=4)
    return pa.table(
        {
            "debtor_no": found.buyer + 70_000,
            "item_no": _named(found.product, "IT-"),
            "posting_date": _moments(found.time),
            "item_group": _named(found.group[found.product], "G"),
        }
    )


def _long_tail() -> pa.Table:
    """A bookshop: most titles are sold a few times."""
    market = Market(2000, 9000, 30_000, basket=2, repeats=0.05, skew=0.75, taste=2, groups=30)
    found = simulate(market, seed=5)
    return pa.table(
        {
            "customer_id": _named(found.buyer, "C"),
            "isbn": 9_780_000_000_000 + found.product * 10,
            "genre": _named(found.group[found.product], "genre "),
            "ordered_at": _moments(found.time),
        }
    )


def _one_purchase() -> pa.Table:
    """Nearly all buyers buy once: after Olist's orders."""
    found = simulate(Market(14_000, 1500, 0, basket=1.2, visits=1, life=60), seed=6)
    return pa.table(
        {
            "order_id": [f"{n * 2654435761 % 2**32:08x}" for n in range(len(found.buyer))],
            "customer_unique_id": [f"{b * 40503 % 2**32:08x}" for b in found.buyer.tolist()],
            "customer_state": [f"S{b % 27:02}" for b in found.buyer.tolist()],
            "product_id": _named(found.product, "p"),
            "product_category_name": _named(found.group[found.product], "cat "),
            "order_purchase_timestamp": _moments(found.time),
        }
    )


def _streams() -> pa.Table:
    """Plays of artists, mostly the same ones again: after Last.fm's listening histories."""
    found = simulate(Market(300, 2500, 40_000, days=200, basket=8, repeats=0.8), seed=7)
    return pa.table(
        {
            "user_id": _named(found.buyer, "user_"),
            "timestamp": _moments(found.time),
            "artist_id": _named(found.product, "artist "),
        }
    )


@dataclass(frozen=True)
class DataSet:
    """How a data set is made, and its columns of the buyer, the product and the time."""

    make: Callable[[], pa.Table]
    buyer: str
    product: str
    time: str | None = None


RETAIL = ("CustomerID", "StockCode", "InvoiceDate")
DEVELOPMENT: dict[str, DataSet] = {
    "demo": DataSet(lambda: transactions(30_000, 1), *RETAIL),
    "grocery": DataSet(_grocery, "household_key", "PRODUCT_ID", "transaction_date"),
    "ratings": DataSet(lambda: _ratings(True, 1), "userId", "movieId", "timestamp"),
    "ten products": DataSet(_ten, "Kundennummer", "Artikelnummer", "Datum"),
    "undated": DataSet(_undated, "user_id", "item_id"),
    "one purchase": DataSet(
        _one_purchase, "customer_unique_id", "product_id", "order_purchase_timestamp"
    ),
}
REPORT: dict[str, DataSet] = {
    "fashion": DataSet(_fashion, "customer_id", "article_id", "t_dat"),
    "few buyers": DataSet(_few_buyers, "debtor_no", "item_no", "posting_date"),
    "long tail": DataSet(_long_tail, "customer_id", "isbn", "ordered_at"),
    "ratings undated": DataSet(lambda: _ratings(False, 8), "userId", "movieId"),
    "streams": DataSet(_streams, "user_id", "artist_id", "timestamp"),
}


def sample_of_buyers(path: Path, buyers: int, seed: int) -> pa.Table:
    """Returns the rows of some buyers of UCI Online Retail."""
    table = pq.read_table(path)
    ids = table[RETAIL[0]].cast(pa.string())
    people = np.unique(ids.drop_null().to_numpy(zero_copy_only=False))
    chosen = np.random.default_rng(seed).permutation(people)[:buyers]
    return table.filter(pc.is_in(ids, pa.array(chosen, pa.string())))
