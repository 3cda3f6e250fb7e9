"""Transactions of any size, with the columns of Online Retail. Knows numpy and Arrow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

VALIDATION_SHARE = 0.03  # beside the rows of the training
TEST_ROWS = 2048  # few: they are ranked once, which is not what is measured
_ROWS_PER_BUYER = 80  # as in Online Retail
_COUNTRIES = 38
_SPAN = 374 * 86_400  # seconds, from 2010-12-01
_START = 1_291_161_600


def transactions(products: int, rows: int, seed: int = 0) -> pa.Table:
    """Returns transactions: products by Zipf's law (each at least once), buyers evenly.

    Args:
        products: Size of the catalogue.
        rows: Rows in the first 87% of the time; at least `products`. 3% of their number follow
            in the next 3% of the time, and `TEST_ROWS` in the last 10%.
        seed: The same seed gives the same rows.
    """
    draw = np.random.default_rng(seed)
    validation, chances = round(VALIDATION_SHARE * rows), _chances(products)
    late = draw.choice(products, validation + TEST_ROWS, p=chances)
    early = draw.choice(products, rows - products, p=chances)
    product = np.concatenate([np.arange(products), early, late])
    price = np.exp(draw.normal(1, 1, products))
    buyer = draw.integers(0, max(2, rows // _ROWS_PER_BUYER), len(product))
    places = [(0, 0.86, rows), (0.875, 0.895, validation), (0.905, 0.995, TEST_ROWS)]
    time = np.concatenate([draw.uniform(first, last, n) for first, last, n in places])
    time[[0, -1]] = 0, 1  # the span, from end to end
    names = _names("b", np.arange(max(2, rows // _ROWS_PER_BUYER)))
    return _table(names, buyer, _names("p", np.arange(products)), product, price, time)


def pieces(products: int, rows: int, size: int, seed: int = 0) -> Iterator[pa.Table]:
    """Yields transactions by the same laws, evenly in time, in memory for one piece at a time.

    Args:
        products: Size of the catalogue.
        rows: Rows of all pieces; at least `products`.
        size: Rows of a piece; the last one may have fewer.
        seed: The same arguments give the same rows.
    """
    draw, chances = np.random.default_rng(seed), _chances(products)
    price = np.exp(draw.normal(1, 1, products))
    buyers = _names("b", np.arange(max(2, rows // _ROWS_PER_BUYER)))
    codes = _names("p", np.arange(products))
    for start in range(0, rows, size):
        count = min(size, rows - start)
        product = draw.choice(products, count, p=chances)
        first = np.arange(start, min(products, start + count))
        product[: len(first)] = first  # each at least once
        buyer = draw.integers(0, len(buyers), count)
        yield _table(buyers, buyer, codes, product, price, draw.uniform(size=count))


def _table(
    buyers: pa.Array,
    buyer: np.ndarray,
    products: pa.Array,
    product: np.ndarray,
    price: np.ndarray,
    place: np.ndarray,
) -> pa.Table:
    seconds = _START + (place * _SPAN).astype(np.int64)
    return pa.table(
        {
            "CustomerID": buyers.take(pa.array(buyer)),
            "Country": _names("country", np.arange(_COUNTRIES)).take(pa.array(buyer % _COUNTRIES)),
            "StockCode": products.take(pa.array(product)),
            "UnitPrice": price[product],
            "InvoiceDate": pa.array(seconds, pa.timestamp("s")),
        }
    )


def _chances(products: int) -> np.ndarray:
    weights = 1 / np.arange(1, products + 1)
    return weights / weights.sum()


def _names(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add(prefix, numbers.astype(str)), pa.large_string())
