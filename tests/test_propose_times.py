"""What `init` makes of the time of the purchases: recency, histories; and of the catalogue."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_propose import config_of, feature, proposed, rows
from ugly import Rows, shop, write_csv

from recgen.check import check_text
from recgen.config.negatives import negatives_of
from recgen.demo import demo_data
from recgen.local.profile import read_profile
from recgen.proposal import Proposal, propose, sizes
from recgen.proposal.habits import _most_rows, find_habits
from recgen.proposal.ids import find_keys
from recgen.proposal.table import Table

__all__ = ["proposed", "rows"]  # fixtures

NAMES = ("order_id", "order_date", "customer_id", "city", "sku", "title", "kind", "price", "qty")


def test_buyers_who_come_again_have_a_history(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    proposal = proposed(rows)
    assert feature(proposal, "past_products") == {
        "side": "buyer",
        "column": "past_products",
        "bq_type": "ARRAY<STRING>",
        "data_type": "history",
        "transforms": {"history": {"shared_with": "sku", "max_length": 100}},
    }
    assert proposal.features["buyer"][-1] == "past_products"
    assert "a run makes it of the transactions" in " ".join(proposal.text.split())


def test_what_is_bought_again_is_said_and_what_never_is_too(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    said = proposed(rows).text
    assert "Bought again: " in said
    assert "Nothing is bought twice" not in said
    seen: set[tuple[Any, Any]] = set()
    pairs = list(zip(rows["customer_id"], rows["sku"], strict=True))
    first = [not (pair in seen or seen.add(pair)) for pair in pairs]  # type: ignore[func-returns-value]
    once = {n: [v for v, keep in zip(c, first, strict=True) if keep] for n, c in rows.items()}
    said = proposed(once).text
    assert "# Nothing is bought twice" in said
    assert "past_products" in said


def test_lines_of_one_invoice_repeat_nothing(rows: Rows, tmp_path: Path) -> None:
    profile = read_profile(write_csv(tmp_path / "shop.csv", rows))
    table = Table(profile)
    habits = find_habits(table, find_keys(table))
    doubled = {name: [v for v in values for _ in "ab"] for name, values in rows.items()}
    twice = Table(read_profile(write_csv(tmp_path / "shop.csv", doubled)))
    assert habits
    pairs = set(zip(rows["customer_id"], rows["sku"], strict=True))
    times = set(zip(rows["customer_id"], rows["sku"], rows["order_date"], strict=True))
    assert habits.again == pytest.approx(1 - len(pairs) / len(times))
    assert find_habits(twice, find_keys(twice)).again == habits.again  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("counts", "most"), [([5], 5), ([90, *[1] * 10], 90), ([10, *[1] * 990], 1), ([], 0)]
)
def test_the_rows_of_nearly_all(counts: list[int], most: int) -> None:
    assert _most_rows(counts) == most


def test_whole_numbers_are_listed_as_they_are_read(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    numbers = {name: index for index, name in enumerate(dict.fromkeys(rows["sku"]))}
    rows["sku"] = [numbers[name] for name in rows["sku"]]
    assert feature(proposed(rows), "past_products")["bq_type"] == "ARRAY<INT64>"


def test_a_history_takes_no_name_that_is_there(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["past_products"] = ["x"] * len(rows["sku"])
    assert "past_products_" in proposed(rows).features["buyer"]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.pop("order_date"),
        lambda rows: rows.update(customer_id=[*range(5000, 5000 + len(rows["sku"]))]),
        # Everybody came once.
        lambda rows: rows.update(
            order_date=[datetime.datetime(2023, 1, 1 + c % 28) for c in rows["customer_id"]]
        ),
    ],
)
def test_without_times_or_buyers_who_come_again_there_is_none(
    rows: Rows, proposed: Callable[..., Proposal], change: Callable[[Rows], Any]
) -> None:
    change(rows)
    assert not any("past_products" in f for f in proposed(rows).features["buyer"])


def many(**times: int) -> Rows:
    """Returns rows enough for recency; the orders come every so often."""
    values = dict(zip(NAMES, shop(orders=20_000).values(), strict=True))
    first, step = datetime.datetime(2023, 1, 1), datetime.timedelta(**times)
    values["order_date"] = [first + step * (n - 100_000) for n in values["order_id"]]
    return values


def test_late_purchases_count_more_where_there_are_enough(
    proposed: Callable[..., Proposal],
) -> None:
    proposal = proposed(many(minutes=25))  # 347 days, 87% of them for training
    model = config_of(proposal).model
    assert model.recency_half_life_days == pytest.approx(347 * 0.87 / 6, abs=2)
    assert "an epoch has" in " ".join(proposal.text.split())
    steps = int(proposal.text.split("# About ")[1].split(" batches")[0])
    assert steps >= 50


def test_few_rows_or_a_short_time_have_no_half_life(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    assert config_of(proposed(rows)).model.recency_half_life_days is None
    assert config_of(proposed(many(minutes=2))).model.recency_half_life_days is None


@pytest.mark.parametrize("width", [32, 64, 128])
def test_dropout_where_it_was_measured(
    rows: Rows, proposed: Callable[..., Proposal], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "output_width", lambda *_: width)
    assert config_of(proposed(rows)).model.output_dropout == (0.2 if width == 128 else 0)


def test_the_catalogues_size_and_what_it_decides(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    proposal = proposed(rows)
    config = config_of(proposal)
    assert config.data.catalogue_size == len(set(rows["sku"]))
    scores_all = negatives_of(config.model, config.data) == "full_catalogue"
    said = " ".join(proposal.text.replace("#", " ").split())
    assert ("few enough to score all of them" in said) == scores_all
    assert ("compared with the products of its batch" in said) != scores_all


def test_the_proposal_for_the_demo_data_has_all_of_it_and_nothing_is_found(
    tmp_path: Path,
) -> None:
    path = tmp_path / "demo.csv"
    path.write_bytes(demo_data("csv", 60_000))
    profile = read_profile(path)
    proposal = propose(profile, "demo", path.name)
    config = config_of(proposal)
    assert config.model.recency_half_life_days
    assert "past_products" in proposal.features["buyer"]
    report = check_text(proposal.text, "yaml", profile=profile)
    assert {finding.code for finding in report.findings} <= {"RG506", "RG528", "RG554"}


@pytest.mark.parametrize("rows", [60, 200, 400])
def test_a_small_file_has_more_than_a_row_or_two_in_each_part(rows: int, tmp_path: Path) -> None:
    lines = [
        f"c{at % 9},p{at * at % 7},2023-01-01 {at // 60:02}:{at % 60:02}" for at in range(rows)
    ]
    path = tmp_path / "small.csv"
    path.write_text("\n".join(["customer_id,sku,sold_at", *lines]), "utf-8")
    text = propose(read_profile(path), "small", "small.csv").split
    sizes = [int(each) for each in text.rpartition(": ")[2].split(" rows")[0].split(" / ")]
    assert min(sizes) >= rows // 20


def test_a_span_of_dates_in_doubt_says_under_which_condition(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text(
        "customer_id,sku,day\na,p,03/04/2023\nb,q,05/06/2023\na,q,07/08/2023\n", "utf-8"
    )
    proposal = propose(read_profile(path), "days", "days.csv")
    assert "if that is %m/%d/%Y and not %d/%m/%Y" in proposal.split


def test_days_of_the_year_are_a_time_and_codes_like_them_are_not(tmp_path: Path) -> None:
    first = datetime.date(2022, 3, 1)
    days = [first + datetime.timedelta(days=n // 5) for n in range(1500)]
    table = {
        "customer": [f"c{7 * n % 101}" for n in range(1500)],
        "sku": [f"2023-{100 + n * n % 97}" for n in range(1500)],
        "model": [f"2023-{100 + n * n % 97 % 31}" for n in range(1500)],
        "invoice_no": [f"2023-{1 + n // 5:03}" for n in range(1500)],
        "order_day": [f"{day:%Y-%j}" for day in days],
    }
    proposal = propose(read_profile(write_csv(tmp_path / "shop.csv", table)), "shop", "shop.csv")
    assert proposal.keys.names == ("customer", "sku", "order_day")
    assert "from 2022-03-01 to 2022-12-25" in proposal.split
    features = {name: feature(proposal, name) for name in proposal.features["product"]}
    assert {name: each["bq_type"] for name, each in features.items()} == {
        "sku": "STRING",
        "model": "STRING",
    }
    assert check_text(proposal.text, profile=read_profile(tmp_path / "shop.csv")).ok
