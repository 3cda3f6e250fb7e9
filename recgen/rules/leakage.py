"""Rules on leakage: the answer, the target, and times that only training has."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig, Side, TemporalFeature
from recgen.config.paths import all_crosses, all_features, columns_of, id_features
from recgen.findings import Location, show
from recgen.rules.registry import Problem, rule

_OTHER: dict[Side, Side] = {"buyer": "product", "product": "buyer"}


@rule("RG115", "error", allowable=True)
def other_id(features: FeatureConfig) -> Iterator[Problem]:
    """The other tower's ID in a tower.

    A buyer tower that sees the product ID is given the answer, and no client can send that ID when
    it asks for recommendations. A product tower that sees the buyer ID keeps one vector per
    product: that of its latest buyer.

    Measured on Online Retail: recall@100 is 0.974 in the test, but 0.003 when the request lacks the
    ID; recommending the most popular products gives 0.149.

    Example:
        features:
          product_id_column: sku
          buyer_model_features:
            - {column: sku, data_type: text}

    Use instead:
        features:
          product_id_column: sku
          buyer_model_features:
            - column: past
              data_type: history
              transforms: {history: {shared_with: sku}}

    Remove it, also from crosses. What a buyer bought before belongs in a history.
    """
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
    "buyer": "it is unknown what buyers will buy when they ask for recommendations",
    "product": "a product is recommended to all buyers",
}


@rule("RG116", "error", allowable=True)
def target_inside(features: FeatureConfig) -> Iterator[Problem]:
    """The target is an input of a tower.

    The target is known only after the purchase. A model that sees it, alone or in a cross, is right
    in every test and wrong in production.

    Example:
        features:
          target_column: rating
          buyer_model_features:
            - {column: rating, data_type: numeric}

    Use instead:
        features:
          target_column: rating
          buyer_model_features:
            - {column: country, data_type: text}

    Remove the feature or the cross.
    """
    target = features.target
    if target is None:
        return
    own = {target.column, target.output_name}
    for side in SIDES:
        for path, column, name in columns_of(features, side):
            if not own.isdisjoint((column, name)):
                message = f"the target {show(target.output_name)} is in the {side} tower"
                help = "Remove it: it is only known after the purchase."
                yield Problem(path, message, help)


@rule("RG117", "warning")
def transaction_time(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    """The time of the transaction as a feature.

    With a split by time, every test row is later than every training row, so a time that is
    normalized or cut into quantiles takes values that training never saw (or always the last
    quantile).

    Measured on Online Retail with five epochs: recall@100 is 0.266 on the validation days, as
    without the time, but 0.223 on the later test days, where it is 0.250 without the time after
    only three epochs. In the product tower it is worse, since a product is scored with the time of
    its latest sale: with the time in both towers, recall is 0.059.

    Example:
        features:
          buyer_model_features:
            - {column: bought_at, data_type: temporal, transforms: {normalize: {}}}
        data:
          split: {kind: strict_time, date_column: bought_at}

    Use instead:
        features:
          buyer_model_features:
            - {column: bought_at, data_type: temporal, transforms: {cyclical: {yearly: true}}}
        data:
          split: {kind: strict_time, date_column: bought_at}

    Use only `cyclical`, in the buyer tower: seasons repeat.
    """
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
                f"{show(name)} is used as a point in time ({placed}), but all test rows are later "
                "than the training rows"
            )
            yield Problem(path, message, "Keep only `cyclical`, or remove the feature.")


def _times(features: FeatureConfig) -> Iterator[tuple[Location, str, str]]:
    """Yield everything that is read as a time, and what turns it into a point in time."""
    for path, feature in all_features(features):
        if isinstance(feature, TemporalFeature) and feature.output_keys:
            placed = [kind for kind in ("normalize", "bucketize") if kind in feature.active]
            yield path, feature.output_name, " and ".join(placed)
    for path, cross in all_crosses(features):
        for index, member in enumerate(cross.features):
            if member.type == "temporal":
                yield (*path, "features", index), member.output_name, "a cross takes quantiles"


@rule("RG118", "warning")
def in_both_towers(features: FeatureConfig) -> Iterator[Problem]:
    """A column in both towers.

    Both towers read it from the same row, so a buyer and the product they bought always agree on
    it, while the other products of the batch mostly do not. The model learns to compare this column
    instead of learning taste.

    Measured on Online Retail: with the price in both towers, recall@100 is 0.573 in the test and
    0.180 when the buyer's request has no price (0.712 and 0.086 with layers); with the country,
    which is less informative, 0.241 instead of 0.268.

    Example:
        features:
          buyer_model_features:
            - {column: season, data_type: text}
          product_model_features:
            - {column: season, data_type: text}

    Use instead:
        features:
          buyer_model_features:
            - {column: country, data_type: text}
          product_model_features:
            - {column: season, data_type: text}

    Keep it in the tower whose entity it describes.
    """
    ids = {feature.column for _, _, feature in id_features(features)}
    buyers = {column for _, column, _ in _read_by(features, "buyer")}
    for path, column, name in _read_by(features, "product"):
        if column in buyers and column not in ids:
            message = f"both towers read {show(name)} from the same row, so they always agree on it"
            help = "Keep it in the tower whose entity it describes."
            yield Problem(path, message, help)


def _read_by(features: FeatureConfig, side: Side) -> Iterator[tuple[Location, str, str]]:
    """Yield each column that a tower reads once."""
    seen = set()
    for path, column, name in columns_of(features, side):
        if column not in seen:
            seen.add(column)
            yield path, column, name
