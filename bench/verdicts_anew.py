"""Data of the labelled runs that were written after the causes: honest columns, and others.

Each variant is a shop of verdicts_shops.py with columns that a buyer's request has, or that are
only known after the purchase. None of these was looked at while the causes were developed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from verdicts_shops import (
    BUYER,
    PRODUCT,
    Array,
    Change,
    Draw,
    Shop,
    closing,
    renamed,
)

Columns = dict[str, Array]
Add = Callable[[Columns, Draw], Columns]


def _number(values: Any) -> Array:
    """Returns numbers as text, with four digits."""
    return np.array([f"{value:.4g}" for value in values], dtype=object)


def _drawn_by(key: Array, draw: Draw, low: float, high: float) -> Array:
    """Draws a number for each value of a key, and returns it for each row."""
    names, place = np.unique(key.astype(str), return_inverse=True)
    found: Array = draw.uniform(low, high, len(names))[place]
    return found


def _with(columns: Columns, draw: Draw, *adds: Add) -> Columns:
    for add in adds:
        columns = {**columns, **add(columns, draw)}
    return columns


# What is known when a buyer asks.


def pack(columns: Columns, draw: Draw) -> Columns:
    """Products come in packs, and pieces are counted."""
    size = np.round(_drawn_by(columns[PRODUCT], draw, 0.6, 24.4)).clip(1)
    return {"pack": _number(size), "pieces": columns["pieces"] * size.astype(int)}


def promotion(columns: Columns, draw: Draw) -> Columns:
    """On some days, buyers take twice as many of what is promoted."""
    is_on = draw.random(len(columns["pieces"])) < 0.25
    return {"promotion": np.where(is_on, "yes", "no").astype(object),
            "pieces": columns["pieces"] * np.where(is_on, 2, 1)}  # fmt: skip


def drifting(columns: Columns, draw: Draw) -> Columns:
    """Prices change by a tenth, and the revenue is to be predicted."""
    price = np.round(columns["price"] * draw.uniform(0.9, 1.1, len(columns["price"])), 2)
    return {"price": price, "revenue": _number(price * columns["pieces"])}


def auction(columns: Columns, draw: Draw) -> Columns:
    """Each lot has a price of its own, which the buyer sees, and most take one piece."""
    price = np.round(np.exp(draw.normal(2, 1, len(columns["price"]))), 2)
    pieces = 1 + (draw.random(len(price)) < 0.3)
    return {"price": price, "revenue": _number(price * pieces)}


def wholesale(columns: Columns, draw: Draw) -> Columns:
    """Some buyers are shops themselves, and take ten times as many."""
    is_shop = _drawn_by(columns[BUYER], draw, 0, 1) < 0.3
    return {"segment": np.where(is_shop, "wholesale", "retail").astype(object),
            "pieces": columns["pieces"] * np.where(is_shop, 10, 1)}  # fmt: skip


def channel(columns: Columns, draw: Draw) -> Columns:
    """What is bought in the app comes back more often."""
    is_app = draw.random(len(columns["kept"])) < 0.4
    lost = is_app & (draw.random(len(is_app)) < 0.4)
    return {"channel": np.where(is_app, "app", "web").astype(object),
            "kept": np.where(lost, 0, columns["kept"])}  # fmt: skip


def earlier(columns: Columns, draw: Draw) -> Columns:
    """How many pieces the buyer's row before this one had."""
    latest: dict[str, int] = {}
    found = []
    for buyer, pieces in zip(columns[BUYER], columns["pieces"], strict=True):
        found.append(latest.get(buyer, 0))
        latest[buyer] = pieces
    return {"pieces_before": _number(found)}


def typed(columns: Columns, draw: Draw) -> Columns:
    """What the buyer typed into the search: mostly the kind of goods that is then bought."""
    other = draw.permutation(columns["shelf"])
    is_right = draw.random(len(other)) < 0.8
    return {"search": np.where(is_right, columns["shelf"], other)}


def device(columns: Columns, draw: Draw) -> Columns:
    """The buyer's device, and the hour."""
    count = len(columns[PRODUCT])
    kinds = draw.choice(["phone", "tablet", "desk"], count)
    return {"device": kinds.astype(object), "hour": _number(draw.integers(7, 23, count))}


def rated(columns: Columns, draw: Draw) -> Columns:
    """A rating of one to five, of the buyer's and the product's tendency."""
    tendency = np.log(columns["pieces"]) + 0.7 * draw.normal(size=len(columns["pieces"]))
    return {"rating": _number(np.clip(np.round(2.5 + 1.2 * tendency), 1, 5)),
            "age": _number(np.round(_drawn_by(columns[BUYER], draw, 18, 80)))}  # fmt: skip


# What is only known after the purchase.


def points(columns: Columns, draw: Draw) -> Columns:
    """Points that the purchase earned: one for ten of what was paid."""
    return {"points": _number(columns["pieces"] * columns["price"] // 10)}


def order_total(columns: Columns, draw: Draw) -> Columns:
    """The pieces of the whole visit, with those of this row."""
    _, visit = np.unique(columns["visit"].astype(str), return_inverse=True)
    return {"order_total": _number(np.bincount(visit, columns["pieces"])[visit])}


def delivered(columns: Columns, draw: Draw) -> Columns:
    """The days of delivery: more for more pieces."""
    return {"days": _number(2 + columns["pieces"] // 2 + draw.poisson(0.7, len(columns["pieces"])))}


def exchanged(columns: Columns, draw: Draw) -> Columns:
    """What was paid in another currency, at the rate of that day, less a discount."""
    count = len(columns["pieces"])
    rate, less = np.exp(draw.normal(0, 0.8, count)), draw.uniform(0, 0.3, count)
    paid = columns["pieces"] * columns["price"] * rate * (1 - less)
    return {"paid_abroad": _number(paid), "rate": _number(rate)}


def complaint(columns: Columns, draw: Draw) -> Columns:
    """How long the call after the purchase was: longer if the goods came back."""
    long = draw.gamma(2.0, np.where(columns["kept"] == 1, 1.0, 6.0))
    return {"call": _number(long)}


def taxed(columns: Columns, draw: Draw) -> Columns:
    """The revenue, and its tax, at one of three rates a row."""
    revenue = columns["price"] * columns["pieces"]
    rate = draw.choice([0.07, 0.1, 0.19], len(revenue))
    return {"revenue": _number(revenue), "tax": _number(np.round(revenue * rate, 2))}


def parcel(columns: Columns, draw: Draw) -> Columns:
    """The weight of the parcel: that of the product, with wrapping."""
    weight = np.exp(_drawn_by(columns[PRODUCT], draw, -3, 3))
    return {"weight": _number(weight + draw.gamma(1.0, 0.1, len(weight)))}


def scanned(columns: Columns, draw: Draw) -> Columns:
    """The beginning of the barcode, and a letter of the till."""
    letters = draw.choice(list("abc"), len(columns[PRODUCT]))
    codes = (int(name[1:]) // 6 for name in columns[PRODUCT])
    found = [f"{code}{letter}" for code, letter in zip(codes, letters, strict=True)]
    return {"scan": np.array(found, dtype=object)}


def invoiced(columns: Columns, draw: Draw) -> Columns:
    """The sum on the invoice, after discounts of up to a third."""
    less = draw.uniform(0.67, 1.0, len(columns["pieces"]))
    return {"invoice": _number(columns["pieces"] * columns["price"] * less)}


def tripled(columns: Columns, draw: Draw) -> Columns:
    """A join wrote each row three times."""
    return {name: np.repeat(values, 3) for name, values in columns.items()}


def moved(columns: Columns, draw: Draw) -> Columns:
    """In the last tenth, buyers have new IDs, and a few products are sold off."""
    columns = renamed(columns, draw, BUYER, 1.0)
    return closing(columns, draw, 10)


USUAL, WIDE, SMALL = (
    Shop(),
    Shop(buyers=150, products=800, kinds=8, days=500.0),
    Shop(buyers=400, products=80, kinds=4, days=60.0, liked=0.8),
)


def _shop(made: Shop, *adds: Add) -> tuple[Shop, Change]:
    return made, partial(_added, adds=adds)


def _added(columns: Columns, draw: Draw, adds: tuple[Add, ...]) -> Columns:
    return _with(columns, draw, *adds)


ANEW: dict[str, tuple[Shop, Change]] = {
    "packs": _shop(WIDE, pack),
    "promotion": _shop(USUAL, promotion),
    "drifting prices": _shop(SMALL, drifting),
    "auction": _shop(USUAL, auction),
    "wholesale": _shop(SMALL, wholesale),
    "channel": _shop(USUAL, channel),
    "pieces before": _shop(SMALL, earlier),
    "search": _shop(USUAL, typed),
    "device": _shop(SMALL, device),
    "wide": _shop(WIDE),
    "ratings": _shop(SMALL, rated),
    "points": _shop(USUAL, points),
    "order total": _shop(SMALL, order_total),
    "delivery": _shop(WIDE, delivered),
    "abroad": _shop(USUAL, exchanged),
    "calls": _shop(SMALL, complaint),
    "tax": _shop(USUAL, taxed),
    "parcel": _shop(USUAL, parcel),
    "scans": _shop(SMALL, scanned),
    "invoice": _shop(USUAL, invoiced),
    "tripled": _shop(SMALL, tripled),
    "moved": _shop(USUAL, moved),
    "small": _shop(SMALL),
}
"""What sells in a variant, and which columns it has."""
