"""Files as people have them: transactions of one shop, under many headers and in many forms."""

from __future__ import annotations

import csv
import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Rows = dict[str, list[Any]]

_FIRST = datetime(2023, 1, 1, 8)


def shop(orders: int = 2500, seed: int = 0) -> Rows:
    """Returns orders of one to four lines: by customers, of products, with what belongs to them."""
    draw = random.Random(seed)
    rows: Rows = {
        name: []
        for name in ("order", "time", "customer", "city", "product", "title", "kind", "price", "n")
    }
    for order in range(orders):
        customer = int(300 * draw.random() ** 1.5)
        time = _FIRST + timedelta(minutes=order * 200 + draw.randrange(150))
        for product in {int(200 * draw.random() ** 1.5) for _ in range(draw.randint(1, 4))}:
            rows["order"].append(100_000 + order)
            rows["time"].append(time)
            rows["customer"].append(5000 + 7 * customer)
            rows["city"].append(f"city {customer * customer % 23}")
            rows["product"].append(f"P{product:04}A")
            rows["title"].append(f"Mug No. {product}")
            rows["kind"].append(f"kind {product * product % 11}")
            rows["price"].append(round(1.5 + product * 13 % 97 + (order > 1800) * 0.5, 2))
            rows["n"].append(draw.choice((1, 1, 1, 2, 3, 6, 12)))
    return rows


def _named(names: str, rows: Rows) -> Rows:
    """Returns the columns under other names, in the order of `shop`; `-` leaves one out."""
    pairs = zip(names.split("|"), rows.values(), strict=True)
    return {name: values for name, values in pairs if name != "-"}


def _german() -> Rows:
    rows = shop()
    rows["time"] = [f"{time:%d.%m.%Y %H:%M}" for time in rows["time"]]
    rows["price"] = [f"{price:.2f}".replace(".", ",") for price in rows["price"]]
    return _named(
        "Bestellnr|Bestelldatum|Kundennr|Ort|Artikelnr|Bezeichnung|Gruppe|Preis|Menge", rows
    )


def _iso_german() -> Rows:
    names = (
        "Bestellnr|Bestelldatum|Kundennummer|Ort|Artikelnummer|Bezeichnung|Warengruppe|Preis|Menge"
    )
    return _named(names, shop())


def _anonymous() -> Rows:
    return _named("|".join(f"c{index}" for index in range(1, 10)), shop())


def _several() -> Rows:
    """Several columns are named like IDs; some imply others, some do not."""
    rows = shop()
    named = _named("order_id|date|customer_id|city|product_id|title|category_id|price|qty", rows)
    account = {value: index % 40 for index, value in enumerate(dict.fromkeys(rows["customer"]))}
    draw = random.Random(1)
    return {
        **named,
        "customer_group_id": [account[value] for value in rows["customer"]],
        "product_no": [draw.randrange(90) for _ in rows["product"]],
        "user_id": [draw.randrange(200) for _ in rows["customer"]],
    }


def _wide() -> Rows:
    """A thousand columns: of products, of buyers, of rows, empty, constant."""
    rows = shop(600)
    wide = _named("order_id|order_date|customer_id|city|product_id|-|kind|price|qty", rows)
    products = [int(value[1:5]) for value in rows["product"]]
    for index in range(100):
        wide[f"spec_{index}"] = [(product * (index + 3)) % 89 / 7 for product in products]
        wide[f"trait_{index}"] = [f"t{c // 7 * c % (index + 5) % 13}" for c in rows["customer"]]
    for index in range(792):
        wide[f"blank_{index}"] = [None, "x"][index % 2 :][:1] * len(products)
    return wide


def _few() -> Rows:
    return {name: values[:3] for name, values in _several().items()}


def _two() -> Rows:
    return _named("-|-|user|-|item|-|-|-|-", shop())


def _empty_columns() -> Rows:
    rows = _named("order_id|order_date|customer_id|city|sku|-|kind|price|qty", shop())
    return {**rows, "fax": [None] * len(rows["sku"]), "note": [""] * len(rows["sku"])}


def _titles() -> Rows:
    return _named(
        "-|date|customer|city|product|-|kind|price|-", shop() | {"product": shop()["title"]}
    )


def _uuids() -> Rows:
    rows = shop()
    rows["customer"] = [str(uuid.UUID(int=value * 2**90)) for value in rows["customer"]]
    rows["product"] = [int(value[1:5]) + 100 for value in rows["product"]]
    return _named("order_uuid|created_at|userId|city|itemId|name|kind|price|qty", rows)


def _milliseconds() -> Rows:
    rows = shop()
    rows["time"] = [int(time.timestamp() * 1000) for time in rows["time"]]
    return _named("order_id|timestamp|user_id|city|item_id|-|kind|price|qty", rows)


def _emoji() -> Rows:
    return _named("🧾|📅|🙂|🏙|📦|🏷|🗂|💶|🔢", shop())


def _traps() -> Rows:
    """Names that YAML, Python or a comment could take for something else."""
    rows = _named("no|on|customer: id|1e3|product # id|'quoted\"|null|yes|~", shop())
    spec = [int(value[1:5]) for value in rows["product # id"]]
    names = ("a\nb", "# recgen: ignore RG528: no", "- x", "{y}", "&z", "class", " left", "0x1F", "")
    extra = {name: [f"v{n * n % (17 + 2 * i)}" for n in spec] for i, name in enumerate(names)}
    return {**rows, **extra}


def _nobody() -> Rows:
    return _named("-|-|-|-|sku|title|kind|price|qty", shop())


def _collisions() -> Rows:
    """A column that is called as the outcome of another one."""
    rows = _named("order_id|event_time|customer_id|city|sku|-|kind|price|qty", shop())
    return {**rows, "price_norm": [f"x{int(value[1:5]) % 9}" for value in rows["sku"]]}


UGLY: dict[str, Callable[[], Rows]] = {
    "german": _german,
    "iso_german": _iso_german,
    "anonymous": _anonymous,
    "several": _several,
    "wide": _wide,
    "few": _few,
    "two": _two,
    "empty_columns": _empty_columns,
    "titles": _titles,
    "uuids": _uuids,
    "milliseconds": _milliseconds,
    "emoji": _emoji,
    "traps": _traps,
    "nobody": _nobody,
    "collisions": _collisions,
}


def write_csv(path: Path, rows: Rows, delimiter: str = ",") -> Path:
    """Writes a file as most programs do: no value is nothing, times are ISO."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(rows)
        writer.writerows(zip(*rows.values(), strict=True))
    return path
