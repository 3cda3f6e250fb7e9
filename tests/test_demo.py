"""Demo data: the same bytes for a seed, shaped like UCI Online Retail, more than popularity."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from recgen import RecgenError

np = pytest.importorskip("numpy", reason="needs the extra `train`")
pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
csv = pytest.importorskip("pyarrow.csv")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.demo import demo_data, kind_of_file, transactions  # noqa: E402

COLUMNS = [
    *("InvoiceNo", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
]


@pytest.fixture(scope="module")
def table():
    return transactions(40_000, 0)


def test_shape_is_that_of_online_retail(table):
    assert table.column_names == COLUMNS
    assert [str(kind) for kind in table.schema.types] == [
        *("string", "string", "string", "int64"),
        *("timestamp[ms]", "double", "string", "string"),
    ]
    assert table.num_rows == 40_000
    assert len(table["StockCode"].unique()) == 600
    assert 1_400 <= len(table["CustomerID"].unique()) <= 1_600
    assert 4_000 <= len(table["InvoiceNo"].unique()) <= 6_000
    assert len(table["Description"].drop_null().unique()) == 600


def test_nulls_are_where_real_data_has_them(table):
    share = {name: table[name].null_count / table.num_rows for name in COLUMNS}
    assert 0.01 < share["UnitPrice"] < 0.02
    assert 0.01 < share["Country"] < 0.02
    assert 0 < share["Description"] < 0.01
    complete = set(COLUMNS) - {"UnitPrice", "Country", "Description"}
    assert all(share[name] == 0 for name in complete)


def test_rows_follow_time_over_a_year(table):
    times = table["InvoiceDate"].to_numpy()
    assert (np.diff(times) >= np.timedelta64(0)).all()
    assert 355 < (times[-1] - times[0]) / np.timedelta64(1, "D") < 367
    assert ((times.astype("datetime64[D]").view("int64") + 3) % 7 != 5).all()  # no Saturday


def test_popularity_is_skewed_and_tastes_are_worth_knowing(table):
    cut = 36_000
    codes, buyers = table["StockCode"].to_pylist(), table["CustomerID"].to_pylist()
    goods = [str(name).split(" ", 1)[-1] for name in table["Description"].to_pylist()]
    counts = Counter(codes[:cut])
    popular = {code for code, _ in counts.most_common(100)}
    assert 0.3 < np.mean([code in popular for code in codes[cut:]]) < 0.5
    own: dict[str, set[str]] = {}
    for buyer, kind in zip(buyers[:cut], goods[:cut], strict=True):
        own.setdefault(buyer, set()).add(kind)
    later = zip(buyers[cut:], goods[cut:], strict=True)
    again = [kind in own.get(buyer, ()) for buyer, kind in later]
    assert np.mean(again) > 0.6


@pytest.mark.parametrize("rows", [200, 333, 5_000])
def test_any_number_of_rows(rows):
    table = transactions(rows, 1)
    assert table.num_rows == rows
    assert len(table["StockCode"].unique()) > 30


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_same_bytes_for_a_seed_in_any_process(kind):
    first = demo_data(kind, 300, seed=3)
    script = (
        "import sys; from recgen.demo import demo_data; "
        f"sys.stdout.buffer.write(demo_data({kind!r}, 300, seed=3))"
    )
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        result = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            check=True,
            env=environment,
            cwd=Path(__file__).parents[1],
        )
        assert result.stdout == first
    assert demo_data(kind, 300, seed=4) != first


def test_both_formats_hold_the_same():
    parquet = pq.read_table(io.BytesIO(demo_data("parquet", 300)))
    text = demo_data("csv", 300)
    types = csv.ConvertOptions(
        column_types=dict(zip(COLUMNS, parquet.schema.types, strict=True)),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    assert csv.read_csv(io.BytesIO(text), convert_options=types).equals(parquet)
    assert b",2024-01-" in text.splitlines()[1]


@pytest.mark.parametrize("rows", [0, 199, 1_000_001])
def test_numbers_of_rows_that_are_refused(rows):
    with pytest.raises(RecgenError, match="cannot make"):
        demo_data("csv", rows)


def test_kind_by_name():
    assert kind_of_file(Path("a/B.CSV")) == "csv"
    assert kind_of_file(Path("b.parquet")) == "parquet"
    for name in ("b", "b.txt", ".csv", "b.parquet.gz"):
        with pytest.raises(RecgenError, match=r"must end in \.parquet or \.csv"):
            kind_of_file(Path(name))
