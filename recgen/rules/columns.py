"""Rules on columns and names: duplicates, collisions, missing columns."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig, Side
from recgen.config.paths import all_crosses, all_features, crosses_of, features_of
from recgen.findings import Location, join_path, show
from recgen.reading.lines import feature_line
from recgen.rules.registry import Problem, rule

_USUAL_IDS: dict[Side, str] = {"buyer": "customer_id", "product": "product_id"}


def _inside(path: Location) -> str:
    """Return the path relative to the feature config, if it is inside."""
    return join_path(path[1:] if path[0] == "features" else path)


@rule("RG101", "error")
def column_twice(features: FeatureConfig) -> Iterator[Problem]:
    """A column appears twice in one tower.

    The second occurrence overwrites the first or doubles the column's weight. One failed experiment
    had `cust_value` twice.

    Example:
        features:
          buyer_model_features:
            - {column: cust_value, data_type: numeric}
            - {column: cust_value, data_type: numeric}

    Use instead:
        features:
          buyer_model_features:
            - column: cust_value
              data_type: numeric
              transforms: {normalize: {}, bucketize: {}}

    Keep one feature and give it all the transforms.
    """
    for side in SIDES:
        first: dict[str, Location] = {}
        for path, feature in features_of(features, side):
            earlier = first.setdefault(feature.column, path)
            if earlier is not path:
                message = (
                    f"column {show(feature.column)} appears twice in the {side} tower: "
                    f"{_inside(earlier)} and {_inside(path)}"
                )
                help = "Keep one feature and give it all the transforms."
                yield Problem(path, message, help, fix=("remove", None))


@rule("RG102", "error")
def name_twice(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    """Two columns with one output name.

    A column is identified by its output name (its `display_name`, or its `column` if it has none),
    so two columns with the same name cannot be distinguished.

    Example:
        features:
          buyer_model_features:
            - {column: cust_city, display_name: city, data_type: text}
            - {column: ship_city, display_name: city, data_type: text}

    Use instead:
        features:
          buyer_model_features:
            - {column: cust_city, display_name: city, data_type: text}
            - {column: ship_city, display_name: ship_to_city, data_type: text}

    Give one of them another `display_name`.
    """
    first: dict[str, tuple[str, Location]] = {}
    for name, column, path in _named_columns(features, data):
        other, earlier = first.setdefault(name, (column, path))
        if other != column:
            message = (
                f"two columns have the output name {show(name)}: "
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
    if target := features.target:
        yield target.output_name, target.column, ("features", "target_column")


@rule("RG107", "error")
def towers_differ(features: FeatureConfig) -> Iterator[Problem]:
    """One output in both towers, with different transforms.

    `preprocessing_fn` computes each output once, so one tower's transforms would silently win.

    Example:
        features:
          buyer_model_features:
            - {column: city, data_type: text, transforms: {embedding: {embedding_dim: 16}}}
          product_model_features:
            - {column: city, data_type: text, transforms: {embedding: {embedding_dim: 32}}}

    Use instead:
        features:
          buyer_model_features:
            - {column: city, data_type: text, transforms: {embedding: {embedding_dim: 16}}}
          product_model_features:
            - {column: city, data_type: text, transforms: {embedding: {embedding_dim: 16}}}

    Give both the same transforms, or one of them another `display_name`.
    """
    first: dict[tuple[str, str], tuple[object, Location]] = {}
    for path, name, column, treatment in _treatments(features):
        other, earlier = first.setdefault((name, column), (treatment, path))
        if other != treatment and earlier[1] != path[1]:
            message = f"{show(name)} has different types or transforms in {_inside(earlier)}"
            help = (
                "Both towers read the same output: give both the same types and transforms, "
                "or one of them another `display_name`."
            )
            yield Problem(path, message, help)


def _treatments(features: FeatureConfig) -> Iterator[tuple[Location, str, str, object]]:
    """Yield the settings that affect each output, without descriptions and marks."""
    for path, feature in all_features(features):
        treatment = (feature.data_type, feature.bq_type, feature.transforms)
        yield path, feature.output_name, feature.column, treatment
    for path, cross in all_crosses(features):
        yield path, cross.output_name, "", cross


@rule("RG108", "error")
def key_taken(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    """Two outputs with one key.

    The outputs of `preprocessing_fn` are named after the column and the transform, so a text column
    `price_norm` collides with a normalized `price`. `event_time` is taken when the split has a date
    column, and `product_known` marks which columns that describe products have a value. A target
    `amount` takes `amount_target`, `amount_target_scale` and `amount_target_shift`.

    Example:
        features:
          buyer_model_features:
            - {column: price, data_type: numeric}
            - {column: price_norm, data_type: text}

    Use instead:
        features:
          buyer_model_features:
            - {column: price, data_type: numeric}
            - {column: price_norm, display_name: price_class, data_type: text}

    Give one of them another `display_name`.
    """
    owners: dict[str, tuple[object, Location]] = {}
    if data.split and data.split.date_column:
        owners["event_time"] = (None, ("data", "split", "date_column"))
    if features.target:
        place = ("features", "target_column")
        owners |= dict.fromkeys(features.target.output_keys, (None, place))
    owners["product_known"] = (None, ("features", "product_model_features"))
    for keys, owner, path in _outputs(features):
        for key in keys:
            other, earlier = owners.setdefault(key, (owner, path))
            if other != owner:
                message = f"the output {show(key)} is already produced by {_inside(earlier)}"
                yield Problem(path, message, "Give one of them another `display_name`.")


def _outputs(features: FeatureConfig) -> Iterator[tuple[tuple[str, ...], object, Location]]:
    for path, feature in all_features(features):
        yield feature.output_keys, feature.output_name, path
    for path, cross in all_crosses(features):
        yield (cross.output_name,), cross.members, path


@rule("RG109", "error")
def cross_repeats(features: FeatureConfig) -> Iterator[Problem]:
    """A cross repeats a column or another cross.

    A column crossed with itself says nothing new, and the same cross twice only doubles its weight.

    Example:
        features:
          buyer_model_crosses:
            - features: [{column: city}, {column: city}]

    Use instead:
        features:
          buyer_model_crosses:
            - features: [{column: city}, {column: segment}]

    Cross two or three different columns, once.
    """
    for side in SIDES:
        first: dict[frozenset[str], Location] = {}
        for path, cross in crosses_of(features, side):
            members = frozenset(cross.members)
            if len(members) < len(cross.members):
                message = f"a column appears twice in the cross {show(cross.output_name)}"
                yield Problem(path, message, "Cross two or three different columns.")
                continue
            earlier = first.setdefault(members, path)
            if earlier is not path:
                message = f"the cross {show(cross.output_name)} repeats {_inside(earlier)}"
                yield Problem(path, message, "Keep one of them.", fix=("remove", None))


@rule("RG113", "error")
def tower_empty(features: FeatureConfig) -> Iterator[Problem]:
    """A tower without features.

    A tower that sees nothing gives every buyer, or every product, the same vector.

    Example:
        features:
          buyer_model_features: []

    Use instead:
        features:
          buyer_model_features:
            - {column: customer_id, data_type: text}

    Add at least the ID column.
    """
    for side in SIDES:
        if not features.features_of(side):
            key = f"{side}_model_features"
            message = f"the {side} tower has no features"
            line = feature_line(key, features.id_of(side) or _USUAL_IDS[side])
            help = (
                f"Add at least the {side}'s ID column, such as `{line}`; or write the config again "
                f"with `recgen init --data FILE --{side}-id COLUMN`."
            )
            yield Problem(("features", key), message, help)
