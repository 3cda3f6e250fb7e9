"""The benchmark of proposals: what is kept back, and what its data sets are like. No training."""

from __future__ import annotations

from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="needs the extra `data`")
pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")

from bench.proposals import _filled_up, _k, divide  # noqa: E402
from bench.proposals_page import page  # noqa: E402
from bench.protocol import Lists, by_scores, evaluate  # noqa: E402
from bench.shapes import DataSet, Market, simulate  # noqa: E402

_DAYS = {
    "who": ["a", "a", "b", "c", "a", "a", "b", "new"],
    "what": ["x", "y", "x", "y", "x", "unsold", "y", "x"],
    "day": [0, 10, 20, 89, 90, 95, 99, 100],
}


def test_the_last_tenth_of_the_time_is_kept_back() -> None:
    found = divide(DataSet(lambda: pa.table(_DAYS), "who", "what", "day"))
    assert found.file["day"].to_pylist() == [0, 10, 20, 89]
    pairs = [
        (found.known.training.buyers[b], found.known.training.products[p])
        for b, p in zip(found.known.buyer, found.known.product, strict=True)
    ]
    assert pairs == [("a", "x"), ("b", "y")]  # "unsold" is no candidate
    assert found.known.is_new.tolist() == [False, True]
    assert found.unknown.training.buyers[found.unknown.buyer].tolist() == ["new"]


def test_without_times_rows_are_drawn() -> None:
    table = pa.table({"who": ["a", "b"] * 200, "what": ["x", "y", "z", "x"] * 100})
    found = divide(DataSet(lambda: table, "who", "what"))
    assert 340 <= len(found.file) <= 380


def test_markets_are_as_they_are_told() -> None:
    def pairs(market: Market) -> Any:
        found = simulate(market)
        assert (np.diff(found.time) >= 0).all()
        return len(found.buyer), len(np.unique(found.buyer * market.products + found.product))

    rows, distinct = pairs(Market(50, 100, 3000, basket=2, repeats=0, is_once=True))
    assert rows == distinct
    rows, distinct = pairs(Market(50, 100, 3000, repeats=0.8))
    assert distinct < 0.5 * rows
    rows, distinct = pairs(Market(50, 100, 0, basket=1, visits=1))
    assert rows == distinct == 50


def test_lists_that_lack_products_are_filled_up_with_nothing() -> None:
    split = divide(DataSet(lambda: pa.table(_DAYS), "who", "what", "day")).known
    short = by_scores(lambda buyers: np.tile([0.0, 1.0], (len(buyers), 1)))

    def one(buyers: Any, k: int) -> Lists:
        lists = short(buyers, 1)
        return Lists(lists.products[:, :1], lists.scores[:, :1])

    found = evaluate(split, _filled_up(one), resamples=1)
    assert found["all"]["recall@5"]["value"] == 0.5  # "y" alone is in the lists


@pytest.mark.parametrize(("products", "k"), [(5000, 100), (500, 100), (300, 50), (60, 10), (10, 5)])
def test_a_k_that_tells_recommenders_apart(products: int, k: int) -> None:
    assert _k(products) == k


def test_the_page_begins_with_what_counting_does_better() -> None:
    def result(ours: float, best: float) -> dict[str, Any]:
        row = {"recall": {"recgen": ours, "popularity": best}, "interval": [0.2, 0.4]}
        row["gap"] = round(ours - best, 4)
        return {"k": 10, "rows": 1234, "views": {"new_filtered": row}}

    text = page({"grocery": result(0.3, 0.41), "fashion": result(0.3, 0.39)})
    head, development, report = text.split("\n## ")
    assert "- grocery, new filtered: ours 0.300, popularity 0.410\n" in head
    assert "fashion" not in head
    assert "| grocery, 1,234 rows, recall@10 | new filtered |" in development
    assert "| popularity | 0.390 |" in report
    assert "No baseline is above" in page({"fashion": result(0.3, 0.39)})
    both = result(0.3, 0.41)
    both["views"] |= {"all": {**result(0.6, 0.3)["views"]["new_filtered"], "interval": [0.5, 0.7]}}
    assert "popularity 0.410 (of all pairs, ours 0.600, popularity 0.300)" in page({"x": both})
