"""What a platform's former generator made of a row: a plain re-implementation, and a comparison.

`former_meaning` says what a stored row meant: which columns the former transform wrote and how, the
widths that its towers gave them, its layers and settings. It follows the behaviour that was found
in its modules, not recgen's reading of rows, of which it uses nothing; for drawn rows it agreed
with the modules that the platform's own code wrote. `meaning_of` says the same of a config. Rows
are those that the platform can store: its page and its `save` let no others in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from unittest.mock import ANY

from recgen.config import ExperimentConfig
from recgen.config.model import Dense
from recgen.contrib.ml_platform import serving_schema

Plain = dict[str, Any]
Meaning = dict[str, Any]

TOWERS = ("buyer", "product")
CYCLES = ("yearly", "quarterly", "monthly", "weekly", "daily")
TENSORS = {
    "string": ("STRING", "BYTES"),
    "int64": ("INT64", "INTEGER", "TIMESTAMP", "DATETIME"),
    "float32": ("FLOAT64", "FLOAT", "NUMERIC"),
}
OPTIMIZERS = ("adagrad", "adam", "sgd", "rmsprop", "adamw", "ftrl")
SETTINGS = ("output_embedding_dim", "epochs", "batch_size", "learning_rate")
OF_TABLE: Plain = {
    "model_type": "retrieval",
    "output_embedding_dim": 32,
    "optimizer": "adagrad",
    "learning_rate": 0.1,
    "batch_size": 4096,
    "epochs": 5,
    "loss_function": "mse",
    "retrieval_weight": 1.0,
    "ranking_weight": 0.0,
    "retrieval_algorithm": "brute_force",
    "top_k": 100,
    "scann_num_leaves": 100,
    "scann_leaves_to_search": 10,
}


def number(value: Any) -> float:
    """Returns what a number is in the code that was written, also of a text."""
    return float(value)


def name_of(column: Mapping[str, Any]) -> str:
    return column.get("display_name") or column["column"]


def kind_of(feature: Plain) -> str | None:
    kinds = feature.get("data_type"), feature.get("type")
    for kind, older in (("text", "string_embedding"), ("numeric", "numeric")):
        if kinds[0] == kind or kinds[1] == older:
            return kind
    if kinds[0] == "temporal" or kinds[1] == "timestamp":
        return "temporal"
    return "history" if kinds[0] == "history" else None


def saved(features: Plain) -> dict[str, list[Plain]]:
    """Returns the features of each tower after the platform saved the row: without the target."""
    target = features.get("target_column") or {}
    name = target.get("display_name") or target.get("column")
    return {
        tower: [
            each
            for each in features.get(f"{tower}_model_features") or []
            if not target or (each["column"] != target["column"] and name_of(each) != name)
        ]
        for tower in TOWERS
    }


def crosses(features: Plain) -> Iterator[tuple[str, str, Plain]]:
    """Yields each cross with its tower and its name."""
    for tower in TOWERS:
        for cross in features.get(f"{tower}_model_crosses") or []:
            names = [each if isinstance(each, str) else name_of(each) for each in cross["features"]]
            yield tower, "_x_".join(names) + "_cross", cross


def columns(feature: Plain) -> Iterator[tuple[str, Any, float]]:
    """Yields the columns that the transform wrote for a feature: key, content, width in a tower."""
    name, kind, steps = name_of(feature), kind_of(feature), feature.get("transforms") or {}
    if kind == "text":
        own = steps.get("embedding", {}).get("embedding_dim")
        width = own or feature.get("embedding_dim", 32)
        yield name, "the whole vocabulary, one bucket for other values", number(width)
    if kind == "history" and steps.get("history", {}).get("enabled"):
        history = steps["history"]
        length = number(history.get("max_length", 50))
        content = f"the first {length:g} of the list, by the vocabulary of {history['shared_with']}"
        yield name, content, number(history.get("embedding_dim", 32))
    if kind not in ("numeric", "temporal"):
        return
    if steps.get("normalize", {}).get("enabled"):
        yield f"{name}_norm", "z-score", 1
    for cycle in cycles(steps.get("cyclical", {})) if kind == "temporal" else ():
        yield f"{name}_{cycle}", "sine and cosine", 2
    if steps.get("bucketize", {}).get("enabled"):
        buckets, width = (
            number(steps["bucketize"].get(key, usual))
            for key, usual in (("buckets", 100), ("embedding_dim", 32))
        )
        yield f"{name}_bucket", f"{buckets:g} quantiles", width


def cycles(cyclical: Plain) -> list[str]:
    is_open = cyclical.get("enabled") or cyclical.get("yearly") or cyclical.get("weekly")
    found = [cycle for cycle in CYCLES if cyclical.get(cycle) and is_open]
    return list(dict.fromkeys([*found, *(["yearly"] if cyclical.get("annual") else [])]))


def former_meaning(features: Plain, model: Plain) -> Meaning:
    """Returns what a row meant, by paths: `transform/…`, `width/…`, `input/…`, `layers/…`, …."""
    found: Meaning = {}
    own = saved(features)
    for tower in TOWERS:
        for feature in own[tower]:
            for key, content, width in columns(feature):
                found.setdefault(f"transform/{key}", content)
                found.setdefault(f"width/{tower}/{key}", width)
    for feature in (each for tower in reversed(TOWERS) for each in reversed(own[tower])):
        for _, _, width in columns(feature) if kind_of(feature) == "history" else ():
            shared = feature["transforms"]["history"]["shared_with"]
            for tower in TOWERS:  # one table for a list and what it shares: the first list's width
                for each in own[tower]:
                    is_shared = name_of(each) == shared or (
                        kind_of(each) == "history"
                        and each["transforms"]["history"].get("shared_with") == shared
                    )
                    if is_shared:
                        found[f"width/{tower}/{name_of(each)}"] = width
    found |= _of_inputs(own, features, model)
    return found | _of_crosses(features) | _of_target(features, model) | _of_model(model)


def _of_inputs(own: dict[str, list[Plain]], features: Plain, model: Plain) -> Meaning:
    """Returns the types that requests had, of what a tower reads.

    Types that the signature had wrong, so that no model could be exported, can be any.
    """
    found: Meaning = {}
    for tower in TOWERS if model.get("model_type", "retrieval") != "retrieval" else TOWERS[:1]:
        crossed = {
            each if isinstance(each, str) else name_of(each)
            for side, _, cross in crosses(features)
            for each in cross["features"]
            if side == tower
        }
        for name in crossed:
            found.setdefault(f"input/{name}", ANY)
        for feature in own[tower]:
            name, word = name_of(feature), feature.get("bq_type") or feature.get("data_type")
            if name in crossed or list(columns(feature)):
                word = word or ("STRING" if kind_of(feature) == "text" else "unknown")
                word = word.upper().removeprefix("ARRAY<").removesuffix(">")
                fits = [dtype for dtype, words in TENSORS.items() if word in words]
                found[f"input/{name}"] = fits[0] if fits else ANY
    return found


def _of_crosses(features: Plain) -> Meaning:
    found: Meaning = {}
    quantiles: dict[str, float] = {}
    for tower, key, cross in crosses(features):
        parts = []
        for each in cross["features"]:
            member = {"column": each} if isinstance(each, str) else each
            name, buckets = name_of(member), member.get("crossing_buckets")
            if member.get("type", "text") in ("numeric", "temporal") and buckets:
                # A column was cut once, as the first cross that cuts it says.
                parts.append(f"{name} in {quantiles.setdefault(name, number(buckets)):g} quantiles")
            else:
                parts.append(f"{name} as text")
        size = number(cross.get("hash_bucket_size", 5000))
        # Of two crosses of a name, the later one's output and table took the other's place.
        found[f"transform/{key}"] = f"{size:g} buckets of {', '.join(parts)}"
        found[f"width/{tower}/{key}"] = number(cross.get("embedding_dim", 16))
    return found


def _of_target(features: Plain, model: Plain) -> Meaning:
    target = features.get("target_column")
    if not target or model.get("model_type", "retrieval") == "retrieval":
        return {}
    steps = target.get("transforms") or {}
    clip, normalize = steps.get("clip_outliers", {}), steps.get("normalize", {})
    if not {"lower", "upper"} & clip.keys():
        clip = {"upper": clip}
    found = []
    for bound, usual in (("lower", 1), ("upper", 99)):
        if clip.get(bound, {}).get("enabled"):
            found.append(f"{bound} {number(clip[bound].get('percentile', usual)):g}")
    found += ["log"] if steps.get("log_transform", {}).get("enabled") else []
    if normalize.get("enabled"):
        found.append("0 to 1" if normalize.get("range", [0, 1]) == [0, 1] else "z-score")
    return {f"transform/{name_of(target)}_target": found}


def _of_model(row: Plain) -> Meaning:
    model = OF_TABLE | {key: value for key, value in row.items() if value not in (None, "")}
    task = model["model_type"]
    found: Meaning = {f"model/{key}": number(model[key]) for key in SETTINGS}
    optimizer = row.get("optimizer", model["optimizer"])
    found["model/model_type"] = task
    found["model/optimizer"] = optimizer if optimizer in OPTIMIZERS else "adam"
    for tower in TOWERS:
        layers = model.get(f"{tower}_tower_layers")
        found[f"layers/{tower}"] = _layers(layers or [], model["output_embedding_dim"])
    if task != "retrieval":
        found["model/loss_function"] = model["loss_function"]
        found["layers/head"] = list(_of_head(model.get("rating_head_layers") or []))
    if task != "ranking":
        keys = ["top_k"]
        if model["retrieval_algorithm"] == "scann":
            keys += ["scann_num_leaves", "scann_leaves_to_search"]
        found |= {f"model/{key}": number(model[key]) for key in keys}
        found["model/retrieval_algorithm"] = model["retrieval_algorithm"]
    if task == "multitask":
        keys = ["retrieval_weight", "ranking_weight"]
        found |= {f"model/{key}": number(model[key]) for key in keys}
    return found


def _layer(layer: Plain) -> Iterator[str]:
    kind = layer.get("type", "dense")
    if kind == "dense":
        word = layer.get("activation", "relu")
        word = "linear" if not word or word.lower() in ("none", "null") else word
        penalties = [number(layer.get(key) or 0) for key in ("l1_reg", "l2_reg")]
        yield f"dense {number(layer.get('units', 64)):g} {word} {penalties}"
    elif kind == "dropout":
        yield f"dropout {number(layer.get('rate', 0.2)):g}"
    elif kind == "batch_norm":
        yield kind
    elif kind == "layer_norm":
        yield f"layer_norm {number(layer.get('epsilon', 1e-6)):g}"


def _layers(layers: list[Plain], output: Any) -> list[str]:
    if not layers:
        layers, widths = [{"units": 64}], []
    else:
        widths = [each.get("units") for each in layers if each.get("type") == "dense"]
    found = [text for layer in layers for text in _layer(layer)]
    if not widths or number(widths[-1] or 0) != number(output):
        found += _layer({"units": output, "activation": None})
    return found


def _of_head(layers: list[Plain]) -> Iterable[str]:
    if not layers:
        layers = [{"units": 256}, {"units": 64}, {"units": 1, "activation": None}]
    for layer in layers:
        if layer.get("type", "dense") != "layer_norm":
            yield from _layer({k: v for k, v in layer.items() if k != "l1_reg"})


def meaning_of(config: ExperimentConfig) -> Meaning:
    """Returns what a config means, by the paths of `former_meaning`."""
    found: Meaning = {}
    for tower in TOWERS:
        for feature in config.features.features_of(tower):  # type: ignore[arg-type]
            for key, content, width in _columns(config, feature):
                found[f"transform/{key}"] = content
                found[f"width/{tower}/{key}"] = width
        for cross in config.features.crosses_of(tower):  # type: ignore[arg-type]
            parts = [
                (
                    f"{each.output_name} as text"
                    if each.type == "text"
                    else f"{each.output_name} in {each.crossing_buckets} quantiles"
                )
                for each in cross.features
            ]
            content = f"{cross.hash_bucket_size:g} buckets of {', '.join(parts)}"
            found[f"transform/{cross.output_name}"] = content
            found[f"width/{tower}/{cross.output_name}"] = cross.embedding_dim
    found |= {f"input/{each['name']}": each["type"] for each in serving_schema(config)}
    return found | _target_of(config) | _model_of(config)


def _columns(config: ExperimentConfig, feature: Any) -> Iterator[tuple[str, Any, float]]:
    name, steps = feature.output_name, feature.transforms.enabled
    if embedding := steps.get("embedding"):
        limits = (embedding.vocab_size, embedding.min_frequency, embedding.oov_buckets)
        content = "the whole vocabulary, one bucket for other values"
        yield name, content if limits == (None, None, 1) else limits, embedding.embedding_dim
    if history := steps.get("history"):
        end = "first" if history.order == "newest_first" else "last"
        content = (
            f"the {end} {history.max_length} of the list, by the vocabulary of "
            f"{history.shared_with}"
        )
        yield name, content, config.features.feature_width(feature)
    if normalize := steps.get("normalize"):
        content = "z-score" if normalize.range is None else str(normalize.range)
        yield f"{name}_norm", content + " of the log" * ("log_transform" in steps), 1
    for cycle in getattr(feature, "cycles", ()):
        yield f"{name}_{cycle}", "sine and cosine", 2
    if bucketize := steps.get("bucketize"):
        yield f"{name}_bucket", f"{bucketize.buckets} quantiles", bucketize.embedding_dim
    if "missing_flag" in steps:
        yield f"{name}_missing", "flag", 1


def _target_of(config: ExperimentConfig) -> Meaning:
    target = config.features.target
    if target is None or config.model.model_type == "retrieval":
        return {}
    bounds = zip(("lower", "upper"), target.bounds, strict=True)
    found = [f"{bound} {percentile:g}" for bound, percentile in bounds if percentile is not None]
    found += ["log"] if target.is_logged else []
    if target.normalize:
        found.append("0 to 1" if target.normalize.range == (0, 1) else "z-score")
    return {f"transform/{target.output_name}_target": found}


def _model_of(config: ExperimentConfig) -> Meaning:
    model = config.model
    output = model.output_embedding_dim
    found: Meaning = {f"model/{key}": getattr(model, key) for key in SETTINGS}
    found |= {f"model/{key}": getattr(model, key) for key in ("model_type", "optimizer")}
    for tower in TOWERS:
        found[f"layers/{tower}"] = _written(model.layers_of(tower))  # type: ignore[arg-type]
        if model.is_projected(tower):  # type: ignore[arg-type]
            found[f"layers/{tower}"] += _layer({"units": output, "activation": None})
    if model.model_type != "retrieval":
        found["model/loss_function"] = model.loss
        found["layers/head"] = _written(model.rating_head_layers)
    if model.model_type != "ranking":
        found |= {f"model/{key}": getattr(model, key) for key in ("retrieval_algorithm", "top_k")}
        if model.retrieval_algorithm == "scann":
            for key in ("scann_num_leaves", "scann_leaves_to_search"):
                found[f"model/{key}"] = getattr(model, key)
    if model.model_type == "multitask":
        for task in ("retrieval", "ranking"):
            found[f"model/{task}_weight"] = model.weight_of(task)  # type: ignore[arg-type]
    return found


def _written(layers: Iterable[Any]) -> list[str]:
    found: list[str] = []
    for layer in layers:
        plain = layer.model_dump()
        if isinstance(layer, Dense):
            plain["activation"] = layer.activation_name
        found += _layer(plain)
    return found
