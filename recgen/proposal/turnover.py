"""New products: how many of those that the test has are sold before it. Knows no files."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Any

from recgen.findings import counted, percent
from recgen.proposal.choices import Keys
from recgen.proposal.table import Table

_MOST_NEW = 0.5  # of the products sold in the test part; below, most vectors of IDs are trained
_FEWEST = 20  # products


@dataclass(frozen=True)
class Turnover:
    """Products that are sold in the test part.

    Attributes:
        sold: Their number.
        new: The number of those that are not sold before.
    """

    sold: int
    new: int

    def says(self, features: int) -> str:
        """Return what to know of it, in a product tower with so many features beside the ID."""
        share = percent(self.new / self.sold)
        text = (
            f"NEW PRODUCTS: of the {counted(self.sold, 'product')} of the test, {share} are not "
            "sold before it. "
        )
        if features:
            others = "other feature" if features == 1 else f"{features:,} other features"
            return text + (
                f"Their IDs tell nothing, so only the {others} below can. The preset cold_start is "
                "made for that. Train often."
            )
        return text + (
            "Nothing else is known of them here, so no model can rank them: add what they have in "
            "common with older ones (a category, a brand, a seller), or train often."
        )


def find_turnover(table: Table, keys: Keys, section: dict[str, Any]) -> Turnover | None:
    """Return the turnover if most products of the test are new; None without a split by time."""
    product, split = keys.product.name, section["split"]
    if product is None or split["kind"] != "strict_time":
        return None
    date = table.columns[split["date_column"]]
    if date.low is None or date.high is None:
        return None
    first = floor(date.low)
    cut = first + (floor(date.high) - first) * (1 - split["test"])
    stays = table.profile.stays(product, date.name, 1)
    sold = sum(stay.last >= cut for stay in stays)
    new = sum(stay.first >= cut for stay in stays)
    return Turnover(sold, new) if sold >= _FEWEST and new > _MOST_NEW * sold else None
