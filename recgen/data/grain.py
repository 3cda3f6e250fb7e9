"""Whether product IDs are groups of products, or variants of one product. Reads no files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from recgen.config import FeatureConfig, HistoryFeature
from recgen.data.columns import id_column, read_by
from recgen.data.profile import Profile

_FEW_GROUPS = 100  # values of the product ID; with more, it may well be the product
_FINER = 3  # times as many values
_ROWS = 5  # of each value on average: it is bought again and again
_STRAY = 0.01  # share of the values that are in more than one group
_SHARED = 0.5  # share of the values that more than one buyer has
_SEEN = 20  # buyers with several rows: fewer agree by chance
_VARIANT = re.compile(r"(.*\w)[-_./: ](\w{1,4})", re.DOTALL)  # 85123A-XL
_OF_ONE = 3  # variants of a product, on average
_MOST_PARTS = 60  # sizes, colours: there are few, and each is that of many products
_VARIED = 0.9  # share of the IDs that have such a part


@dataclass(frozen=True, slots=True)
class Variants:
    """Product IDs that differ in their last part only, as those of sizes and colours.

    Attributes:
        ids: Number of IDs.
        products: Number of distinct IDs without their last part.
        example: Two IDs of one product.
    """

    ids: int
    products: int
    example: tuple[str, str]


def variants(ids: Iterable[str]) -> Variants | None:
    """Return how IDs are made of a product and a variant; None if most are not.

    The variants have to be few and to occur with many products, unlike the numbers after a prefix
    (2026-0001, SKU_17), which tell products apart.
    """
    distinct = dict.fromkeys(ids)
    parts = [(found[1], found[2], found[0]) for found in map(_VARIANT.fullmatch, distinct) if found]
    products = Counter(product for product, _, _ in parts)
    if not parts or len(parts) < _VARIED * len(distinct) or len(parts) < _OF_ONE * len(products):
        return None
    endings = len({ending for _, ending, _ in parts})
    if endings > _MOST_PARTS or len(products) < 2 * endings:
        return None
    first, _ = products.most_common(1)[0]
    one, another, *_ = (name for product, _, name in parts if product == first)
    return Variants(len(distinct), len(products), (one, another))


@dataclass(frozen=True, slots=True)
class Finer:
    """A column whose values the product ID groups."""

    column: str
    values: int
    groups: int


def finer_column(features: FeatureConfig, profile: Profile) -> Finer | None:
    """Return the column that names what is bought more finely than the product ID does.

    Each of its values is in one group, is bought again and again, and by several buyers. The one
    with the most rows a value is returned; None if there is none, or if there are many groups.
    """
    buyer = id_column(features, "buyer", profile)
    product = id_column(features, "product", profile)
    if buyer is None or product is None or not 2 <= product.distinct <= _FEW_GROUPS:
        return None
    found: list[Finer] = []
    for name in dict.fromkeys(profile.names):
        if name in (buyer.name, product.name) or profile.names.count(name) > 1:
            continue
        values = profile.column(name).distinct
        if not _FINER * product.distinct <= values <= profile.rows / _ROWS:
            continue
        is_grouped = profile.ambiguous(name, product.name) <= _STRAY * values
        if is_grouped and profile.ambiguous(name, buyer.name) >= _SHARED * values:
            found.append(Finer(name, values, product.distinct))
    return min(found, key=lambda each: each.values, default=None)


def known_before(features: FeatureConfig, profile: Profile) -> frozenset[str]:
    """Return the buyer tower's features that cannot name what was bought in a row, by output name.

    They are known before the purchase: columns that are the same in all rows of a buyer, and lists
    that the data does not have, since they are made of what each buyer bought before.
    """
    lists = frozenset(
        feature.output_name
        for feature in features.buyer_model_features
        if isinstance(feature, HistoryFeature) and feature.column not in profile.names
    )
    return lists | _fixed(features, profile)


def _fixed(features: FeatureConfig, profile: Profile) -> frozenset[str]:
    buyer = id_column(features, "buyer", profile)
    repeated = sum(1 for count in profile.counts(buyer.name) if count > 1) if buyer else 0
    if buyer is None or repeated < _SEEN:
        return frozenset()
    columns = read_by(features, "buyer", profile).items()
    return frozenset(
        name
        for column, (_, name) in columns
        if profile.column(column).kind != "list"
        and profile.ambiguous(buyer.name, column) <= _STRAY * repeated
    )
