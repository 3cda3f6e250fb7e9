"""Demo data: transactions that resemble those of a real shop. Does not depend on configs."""

from __future__ import annotations

import datetime
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.findings import RecgenError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Array = NDArray[Any]

MIN_ROWS, MAX_ROWS = 200, 1_000_000
DEFAULT_ROWS = 40_000

_START = datetime.datetime(2024, 1, 1)
_DAYS = 366
_LINES = 8.0  # products on an invoice, on average
_REPEATS = 0.25  # share of an invoice's lines that the customer bought before
_NEW = 0.15  # share of the products that are launched during the year
_STYLES = (
    *("RED", "BLUE", "IVORY", "PINK", "GREEN", "SILVER", "VINTAGE", "RETRO SPOT", "FLORAL"),
    *("HEART", "STRIPED", "WOODEN", "ENAMEL", "GLASS", "CERAMIC", "MINI", "JUMBO", "FOLDING"),
)
_GOODS = (
    ("LUNCH BOX", "WATER BOTTLE", "SNACK TIN", "JUMBO BAG", "SHOPPER"),
    ("T-LIGHT HOLDER", "LANTERN", "CANDLE", "CANDLESTICK", "NIGHT LIGHT"),
    ("CAKE STAND", "CAKE CASES", "BAKING SET", "MIXING BOWL", "COOKIE CUTTER"),
    ("TEA SET", "TEACUP", "MUG", "COFFEE JAR", "TEAPOT"),
    ("PHOTO FRAME", "WALL CLOCK", "MIRROR", "METAL SIGN", "DOORMAT"),
    ("PARTY BUNTING", "BALLOONS", "PAPER PLATES", "NAPKINS", "PARTY CONES"),
    ("CHRISTMAS BAUBLE", "ADVENT CALENDAR", "CHRISTMAS STAR", "GARLAND", "STOCKING"),
    ("GARDEN GLOVES", "PLANT POT", "WATERING CAN", "BIRD FEEDER", "PARASOL"),
    ("NOTEBOOK", "PENCIL CASE", "WRAPPING PAPER", "GREETING CARD", "STICKERS"),
    ("NECKLACE", "BRACELET", "EARRINGS", "HAIR CLIP", "BROOCH"),
    ("CUSHION COVER", "BLANKET", "HOT WATER BOTTLE", "RUG", "THROW"),
    ("JIGSAW", "SKIPPING ROPE", "DOLL", "TOY TRAIN", "SPACE BOY PUPPET"),
)
_COUNTRIES = ("United Kingdom", "Germany", "France", "EIRE", "Spain", "Netherlands", "Norway")
_COUNTRY_SHARES = (0.82, 0.05, 0.05, 0.03, 0.02, 0.02, 0.01)


def demo_data(kind: str, rows: int = DEFAULT_ROWS, seed: int = 0) -> bytes:
    """Return the contents of a file of transactions with the columns of UCI Online Retail.

    Customers like a few of twelve hidden categories and buy some products again. Products follow a
    power law, have seasons, and are partly launched during the year. A model can therefore learn
    much more than popularity.

    Args:
        kind: `csv` or `parquet`.
        rows: Number of invoice lines, each with one product.
        seed: The same seed gives the same bytes with the same versions of numpy and pyarrow.

    Raises:
        RecgenError: The number of rows is out of range.
    """
    if not MIN_ROWS <= rows <= MAX_ROWS:
        raise RecgenError(
            f"cannot make {rows:,} rows", f"choose a number from {MIN_ROWS:,} to {MAX_ROWS:,}"
        )
    table = transactions(rows, seed)
    return _csv(table) if kind == "csv" else _parquet(table)


def kind_of_file(path: Path) -> str:
    """Return `csv` or `parquet` depending on the file's suffix.

    Raises:
        RecgenError: The file has another suffix.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("csv", "parquet"):
        raise RecgenError(f"{path} must end in .parquet or .csv", "for example demo.parquet")
    return kind


def transactions(rows: int, seed: int) -> pa.Table:
    """Return the transactions in order of time."""
    import numpy as np

    draw = np.random.default_rng(seed)
    products = _products(draw, max(60, round(30 * (rows / 100) ** 0.5)))
    customers = _customers(draw, max(20, rows // 20))
    sizes = _invoice_sizes(draw, rows)
    minutes = _invoice_times(draw, len(sizes))
    buyers = draw.choice(len(customers.activity), len(sizes), p=customers.activity)
    bought = _fill_invoices(draw, products, customers, sizes, minutes // 1440, buyers)
    return _table(draw, products, customers, sizes, minutes, buyers, bought)


@dataclass(frozen=True)
class _Products:
    """Products: arrays with one value per product."""

    category: Array
    appeal: Array
    """Weight among the products of a category: a power law."""
    launch: Array
    """Day of the year on which the product is launched."""
    price: Array
    code: list[str]
    description: list[str]


@dataclass(frozen=True)
class _Customers:
    """Customers: arrays with one value, or one row, per customer."""

    activity: Array
    """Share of the invoices."""
    taste: Array
    """Weight of each category, [customers, categories]."""
    country: Array


def _products(draw: np.random.Generator, count: int) -> _Products:
    import numpy as np

    category = np.arange(count) % len(_GOODS)
    appeal = (5.0 + draw.permutation(count)) ** -0.8
    launch = np.where(draw.random(count) < _NEW, draw.integers(30, 240, count), 0)
    typical = draw.uniform(0.5, 2.5, len(_GOODS))[category]
    price = np.exp(typical + draw.normal(0, 0.5, count)).round(2)
    numbers = 20_000 + np.sort(draw.choice(max(5_000, 2 * count), count, replace=False))
    letters = np.where(draw.random(count) < 0.1, draw.choice(list("ABCDEFG"), count), "")
    codes = [f"{number}{letter}" for number, letter in zip(numbers, letters, strict=True)]
    names = [_description(index) for index in range(count)]
    return _Products(category, appeal, launch, price, codes, names)


def _description(index: int) -> str:
    """Return the unique name of the index-th product."""
    place, category = divmod(index, len(_GOODS))
    goods = _GOODS[category]
    place, kind = divmod(place, len(goods))
    edition, style = divmod(place, len(_STYLES))
    pack = f"SET OF {edition + 1} " if edition else ""
    return f"{pack}{_STYLES[style]} {goods[kind]}"


def _customers(draw: np.random.Generator, count: int) -> _Customers:
    import numpy as np

    activity = draw.lognormal(0, 0.9, count)
    taste = draw.dirichlet(np.full(len(_GOODS), 0.1), count) + 0.004
    country = draw.choice(len(_COUNTRIES), count, p=_COUNTRY_SHARES)
    return _Customers(activity / activity.sum(), taste, country)


def _invoice_sizes(draw: np.random.Generator, rows: int) -> Array:
    """Return the number of lines of each invoice, which add up to `rows`."""
    import numpy as np

    wished = np.minimum(draw.geometric(1 / _LINES, rows), 30)
    ends = np.minimum(np.cumsum(wished), rows)
    ends = ends[: int(np.searchsorted(ends, rows)) + 1]
    return np.asarray(np.diff(ends, prepend=0))


def _invoice_times(draw: np.random.Generator, count: int) -> Array:
    """Return the minute of the year of each invoice, ascending, with more before Christmas."""
    import numpy as np

    day = np.arange(_DAYS)
    weight = 1 + 0.8 * np.exp(-(((day - 325) / 30.0) ** 2))
    weight[day % 7 == 5] = 0  # the year begins on a Monday; closed on Saturdays
    days = draw.choice(_DAYS, count, p=weight / weight.sum())
    return np.sort(days * 1440 + draw.integers(8 * 60, 18 * 60, count))


def _fill_invoices(
    draw: np.random.Generator,
    products: _Products,
    customers: _Customers,
    sizes: Array,
    days: Array,
    buyers: Array,
) -> Array:
    """Return the product of each line."""
    import numpy as np

    peak = draw.integers(0, _DAYS, len(_GOODS))
    earlier: dict[int, list[int]] = {}
    lines: list[int] = []
    for size, day, buyer in zip(sizes.tolist(), days.tolist(), buyers.tolist(), strict=True):
        season = 1 + 0.4 * np.cos(2 * math.pi * (day - peak) / _DAYS)
        weight = (customers.taste[buyer] * season)[products.category] * products.appeal
        weight = np.where(products.launch <= day, weight, 0)
        known = earlier.setdefault(buyer, [])
        again = min(int(draw.binomial(size, _REPEATS)), len(known))
        invoice = [known[i] for i in draw.integers(0, len(known), again)] if again else []
        fresh = draw.choice(len(weight), size - again, replace=False, p=weight / weight.sum())
        invoice += fresh.tolist()
        known += invoice
        lines += invoice
    return np.array(lines)


def _table(
    draw: np.random.Generator,
    products: _Products,
    customers: _Customers,
    sizes: Array,
    minutes: Array,
    buyers: Array,
    bought: Array,
) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    invoice = np.repeat(np.arange(len(sizes)), sizes)
    buyer, rows = buyers[invoice], len(bought)
    quantity = np.maximum(1, draw.lognormal(1, 0.9, rows).round()).astype(np.int64)
    price = (products.price[bought] * draw.choice([1.0, 1.0, 0.85], rows)).round(2)
    start = np.datetime64(_START, "ms")
    countries = np.array(_COUNTRIES, dtype=object)
    columns = {
        "InvoiceNo": [str(536_365 + number) for number in invoice.tolist()],
        "StockCode": [products.code[product] for product in bought.tolist()],
        "Description": pa.array(
            [products.description[product] for product in bought.tolist()],
            mask=draw.random(rows) < 0.005,
        ),
        "Quantity": quantity,
        "InvoiceDate": start + minutes[invoice].astype("timedelta64[m]"),
        "UnitPrice": pa.array(price, mask=draw.random(rows) < 0.015),
        "CustomerID": [str(12_346 + number) for number in buyer.tolist()],
        "Country": pa.array(
            countries[customers.country[buyer]], pa.string(), mask=draw.random(rows) < 0.015
        ),
    }
    return pa.table(columns)


def _parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _csv(table: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.csv

    at = table.schema.get_field_index("InvoiceDate")
    seconds = table["InvoiceDate"].cast(pa.timestamp("s"))  # 2024-01-02 08:26:00
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(table.set_column(at, "InvoiceDate", seconds), buffer)
    return buffer.getvalue()
