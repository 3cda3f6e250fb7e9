"""Differences between configs in meaning, regardless of order, defaults and spelling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recgen.analysis.run import Run
from recgen.analysis.trained import trained_config
from recgen.config import SIDES, ExperimentConfig, Layer
from recgen.findings import show

ABSENT = "-"
UNKNOWN = "?"
"""The value of a setting of which a run without a config says nothing."""
SEEDS = ("model.seed", "data.split.seed")
"""Settings that are no choice: runs with other seeds repeat a training."""
_OVERRIDDEN = ("learning_rate", "epochs", "batch_size", "seed", "optimizer")
_LAYERS = ("buyer_tower_layers", "product_tower_layers", "rating_head_layers")


def settings_of(run: Run) -> dict[str, str]:
    """Return all settings of a run by path, including defaults.

    Features are identified by tower and name, since their order means nothing. The trainer's
    parameters take precedence over the config, which `custom_config` may override.
    """
    found: dict[str, str] = {}
    trained = trained_config(run)
    for path, setting in _config_settings(trained) if trained else ():
        if run.is_preset and not path.startswith("model."):
            continue  # its columns are placeholders
        found[path if path not in found else f"{path} (again)"] = setting
    for name in _OVERRIDDEN:
        value = getattr(run.metrics.params, name)
        if isinstance(value, (int, float, str)):
            found[f"model.{name}"] = _shown(value)
    if run.metrics.params.optimizer:
        found["model.optimizer"] = (
            run.metrics.params.optimizer.lower()
        )  # Keras's names have capitals
    return found


def differences(runs: Sequence[Run]) -> dict[str, tuple[str, ...]]:
    """Return the settings in which runs differ, each with the value of each run.

    What is not known of a run is no difference.
    """
    settings = [(settings_of(run), UNKNOWN if run.config is None else ABSENT) for run in runs]
    paths = dict.fromkeys(path for each, _ in settings for path in each)
    rows = {path: tuple(each.get(path, no) for each, no in settings) for path in paths}
    presets = [run.is_preset for run in runs]
    return {path: values for path, values in rows.items() if _differ(path, values, presets)}


def _differ(path: str, values: Sequence[str], presets: Sequence[bool]) -> bool:
    """Return whether values differ; a preset has only settings of a model to compare."""
    if not path.startswith("model."):
        values = [each for each, is_preset in zip(values, presets, strict=True) if not is_preset]
    return len({*values} - {UNKNOWN}) > 1


def _config_settings(config: ExperimentConfig) -> Iterator[tuple[str, str]]:
    model = config.model.model_dump()
    for side in SIDES:
        yield f"{side}.id", config.features.id_of(side) or ABSENT
        for feature in config.features.features_of(side):
            yield f"{side}.{feature.output_name}", _feature(feature.model_dump())
        for cross in config.features.crosses_of(side):
            size, width = cross.hash_bucket_size, cross.embedding_dim
            yield f"{side}.{cross.output_name}", f"{size} buckets, {width} wide"
    for name, value in model.items():
        if name not in _LAYERS:
            yield f"model.{name}", _shown(value)
    for side in SIDES:
        yield f"model.{side}_tower_layers", layers_in_words(config.model.layers_of(side))
    split = config.data.split
    for name, value in (split.model_dump() if split else {"kind": ABSENT}).items():
        yield f"data.split.{name}", _shown(value)


def layers_in_words(layers: Sequence[Layer]) -> str:
    """Return a tower's layers in a few words: `256 relu, dropout 0.1, 64 linear`."""
    return ", ".join(map(_layer, layers)) or "none"


def _layer(layer: Layer) -> str:
    if layer.type == "dense":
        penalties = {"l1": layer.l1_reg, "l2": layer.l2_reg}
        more = "".join(f" {name} {value:g}" for name, value in penalties.items() if value)
        return f"{layer.units} {layer.activation_name}{more}"
    return f"dropout {layer.rate:g}" if layer.type == "dropout" else layer.type


def _feature(plain: Mapping[str, Any]) -> str:
    """Return the type and the transforms of a feature in a few words."""
    enabled = {
        name: options
        for name, options in (plain.get("transforms") or {}).items()
        if options and options.get("enabled")
    }
    parts = [f"{name}{_options(options)}" for name, options in enabled.items()]
    return f"{plain['data_type']}: {', '.join(parts) or 'nothing'}"


def _options(options: Mapping[str, Any]) -> str:
    parts = [
        f"{key} {_shown(value)}" for key, value in options.items() if key != "enabled" and value
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, float) and not isinstance(value, bool):
        return f"{value:g}"
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else show(value)
