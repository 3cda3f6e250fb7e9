"""Processor seconds and peak memory of the stages of `recgen train` before the training.

`python bench/models/stages.py CONFIG DATA`; the last line that is printed is JSON. It imports
nothing from `bench`, so that it measures the recgen that is on the path: of another commit, too, if
that has these names.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

import recgen
from recgen.config import ExperimentConfig
from recgen.generate import generate
from recgen.local import buyers
from recgen.local.child import Child
from recgen.local.histories import add_histories, missing_histories
from recgen.local.ingest import clean, open_data, table_of
from recgen.local.raw import write_tables
from recgen.local.split import SplitData, split_table
from recgen.plan.columns import columns_read, input_columns, serving_inputs


def measure(config: ExperimentConfig, data: Path, run: Path | None = None) -> dict[str, Any]:
    """Returns rows, and for each stage `NAME_s` of all processes and `NAME_mb` of its own.

    With `run`, a new folder, the run stays there.
    """
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = run or Path(name)
        folder.mkdir(exist_ok=True)
        with _stage("read", measured):
            table = _read(config, data)
        measured["rows"] = table.num_rows
        with _stage("split", measured):
            split = _split(config, data, table)
        with _stage("known", measured):
            _write_known(config, split, folder)
        del table
        for file, text in generate(config).items():
            (folder / file).write_text(text, "utf-8")
        with _stage("transform", measured):
            tables = _write_tables(split, folder)
            del split
            pa.default_memory_pool().release_unused()  # as `train` does
            _transform(config, tables, folder)
        measured["transform_mb"] = _peak_mb(resource.RUSAGE_CHILDREN)
    return measured


def _read(config: ExperimentConfig, data: Path) -> Any:
    file = open_data(data, config.data)
    unread = {each.name for each in missing_histories(config, file.names)}
    wanted = [each for each in input_columns(config) if each.name not in unread]
    table = table_of(file, wanted, config.data.null_values)
    buyer, product = str(config.features.buyer_id), str(config.features.product_id)
    return clean(table, buyer, product)[0]


def _split(config: ExperimentConfig, data: Path, table: Any) -> SplitData:
    date = str(config.data.split and config.data.split.date_column)
    split = split_table(table, config.data.split, date)
    missing = missing_histories(config, open_data(data, config.data).names)
    if missing:
        split, _ = add_histories(split, missing, str(config.features.buyer_id), date)
    return split


def _write_known(config: ExperimentConfig, split: SplitData, folder: Path) -> None:
    """Write what is known of buyers: without lists, which histories would have."""
    known = [table for name, table in split.tables().items() if name != "test"]
    date = config.data.split and config.data.split.date_column
    names = {item.column: item.name for item in serving_inputs(config)}
    sent = columns_read(config, "buyer")
    serving = {
        name: own for name, own in names.items() if name in sent and name in known[0].schema.names
    }
    buyer, product = str(config.features.buyer_id), str(config.features.product_id)
    buyers.write(folder, known, buyer, product, date, serving, {})


def _write_tables(split: SplitData, folder: Path) -> dict[str, str]:
    (folder / "work").mkdir()
    return write_tables(split.tables(), folder / "work")


def _transform(config: ExperimentConfig, tables: dict[str, str], folder: Path) -> None:
    job = {
        "module": str(folder / "transform_module.py"),
        "tables": tables,
        "analyze": ["train", "eval"] if config.model.refit != "none" else ["train"],
        "run": str(folder),
    }
    with Child("recgen.local.transform") as child:
        child.run(job, folder / "log", lambda _: None, "the transform")


@contextmanager
def _stage(name: str, measured: dict[str, Any]) -> Iterator[None]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _processor_seconds()
    yield
    measured[f"{name}_s"] = _processor_seconds() - before
    status = Path("/proc/self/status").read_text()
    measured[f"{name}_mb"] = int(status.split("VmHWM:")[1].split()[0]) / 1024


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak_mb(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(measure(recgen.load(sys.argv[1]), Path(sys.argv[2]))))
