"""Widths of towers' inputs, a config's digest, and the copies of settings that a platform keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from recgen.config import (
    SIDES,
    Dense,
    ExperimentConfig,
    FeatureConfig,
    HistoryFeature,
    ModelConfig,
    Side,
    TextFeature,
)
from recgen.contrib.ml_platform.plain import output_name, plain_row
from recgen.contrib.ml_platform.rows import examine_rows
from recgen.findings import ConfigError
from recgen.reading import Document, parse

_TIMES = " \u00d7 "
_PROFILE = ("row_count", "unique_users", "unique_products", "date_range_days")
_LIGHT, _MEDIUM = 0.001, 0.01  # L2 penalties up to which the platform calls one so


def tensor_dims(
    features: Sequence[Mapping[str, Any]] | None,
    crosses: Sequence[Mapping[str, Any]] | None = (),
) -> dict[str, Any]:
    """Return the width of a tower's input and of its parts.

    Args:
        features: The stored features of one tower, in any dialect; None is none.
        crosses: Its crosses, with columns as text or as mappings.

    Returns:
        `{"total": 113, "breakdown": [{"name": "city", "dim": 16}, …]}`; crosses also have
        `"is_cross": True`. A number has a part for each output: `price_norm`, `price_bucket`.
        Features that cannot be read have no part.
    """
    readable = [each for each in features or () if _features([each], ())]
    found = _features(readable, [each for each in crosses or () if _features((), [each])])
    parts = _parts(found, "buyer") if found else []
    return {"total": sum(each["dim"] for each in parts), "breakdown": parts}


def _features(
    features: Sequence[Mapping[str, Any]], crosses: Sequence[Mapping[str, Any]]
) -> FeatureConfig | None:
    """Return a tower, also if rules refuse it; None if it cannot be read.

    What its histories share their vectors with may be in the other tower.
    """
    shared = dict.fromkeys(filter(None, map(_shared_with, features)))
    own = {output_name(each) for each in features if isinstance(each, Mapping)}
    others = [{"column": name, "data_type": "text"} for name in shared if name not in own]
    row = {
        "buyer_model_features": list(features),
        "buyer_model_crosses": list(crosses),
        "product_model_features": others,
    }
    section = parse(Document(examine_rows(row).experiment)).sections.get("features")
    return section if isinstance(section, FeatureConfig) else None


def _shared_with(feature: object) -> str | None:
    """Return the name of the feature whose vectors a stored history uses."""
    for key in ("transforms", "history", "shared_with"):
        feature = feature.get(key) if isinstance(feature, Mapping) else None
    return feature if isinstance(feature, str) and feature else None


def _parts(features: FeatureConfig, side: Side) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for feature in features.features_of(side):
        if isinstance(feature, (TextFeature, HistoryFeature)):
            width = features.feature_width(feature)
            parts += [{"name": feature.output_name, "dim": width}] if width else []
            continue
        for key in feature.output_keys:
            is_bucket = key == f"{feature.output_name}_bucket"
            width = feature.width - len(feature.output_keys) + 1 if is_bucket else 1
            parts.append({"name": key, "dim": width})
    parts += [
        {"name": _TIMES.join(cross.members), "dim": cross.embedding_dim, "is_cross": True}
        for cross in features.crosses_of(side)
    ]
    return parts


def config_digest(feature_config: object, model_config: object = None) -> str:
    """Return the 12 hexadecimal digits that identify what is trained, the target included.

    They are those in the header and the metrics of the trainer that is generated from these rows.

    Raises:
        ConfigError: The rows cannot be rendered; the exception has the report.
    """
    from recgen.plan.header import digest_of

    found = examine_rows(feature_config, model_config)
    if found.config is None:
        raise ConfigError(found.report)
    return digest_of(found.config)


def denormalised(
    feature_config: object, model_config: object, profile: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the copies of settings that the platform keeps with an experiment, for its analysis.

    Args:
        feature_config: A row.
        model_config: A row.
        profile: What is known of the dataset: `row_count`, `unique_users`, `unique_products`,
            `date_range_days`.

    Returns:
        The fields by name; those of a tower start with `buyer_` and `product_`. Empty if the rows
        cannot be read.
    """
    found = examine_rows(feature_config, model_config)
    config = found.config
    if config is None:
        return {}
    known = plain_row(profile, _PROFILE, "profile") if profile else {}
    fields: dict[str, Any] = {
        "optimizer": config.model.optimizer,
        "output_embedding_dim": config.model.output_embedding_dim,
        "retrieval_algorithm": config.model.retrieval_algorithm,
        "top_k": config.model.top_k,
        **{f"dataset_{name}": known.get(name) for name in _PROFILE},
    }
    for side in SIDES:
        fields |= {f"{side}_{name}": value for name, value in _of_tower(config, side).items()}
    return fields


def _of_tower(config: ExperimentConfig, side: Side) -> dict[str, Any]:
    dense = [layer for layer in config.model.layers_of(side) if isinstance(layer, Dense)]
    activations = Counter(each.activation_name for each in dense)
    parts = _parts(config.features, side)
    width = config.features.width_of(side)
    return {
        "tower_structure": "→".join(str(layer.units) for layer in dense) or "Empty",
        "activation": activations.most_common(1)[0][0] if activations else None,
        "l2_category": _l2_category(max((layer.l2_reg for layer in dense), default=0.0)),
        "total_params": _weights(config.model, side, width),
        "tensor_dim": width,
        "feature_count": len(config.features.features_of(side)),
        "cross_count": len(config.features.crosses_of(side)),
        "feature_details": [
            {"name": f.output_name, "dim": config.features.feature_width(f)}
            for f in config.features.features_of(side)
        ],
        "cross_details": [
            {"name": each["name"], "dim": each["dim"]} for each in parts if "is_cross" in each
        ],
    }


def _l2_category(penalty: float) -> str:
    if not penalty:
        return "none"
    return "light" if penalty <= _LIGHT else "medium" if penalty <= _MEDIUM else "heavy"


def _weights(model: ModelConfig, side: Side, width: int) -> int:
    """Return the weights and biases of a tower's dense layers, the projection included."""
    count = 0
    units = [each.units for each in model.layers_of(side) if isinstance(each, Dense)]
    for size in (*units, *((model.output_embedding_dim,) if model.is_projected(side) else ())):
        count += width * size + size
        width = size
    return count
