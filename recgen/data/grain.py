"""Whether a product ID is a group of the products in another column. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass

from recgen.config import FeatureConfig
from recgen.data.columns import id_column
from recgen.data.profile import Profile

_FEW_GROUPS = 100  # values of the product ID; with more, it may well be the product
_FINER = 3  # times as many values
_ROWS = 5  # of each value on average: it is bought again and again
_STRAY = 0.01  # share of the values that are in more than one group
_SHARED = 0.5  # share of the values that more than one buyer has


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
