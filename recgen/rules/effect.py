"""Rule on settings without effect: each is reported, none is silently ignored."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from recgen.config import (
    SIDES,
    Cyclical,
    DataConfig,
    Dropout,
    FeatureConfig,
    ModelConfig,
    Side,
    residuals_of,
)
from recgen.config.paths import all_crosses, all_features, all_layers, embeddings_of, features_of
from recgen.findings import Location, join_path, show
from recgen.rules.registry import Problem, rule

REMOVE = "Remove it."


@rule("RG112", "info", also=("warning",))
def without_effect() -> None:
    """A setting without effect.

    In earlier systems, settings that were accepted but ignored (weight sharing, vocabulary size,
    minimum frequency, range) led people to judge models by settings that they never had.

    Example:
        features:
          buyer_model_features:
            - column: age
              data_type: numeric
              transforms: {normalize: {}, bucketize: {enabled: false, buckets: 20}}

    Use instead:
        features:
          buyer_model_features:
            - column: age
              data_type: numeric
              transforms: {normalize: {}}

    Remove the setting, or enable what it belongs to.
    """


def changed(config: BaseModel, *names: str) -> list[str]:
    """Return the fields that differ from their defaults, since a stored dump sets all of them."""
    fields = type(config).model_fields
    return [name for name in names if getattr(config, name) != fields[name].default]


def unused(path: Location, why: str, safe: bool = True) -> Problem:
    """Return a problem that says that a setting has no effect."""
    message = f"{join_path(path[-1:])} has no effect: {why}"
    return Problem(path, message, REMOVE, fix=("remove", None), safe=safe)


@without_effect.check
def _in_transforms(features: FeatureConfig) -> Iterator[Problem]:
    for path, feature in all_features(features):
        for name in type(feature.transforms).model_fields:
            transform = getattr(feature.transforms, name)
            at = (*path, "transforms", name)
            if transform is not None and not transform.enabled:
                settings = [key for key in type(transform).model_fields if key != "enabled"]
                for key in changed(transform, *settings):
                    yield unused((*at, key), f"`{name}` is not enabled")
            elif isinstance(transform, Cyclical) and not transform.cycles and feature.output_keys:
                message = "cyclical has no effect: no cycle is chosen"
                help = "Set one of yearly, quarterly, monthly, weekly, daily to true."
                yield Problem(at, message, help, severity="warning")
        useless = "log_transform" in feature.active and "normalize" not in feature.active
        if useless and feature.output_keys:  # without any output it is RG106
            why = "it only prepares `normalize`, and does not change quantiles"
            yield unused((*path, "transforms", "log_transform"), why)


@without_effect.check
def _in_embeddings(features: FeatureConfig) -> Iterator[Problem]:
    for path, _, embedding in embeddings_of(features):
        if embedding.min_frequency == 1:
            yield unused((*path, "min_frequency"), "every value occurs at least once")


@without_effect.check
def _in_logarithms(features: FeatureConfig) -> Iterator[Problem]:
    for path, feature in all_features(features):
        is_bool = feature.bq_type in ("BOOL", "BOOLEAN")
        if is_bool and {"log_transform", "normalize"} <= set(feature.active):
            why = "two values, once normalized, are the same with and without it"
            yield unused((*path, "transforms", "log_transform"), why, safe=False)  # rounding


@without_effect.check
def _in_crosses(features: FeatureConfig) -> Iterator[Problem]:
    for path, cross in all_crosses(features):
        for index, member in enumerate(cross.features):
            if member.type == "text":
                for name in changed(member, "crossing_buckets"):
                    yield unused((*path, "features", index, name), "text is crossed as it is")


@without_effect.check
def _in_marks(features: FeatureConfig) -> Iterator[Problem]:
    for side in SIDES:
        given = features.buyer_id_column if side == "buyer" else features.product_id_column
        for path, feature in features_of(features, side):
            if given and feature.is_primary_id and feature.output_name != given:
                yield unused((*path, "is_primary_id"), f"{side}_id_column is {show(given)}")


@without_effect.check
def _in_target(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    if features.target and model.model_type == "retrieval":
        yield unused(("features", "target_column"), "retrieval learns from purchases alone")


@without_effect.check
def _in_model(model: ModelConfig) -> Iterator[Problem]:
    ranking = ("rating_head_layers", "loss_function", "retrieval_weight", "ranking_weight")
    if model.model_type == "retrieval":
        for name in changed(model, *ranking):
            yield unused(("model", name), "it belongs to ranking and multitask")
    if model.retrieval_algorithm == "brute_force":
        for name in changed(model, "scann_num_leaves", "scann_leaves_to_search"):
            yield unused(("model", name), "brute_force has no leaves")


@without_effect.check
def _in_layers(model: ModelConfig) -> Iterator[Problem]:
    for path, layer in all_layers(model):
        if isinstance(layer, Dropout) and layer.rate == 0:
            # Without the layer, the projection or weight sharing may disappear.
            yield Problem(path, "dropout with rate 0 has no effect", REMOVE, fix=("remove", None))


@without_effect.check
def _in_sharing(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    if model.share_tower_weights and all(_is_bare(features, model, side) for side in SIDES):
        why = "the vectors are the towers' outputs, so there are no layers to share"
        yield unused(("model", "share_tower_weights"), why)


def _is_bare(features: FeatureConfig, model: ModelConfig, side: Side) -> bool:
    residuals = residuals_of(features, model, side)
    return features.width_of(side) == sum(map(features.feature_width, residuals))


@without_effect.check
def _in_split(data: DataConfig) -> Iterator[Problem]:
    if data.split and data.split.kind == "strict_time":
        for name in changed(data.split, "seed"):
            yield unused(("data", "split", name), "strict_time draws nothing at random")


@without_effect.check
def _in_column_types(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    own = {feature.output_name: feature for _, feature in all_features(features)}
    used = {name for _, cross in all_crosses(features) for name in cross.members}
    if data.split and data.split.date_column:
        used.add(data.split.date_column)
    for name in data.column_types:
        path = ("data", "column_types", name)
        if name in own:
            if data.time_format_of(name) is None:
                yield unused(path, "the feature's own `bq_type` takes precedence")
            elif own[name].data_type != "temporal":
                yield unused(path, f"the feature is {own[name].data_type} and has no times")
        elif name not in used:
            yield unused(path, "neither a cross nor the split reads this column")
