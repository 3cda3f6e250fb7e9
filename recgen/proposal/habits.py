"""Habits of buyers: how often they come, how much they buy, and whether they buy the same again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recgen.proposal.choices import Keys
from recgen.proposal.table import Table

_NEARLY = 0.95  # of the rows
_LENGTHS = (20, 50, 100, 200, 300)  # 300: of the best preset on Online Retail
_NEVER = 0.005  # of the purchases: mistakes, or two copies of a row


@dataclass(frozen=True)
class Habits:
    """How buyers buy.

    Attributes:
        times: Different times at which a buyer buys, on average; None without times.
        again: Share of the purchases whose product the buyer had bought before.
        most: Rows that the buyers of 95% of the rows have at most.
        longest: A usual length of lists that holds about as many different products.
    """

    times: float | None
    again: float
    most: int
    longest: int

    @property
    def never_again(self) -> bool:
        """Whether nothing is bought twice, as films are not rated twice."""
        return self.again < _NEVER


def find_habits(table: Table, keys: Keys) -> Habits | None:
    """Return the habits of buyers; None without a buyer or a product."""
    buyer, product, time = keys.buyer.name, keys.product.name, keys.time.name
    if buyer is None or product is None:
        return None
    profile = table.profile
    pairs = profile.distinct([buyer, product])
    if time is None:
        nulls = max(table.columns[name].nulls for name in (buyer, product))
        purchases = profile.rows - nulls
    else:
        # Lines of one invoice with the same product are one purchase.
        purchases = profile.distinct([buyer, product, time])
    if not pairs or not purchases:
        return None
    times = table.per(buyer, time) if time is not None else None
    counts = profile.counts(buyer)
    most = _most_rows(counts)
    products = most * pairs / max(pairs, sum(counts))
    longest = next((length for length in _LENGTHS if length >= products), _LENGTHS[-1])
    return Habits(times, max(0.0, 1 - pairs / purchases), most, longest)


def _most_rows(counts: Sequence[int]) -> int:
    """Return a number of rows that the buyers of nearly all rows do not exceed.

    Args:
        counts: The number of rows of each buyer, the largest first.
    """
    left = (1 - _NEARLY) * sum(counts)
    for count in counts:
        left -= count
        if left < 0:
            return count
    return 0
