"""Rules on rows of the data: buyers who are nobody, rows that are there twice."""

from __future__ import annotations

import copy
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recgen.check import check
from recgen.findings import Finding
from recgen.local.profile import read_profile
from recgen.local.tables import profile_of

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pc = pytest.importorskip("pyarrow.csv")

ROWS = 6000
DAY = 86_400


def shop() -> dict[str, list[Any]]:
    return {
        "customer_id": [f"c{7 * i % 400}" for i in range(ROWS)],
        "age": [20 + 7 * i % 400 % 60 for i in range(ROWS)],
        "sku": [f"p{i * i % 211}" for i in range(ROWS)],
        "bought_at": [1_672_531_200 + 3600 * i for i in range(ROWS)],
    }


@pytest.fixture
def plain(experiment: dict[str, Any]) -> dict[str, Any]:
    split = {**experiment["data"]["split"], "validation": 0.1, "test": 0.1}
    model = {"epochs": 3, "batch_size": 512}
    return {**copy.deepcopy(experiment), "model": model, "data": {"split": split}}


def found(config: dict[str, Any], table: dict[str, list[Any]], code: str) -> list[Finding]:
    report = check(config, profile=profile_of(table))
    return [each for each in report.findings if each.code == code]


def buyers(value: Any, every: int, usual: Any = "c{}") -> list[Any]:
    """Returns IDs of which one in so many is a given value."""
    make = usual.format if isinstance(usual, str) else usual
    return [value if i % every == 0 else make(7 * i % 400 + 1) for i in range(ROWS)]


@pytest.mark.parametrize(
    "value",
    [
        *("guest", "GUEST", "Guest user", "guest_checkout", "anonymous", "Anonymous customer"),
        *("guest@shop.example", "unknown", "(guest)", "Laufkunde", "invité", "гость", "비회원"),
        *("0", "-1", "0000", "99999", "-1.0", "test", "walk-in", "2147483647", "4294967295"),
    ],
)
def test_an_id_that_many_share_is_found(value: str, plain: dict[str, Any]) -> None:
    (finding,) = found(plain, {**shop(), "customer_id": buyers(value, 10)}, "RG553")
    assert finding.severity == "warning"
    assert f"in 10% of the rows: {value!r} (600)" in finding.message
    is_word = not value.lstrip("-").replace(".", "").isdigit()
    assert (f"`data.null_values: [{value}]`" in finding.help) == is_word


@pytest.mark.parametrize("value", [0, -1, 9999])
@pytest.mark.parametrize("kind", ["int64", "float64"])
def test_numbers_of_nobody_in_columns_of_numbers(
    value: int, kind: str, plain: dict[str, Any]
) -> None:
    ids = pa.array(buyers(value, 20, lambda number: number), kind)
    (finding,) = found(plain, {**shop(), "customer_id": ids}, "RG553")
    assert "(300)" in finding.message
    assert "Leave these rows out of the data" in finding.help


def test_any_buyer_with_far_too_many_rows_is_asked_about(plain: dict[str, Any]) -> None:
    (finding,) = found(plain, {**shop(), "customer_id": buyers("K-1", 10)}, "RG553")
    assert finding.message.startswith("the buyer 'K-1' has 10% of the rows (600), the next one ")
    products = ["p-1" if i % 10 == 0 else f"p{i % 500}" for i in range(ROWS)]
    assert not found(plain, {**shop(), "sku": products}, "RG553")  # a bestseller


def test_a_product_that_nobody_chooses_is_asked_about(plain: dict[str, Any]) -> None:
    products = ["bag" if i % 4 == 0 else f"p{i % 499}" for i in range(ROWS)]
    (finding,) = found(plain, {**shop(), "sku": products}, "RG553")
    assert finding.message.startswith("the product 'bag' has 25% of the rows (1,500), the next one")
    assert "postage, a fee or a bag" in finding.help
    few = ["bag" if i % 4 == 0 else f"p{i % 12}" for i in range(ROWS)]
    assert not found(plain, {**shop(), "sku": few}, "RG553")


@pytest.mark.parametrize(
    "ids",
    [
        buyers("c-1", 70),  # 1.4% of the rows
        buyers("0", 70),
        buyers("guest", 200),
        [f"c{i % 3}" for i in range(ROWS)],  # few buyers
        [str(i % 100) for i in range(ROWS)],  # 0 is one like others
        [f"guest-{i % 100}" for i in range(ROWS)],
    ],
)
def test_buyers_that_are_persons(ids: list[str], plain: dict[str, Any]) -> None:
    assert not found(plain, {**shop(), "customer_id": ids}, "RG553")


@pytest.mark.parametrize(("repeated", "severity"), [(1, "info"), (500, "info"), (900, "warning")])
def test_repeated_rows_are_counted(repeated: int, severity: str, plain: dict[str, Any]) -> None:
    table = {name: [*values, *values[10 : 10 + repeated]] for name, values in shop().items()}
    (finding,) = found(plain, table, "RG554")
    assert finding.severity == severity
    rows = "1 row" if repeated == 1 else f"{repeated} rows"
    assert finding.message.startswith(f"{rows} of {ROWS + repeated:,} (")
    assert finding.message.endswith("row 6,001 equals row 11")
    assert not found(plain, {**table, "line": list(range(ROWS + repeated))}, "RG554")


def test_without_a_time_rows_repeat_in_every_shop(plain: dict[str, Any]) -> None:
    timeless = {name: shop()[name] * 2 for name in ("customer_id", "age", "sku")}
    assert not found({**plain, "data": {}}, timeless, "RG554")


def test_in_a_large_file_what_is_read_is_compared(
    tmp_path: Path, plain: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recgen.local.profile._SMALL_TEXT", 0)
    table = {**{name: values * 2 for name, values in shop().items()}, "line": range(2 * ROWS)}
    pc.write_csv(pa.table(table), tmp_path / "shop.csv")
    report = check(plain, profile=read_profile(tmp_path / "shop.csv"))
    (finding,) = (each for each in report.findings if each.code == "RG554")
    assert "6,000 rows of 12,000 (50%) are the same as an earlier one in the 4 columns" in (
        finding.message
    )


def bought(rows: int, days: int, seed: int = 1, *, again: float = 0.0) -> list[tuple[Any, ...]]:
    """Returns purchases by time: age, buyer, product; a share is of a few products a buyer has."""
    draw = random.Random(seed)
    staples = {buyer: draw.sample(range(200), 3) for buyer in range(300)}
    found = []
    for _ in range(rows):
        buyer, at = draw.randrange(300), draw.randrange(days * DAY)
        product = draw.choice(staples[buyer]) if draw.random() < again else draw.randrange(200)
        found.append((at, 20 + buyer % 40, f"c{buyer}", f"p{product}"))
    return sorted(found)


def table_of(rows: list[tuple[Any, ...]], first: int = 1_672_531_200) -> dict[str, list[Any]]:
    at, ages, buyers, products = zip(*sorted(rows), strict=True)
    times = [first + each for each in at]
    return {"customer_id": [*buyers], "age": [*ages], "sku": [*products], "bought_at": times}


def replayed(rows: list[tuple[Any, ...]], days: int, share: float) -> list[tuple[Any, ...]]:
    """Returns rows whose last tenth are earlier ones again, a share of them."""
    cut = days * DAY * 9 // 10
    early = [row for row in rows if row[0] < cut]
    late = [row for row in rows if row[0] >= cut]
    copies = [(cut + row[0] // 9, *row[1:]) for row in early[::9]]
    return [*early, *late[: int((1 - share) * len(late))], *copies]


@pytest.mark.parametrize(("rows", "is_cut"), [(65_534, False), (65_535, True), (65_536, False)])
def test_as_many_rows_as_a_sheet_holds(rows: int, is_cut: bool, plain: dict[str, Any]) -> None:
    ids = [*range(rows)]
    data = {"customer_id": ids, "age": [20] * rows, "sku": ids, "bought_at": ids}
    assert bool(found(plain, data, "RG583")) == is_cut


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("again", [0.0, 0.1])
def test_an_old_file_under_new_dates_is_found(
    share: float, again: float, plain: dict[str, Any]
) -> None:
    rows = bought(3000, 300, again=again)
    assert not found(plain, table_of(rows), "RG582")
    (finding,) = found(plain, table_of(replayed(rows, 300, share)), "RG582")
    assert "repeat earlier ones with another 'bought_at': row " in finding.message


@pytest.mark.parametrize("again", [0.6, 1.0])
@pytest.mark.parametrize("days", [30, 700])
def test_who_buys_the_same_again_replays_nothing(
    again: float, days: int, plain: dict[str, Any]
) -> None:
    for seed in range(3):
        assert not found(plain, table_of(bought(3000, days, seed, again=again)), "RG582")


def test_what_is_renewed_after_100_days_is_no_file_that_was_loaded_again(
    plain: dict[str, Any],
) -> None:
    once = bought(2000, 300)
    renewed = [(row[0] + 100 * DAY, *row[1:]) for row in once if row[0] < 200 * DAY]
    assert not found(plain, table_of([*once, *renewed]), "RG582")


def test_copies_in_any_order_are_no_file_that_was_loaded_again(plain: dict[str, Any]) -> None:
    early = bought(2000, 270)
    later = random.Random(3).sample(early, 300)
    copies = [(270 * DAY + 8640 * n, *row[1:]) for n, row in enumerate(later)]
    assert not found(plain, table_of([*early, *copies]), "RG582")


CELLS = st.one_of(st.none(), st.sampled_from(["", "a", "b"]), st.text(max_size=2))


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30), st.integers(1, 3))
def test_repeated_rows_are_those_of_a_set(rows: list[tuple[Any, ...]], read: int) -> None:
    columns = {
        name: list(values) for name, values in zip("xyz", zip(*rows, strict=True), strict=True)
    }
    table = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    plain_rows = [tuple(value or None for value in row) for row in rows]
    said = [row for row in plain_rows if any(row[:read])]  # in what a run reads
    expected = len(said) - len(Counter(said))
    if all(value is None for row in plain_rows for value in row):
        return
    result = profile_of(table).repeated_rows(list("xyz")[:read])
    assert (result.rows if result else 0) == expected
    if result:
        again, first = result.example
        assert plain_rows[again - 1] == plain_rows[first - 1]
        assert first < again


@pytest.mark.parametrize(
    ("rows", "batch", "sentence"),
    [
        (4000, 4096, "Lower it: 170 gives 20 steps per epoch."),
        (20, 64, "Use more data: 17 training rows are too few for any batch size."),
    ],
)
def test_the_help_for_one_step_fits_the_number_of_rows(
    rows: int, batch: int, sentence: str, plain: dict[str, Any]
) -> None:
    table = {name: values[:rows] for name, values in shop().items()}
    config = {**plain, "model": {"batch_size": batch}}
    config["data"] = {"split": {**plain["data"]["split"], "validation": 0.05, "test": 0.1}}
    (finding,) = found(config, table, "RG515")
    assert finding.help == sentence


@pytest.mark.parametrize("value", [2**31 - 1, 2**32 - 1, 2**63 - 1, -(2**31)])
def test_the_end_of_a_numbers_range_is_no_buyer(value: int, plain: dict[str, Any]) -> None:
    """Also with few rows: no shop counts its buyers up to there."""
    some = {**shop(), "customer_id": pa.array(buyers(value, 60, int), "int64")}
    (finding,) = found(plain, some, "RG553")
    assert f"{str(value)!r} (100)" in finding.message
    others = pa.array(buyers(2**31 - 7, 60, int), "int64")
    assert not found(plain, {**shop(), "customer_id": others}, "RG553")
