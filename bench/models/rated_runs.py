"""Our models of a target: trained on the transform of one run, and asked as a client asks them.

`python -m bench.models.rated_runs --base RUN --data FILE FOLDER:SEED…`, where each folder has a
config.yaml: in one process, since TensorFlow takes long to import. The predictions of the test
rows are in FOLDER/predicted-SEED.npy, and what else is measured in FOLDER/measured-SEED.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import recgen
from bench.models.served import answers, as_tensor
from bench.models.tutorial import tensorflow
from bench.protocol import BUYER, Array, codes, evaluate, read_split
from bench.rated import Rated, read_rows
from recgen.generate import generate
from recgen.local.buyers import FEATURES_FILE, PURCHASES_FILE
from recgen.local.child import load_module
from recgen.local.fit import fn_args
from recgen.metrics import FILE_NAME

_SHARED = ("transform", "examples", FEATURES_FILE, PURCHASES_FILE)
_TOGETHER = 4096  # rows that are predicted together
_SIGNATURES = {"ranking": "serving_default", "multitask": "serve_ranking"}


def main() -> None:
    """Trains, and asks what was trained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="a run with these columns")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("runs", nargs="+", metavar="FOLDER:SEED")
    options = parser.parse_args()
    tensorflow()
    rated = read_rows(options.data)
    for each in options.runs:
        folder, seed = Path(each.rpartition(":")[0]), int(each.rpartition(":")[2])
        began = time.perf_counter()
        run = train(options.base, folder, seed)
        measured = {"seconds": time.perf_counter() - began, **measure(run, options.data)}
        kind = recgen.load(folder / "config.yaml").model.model_type
        if kind in _SIGNATURES:
            np.save(folder / f"predicted-{seed}.npy", predict(run, rated, _SIGNATURES[kind]))
        (folder / f"measured-{seed}.json").write_text(json.dumps(measured), "utf-8")
        print(f"{folder.name}, seed {seed}: {measured['seconds']:.0f} s", flush=True)


def train(base: Path, folder: Path, seed: int) -> Path:
    """Trains the config of a folder on another run's transform and rows; returns the run."""
    run = folder / f"run-{seed}"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    for name in _SHARED:
        (run / name).symlink_to((base / name).resolve())
    shutil.copy(folder / "config.yaml", run)
    for name, text in generate(recgen.load(folder / "config.yaml")).items():
        (run / name).write_text(text, "utf-8")
    load_module(run / "trainer_module.py").run_fn(fn_args(run, {"seed": seed}))
    return run


def measure(run: Path, data: Path) -> dict[str, Any]:
    """Returns recall of a run that finds products, its calibration, and the epochs it took."""
    metrics = json.loads((run / FILE_NAME).read_text("utf-8"))
    params = metrics["params"]
    found = {"epochs": len(metrics["epochs"]), "best_epoch": params.get("best_epoch")}
    if metrics.get("calibration"):
        found["calibration"] = metrics["calibration"]
    if params["model_type"] != "ranking":
        split = read_split(data)
        found["recall"] = evaluate(split, answers(run, split.training))
    return found


def predict(run: Path, rated: Rated, name: str) -> Array:
    """Returns the predictions of the test rows by a signature of a run's SavedModel.

    A client sends the row's columns, and as past products what the run knows of the buyer.
    """
    model = tensorflow().saved_model.load(str(run / "serving_model"))
    signature = model.signatures[name]
    specs = signature.structured_input_signature[1]
    table = _with_known_columns(rated.table.take(rated.test), run, list(specs))
    found = []
    for start in range(0, len(table), _TOGETHER):
        part = table.slice(start, _TOGETHER)
        feed = {column: as_tensor(part[column], spec) for column, spec in specs.items()}
        found.append(signature(**feed)["predictions"].numpy().astype(np.float64))
    return np.concatenate(found)


def _with_known_columns(rows: pa.Table, run: Path, names: list[str]) -> pa.Table:
    """Returns the rows with the columns that only the run knows, null for unknown buyers."""
    known = pq.read_table(run / FEATURES_FILE).combine_chunks()
    people = known[BUYER].cast(pa.string()).to_numpy(zero_copy_only=False)
    place = codes(rows[BUYER], people)
    for name in (each for each in names if each not in rows.column_names):
        values = known[name].take(pa.array(place, mask=place < 0))
        if pa.types.is_large_list(values.type) or pa.types.is_list(values.type):
            values = pc.if_else(pc.is_null(values), pa.scalar([], values.type), values)
        rows = rows.append_column(name, values)
    return rows


if __name__ == "__main__":
    main()
