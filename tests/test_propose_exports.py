"""What `init` makes of exports: times of other events, and IDs of every type."""

from __future__ import annotations

import datetime as dt
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
from recgen.proposal import Proposal, propose

__all__ = ["proposed", "rows"]  # fixtures


def renamed(rows: Rows, old: str, new: str) -> Rows:
    return {new if name == old else name: values for name, values in rows.items()}


def _split(proposal: Proposal) -> Split:
    split = config_of(proposal).data.split
    assert split is not None
    return split


@pytest.mark.parametrize("name", ["close_date", "updated_at", "Lieferdatum", "delivery_date"])
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
