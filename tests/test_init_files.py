"""`init --data` on files as people have them: the right columns, a split by time, and the rows."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import recgen
from recgen.check import check_text
from recgen.reading.sources import read_text

pytest.importorskip("pyarrow", reason="needs the extra `data`")

Table = list[list[object]]
_FIRST = datetime(2011, 1, 3, 9)


def purchases(rows: int = 3000, buyers: int = 250, products: int = 300) -> Table:
    """Returns rows of buyer, product, time, price and quantity, in the order of the time."""
    draw = random.Random(4)
    found: Table = []
    for row in range(rows):
        time = _FIRST + timedelta(minutes=150 * row + draw.randrange(90))
        buyer = 12_000 + int(buyers * draw.random() ** 1.5)
        product = 20_000 + int(products * draw.random() ** 1.5)
        found.append([buyer, product, time, 1.95 + product * 7 % 90, draw.choice((1, 2, 6))])
    return found


def retail(time: Callable[[int, datetime], str]) -> Table:
    names = ["CustomerID", "StockCode", "InvoiceDate", "UnitPrice", "Quantity", "Country"]
    rows = [
        [buyer, product, time(at, when), price, count, ("France", "Spain")[int(str(buyer)) % 2]]
        for at, (buyer, product, when, price, count) in enumerate(purchases())  # type: ignore
    ]
    return [names, *rows]


def plain(names: str, make: Callable[[list[Any]], list[object]], rows: int = 3000) -> Table:
    return [names.split(","), *map(make, purchases(rows))]


def quoted() -> Table:
    """Two titles begin with a quotation mark that nothing ends."""
    names = ["userid", "timestamp", "musicbrainz-track-id", "track-name"]
    rows: Table = []
    for at, (buyer, product, time, *_) in enumerate(purchases(5000)):
        title = f"Track {product}" if at not in (1500, 4000) else f'"Track {product}'
        rows.append([f"user_{buyer}", f"{time:%Y-%m-%dT%H:%M:%SZ}", f"t-{product}", title])
    return [names, *rows]


def future() -> Table:
    """One row is dated 2199."""
    found = plain("user_id,product_id,order_date", lambda row: [row[0], row[1], f"{row[2]}"])
    found[6][2] = "2199-01-01 00:00:00"
    return found


def _bigquery(at: int, time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


FILES: dict[str, tuple[Table, tuple[str, str, str]]] = {
    "bqutc": (retail(_bigquery), ("CustomerID", "StockCode", "InvoiceDate")),
    "onebaddate": (
        retail(lambda at, time: "yesterday" if at == 1234 else f"{time}"),
        ("CustomerID", "StockCode", "InvoiceDate"),
    ),
    "future": (future(), ("user_id", "product_id", "order_date")),
    "movielens": (
        plain(
            "userId,movieId,rating,timestamp",
            lambda row: [row[0], row[1], 3, int(row[2].timestamp()) - 340_000_000],
        ),
        ("userId", "movieId", "timestamp"),
    ),
    "shopify": (
        plain(
            "Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku",
            lambda row: [
                *(f"#{row[2]:%j%H%M}", f"c{row[0]}@m.com", f"{row[2]:%Y-%m-%d %H:%M:%S} -0500", 1),
                *(f"Shirt {row[1]}", row[3], f"TS-{row[1]}"),
            ],
        ),
        ("Email", "Lineitem sku", "Created at"),
    ),
    "dollars": (
        plain(
            "customer_id,product_id,order_date,price",
            lambda row: [row[0], row[1], f"{row[2]}", f"${row[3]:,.2f}"],
        ),
        ("customer_id", "product_id", "order_date"),
    ),
    "sixty": (
        plain(
            "user_id,product_id,order_date",
            lambda row: [row[0], row[1] % 60, f"{row[2]}"],
        ),
        ("user_id", "product_id", "order_date"),
    ),
    "quotes": (quoted(), ("userid", "musicbrainz-track-id", "timestamp")),
}


def write(path: Path, name: str) -> Path:
    """Writes a file as such programs do: that of quotes as it is, the others as CSV."""
    table, _ = FILES[name]
    with path.open("w", encoding="utf-8", newline="") as file:
        if name == "quotes":
            file.writelines("\t".join(map(str, row)) + "\n" for row in table)
        else:
            csv.writer(file).writerows(table)
    return path


@pytest.mark.parametrize("name", FILES)
def test_the_columns_the_split_and_the_rows(name: str, tmp_path: Path) -> None:
    table, keys = FILES[name]
    path = write(tmp_path / f"{name}.csv", name)
    proposal, profile = recgen.propose(path), recgen.profile(path)
    assert profile.rows == len(table) - 1
    assert proposal.keys.names == keys
    assert all(choice.sure for _, choice in proposal.keys.roles())
    split = read_text(proposal.text, "yaml").data["data"]["split"]
    assert (split["kind"], split["date_column"]) == ("strict_time", keys[2])
    assert "recgen: ignore" not in proposal.text
    errors = check_text(proposal.text, profile=profile).errors
    told = [error.message for error in errors]
    assert len(told) == (1 if name == "onebaddate" else 0), told
    if told:  # somebody has to say what it is
        assert "'yesterday'" in told[0]
        assert "row 1,235" in told[0]


def test_a_price_in_dollars_is_no_category(tmp_path: Path) -> None:
    proposal = recgen.propose(write(tmp_path / "data.csv", "dollars"))
    features = read_text(proposal.text, "yaml").data["features"]["product_model_features"]
    kinds = {each["column"]: each["data_type"] for each in features}
    assert kinds.get("price", "numeric") == "numeric"
    assert "price" in kinds or "$" in proposal.left_out["price"]
