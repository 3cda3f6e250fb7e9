"""Rules on lists that the data brings: the answer, the future, other IDs, the order."""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recgen.check import check
from recgen.config import ExperimentConfig
from recgen.findings import Finding, RecgenError
from recgen.local.ingest.rows import clean
from recgen.local.ingest.table import read_table
from recgen.local.profile import read_profile
from recgen.plan.columns import input_columns

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet")

DAY, FIRST = 86_400, 1_672_531_200
LISTS = ("RG503", "RG504", "RG547", "RG548", "RG549", "RG550", "RG552")
Row = dict[str, Any]


def transactions(
    rows: int = 900, again: float = 0.2, seed: int = 0, buyers: int = 60, products: int = 80
) -> list[Row]:
    """Returns rows in the order of time; a share of them repeats a product of the buyer."""
    chance, before = random.Random(seed), dict[str, list[str]]()
    found = []
    for number in range(rows):
        buyer = f"c{chance.randrange(buyers)}"
        past = before.setdefault(buyer, [])
        is_again = past and chance.random() < again
        sku = chance.choice(past) if is_again else f"P{chance.randrange(products):03}"
        past.append(sku)
        found.append({"customer_id": buyer, "sku": sku, "bought_at": FIRST + number * DAY // 4})
    return found


def past_of(rows: list[Row], row: Row) -> list[str]:
    own = [r for r in rows if r["customer_id"] == row["customer_id"]]
    before = [r["sku"] for r in own if r["bought_at"] < row["bought_at"]]
    return list(dict.fromkeys(before[::-1]))[::-1]  # each once, the latest last


def pasts_of(rows: list[Row]) -> list[list[str]]:
    """Returns the past of each row; the rows are in the order of time."""
    before, found = defaultdict[str, list[str]](list), []
    for row in rows:
        own = before[row["customer_id"]]
        found.append(list(dict.fromkeys(own[::-1]))[::-1])
        own.append(row["sku"])
    return found


def future_of(rows: list[Row], row: Row) -> list[str]:
    own = [r for r in rows if r["customer_id"] == row["customer_id"]]
    return [r["sku"] for r in own if r["bought_at"] > row["bought_at"]]


def config(experiment: Row, dated: bool = True, length: int = 50, shared: str = "sku") -> Row:
    plain = copy.deepcopy(experiment)
    history = {"history": {"shared_with": shared, "max_length": length}}
    past = {"column": "past", "bq_type": "ARRAY<STRING>", "data_type": "history"}
    plain["features"]["buyer_model_features"] = [
        {"column": "customer_id", "data_type": "text"},
        {**past, "transforms": history},
    ]
    if not dated:
        plain["data"] = {"split": {"kind": "random"}}
    return plain


def found(plain: Row, folder: Path, rows: list[Row], lists: Any) -> list[Finding]:
    """Returns what the rules of this file find if the rows have these lists."""
    table = pa.Table.from_pylist(
        [row | {"past": made} for row, made in zip(rows, lists, strict=True)]
    )
    shuffled = table.take(random.Random(1).sample(range(len(rows)), len(rows)))
    pq.write_table(shuffled, folder / "data.parquet")
    report = check(plain, profile=read_profile(folder / "data.parquet"))
    return [each for each in report.findings if each.code in LISTS]


def codes(*given: Any) -> list[str]:
    return [finding.code for finding in found(*given)]


def test_lists_of_the_past_are_fine(experiment: Row, tmp_path: Path) -> None:
    rows = transactions()
    lists = pasts_of(rows)
    assert codes(config(experiment), tmp_path, rows, lists) == []
    assert codes(config(experiment, dated=False), tmp_path, rows, lists) == []
    assert codes(config(experiment), tmp_path, rows, [made[-3:] for made in lists]) == []


@pytest.mark.parametrize("again", [0.0, 0.5, 0.85])
def test_lists_that_begin_before_the_data_are_fine(
    experiment: Row, tmp_path: Path, again: float
) -> None:
    rows = transactions(1800, again)
    lists = pasts_of(rows)
    assert codes(config(experiment), tmp_path, rows[900:], lists[900:]) == []


@pytest.mark.parametrize("products", [3, 5, 10])
@pytest.mark.parametrize("again", [0.0, 0.9])
@pytest.mark.parametrize("dated", [True, False])
def test_lists_of_a_catalogue_of_a_few_products(
    experiment: Row, tmp_path: Path, dated: bool, again: float, products: int
) -> None:
    """A clean list of the past may hold nearly all products: that is not the answer."""
    rows = transactions(900, again, buyers=30, products=products)
    lists = pasts_of(rows)
    plain = config(experiment, dated)
    assert codes(plain, tmp_path, rows, lists) == []
    assert codes(plain, tmp_path, rows[450:], lists[450:]) == []
    own = [list(dict.fromkeys([*past, row["sku"]])) for past, row in zip(lists, rows, strict=True)]
    assert codes(plain, tmp_path, rows, own)[0] == "RG547"


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize(
    "place",
    [lambda past, sku: [*past, sku], lambda past, sku: [sku, *past], lambda past, sku: [sku]],
    ids=["last", "first", "alone"],
)
def test_the_answer_in_the_list_is_an_error(
    experiment: Row, tmp_path: Path, dated: bool, place: Any
) -> None:  # P41
    rows = transactions(again=0)
    lists = [place([s for s in past_of(rows, row) if s != row["sku"]], row["sku"]) for row in rows]
    finding, *others = found(config(experiment, dated), tmp_path, rows, lists)
    assert (finding.code, finding.severity) == ("RG547", "error")
    assert finding.message.startswith("in 100% of the rows the list 'past' already holds the prod")
    assert not [each for each in others if each.severity == "error"]


def test_the_whole_of_a_buyer_in_each_row_is_the_answer_too(
    experiment: Row, tmp_path: Path
) -> None:
    rows = transactions()
    everything = {row["customer_id"]: past_of(rows, row | {"bought_at": 2**40}) for row in rows}
    lists = [everything[row["customer_id"]] for row in rows]
    assert codes(config(experiment), tmp_path, rows, lists)[0] == "RG547"


@pytest.mark.parametrize("what", ["others", "rest", "next"])
def test_the_future_in_the_list_is_an_error(experiment: Row, tmp_path: Path, what: str) -> None:
    rows = transactions(again=0.1)
    lists = []
    for row in rows:
        past, future = past_of(rows, row), future_of(rows, row)
        made = {"others": past + future, "rest": future, "next": [*past, *future[:1]]}[what]
        lists.append([sku for sku in dict.fromkeys(made) if sku != row["sku"]])
    (finding,) = [f for f in found(config(experiment), tmp_path, rows, lists) if f.code == "RG548"]
    assert finding.severity == "error"
    assert "holds the next new product, which the buyer bought only later" in finding.message


@pytest.mark.parametrize(
    ("share", "severity"), [(0.0, "error"), (0.03, "error"), (0.3, "warning"), (0.8, None)]
)
def test_items_in_another_spelling_are_unknown(
    experiment: Row, tmp_path: Path, share: float, severity: str | None
) -> None:
    rows, chance = transactions(), random.Random(2)
    lists = [
        [sku if chance.random() < share else sku.lower() for sku in past_of(rows, row)]
        for row in rows
    ]
    others = [f for f in found(config(experiment), tmp_path, rows, lists) if f.code == "RG549"]
    assert [each.severity for each in others] == ([severity] if severity else [])
    for each in others:
        assert "of the items of 'past' are values of 'sku': the lists have 'p0" in each.message
        assert ", and 'sku' has 'P0" in each.message


def test_numbers_are_compared_as_text(experiment: Row, tmp_path: Path) -> None:
    rows = transactions()
    numbers = [row | {"sku": int(row["sku"][1:]) + 100} for row in rows]
    text = [[str(sku) for sku in past_of(numbers, row)] for row in numbers]
    floats = [[float(sku) for sku in made] for made in text]
    assert codes(config(experiment), tmp_path, numbers, text) == []
    assert codes(config(experiment), tmp_path, numbers, floats) == []  # a run prints no ".0"
    fractions = [[sku + 0.5 for sku in made] for made in floats]
    assert codes(config(experiment), tmp_path, numbers, fractions) == ["RG549"]


def test_the_latest_first_is_recognised_from_the_dates(experiment: Row, tmp_path: Path) -> None:
    rows = transactions()
    lists = [past_of(rows, row)[::-1] for row in rows]
    (finding,) = found(config(experiment, length=3), tmp_path, rows, lists)
    assert (finding.code, finding.severity) == ("RG550", "warning")
    assert ", the oldest 3 are kept" in finding.message
    assert codes(config(experiment, dated=False), tmp_path, rows, lists) == []
    said = config(experiment, length=3)
    history = said["features"]["buyer_model_features"][1]["transforms"]["history"]
    history["order"] = "newest_first"
    assert codes(said, tmp_path, rows, lists) == []
    (finding,) = found(said, tmp_path, rows, pasts_of(rows))
    assert "have the latest item last: " in finding.message
    assert finding.fix is not None
    assert finding.fix.value == "oldest_first"
    mixed = [random.Random(3).sample(made, len(made)) for made in lists]
    assert codes(config(experiment), tmp_path, rows, mixed) == []


def test_repetitions_are_mentioned(experiment: Row, tmp_path: Path) -> None:
    rows = transactions()
    lists = pasts_of(rows)
    twice = [[*made, *made[-1:]] for made in lists]
    assert codes(config(experiment), tmp_path, rows, twice) == ["RG552"]


def test_lists_of_another_feature_are_not_compared_with_purchases(
    experiment: Row, tmp_path: Path
) -> None:
    rows = [row | {"brand": f"b{hash(row['sku']) % 7}"} for row in transactions()]
    plain = config(experiment, shared="brand")
    plain["features"]["product_model_features"].append({"column": "brand", "data_type": "text"})
    assert codes(plain, tmp_path, rows, [[row["brand"]] for row in rows]) == []


ITEMS = st.none() | st.lists(st.none() | st.sampled_from(["", "P001", "x", "\n"]), max_size=4)


@given(st.lists(ITEMS, min_size=1, max_size=30), st.sampled_from([pa.list_, pa.large_list]))
@settings(some(20, 60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_list_breaks_the_check(
    experiment: Row, tmp_path: Path, lists: list[Any], kind: Any
) -> None:
    rows = [
        {
            "customer_id": f"c{i % 3}",
            "sku": f"P{i % 4:03}",
            "bought_at": None if i % 5 == 4 else FIRST + i,
        }
        for i in range(len(lists))
    ]
    table = pa.Table.from_pylist(rows).append_column("past", pa.array(lists, kind(pa.string())))
    pq.write_table(table, tmp_path / "data.parquet")
    facts = read_profile(tmp_path / "data.parquet").lists(
        "past", "sku", ("customer_id", "sku", "bought_at")
    )
    items = [item for made in lists for item in made or () if item]
    assert (facts.items, facts.known) == (
        len(items),
        sum(item in {r["sku"] for r in rows} for item in items),
    )
    assert facts.rows == sum(any(made or ()) for made in lists)


def test_lists_that_are_sorted_by_value_have_lost_their_order(
    experiment: Row, tmp_path: Path
) -> None:
    rows = transactions()
    lists = [sorted(past_of(rows, row)) for row in rows]
    (finding,) = found(config(experiment, length=5), tmp_path, rows, lists)
    assert (finding.code, "sorted by their value" in finding.message) == ("RG550", True)
    assert codes(config(experiment), tmp_path, rows, lists) == []  # all of each is kept
    numbered = [row | {"sku": row["sku"][1:].lstrip("0") or "0"} for row in rows]
    lists = [sorted(past_of(numbered, row), key=int) for row in numbered]
    assert codes(config(experiment, length=5), tmp_path, numbered, lists) == ["RG550"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_items_that_are_nothing_are_counted(
    experiment: Row, tmp_path: Path, nothing: str | None
) -> None:
    rows = transactions()
    lists = [(past_of(rows, row) + [nothing] * 10)[:10] for row in rows]
    (finding,) = found(config(experiment), tmp_path, rows, lists)
    assert (finding.code, finding.severity) == ("RG504", "info")
    absent = sum(item == nothing for made in lists for item in made) / (10 * len(rows))
    assert f"{absent:.0%} of the items of 'past' are null or empty" in finding.message


ARRAYS = {
    "no list 'past' has an item": pa.array([[]] * 900, pa.list_(pa.string())),
    "has no value in any of": pa.array([None] * 900, pa.list_(pa.string())),
    "is not a list, each item text": pa.array([[{"id": "P001"}]] * 900),
    "'x' in row 9 is not a list, each item a whole number": (
        pa.array([["1"]] * 8 + [["x"]] + [["1"]] * 891)
    ),
}


@pytest.mark.parametrize("message", ARRAYS)
def test_check_refuses_the_lists_that_train_refuses(
    experiment: Row, tmp_path: Path, message: str
) -> None:
    rows, plain = transactions(), config(experiment)
    if "number" in message:
        plain["features"]["buyer_model_features"][1]["bq_type"] = "ARRAY<INT64>"
    table = pa.Table.from_pylist(rows).append_column("past", ARRAYS[message])
    path = tmp_path / "data.parquet"
    pq.write_table(table, path)
    refused = [f for f in check(plain, profile=read_profile(path)).errors if f.code in LISTS]
    message = message.replace("'x' in row 9", "in row 9")
    assert any(message in finding.message for finding in refused), refused
    given_config = ExperimentConfig.model_validate(plain)
    wanted = [each for each in input_columns(given_config) if each.name in ("past", *rows[0])]
    with pytest.raises(RecgenError, match=r"has no values|is not a list"):
        clean(read_table(path, wanted), "customer_id", "sku")


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.null()),
        pa.struct([("a", pa.int64())]),
        pa.list_(pa.list_(pa.int64())),
        pa.map_(pa.string(), pa.int64()),
    ],
    ids=str,
)
def test_other_nested_columns_hold_no_items(tmp_path: Path, kind: Any) -> None:
    values = {"list": [[]], "struct": [{"a": 1}], "map": [[("a", 1)]]}
    value = values[
        "map" if pa.types.is_map(kind) else "struct" if pa.types.is_struct(kind) else "list"
    ]
    pq.write_table(
        pa.table({"past": pa.array(value, kind), "sku": ["a"]}), tmp_path / "data.parquet"
    )
    facts = read_profile(tmp_path / "data.parquet").lists("past", "sku")
    assert (facts.rows, facts.items) == (0, 0)
