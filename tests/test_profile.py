"""What a file is like: kinds from values, counts, clear messages for ugly files."""

from __future__ import annotations

import datetime
import decimal
import math
import random
from pathlib import Path

import numpy as np
import pytest

from recgen.config import DataConfig
from recgen.data.estimates import embedding_width
from recgen.data.statistics import ColumnProfile, Misfit, TimeColumn
from recgen.findings import RecgenError
from recgen.local import encoded
from recgen.local import profile as local_profile
from recgen.local.pairs import distinct
from recgen.local.profile import read_profile

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet")

MORNING = 1_291_191_960  # 2010-12-01 08:26:00


def csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "data.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def parquet(folder: Path, **columns: object) -> Path:
    path = folder / "data.parquet"
    try:
        pq.write_table(pa.table(columns), path)
    except pa.ArrowNotImplementedError as error:
        pytest.skip(f"this version of pyarrow cannot write it: {error}")
    return path


def texts(folder: Path, *values: str) -> ColumnProfile:
    """Profiles one column of a CSV."""
    path = csv(folder, "c,other\n" + "".join(f'"{value}",x\n' for value in values))
    return read_profile(path).column("c")


def one(folder: Path, values: object) -> ColumnProfile:
    """Profiles one column of a Parquet file."""
    return read_profile(parquet(folder, c=values)).column("c")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer", ["1", " 2 ", "-3", "NA", ""]),
        ("integer", ["0", "10"]),
        ("integer", ["1.0", "2.0"]),
        ("real", ["1.5", "2", "nan"]),
        ("real", ["0.5", "1e-3"]),
        ("real", ["1", "inf"]),
        ("text", ["00123", "45"]),
        ("text", ["1", "many"]),
        ("text", ["9223372036854775808"]),
        ("text", ["123456789012345678901234567890", "1"]),
        ("text", ["85123A", "22423"]),
        ("boolean", ["true", "False", ""]),
        ("boolean", ["yes", "no"]),
        ("empty", ["", ""]),
        ("empty", ["NA", "null"]),
        ("time", ["2010-12-01", "1969-12-31"]),
        ("time", ["2010-12-01 08:26:00", ""]),
        ("time", ["2010-12-01T08:26:00Z", "2010-12-01T08:26:00+02:00"]),
        ("time", ["12/1/2010 8:26", "12/31/2010 18:26"]),
        ("time", ["12/1/10 8:26", "1/13/11 23:59"]),
        ("time", ["31.12.2010", "01.01.2011"]),
        ("time", [str(MORNING), str(MORNING + 86_400)]),
        ("time", [str(MORNING * 1000), str((MORNING + 86_400) * 1000)]),
        ("integer", [str(1_000_000_001 + number) for number in range(9)]),  # IDs in a row
        ("time", ["20101201", "20111209"]),
        ("integer", ["20101301", "20111209"]),
        ("time", ["2010-12-01", "31.12.2010"]),
        ("time", ["08:26", "8:26 PM"]),
        ("text", ["2010-12-01", "yesterday"]),
    ],
)
def test_kinds_are_found_from_texts(tmp_path: Path, kind: str, values: list[str]) -> None:
    assert texts(tmp_path, *values).kind == kind


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("real", [1.5, math.nan]),
        ("integer", [17850.0, None]),
        ("real", pa.array(np.array([1.0, 2.5], np.float16))),
        ("real", [decimal.Decimal("1.50")]),
        ("integer", pa.array([2**64 - 1, 0], pa.uint64())),
        ("boolean", [True, None]),
        ("text", pa.array(["a", "b", "a"]).dictionary_encode()),
        ("text", [b"\xff", b"a"]),
        ("integer", pa.array([datetime.timedelta(1)])),
        ("time", [datetime.date(1960, 1, 1), datetime.date(9999, 1, 1)]),
        ("time", [datetime.time(8, 26)]),
        ("time", pa.array([datetime.datetime(2020, 1, 1)], pa.timestamp("ns", "Europe/Berlin"))),
        ("time", [MORNING, MORNING + 86_400]),
        ("list", [[1], [2]]),
        ("list", [{"a": 1}]),
        ("empty", pa.nulls(3)),
        ("empty", [math.nan, math.nan]),
        ("empty", pa.array([None, None], pa.list_(pa.int64()))),
    ],
)
def test_kinds_of_arrow_types(tmp_path: Path, kind: str, values: object) -> None:
    assert one(tmp_path, values).kind == kind


def test_what_a_column_of_numbers_is_like(tmp_path: Path) -> None:
    found = texts(tmp_path, "3", "1", "1", "", "NA", "8")
    assert found == ColumnProfile(
        name="c",
        kind="integer",
        rows=6,
        nulls=2,
        distinct=3,
        low=1,
        high=8,
        mean=3.25,
        median=1,
        examples=("1", "3", "8"),
        unlike=3,
        stored_as_text=True,
        null_words=1,
        null_word_rows=1,
    )
    assert (found.as_text.nulls, found.as_text.distinct) == (1, 4)


def test_infinities_are_values_without_a_place(tmp_path: Path) -> None:
    found = texts(tmp_path, "1", "2.5", "inf")
    assert (found.distinct, found.nulls, found.low, found.high) == (3, 0, 1, 2.5)
    assert one(tmp_path, [math.inf]).high is None


@pytest.mark.parametrize("times", [["2010-12-01 08:26:00"], ["12/1/2010 8:26"], ["12/1/10 8:26"]])
def test_times_are_epoch_seconds(tmp_path: Path, times: list[str]) -> None:
    assert texts(tmp_path, *times).low == MORNING


def test_epoch_times_of_any_unit_are_seconds(tmp_path: Path) -> None:
    for unit in (1, 1000, 10**6, 10**9):
        found = one(tmp_path, [MORNING * unit, (MORNING + 60) * unit])
        assert (found.kind, found.high) == ("time", MORNING + 60)


def test_texts_that_differ_in_case_or_space(tmp_path: Path) -> None:
    found = texts(tmp_path, "85123A", "22423", "85123a", " 22423", "84879")
    assert (found.distinct, found.unlike) == (5, 3)
    assert found.alike == ("85123A", "85123a", "22423", " 22423")


def test_questions_about_several_rows(tmp_path: Path) -> None:
    path = csv(tmp_path, "sku,price,city\nA,1,x\nA,2,x\nA,2,\nB,5,y\n,5,y\nB,5,x\n")
    found = read_profile(path)
    assert (found.rows, found.names, found.source) == (6, ("sku", "price", "city"), str(path))
    assert found.counts("sku") == [3, 2]
    assert found.distinct(["sku"]) == 2
    assert found.distinct(["sku", "price"]) == 3
    assert found.distinct(["sku", "price", "city"]) == 4
    assert found.ambiguous("sku", "price") == 1
    assert found.ambiguous("sku", "city") == 1
    assert found.ambiguous("price", "sku") == 0
    assert found.rows_between("price", 2, 5) == 2
    assert found.rows_between("price", 2, math.inf) == 5
    assert found.rows_between("city", 0, 9) == 0


def test_a_misfit_is_what_a_run_refuses(tmp_path: Path) -> None:
    path = csv(tmp_path, "n,t\n1,2010-12-01\n,2010-12-01\n2.5,soon\nmany,\n")
    found = read_profile(path)
    assert found.misfit("n", "FLOAT64") == Misfit("many", 4, "a finite number")
    assert found.misfit("n", "INT64") == Misfit("2.5", 3, "a whole number")
    assert found.misfit("n", "STRING") is None
    misfit = found.misfit("t", "TIMESTAMP")
    assert misfit is not None
    assert (misfit.value, misfit.row) == ("soon", 3)


def test_times_in_another_form_than_the_config_says_are_a_misfit(tmp_path: Path) -> None:
    found = read_profile(csv(tmp_path, "t\n2023-01-31\n2023-02-01\n"))
    assert found.column("t").kind == "time"
    given = found.read_as(DataConfig(), {"t": TimeColumn("TIMESTAMP", "%d/%m/%Y")})
    misfit = given.misfit("t", "TIMESTAMP")
    assert misfit is not None
    assert (misfit.value, misfit.row) == ("2023-01-31", 1)


def test_long_values_are_cut(tmp_path: Path) -> None:
    assert texts(tmp_path, "x" * 1000).examples == ("x" * 59 + "…",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n", "has no rows"),
        ("a,b\n1,Müller\n".encode("latin-1"), "line 2: byte 0xfc cannot be read as UTF-8"),
        ("a,Müller\n1,2\n".encode("latin-1"), "line 1: byte 0xfc cannot be read as UTF-8"),
        (b"a,b\n1,2,3\n", "line 2: 3 fields where the header has 2"),
        (b'a,b\n"x;y\n', "line 2: a field begins with"),
        (b"a,b\n1,\0\n", "line 2: contains a NUL character"),
        (b"a,b\0\0\0\n1,2\n", "neither CSV nor Parquet"),
        (b"PAR1 and no more", "cannot be read as Parquet"),
    ],
)
def test_files_that_are_no_data(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(RecgenError, match=message):
        read_profile(csv(tmp_path, text))


def test_tables_without_columns_or_rows(tmp_path: Path) -> None:
    with pytest.raises(RecgenError, match="has no columns"):
        read_profile(parquet(tmp_path))
    with pytest.raises(RecgenError, match="has no rows"):
        read_profile(parquet(tmp_path, a=pa.array([], pa.int64())))


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("a\n1\n2\n", ("a",), 2),
        ("\ufeffa;b\n1;é\n", ("a", "b"), 1),
        ("\n\na;b\n1;2\n", ("a", "b"), 1),
        ('a\tb\n1\t"x\ny"\n', ("a", "b"), 1),
        ('a,b\r\n1,"x\ny"\r3,4\n5,6\r\n', ("a", "b"), 3),
        (",b\n1,2\n", ("", "b"), 1),
        ('"a b","цена","""q""","x\ny",{{ x }},\u2028,class\n1,2,3,4,5,6,7\n',
         ("a b", "цена", '"q"', "x\ny", "{{ x }}", "\u2028", "class"), 1),
        (",".join(f"c{i}" for i in range(1000)) + "\n" + "1," * 999 + "1\n",
         tuple(f"c{i}" for i in range(1000)), 1),
    ],
)  # fmt: skip
def test_p4_files_of_all_habits(
    tmp_path: Path, text: str, names: tuple[str, ...], rows: int
) -> None:
    found = read_profile(csv(tmp_path, text))
    assert (found.names, found.rows) == (names, rows)
    assert all(found.column(name).nulls == 0 for name in names)


def test_a_name_that_is_there_twice_is_no_column(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(table, tmp_path / "twice.parquet")
    for path in (csv(tmp_path, "a,a\n1,2\n"), tmp_path / "twice.parquet"):
        found = read_profile(path)
        assert found.names == ("a", "a")
        with pytest.raises(KeyError):
            found.column("a")
    with pytest.raises(KeyError):
        found.counts("b")


def test_a_large_csv_is_read_column_by_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv(tmp_path, "a,b,c\n1,x,\n2,x,z\n")
    whole = read_profile(path)
    expected = [whole.column(name) for name in whole.names]
    asked = []
    read = local_profile.read_rows
    monkeypatch.setattr(local_profile, "_SMALL_TEXT", 5)
    monkeypatch.setattr(
        local_profile, "read_rows", lambda file, names: asked.append(names) or read(file, names)
    )
    found = read_profile(path)
    assert [found.column(name) for name in (*found.names, "b")][:3] == expected
    assert asked == [["a"], ["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    ("distinct", "width"), [(1, 4), (2, 4), (37, 12), (3659, 158), (4334, 174), (10**9, 600)]
)
def test_the_width_of_an_embedding_grows_with_its_values(distinct: int, width: int) -> None:
    assert embedding_width(distinct) == width


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("p17", "\u044017"),  # Cyrillic
        ("A1", "\u03911"),  # Greek
        ("f94d231d-2366-55d7-9724-3c84b1bbddb7", "{F94D231D-2366-55D7-9724-3C84B1BBDDB7}"),
        ("f94d231d-2366-55d7-9724-3c84b1bbddb7", "f94d231d236655d797243c84b1bbddb7"),
    ],
)
def test_spellings_of_one_value_are_found(tmp_path: Path, one: str, other: str) -> None:
    (tmp_path / "data.csv").write_text("\n".join(["id", one, other, "x-2"]), encoding="utf-8")
    column = read_profile(tmp_path / "data.csv").column("id")
    assert (column.distinct, column.unlike) == (3, 2)
    assert set(column.alike) == {one, other}


@pytest.mark.parametrize("numbers", [[], [3], [3, 3], [5, -1, 5, 2**62, -1, 0]])
def test_distinct_numbers_are_those_of_numpy(numbers):
    array = np.array(numbers, np.int64)
    assert distinct(array).tolist() == np.unique(array).tolist()
    assert array.tolist() == numbers  # not sorted in place


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("timestamp[s]", [30, None, 20, 30, -10, 20, None, 40]),
        ("double", [0.5, -0.0, math.inf, None, 0.5, 0.0, -3.25, -0.0]),
        ("uint64", [2**63 + 1, 0, 2**63 + 1, 7]),
        ("int32", [3, None, -1, 3]),
        ("date32", [2, 1, 2]),
        ("bool", [True, None, False, True]),
        ("large_string", ["b", None, "a", "b"]),
    ],
)
def test_values_of_many_rows_are_coded_as_those_of_few(
    kind: str, values: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    column = pa.chunked_array([pa.array(values, pa.type_for_alias(kind))])
    few = encoded.encode(column)
    monkeypatch.setattr(encoded, "_MANY", 1)
    many = encoded.encode(column)
    assert many.values.equals(few.values)
    assert many.codes.dtype == few.codes.dtype
    assert many.codes.tolist() == few.codes.tolist()
    assert many.counts.tolist() == few.counts.tolist()


def test_many_numbers_keep_the_order_in_which_they_appear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sort that is not stable mixes up rows of the same number, once there are enough."""
    chance = random.Random(1)
    column = pa.chunked_array([pa.array([chance.randrange(500) for _ in range(20_000)])])
    few = encoded.encode(column)
    monkeypatch.setattr(encoded, "_MANY", 1)
    many = encoded.encode(column)
    assert many.values.equals(few.values)
    assert many.codes.tolist() == few.codes.tolist()
