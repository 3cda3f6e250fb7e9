"""Transactions of any size, with the columns of Online Retail. Knows numpy and Arrow."""

from __future__ import annotations

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
    weights = 1 / np.arange(1, products + 1)
    validation = round(VALIDATION_SHARE * rows)
    late = draw.choice(products, validation + TEST_ROWS, p=weights / weights.sum())
    early = draw.choice(products, rows - products, p=weights / weights.sum())
    product = np.concatenate([np.arange(products), early, late])
    price = np.exp(draw.normal(1, 1, products))
    buyer = draw.integers(0, max(2, rows // _ROWS_PER_BUYER), len(product))
    places = [(0, 0.86, rows), (0.875, 0.895, validation), (0.905, 0.995, TEST_ROWS)]
    time = np.concatenate([draw.uniform(first, last, n) for first, last, n in places])
    time[[0, -1]] = 0, 1  # the span, from end to end
    return pa.table(
        {
            "CustomerID": _names("b", buyer),
            "Country": _names("country", buyer % _COUNTRIES),
            "StockCode": _names("p", product),
            "UnitPrice": price[product],
            "InvoiceDate": pa.array(_START + (time * _SPAN).astype(np.int64), pa.timestamp("s")),
        }
    )


def _names(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add(prefix, numbers.astype(str)), pa.large_string())
