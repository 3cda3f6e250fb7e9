"""What `init` makes of exports: times of other events, and IDs of every type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_propose import config_of, feature, proposed, rows
from ugly import Rows

from recgen.config.experiment import Split
from recgen.local.profile import read_profile
from recgen.propose import Proposal, propose

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
