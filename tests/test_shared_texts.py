"""Texts that repeat are dictionaries on their way to the transform; nothing else is different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recgen.check import load
from recgen.plan.columns import input_columns

pa = pytest.importorskip("pyarrow", reason="needs the extra `train`")
pq = pytest.importorskip("pyarrow.parquet")
np = pytest.importorskip("numpy")

from recgen.findings import RecgenError  # noqa: E402
from recgen.local import buyers  # noqa: E402
from recgen.local.account import counted_values  # noqa: E402
from recgen.local.histories import add_histories, missing_histories  # noqa: E402
from recgen.local.ingest import open_data, read_table  # noqa: E402
from recgen.local.ingest.table import table_of  # noqa: E402
from recgen.local.raw import read_batch, read_batches, write_tables  # noqa: E402
from recgen.local.split import split_table  # noqa: E402

ROWS, DAY = 400, 86_400
HISTORY = {"history": {"shared_with": "product", "max_length": 4}}
CONFIG: dict[str, Any] = {
    "features": {
        "buyer_id_column": "buyer",
        "product_id_column": "product",
        "buyer_model_features": [
            {"column": "buyer", "data_type": "text"},
            {"column": "town", "data_type": "text"},
            {"column": "past", "bq_type": "ARRAY<STRING>", "data_type": "history"}
            | {"transforms": HISTORY},
        ],
        "product_model_features": [
            {"column": "product", "data_type": "text"},
            {"column": "key", "bq_type": "BYTES", "data_type": "text"},
            {"column": "invoice", "data_type": "text"},
        ],
    },
    "data": {"split": {"kind": "strict_time", "date_column": "at"}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files with other values: buyers of the second are not in the first, towns have nulls."""
    draw, path = np.random.default_rng(5), tmp_path_factory.mktemp("data")
    for part in range(2):
        towns = [None if n == 0 else f"tøwn {n}" for n in draw.integers(0, 5, ROWS)]
        table = {
            "buyer": [f"b{part}{n}" for n in draw.integers(0, 30, ROWS)],
            "town": towns,
            "product": [f"p{n}" for n in draw.integers(0, 20, ROWS)],
            "key": [bytes([200 + n]) for n in draw.integers(0, 9, ROWS)],
            "invoice": [f"i{part}-{n}" for n in range(ROWS)],
            "at": pa.array((draw.integers(0, 60, ROWS) + 60 * part) * DAY, pa.timestamp("s")),
        }
        pq.write_table(pa.table(table), path / f"{part}.parquet")
    return path


def both(folder: Path) -> tuple[Any, Any]:
    """Returns the table with plain texts, and that with dictionaries."""
    config = load(CONFIG)
    columns = [each for each in input_columns(config) if each.name != "past"]
    return read_table(folder, columns), table_of(open_data(folder), columns)


def made(table: Any, folder: Path) -> dict[str, Any]:
    """Returns all that `train` makes of a table."""
    config = load(CONFIG)
    split = split_table(table, config.data.split, "at", 1)
    wanted = missing_histories(config, table.column_names)
    split, latest = add_histories(split, wanted, "buyer", "at", ("train", "eval"))
    folder.mkdir()
    tables = split.tables()
    known = [tables["train"], tables["eval"]]
    serving = {name: name for name in ("buyer", "town", "past")}
    buyers.write(folder, known, "buyer", "product", "at", serving, latest)
    buyers.write_products(folder, known, "product", "at", {"product": "product", "key": "key"})
    paths = write_tables(tables, folder)
    batches = {name: [*read_batches(path)] for name, path in paths.items()}
    assert batches["eval"][0].equals(read_batch(paths["eval"], 0))
    names = (buyers.FEATURES_FILE, buyers.PURCHASES_FILE, buyers.PRODUCTS_FILE)
    files = [pq.read_table(folder / name) for name in names]
    return {
        "rows": {name: [each.to_pylist() for each in own] for name, own in batches.items()},
        "types": [each.schema.field("town").type for each in batches["train"]],
        "files": [sorted(map(str, each.to_pylist())) for each in files],
        "schemas": [each.schema.remove_metadata() for each in files],
        "values": {
            name: sorted(zip(own.texts.to_pylist(), own.counts.to_pylist(), strict=True))
            for name, own in counted_values(config, known).items()
        },
    }


def test_texts_that_repeat_are_dictionaries(folder: Path) -> None:
    plain, shared = both(folder)
    assert plain.schema.types == [pa.large_string()] * 3 + [
        pa.large_binary(),
        pa.large_string(),
        pa.int64(),
    ]
    of_codes = {field.name for field in shared.schema if pa.types.is_dictionary(field.type)}
    assert of_codes == {"buyer", "town", "product", "key"}  # each invoice is there once
    assert shared["buyer"].nbytes < 0.5 * plain["buyer"].nbytes
    assert shared.to_pylist() == plain.to_pylist()


def test_the_rest_of_the_run_is_the_same(folder: Path, tmp_path: Path) -> None:
    plain, shared = both(folder)
    first, second = made(plain, tmp_path / "plain"), made(shared, tmp_path / "shared")
    for key, found in first.items():
        assert second[key] == found, key
    assert {"buyer", "town", "product", "key", "invoice"} <= set(first["values"])
    assert set(first["types"]) == {pa.large_binary()}
    later = {row for row in first["files"][0] if "b1" in row}
    assert 0 < len(later) < len(first["files"][0])


def test_buyers_of_the_test_alone_are_not_remembered(folder: Path, tmp_path: Path) -> None:
    _, shared = both(folder)
    known = shared.filter(pa.array(np.arange(shared.num_rows) < ROWS))
    buyers.write(tmp_path, [known], "buyer", "product", "at", {"buyer": "buyer"}, {})
    found = pq.read_table(tmp_path / buyers.FEATURES_FILE)["buyer"].to_pylist()
    assert sorted(found) == sorted(set(known["buyer"].to_pylist()))
    assert all(name.startswith("b0") for name in found)


def test_a_file_that_grows_while_it_is_read_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recgen.local.ingest import table as ingest

    read = ingest.read_rows

    def grown(file: Any, names: list[str]) -> Any:
        rows = read(file, names)
        return rows.slice(1) if names == ["town"] else rows

    monkeypatch.setattr(ingest, "read_rows", grown)
    with pytest.raises(RecgenError, match="was written while it was read"):
        both(folder)
