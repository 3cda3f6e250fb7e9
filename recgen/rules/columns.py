"""Columns and names: what stands twice, what collides, what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig
from recgen.config.paths import all_crosses, all_features, crosses_of, features_of
from recgen.findings import Location, join_path, show
from recgen.rules.base import Problem, Rule


def _inside(path: Location) -> str:
    """Returns the path as it reads within the feature config, if it is there."""
    return join_path(path[1:] if path[0] == "features" else path)


def _column_twice(features: FeatureConfig) -> Iterator[Problem]:
    for side in SIDES:
        first: dict[str, Location] = {}
        for path, feature in features_of(features, side):
            earlier = first.setdefault(feature.column, path)
            if earlier is not path:
                message = (
                    f"the column {show(feature.column)} is twice in the {side} tower: "
                    f"{_inside(earlier)} and {_inside(path)}"
                )
                help = "Keep one feature and give it all the transforms."
                yield Problem(path, message, help, fix=("remove", None))


def _name_twice(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    first: dict[str, tuple[str, Location]] = {}
    for name, column, path in _named_columns(features, data):
        other, earlier = first.setdefault(name, (column, path))
        if other != column:
            message = (
                f"the output name {show(name)} stands for two columns: "
                f"{show(other)} ({_inside(earlier)}) and {show(column)} ({_inside(path)})"
            )
            yield Problem(path, message, "Give one of them another `display_name`.")


def _named_columns(
    features: FeatureConfig, data: DataConfig
) -> Iterator[tuple[str, str, Location]]:
    for path, feature in all_features(features):
        yield feature.output_name, feature.column, path
    for path, cross in all_crosses(features):
        for index, member in enumerate(cross.features):
            yield member.output_name, member.column, (*path, "features", index)
    if data.split and data.split.date_column:
        yield data.split.date_column, data.split.date_column, ("data", "split", "date_column")


def _towers_differ(features: FeatureConfig) -> Iterator[Problem]:
    first: dict[tuple[str, str], tuple[object, Location]] = {}
    for path, name, column, treatment in _treatments(features):
        other, earlier = first.setdefault((name, column), (treatment, path))
        if other != treatment and earlier[1] != path[1]:
            message = f"{show(name)} is treated in another way in {_inside(earlier)}"
            help = (
                "Both towers read the same output: give both the same types and transforms, "
                "or one of them another `display_name`."
            )
            yield Problem(path, message, help)


def _treatments(features: FeatureConfig) -> Iterator[tuple[Location, str, str, object]]:
    """Yields what decides about each output; notes and marks do not."""
    for path, feature in all_features(features):
        treatment = (feature.data_type, feature.bq_type, feature.transforms)
        yield path, feature.output_name, feature.column, treatment
    for path, cross in all_crosses(features):
        yield path, cross.output_name, "", cross


def _key_twice(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    owners: dict[str, tuple[object, Location]] = {}
    if data.split and data.split.date_column:
        owners["event_time"] = (None, ("data", "split", "date_column"))
    for keys, owner, path in _outputs(features):
        for key in keys:
            other, earlier = owners.setdefault(key, (owner, path))
            if other != owner:
                message = f"the output {show(key)} is already given by {_inside(earlier)}"
                yield Problem(path, message, "Give one of them another `display_name`.")


def _outputs(features: FeatureConfig) -> Iterator[tuple[tuple[str, ...], object, Location]]:
    for path, feature in all_features(features):
        yield feature.output_keys, feature.output_name, path
    for path, cross in all_crosses(features):
        yield (cross.output_name,), cross.members, path


def _cross_twice(features: FeatureConfig) -> Iterator[Problem]:
    for side in SIDES:
        first: dict[frozenset[str], Location] = {}
        for path, cross in crosses_of(features, side):
            members = frozenset(cross.members)
            if len(members) < len(cross.members):
                message = f"a column is twice in the cross {show(cross.output_name)}"
                yield Problem(path, message, "Cross two or three different columns.")
                continue
            earlier = first.setdefault(members, path)
            if earlier is not path:
                message = f"the cross {show(cross.output_name)} repeats {_inside(earlier)}"
                yield Problem(path, message, "Keep one of them.", fix=("remove", None))


def _tower_empty(features: FeatureConfig) -> Iterator[Problem]:
    for side in SIDES:
        if not features.features_of(side):
            path = ("features", f"{side}_model_features")
            message = f"the {side} tower has no features"
            yield Problem(path, message, f"Add at least the {side}'s ID column.")


RULES = (
    Rule(
        code="RG101",
        severity="error",
        title="A column twice in one tower",
        reason="The second one overwrites the first, or doubles the column's weight. One failed "
        "experiment had `cust_value` twice.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: cust_value, data_type: numeric}\n"
        "    - {column: cust_value, data_type: numeric}",
        remedy="Keep one feature and give it all the transforms.",
        checks=(_column_twice,),
    ),
    Rule(
        code="RG102",
        severity="error",
        title="Two columns with one output name",
        reason="A column is known by its output name (`display_name`, else `column`) everywhere, "
        "so that two columns of one name cannot be told apart.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: cust_city, display_name: city, data_type: text}\n"
        "    - {column: ship_city, display_name: city, data_type: text}",
        remedy="Give one of them another `display_name`.",
        checks=(_name_twice,),
    ),
    Rule(
        code="RG107",
        severity="error",
        title="One output in both towers, with different transforms",
        reason="`preprocessing_fn` gives each output once, so one tower's transforms would win in "
        "silence.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: city, data_type: text, transforms: {embedding: {embedding_dim: 16}}}\n"
        "  product_model_features:\n"
        "    - {column: city, data_type: text, transforms: {embedding: {embedding_dim: 32}}}",
        remedy="Give both the same transforms, or one of them another `display_name`.",
        checks=(_towers_differ,),
    ),
    Rule(
        code="RG108",
        severity="error",
        title="Two outputs with one key",
        reason="The outputs of `preprocessing_fn` are named after the column and the transform, "
        "so a text column `price_norm` collides with a normalized `price`; `event_time` is taken "
        "when the split has a date column.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: price, data_type: numeric}\n    - {column: price_norm, data_type: text}",
        remedy="Give one of them another `display_name`.",
        checks=(_key_twice,),
    ),
    Rule(
        code="RG109",
        severity="error",
        title="A cross repeats a column or another cross",
        reason="A column crossed with itself says nothing new, and the same cross twice only "
        "doubles its weight.",
        example="features:\n  buyer_model_crosses:\n"
        "    - features: [{column: city}, {column: city}]",
        remedy="Cross two or three different columns, once.",
        checks=(_cross_twice,),
    ),
    Rule(
        code="RG113",
        severity="error",
        title="A tower without features",
        reason="A tower that sees nothing gives every buyer, or every product, the same vector.",
        example="features:\n  buyer_model_features: []",
        remedy="Add at least the ID column.",
        checks=(_tower_empty,),
    ),
)
