"""What `init` proposes: what each column is, how it is read, what is left out, in what words."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ugly import Rows, shop, write_csv

from recgen.check import check_text
from recgen.config import ExperimentConfig
from recgen.data.estimates import SplitSizes, embedding_width
from recgen.local.profile import read_profile
from recgen.proposal import Proposal, propose, sizes
from recgen.proposal.ids import Choice, Keys
from recgen.proposal.names import GOOD, SURE, WEAK, fits_id, fits_purchase_time
from recgen.proposal.nouns import words
from recgen.proposal.table import Table
from recgen.proposal.text import comment, config_text
from recgen.reading import parse
from recgen.reading.sources import read_text

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet")

Told = dict[str, Any]

NAMES = ("order_id", "order_date", "customer_id", "city", "sku", "title", "kind", "price", "qty")


def named(rows: Rows) -> Rows:
    return dict(zip(NAMES, rows.values(), strict=True))


@pytest.fixture
def rows() -> Rows:
    """Returns the transactions of a shop, with the usual names."""
    return named(shop())


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[..., Proposal]:
    """Returns a function that proposes a config for rows, written as CSV unless told."""

    def call(rows: Rows, kind: str = "csv") -> Proposal:
        path = tmp_path / f"shop.{kind}"
        if kind == "csv":
            write_csv(path, rows)
        else:
            pq.write_table(pa.table(rows), path)
        return propose(read_profile(path), "shop", path.name)

    return call


def config_of(proposal: Proposal) -> ExperimentConfig:
    config = parse(read_text(proposal.text, "yaml")).config
    assert config is not None
    return config


def feature(proposal: Proposal, name: str) -> Told:
    """Returns a feature as plain data, with the tower that it is in."""
    data = read_text(proposal.text, "yaml").data
    for side in ("buyer", "product"):
        for each in data["features"][f"{side}_model_features"]:
            if each["column"] == name:
                return {"side": side, **each}
    raise AssertionError(f"{name} is no feature: {proposal.left_out.get(name)}")


def by(rows: Rows, key: str, value: Callable[[int], object]) -> list[object]:
    """Returns a column that has one value for each value of another one."""
    numbers = {value: index for index, value in enumerate(dict.fromkeys(rows[key]))}
    return [value(numbers[each]) for each in rows[key]]


def drawn(rows: Rows, value: Callable[[random.Random], object], seed: int = 3) -> list[object]:
    draw = random.Random(seed)
    return [value(draw) for _ in rows["sku"]]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("CustomerID", ["customer", "id"]),
        ("stock_code", ["stock", "code"]),
        ("SKU", ["sku"]),
        ("userId2", ["user", "id", "2"]),
        ("Käufer-Nr.", ["käufer", "nr"]),
        ("🙂", []),
    ],
)
def test_words_of_a_name(name: str, found: list[str]) -> None:
    assert words(name) == found


@pytest.mark.parametrize(
    ("name", "buyer", "product"),
    [
        ("CustomerID", SURE, -1),
        ("Kundennummer", SURE, -1),
        ("user", GOOD, -1),
        ("customer_name", WEAK, -1),
        ("customer_group_id", WEAK, -1),
        ("customer_order_no", -1, -1),
        ("StockCode", -1, SURE),
        ("Artikelnr", -1, SURE),
        ("sku", -1, SURE),
        ("product_category_id", -1, WEAK),
        ("InvoiceNo", -1, -1),
        ("some_key", WEAK, WEAK),
        ("store_id", 0, 0),
        ("Country", 0, 0),
        ("c1", 0, 0),
    ],
)
def test_how_well_a_name_fits_an_id(name: str, buyer: int, product: int) -> None:  # P25
    assert (fits_id(name, "buyer"), fits_id(name, "product")) == (buyer, product)


def test_the_time_of_the_purchase_is_told_from_other_times_by_name() -> None:
    fits = [fits_purchase_time(name) for name in ("InvoiceDate", "timestamp", "x", "birth_date")]
    assert fits == sorted(fits, reverse=True)
    assert fits[-1] < 0


def test_looseness_is_0_for_a_property_and_1_for_chance(rows: Rows, tmp_path: Path) -> None:
    rows["dice"] = drawn(rows, lambda draw: draw.randrange(6))
    table = Table(read_profile(write_csv(tmp_path / "shop.csv", rows)))
    assert table.looseness("customer_id", "city") == 0
    assert table.looseness("sku", "dice") == pytest.approx(1, abs=0.05)
    price = table.looseness("sku", "price")
    assert price is not None
    assert 0 < price < 0.1
    assert table.looseness("order_id", "order_id") == 0


def test_three_rows_tell_nothing(rows: Rows, tmp_path: Path) -> None:
    few = {name: values[:3] for name, values in rows.items()}
    table = Table(read_profile(write_csv(tmp_path / "shop.csv", few)))
    assert table.looseness("customer_id", "city") is None
    assert not table.determines("customer_id", "city")


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (lambda rows: [None] * len(rows["sku"]), "it has no value in any row"),
        (lambda rows: ["EUR"] * len(rows["sku"]), "it is 'EUR' in every row"),
        (lambda rows: list(range(len(rows["sku"]))), "it identifies rows"),
        (lambda rows: drawn(rows, lambda draw: draw.choice("ab") * (draw.random() < 0.3)), "null"),
        (lambda rows: by(rows, "sku", lambda n: f"Name {n}"), "only repeats which product it is"),
        (
            lambda rows: by(rows, "customer_id", lambda n: f"{n}@x"),
            "only repeats which buyer it is",
        ),
        (
            lambda rows: by(rows, "kind", lambda n: f"group {n}"),
            "has the same information as 'kind'",
        ),
        (lambda rows: drawn(rows, lambda draw: draw.randint(1, 5)), "known only with the purchase"),
        (lambda rows: by(rows, "kind", lambda n: f"{n + 1},{n + 100}"), "it can be 1100 or 1.100"),
        (lambda rows: by(rows, "sku", lambda n: f"{n % 12 + 1:02}.12.2020"), "day or month"),
        (lambda rows: by(rows, "sku", lambda n: f"so very long a text on {n % 9}"), "free text"),
        (lambda rows: by(rows, "sku", lambda n: ("inf", "1.5", "2.5")[n % 3]), "not a finite"),
    ],
)
def test_what_is_left_out_and_why(
    rows: Rows, proposed: Callable[..., Proposal], column: Callable[[Rows], Any], reason: str
) -> None:
    values = column(rows)
    if reason == "null":
        values = [value or None for value in values]
        reason = "of the rows have no value"
    proposal = proposed({**rows, "extra_id" if "identifies" in reason else "extra": values})
    why = next(why for name, why in proposal.left_out.items() if name.startswith("extra"))
    assert reason in why
    assert "#   extra" in proposal.text
    assert reason in " ".join(proposal.text.replace("\n#", "").split())


def test_lists_and_columns_without_a_usable_name_are_left_out(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["tags"] = [[1, 2]] * len(rows["sku"])
    rows[""] = by(rows, "sku", lambda n: n % 7)
    rows["x" * 301] = by(rows, "sku", lambda n: n % 8)
    left_out = proposed(rows, "parquet").left_out
    assert left_out["tags"] == "it holds lists or records"
    assert left_out[""] == "it has no name"
    assert left_out["x" * 301] == "its name has more than 300 characters"


def test_columns_of_one_name_are_left_out(rows: Rows, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "shop.csv", {**rows, "kinds": rows["kind"]})
    path.write_text(path.read_text("utf-8").replace(",kinds", ",kind", 1), "utf-8")
    proposal = propose(read_profile(path), "shop", "shop.csv")
    assert proposal.left_out["kind"] == "2 columns have this name"


def test_quantities_become_no_feature(rows: Rows, proposed: Callable[..., Proposal]) -> None:
    assert "known only with the purchase" in proposed(rows).left_out["qty"]  # P27


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (
            lambda rows: by(rows, "sku", lambda n: 1.1 ** (n % 100)),
            ("product", "FLOAT64", "numeric", {"log_transform": {}, "normalize": {}}),
        ),
        (
            lambda rows: by(rows, "sku", lambda n: n % 50 or None),
            ("product", "INT64", "numeric", {"normalize": {}, "missing_flag": {}}),
        ),
        (
            lambda rows: by(rows, "customer_id", lambda n: ("yes", "no")[n % 2]),
            ("buyer", "BOOL", "numeric", {"normalize": {}}),
        ),
        (
            lambda rows: by(rows, "customer_id", lambda n: f"{1960 + n % 40}-03-{1 + n % 28:02}"),
            ("buyer", "DATE", "temporal", {"normalize": {}, "cyclical": {"yearly": True}}),
        ),
        (
            lambda rows: by(rows, "sku", lambda n: f"2022-06-{1 + n % 28:02} 10:00:00"),
            ("product", "TIMESTAMP", "temporal", {"normalize": {}}),
        ),
        (
            lambda rows: by(rows, "sku", lambda n: f"brand {n % 40}"),
            ("product", "STRING", "text", {"embedding": {"embedding_dim": embedding_width(40)}}),
        ),
    ],
)
def test_how_a_property_is_read(
    rows: Rows, proposed: Callable[..., Proposal], column: Callable[[Rows], Any], expected: Any
) -> None:
    found = feature(proposed({**rows, "extra": column(rows)}), "extra")
    keys = ("side", "bq_type", "data_type", "transforms")
    assert tuple(found[key] for key in keys) == expected


def test_times_of_the_day_have_a_daily_cycle(rows: Rows, proposed: Callable[..., Proposal]) -> None:
    rows["opens"] = by(rows, "sku", lambda n: datetime.time(n % 24))
    found = feature(proposed(rows, "parquet"), "opens")
    assert (found["bq_type"], found["transforms"]) == ("TIME", {"cyclical": {"daily": True}})


def test_whole_numbers_named_like_codes_are_categories(  # P24
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["plz"] = by(rows, "customer_id", lambda n: 10_000 + n % 60)
    rows["age"] = by(rows, "customer_id", lambda n: 20 + n % 50)
    proposal = proposed(rows)
    assert feature(proposal, "plz")["data_type"] == "text"
    assert feature(proposal, "age")["data_type"] == "numeric"


def test_text_of_digits_stays_text_where_the_file_has_types(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["customer_id"] = [str(value) for value in rows["customer_id"]]
    assert feature(proposed(rows, "parquet"), "customer_id")["bq_type"] == "STRING"
    assert feature(proposed(rows, "csv"), "customer_id")["bq_type"] == "INT64"


def test_ids_that_pandas_made_floats(rows: Rows, proposed: Callable[..., Proposal]) -> None:
    rows["customer_id"] = [
        None if index % 9 == 0 else f"{value}.0" for index, value in enumerate(rows["customer_id"])
    ]
    proposal = proposed(rows)
    assert proposal.keys.buyer.name == "customer_id"
    assert feature(proposal, "customer_id")["bq_type"] == "INT64"


def test_of_several_ids_the_finest_is_taken_and_what_it_implies_is_no_rival(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["product_no"] = by(rows, "sku", lambda n: n % 20)
    product = proposed(rows).keys.product
    assert (product.name, product.why, product.sure) == ("sku", "named like the product's ID", True)


def test_variants_are_told_from_the_products_they_belong_to(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["product_code"] = by(rows, "sku", lambda n: f"M{n // 3}")
    proposal = proposed(rows)
    said = " ".join(proposal.text.replace("#", " ").split())
    assert proposal.keys.product.name == "sku"
    assert proposal.keys.product.others == ("product_code",)
    assert "take that unless you recommend variants" in said
    assert "recgen init --data shop.csv --product-id product_code" in said
    rows["product_code"] = by(rows, "sku", lambda n: f"M{n * 2 // 3}")  # hardly coarser
    assert proposed(rows).keys.product.others == ("product_code",)
    rows["product_code"] = by(rows, "sku", lambda n: f"M{n * 3 // 4}")
    assert not proposed(rows).keys.product.others


def test_titles_may_be_coarser_and_groups_and_few_values_are_not(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["title"] = by(rows, "sku", lambda n: f"Mug {n // 4}")
    assert proposed(rows).keys.product.others == ("title",)
    rows["title"] = by(rows, "sku", lambda n: f"Mug {n // 20}")
    assert not proposed(rows).keys.product.others  # ten titles
    rows["brand_name"] = by(rows, "sku", lambda n: f"brand {n // 4}")
    assert not proposed(rows).keys.product.others


def test_few_rows_of_a_product_are_said(rows: Rows, proposed: Callable[..., Proposal]) -> None:
    assert "few to learn from" not in proposed(rows).text
    rows["sku"] = [f"{sku}-{n // 6}" for n, sku in enumerate(rows["sku"])]
    rows.pop("title")
    assert "few to learn from" in proposed(rows).text


def test_rivals_with_far_more_rows_a_value_say_so(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["product_id"] = drawn(rows, lambda draw: draw.randrange(25))
    assert "rows a value, where 'sku' has" in " ".join(
        proposed(rows).text.replace("#", " ").split()
    )


@pytest.mark.parametrize(("name", "side"), [("category", "product"), ("customer_group", "buyer")])
def test_a_property_of_both_names_no_product_to_the_buyer(
    rows: Rows, proposed: Callable[..., Proposal], name: str, side: str
) -> None:
    """Where buyers stay in one category, it would tell the buyer's tower what is bought."""
    rows[name] = [f"c{n % 2}" for n in range(len(rows["sku"]))]
    rows["sku"] = [f"{sku}{c}" for sku, c in zip(rows["sku"], rows[name], strict=True)]
    buyers = zip(rows["customer_id"], rows[name], strict=True)
    rows["customer_id"] = [f"{who}{c}" for who, c in buyers]
    assert feature(proposed(rows), name)["side"] == side


def test_what_depends_on_both_ids_is_a_guess(rows: Rows, proposed: Callable[..., Proposal]) -> None:
    rows["shop"] = ["A"] * len(rows["sku"])  # each buyer and each product has one shop
    half = len(rows["sku"]) // 2
    for index in range(half, half * 2):
        rows["shop"][index] = "B"
        rows["sku"][index] = f"B{rows['sku'][index]}"
        rows["customer_id"][index] += 1_000_000
    assert "GUESS: it would also fit the other tower. Check this." in proposed(rows).text


def test_a_rival_makes_it_a_guess(rows: Rows, proposed: Callable[..., Proposal]) -> None:  # P25
    rows["client_id"] = drawn(rows, lambda draw: draw.randrange(100))
    proposal = proposed(rows)
    assert not proposal.keys.buyer.sure
    assert "# GUESS: 'client_id' could also be the buyer's ID. Check this." in proposal.text


def test_the_time_is_no_property_of_the_buyer(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    start = datetime.datetime(2020, 1, 1)
    rows["date"] = by(rows, "customer_id", lambda n: start + datetime.timedelta(hours=31 * n))
    rows["seen_at"] = rows.pop("order_date")
    proposal = proposed(rows)
    assert proposal.keys.time.name == "seen_at"
    assert feature(proposal, "date")["side"] == "buyer"


@pytest.mark.parametrize(
    ("buyers", "name", "found"),
    [
        (1.0, "order_date", "order_date"),  # of who buys once, an order's time is all there is
        (1.0, "date", "date"),
        (1.0, "customer_created_at", None),
        (1.0, "birth_date", None),
        (0.02, "date", None),  # fifty rows are no order
    ],
)
def test_who_buys_once_has_one_time(
    rows: Rows, proposed: Callable[..., Proposal], buyers: float, name: str, found: str | None
) -> None:
    count = len(rows["sku"])
    start = datetime.datetime(2020, 1, 1)
    rows["customer_id"] = [f"c{int(n // 2 * buyers)}" for n in range(count)]
    times = [start + datetime.timedelta(hours=int(who[1:])) for who in rows["customer_id"]]
    del rows["order_date"], rows["order_id"]
    proposal = proposed(rows | {name: times})
    assert proposal.keys.time.name == found
    assert ("GUESS: named like the time of the purchase" in proposal.text) == bool(found)


def test_two_times_of_a_purchase_make_it_a_guess(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    day = datetime.timedelta(days=1)
    rows["invoice_date"] = [time + day * (n % 3) for n, time in enumerate(rows["order_date"])]
    proposal = proposed(rows)
    assert not proposal.keys.time.sure
    assert "could also be the time of the purchase. Check this." in proposal.text


def test_a_date_in_2999_does_not_decide_the_split(
    rows: Rows, proposed: Callable[..., Proposal]
) -> None:
    rows["order_date"][0] = datetime.datetime(2999, 1, 1)
    proposal = proposed(rows)
    assert config_of(proposal).data.split.kind == "strict_time"  # type: ignore[union-attr]
    assert "2999" not in proposal.text


def test_the_same_data_gives_the_same_text(rows: Rows, proposed: Callable[..., Proposal]) -> None:
    assert proposed(rows).text == proposed(rows).text


def test_a_column_is_no_comment_that_ignores(
    rows: Rows, proposed: Callable[..., Proposal], tmp_path: Path
) -> None:  # P1
    trap = "x # recgen: ignore RG528: no"
    proposal = proposed({**rows, trap: ["a"] * len(rows["sku"])})
    assert proposal.left_out[trap] == "it is 'a' in every row"
    report = check_text(proposal.text, "yaml", profile=read_profile(tmp_path / "shop.csv"))
    assert not report.ignored
    assert [finding.code for finding in report.findings] == ["RG528"]


def keys_of(buyers: int, products: int) -> tuple[Any, Keys]:
    """Returns a table of so many buyers and products, as far as sizes ask."""

    columns = {"b": SimpleNamespace(distinct=buyers), "p": SimpleNamespace(distinct=products)}
    keys = Keys(Choice("b", ""), Choice("p", ""), Choice(None, ""))
    return SimpleNamespace(columns=columns), keys


@pytest.mark.parametrize(
    ("buyers", "products", "width"),
    [
        (4334, 3659, 128),
        (1547, 600, 64),
        (300, 100, 32),
        (1_000_000, 50_000, 64),  # 128 would take more than a GiB
        (50_000_000, 50_000, 32),
        (20_000, 100, 128),  # 32 would be narrow for so many buyers
    ],
)
def test_the_width_of_the_output(buyers: int, products: int, width: int) -> None:
    assert sizes.output_width(*keys_of(buyers, products)) == width


@pytest.mark.parametrize(
    ("rows", "batch", "products", "top_k"),
    [(300_000, 1024, 3659, 100), (30_000, 512, 200, 40), (900, 16, 30, 10), (1, 2, 3, 3)],
)
def test_batches_and_answers_fit_the_data(rows: int, batch: int, products: int, top_k: int) -> None:
    model = sizes.model(*keys_of(10, products), SplitSizes(rows, 0, 0), 64)
    assert (model["batch_size"], model["top_k"]) == (batch, top_k)


def test_batches_grow_where_validation_would_take_longer_than_training() -> None:
    rows = SplitSizes(180_000, 6_000, 6_000)
    model = sizes.model(*keys_of(10, 900_000), rows, 64)
    assert 3 * 180_000 * model["batch_size"] >= 6_000 * 900_000  # RG406
    assert model["batch_size"] == 16_384
    few = SplitSizes(1_800, 600, 600)  # a second, however large its share
    assert sizes.model(*keys_of(10, 1900), few, 64)["batch_size"] == 32


@pytest.mark.parametrize(("rows", "epochs"), [(1_000, 20), (400_000, 10), (10_000_000, 8)])
def test_small_data_may_take_more_epochs(rows: int, epochs: int) -> None:
    model = sizes.model(*keys_of(10, 500), SplitSizes(rows, 0, 0), 64)
    assert model["epochs"] == epochs


@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    column=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=150),
    said=st.text(max_size=200),
)
def test_whatever_names_hold_the_text_reads_back(name: str, column: str, said: str) -> None:
    feature = {"column": column, "data_type": "text"}  # P3, P6
    data = {"name": name, "features": {"buyer_model_features": [feature]}}
    comments = {
        ("name",): [comment(said)],
        ("features", "buyer_model_features", 0): [comment(f"{column} {said}")],
    }
    text = config_text(data, comments)
    assert read_text(text, "yaml").data == data
    assert "recgen: ignore" not in text.replace(column, "").replace(name, "")
