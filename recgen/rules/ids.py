"""The buyer's and the product's ID: set, detected, fit for it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from recgen.config import SIDES, FeatureConfig, Side, detect_id
from recgen.config.paths import id_features
from recgen.findings import Location, show
from recgen.rules.base import Problem, Rule


def _path(side: Side) -> Location:
    return ("features", f"{side}_id_column")


def _given(features: FeatureConfig, side: Side) -> str | None:
    return features.buyer_id_column if side == "buyer" else features.product_id_column


def _towers_to_detect(features: FeatureConfig) -> Iterator[tuple[Side, tuple[str, ...]]]:
    """Yields the towers whose ID is not given, with the features that may be it."""
    for side in SIDES:
        if not _given(features, side) and features.features_of(side):
            yield side, detect_id(features.features_of(side))


def _detected(features: FeatureConfig) -> Iterator[Problem]:
    for side, candidates in _towers_to_detect(features):
        if len(candidates) == 1:
            name = candidates[0]
            marked = any(feature.is_primary_id for feature in features.features_of(side))
            why = "marked `is_primary_id`" if marked else "the one text feature named like an ID"
            yield Problem(
                _path(side),
                f"{side}_id_column is not set: taking {show(name)}, {why}",
                f"Write `{side}_id_column: {name}` to be sure.",
                severity="info" if marked else None,  # then it is no guess
                fix=("set", name),
                safe=True,
            )


def _not_detected(features: FeatureConfig) -> Iterator[Problem]:
    for side, candidates in _towers_to_detect(features):
        if len(candidates) != 1:
            fit = f"several features fit: {_names(candidates)}" if candidates else "no feature fits"
            names = candidates or tuple(f.output_name for f in features.features_of(side))
            message = f"{side}_id_column is not set and {fit}"
            yield Problem(_path(side), message, f"Set it to one of {_names(names)}.")


def _not_a_feature(features: FeatureConfig) -> Iterator[Problem]:
    for side in SIDES:
        given, known = _given(features, side), features.features_of(side)
        names = [feature.output_name for feature in known]
        if given and known and given not in names:
            message = f"{side}_id_column {show(given)} is not among the {side} tower's features"
            aliased = [feature.output_name for feature in known if feature.column == given]
            close = aliased or get_close_matches(given, names, n=1)
            help = f"Did you mean {show(close[0])}?" if close else f"Known: {_names(tuple(names))}."
            yield Problem(_path(side), message, help, fix=("set", close[0]) if close else None)


def _names(names: tuple[str, ...]) -> str:
    once = list(dict.fromkeys(names))
    return ", ".join(show(name) for name in once[:10]) + (", …" if len(once) > 10 else "")


def _not_text(features: FeatureConfig) -> Iterator[Problem]:
    for side, path, feature in id_features(features):
        if feature.data_type != "text":
            message = (
                f"the {side} ID {show(feature.output_name)} is {feature.data_type}: "
                "it would have no vocabulary"
            )
            help = "Make it `data_type: text`; `bq_type` may stay INT64."
            yield Problem((*path, "data_type"), message, help)


def _same_column(features: FeatureConfig) -> Iterator[Problem]:
    found = [feature.column for _, _, feature in id_features(features)]
    if len(found) == 2 and found[0] == found[1]:
        message = f"buyer and product have one ID column, {show(found[0])}"
        help = "Name the column that tells products apart."
        yield Problem(_path("product"), message, help)


RULES = (
    Rule(
        code="RG103",
        severity="warning",
        title="ID column not set, but detected",
        reason="The ID decides what is recommended to whom. A guess from a name can be wrong, so "
        "it is named here (as a mere note when the feature is marked `is_primary_id`).",
        example="features:\n  buyer_model_features:\n    - {column: customer_id, data_type: text}",
        remedy="Write `buyer_id_column: customer_id`.",
        checks=(_detected,),
    ),
    Rule(
        code="RG104",
        severity="error",
        title="ID column not set, and none or several fit",
        reason="Without IDs there is nothing to recommend, and among several candidates a guess "
        "would be a silent one. Candidates are features marked `is_primary_id`, else text features "
        "named `sku` or ending in `_id`, `_no`, `_key` or `_code`.",
        example="features:\n  product_model_features:\n"
        "    - {column: product_code, data_type: text}\n    - {column: ean_code, data_type: text}",
        remedy="Set `product_id_column`.",
        checks=(_not_detected,),
    ),
    Rule(
        code="RG105",
        severity="error",
        title="ID column not among its tower's features",
        reason="A tower that does not see the ID cannot learn anything about it.",
        example="features:\n  buyer_id_column: customer\n  buyer_model_features:\n"
        "    - {column: country, data_type: text}",
        remedy="Add the feature, or name it by its output name (`display_name`, else `column`).",
        checks=(_not_a_feature,),
    ),
    Rule(
        code="RG110",
        severity="error",
        title="ID feature is not text",
        reason="A number is normalized and has no vocabulary, so no ID could be looked up or "
        "recommended. Whole numbers are read as text by their `bq_type`.",
        example="features:\n  product_id_column: product\n  product_model_features:\n"
        "    - {column: product, data_type: numeric, bq_type: INT64}",
        remedy="Write `data_type: text` and keep `bq_type: INT64`.",
        checks=(_not_text,),
    ),
    Rule(
        code="RG114",
        severity="error",
        title="Buyer ID and product ID are one column",
        reason="Then each buyer buys himself, and the model learns that.",
        example="features:\n  buyer_id_column: item_id\n  product_id_column: item_id",
        remedy="Name the column that tells products apart.",
        checks=(_same_column,),
    ),
)
