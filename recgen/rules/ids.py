"""Rules on the IDs of buyer and product: whether they are set, detected and suitable."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from recgen.config import SIDES, FeatureConfig, Side, detect_id
from recgen.config.paths import id_features
from recgen.findings import Location, show
from recgen.rules.registry import Problem, rule


def _path(side: Side) -> Location:
    return ("features", f"{side}_id_column")


def _given(features: FeatureConfig, side: Side) -> str | None:
    return features.buyer_id_column if side == "buyer" else features.product_id_column


def _towers_to_detect(features: FeatureConfig) -> Iterator[tuple[Side, tuple[str, ...]]]:
    """Yield the towers whose ID is not set, with the candidates for it."""
    for side in SIDES:
        if not _given(features, side) and features.features_of(side):
            yield side, detect_id(features.features_of(side))


@rule("RG103", "warning", also=("info",))
def id_detected(features: FeatureConfig) -> Iterator[Problem]:
    """ID column not set, but detected.

    The ID decides what is recommended to whom. A guess based on a column's name can be wrong, so it
    is reported (only as a note if the feature is marked `is_primary_id`).

    Example:
        features:
          buyer_model_features:
            - {column: customer_id, data_type: text}

    Use instead:
        features:
          buyer_id_column: customer_id
          buyer_model_features:
            - {column: customer_id, data_type: text}
    """
    for side, candidates in _towers_to_detect(features):
        if len(candidates) == 1:
            name = candidates[0]
            marked = any(feature.is_primary_id for feature in features.features_of(side))
            why = "marked `is_primary_id`" if marked else "the only text feature named like an ID"
            yield Problem(
                _path(side),
                f"{side}_id_column is not set: taking {show(name)}, {why}",
                f"Write `{side}_id_column: {name}` to be sure.",
                severity="info" if marked else None,  # then it is not a guess
                fix=("set", name),
                safe=True,
            )


@rule("RG104", "error")
def id_not_detected(features: FeatureConfig) -> Iterator[Problem]:
    """ID column not set, and none or several fit.

    Without IDs there is nothing to recommend, and choosing among several candidates would be a
    silent guess. Candidates are the features marked `is_primary_id` or, if there are none, text
    features named `sku` or ending in `_id`, `_no`, `_key` or `_code`.

    Example:
        features:
          product_model_features:
            - {column: product_code, data_type: text}
            - {column: ean_code, data_type: text}

    Use instead:
        features:
          product_id_column: product_code
          product_model_features:
            - {column: product_code, data_type: text}
            - {column: ean_code, data_type: text}
    """
    for side, candidates in _towers_to_detect(features):
        if len(candidates) != 1:
            fit = f"several features fit: {_names(candidates)}" if candidates else "no feature fits"
            names = candidates or tuple(f.output_name for f in features.features_of(side))
            message = f"{side}_id_column is not set and {fit}"
            option = "" if candidates else f"; or use `recgen init --data FILE --{side}-id COLUMN`"
            yield Problem(_path(side), message, f"Set it to one of {_names(names)}{option}.")


@rule("RG105", "error")
def id_not_a_feature(features: FeatureConfig) -> Iterator[Problem]:
    """ID column is not among its tower's features.

    A tower that does not see the ID cannot learn anything about it.

    Example:
        features:
          buyer_id_column: customer
          buyer_model_features:
            - {column: country, data_type: text}

    Use instead:
        features:
          buyer_id_column: customer
          buyer_model_features:
            - {column: customer, data_type: text}
            - {column: country, data_type: text}

    Add the feature, or refer to the ID by its output name (its `display_name`, or its `column` if
    it has none).
    """
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


@rule("RG110", "error")
def id_not_text(features: FeatureConfig) -> Iterator[Problem]:
    """ID feature is not text.

    A number is normalized and has no vocabulary, so no ID could be looked up or recommended. Text
    features can also read whole numbers, depending on their `bq_type`.

    Example:
        features:
          product_id_column: product
          product_model_features:
            - {column: product, data_type: numeric, bq_type: INT64}

    Use instead:
        features:
          product_id_column: product
          product_model_features:
            - {column: product, data_type: text, bq_type: INT64}
    """
    for side, path, feature in id_features(features):
        if feature.data_type != "text":
            message = (
                f"the {side} ID {show(feature.output_name)} is {feature.data_type}: "
                "it would have no vocabulary"
            )
            help = "Make it `data_type: text`; `bq_type` may stay INT64."
            yield Problem((*path, "data_type"), message, help)


@rule("RG114", "error")
def one_id_for_both(features: FeatureConfig) -> Iterator[Problem]:
    """Buyer ID and product ID are the same column.

    In such a config every buyer buys themselves, and this is what the model learns.

    Example:
        features:
          buyer_id_column: item_id
          product_id_column: item_id
          buyer_model_features:
            - {column: item_id, data_type: text}
          product_model_features:
            - {column: item_id, data_type: text}

    Use instead:
        features:
          buyer_id_column: customer_id
          product_id_column: item_id
          buyer_model_features:
            - {column: customer_id, data_type: text}
          product_model_features:
            - {column: item_id, data_type: text}

    Name the column that tells products apart.
    """
    found = [feature.column for _, _, feature in id_features(features)]
    if len(found) == 2 and found[0] == found[1]:
        message = f"buyer and product have the same ID column, {show(found[0])}"
        help = "Name the column that identifies products."
        yield Problem(_path("product"), message, help)
