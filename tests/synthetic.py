"""Transactions that can be learnt: each buyer likes one group of products. No TensorFlow."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recgen.config import ExperimentConfig
from recgen.plan import input_columns

Table = dict[str, list[Any]]

_COUNTRIES = ("France", "Italy", "São Tomé", "Côte d'Ivoire", "UK")
_FIRST = 1_672_531_200  # 2023-01-01, in epoch seconds
_YEAR = 365 * 86_400


def transactions(
    rows: int = 4000, *, buyers: int = 150, products: int = 240, groups: int = 8, seed: int = 7
) -> Table:
    """Returns columns by name; None is null. In nine of ten rows a buyer stays in one group.

    Within a group, products are bought by a power law, so popularity alone says something too.
    """
    random = np.random.default_rng(seed)
    buyer = random.integers(buyers, size=rows)
    group = np.where(random.random(rows) < 0.9, buyer % groups, random.integers(groups, size=rows))
    within = products // groups
    weight = 1 / np.arange(1, within + 1)
    rank = random.choice(within, size=rows, p=weight / weight.sum())
    product = rank * groups + group
    null = random.random((3, rows)) < 0.1
    price = np.round(np.exp(random.normal(size=products) + 1), 2)
    return {
        "customer_id": [str(10_000 + number) for number in buyer],
        "country": _with_nulls([_COUNTRIES[number % 5] for number in buyer], null[0]),
        "age": _with_nulls((20 + buyer % 50).astype(float).tolist(), null[1]),
        "sku": (900_000 + product).tolist(),
        "category": [f"group {number}" for number in group],
        "price": _with_nulls(price[product].tolist(), null[2]),
        "bought_at": np.sort(_FIRST + random.integers(_YEAR, size=rows)).tolist(),
    }


def random_table(config: ExperimentConfig, rows: int = 400) -> Table:
    """Returns rows for any config: few distinct values, a tenth of them null, but for the IDs."""
    random = np.random.default_rng(11)
    ids = {config.features.buyer_id, config.features.product_id}
    target = config.features.target and config.features.target.column
    table: Table = {}
    for column in input_columns(config):
        numbers = random.integers(40, size=rows)
        if column.dtype == "string":
            values = [f"№ {number}" for number in numbers]
        elif column.dtype == "int64":
            values = (1_700_000_000 + 5000 * numbers).tolist()
        else:
            values = (numbers / 7).tolist()
        if column.name == target and config.model.loss == "binary_crossentropy":
            values = (numbers % 2).tolist()
        if column.is_list:
            values = [values[row : row + row % 5] for row in range(rows)]
        if column.name not in ids:
            values = _with_nulls(values, random.random(rows) < 0.1)
        table[column.name] = values
    return table


def _with_nulls(values: Sequence[Any], null: Any) -> list[Any]:
    return [None if is_null else value for value, is_null in zip(values, null, strict=True)]


def write_csv(table: Mapping[str, Sequence[Any]], path: Path) -> Path:
    """Writes a CSV file, null as an empty field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return path
