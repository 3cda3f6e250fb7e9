"""What `init` says where a file has an ID in no column of its own, or only columns that look so.

As exports of Adobe Analytics, BigCommerce, Segment, Dynamics AX, Amazon's sellers and Santander do.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from public_shapes import Line, Rows, lines
from ugly import write_csv

from recgen.cli import main
from recgen.local.profile import read_profile
from recgen.proposal import Proposal, propose
from recgen.proposal.names import FAIR, GOOD, WEAK, fits_id, fits_purchase_time

pytest.importorskip("pyarrow", reason="needs the extra `data`")

EVENTS = lines(orders=500)
PAGE = (Path(__file__).parents[1] / "docs" / "files.md").read_text(encoding="utf-8")


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[..., Proposal]:
    """Returns a function that proposes a config for columns of the shop's lines."""

    def call(rows: Rows) -> Proposal:
        path = write_csv(tmp_path / "data.csv", rows)
        return propose(read_profile(path), "data", path.name)

    return call


def columns(**makers: Callable[[Line], object]) -> Rows:
    base: dict[str, Callable[[Line], object]] = {
        "customer": lambda e: f"c{e.buyer}",
        "sku": lambda e: f"p{e.product}",
        "order_date": lambda e: f"{e.time}",
    }
    kept = {name: make for name, make in {**base, **makers}.items() if make is not None}
    return {name: [make(e) for e in EVENTS] for name, make in kept.items()}


def without(rows: Rows, *names: str) -> Rows:
    return {name: values for name, values in rows.items() if name not in names}


def orders() -> list[list[Line]]:
    found: dict[int, list[Line]] = {}
    for event in EVENTS:
        found.setdefault(event.order, []).append(event)
    return list(found.values())


def blocks(start: str) -> str:
    """Returns the code of the page that begins so."""
    return re.findall(rf"```python\n({start}.*?)```", PAGE, re.DOTALL)[0]


def converted(folder: Path, rows: Rows, code: str) -> tuple[list[dict[str, str]], str]:
    """Returns the rows that the page's code makes of a file, and what it prints."""
    write_csv(folder / "OLD", rows)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True)
    with (folder / "NEW").open(encoding="utf-8", newline="") as new:
        return list(csv.DictReader(new)), done.stdout


def _json(order: list[Line]) -> str:
    return json.dumps([{"sku": f"p{e.product}", "price": e.price} for e in order])


def _compact(order: list[Line]) -> str:
    return _json(order).replace(" ", "")


def _pairs(order: list[Line]) -> str:
    return "|".join(f"Product ID: {e.product}, Product SKU: p{e.product}" for e in order)


def _marks(order: list[Line]) -> str:
    return ",".join(f"Shirts;p{e.product};{e.quantity};{e.price}" for e in order)


@pytest.mark.parametrize(
    ("name", "cell", "pattern"),
    [
        ("products", _json, '"sku"'),
        ("products", _compact, '"sku"'),
        ("Product Details", _pairs, r"SKU: ([^,|]*)"),
        ("post_product_list", _marks, r"(?:^|,)[^;,]*;([^;,]*)"),
    ],
)
def test_cells_with_all_products_of_an_order(
    proposed: Callable[..., Proposal],
    tmp_path: Path,
    name: str,
    cell: Callable[[list[Line]], str],
    pattern: str,
) -> None:
    """Such a cell is never the product; docs/files.md has what makes a row of each product."""
    rows: Rows = {
        "customer": [f"c{order[0].buyer}" for order in orders()],
        "order_date": [f"{order[0].time}" for order in orders()],
        name: [cell(order) for order in orders()],
    }
    product = proposed(rows).keys.product
    assert product.name is None
    assert f"{name!r} seems to have all products of an order in a cell" in product.why
    assert f"`{pattern}`" in PAGE.replace("\\|", "|")  # a cell of the page's table
    code = blocks("import csv")
    if "(" in pattern:
        code = code.replace("SKU: ([^,|]*)", pattern)
    read, said = converted(tmp_path, rows, code.replace('row["products"]', f"row[{name!r}]"))
    assert said == f"{len(EVENTS)} products written, 0 rows or products without one \n"
    assert [row["sku"] for row in read] == [f"p{e.product}" for e in EVENTS]
    assert [row["customer"] for row in read] == [f"c{e.buyer}" for e in EVENTS]


def test_what_has_no_product_is_counted(tmp_path: Path) -> None:
    """IDs that are numbers are IDs; an empty cell, another key and a missing ID are told."""
    cells = [
        '[{"sku":7},{"sku":"A-1"}]',
        '{"sku": 0}',
        "",
        '[{"id": 8}]',
        '[{"sku": null}, {"sku": "B"}]',
        "[]",
        "SKU: C, n: 1|SKU: , n: 2",
    ]
    code = blocks("import csv")
    read, said = converted(tmp_path, {"customer": list("abcdefg"), "products": cells}, code)
    skus = [(row["customer"], row["sku"]) for row in read]
    assert skus == [("a", "7"), ("a", "A-1"), ("b", "0"), ("e", "B"), ("g", "C")]
    told = "5 products written, 5 rows or products without one (lines [4, 5, 6, 7, 8])\n"
    assert said == told


def test_titles_with_commas_are_no_lists(proposed: Callable[..., Proposal]) -> None:
    rows = columns(**{"Product name": lambda e: f"Shirt {e.product}, blue, size {e.product % 3}"})
    assert proposed(without(rows, "sku")).keys.product.name == "Product name"


def test_a_column_for_each_product(proposed: Callable[..., Proposal], tmp_path: Path) -> None:
    """Santander: whether a client has an account, a card, ... in columns of 0 and 1."""
    flags = {
        f"ind_{n}_ult1": lambda e, n=n: int((e.buyer + n * e.order) % 3 == 0) for n in range(9)
    }
    makers = {"fecha_alta": lambda e: f"{1995 + e.buyer % 20}-01-16", **flags}
    rows = columns(ncodpers=lambda e: 15_000 + 7 * e.buyer, canal=lambda e: e.buyer % 3, **makers)
    keys = proposed(without(rows, "customer", "sku")).keys
    assert (keys.buyer.name, keys.product.name, keys.time.name) == (None, None, "order_date")
    assert "as the 9 columns of 0 and 1 such as 'ind_0_ult1' could be" in keys.product.why
    block, own = blocks("import csv"), blocks("def products_of")
    code = block.replace("with open", own + "\nwith open", 1)
    made, _ = converted(tmp_path, rows, code)
    ones = [[name for name in flags if rows[name][n]] for n in range(len(EVENTS))]
    assert [row["sku"] for row in made] == [name for names in ones for name in names]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINENUM", lambda e: f"{e.line}.0000000000000000"),
        ("ship-postal-code", lambda e: f"{10_000 + 37 * e.buyer}"),
        ("visit_num", lambda e: 1 + e.order % 7),
        ("canal_entrada", lambda e: ("KAT", "KFC", "KHE")[e.buyer % 3]),
    ],
)
def test_no_buyer_is_made_of_lines_places_visits_and_kinds(
    proposed: Callable[..., Proposal], name: str, value: Callable[[Line], object]
) -> None:
    keys = proposed(without(columns(**{name: value}), "customer")).keys
    assert (keys.buyer.name, keys.product.name) == (None, "sku")


@pytest.mark.parametrize(
    ("name", "buyer"),
    [
        ("INVOICEACCOUNT", GOOD),
        ("CustAccount", GOOD),
        ("From Email Address", GOOD),
        ("email_address", GOOD),
        ("ordercount", -1),
        ("Account Name", WEAK),
        ("customer_user", GOOD),
    ],
)
def test_names_of_buyers(name: str, buyer: int) -> None:
    assert fits_id(name, "buyer") == buyer
    assert fits_id(name, "product") < FAIR


def test_the_date_of_a_sign_up_is_no_purchase() -> None:
    assert fits_purchase_time("fecha_alta") < 0 < fits_purchase_time("fecha_dato")


def test_ids_that_could_be_seconds_are_ids(proposed: Callable[..., Proposal]) -> None:
    """Etsy's listings have numbers about 1.1 to 1.7 billion, which are times of today, too."""
    rows = columns(**{"Listing ID": lambda e: 1_100_000_000 + 31 * e.product})
    proposal = proposed(rows)
    assert "Listing ID" not in proposal.features["product"]
    assert "it only repeats which product it is" in proposal.left_out["Listing ID"]


def test_a_visitor_is_told_apart_where_nobody_is_logged_in(
    proposed: Callable[..., Proposal],
) -> None:
    """Amplitude, Segment: a user's ID after the login, a visitor's always."""
    rows = columns(
        user_id=lambda e: f"u{e.buyer}" if e.buyer % 3 else "",
        anonymous_id=lambda e: f"{e.buyer * 7919 % 9973:05}x",
    )
    proposal = proposed(without(rows, "customer"))
    buyer = proposal.keys.buyer
    assert (buyer.name, buyer.sure, buyer.others) == ("user_id", False, ("anonymous_id",))
    assert "of the rows have none, and 'anonymous_id' tells buyers apart in 100%" in buyer.why
    assert "it names those without 'user_id', too" in proposal.left_out["anonymous_id"]


def test_each_guess_has_the_option_that_overrules_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = columns(who=lambda e: f"x{e.buyer}")
    data = write_csv(tmp_path / "data.csv", without(rows, "customer"))
    main(["init", "--data", str(data), "-o", str(tmp_path / "c.yaml")])
    out = capsys.readouterr().out
    assert "buyer ID    who  (GUESS" in out
    assert "if it is not 'who', add --buyer-id COLUMN" in out


@pytest.mark.parametrize("name", ["Table", "Server", "Register"])
def test_no_buyer_is_made_of_tables_and_waiters(
    proposed: Callable[..., Proposal], name: str
) -> None:
    """Toast: the tables and waiters of a restaurant."""
    rows = columns(**{name: lambda e: f"{e.order % 40}A"})
    assert proposed(without(rows, "customer")).keys.buyer.name is None


def test_what_was_searched_is_asked_about(proposed: Callable[..., Proposal]) -> None:
    """Expedia: a search for a destination, and the hotel that was taken."""
    rows = columns(
        srch_destination_id=lambda e: 8250 + e.n % 97, hotel_cluster=lambda e: e.product % 100
    )
    assert not proposed(without(rows, "sku")).keys.product.sure


def test_a_date_in_parts_is_named(proposed: Callable[..., Proposal]) -> None:
    rows = columns(
        **{part: lambda e, p=part: getattr(e.time, p) for part in ("day", "month", "year")}
    )
    time = proposed(without(rows, "order_date")).keys.time
    assert (time.name, "parts in 'day', 'month', 'year'" in time.why) == (None, True)


@pytest.mark.parametrize(
    ("name", "kinds", "bought"),
    [
        ("Receipt type", ("Sale", "Refund"), "Sale"),
        ("Type", ("Website Payment", "Payment Refund"), "Website Payment"),
        ("Payment status", ("paid", "refunded"), "paid"),
        ("Payment type", ("card", "voucher"), None),
        ("order_status", ("shipped", "returned to shelf"), None),
    ],
)
def test_refunds_beside_purchases_are_said(
    proposed: Callable[..., Proposal], name: str, kinds: tuple[str, str], bought: str | None
) -> None:
    events = proposed(columns(**{name: lambda e: kinds[e.order % 9 == 0]})).events
    assert (events and events.bought) == bought


@pytest.mark.parametrize(
    ("name", "write", "said"),
    [
        ("ordered_at", lambda e: f"{e.time.year - 621}/{e.time:%m/%d}", "another calendar"),
        ("ordered_at", lambda e: f"{e.time:00%y-%m-%d}", "a year of two digits"),
        ("ordered_at", lambda e: f"{int(e.time.timestamp()):,}", "has values such as"),
        ("order_value", lambda e: f"{1000 * e.product + e.n:,}", None),
        ("purchased", lambda e: f"{e.time:%Y-%m-%d}//x{e.n % 3}", "has values such as"),
        ("order_ref", lambda e: f"{e.order}-{e.line}-{e.n % 7}", None),
    ],
)
def test_what_is_named_like_the_time_and_not_read_is_said(
    proposed: Callable[..., Proposal], name: str, write: Callable[[Line], object], said: str | None
) -> None:
    time = proposed(without(columns(**{name: write}), "order_date")).keys.time
    assert time.name is None
    assert said in time.why if said else name not in time.why


def test_bytes_are_no_times(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = columns(order_date=lambda e: f"{e.time}".encode())
    pq.write_table(pa.table(rows), tmp_path / "data.parquet")
    time = propose(read_profile(tmp_path / "data.parquet"), "data", "data.parquet").keys.time
    assert (time.name, "these are bytes" in time.why) == (None, True)


@pytest.mark.parametrize(
    "write", ["{{a{0},b{1}}}", "[{0} {1}]", "['a{0}', None]", '["a{0}", "b"]', "(a{0}, b{1})"]
)
def test_texts_that_are_lists_are_said_and_left_out(
    proposed: Callable[..., Proposal], write: str
) -> None:
    found = proposed(columns(tags=lambda e: write.format(e.product, e.n)))
    assert found.left_out["tags"].startswith("its texts are lists, such as")


def test_escaped_characters_are_no_marks_between_products(
    proposed: Callable[..., Proposal],
) -> None:
    def sku(event: Line) -> str:
        return f"T&amp;{event.product}" if event.product % 3 else f"A/{event.product}"

    assert proposed(columns(sku=sku)).keys.product.name == "sku"


def test_codes_in_two_spellings_stay_text(proposed: Callable[..., Proposal]) -> None:
    def of(write: Callable[[Line], str]) -> object:
        features = yaml.safe_load(proposed(columns(customer=write)).text)["features"]
        return features["buyer_model_features"][0]["bq_type"]

    assert of(lambda e: f"{9000 + e.buyer}") == "INT64"
    assert of(lambda e: f"{9000 + e.buyer:,}" if e.n % 2 else f"{9000 + e.buyer}") == "STRING"
    assert of(lambda e: f"{9000 + e.buyer:,}") == "STRING"
    assert of(lambda e: f"{9000 + e.buyer:_}".replace("_", "\u202f" * (e.n % 2))) == "STRING"


def test_a_whole_price_of_each_product_is_a_number(proposed: Callable[..., Proposal]) -> None:
    found = proposed(columns(price=lambda e: 100 + 7 * e.product))
    assert "price" in found.features["product"]


def test_a_time_that_is_a_record_or_partly_read_is_said(
    proposed: Callable[..., Proposal], tmp_path: Path
) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = columns(ordered_at=lambda e: {"seconds": int(e.time.timestamp()), "nanos": 0})
    pq.write_table(pa.table(without(rows, "order_date")), tmp_path / "data.parquet")
    time = propose(read_profile(tmp_path / "data.parquet"), "data", "data.parquet").keys.time
    assert "'ordered_at' is a record" in time.why
    american = columns(
        ordered_at=lambda e: f"{e.time:%m/%d/%Y}" if e.n % 2 else f"{e.time:%d/%m/%Y}"
    )
    time = proposed(without(american, "order_date")).keys.time
    assert (time.name, "is not a time" in time.why, "in row " in time.why) == (None, True, True)
    epochs = columns(ordered_at=lambda e: f"{e.time}" if e.n % 2 else int(e.time.timestamp()))
    time = proposed(without(epochs, "order_date")).keys.time
    assert (time.name, "'ordered_at' has values such as" in time.why) == (None, True)
