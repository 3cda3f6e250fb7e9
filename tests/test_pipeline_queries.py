"""The queries of a pipeline give the rows that `recgen train` splits, to the row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from fuzzing import some
from golden import CASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline_queries import TABLE, counted, run

from recgen.attest import AttestationError
from recgen.check import load
from recgen.config import BigQuery, ExperimentConfig
from recgen.config.times import unit_of
from recgen.local.ingest.rows import clean
from recgen.local.ingest.table import read_table
from recgen.local.split import split_table, without_far_times
from recgen.plan import input_columns
from recgen.plan.queries import SPLITS, plan_queries
from recgen.queries import _attest, render_queries

Plain = dict[str, Any]
START = datetime(2025, 1, 1, 10, 30, tzinfo=timezone.utc)
# fmt: off
TYPES: dict[str, tuple[str, pa.DataType]] = {  # kind of feature and Arrow type, by BigQuery type
    "STRING": ("text", pa.string()), "BYTES": ("text", pa.binary()), "INT64": ("text", pa.int64()),
    "BOOL": ("numeric", pa.bool_()), "FLOAT64": ("numeric", pa.float64()),
    "NUMERIC": ("numeric", pa.decimal128(38, 9)), "BIGNUMERIC": ("numeric", pa.decimal128(38, 12)),
    "TIMESTAMP": ("temporal", pa.timestamp("us", "UTC")),
    "DATETIME": ("temporal", pa.timestamp("us")), "DATE": ("temporal", pa.date32()),
    "TIME": ("temporal", pa.time64("us")),
}
# fmt: on


def config_of(split: Plain, features: Sequence[Plain] = (), **data: Any) -> ExperimentConfig:
    embedding = {"embedding": {"embedding_dim": 8}}
    return load(
        {
            "features": {
                "buyer_id_column": "buyer",
                "product_id_column": "sku",
                "buyer_model_features": [
                    {"column": "buyer", "data_type": "text", "transforms": embedding},
                    *features,
                ],
                "product_model_features": [
                    {"column": "sku", "bq_type": "INT64", "data_type": "text"}
                ],
            },
            "data": {"split": split, **data},
        }
    )


def queries_of(config: ExperimentConfig, query: str | None = None) -> dict[str, str]:
    source = BigQuery(query=query) if query else BigQuery(table=TABLE)
    found = render_queries(plan_queries(config, source, "now"))
    return {split: found[f"queries/{split}.sql"] for split in SPLITS}


def split_here(config: ExperimentConfig, rows: pa.Table, folder: Path) -> dict[str, pa.Table]:
    """Returns what `recgen train` makes of the rows in a file."""
    pq.write_table(rows, folder / "rows.parquet")
    table = read_table(folder / "rows.parquet", input_columns(config), config.data)
    buyer, product = config.features.buyer_id, config.features.product_id
    assert buyer
    assert product
    split = config.data.split
    assert split
    if split.date_column and config.data.null_times is None:
        table = without_far_times(table, split.date_column)
    table, _ = clean(table, buyer, product)
    return split_table(table, split, split.date_column, ids=(buyer, product)).tables()


def require_same(config: ExperimentConfig, rows: pa.Table, folder: Path) -> None:
    queries, tables = queries_of(config), split_here(config, rows, folder)
    names = [column.name for column in input_columns(config)]
    for split in SPLITS:
        assert counted(run(queries[split], rows), names) == counted(tables[split], names), split


def value_of(bq_type: str, number: int) -> Any:
    moment = START + timedelta(seconds=number * 4321, microseconds=number * 1001)
    values: Plain = {
        "STRING": f"№ {number % 5}'\\",
        "BYTES": f"b{number % 7}".encode(),
        "INT64": number - 40,
        "BOOL": number % 3 == 0,
        "FLOAT64": number / 7 - 3,
        "NUMERIC": Decimal(number) / 8,
        "BIGNUMERIC": Decimal(number) / 16,
        "TIMESTAMP": moment,
        "DATETIME": moment.replace(tzinfo=None),
        "DATE": moment.date(),
        "TIME": moment.time(),
    }
    return values[bq_type]


def rows_of(numbers: list[int], nulls: Collection[int] = ()) -> pa.Table:
    """Returns a row for each number, with a column of each type; some values are null."""
    columns: dict[str, pa.Array] = {
        "buyer": pa.array([None if n % 29 == 0 else f"b{n % 9}" for n in numbers]),
        "sku": pa.array([None if n % 31 == 0 else n % 12 for n in numbers], pa.int64()),
        "at": pa.array(
            [None if n % 23 == 0 else START + timedelta(hours=n) for n in numbers],
            pa.timestamp("us", "UTC"),
        ),
    }
    for place, (name, (_, kind)) in enumerate(TYPES.items()):
        values = [None if (n + place) in nulls else value_of(name, n) for n in numbers]
        columns[f"a {name}"] = pa.array(values, kind)
    return pa.table(columns)


FEATURES = [
    {"column": f"a {name}", "display_name": name.lower(), "bq_type": name, "data_type": kind}
    for name, (kind, _) in TYPES.items()
]


@settings(some(10, 25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.integers(1, 5000), min_size=60, max_size=150),
    nulls=st.sets(st.integers(1, 5000), max_size=40),
    shares=st.sampled_from([(0.05, 0.1), (0.1, 0.2), (0.07, 0.13), (0.3, 0.3)]),
)
def test_a_split_by_time_is_that_of_train_with_all_types(
    tmp_path: Path, numbers: list[int], nulls: set[int], shares: tuple[float, float]
) -> None:
    numbers = [*numbers, 1, 2, 3, 4500, 4501, 4900, 4997, 4999]  # each split has rows
    numbers += [
        1 + round(4998 * (1 - sum(shares)) + 4998 * shares[0] * part / 9) for part in range(9)
    ]
    split = {"kind": "strict_time", "date_column": "at"}
    split |= {"validation": shares[0], "test": shares[1]}
    require_same(config_of(split, FEATURES), rows_of(numbers, nulls), tmp_path)


def test_a_row_at_a_cut_belongs_to_the_later_split(tmp_path: Path) -> None:
    # At 1 - 0.1 - 0.2 = 0.7000000000000001 of the span, floats decide.
    rows = rows_of([n for n in range(1, 1002) if n % 23 and n % 29 and n % 31])
    for shares in ((0.2, 0.1), (0.1, 0.2), (0.05, 0.1), (0.25, 0.25)):
        split = {"kind": "strict_time", "date_column": "at"}
        split |= {"validation": shares[0], "test": shares[1]}
        require_same(config_of(split), rows, tmp_path)


def drawn(seed: int, *keys: object) -> float:
    text = "|".join([str(seed), *("" if key is None else str(key) for key in keys)])
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) / 2**32


@pytest.mark.parametrize("kind", ["random", "time_holdout"])
def test_drawn_rows_depend_on_a_hash_of_buyer_product_and_time(kind: str) -> None:
    split = {"kind": kind, "date_column": "at", "validation": 0.2, "test": 0.3, "seed": 9}
    config, rows = config_of(split), rows_of(list(range(1, 3000)))
    parts = {name: run(query, rows) for name, query in queries_of(config).items()}
    found = {
        name: table.select(["buyer", "sku", "at"]).to_pylist() for name, table in parts.items()
    }
    for name, own in found.items():
        for row in own:
            chance = drawn(9, row["buyer"], row["sku"], row["at"])
            if kind == "random":
                wanted = "test" if chance < 0.3 else "eval" if chance < 0.5 else "train"
                assert name == wanted
            elif name != "test":
                assert name == ("eval" if chance < 0.2 else "train")
    sizes = np.array([len(own) for own in found.values()])
    known = sum(bool(n % 29 and n % 31 and (n % 23 or kind == "random")) for n in range(1, 3000))
    assert sizes.sum() == known
    expected = {"random": [0.5, 0.2, 0.3], "time_holdout": [0.56, 0.14, 0.3]}[kind]
    assert np.abs(sizes / known - expected).max() < 0.03


@pytest.mark.parametrize(
    ("kind", "dated", "nulls"),
    [
        ("random", {}, {}),
        ("random", {"date_column": "at"}, {}),
        ("random", {"date_column": "at"}, {"null_times": ["1970-01-01"]}),
        ("time_holdout", {"date_column": "at"}, {}),
        ("time_holdout", {"date_column": "at"}, {"null_times": ["1970-01-01"]}),
    ],
)
def test_drawn_rows_are_those_of_train(
    tmp_path: Path, kind: str, dated: Plain, nulls: Plain
) -> None:
    split = {"kind": kind, "validation": 0.2, "test": 0.3, "seed": 9, **dated}
    rows = rows_of([*range(1, 900), *range(1, 300)], nulls={*range(0, 900, 7)})
    at = rows["at"].to_pylist()
    at[5::40] = [datetime(1970, 1, 1, tzinfo=timezone.utc)] * len(at[5::40])  # stands for null
    rows = rows.set_column(2, "at", pa.array(at, pa.timestamp("us", "UTC")))
    require_same(config_of(split, FEATURES, **nulls), rows, tmp_path)


def counted_by(word: str) -> Callable[[datetime], Any]:
    """Returns how a moment is written in a unit or a format."""
    counted = unit_of(word)
    if counted is None:
        return lambda moment: (
            int(moment.strftime(_DIGITS[word])) if word in _DIGITS else moment.strftime(word)
        )
    per_second, start = counted

    def write(moment: datetime) -> int | float:
        number = (round(moment.timestamp()) - start) * per_second
        return int(number) if per_second >= 1 or "hours" in word else float(number)

    return write


_DIGITS = {"DATE_NUMBER": "%Y%m%d", "in seconds": "%Y%m%d%H%M%S", "in months": "%Y%m"}


@pytest.mark.parametrize(
    "word",
    [
        *("EPOCH_SECONDS", "EPOCH_MILLIS", "EPOCH_MICROS", "EPOCH_NANOS"),
        *("EPOCH_DAYS", "EXCEL_DAYS", "JULIAN_DAYS"),
        *("seconds since 2001-01-01", "nanoseconds since 2001-01-01", "seconds since 1900-01-01"),
        *("microseconds since 1601-01-01", "ticks since 0001-01-01", "hours since 1970-01-01"),
        *("days since 1960-01-01", "DATE_NUMBER", "in seconds", "in months", "%d.%m.%Y %H:%M"),
    ],
)
def test_units_and_formats_of_times(tmp_path: Path, word: str) -> None:
    moments = [START + timedelta(hours=37 * n, seconds=n) for n in range(400)]
    values = list(map(counted_by(word), moments))
    rows = pa.table(
        {
            "buyer": [f"b{n % 9}" for n in range(400)],
            "sku": [n % 7 for n in range(400)],
            "at": values,
        }
    )
    split = {"kind": "strict_time", "date_column": "at"}
    unit = "DATE_NUMBER" if word in _DIGITS else word
    config = config_of(split, column_types={"at": unit})
    require_same(config, rows, tmp_path)
    found = pa.concat_tables(run(query, rows) for query in queries_of(config).values())
    moments = [datetime.fromtimestamp(at, timezone.utc) for at in found["at"].to_pylist()]
    written = list(map(counted_by(word), moments))
    exact = "%" in word
    assert sorted(written) == (
        sorted(values) if exact else pytest.approx(sorted(values), rel=1e-12)
    )


@pytest.mark.parametrize(
    ("word", "mark"),
    [
        (None, 0),
        (None, "31.12.9999"),
        (None, "12/31/9999"),
        (None, "9999-12-31"),
        ("%d.%m.%Y", "31.12.9999"),
        ("EPOCH_MILLIS", 253_402_214_400_000),
        ("seconds since 2001-01-01", "31.12.9999"),
        ("seconds since 2001-01-01", 0),
    ],
)
def test_null_times_are_null_in_whatever_way_they_are_written(
    tmp_path: Path, word: str | None, mark: int | str
) -> None:
    stands = datetime(9999, 12, 31, tzinfo=timezone.utc)
    if mark == 0:
        stands = datetime(2001 if word else 1970, 1, 1, tzinfo=timezone.utc)
    moments = [START + timedelta(days=n) if n % 9 else stands for n in range(400)]
    rows = rows_of(list(range(1, 401)))
    at = list(map(counted_by(word), moments)) if word else moments
    rows = rows.set_column(2, "at", pa.array(at, None if word else pa.timestamp("us", "UTC")))
    types = {"column_types": {"at": word}} if word else {}
    split = {"kind": "strict_time", "date_column": "at"}
    config = config_of(split, null_times=[mark], **types)
    require_same(config, rows, tmp_path)
    found = pa.concat_tables(run(query, rows) for query in queries_of(config).values())
    assert found.num_rows > 300
    assert round(stands.timestamp()) not in found["at"].to_pylist()


def test_what_stands_for_null_is_null(tmp_path: Path) -> None:
    rows = rows_of(list(range(1, 700)))
    at = [START + timedelta(days=n) if n % 10 else datetime(9999, 12, 31) for n in range(699)]
    kind = pa.timestamp("us", "UTC")
    rows = rows.set_column(
        2, "at", pa.array([each.replace(tzinfo=timezone.utc) for each in at], kind)
    )
    text = ["-" if n % 4 == 0 else "NULL" if n % 4 == 1 else "x" for n in range(699)]
    rows = rows.append_column("city", pa.array(text))
    config = config_of(
        {"kind": "strict_time", "date_column": "at"},
        [{"column": "city", "data_type": "text"}],
        null_values=["-", "NULL"],
        null_times=["9999-12-31"],
    )
    require_same(config, rows, tmp_path)


def test_null_values_are_null_in_columns_of_any_type(tmp_path: Path) -> None:
    """An ID of 0 is a guest, and 99 no age, whatever the type of the column."""
    numbers = list(range(1, 700))
    rows = rows_of(numbers)
    lists = [[f"{n % 4}", f"{n % 3}", "9"][: n % 4] for n in numbers]
    more = {
        "real": pa.array([n % 5 / 2 for n in numbers]),
        "exact": pa.array([Decimal(n % 5) / 2 for n in numbers], pa.decimal128(38, 9)),
        "bytes": pa.array([f"{n % 4}".encode() for n in numbers]),
        "is_new": pa.array([n % 3 == 0 for n in numbers]),
        "day": pa.array([date(2025, 1, 1 + n % 9) for n in numbers]),
        "tag": pa.array([f"{n % 4}" for n in numbers]),
        "tags": pa.array(lists, pa.list_(pa.string())),
    }
    for name, values in more.items():
        rows = rows.append_column(name, values)
    history = {"history": {"shared_with": "tag", "max_length": 5}}
    features = [
        {"column": "real", "data_type": "numeric"},
        {"column": "exact", "bq_type": "NUMERIC", "data_type": "numeric"},
        {"column": "bytes", "bq_type": "BYTES", "data_type": "text"},
        {"column": "is_new", "bq_type": "BOOL", "data_type": "numeric"},
        {"column": "day", "bq_type": "DATE", "data_type": "temporal"},
        {"column": "tag", "data_type": "text"},
        {"column": "tags", "bq_type": "ARRAY<STRING>", "data_type": "history"},
    ]
    features[-1]["transforms"] = history  # type: ignore[assignment]
    split = {"kind": "strict_time", "date_column": "at"}
    for words in (["0"], ["0", "1.5", "b3", "-1", "false", "2025-01-04"]):
        config = config_of(split, features, null_values=words)
        require_same(config, rows, tmp_path)
        found = pa.concat_tables(run(query, rows) for query in queries_of(config).values())
        assert 0 not in found["sku"].to_pylist()
        assert 0 not in found["real"].to_pylist()
        assert (1.5 in found["exact"].to_pylist()) == (words == ["0"])
        for text in queries_of(config).values():  # bytes are compared with no text
            assert "CAST(`bytes` AS STRING) IN" in text or "NULLIF(CAST(`bytes`" in text
            sqlglot.parse_one(text, dialect="bigquery")


@pytest.mark.parametrize("word", ["%d.%m.%Y", "DATE_NUMBER", "EPOCH_SECONDS"])
def test_a_time_that_is_not_there_is_null_in_whatever_way_it_is_written(
    tmp_path: Path, word: str
) -> None:
    rows = rows_of(list(range(1, 600)))
    moments = [START + timedelta(days=n) for n in range(599)]
    absent: list[Any] = {"%d.%m.%Y": ["", "-"], "DATE_NUMBER": [0, -1]}.get(word, [float("nan"), 5])
    at = [
        absent[n % 2] if n % 9 == 0 else None if n % 13 == 0 else counted_by(word)(moment)
        for n, moment in enumerate(moments)
    ]
    rows = rows.set_column(2, "at", pa.array(at))
    split = {"kind": "strict_time", "date_column": "at"}
    config = config_of(split, column_types={"at": word}, null_values=["-", "-1", "5"])
    require_same(config, rows, tmp_path)
    found = pa.concat_tables(run(query, rows) for query in queries_of(config).values())
    assert 400 < found.num_rows < 540


@pytest.mark.parametrize("name", ["low", "length", "dated"])
@pytest.mark.parametrize("kind", ["random", "time_holdout", "strict_time"])
def test_a_time_may_have_any_name(tmp_path: Path, kind: str, name: str) -> None:
    config = config_of({"kind": kind, "date_column": name})
    rows = rows_of(list(range(1, 400))).select(["buyer", "sku", "at"])
    require_same(config, rows.rename_columns(["buyer", "sku", name]), tmp_path)


@pytest.mark.parametrize(
    "moment", ["1970-01-01", "1900-01-01", "1899-12-30 12:00", "9999-12-31", "2038-01-19 03:14:07"]
)
def test_a_time_that_stands_for_null_does_not_move_the_cuts(tmp_path: Path, moment: str) -> None:
    rows, strange = rows_of(list(range(1, 700))), datetime.fromisoformat(moment)
    at = rows["at"].to_pylist()
    at[3::60] = [strange.replace(tzinfo=timezone.utc)] * len(at[3::60])
    rows = rows.set_column(2, "at", pa.array(at, pa.timestamp("us", "UTC")))
    require_same(config_of({"kind": "strict_time", "date_column": "at"}), rows, tmp_path)


def test_times_of_1970_are_times_if_all_are(tmp_path: Path) -> None:
    rows = rows_of(list(range(1, 700)))
    at = [
        None if n % 50 == 0 else datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(hours=9 * n)
        for n in range(699)
    ]
    rows = rows.set_column(2, "at", pa.array(at, pa.timestamp("us", "UTC")))
    require_same(config_of({"kind": "strict_time", "date_column": "at"}), rows, tmp_path)


def test_lists_keep_their_order_and_their_items_are_cast(tmp_path: Path) -> None:
    history = {"history": {"shared_with": "sku", "max_length": 5}}
    past = {"column": "past", "bq_type": "ARRAY<INT64>", "data_type": "history"}
    config = config_of(
        {"kind": "strict_time", "date_column": "at"}, [{**past, "transforms": history}]
    )
    rows = rows_of(list(range(1, 600)))
    lists = [[(n * 7) % 12, (n * 5) % 12][: n % 3] for n in range(599)]
    rows = rows.append_column("past", pa.array(lists, pa.list_(pa.int64())))
    require_same(config, rows, tmp_path)
    exact = config_of(
        {"kind": "strict_time", "date_column": "at"},
        [{**past, "bq_type": "ARRAY<BOOL>", "transforms": history}],
    )
    query = queries_of(exact)["train"]
    assert "CAST(item AS INT64)" in query
    assert "WITH OFFSET AS place WHERE CAST(item AS INT64) IS NOT NULL ORDER BY place" in query
    sqlglot.parse_one(query, dialect="bigquery")


@pytest.mark.parametrize("bq_type", ["STRING", "BYTES", "INT64"])
def test_lists_lose_nulls_and_empty_texts(tmp_path: Path, bq_type: str) -> None:
    """BigQuery returns no array with a null, and `recgen train` leaves both out."""
    history = {"history": {"shared_with": "sku", "max_length": 5}}
    past = {"column": "past", "bq_type": f"ARRAY<{bq_type}>", "data_type": "history"}
    config = config_of(
        {"kind": "strict_time", "date_column": "at"}, [{**past, "transforms": history}]
    )
    items = {"STRING": ("", "3", "4"), "BYTES": (b"", b"3", b"4"), "INT64": (0, 3, 4)}[bq_type]
    lists = [None if n % 5 == 0 else [items[0], None, *items][: n % 5] for n in range(599)]
    kind = pa.list_(TYPES[bq_type][1])
    rows = rows_of(list(range(1, 600))).append_column("past", pa.array(lists, kind))
    require_same(config, rows, tmp_path)
    found = run(queries_of(config)["train"], rows)["past"].to_pylist()
    assert {None, ""}.isdisjoint(each for one in found for each in one)


def test_a_query_is_read_in_place_of_a_table_under_its_aliases() -> None:
    config = config_of({"kind": "strict_time", "date_column": "at"}, FEATURES)
    own = f"SELECT t.*, 1 AS one FROM `{TABLE}` AS t WHERE MOD(t.sku, 2) = 0 -- half of them"
    rows = rows_of(list(range(1, 500)))
    queries = queries_of(config, own)
    found = [each for query in queries.values() for each in run(query, rows)["sku"].to_pylist()]
    assert found
    assert not any(sku % 2 for sku in found)
    aliased = "SELECT `a STRING` AS string, buyer, sku, at FROM x"
    assert "\n    `string`,\n" in queries_of(config, aliased)["train"]


def test_a_snapshot_is_the_same_time_in_all_queries() -> None:
    config = config_of({"kind": "strict_time", "date_column": "at"})
    plain = "SELECT * FROM a FOR SYSTEM_TIME AS OF {snapshot} -- as of {snapshot}"
    typed = "SELECT * FROM a FOR SYSTEM_TIME AS OF TIMESTAMP '{snapshot}'"
    fixed = "2026-05-01T00:00:00Z"
    for source in (BigQuery(table=TABLE), BigQuery(query=plain), BigQuery(query=typed)):
        for text in render_queries(plan_queries(config, source, "now")).values():
            assert text.count("FOR SYSTEM_TIME AS OF TIMESTAMP '{snapshot}'") == 1
        for text in render_queries(plan_queries(config, source, fixed)).values():
            assert f"FOR SYSTEM_TIME AS OF TIMESTAMP '{fixed}'" in text
            assert "{snapshot}" not in text.replace("-- as of {snapshot}", "")


def test_no_part_of_a_query_has_the_name_of_a_column() -> None:
    columns = [{"column": name, "data_type": "text"} for name in ("data", "Span", "draw", "source")]
    for kind in ("random", "time_holdout", "strict_time"):
        config = config_of({"kind": kind, "date_column": "at"}, columns)
        names = {c["column"]: ["x"] * 40 for c in columns}
        rows = pa.table({**rows_of(list(range(1, 41))).to_pydict(), **names})
        found = run(queries_of(config)["train"], rows)
        assert found.column_names == [column.name for column in input_columns(config)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_has_queries_that_bigquery_parses(case: Path) -> None:
    config = load(case / "config.yaml")
    for text in queries_of(config).values():
        (tree,) = sqlglot.parse(text, dialect="bigquery")
        assert isinstance(tree, sqlglot.exp.Select)
        names = Counter(tree.find(sqlglot.exp.CTE).this.named_selects)  # type: ignore[union-attr]
        assert names == Counter(column.name for column in input_columns(config))


HOSTILE = [
    "a' OR 1=1 --",
    'x"; DROP TABLE t; --',
    "\\",
    "\\'",
    "`",
    "a`b",
    "/*",
    "{snapshot}",
    "\n",
]


@given(
    st.lists(st.text(max_size=8) | st.sampled_from(HOSTILE), min_size=1, max_size=4, unique=True)
)
def test_no_value_of_a_config_becomes_sql(words: list[str]) -> None:
    marks = [word.replace("\0", "") for word in words]
    kept = [word for word in dict.fromkeys(marks) if word.strip() and word.isprintable()]
    config = config_of(
        {"kind": "strict_time", "date_column": "at"},
        [{"column": "city", "data_type": "text"}],
        null_values=kept,
    )
    (tree,) = sqlglot.parse(queries_of(config)["train"], dialect="bigquery")
    literals = {each.this for each in tree.find_all(sqlglot.exp.Literal) if each.is_string}
    assert set(kept) - {""} <= literals


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT `b`", "SELECT SLOT_NAME_61_"),
        ("SELECT `a`, 1", "SELECT SLOT_NAME_61_"),
        ("SELECT `a", "SELECT SLOT_NAME_61_"),
        ("SELECT 'a'", "SELECT SLOT_NAME_61_"),
        ("SELECT", "SELECT SLOT_NAME_61_"),
    ],
)
def test_a_query_that_is_not_planned_is_refused(text: str, form: str) -> None:
    with pytest.raises((AttestationError, ValueError)):
        _attest(text, form)
