"""A file becomes the table that `preprocessing_fn` wants, or one clear message."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from recgen.findings import RecgenError

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.local.ingest import clean, read_table  # noqa: E402


@dataclass(frozen=True)
class Column:
    name: str
    dtype: str = "string"
    bq_type: str = "STRING"
    source: str = ""
    is_list: bool = False
    is_category: bool = False
    time_format: str | None = None
    null_times: tuple[str, ...] | None = None


WHOLE = ("int64", "INT64")
REAL = ("float32", "FLOAT64")
TIME = ("int64", "TIMESTAMP")
NOON = 1_704_110_400  # 2024-01-01 12:00:00 UTC


def csv(folder: Path, text: str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def parquet(folder: Path, **columns: object) -> Path:
    path = folder / "data.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def one(folder: Path, values: object, *kind: str) -> list[object]:
    """Reads one column from Parquet."""
    return read_table(parquet(folder, c=values), [Column("c", *kind)])["c"].to_pylist()


def texts(folder: Path, values: list[str], *kind: str) -> list[object]:
    """Reads one column from a CSV."""
    path = csv(folder, "c,other\n" + "".join(f"{value},x\n" for value in values))
    return read_table(path, [Column("c", *kind)])["c"].to_pylist()


def test_csv_ids_stay_text_exactly(tmp_path: Path) -> None:
    assert texts(tmp_path, ["00123", "12", " a ", "NA", "1e5"]) == [
        "00123",
        "12",
        " a ",
        "NA",
        "1e5",
    ]


def test_csv_nulls(tmp_path: Path) -> None:
    assert texts(tmp_path, ["", "a"]) == [None, "a"]
    assert texts(tmp_path, ["", "NA", "nan", "1.5"], *REAL) == [None, None, None, 1.5]
    assert texts(tmp_path, ["", "1"], *WHOLE) == [None, 1]


def test_csv_numbers(tmp_path: Path) -> None:
    assert texts(tmp_path, [" 7", "8.0", "-9"], *WHOLE) == [7, 8, -9]
    assert texts(tmp_path, ["true", "F", "0", "Yes"], "int64", "BOOL") == [1, 0, 0, 1]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01 12:00:00",
        "2024-01-01T12:00:00",
        "2024-01-01 12:00:00.250",
        "2024-01-01T12:00:00Z",
        "2024-01-01T14:00:00+02:00",
        str(NOON),
    ],
)
def test_csv_times(tmp_path: Path, text: str) -> None:
    assert texts(tmp_path, [text, ""], *TIME) == [NOON, None]


def test_csv_dates_and_times_of_day(tmp_path: Path) -> None:
    assert texts(tmp_path, ["2024-01-01"], "int64", "DATE") == [NOON - 12 * 3600]
    assert texts(tmp_path, ["01:00:01", ""], "int64", "TIME") == [3601, None]


def test_csv_of_other_habits(tmp_path: Path) -> None:
    path = csv(tmp_path, '\ufeffbuyer;"a;b"\nx;"1\n2"\n', "data.txt")
    assert read_table(path, [Column("buyer"), Column("a;b")]).to_pylist() == [
        {"buyer": "x", "a;b": "1\n2"}
    ]


def test_parquet_times(tmp_path: Path) -> None:
    noon = datetime.datetime(2024, 1, 1, 12)
    for unit in ("s", "ms", "us", "ns"):
        assert one(tmp_path, pa.array([noon, None], pa.timestamp(unit)), *TIME) == [NOON, None]
    zoned = pa.array([noon], pa.timestamp("us", tz="Europe/Berlin"))
    assert one(tmp_path, zoned, *TIME) == [NOON]
    assert one(tmp_path, pa.array([noon.date()]), "int64", "DATE") == [NOON - 12 * 3600]
    assert one(tmp_path, pa.array([datetime.time(1, 0, 1)]), "int64", "TIME") == [3601]
    assert one(tmp_path, [NOON], *TIME) == [NOON]


def test_parquet_ids_of_any_type_become_text(tmp_path: Path) -> None:
    assert one(tmp_path, [1, None]) == ["1", None]
    assert one(tmp_path, [17850.0, None]) == ["17850", None]
    assert one(tmp_path, [1.5]) == ["1.5"]
    assert one(tmp_path, pa.array(["a", "", "a"]).dictionary_encode()) == ["a", None, "a"]
    assert one(tmp_path, [b"\xff\x00"], "string", "BYTES") == [b"\xff\x00"]


def test_parquet_numbers(tmp_path: Path) -> None:
    assert one(tmp_path, [1.0, float("nan")], *WHOLE) == [1, None]
    assert one(tmp_path, [1, 2], *REAL) == [1.0, 2.0]
    assert one(tmp_path, [True, None], "int64", "BOOL") == [1, None]
    assert one(tmp_path, ["1.5", "NA"], *REAL) == [1.5, None]


def test_types_are_the_contracts(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b,c,d\nx,1,2,2024-01-01\n")
    columns = [Column("a"), Column("b", *WHOLE), Column("c", *REAL), Column("d", "int64", "DATE")]
    kinds = [pa.large_string(), pa.int64(), pa.float32(), pa.int64()]
    assert read_table(path, columns).schema.types == kinds


def test_source_name_is_used_where_the_output_name_is_missing(tmp_path: Path) -> None:
    path = csv(tmp_path, "cust_no,both,alias\nx,1,2\n")
    columns = [Column("buyer", source="cust_no"), Column("alias", source="both")]
    assert read_table(path, columns).to_pylist() == [{"buyer": "x", "alias": "2"}]


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["1", "2", "many"], WHOLE, r"column 'c': 'many' in row 3 is not a whole number \(INT64\)"),
        (["1", "6.5"], WHOLE, "'6.5' in row 2 is not a whole number"),
        (["1", "1,5"], REAL, None),
        (["1", "inf"], REAL, "'inf' in row 2 is not a finite number"),
        (["1", "1e300"], REAL, "'1e300' in row 2"),
        (["2024-01-01", "12/1/2010 8:26"], TIME, "'2024-01-01' in row 1 .* day or month may come"),
        (
            ["2024-01-01", "yesterday"],
            TIME,
            "'yesterday' in row 2 is not a time such as 2011-11-02",
        ),
        (["44931"], TIME, "'44931' in row 1 is not a time in a known unit"),
        (["perhaps"], ("int64", "BOOL"), "'perhaps' in row 1 is not true or false"),
    ],
)
def test_wrong_values_are_named_with_their_row(
    tmp_path: Path, values: list[str], kind: tuple[str, str], message: str | None
) -> None:
    with pytest.raises(RecgenError, match=message):
        texts(tmp_path, values, *kind)


def test_missing_column(tmp_path: Path) -> None:
    path = csv(tmp_path, "CustomerID,StockCode\n1,2\n")
    with pytest.raises(RecgenError) as caught:
        read_table(path, [Column("customer_id", source="customer_id")])
    assert "has no column 'customer_id'" in caught.value.message
    assert "did you mean 'CustomerID'? " in caught.value.help
    assert "CustomerID, StockCode" in caught.value.help


def test_column_twice(tmp_path: Path) -> None:
    with pytest.raises(RecgenError, match="2 columns named 'a'"):
        read_table(csv(tmp_path, "a,a\n1,2\n"), [Column("a")])


def test_files_that_are_none(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 but no more")
    empty = tmp_path / "empty"
    empty.mkdir()
    excel = tmp_path / "data.xlsx"
    excel.write_bytes(b"PK\x03\x04\x00\x00")
    cases = {
        empty: "there are no files in the folder",
        tmp_path / "nowhere.csv": "there is no file",
        csv(tmp_path, "", "empty.csv"): "is empty",
        csv(tmp_path, "a,b\n", "header.csv"): "has no rows",
        csv(tmp_path, "a,b\n1,2,3\n", "ragged.csv"): "line 2: 3 fields where the header has 2",
        csv(tmp_path, "a,b\n1,2\n", "text.parquet"): "neither CSV nor Parquet",
        excel: "is an Excel file",
        broken: "cannot be read as Parquet",
    }
    for path, message in cases.items():
        with pytest.raises(RecgenError, match=f"{re.escape(str(path))}.*{message}|{message}"):
            read_table(path, [Column("a")])


def test_text_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("a\nM\u00fcller\n".encode("latin-1"))
    with pytest.raises(RecgenError, match="line 2: byte 0xfc cannot be read as UTF-8"):
        read_table(path, [Column("a")])


def table(buyers: list[str | None], products: list[str | None]) -> object:
    return pa.table({"b": pa.array(buyers, pa.string()), "p": pa.array(products, pa.string())})


def test_rows_without_ids_are_left_out(tmp_path: Path) -> None:
    data, warnings = clean(table(["1", None, "3", "4"], ["x", "y", None, "z"]), "b", "p")
    assert data.to_pylist() == [{"b": "1", "p": "x"}, {"b": "4", "p": "z"}]
    assert warnings == ("2 of 4 rows have no 'b' or no 'p' and were dropped",)


@pytest.mark.parametrize(
    ("buyers", "products", "message"),
    [
        (["1"], ["x"], "only 1 row with a buyer and a product"),
        (["1", None], ["x", "y"], "only 1 row "),
        (["1", "2"], ["x", "x"], "column 'p' has a single product, 'x'"),
        ([None, None], ["x", "y"], "column 'b' has no values in 2 rows"),
    ],
)
def test_nothing_to_learn(
    buyers: list[str | None], products: list[str | None], message: str
) -> None:
    with pytest.raises(RecgenError, match=message):
        clean(table(buyers, products), "b", "p")
