"""TFX's BigQueryExampleGen reads what `recgen train` reads, from a BigQuery emulator."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pipeline_queries import TABLE, counted
from real_tfx import ROOT, folder_for_tfx, in_root, python
from record_files import parse_example, read_all
from test_pipeline_queries import FEATURES, TYPES, config_of, rows_of, split_here

from recgen.check import load
from recgen.config import ExperimentConfig
from recgen.generate import render_pipeline
from recgen.local.histories import add_histories, missing_histories
from recgen.local.split import SplitData
from recgen.plan import input_columns
from recgen.write import write_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.nightly,
    pytest.mark.skipif(not ROOT, reason="RECGEN_TFX_ROOT names no folder with TFX"),
]

TOO_LONG = "BIGNUMERIC"  # has more digits than the emulator can store
SPLIT = {"kind": "strict_time", "date_column": "at", "validation": 0.15}
LISTS = {  # one that the table has, and one that Beam makes
    "tags": {"max_length": 5, "shared_with": "string"},
    "past": {"max_length": 3, "shared_with": "sku"},
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_tfx() as path:
        yield path


@pytest.fixture
def emulator(folder: Path) -> Iterator[int]:
    """Starts the emulator in the root; returns its port."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        rest, grpc = (each.getsockname()[1] for each in servers)
    ports = ["--rest-port", f"{rest}", "--grpc-port", f"{grpc}"]
    command = in_root(folder, ["/bigquery/bin/bqemulator", "start", *ports])
    with subprocess.Popen(command) as server:  # its log is shown if the test fails
        while server.poll() is None:
            with suppress(OSError):
                urlopen(f"http://127.0.0.1:{rest}/bigquery/v2/projects/my-project/datasets").close()
                break
            time.sleep(0.5)
        assert server.poll() is None
        yield rest
        server.terminate()


def config_with_lists() -> ExperimentConfig:
    """Returns a config with a column of each type, two lists and a pipeline."""
    features = [each for each in FEATURES if each["bq_type"] != TOO_LONG]
    plain = config_of(SPLIT, features).model_dump(mode="json", exclude_defaults=True)
    kinds = {"tags": "ARRAY<STRING>", "past": "ARRAY<INT64>"}
    plain["features"]["buyer_model_features"] += [
        {
            "column": name,
            "bq_type": kinds[name],
            "data_type": "history",
            "transforms": {"history": options},
        }
        for name, options in LISTS.items()
    ]
    source = {"bigquery": {"table": TABLE}}
    vertex = {"project": "my-project", "region": "europe-west4", "bucket": "gs://my-bucket"}
    plain["pipeline"] = {"source": source, "vertex": vertex, "histories": ["past"]}
    return load(plain)


def test_the_executor_reads_the_rows_of_train(folder: Path, emulator: int, tmp_path: Path) -> None:
    config = config_with_lists()
    write_files(render_pipeline(config), folder)
    numbers = list(range(1, 400))
    tags = pa.array([[f"t{n % k}" for k in range(2, 2 + n % 4)] for n in numbers])
    rows = rows_of(numbers, nulls={*range(0, 400, 7)}).append_column("tags", tags)
    rows = rows.drop_columns([f"a {TOO_LONG}"])
    pq.write_table(rows, folder / "rows.parquet")
    types = {f"a {name}": name for name in TYPES}
    types |= {"buyer": "STRING", "sku": "INT64", "at": "TIMESTAMP", "tags": "STRING[]"}
    in_order = {name: types[name] for name in rows.column_names}
    (folder / "rows.parquet.json").write_text(json.dumps(in_order), "utf-8")
    shutil.copy(Path(__file__).parent / "tfx" / "read_bigquery.py", folder)
    python(folder, "read_bigquery.py", f"{emulator}", "rows.parquet")
    names = [column.name for column in input_columns(config)]
    wanted = rows_of_train(config, rows, tmp_path)
    for split, table in wanted.items():
        assert table.num_rows > 20
        assert counted(examples_of(folder, split, names), names) == counted(table, names), split


def rows_of_train(config: ExperimentConfig, rows: pa.Table, folder: Path) -> dict[str, pa.Table]:
    """Returns what `recgen train` makes of the rows, with the lists that it makes."""
    without = config.model_dump(mode="json", exclude_defaults=True, exclude={"pipeline"})
    features = without["features"]["buyer_model_features"]
    without["features"]["buyer_model_features"] = [f for f in features if f["column"] != "past"]
    tables = split_here(load(without), rows, folder)
    wanted = missing_histories(config, rows.column_names)
    found, _ = add_histories(SplitData(**tables), wanted, "buyer", "at")
    return found.tables()


def examples_of(folder: Path, split: str, names: list[str]) -> pa.Table:
    """Returns the examples of a split that the component wrote."""
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for path in folder.glob(f"root/BigQueryExampleGen/examples/*/Split-{split}/*.gz"):
        for record in read_all(path)[1]:
            features = parse_example(record) or {}
            for name in names:
                _, values = features.get(name, ("none", []))
                items = [v.decode() if isinstance(v, bytes) else v for v in values]
                is_list = name in LISTS
                columns[name].append(items if is_list else items[0] if items else None)
    return pa.table(columns)
