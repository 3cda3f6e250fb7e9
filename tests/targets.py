"""Transforms of targets through tensorflow-transform, many at a time, and the same in NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recgen.config import ExperimentConfig, Target, dtype_of
from recgen.plan.columns import input_columns
from recgen.plan.transform import plan_transform
from recgen.render import render_template

Numbers = npt.NDArray[np.float64]
Plain = dict[str, Any]

_CLIPS: tuple[Plain | None, ...] = (
    None,
    {"lower": {"percentile": 5}},
    {"upper": {"percentile": 90}},
    {"lower": {"percentile": 10}, "upper": {"percentile": 75}},
)
_LOGS = (False, True)
_RANGES: tuple[Plain | None, ...] = (None, {}, {"range": [0, 1]}, {"range": [-1, 1]})
COMBINATIONS = [
    {"clip_outliers": clip, "log_transform": log, "normalize": scale}
    for clip, log, scale in itertools.product(_CLIPS, _LOGS, _RANGES)
]
"""Every combination of the transforms, as a config has them."""


def experiment(target: object, kind: str = "ranking", **model: Any) -> ExperimentConfig:
    """Returns a config of a kind that predicts something, with nothing but IDs in its towers."""
    ids = [{"column": name, "data_type": "text"} for name in ("user_id", "item_id")]
    features = {
        "buyer_model_features": ids[:1],
        "product_model_features": ids[1:],
        "target_column": target,
    }
    return ExperimentConfig.model_validate(
        {"features": features, "model": {"model_type": kind, **model}}
    )


def module_of(config: ExperimentConfig) -> str:
    """Returns the text of `transform_module.py`."""
    return render_template("transform/module.py.j2", plan_transform(config))


def transformed(
    columns: Mapping[str, Sequence[float | None]],
    configs: Mapping[str, ExperimentConfig],
    folder: Path,
    later: Mapping[str, Sequence[float | None]] | None = None,
) -> dict[str, dict[str, Numbers]]:
    """Analyzes columns with the transforms of many configs at once.

    Args:
        columns: Values by column, None for null; all of the same length.
        configs: Those whose targets are wanted, by a name for each.
        folder: An empty folder.
        later: Values to transform instead of those that were analyzed.

    Returns:
        The outputs that begin with the target's, by config and key.
    """
    import apache_beam as beam
    import tensorflow as tf
    import tensorflow_transform.beam as tft_beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

    from recgen.local.child import load_module

    functions, spec = {}, {}
    kinds = {"string": tf.string, "int64": tf.int64, "float32": tf.float32}
    for number, (name, config) in enumerate(configs.items()):
        path = folder / f"transform_{number}.py"
        path.write_text(module_of(config), encoding="utf-8")
        functions[name] = load_module(path).preprocessing_fn
        for column in input_columns(config):
            if column.name in columns:
                spec[column.name] = tf.io.VarLenFeature(kinds[dtype_of(column.bq_type)])
    ids = ("user_id", "item_id")
    spec |= {each: tf.io.VarLenFeature(tf.string) for each in ids}

    def preprocessing_fn(inputs: Any) -> Any:
        found = {}
        for name, function in functions.items():
            target = configs[name].features.target
            assert target
            outputs = function(inputs)
            found |= {f"{name}/{key}": outputs[key] for key in target.output_keys}
        return found

    def rows_of(given: Mapping[str, Sequence[float | None]]) -> list[Plain]:
        rows: list[Plain] = [{key: ["x"] for key in ids} for _ in next(iter(given.values()))]
        for name, values in given.items():
            for row, value in zip(rows, values, strict=True):
                row[name] = [] if value is None else [value]
        return rows

    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    with beam.Pipeline(runner=FnApiRunner()) as pipeline, tft_beam.Context(str(folder / "temp")):
        data = (pipeline | beam.Create(rows_of(columns), reshuffle=False), metadata)
        graph = data | tft_beam.AnalyzeDataset(preprocessing_fn)
        fresh = pipeline | "later" >> beam.Create(rows_of(later or columns), reshuffle=False)
        result, _ = ((fresh, metadata), graph) | tft_beam.TransformDataset()
        lines = result | beam.Map(lambda row: repr({k: float(v) for k, v in row.items()}))
        lines | beam.io.WriteToText(str(folder / "rows"), num_shards=1)
    words = {"nan": float("nan"), "inf": float("inf")}
    text = next(folder.glob("rows-*")).read_text("utf-8")
    rows = [eval(line, words) for line in text.splitlines()]
    return {
        name: {
            key.partition("/")[2]: np.array([row[key] for row in rows])
            for key in rows[0]
            if key.partition("/")[0] == name
        }
        for name in configs
    }


def clipped(target: Target, values: Numbers, limits: tuple[float, float]) -> Numbers:
    """Returns values within limits, if the target is clipped at that end; NaN stays."""
    lower, upper = target.bounds
    values = np.maximum(values, limits[0]) if lower else values
    return np.minimum(values, limits[1]) if upper else values


def logged(target: Target, values: Numbers) -> Numbers:
    """Returns the logarithm, if the target has one."""
    return np.log1p(np.maximum(values, 0)) if target.is_logged else values


def scaled(target: Target, values: Numbers) -> tuple[Numbers, float, float]:
    """Returns scaled values, the scale and the shift, from those values that are not NaN."""
    known = values[~np.isnan(values)]
    if target.normalize is None or not len(known):
        return values, 1.0, 0.0
    spread = known.max() - known.min()
    if target.normalize.range is None:
        scale, shift = (known.std() if spread else 1.0), known.mean()
    else:
        low, high = target.normalize.range
        scale = spread / (high - low) if spread else 1.0
        shift = known.min() - low * scale
    return (values - shift) / scale, scale, shift


def raw_of(target: Target, outputs: Mapping[str, Numbers]) -> Numbers:
    """Returns what the outputs say that the values were before `normalize` and the logarithm."""
    undone = outputs[target.key] * outputs[target.scale_key] + outputs[target.shift_key]
    return np.expm1(undone) if target.is_logged else undone
