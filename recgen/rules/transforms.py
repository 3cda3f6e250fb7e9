"""Rules on transforms and types: features without outputs, columns with unsuitable types."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recgen.config import (
    DataConfig,
    FeatureConfig,
    ModelConfig,
    NumericFeature,
    TemporalFeature,
    item_type,
)
from recgen.config.paths import all_crosses, all_features, id_features
from recgen.findings import Location, show
from recgen.rules.registry import Problem, rule

_CATEGORY = ("STRING", "BYTES", "INT64", "INTEGER", "BOOL", "BOOLEAN")
_NUMBER = ("FLOAT64", "FLOAT", "NUMERIC", "BIGNUMERIC", "INT64", "INTEGER", "BOOL", "BOOLEAN")
_TIME = ("TIMESTAMP", "DATETIME", "DATE", "TIME", "INT64", "INTEGER")
_WHOLE = ("INT64", "INTEGER")
_FITTING = {"text": _CATEGORY, "numeric": _NUMBER, "temporal": _TIME}


@rule("RG106", "error")
def reaches_no_tower(features: FeatureConfig) -> Iterator[Problem]:
    """A feature that reaches no tower.

    A feature without an enabled transform is read and discarded, although the config looks as if
    the model used it.

    Example:
        features:
          buyer_model_features:
            - {column: age, data_type: numeric, transforms: {normalize: {enabled: false}}}

    Use instead:
        features:
          buyer_model_features:
            - {column: age, data_type: numeric, transforms: {normalize: {}}}

    Enable a transform, or remove the feature.
    """
    for path, feature in all_features(features):
        if feature.output_keys:
            continue
        name = show(feature.output_name)
        message = f"the feature {name} reaches no tower: {_why(feature.active)}"
        giving = [kind for kind in type(feature.transforms).model_fields if kind != "log_transform"]
        help = f"Enable {' or '.join(giving)}, or remove the feature."
        yield Problem((*path, "transforms"), message, help)


def _why(active: tuple[str, ...]) -> str:
    if "cyclical" in active:
        return "`cyclical` has no cycle"
    if "log_transform" in active:
        return "`log_transform` only prepares `normalize`"
    return "no transform is enabled"


@rule("RG111", "error")
def type_unfit() -> None:
    """bq_type does not fit the feature.

    Normalizing text or treating fractions as categories crashes late or trains on nonsense:
    fractions almost never repeat.

    Example:
        features:
          buyer_model_features:
            - {column: age, data_type: numeric, bq_type: STRING}

    Use instead:
        features:
          buyer_model_features:
            - {column: age, data_type: numeric, bq_type: INT64}

    Use a type that the message names, or another `data_type`.
    """


@type_unfit.check
def _type_unfit(features: FeatureConfig) -> Iterator[Problem]:
    for path, feature in all_features(features):
        kind, bq_type = feature.data_type, feature.bq_type
        if kind == "history":
            fits = bq_type.startswith("ARRAY<") and item_type(bq_type) in _CATEGORY
            allowed = tuple(f"ARRAY<{name}>" for name in _CATEGORY)
        else:
            fits, allowed = bq_type in _FITTING[kind], _FITTING[kind]
        if not fits:
            message = f"a {kind} feature cannot be read from a column of type {bq_type}"
            help = f"Use one of {', '.join(allowed)}, or another `data_type`."
            yield Problem((*path, "bq_type"), message, help)


@type_unfit.check
def _member_unfit(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    types = _types(features, data)
    target = features.target  # whose crosses are RG116
    known = {*types, *((target.column, target.output_name) if target else ())}
    kinds: dict[str, str] = {}  # of columns whose only type is that of their use in a cross
    for path, name, kind in _members(features):
        if name in types and types[name] not in _FITTING[kind]:
            message = f"{show(name)} is of type {types[name]}, which cannot be crossed as {kind}"
            yield Problem(path, message, _MEMBER_HELP)
        elif name not in known and kinds.setdefault(name, kind) != kind:
            message = f"{show(name)} is {kind} here and {kinds[name]} in another cross"
            yield Problem(path, message, _MEMBER_HELP)


@type_unfit.check
def _date_unfit(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    date = data.split.date_column if data.split else None
    crossed = {name: kind for _, name, kind in _members(features)}
    bq_type = _types(features, data).get(date or "", "TIMESTAMP")
    if date and (bq_type not in _TIME or crossed.get(date, "temporal") != "temporal"):
        what = f"of type {bq_type}" if bq_type not in _TIME else f"crossed as {crossed[date]}"
        message = f"the date column {show(date)} is {what}, but it must be a time"
        help = f"Use one of {', '.join(_TIME)} for it everywhere."
        yield Problem(("data", "split", "date_column"), message, help)


@type_unfit.check
def _target_unfit(
    features: FeatureConfig, model: ModelConfig, data: DataConfig
) -> Iterator[Problem]:
    target = features.target
    if target is None or model.model_type == "retrieval":
        return
    bq_type = target.bq_type or data.type_of(target.output_name, "FLOAT64")
    if bq_type not in _NUMBER:
        message = (
            f"the target {show(target.output_name)} is of type {bq_type}, which is not a number"
        )
        help = f"Use one of {', '.join(_NUMBER)}, or another column."
        yield Problem(("features", "target_column", "bq_type"), message, help)


def _types(features: FeatureConfig, data: DataConfig) -> dict[str, str]:
    """Return the types in the config; that of a feature takes precedence."""
    own = {feature.output_name: feature.bq_type for _, feature in all_features(features)}
    given = {name: data.type_of(name, "TIMESTAMP") for name in data.column_types}
    return {**given, **own}


_MEMBER_HELP = "Give the column the same type everywhere."


def _members(features: FeatureConfig) -> Iterator[tuple[Location, str, str]]:
    for path, cross in all_crosses(features):
        for index, member in enumerate(cross.features):
            yield (*path, "features", index, "type"), member.output_name, member.type


@rule("RG128", "warning")
def id_as_number(features: FeatureConfig) -> Iterator[Problem]:
    """An ID that is read as a number.

    The size of an ID has no meaning: after normalization, neighbouring IDs look similar although
    they have nothing in common, and no ID has its own vector. Quantiles of IDs are no better.

    Example:
        features:
          product_model_features:
            - {column: category_id, bq_type: INT64, data_type: numeric}

    Use instead:
        features:
          product_model_features:
            - {column: category_id, bq_type: INT64, data_type: text}

    In a cross, write `type: text`.
    """
    ids = {path for _, path, _ in id_features(features)}  # theirs is RG110
    for path, feature in all_features(features):
        is_number = isinstance(feature, NumericFeature) and path not in ids
        if is_number and _named_like_id(feature.column, feature.bq_type in _WHOLE):
            message = f"{show(feature.column)} is named like an ID but read as a number"
            help = "Use `data_type: text` with an embedding; `bq_type` can stay."
            yield Problem((*path, "data_type"), message, help)
    for path, cross in all_crosses(features):
        for index, member in enumerate(cross.features):
            if member.type == "numeric" and _named_like_id(member.column, is_whole=False):
                message = f"{show(member.column)} is named like an ID but cut into quantiles"
                at = (*path, "features", index, "type")
                yield Problem(at, message, "Cross it as text.", fix=("set", "text"))


def _named_like_id(name: str, is_whole: bool) -> bool:
    """Return whether the last word of a name, as in `item_id` or `StockCode`, means an ID."""
    word = re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name)[-1].lower()
    return word in ("id", "key", "code", "sku") or (is_whole and word == "no")


@rule("RG129", "warning")
def flat_cycle(features: FeatureConfig) -> Iterator[Problem]:
    """A cycle that the type cannot show.

    A DATE is always midnight and a TIME is always 1970-01-01, so the sine and cosine of such a
    cycle are (nearly) the same in every row.

    Example:
        features:
          buyer_model_features:
            - column: birthday
              bq_type: DATE
              data_type: temporal
              transforms: {cyclical: {yearly: true, daily: true}}

    Use instead:
        features:
          buyer_model_features:
            - column: birthday
              bq_type: DATE
              data_type: temporal
              transforms: {cyclical: {yearly: true}}

    Set the cycle to false, or remove it.
    """
    for path, feature in all_features(features):
        if not isinstance(feature, TemporalFeature):
            continue
        flat = [cycle for cycle in feature.cycles if _is_flat(cycle, feature.bq_type)]
        is_fixable = len(flat) < len(feature.cycles)  # `cyclical` needs a cycle
        other = "a daily cycle" if feature.bq_type == "TIME" else "a yearly or weekly cycle"
        for cycle in flat:
            what = "no time of day" if cycle == "daily" else "no date"
            message = f"a {cycle} cycle of a {feature.bq_type}, which has {what}, is constant"
            at = (*path, "transforms", "cyclical", cycle)
            help = "Set it to false." if is_fixable else f"Use {other}, or another transform."
            yield Problem(at, message, help, fix=("set", False) if is_fixable else None)


def _is_flat(cycle: str, bq_type: str | None) -> bool:
    return bq_type == ("DATE" if cycle == "daily" else "TIME")
