"""Data of labelled runs of another make: shops, and what goes wrong in them.

Unlike those of verdicts_data.py, they sell products that are new in the test to buyers who are, and
each row has numbers to predict: how many pieces were bought, and whether they were kept. Tables are
in order of time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, Any]
Draw = np.random.Generator
Change = Callable[[dict[str, Array], Draw], dict[str, Array]]

BUYER, PRODUCT, TIME, VISIT = "member", "sku", "sold_at", "visit"
DAY = 86_400
YEAR = 365 * DAY
_START = 1_672_531_200  # 2023-01-01
LAST = 0.9  # share of the time span
TYPES = {TIME: pa.timestamp("s"), "price": pa.float64(), "pieces": pa.int64(), "kept": pa.int64()}


@dataclass(frozen=True)
class Shop:
    """What buyers and products are like.

    Attributes:
        buyers: Number of buyers; if all have the same number of visits, that is of the rows.
        products: Number of products, each of one kind of goods.
        kinds: Number of kinds of goods; a buyer likes one of them.
        days: The time span.
        visits: Visits of a buyer, if all have the same number.
        liked: Share of rows that are of the kind that the buyer likes.
        launched: Share of products that are launched within the time span, any day alike.
    """

    buyers: int = 300
    products: int = 300
    kinds: int = 5
    days: float = 300.0
    visits: int | None = None
    liked: float = 0.95
    launched: float = 0.4


def shop(rows: int, seed: int, made: Shop) -> dict[str, Array]:
    """Returns the columns of about so many rows, in visits of three rows on average."""
    draw = np.random.default_rng(seed)
    if made.visits is not None:
        made = replace(made, buyers=rows // (3 * made.visits))
    goods = np.arange(made.products) % made.kinds
    begins = np.where(draw.random(made.products) < made.launched, draw.random(made.products), 0.0)
    visitor, at = _visits_of(rows, draw, made)
    size = 1 + draw.poisson(2.0, len(visitor))
    buyer, place, visit = (np.repeat(each, size) for each in (visitor, at, np.arange(len(at))))
    odds = -0.7 * np.log(1 + draw.permutation(made.products) // made.kinds)
    liking = draw.integers(0, made.kinds, made.buyers)
    likes = liking[buyer]
    wanted = np.where(draw.random(len(buyer)) < made.liked, likes, draw.permutation(likes))
    logits = odds + np.where(goods == wanted[:, None], 0.0, -20.0)
    logits = np.where(begins > place[:, None], -40.0, logits)
    product = np.argmax(logits + draw.gumbel(size=logits.shape), axis=1)
    number = draw.normal(size=made.buyers + made.products)
    of_buyer, of_product = number[: made.buyers][buyer], number[made.buyers :][product]
    return {
        BUYER: _named("m", buyer),
        "town": _named("t", likes + made.kinds * (buyer % 4)),
        VISIT: _named("v", visit),
        PRODUCT: _named("s", product),
        "shelf": _named("g", goods[product]),
        "price": np.round(np.exp(draw.normal(1, 1, made.products))[product], 2),
        "pieces": 1 + draw.poisson(2 * np.exp(0.6 * of_buyer + 0.6 * of_product)),
        "kept": (draw.logistic(size=len(buyer)) < 0.8 * of_buyer + 1.2 * of_product).astype(int),
        TIME: _START + np.round(place * made.days * DAY).astype(np.int64),
    }


def _visits_of(rows: int, draw: Draw, made: Shop) -> tuple[Array, Array]:
    """Returns the buyer of each visit, and its time as a share of the span, in order of time."""
    since = np.where(draw.random(made.buyers) < 0.3, draw.random(made.buyers), 0.0)
    if made.visits is not None:
        buyer = np.repeat(np.arange(made.buyers), made.visits)
    else:
        activity = draw.gamma(1.5, size=made.buyers) * (1 - since)
        buyer = draw.choice(made.buyers, rows // 3, p=activity / activity.sum())
    at = since[buyer] + draw.random(len(buyer)) * (1 - since[buyer])
    order = np.argsort(at)
    return buyer[order], at[order]


def make_shop(variant: tuple[Shop, Change], rows: int, seed: int) -> pa.Table:
    """Returns about so many rows of a variant."""
    made, change = variant
    columns = change(shop(rows, seed, made), np.random.default_rng(seed))
    order = np.argsort(columns[TIME], kind="stable")
    return pa.table(
        {
            name: pa.array(values[order].tolist()).cast(TYPES.get(name, pa.string()))
            for name, values in columns.items()
        }
    )


def _named(prefix: str, numbers: Array) -> Array:
    return np.char.add(prefix, numbers.astype(str)).astype(object)


def is_last(columns: dict[str, Array]) -> Array:
    """Says of each row whether it lies in the last tenth of the time span."""
    time = columns[TIME]
    found: Array = time >= time.min() + (time.max() - time.min()) * LAST
    return found


def _visits(columns: dict[str, Array], draw: Draw, share: float) -> Array:
    """Draws visits, and says of each row whether it is of one of them."""
    _, visit = np.unique(columns[VISIT], return_inverse=True)
    found: Array = (draw.random(visit.max() + 1) < share)[visit]
    return found


def plain(columns: dict[str, Array], draw: Draw) -> dict[str, Array]:
    """Nothing is wrong."""
    return columns


def renamed(columns: dict[str, Array], draw: Draw, column: str, share: float) -> dict[str, Array]:
    """A new system writes a share of the IDs otherwise, in the last tenth."""
    names, place = np.unique(columns[column], return_inverse=True)
    is_new = is_last(columns) & (draw.random(len(names)) < share)[place]
    return {**columns, column: np.where(is_new, "SHOP/" + columns[column], columns[column])}


def shuffled(columns: dict[str, Array], draw: Draw) -> dict[str, Array]:
    """A join went wrong: each row has the product of another one."""
    order = draw.permutation(len(columns[PRODUCT]))
    return {**columns, **{name: columns[name][order] for name in (PRODUCT, "shelf", "price")}}


def closing(columns: dict[str, Array], draw: Draw, products: int) -> dict[str, Array]:
    """In the last tenth, the shop sells what is left: a few products that hardly sold before."""
    names, counts = np.unique(columns[PRODUCT][~is_last(columns)], return_counts=True)
    left = names[np.argsort(counts, kind="stable")[:products]]
    sold = draw.choice(left, len(columns[PRODUCT]))
    return {**columns, PRODUCT: np.where(is_last(columns), sold, columns[PRODUCT])}


def replayed(columns: dict[str, Array], draw: Draw, share: float) -> dict[str, Array]:
    """The last tenth is an older file that was loaded again, under new dates."""
    last = is_last(columns)
    visits = np.unique(columns[VISIT][~last])
    again = np.isin(columns[VISIT], draw.choice(visits, len(visits) // 9, replace=False))
    again &= ~last
    left = ~last | (draw.random(len(last)) >= share)
    time, cut = columns[TIME], columns[TIME][last].min()
    moved = cut + (time - time.min()) * (time.max() - cut) // max(1, cut - time.min())
    return {
        name: np.concatenate([values[left], (moved if name == TIME else values)[again]])
        for name, values in columns.items()
    }


def mistyped(columns: dict[str, Array], draw: Draw, share: float, years: int) -> dict[str, Array]:
    """Some visits have another year than their own."""
    is_wrong = _visits(columns, draw, share)
    return {**columns, TIME: np.where(is_wrong, columns[TIME] + years * YEAR, columns[TIME])}


def fee(columns: dict[str, Array], draw: Draw, share: float) -> dict[str, Array]:
    """Most rows are of one thing that nobody chooses, such as postage."""
    is_fee = draw.random(len(columns[PRODUCT])) < share
    return {**columns, PRODUCT: np.where(is_fee, "POSTAGE", columns[PRODUCT])}


def same(columns: dict[str, Array], draw: Draw, column: str) -> dict[str, Array]:
    """A number is 1 in every row."""
    return {**columns, column: np.ones_like(columns[column])}


def random(columns: dict[str, Array], draw: Draw, column: str) -> dict[str, Array]:
    """A number says nothing: its values are those of other rows."""
    return {**columns, column: draw.permutation(columns[column])}


def billed(columns: dict[str, Array], draw: Draw, noise: float) -> dict[str, Array]:
    """A column with what was paid for the pieces, at one price each."""
    paid = columns["pieces"] * 2.5 * (1 + noise * draw.normal(size=len(columns["pieces"])))
    return {**columns, "paid": np.round(paid, 2).astype(str).astype(object)}


def priced(columns: dict[str, Array], draw: Draw, share: float, value: float) -> dict[str, Array]:
    """Some prices are no prices."""
    is_odd = draw.random(len(columns["price"])) < share
    is_odd[0] = True
    return {**columns, "price": np.where(is_odd, value, columns["price"])}


SHOPS: dict[str, tuple[Shop, Change]] = {
    "shop": (Shop(), plain),
    "week": (Shop(days=7.0), plain),
    "one visit": (Shop(visits=1), plain),
    "five products": (Shop(products=5, kinds=5, launched=0.0), plain),
    "NaN prices": (Shop(), partial(priced, share=0.03, value=float("nan"))),
    "a huge price": (Shop(), partial(priced, share=0.0, value=1e30)),
    "products renamed": (Shop(), partial(renamed, column=PRODUCT, share=1.0)),
    "half of products renamed": (Shop(), partial(renamed, column=PRODUCT, share=0.5)),
    "buyers renamed": (Shop(), partial(renamed, column=BUYER, share=1.0)),
    "most buyers renamed": (Shop(), partial(renamed, column=BUYER, share=0.7)),
    "shuffled": (Shop(), shuffled),
    "closing, 10": (Shop(), partial(closing, products=10)),
    "closing, 40": (Shop(), partial(closing, products=40)),
    "replayed": (Shop(), partial(replayed, share=1.0)),
    "half replayed": (Shop(), partial(replayed, share=0.5)),
    "a year late 10": (Shop(), partial(mistyped, share=0.1, years=1)),
    "a year early 25": (Shop(), partial(mistyped, share=0.25, years=-1)),
    "fee 60": (Shop(), partial(fee, share=0.6)),
    "fee 90": (Shop(), partial(fee, share=0.9)),
    "one piece": (Shop(), partial(same, column="pieces")),
    "all kept": (Shop(), partial(same, column="kept")),
    "any pieces": (Shop(), partial(random, column="pieces")),
    "any kept": (Shop(), partial(random, column="kept")),
    "billed": (Shop(), partial(billed, noise=0.0)),
    "billed about": (Shop(), partial(billed, noise=0.1)),
}
"""What sells in a variant, and what goes wrong with its rows."""
