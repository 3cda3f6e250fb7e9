"""Values keep what they mean: every Arrow type, numbers that people wrote, IDs that stay apart."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")

import arrow_types  # noqa: E402
from arrow_types import READINGS, columns, read  # noqa: E402

from recgen.data.statistics import Oddity  # noqa: E402
from recgen.local.cast import readable  # noqa: E402
from recgen.local.cast.arrow import with_uuids  # noqa: E402
from recgen.local.encoded import describe, encode  # noqa: E402
from recgen.local.kinds import find_kind  # noqa: E402
from recgen.local.oddities import find_odd  # noqa: E402

DOCS = Path(__file__).resolve().parents[1] / "docs"
MADE = dict(columns())


def texts(*values: str | None) -> Any:
    return pa.array(values, pa.large_string())


def numbers(*values: str | None, bq_type: str = "FLOAT64") -> Any:
    """Returns the numbers that a run reads from texts, or why it refuses them."""
    found = read(texts(*values), bq_type)
    return found.refused or found.values.to_pylist()


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("reading", READINGS)
def test_every_type_is_read_or_refused_with_a_sentence(name: str, reading: str) -> None:
    bq_type, is_category = READINGS[reading]
    found = read(MADE[name], bq_type, is_category)
    if found.refused:
        assert re.match(r".* in row \d is not [a-z].*\([A-Z0-9<>]+\)$", found.refused)
    else:
        assert len(found.values) == 3


@pytest.mark.parametrize("name", MADE)
def test_a_profile_knows_every_type(name: str) -> None:
    column = pa.chunked_array([MADE[name]])
    found = describe("c", encode(column))
    assert found.rows == 3
    assert found.kind == "list" or found.distinct == 3 - found.nulls


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("bq_type", ["STRING", "BYTES", "INT64"])
def test_ids_of_every_type_that_is_read_stay_apart(name: str, bq_type: str) -> None:
    column = MADE[name]
    found = read(column, bq_type, is_category=True)
    if not found.refused:
        values = found.values.to_pylist()
        assert len(set(values)) == len({str(each) for each in column.to_pylist()})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("decimal128", ["10127", "2.5", None]),
        ("decimal256, whole", ["1000000000000000000000000000000", "3", None]),
        ("float64 below 2^53", ["17850", "2.5", None]),
        ("float16 below 2^11", ["17", "2.5", None]),
        ("int64", ["-9223372036854775808", "9223372036854775807", None]),
        ("uint64 from 2^63", ["0", "18446744073709551615", None]),
        ("date32", ["2024-01-31", "1999-01-01", None]),
        ("timestamp", ["2024-01-31 12:00:07", "1999-01-01 00:00:00", None]),
        ("timestamp with a zone", ["2024-01-31 12:00:07Z", "1999-01-01 00:00:00Z", None]),
        ("time64", ["08:26:00", "01:00:00", None]),
        ("bool", ["true", "false", None]),
    ],
)
def test_ids_have_one_canonical_text(name: str, expected: list[str | None]) -> None:
    assert read(MADE[name], "STRING").values.to_pylist() == expected


def test_uuids_are_text_whatever_type_the_config_says() -> None:
    if "extension arrow.uuid" not in MADE:
        pytest.skip("this version of Arrow has no UUIDs")
    column = MADE["extension arrow.uuid"]
    text = "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert read(column, "STRING").values[0].as_py() == text
    assert read(column, "BYTES").values[0].as_py() == text.encode()


def test_uuids_of_a_file_are_text_for_an_arrow_that_reads_bytes(tmp_path: Path) -> None:
    """Arrow 10 to 20 know the type from the file's schema only."""
    import pyarrow.parquet as pq

    if not hasattr(pa, "uuid"):
        pytest.skip("this version of Arrow writes no UUIDs")
    path = tmp_path / "data.parquet"
    made = {"id": pa.array([bytes(range(16)), None], pa.uuid()), "b": pa.array([b"0" * 16] * 2)}
    pq.write_table(pa.table(made), path, store_schema=False)
    file = pq.ParquetFile(path, arrow_extensions_enabled=False)
    table = with_uuids(file.read(), file.schema)
    assert table["id"].to_pylist() == ["00010203-0405-0607-0809-0a0b0c0d0e0f", None]
    assert table["b"].to_pylist() == [b"0" * 16] * 2


@pytest.mark.parametrize(("kind", "bits"), [("float64", 53), ("float32", 24), ("float16", 11)])
def test_floats_that_lost_digits_are_no_ids(kind: str, bits: int) -> None:
    """The last number that is exact is read; from the next on, two IDs may have become one."""
    import numpy as np

    most = pa.array(np.array([1, 2**bits - 1], kind))
    assert read(most, "STRING").values.to_pylist() == ["1", str(2**bits - 1)]
    for bq_type in ("STRING", "BYTES", "INT64"):
        refused = read(pa.array(np.array([1, 2**bits], kind)), bq_type).refused
        assert "in row 2 is not an exact" in refused, refused
        assert f"2^{bits}" in refused
    assert read(pa.array(np.array([1, 2**bits], kind)), "FLOAT64").values[1].as_py() == 2**bits


def test_text_that_is_not_utf8_is_found_in_any_type() -> None:
    buffers = [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    broken = pa.Array.from_buffers(pa.string(), 2, buffers)  # as a Parquet file may have it
    for column in (broken, pa.array([b"a", b"\xff"])):
        assert read(column, "STRING").refused.startswith(
            "'base64:/w==' in row 2 is not text (UTF-8)"
        )
        assert read(column, "BYTES").values.to_pylist() == [b"a", b"\xff"]
        assert describe("c", encode(pa.chunked_array([column]))).distinct == 2


def test_times_beyond_every_calendar_are_refused_as_text() -> None:
    assert "out of range" in read(pa.array([2**30], pa.date32()), "STRING").refused
    assert "out of range" in read(pa.array([2**62], pa.timestamp("s")), "FLOAT64").refused


def test_a_null_before_a_refused_value_is_not_blamed() -> None:
    assert " in row 2 is not text" in read(pa.array([None, {"a": 1}]), "STRING").refused
    assert (
        read(pa.array([None, None], pa.struct([("a", pa.int8())])), "STRING").values.null_count == 2
    )


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=9, max_value=10**20)))
def test_decimals_keep_their_value_and_stay_apart(values: list[Decimal]) -> None:
    found = read(pa.array(values, pa.decimal128(38, 9)), "STRING").values.to_pylist()
    assert [Decimal(text) for text in found] == values
    assert not any(re.search(r"[eE]|\.\d*0$|\.$|^-0$", text) for text in found)


IDS = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "large_string": st.text(st.characters(blacklist_categories=["Cs"]), min_size=1),
    "large_binary": st.binary(min_size=1),
    "float64": st.integers(-(2**53) + 1, 2**53 - 1).map(float),
    "date32": st.dates(),
    "timestamp[us]": st.datetimes(),
    "bool": st.booleans(),
}


@pytest.mark.parametrize("kind", IDS)
@given(data=st.data())
def test_distinct_ids_stay_distinct_and_can_be_typed(kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(IDS[kind], unique=True, max_size=20))
    column = pa.array(values, pa.type_for_alias(kind) if "[" not in kind else pa.timestamp("us"))
    bq_type = "BYTES" if kind == "large_binary" else "STRING"
    found = read(column, bq_type).values.to_pylist()
    typed = [readable(each) for each in found]
    assert len(set(typed)) == len(values)
    if kind in ("int64", "uint64", "float64"):
        assert typed == [str(int(value)) for value in values]
    profile = describe("c", encode(pa.chunked_array([column])))
    assert profile.as_text.distinct == len(values)


PIECES = ["1", "00", "1,234", "1.234", ".", ",", "-", "+", "e", "E+", "$", "€", "%", " ", "\u00a0"]
PIECES += ["(", ")", "nan", "NA", "x", "\n", "\0", "e\u0301", "\u200b", "\uff12", "inf", "9" * 400]


@some(20, 60)
@given(st.lists(st.none() | st.lists(st.sampled_from(PIECES), max_size=4).map("".join), min_size=1))
def test_no_text_ends_in_a_traceback_and_init_and_train_agree(values: list[str | None]) -> None:
    for column in (texts(*values), texts(*values).cast(pa.large_binary())):
        encoded = encode(pa.chunked_array([column]))
        for oddity in get_args(Oddity):
            find_odd(encoded.values, encoded.counts, oddity, encoded.numbers)
        for bq_type, is_category in READINGS.values():
            read(column, bq_type, is_category)
    kind = describe("c", encode(pa.chunked_array([texts(*values)]))).kind
    refused = read(texts(*values), "FLOAT64").refused
    questions = ("clear number", "in the unit of", "percentage like", "at most 3.4e38")
    assert kind not in ("integer", "real") or not refused or any(q in refused for q in questions)


# Numbers that people wrote


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["$669.00", "$1,234.50", "-"], [669, 1234.5, None]),
        (["1.234,50 €", "12,00 €"], [1234.5, 12]),
        (["CHF 1'234.50", "CHF 3.00"], [1234.5, 3]),
        (
            ["\u0661\u0662\u066b\u0665", "\u0661\u066c\u0662\u0663\u0664\u066b\u0665"],
            [12.5, 1234.5],
        ),
        (["-\u06f1\u06f2.\u06f5", "\u0e57", "\uff18"], [-12.5, 7, 8]),
        (["1\u202f234,50", "2,25"], [1234.5, 2.25]),
        (["12,34,567.50", "1.25"], [1234567.5, 1.25]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["50%", "12.5 %", "0"], [0.5, 0.125, 0]),
        (["(12.50)", "3"], [-12.5, 3]),
        (["($12.50)", "-$3", "$-4"], [-12.5, -3, -4]),
        (["12.50-", "\u221212.5", "+1"], [-12.5, -12.5, 1]),
        (["1.5e3", "2E-2", ".5", "1."], [1500, 0.02, 0.5, 1]),
        (["12,5", None, "3"], [12.5, None, 3]),
        (["R$ 1.000,50", "R$ 5,00"], [1000.5, 5]),
        (["5 kr.", "6 kr"], [5, 6]),
        (["NULL", "(not set)", "#N/A", "NA", "\\N", "\u2014", "7"], [None] * 6 + [7]),
    ],
)
def test_numbers_for_people_are_read_as_init_recognises_them(
    written: list[str | None], expected: list[float | None]
) -> None:
    assert numbers(*written) == pytest.approx(expected, nan_ok=True)
    kind, recognised, _ = find_kind(texts(*(text for text in written if text is not None)))
    assert kind in ("real", "integer")
    assert recognised is not None
    known = [each for each in recognised.tolist() if each == each]
    assert known == pytest.approx([number for number in expected if number is not None])


@pytest.mark.parametrize(
    ("written", "refused"),
    [
        (["1,234", "5,678"], "'1,234' in row 1 is not a clear number: it can be 1234 or 1.234"),
        (["1.234 €"], "'1.234 €' in row 1 is not a clear number: it can be 1234 or 1.234"),
        (["$5", "€6"], "'€6' in row 2 is not in the unit of other values ($)"),
        (["3", "12%"], "'3' in row 1 is not a percentage like other values"),
        (["1,234.50", "1,5"], "'1,5' in row 2 is not a number with the decimal mark '.'"),
        (["1", "many"], "'many' in row 2 is not a finite number"),
        (["1", "0x10"], "'0x10' in row 2 is not a finite number"),
        (["1", "inf"], "'inf' in row 2 is not a finite number (at most 3.4e38)"),
        (["1", "1e400"], "'1e400' in row 2 is not a finite number (at most 3.4e38)"),
        (["1", "4e38"], "'4e38' in row 2 is not a finite number (at most 3.4e38)"),
        (["1-2"], "'1-2' in row 1 is not a finite number"),
        (["--5"], "'--5' in row 1 is not a finite number"),
        (["(5"], "'(5' in row 1 is not a finite number"),
        (["9" * 200 + "x"], " in row 1 is not a finite number"),
    ],
)
def test_what_is_no_number_or_a_question_is_named(written: list[str], refused: str) -> None:
    assert refused in numbers(*written)


def test_a_question_is_answered_by_the_config() -> None:
    from recgen.local.cast import to_column
    from recgen.plan.columns import InputColumn

    column = InputColumn("c", "c", "FLOAT64", "float32")
    written = pa.chunked_array([texts("1,234", "5,678.5"[:5])])
    assert to_column(written, column, decimal=".").to_pylist() == [1234, 5678]
    assert to_column(written, column, decimal=",").to_pylist() == pytest.approx([1.234, 5.678])
    plain = pa.chunked_array([texts("1.234", "999")])
    assert to_column(plain, column, decimal=",").to_pylist() == [1234, 999]


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("text", ["123 456 789", "987 654 321"]),
        ("text", ["192.168.100.200", "10.200.300.400"]),
        ("text", ["06 12 34 56", "07 12 34 56"]),
        ("text", ["120ABC", "130ABC"]),
        ("text", ["1,2,3", "4,5"]),
        ("text", ["0x1F", "0x2A"]),
        ("real", ["1,234", "5,678"]),
        ("real", ["$5", "€6"]),
        ("boolean", ["Y", "n"]),
        ("boolean", ["on", "OFF"]),
        ("boolean", ["ja", "nein"]),
        ("time", ["12.05.2020", "13.05.2020"]),
    ],
)
def test_codes_and_questions_are_no_numbers_without_asking(kind: str, written: list[str]) -> None:
    assert find_kind(texts(*written))[0] == kind


@given(
    st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", ",")]),
    st.sampled_from([("", ""), ("$", ""), ("", " €"), ("CHF ", "")]),
)
def test_written_numbers_come_back(
    values: list[Decimal], marks: tuple[str, str], unit: tuple[str, str]
) -> None:
    """Two places decide on the decimal mark, so nothing is a question."""
    swap = str.maketrans({",": marks[0], ".": marks[1]})
    written = [f"{unit[0]}{value:,.2f}{unit[1]}".translate(swap) for value in values]
    if "'" in unit[0] + unit[1]:
        return
    assert numbers(*written) == pytest.approx([float(value) for value in values])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["6.0", "7", "1e2"], [6, 7, 100]),
        (["1,234", "5"], [1234, 5]),
        (["9223372036854775807", "-9223372036854775808"], [2**63 - 1, -(2**63)]),
        (["9007199254740993", "1.0"], [2**53 + 1, 1]),
    ],
)
def test_whole_numbers_keep_all_digits(written: list[str], expected: list[int]) -> None:
    assert numbers(*written, bq_type="INT64") == expected


@pytest.mark.parametrize(
    ("written", "refused"),
    [
        ("9223372036854775808", "is not a whole number of 64 bits"),
        ("1.23457E+18", "is not an exact whole number: from 2^53 on"),
        ("6.5", "is not a whole number"),
        ("1.234", "is not a whole number"),
        ("0x10", "is not a whole number"),
    ],
)
def test_what_is_no_whole_number_is_named(written: str, refused: str) -> None:
    assert f"'{written}' in row 2 {refused}" in numbers("1", written, bq_type="INT64")


def test_truths() -> None:
    words = ["true", "F", "YES", "n", "on", "Off", "1", "0.0", "ja", "nein", "", "NULL"]
    assert numbers(*words, bq_type="BOOL") == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, None, None]
    assert read(pa.array([1.0, 0.0, None]), "BOOL").values.to_pylist() == [1, 0, None]
    assert "2 in row 2 is not true or false" in read(pa.array([1, 2]), "BOOL").refused
    assert "'2' in row 1 is not true or false" in numbers("2", bq_type="BOOL")


@pytest.mark.parametrize(
    ("codes", "at"),
    [
        (["12", "00012"], 1),
        (["7", None, "00012", "12"], 3),
        (["0012", "00012"], 1),
        (["-01", "-1"], 1),
        (["5", "+5"], 1),
        (["0", "-0"], 1),
    ],
)
def test_int64_does_not_merge_codes(codes: list[str | None], at: int) -> None:
    refused = read(texts(*codes), "INT64", is_category=True).refused
    assert re.search(rf"in row {at} is not another ID than .*: as whole numbers, both are", refused)
    assert not read(texts(*codes), "INT64").refused  # as amounts, they are the same


@pytest.mark.parametrize(
    "codes", [["007", "8"], ["6.0", "6"], [" 5", "5"], ["1", "2"], ["+5", "-5"]]
)
def test_int64_takes_codes_that_stay_apart(codes: list[str]) -> None:
    assert not read(texts(*codes), "INT64", is_category=True).refused


def test_durations_are_seconds() -> None:
    column = pa.array([dt.timedelta(hours=1), dt.timedelta(milliseconds=1500)])
    assert read(column, "FLOAT64").values.to_pylist() == [3600, 1.5]


def test_words_of_the_config_are_null_in_every_kind_of_column() -> None:
    from recgen.local.cast import to_column
    from recgen.plan.columns import InputColumn

    for bq_type, dtype, value in (("STRING", "string", "a"), ("INT64", "int64", "5")):
        column = InputColumn("c", "c", bq_type, dtype)
        values = pa.chunked_array([texts("n.d.", value, "N.D.")])
        if bq_type == "INT64":
            values = values.slice(0, 2)
        found = to_column(values, column, null_values=("n.d.",)).to_pylist()
        assert found[0] is None
        assert str(found[1]) == value
        assert found[2:] in ([], ["N.D."])  # exactly as written
    column = InputColumn("c", "c", "INT64", "int64")  # no guest has the number 0
    for guests in (pa.array([0, 7]), pa.array([0.0, 7.0]), pa.array([Decimal("0.0"), Decimal(7)])):
        found = to_column(pa.chunked_array([guests]), column, null_values=("0",))
        assert found.to_pylist() == [None, 7]
    column = InputColumn("c", "c", "ARRAY<STRING>", "string")
    lists = pa.chunked_array([pa.array([["a", "n.d."]])])
    assert to_column(lists, column, null_values=("n.d.",)).to_pylist() == [["a"]]


def test_the_matrix_of_the_docs_is_current() -> None:
    if len(MADE) < len(arrow_types.COLUMNS):
        pytest.skip("this version of Arrow lacks some types")
    assert arrow_types.matrix() in (DOCS / "data.md").read_text(encoding="utf-8")
