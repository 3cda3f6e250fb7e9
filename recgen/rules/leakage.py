"""What a tower must not see: the answer, the target, times that only training has."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig, Side, TemporalFeature
from recgen.config.paths import all_crosses, all_features, columns_of, id_features
from recgen.findings import Location, show
from recgen.rules.base import Problem, Rule

_OTHER: dict[Side, Side] = {"buyer": "product", "product": "buyer"}


def _other_id(features: FeatureConfig) -> Iterator[Problem]:
    ids = {side: feature.column for side, _, feature in id_features(features)}
    for side in SIDES:
        answer = ids.get(_OTHER[side])
        if answer is None or answer == ids.get(side):  # one ID for both is RG114
            continue
        for path, column, name in columns_of(features, side):
            if column == answer:
                message = f"the {_OTHER[side]} ID {show(name)} is in the {side} tower"
                yield Problem(path, message, f"Remove it: {_WHY_ID[side]}.")


_WHY_ID: dict[Side, str] = {
    "buyer": "nobody knows what a buyer will buy when he asks",
    "product": "a product is recommended to all buyers",
}


def _target_inside(features: FeatureConfig) -> Iterator[Problem]:
    for side in SIDES:
        for path, column, name in columns_of(features, side):
            if features.target_column and features.target_column in (column, name):
                message = f"the target {show(features.target_column)} is in the {side} tower"
                help = "Remove it: it is known only after the purchase."
                yield Problem(path, message, help)


def _date_in_tower(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    date = data.split.date_column if data.split else None
    by_time = data.split is not None and data.split.kind != "random"
    for path, name, placed in _times(features):
        if name != date:
            continue
        if path[1] in ("product_model_features", "product_model_crosses"):
            message = f"the product tower sees {show(name)}, the time of the transaction"
            help = "Remove it: a product has no such time when it is recommended."
            yield Problem(path, message, help)
        elif by_time and placed:
            message = (
                f"{show(name)} is taken as a place in time ({placed}), and all test rows lie "
                "beyond those of training"
            )
            yield Problem(path, message, "Keep `cyclical` alone, or remove it.")


def _times(features: FeatureConfig) -> Iterator[tuple[Location, str, str]]:
    """Yields all that is read as a time, and what makes it a place on the time scale."""
    for path, feature in all_features(features):
        if isinstance(feature, TemporalFeature) and feature.output_keys:
            placed = [kind for kind in ("normalize", "bucketize") if kind in feature.active]
            yield path, feature.output_name, " and ".join(placed)
    for path, cross in all_crosses(features):
        for index, member in enumerate(cross.features):
            if member.type == "temporal":
                yield (*path, "features", index), member.output_name, "a cross takes quantiles"


def _in_both_towers(features: FeatureConfig) -> Iterator[Problem]:
    ids = {feature.column for _, _, feature in id_features(features)}
    buyers = {column for _, column, _ in _read_by(features, "buyer")}
    for path, column, name in _read_by(features, "product"):
        if column in buyers and column not in ids:
            message = (
                f"both towers read {show(name)} from the same row, so that they always agree on it"
            )
            help = "Keep it in the tower whose entity it describes."
            yield Problem(path, message, help)


def _read_by(features: FeatureConfig, side: Side) -> Iterator[tuple[Location, str, str]]:
    """Yields each column that a tower reads once."""
    seen = set()
    for path, column, name in columns_of(features, side):
        if column not in seen:
            seen.add(column)
            yield path, column, name


RULES = (
    Rule(
        code="RG115",
        severity="error",
        title="The other tower's ID in a tower",
        reason="The buyer tower that sees the product ID has the answer in the question, and "
        "nobody can send that ID when asking for recommendations. Measured on Online Retail: "
        "recall@100 0.974 in the test, and 0.003 without the ID, where popularity has 0.149. A "
        "product tower that sees the buyer ID keeps one vector a product, that of its latest "
        "buyer.",
        example="features:\n  product_id_column: sku\n  buyer_model_features:\n"
        "    - {column: sku, data_type: text}",
        remedy="Remove it, from crosses too. A buyer's past purchases belong into a history.",
        checks=(_other_id,),
        allowable=True,
    ),
    Rule(
        code="RG116",
        severity="error",
        title="The target among what a tower sees",
        reason="What is to be predicted is known only after the purchase. A model that sees it, "
        "alone or in a cross, is right in every test and wrong in use.",
        example="features:\n  target_column: rating\n  buyer_model_features:\n"
        "    - {column: rating, data_type: numeric}",
        remedy="Remove the feature or the cross.",
        checks=(_target_inside,),
        allowable=True,
    ),
    Rule(
        code="RG117",
        severity="warning",
        title="The time of the transaction as a feature",
        reason="With a split by time every test row is later than every training row, so a time "
        "that is normalized or cut into quantiles takes values that training never saw (or always "
        "the last quantile). Measured on Online Retail with five epochs: recall@100 0.266 on the "
        "validation days, as without it, but 0.223 on the later test days, where it is 0.250 "
        "without it after three epochs already. In the product tower it is worse, since a product "
        "is scored with the time of its latest sale: with the time in both towers 0.059.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: bought_at, data_type: temporal, transforms: {normalize: {}}}\n"
        "data:\n  split: {kind: strict_time, date_column: bought_at}",
        remedy="Use `cyclical` alone, in the buyer tower: seasons come again.",
        checks=(_date_in_tower,),
    ),
    Rule(
        code="RG118",
        severity="warning",
        title="A column in both towers",
        reason="Both towers read it from the same row, so that a buyer and the product he bought "
        "always agree in it, and the other products of the batch mostly do not. The model learns "
        "to compare this column instead of learning taste. Measured on Online Retail: with the "
        "price in both towers recall@100 is 0.573 in the test and 0.180 when the buyer's request "
        "has no price (0.712 and 0.086 with layers); with the country, which tells little, 0.241 "
        "instead of 0.268.",
        example="features:\n  buyer_model_features:\n    - {column: season, data_type: text}\n"
        "  product_model_features:\n    - {column: season, data_type: text}",
        remedy="Keep it in the tower whose entity it describes.",
        checks=(_in_both_towers,),
    ),
)
