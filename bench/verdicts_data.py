"""Data of the labelled runs: demo data, changed in the ways in which real data goes wrong.

Each variant is a function of the demo transactions and a generator of random numbers. Tables are
in order of time, with the columns of `recgen demo-data`; `LAST` begins where the test does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from verdicts_anew import ANEW
from verdicts_shops import SHOPS, make_shop

Draw = np.random.Generator
Change = Callable[[pa.Table, Draw], pa.Table]

LAST = 0.9  # share of the time span
DAY = np.timedelta64(1, "D")


def make(variant: str, rows: int, seed: int) -> pa.Table:
    """Returns about so many transactions of a variant."""
    from recgen.demo import transactions

    if shop := {**SHOPS, **ANEW}.get(variant):
        return make_shop(shop, rows, seed)
    size = rows // COPIES.get(variant, 1)
    return VARIANTS[variant](transactions(size, seed), np.random.default_rng(seed))


def _texts(table: pa.Table, column: str) -> Any:
    return np.array(table[column].to_pylist(), dtype=object)


def _with(table: pa.Table, column: str, values: Any, kind: pa.DataType | None = None) -> pa.Table:
    """Returns a table with a column replaced, or added at its end."""
    array = pa.array(values, kind or pa.string())
    if column not in table.column_names:
        return table.append_column(column, array)
    return table.set_column(table.column_names.index(column), column, array)


def _times(table: pa.Table) -> Any:
    return table["InvoiceDate"].to_numpy().astype("datetime64[ms]")


def _dated(table: pa.Table, times: Any) -> pa.Table:
    """Returns a table with other times, in their order."""
    table = _with(table, "InvoiceDate", times.astype("datetime64[ms]"), pa.timestamp("ms"))
    return table.take(np.argsort(times, kind="stable"))


def _is_last(table: pa.Table) -> Any:
    """Says of each row whether it lies in the last tenth of the time span."""
    times = _times(table)
    return times >= times[0] + (times[-1] - times[0]) * LAST


def _per_invoice(table: pa.Table, draw: Draw, share: float) -> Any:
    """Draws invoices, and says of each row whether it is of one of them."""
    _, invoice = np.unique(_texts(table, "InvoiceNo"), return_inverse=True)
    return (draw.random(invoice.max() + 1) < share)[invoice]


def _goods(table: pa.Table) -> Any:
    """Returns the kind of goods of each row's product: the last word of its description."""
    codes, texts = _texts(table, "StockCode"), _texts(table, "Description")
    known = {c: t.split()[-1] for c, t in zip(codes, texts, strict=True) if t is not None}
    return np.array([known.get(code, "OTHER") for code in codes], dtype=object)


# IDs: one buyer, a coarse or a fine product


def guest(table: pa.Table, draw: Draw, share: float, name: str) -> pa.Table:
    """Purchases without an account are booked on one buyer."""
    buyers = _texts(table, "CustomerID")
    return _with(table, "CustomerID", np.where(_per_invoice(table, draw, share), name, buyers))


def grouped(table: pa.Table, draw: Draw, groups: int) -> pa.Table:
    """A column with a group of products, of a few values."""
    codes, places = np.unique(_texts(table, "StockCode"), return_inverse=True)
    group = draw.integers(0, groups, len(codes))
    return _with(table, "Group", [f"G{number}" for number in group[places]])


def by_goods(table: pa.Table, draw: Draw) -> pa.Table:
    """A column with the kind of goods of the product that was bought."""
    return _with(table, "Category", _goods(table))


def in_sizes(table: pa.Table, draw: Draw, sizes: int) -> pa.Table:
    """Products come in sizes, each with a code of its own, of which buyers take any."""
    size = draw.integers(1, sizes + 1, table.num_rows)
    codes = _texts(table, "StockCode")
    return _with(table, "StockCode", [f"{c}-{s}" for c, s in zip(codes, size, strict=True)])


def numbered(table: pa.Table, draw: Draw) -> pa.Table:
    """A column with a number for each row."""
    return _with(table, "Line", [f"L{number}" for number in range(table.num_rows)])


# What is bought


def staples(table: pa.Table, draw: Draw, count: int, share: float = 0.95) -> pa.Table:
    """Buyers have the same few products again and again, as from a pharmacy."""
    products = np.unique(_texts(table, "StockCode"))
    people, buyer = np.unique(_texts(table, "CustomerID"), return_inverse=True)
    own = np.array([draw.choice(products, count, replace=False) for _ in people])
    bought = own[buyer, draw.integers(0, count, table.num_rows)]
    other = draw.choice(products, table.num_rows)
    return _with(table, "StockCode", np.where(draw.random(table.num_rows) < share, bought, other))


def uniform(table: pa.Table, draw: Draw) -> pa.Table:
    """Nobody prefers anything."""
    products = np.unique(_texts(table, "StockCode"))
    return _with(table, "StockCode", draw.choice(products, table.num_rows))


def other_tastes(table: pa.Table, draw: Draw) -> pa.Table:
    """In the last tenth, each buyer has the taste of another one."""
    people, buyer = np.unique(_texts(table, "CustomerID"), return_inverse=True)
    later = people[draw.permutation(len(people))][buyer]
    return _with(table, "CustomerID", np.where(_is_last(table), later, people[buyer]))


def other_season(table: pa.Table, draw: Draw) -> pa.Table:
    """In the last tenth, products that hardly sold before are bought instead of those that did."""
    products, bought, counts = np.unique(
        _texts(table, "StockCode"), return_inverse=True, return_counts=True
    )
    order = np.argsort(counts, kind="stable")
    instead = np.empty(len(products), int)
    instead[order] = order[::-1]
    later = products[instead[bought]]
    return _with(table, "StockCode", np.where(_is_last(table), later, products[bought]))


def launches(table: pa.Table, draw: Draw, share: float) -> pa.Table:
    """In the last tenth, a share of the products is new."""
    codes = _texts(table, "StockCode")
    products = np.unique(codes)
    replaced = set(products[draw.random(len(products)) < share])
    is_new = _is_last(table) & np.isin(codes, list(replaced))
    return _with(table, "StockCode", np.where(is_new, "N" + codes.astype(str), codes))


# Columns that tell the answer


def viewed(table: pa.Table, draw: Draw, share: float) -> pa.Table:
    """A column with the page that was seen last: mostly that of the product that was bought."""
    codes = _texts(table, "StockCode")
    other = draw.choice(np.unique(codes), table.num_rows)
    return _with(table, "LastViewed", np.where(draw.random(table.num_rows) < share, codes, other))


def basket(table: pa.Table, draw: Draw) -> pa.Table:
    """A column with all products of the row's invoice."""
    invoices: dict[str, list[str]] = {}
    names, codes = _texts(table, "InvoiceNo"), _texts(table, "StockCode")
    for name, code in zip(names, codes, strict=True):
        invoices.setdefault(name, []).append(code)
    return _with(table, "basket", [invoices[name] for name in names], pa.list_(pa.string()))


# Times and rows


def at_export(table: pa.Table, draw: Draw, share: float) -> pa.Table:
    """Some invoices have the time of the export instead of their own."""
    times = _times(table)
    is_wrong = _per_invoice(table, draw, share)
    return _dated(table, np.where(is_wrong, times[-1], times))


def uploads(table: pa.Table, draw: Draw, days: int) -> pa.Table:
    """All times are those of a few uploads, into which the invoices came in any order."""
    times = _times(table)
    _, invoice = np.unique(_texts(table, "InvoiceNo"), return_inverse=True)
    place = draw.integers(0, days, invoice.max() + 1)[invoice]
    return _dated(table, times[-1] - place * 7 * DAY)


def day_for_month(table: pa.Table, draw: Draw) -> pa.Table:
    """Day and month are swapped wherever both readings are dates."""
    times = _times(table)
    years, months = times.astype("datetime64[Y]"), times.astype("datetime64[M]")
    month, day = (months - years).astype(int), (times.astype("datetime64[D]") - months).astype(int)
    swapped = (
        (years.astype("datetime64[M]") + day).astype("datetime64[D]")
        + month * DAY
        + (times - times.astype("datetime64[D]"))
    )
    return _dated(table, np.where(day < 12, swapped, times))


def shifted(table: pa.Table, draw: Draw, days: int) -> pa.Table:
    """The invoices of half of the buyers come from a system whose clock is so many days behind."""
    times = _times(table)
    people, buyer = np.unique(_texts(table, "CustomerID"), return_inverse=True)
    is_late = (draw.random(len(people)) < 0.5)[buyer]
    return _dated(table, np.where(is_late, times - days * DAY, times))


def repeated(table: pa.Table, draw: Draw, times: int) -> pa.Table:
    """Each row is there so many times, as after a join."""
    return table.take(np.repeat(np.arange(table.num_rows), times))


def _both(first: Change, second: Change) -> Change:
    return lambda table, draw: second(first(table, draw), draw)


COPIES = {"2 copies": 2, "5 copies": 5, "10 copies": 10, "10 copies, new products": 10}
"""Copies of each row, by variant."""

VARIANTS: dict[str, Change] = {
    "demo": lambda table, _: table,
    "guest 90": partial(guest, share=0.9, name="guest"),
    "guest 80": partial(guest, share=0.8, name="0"),
    "guest 60": partial(guest, share=0.6, name="GUEST"),
    "guest 40": partial(guest, share=0.4, name="99999"),
    "5 groups": partial(grouped, groups=5),
    "8 groups": partial(grouped, groups=8),
    "goods": by_goods,
    "6 sizes": partial(in_sizes, sizes=6),
    "12 sizes": partial(in_sizes, sizes=12),
    "row numbers": numbered,
    "4 staples": partial(staples, count=4),
    "6 staples": partial(staples, count=6),
    "3 staples, others": partial(staples, count=3, share=0.8),
    "uniform": uniform,
    "other tastes": other_tastes,
    "other season": other_season,
    "launches 60": partial(launches, share=0.6),
    "launches 40": partial(launches, share=0.4),
    "viewed 70": partial(viewed, share=0.7),
    "viewed 40": partial(viewed, share=0.4),
    "basket": basket,
    "export date 30": partial(at_export, share=0.3),
    "export date 60": partial(at_export, share=0.6),
    "30 uploads": partial(uploads, days=30),
    "day for month": day_for_month,
    "clock 100 days behind": partial(shifted, days=100),
    "2 copies": partial(repeated, times=2),
    "5 copies": partial(repeated, times=5),
    "10 copies": partial(repeated, times=10),
    "10 copies, new products": _both(
        partial(launches, share=0.6), partial(repeated, times=10)
    ),
    "guest 90, viewed 70": _both(
        partial(guest, share=0.9, name="guest"), partial(viewed, share=0.7)
    ),
}  # fmt: skip
