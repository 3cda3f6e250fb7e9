"""The protocol: a split by time, and scores of recommendations. Knows numpy and Arrow, no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BUYER, PRODUCT, TIME = "CustomerID", "StockCode", "InvoiceDate"
TEST_SHARE = 0.1
KS = (5, 10, 50, 100)
NDCG_AT = 10
RESAMPLES = 1000
MISSED = np.iinfo(np.int32).max
_BLOCK = 256  # buyers that are asked for together

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Training:
    """What a model may learn from: the rows before the cut, in the file's order.

    Buyers and products are numbered: a code is the place of the name in the sorted names.
    """

    buyers: Array
    """Names, [buyers]."""
    products: Array
    """Names, [products]: these are the candidates."""
    buyer: Array
    """Code of each row's buyer, [rows]."""
    product: Array
    """Code of each row's product, [rows]."""
    time: Array
    """When each row was, in the unit of `Split.time_at`, [rows]."""

    def pairs(self) -> Array:
        """Returns buyer * products + product of each row, [rows]."""
        return self.buyer * len(self.products) + self.product

    def rows(self, keep: Array) -> Training:
        """Returns the rows of a mask, with the codes as they are."""
        kept = (self.buyer[keep], self.product[keep], self.time[keep])
        return Training(self.buyers, self.products, *kept)


@dataclass(frozen=True)
class Split:
    """The training side, and the pairs of the test side whose buyer and product it knows."""

    training: Training
    buyer: Array
    """Code of each test pair's buyer, [pairs]."""
    product: Array
    """Code of each test pair's product, [pairs]."""
    is_new: Array
    """Whether the buyer lacks the product in the training data, [pairs]."""
    first: int
    """The earliest time of the whole file."""
    last: int
    """The latest."""

    def time_at(self, share: float) -> float:
        """Returns the time that lies this share of the whole span before its end."""
        return self.first + (self.last - self.first) * (1 - share)

    def counts(self) -> dict[str, int]:
        """Returns what the split holds, by name."""
        return {
            "training_rows": len(self.training.buyer),
            "training_buyers": len(self.training.buyers),
            "candidates": len(self.training.products),
            "test_pairs": len(self.buyer),
            "new_test_pairs": int(self.is_new.sum()),
            "test_buyers": len(np.unique(self.buyer)),
        }


@dataclass(frozen=True)
class Lists:
    """Recommendations for some buyers, best first."""

    products: Array
    """Codes, [buyers, k]; -1 for a product that the training data does not have."""
    scores: Array
    """Higher is better, [buyers, k]."""


Recommend = Callable[[Array, int], Lists]
"""From the codes of some buyers and a k to lists of k products, or fewer."""


def read_split(path: Path) -> Split:
    """Reads a Parquet file with transactions and cuts off the last tenth of its time span.

    Args:
        path: A file with the columns of UCI Online Retail. Rows without buyer or product are
            left out; rows at the cut or after it are test.
    """
    table = pq.read_table(path, columns=[BUYER, PRODUCT, TIME]).drop_null()
    # Milliseconds are read by recgen as whole seconds, too.
    time = table[TIME].cast(pa.timestamp("s"), safe=False).cast(pa.int64()).to_numpy()
    first, last = int(time.min()), int(time.max())
    before = pa.array(time < first + (last - first) * (1 - TEST_SHARE))
    train, test = table.filter(before), table.filter(pc.invert(before))
    buyers, products = (_names(train[name]) for name in (BUYER, PRODUCT))
    training = Training(
        buyers=buyers.to_numpy(zero_copy_only=False),
        products=products.to_numpy(zero_copy_only=False),
        buyer=codes(train[BUYER], buyers),
        product=codes(train[PRODUCT], products),
        time=time[before.to_numpy(zero_copy_only=False)],
    )
    buyer, product = codes(test[BUYER], buyers), codes(test[PRODUCT], products)
    known = (buyer >= 0) & (product >= 0)
    pairs = np.unique(buyer[known] * len(products) + product[known])
    is_new = ~np.isin(pairs, training.pairs())
    return Split(training, *np.divmod(pairs, len(products)), is_new, first, last)


def _names(column: pa.ChunkedArray) -> pa.Array:
    names = column.cast(pa.string()).unique()
    return names.take(pc.sort_indices(names))


def codes(values: pa.ChunkedArray | pa.Array, names: pa.Array | Array) -> Array:
    """Returns each value's place among some names; -1 for a value that is not there."""
    known = names if isinstance(names, pa.Array) else pa.array(names, pa.string())
    places = pc.index_in(values.cast(pa.string()), known)
    return np.asarray(places.fill_null(-1)).astype(np.int64)


def by_scores(score: Callable[[Array], Array]) -> Recommend:
    """Returns what recommends by exact scores.

    Args:
        score: From codes of buyers to scores of all products, [buyers, products].
    """

    def recommend(buyers: Array, k: int) -> Lists:
        scores = score(buyers)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return Lists(order, np.take_along_axis(scores, order, axis=1))

    return recommend


def evaluate(split: Split, recommend: Recommend, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Scores recommendations for all buyers of the test side.

    Returns:
        For each view (`all` pairs; `new` pairs; `new_filtered`: new pairs, with the buyer's past
        products taken out of the list) the number of `pairs`, and of `recall@k` (per pair) and
        `ndcg@10` (mean over buyers) the `value` and its 95% interval, `low` to `high`. Beside
        them, how many `distinct_products@k` the lists have. The view `new_filtered` is missing
        where too little of a list is left by the filter.
    """
    views = ("plain", "filtered")
    ranks = {view: np.full(len(split.buyer), MISSED) for view in views}
    shown: dict[int, set[int]] = {k: set() for k in KS}
    left = []  # in each buyer's list by the filter
    for people, lists in _ask(split, recommend):
        for k, products in shown.items():
            products.update(np.unique(lists.products[:, :k]).tolist())
        mine = np.isin(split.buyer, people)
        at = np.searchsorted(people, split.buyer[mine]), split.product[mine]
        is_unseen = _is_unseen(split.training, people, lists)
        left += np.sum(is_unseen, axis=1).tolist()
        for view, place in zip(views, _places(split.training, lists, is_unseen), strict=True):
            ranks[view][mine] = place[at]
    everything = np.full(len(split.buyer), True)
    result: dict[str, Any] = {
        "all": _scores(split, ranks["plain"], everything, resamples),
        "new": _scores(split, ranks["plain"], split.is_new, resamples),
    }
    if min(left) >= max(KS) or lists.products.shape[1] == len(split.training.products):
        result["new_filtered"] = _scores(split, ranks["filtered"], split.is_new, resamples)
    return result | {f"distinct_products@{k}": len(v - {-1}) for k, v in shown.items()}


def _ask(split: Split, recommend: Recommend) -> Iterator[tuple[Array, Lists]]:
    """Yields sorted codes of some buyers, and their lists of all products, checked."""
    people = np.unique(split.buyer)
    for block in np.array_split(people, -(-len(people) // _BLOCK)):
        lists = recommend(block, len(split.training.products))
        if lists.products.shape != lists.scores.shape or len(lists.products) != len(block):
            raise ValueError(f"{lists.products.shape} lists for {len(block)} buyers")
        if (np.diff(lists.scores, axis=1) > 0).any():
            raise ValueError("the lists are not sorted by score, the best first")
        yield block, lists


def _is_unseen(training: Training, people: Array, lists: Lists) -> Array:
    """Says of each product in a list whether the buyer does not have it, [buyers, k]."""
    seen = np.full((len(people), len(training.products) + 1), False)  # the last: of code -1
    own = np.isin(training.buyer, people)
    seen[np.searchsorted(people, training.buyer[own]), training.product[own]] = True
    unseen: Array = ~np.take_along_axis(seen, lists.products, axis=1)
    return unseen


def _places(training: Training, lists: Lists, is_unseen: Array) -> Iterator[Array]:
    """Yields each product's rank for each buyer, [buyers, products + 1]; then the filtered one.

    Equal scores count against the product, so the rank is that of the last of them. A score of
    NaN is a miss, as is a product that is not in the list.
    """
    buyers, width = lists.products.shape
    ends = np.diff(lists.scores, axis=1, append=-np.inf) != 0
    last = np.where(ends, np.arange(width), width)
    rank = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    filtered = np.take_along_axis(np.cumsum(is_unseen, axis=1), rank, axis=1) - 1
    for values in (rank, filtered):
        place = np.full((buyers, len(training.products) + 1), MISSED)
        known = np.where(np.isnan(lists.scores), MISSED, values)
        np.put_along_axis(place, lists.products, known, axis=1)
        yield place


def _scores(split: Split, rank: Array, chosen: Array, resamples: int) -> dict[str, Any]:
    """Returns the scores of the chosen pairs, with intervals from resampled buyers."""
    _, person = np.unique(split.buyer, return_inverse=True)
    people, person, rank = person.max() + 1, person[chosen], rank[chosen]
    pairs = np.bincount(person, minlength=people)

    def per_buyer(values: Array) -> Array:
        return np.bincount(person, weights=values, minlength=people)

    gain = np.where(rank < NDCG_AT, 1 / np.log2(rank.astype(float) + 2), 0)
    ideal = np.cumsum(1 / np.log2(np.arange(NDCG_AT) + 2))
    best = np.append(0, ideal)[np.minimum(pairs, NDCG_AT)]
    sums: dict[str, tuple[Array, Array]]
    sums = {f"recall@{k}": (per_buyer(rank < k), pairs) for k in KS}
    sums[f"ndcg@{NDCG_AT}"] = (per_buyer(gain) / np.where(pairs, best, 1), pairs > 0)
    # The same buyers are drawn for every model.
    draws = np.random.default_rng(0).multinomial(people, np.full(people, 1 / people), resamples)
    result: dict[str, Any] = {"pairs": len(rank)}
    for name, (above, below) in sums.items():
        low, high = np.quantile((draws @ above) / (draws @ below), (0.025, 0.975))
        result[name] = {
            "value": float(above.sum() / below.sum()),
            "low": float(low),
            "high": float(high),
        }
    return result
