"""What a run remembers of its buyers: the latest row that has a value, column by column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
pq = pytest.importorskip("pyarrow.parquet")

from recgen.local import buyers  # noqa: E402

SERVING = {"b": "buyer", "town": "town", "age": "age", "visits": "visits", "past": "past"}
TYPES = {
    "b": pa.large_string(),
    "p": pa.large_string(),
    "at": pa.int64(),
    "town": pa.large_string(),
    "age": pa.float32(),
    "visits": pa.int64(),
    "past": pa.large_list(pa.large_string()),
}


def remembered(
    folder: Path, rows: list[dict[str, Any]], date: str | None = "at"
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Returns the features of each buyer, and the purchases; the last row is of the validation."""
    columns = {
        name: pa.array([row.get(name) for row in rows], kind) for name, kind in TYPES.items()
    }
    table = pa.table(columns)
    cut = len(rows) - 1
    buyers.write(folder, [table.slice(0, cut), table.slice(cut)], "b", "p", date, SERVING, {})
    features = pq.read_table(folder / buyers.FEATURES_FILE).to_pylist()
    known = {row.pop("buyer"): row for row in features}
    assert len(known) == len(features)
    return known, pq.read_table(folder / buyers.PURCHASES_FILE).to_pylist()


def test_a_null_in_the_latest_row_does_not_replace_a_value(tmp_path: Path) -> None:
    rows = [
        {"b": "x", "p": "1", "at": 3, "town": None, "age": None, "visits": 7, "past": None},
        {"b": "x", "p": "2", "at": 1, "town": "Rome", "age": 30, "visits": 5, "past": ["1"]},
        {"b": "x", "p": "3", "at": 2, "town": "", "age": 31, "visits": None, "past": ["1", "2"]},
        {"b": "y", "p": "1", "at": None, "town": "Oslo"},
        {"b": "y", "p": "2", "at": 1},
    ]
    known, _ = remembered(tmp_path, rows)
    assert known["x"] == {"town": "Rome", "age": 31.0, "visits": 7, "past": ["1", "2"]}
    assert known["y"] == {"town": "Oslo", "age": None, "visits": None, "past": None}


ROW = st.fixed_dictionaries(
    {
        "b": st.sampled_from("xyz"),
        "p": st.sampled_from("123"),
        "at": st.none() | st.integers(0, 2),
        "town": st.none() | st.sampled_from(["", "Oslo", "Rome"]),
        "age": st.none() | st.integers(-3, 3).map(float),
        "visits": st.none() | st.integers(-3, 3),
    }
)


@given(st.lists(ROW, min_size=2, max_size=12), st.randoms(use_true_random=False), st.booleans())
@some(20, 60)
def test_rows_at_the_same_time_are_ordered_by_value(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], random: Any, dated: bool
) -> None:
    folder, date = tmp_path_factory.mktemp("run"), "at" if dated else None
    known, purchases = remembered(folder, rows, date)
    for buyer, values in known.items():
        for name in ("town", "age", "visits"):
            own = [row for row in rows if row["b"] == buyer and row[name] not in (None, "")]
            at = [row["at"] if dated and row["at"] is not None else -1 for row in own]
            latest = [row[name] for row, time in zip(own, at, strict=True) if time == max(at)]
            assert values[name] == (max(latest) if latest else None)
    random.shuffle(rows)
    again, in_order = remembered(folder, rows, date)
    assert again == known
    for buyer in known:
        assert [row for row in purchases if row["buyer"] == buyer] == [
            row for row in in_order if row["buyer"] == buyer
        ]
