"""Transforms of targets through tensorflow-transform, many at a time, and the same in NumPy."""

from __future__ import annotations

import itertools
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recgen.config import ExperimentConfig, Target
from recgen.plan.columns import input_columns
from recgen.plan.transform import plan_transform
from recgen.render import render_template

Numbers = npt.NDArray[np.float64]
Plain = dict[str, Any]

IDS = ("user_id", "item_id")
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
    ids = [{"column": name, "data_type": "text"} for name in IDS]
    features = {
        "buyer_model_features": ids[:1],
        "product_model_features": ids[1:],
        "target_column": target,
    }
    return ExperimentConfig.model_validate(
        {"features": features, "model": {"model_type": kind, **model}}
    )


def load_text(text: str, path: Path) -> Any:
    """Returns a module of this text, imported anew."""
    path.write_text(text, encoding="utf-8")
    found = types.ModuleType(path.stem)
    exec(compile(text, str(path), "exec"), found.__dict__)
    return found


def module_of(config: ExperimentConfig) -> str:
    """Returns the text of `transform_module.py`."""
    return render_template("transform/module.py.j2", plan_transform(config))


def analyzed(
    columns: Mapping[str, Sequence[float | None]],
    configs: Mapping[str, ExperimentConfig],
    folder: Path,
) -> dict[str, dict[str, Numbers]]:
    """Analyzes columns for the targets of several configs at once, and applies the graph to them.

    Args:
        columns: Values by column, None for null; all of the same length.
        configs: Those whose targets are wanted, by a name for each.
        folder: An empty folder.

    Returns:
        The target's outputs, by config and key.
    """
    import pyarrow as pa
    import tensorflow_transform as tft
    from tfx_bsl.tfxio.tensor_adapter import TensorAdapter

    from recgen.local.raw import raw_schema, read_batches, without_lists, write_tables
    from recgen.local.transform import analyze

    kinds = {"string": pa.large_string(), "int64": pa.int64(), "float32": pa.float32()}
    dtypes = {
        column.name: kinds[column.dtype]
        for config in configs.values()
        for column in input_columns(config)
    }
    count = len(next(iter(columns.values())))
    values = {**dict.fromkeys(IDS, ["x"] * count), **columns}
    table = pa.table({name: pa.array(values[name], kind) for name, kind in dtypes.items()})
    path = write_tables({"rows": table}, folder)["rows"]
    functions = {}
    for number, (name, config) in enumerate(configs.items()):
        module = load_text(module_of(config), folder / f"transform_{number}.py")
        functions[name] = module.preprocessing_fn

    def preprocessing_fn(inputs: Any) -> Any:
        return {
            f"{name}/{key}": value
            for name, function in functions.items()
            for key, value in function(inputs).items()
            if key not in IDS and key != "product_known"
        }

    analyze([path], preprocessing_fn, folder / "transform")
    layer = tft.TFTransformOutput(str(folder / "transform")).transform_features_layer()
    (batch,) = read_batches(path)
    found = layer(TensorAdapter(raw_schema(path)[1]).ToBatchTensors(without_lists(batch)))
    return {
        name: {
            key.partition("/")[2]: value.numpy().astype(float)
            for key, value in found.items()
            if key.partition("/")[0] == name
        }
        for name in configs
    }


def computed(target: Plain, values: Sequence[float | None], folder: Path) -> dict[str, Numbers]:
    """Returns the target's outputs with exact statistics in place of tensorflow-transform's.

    The module's own code runs as it is, so many combinations take little time.
    """
    import tensorflow as tf

    config = experiment(target)
    module = load_text(module_of(config), folder / "transform_module.py")
    module.tft = _Exact()
    (column,) = (each for each in input_columns(config) if each.name not in IDS)
    dtype = tf.int64 if column.dtype == "int64" else tf.float32
    known = [at for at, value in enumerate(values) if value is not None]
    given = [value for value in values if value is not None]
    rows = tf.SparseTensor(
        tf.reshape(tf.constant([[at, 0] for at in known], tf.int64), [-1, 2]),
        tf.constant(given, dtype),
        [len(values), 1],
    )
    ids = dict.fromkeys(IDS, tf.constant(["x"] * len(values)))
    outputs = module.preprocessing_fn({**ids, column.name: rows})
    assert config.features.target
    return {key: outputs[key].numpy().astype(float) for key in config.features.target.output_keys}


class _Exact:
    """tensorflow-transform's analyzers as functions of the rows that they are given."""

    def __init__(self) -> None:
        import tensorflow as tf

        self.mean, self.var = tf.reduce_mean, tf.math.reduce_variance
        self.min, self.max = tf.reduce_min, tf.reduce_max

    def quantiles(self, values: Any, buckets: int, epsilon: float) -> Any:
        import tensorflow as tf

        known = np.sort(values.numpy())
        if not len(known):
            return tf.zeros([1, buckets - 1])
        places = [len(known) * number // buckets for number in range(1, buckets)]
        return tf.constant([known[places]], tf.float32)

    def compute_and_apply_vocabulary(self, values: Any, **_: object) -> Any:
        import tensorflow as tf

        return tf.zeros_like(values, tf.int64)


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
    spread = spread if spread > abs(known.max()) * 2**-51 else 0.0
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
