"""What `init` makes of exports: times of other events, and IDs of every type."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_propose import config_of, feature, proposed, rows
from ugly import Rows

from recgen.cli import main
from recgen.config.experiment import Split
from recgen.findings import RecgenError
from recgen.local.profile import read_profile
from recgen.local.tables import profile_of
from recgen.proposal import Proposal, propose

__all__ = ["proposed", "rows"]  # fixtures


def renamed(rows: Rows, old: str, new: str) -> Rows:
    return {new if name == old else name: values for name, values in rows.items()}


def _split(proposal: Proposal) -> Split:
    split = config_of(proposal).data.split
    assert split is not None
    return split


@pytest.mark.parametrize("name", ["closed_at", "updated_at", "Lieferdatum", "delivery_date"])
def test_the_only_time_is_taken_though_its_name_is_that_of_something_else(
    rows: Rows, proposed: Callable[..., Proposal], name: str
) -> None:
    proposal = proposed(renamed(rows, "order_date", name))
    assert _split(proposal).date_column == name
    assert "GUESS: the only time in the data" in " ".join(proposal.text.split())


def test_a_property_of_the_buyer_is_no_time_of_a_purchase(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    del rows["order_date"]
    rows["birth_date"] = [dt.datetime(1950 + c % 50, 1, 1 + c % 28) for c in rows["customer_id"]]
    assert _split(proposed(rows)).kind == "random"


@pytest.mark.parametrize(
    ("written", "bq_type"),
    [
        (lambda number: Decimal(number).quantize(Decimal("1.000000000")), "INT64"),
        (lambda number: Decimal(10**25 + number), "STRING"),
        (lambda number: 2**63 + number, "STRING"),
        (lambda number: -(2**62) - number, "INT64"),
    ],
    ids=["NUMERIC", "NUMBER(38)", "uint64", "negative"],
)
def test_whole_numbers_of_every_type_are_ids_that_can_be_read(
    rows: Rows, tmp_path: Path, written: Callable[[int], object], bq_type: str
) -> None:
    numbers = {name: index for index, name in enumerate(dict.fromkeys(rows["sku"]))}
    values = [written(numbers[name]) for name in rows["sku"]]
    of_type = pa.uint64() if values[0] == 2**63 else None
    table = pa.table({**rows, "sku": pa.array(values, of_type)})
    pq.write_table(table, tmp_path / "shop.parquet")
    profile = read_profile(tmp_path / "shop.parquet")
    proposal = propose(profile, "shop", "shop.parquet")
    assert feature(proposal, "sku")["bq_type"] == bq_type
    assert config_of(proposal).features.product_id_column == "sku"
    assert profile.misfit("sku", feature(proposal, "sku")["bq_type"]) is None


def test_the_zero_of_guests_is_no_buyer(rows: Rows, proposed: Callable[..., Proposal]) -> None:
    buyers = list(rows["customer_id"])
    rows["customer_id"] = [0 if row % 9 == 0 else buyer for row, buyer in enumerate(buyers)]
    assert proposed(rows).nobodies["buyer"] == ("0",)
    rows["customer_id"] = [0 if buyer == buyers[0] else buyer for buyer in buyers]
    assert proposed(rows).nobodies["buyer"] == ()


def test_a_time_that_was_found_is_not_asked_for(proposed: Callable[..., Proposal]) -> None:
    day = dt.date(2023, 1, 1)
    few: Rows = {
        "customer_id": [f"c{row % 4}" for row in range(12)],
        "sku": [f"p{row % 3}" for row in range(12)],
        "order_date": [day + dt.timedelta(row // 6) for row in range(12)],
    }
    assert "AT RANDOM: no split by" in proposed(few).split
    assert "--time" not in proposed(few).split
    del few["order_date"]
    assert "--time" in proposed(few).split


def test_rows_without_a_product_are_no_matter_of_buyers(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows["sku"] = [None if row % 20 == 0 else sku for row, sku in enumerate(rows["sku"])]
    pq.write_table(pa.table(rows), tmp_path / "shop.parquet")
    main(["init", "--data", str(tmp_path / "shop.parquet"), "-o", str(tmp_path / "c.yaml")])
    shown = capsys.readouterr()
    assert "not purchases of products" in shown.out + shown.err


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("Sales of 2023\n\n" + "c,p,d\n1,2,2023-01-01\n" * 9, "tail -n +3 OLD > NEW"),
        ("Клиент;Товар\n".encode("cp1251"), "cp1251 (Cyrillic)"),
    ],
)
def test_the_help_of_a_refused_file_has_what_to_do(
    tmp_path: Path, data: str | bytes, says: str
) -> None:
    path = tmp_path / "shop.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(RecgenError) as error:
        read_profile(path)
    assert says in (error.value.help or "")


def test_random_bytes_are_to_be_written_as_text(
    rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows["sku"] = [f"\xff\n{sku}".encode("latin-1") for sku in rows["sku"]]
    pq.write_table(pa.table(rows), tmp_path / "shop.parquet")
    with suppress(SystemExit):  # RG536 is an error
        main(["init", "--data", str(tmp_path / "shop.parquet"), "-o", str(tmp_path / "c.yaml")])
    shown = capsys.readouterr()
    assert "Write these bytes as text in the data" in shown.out + shown.err


AMOUNTS = (
    *("order_total", "Order Total", "line_total", "quantity", "qty", "Lineitem quantity", "Menge"),
    *("grand_total", "order_amount", "basket_value", "invoice amount", "total_price", "Subtotal"),
    *("Total Price", "cantidad", "数量", "Gesamtpreis", "order_revenue"),
)
PRICES = ("unit_price", "price", "Item Cost", "pack_quantity", "Preis", "unit_amount", "amount")


@pytest.mark.parametrize("name", AMOUNTS + PRICES)
def test_amounts_of_an_order_are_no_features_of_the_product(name: str) -> None:
    """Orders of one line of one piece: each amount looks like the product's."""
    table = {
        "customer_id": [f"c{7 * n % 101}" for n in range(2000)],
        "sku": [f"p{n * n % 97}" for n in range(2000)],
        "ordered_at": [1_672_531_200 + 9000 * n for n in range(2000)],
        name: [5 + n * n % 97 % 31 + 0.5 for n in range(2000)],
    }
    proposal = propose(profile_of(table), "shop", "shop.csv")
    assert (name in proposal.features["product"]) == (name in PRICES)
    if name in AMOUNTS:
        assert proposal.left_out[name].startswith("by its name an amount of the purchase")


@pytest.mark.parametrize(("name", "is_taken"), [("price", True), ("revenue", False)])
def test_money_that_varies_is_the_products_only_by_name(name: str, is_taken: bool) -> None:
    table = {
        "customer_id": [f"c{7 * n % 101}" for n in range(2000)],
        "sku": [f"p{n * n % 97}" for n in range(2000)],
        "ordered_at": [1_672_531_200 + 9000 * n for n in range(2000)],
        name: [5 + n * n % 97 % 31 + (0.5 if n % 30 else n % 7) for n in range(2000)],
    }
    proposal = propose(profile_of(table), "shop", "shop.csv")
    assert (name in proposal.features["product"]) == is_taken


@pytest.mark.parametrize(
    ("name", "form", "is_left_out"),
    [
        ("reviewTime", "%m %d, %Y", True),
        ("order_day", "day %j of %Y", True),
        ("Datum", "%d %m %Y", True),
        ("weekday", "%A", False),
        ("season", "season %Y", False),
    ],
)
def test_dates_that_are_not_read_are_no_category(name: str, form: str, is_left_out: bool) -> None:
    moments = [dt.datetime(2023, 1, 1) + dt.timedelta(hours=3 * n) for n in range(2000)]
    table = {
        "customer_id": [f"c{n // 20}" for n in range(2000)],
        "sku": [f"p{n * n % 97}" for n in range(2000)],
        name: [moment.strftime(form) for moment in moments],
    }
    proposal = propose(profile_of(table), "shop", "shop.csv")
    told = proposal.left_out.get(name, "")
    assert ("its name is that of a time" in told) == is_left_out


def test_a_time_of_the_first_line_of_each_order_is_said() -> None:
    table = {
        "Name": [f"#{n // 3}" for n in range(2000)],
        "customer_id": [f"c{n // 3 * 7 % 101}" for n in range(2000)],
        "sku": [f"p{n * n % 97}" for n in range(2000)],
        "Paid at": [f"2023-0{1 + n % 9}-11" if n % 3 == 0 else None for n in range(2000)],
    }
    proposal = propose(profile_of(table), "shop", "shop.csv")
    assert "'Paid at' has none in 67% of the rows" in proposal.keys.time.why


@pytest.mark.parametrize("session", ["session", "Session ID", "visit_id"])
def test_sessions_of_one_moment_are_split_by_it(session: str) -> None:
    """Yoochoose: each session is bought at one time."""
    table = {
        session: [n // 3 for n in range(2000)],
        "timestamp": [1_672_531_200 + 9000 * (n // 3) for n in range(2000)],
        "item": [20_000 + n * n % 97 for n in range(2000)],
    }
    proposal = propose(profile_of(table), "shop", "shop.csv")
    assert proposal.keys.names == (session, "item", "timestamp")
    assert not proposal.at_random
    assert proposal.features["buyer"] == (session,)


@pytest.mark.parametrize(
    ("name", "form", "is_taken"),
    [
        ("event_date", "%Y%m%d", False),
        ("TRANS_TIME", "%H", False),
        ("order_day", "%d", False),
        ("Bestelldatum", "%Y-%m-%d", False),
        ("birth_date", "19%d-%m-01", True),
    ],
)
def test_a_second_time_of_the_purchase_is_no_feature_of_the_buyer(
    name: str, form: str, is_taken: bool
) -> None:
    """Buyers who come twice or so have few dates each: no property for all that."""
    start, visits = dt.datetime(2023, 1, 1), [n // 4 for n in range(2000)]
    moments = [start + dt.timedelta(hours=17 * visit) for visit in visits]
    born = [start + dt.timedelta(hours=17 * (visit * 7 % 211)) for visit in visits]
    table = {
        "customer_id": [f"c{visit * 7 % 211}" for visit in visits],
        "sku": [f"p{n * n % 97}" for n in range(2000)],
        "event_timestamp": [int(moment.timestamp()) for moment in moments],
        name: [moment.strftime(form) for moment in (born if is_taken else moments)],
    }
    proposal = propose(profile_of(table), "shop", "shop.csv")
    assert proposal.keys.time.name == "event_timestamp"
    assert (name in proposal.features["buyer"]) == is_taken


def test_records_are_named_where_an_id_is_missing(tmp_path: Path) -> None:
    """As MongoDB writes IDs; docs/files.md has the command."""
    lines = [
        {"customer": {"$oid": f"{n % 90:024x}"}, "sku": f"P{n % 70}", "at": f"2023-01-{1 + n % 28}"}
        for n in range(600)
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    keys = propose(read_profile(path), "data", "data.jsonl").keys
    assert keys.buyer.name is None
    assert "if it is in the lists or records of 'customer'" in keys.buyer.why
    assert keys.product.name == "sku"
