"""Texts that are lost or mistaken: found by check, said by train, mended by what is proposed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from recgen.check import check, check_text
from recgen.cli.fixes import apply_fixes
from recgen.config import ExperimentConfig
from recgen.findings import Finding
from recgen.local.profile import read_profile
from recgen.plan.columns import input_columns

pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
pq = pytest.importorskip("pyarrow.parquet")

import yaml  # noqa: E402

from recgen.local.ingest import clean, read_table  # noqa: E402

ROWS = 6000


def shop(**columns: Any) -> dict[str, Any]:
    """Returns columns in which no rule finds anything for `plain`, with some replaced."""
    return {
        "customer_id": [f"c{7 * i % 400}" for i in range(ROWS)],
        "age": [20 + 7 * i % 400 % 60 for i in range(ROWS)],
        "sku": [f"p{i * i % 211}" for i in range(ROWS)],
        "bought_at": [1_672_531_200 + 3600 * i for i in range(ROWS)],
        **columns,
    }


def some(odd: Any, column: str = "sku", every: int = 10) -> dict[str, Any]:
    """Returns the shop with an odd value in every tenth row."""
    values = shop()[column]
    return shop(**{column: [odd if i % every == 0 else v for i, v in enumerate(values)]})


@pytest.fixture
def plain(experiment: dict[str, Any]) -> dict[str, Any]:
    """Returns the small config of all tests."""
    split = {**experiment["data"]["split"], "validation": 0.1, "test": 0.1}
    model = {"epochs": 3, "batch_size": 512}
    return {**copy.deepcopy(experiment), "model": model, "data": {"split": split}}


@pytest.fixture
def found(plain: dict[str, Any], tmp_path: Path) -> Any:
    """Returns a function that checks a table and returns the findings of some rules."""

    def call(table: dict[str, Any], *codes: str) -> list[Finding]:
        pq.write_table(pa.table(table), tmp_path / "data.parquet")
        report = check(plain, profile=read_profile(tmp_path / "data.parquet"))
        return [f for f in report.findings if f.code in codes]

    return call


def trained_on(plain: dict[str, Any], table: dict[str, Any], folder: Path) -> tuple[Any, list[str]]:
    """Returns the rows that a run trains on, and what it says about them."""
    path = folder / "data.parquet"
    pq.write_table(pa.table(table), path)
    config = ExperimentConfig.model_validate(plain)
    read = read_table(path, input_columns(config), config.data)
    cleaned, warnings = clean(read, "customer_id", "sku")
    return cleaned, list(warnings)


WORDS = [
    "nan",
    "None",
    "NULL",
    "null",
    r"\N",
    r"\\N",
    "<NA>",
    "NaT",
    "(not set)",
    "(none)",
    "-",
    "N/A",
]
WORDS += ["  ", "undefined", " NaN ", "#N/A", "00000000-0000-0000-0000-000000000000"]


@pytest.mark.parametrize("word", WORDS)
def test_ids_that_stand_for_nothing(
    plain: dict[str, Any], found: Any, word: str, tmp_path: Path
) -> None:
    (finding,) = found(some(word, "customer_id"), "RG535", "RG506")
    assert (finding.code, finding.severity) == ("RG535", "warning")
    assert "'customer_id' has text that stands for nothing in 600 of 6,000 rows" in finding.message
    table, notes = trained_on(plain, some(word, "customer_id"), tmp_path)
    assert (table.num_rows, notes) == (ROWS, [])


def test_words_among_ids_of_digits_are_values_for_check_as_for_train(
    plain: dict[str, Any], found: Any, tmp_path: Path
) -> None:
    """RG506 must not say that rows are dropped: as text, nan is an ID."""
    digits = [str(10_000 + 7 * i % 400) if i % 10 else "nan" for i in range(ROWS)]
    assert found(shop(customer_id=digits), "RG506") == []
    assert [f.code for f in found(shop(customer_id=digits), "RG535")] == ["RG535"]
    none = [None if text == "nan" else text for text in digits]
    (finding,) = found(shop(customer_id=none), "RG506", "RG535")
    assert "10% of the rows (600)" in finding.message
    for customer, rows in ((digits, ROWS), (none, ROWS - 600)):
        assert trained_on(plain, shop(customer_id=customer), tmp_path)[0].num_rows == rows


def test_an_id_in_two_columns_is_found(found: Any) -> None:
    """Producers that spell a name otherwise each fill their own column; half of the rows go."""
    ids = shop()["customer_id"]
    mine = [v if i % 9 else None for i, v in enumerate(ids)]
    other = [None if i % 9 else v for i, v in enumerate(ids)]
    for name in ("Customer_ID", "customerId"):
        (finding,) = found(shop(customer_id=mine, **{name: other}), "RG506")
        assert finding.severity == "warning"
        assert f"in {name!r}, make one column" in finding.help
    for table in ({"Customer_ID": ids}, {"customer": other}):  # a copy, and another column
        (finding,) = found(shop(customer_id=mine, **table), "RG506")
        assert finding.severity == "info"


def test_na_is_namibia_among_other_codes(found: Any) -> None:
    codes = [("NA", "DE", "FR")[i % 3] for i in range(ROWS)]
    assert found(shop(sku=codes), "RG535") == []
    assert [f.severity for f in found(some("NA"), "RG535")] == ["warning"]


def test_the_fix_makes_them_null_for_check_and_train(
    plain: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table = some("nan", "customer_id")
    table["sku"] = [None if i % 50 == 1 else v for i, v in enumerate(table["sku"])]
    table["sku"] = ["None" if i % 50 == 2 else v for i, v in enumerate(table["sku"])]
    pq.write_table(pa.table(table), "data.parquet")
    profile = read_profile(Path("data.parquet"))
    Path("config.yaml").write_text(yaml.safe_dump(plain), encoding="utf-8")
    report = check("config.yaml", profile=profile)

    def recheck(text: str, kind: Any, source: str) -> Any:
        return check_text(text, kind, source, profile=profile)

    fixed = apply_fixes(report, recheck, unsafe=True)
    after = yaml.safe_load(fixed.after)
    assert sorted(after["data"]["null_values"]) == ["None", "nan"]
    assert "RG535" not in {f.code for f in fixed.report.findings}
    said = [f.message for f in fixed.report.findings if f.code == "RG506"]
    assert any("10% of the rows (600) have no buyer ID" in message for message in said)
    rows, notes = trained_on(after, table, tmp_path)
    known = sum(
        buyer != "nan" and sku not in (None, "None")
        for buyer, sku in zip(table["customer_id"], table["sku"], strict=True)
    )
    assert rows.num_rows == known
    assert notes == [
        f"{ROWS - known:,} of {ROWS:,} rows have no 'customer_id' or no 'sku' and were dropped"
    ]


@pytest.mark.parametrize("value", ["p7\n", "p\r7", "\n", b"p\n7"])
def test_line_breaks_are_counted(plain: dict[str, Any], found: Any, value: Any) -> None:
    """P38: tensorflow-transform leaves these out of a vocabulary, without a word."""
    table = some(value)
    if isinstance(value, bytes):
        table["sku"] = [v if isinstance(v, bytes) else v.encode() for v in table["sku"]]
        plain["features"]["product_model_features"][0]["bq_type"] = "BYTES"
    (finding,) = found(table, "RG536")
    assert finding.severity == "error"
    assert "'sku' has 1 value with a line break, in 600 of 6,000 rows" in finding.message


def test_other_odd_characters_are_kept_by_a_vocabulary(found: Any) -> None:
    for value in ("p\0", "p\t7", "p\u20287", "p\x85", "p\x0b7"):
        assert found(some(value), "RG536") == []


@pytest.mark.parametrize("value", ["1.23457E+18", "1E+05", "-2,5e+17"])
def test_digits_that_a_spreadsheet_dropped(found: Any, value: str) -> None:
    (finding,) = found(some(value, "customer_id"), "RG537")
    assert (finding.severity, value in finding.message) == ("error", True)
    assert found(some("1E5", "customer_id"), "RG537") == []  # an article's number


@pytest.mark.parametrize("value", ["########", "M\ufffdller", " ### "])
def test_what_an_export_could_not_write(found: Any, value: str) -> None:
    (finding,) = found(some(value, "customer_id"), "RG537")
    assert (finding.severity, "600 of 6,000 rows" in finding.message) == ("warning", True)
    assert found(some("##7###", "customer_id"), "RG537") == []


def test_ids_that_pandas_wrote_as_floats(plain: dict[str, Any], found: Any) -> None:
    floats = [None if i == 7 else f"{17_000 + i % 400}.0" for i in range(ROWS)]
    (finding,) = found(shop(customer_id=floats), "RG541")
    assert finding.severity == "warning"
    assert finding.fix is not None
    assert finding.fix.value == "INT64"
    assert found(shop(customer_id=[f"1.{i % 9}" for i in range(ROWS)]), "RG541") == []
    plain["features"]["buyer_model_features"][0]["bq_type"] = "INT64"
    assert found(shop(customer_id=floats), "RG541", "RG503", "RG538") == []


def test_zeros_in_front_under_int64(plain: dict[str, Any], found: Any, tmp_path: Path) -> None:
    from recgen.findings import RecgenError

    table = shop(sku=[("000" if i % 5 else "") + str(i % 36 + 1) for i in range(ROWS)])
    assert found(table, "RG538") == []  # as text, they are different products
    plain["features"]["product_model_features"][0]["bq_type"] = "INT64"
    (finding,) = found(table, "RG538")
    assert finding.fix is not None
    assert (finding.fix.path, finding.fix.value) == (
        "features.product_model_features[0].bq_type",
        "STRING",
    )
    with pytest.raises(RecgenError, match=r"column 'sku': .* is not another ID than"):
        trained_on(plain, table, tmp_path)


@pytest.mark.parametrize(
    ("one", "other"), [("1,234", "1234"), ("10\u202f007", "10007"), ("12e3", "12000")]
)
def test_other_spellings_that_a_number_would_merge(
    plain: dict[str, Any], found: Any, one: str, other: str, tmp_path: Path
) -> None:
    from recgen.findings import RecgenError

    skus = [one if i % 9 == 0 else other if i % 9 == 1 else str(5000 + i % 36) for i in range(ROWS)]
    plain["features"]["product_model_features"][0]["bq_type"] = "INT64"
    (finding,) = found(shop(sku=skus), "RG538")
    assert repr(one) in finding.message
    with pytest.raises(RecgenError, match=r"column 'sku': .* is not another ID than"):
        trained_on(plain, shop(sku=skus), tmp_path)
    floats = [f"{5000 + i % 36}{'.0' if i % 3 else ''}" for i in range(ROWS)]  # of pandas
    assert found(shop(sku=floats), "RG538") == []
    assert len(trained_on(plain, shop(sku=floats), tmp_path)[0]["sku"].unique()) == 36


def test_zeros_in_front_of_a_member_of_a_cross_under_int64(
    plain: dict[str, Any], found: Any
) -> None:
    zips = [("000" if i % 5 else "") + str(7 * i % 400 % 36 + 1) for i in range(ROWS)]
    table = shop(zip=zips)
    members = [{"column": "zip", "type": "text"}, {"column": "customer_id", "type": "text"}]
    cross = {"features": members, "hash_bucket_size": 100, "embedding_dim": 4}
    plain["features"]["buyer_model_crosses"] = [cross]
    assert found(table, "RG538") == []
    plain["data"]["column_types"] = {"zip": "INT64"}
    (finding,) = found(table, "RG538")
    assert finding.fix is not None
    assert (finding.fix.path, finding.fix.value) == ("data.column_types.zip", "STRING")


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ("85123A", "85123a", "case or spaces"),
        ("85123", " 85123", "case or spaces"),
        ("A  1", "A 1", "case or spaces"),
        ("Caf\u00e9", "Cafe\u0301", "form of Unicode, in letters that look alike, or in invisible"),
        ("Caf\u00e9", "Caf\u00c3\u00a9", "once in UTF-8 that was read as cp1252"),
        ("10\u20ac", "10\u00e2\u201a\u00ac", "once in UTF-8 that was read as cp1252"),
        ("P1", "P\u200b1", "form of Unicode, in letters that look alike, or in invisible"),
        ("P1", "P\u00ad1", "form of Unicode, in letters that look alike, or in invisible"),
        ("P1", "\ufeffP1", "form of Unicode, in letters that look alike, or in invisible"),
        ("P1", "\uff30\uff11", "form of Unicode, in letters that look alike, or in invisible"),
        ("P1", "P1\0\0", "or in invisible"),
        ("P1", "\x01P1", "or in invisible"),
        ("P 1", "P\u00a01", ""),
        ("00123", '="00123"', "a spreadsheet's mark of text"),
        ("00123", "'00123", "a spreadsheet's mark of text"),
    ],
)
def test_spellings_that_would_merge(found: Any, one: str, other: str, what: str) -> None:
    table = shop(sku=[(one, other, "x", "y")[i % 11 % 4] for i in range(ROWS)])
    (finding,) = found(table, "RG509")
    assert what in finding.message
    assert "of 4 values, each with its own vector, 3 are left" in finding.help
    assert finding.message.isprintable()


def test_spaces_around_ids(found: Any) -> None:
    for value in ("p17 ", "\u00a0p17", "p17\t"):
        (finding,) = found(some(value), "RG539")
        assert finding.severity == "info"
    assert found(some("p 17"), "RG539") == []


@pytest.mark.parametrize("write", ['="{:05}"', "'{:05}"])
def test_a_spreadsheets_marks_around_ids(found: Any, write: str) -> None:
    """A client would send 00017, and no such buyer is known."""
    (finding,) = found(shop(sku=[write.format(i % 211) for i in range(ROWS)]), "RG539", "RG509")
    assert finding.code == "RG539"
    assert "values begin or end with a spreadsheet's mark of text in 'sku'" in finding.message


def test_zeros_that_one_export_took_off(found: Any) -> None:
    """As text, they are different products; codes with letters among them change nothing."""
    skus = ["A12" if i % 9 == 0 else f"{i % 211:05}" for i in range(ROWS)]
    assert found(shop(sku=skus), "RG509") == []
    skus = [sku.lstrip("0") or "0" if i % 3 == 0 else sku for i, sku in enumerate(skus)]
    (finding,) = found(shop(sku=skus), "RG509")
    number, words = finding.message.removeprefix("'sku' has ").split(" ", 1)
    assert words.startswith("values that differ from others only in zeros in front or separators")
    assert int(number) == len({sku for sku in skus if sku != "A12"})
    one, other = words.rpartition("such as ")[2].replace("'", "").split(" and ")
    assert one != other
    assert int(one) == int(other)


def test_separators_that_only_one_export_wrote(found: Any) -> None:
    skus = [1000 + 37 * (i % 211) for i in range(ROWS)]
    assert found(shop(sku=list(map(str, skus))), "RG509") == []
    (finding,) = found(
        shop(sku=[f"{n:,}" if i % 3 else str(n) for i, n in enumerate(skus)]), "RG509"
    )
    assert "such as '1,037' and '1037'" in finding.message


@pytest.mark.parametrize(
    ("write", "example"),
    [
        (lambda n: f"4 006381 {n:06}", "'4 006381 000001' and '4006381000001'"),
        (lambda n: f"400-6-381-{n:06}", "'400-6-381-000001' and '4006381000001'"),
        (lambda n: f"4006.381{n:06}", "'4006.381000001' and '4006381000001'"),
    ],
)
def test_marks_that_one_export_wrote_into_long_codes(found: Any, write: Any, example: str) -> None:
    skus = [write(i % 211) if i % 3 else f"4006381{i % 211:06}" for i in range(ROWS)]
    (finding,) = found(shop(sku=skus), "RG509")
    assert f"such as {example}" in finding.message
    short = [("1-11", "11-1", "1.11", "111")[i % 4] + f"{i % 31:02}" for i in range(ROWS)]
    assert found(shop(sku=short), "RG509") == []


def test_a_few_texts_that_a_spreadsheet_made_of_numbers(plain: dict[str, Any], found: Any) -> None:
    """The column is then text for all rows, each number a word of its own."""
    price = {"column": "price", "data_type": "text"}
    plain["features"]["product_model_features"].append(price)
    prices = ["01-May" if i % 33 == 0 else f"{i % 211 % 40}.5" for i in range(ROWS)]
    (finding,) = found(shop(price=prices), "RG540")
    assert finding.severity == "warning"
    assert finding.message == (
        "'price' is read as text, since 182 of 6,000 rows are not numbers: '01-May' (182)"
    )
    sizes = ["XL" if i % 33 == 0 else str(36 + i % 211 % 9) for i in range(ROWS)]
    assert found(shop(price=sizes), "RG540") == []


def with_number(plain: dict[str, Any], bq_type: str = "FLOAT64") -> None:
    number = {"column": "n", "data_type": "numeric", "bq_type": bq_type}
    plain["features"]["buyer_model_features"].append(number)


@pytest.mark.parametrize(
    ("texts", "severity", "reading"),
    [
        (["$1,234.50", "$2.25"], "info", "'$1,234.50' is read as 1234.5"),
        (["1.234,50 €", "2,25 €"], "info", "'1.234,50 €' is read as 1234.5"),
        (["12%", "3%"], "info", "'12%' is read as 0.12"),
        (
            ["1.101", "2.202", "3.303", "4.404", "5.505", "17"],
            "warning",
            "'1.101' is read as 1.101",
        ),
    ],
)
def test_how_a_number_for_people_is_read(
    plain: dict[str, Any], found: Any, texts: list[str], severity: str, reading: str
) -> None:
    with_number(plain)
    (finding,) = found(shop(n=[texts[i % len(texts)] for i in range(ROWS)]), "RG540", "RG503")
    assert (finding.code, finding.severity) == ("RG540", severity)
    assert reading in finding.message


def test_truth_values_are_no_such_note(plain: dict[str, Any], found: Any) -> None:
    """As pandas writes them."""
    flag = {"column": "n", "bq_type": "BOOL", "data_type": "numeric"}
    plain["features"]["buyer_model_features"].append(flag)
    for texts in (["True", "False"], ["yes", "no"]):
        assert found(shop(n=[texts[i % 2] for i in range(ROWS)]), "RG540", "RG503") == []


def test_yes_and_no_are_no_numbers_for_people(plain: dict[str, Any], found: Any) -> None:
    with_number(plain, "BOOL")
    assert found(shop(n=["YN"[i % 2] for i in range(ROWS)]), "RG540", "RG503") == []


def test_plain_numbers_and_questions_are_no_such_note(plain: dict[str, Any], found: Any) -> None:
    with_number(plain)
    for texts in (["1.5", "2"], ["1.101", "1234"], ["1.101", "22.5", "NA"]):
        table = shop(n=[texts[i % len(texts)] for i in range(ROWS)])
        assert found(table, "RG540", "RG503") == []
    (finding,) = found(shop(n=[("1,234", "5,678")[i % 2] for i in range(ROWS)]), "RG540", "RG503")
    assert finding.code == "RG503"
    assert "it can be 1234 or 1.234" in finding.message
    assert "data.decimal" in finding.help


def test_floats_that_lost_digits_are_an_error_with_a_way_out(found: Any) -> None:
    lost = [None if i == 5 else float(2**60 + 1000 * (i % 60)) for i in range(ROWS)]
    (finding,) = found(shop(customer_id=lost), "RG503")
    assert "in row 1 is not an exact ID: from 2^53 on, float64 loses digits" in finding.message
    assert "INT64 or text" in finding.help
