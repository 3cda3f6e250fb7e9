"""Roots of pipelines as TFX and Vertex AI leave them: tiny trees, written without TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metrics_data import metrics_data
from record_files import example, write_records
from run_folders import PRODUCTS, rows_of, write_model, write_transform

LOCAL = {
    "raw": "CsvExampleGen/examples/3",
    "statistics": "StatisticsGen/statistics/4",
    "transform": "Transform/transform_graph/6",
    "examples": "Transform/transformed_examples/6",
    "model": "Trainer/model/7/Format-Serving",
    "metrics": "Trainer/model_run/7",
    "pushed": "Pusher/pushed_model/8",
}
JOB = "shop/123456789012/shop-20260101120000"
VERTEX = {
    "raw": f"{JOB}/BigQueryExampleGen_-1234567890123456789/examples",
    "statistics": f"{JOB}/StatisticsGen_2234567890123456789/statistics",
    "transform": f"{JOB}/Transform_3234567890123456789/transform_graph",
    "examples": f"{JOB}/Transform_3234567890123456789/transformed_examples",
    "model": f"{JOB}/Trainer_-4234567890123456789/model/Format-Serving",
    "metrics": f"{JOB}/Trainer_-4234567890123456789/model_run",
    "pushed": f"{JOB}/Pusher_5234567890123456789/pushed_model/1767268800",
}
LOWER = {  # of a pipeline whose components have names of their own
    "raw": "reader/examples/1",
    "statistics": "stats/statistics/2",
    "transform": "my_transform/transform_graph/3",
    "examples": "my_transform/transformed_examples/3",
    "model": "my_trainer/model/4/Format-Serving",
    "metrics": "my_trainer/model_run/4",
    "pushed": "pushing/pushed_model/5",
}
FLAT = {  # copied by hand, without numbers
    "raw": "examples",
    "statistics": "statistics",
    "transform": "transform_graph",
    "examples": "transformed_examples",
    "model": "model/Format-Serving",
    "metrics": "model_run",
    "pushed": "pushed_model/1767268800",
}
STRANGERS = 3  # raw products of the eval split that are in no vocabulary


def raw_rows(split: str) -> list[dict[str, Any]]:
    """Returns a split's raw rows; three products of the eval split are unknown."""
    rows = [
        {"buyer": f"b{row['buyer']}".encode(), "sku": f"p{row['sku']}".encode(), "price": 1.5}
        for row in rows_of(split)
    ]
    for number in range(STRANGERS if split == "eval" else 0):
        rows[number]["sku"] = b"new"
    return rows


def make_root(folder: Path, layout: Mapping[str, str] = LOCAL, packed: bool = True) -> Path:
    """Writes the artifacts of one run of a pipeline, and returns the root."""
    for split in ("train", "eval"):
        for part, rows in (("raw", raw_rows(split)), ("examples", rows_of(split))):
            name = "data_tfrecord-00000-of-00001" + (".gz" if packed else "")
            path = folder / layout[part] / f"Split-{split}" / name
            write_records(path, [example(**row) for row in rows])
        path = folder / layout["statistics"] / f"Split-{split}" / "FeatureStats.pb"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"\n\x05stats")
    graph = folder / layout["transform"]
    graph.mkdir(parents=True)
    write_transform(graph)
    for part in ("model", "pushed"):
        write_model(folder / layout[part])
    metrics = folder / layout["metrics"] / "training_metrics.json"
    metrics.parent.mkdir(parents=True)
    counts = {f"{split}_rows": len(rows_of(split)) for split in ("train", "eval")}
    metrics.write_text(json.dumps(metrics_data(candidates=PRODUCTS, **counts)), "utf-8")
    return folder
