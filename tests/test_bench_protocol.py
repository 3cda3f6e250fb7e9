"""The benchmark's split and scores: against figures worked out by hand, and those of the data."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="needs the extra `data`")
pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")

import pyarrow.parquet as pq  # noqa: E402

from bench import protocol  # noqa: E402
from bench.models.counting import (  # noqa: E402
    counts,
    own_history,
    popularity,
    product_weights,
)
from bench.models.neighbours import recent_popularity, repeated  # noqa: E402
from bench.protocol import Lists, Split, evaluate, read_split  # noqa: E402
from bench.tuning import held_out  # noqa: E402

_DATA = Path(__file__).parents[2] / "shared" / "data" / "online_retail.parquet"

# (buyer, product, day): 101 days, so the test begins with day 90.
_ROWS = [
    ("a", "x", 0),
    ("a", "x", 10),
    ("a", "y", 89),
    ("b", "y", 20),
    ("b", "z", 30),
    ("c", "w", 40),
    (None, "x", 50),
    ("a", None, 60),
    ("a", "x", 90),  # a has it
    ("a", "z", 95),  # new
    ("a", "z", 96),  # the same pair again
    ("b", "x", 97),  # new
    ("b", "new", 98),  # no candidate
    ("d", "x", 99),  # no buyer of the training side
    ("b", "w", 100),  # new
]
_PAIRS = [("a", "x"), ("a", "z"), ("b", "w"), ("b", "x")]
_W, _X, _Y, _Z = range(4)


@pytest.fixture
def split(tmp_path: Path) -> Split:
    start = datetime.datetime(2020, 1, 1)
    buyers, products, days = zip(*_ROWS, strict=True)
    table = pa.table(
        {
            "CustomerID": buyers,
            "StockCode": products,
            "InvoiceDate": [start + datetime.timedelta(days=day) for day in days],
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    return read_split(tmp_path / "rows.parquet")


def _lists(rows: dict[int, list[tuple[int, float]]]) -> Callable[[Any, int], Lists]:
    """Returns what recommends these (product, score) to each buyer's code."""

    def recommend(buyers: Any, k: int) -> Lists:
        pairs = [rows[buyer][:k] for buyer in buyers.tolist()]
        products = np.array([[product for product, _ in row] for row in pairs])
        return Lists(products, np.array([[float(score) for _, score in row] for row in pairs]))

    return recommend


def _values(result: dict[str, Any], view: str) -> dict[str, float]:
    return {k: v["value"] for k, v in result[view].items() if k != "pairs"}


def test_the_split_is_by_time_and_tests_known_pairs_once(split: Split) -> None:
    training = split.training
    assert training.buyers.tolist() == ["a", "b", "c"]
    assert training.products.tolist() == ["w", "x", "y", "z"]
    assert training.buyer.tolist() == [0, 0, 0, 1, 1, 2]
    assert training.product.tolist() == [_X, _X, _Y, _Y, _Z, _W]
    pairs = list(zip(training.buyers[split.buyer], training.products[split.product], strict=True))
    assert pairs == _PAIRS
    assert split.is_new.tolist() == [False, True, True, True]
    assert split.counts()["test_buyers"] == 2


def test_scores_worked_out_by_hand(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "KS", (1, 2, 3))
    ranking = {
        0: [(_X, 4), (_Y, 3), (_W, 2), (_Z, 1)],  # ranks: x 0, z 3; without x and y: z 1
        1: [(_Y, 4), (_X, 3), (_Z, 2), (_W, 1)],  # x 1, w 3; without y and z: x 0, w 1
    }
    result = evaluate(split, _lists(ranking))

    def gain(*ranks: int) -> float:
        return sum(1 / math.log2(rank + 2) for rank in ranks)

    assert result["all"]["pairs"] == 4
    assert _values(result, "all") == pytest.approx(
        {
            "recall@1": 1 / 4,
            "recall@2": 2 / 4,
            "recall@3": 2 / 4,
            "ndcg@10": (gain(0, 3) + gain(1, 3)) / gain(0, 1) / 2,
        }
    )
    assert _values(result, "new") == pytest.approx(
        {
            "recall@1": 0,
            "recall@2": 1 / 3,
            "recall@3": 1 / 3,
            "ndcg@10": (gain(3) / gain(0) + gain(1, 3) / gain(0, 1)) / 2,
        }
    )
    assert _values(result, "new_filtered") == pytest.approx(
        {
            "recall@1": 1 / 3,
            "recall@2": 1,
            "recall@3": 1,
            "ndcg@10": (gain(1) / gain(0) + 1) / 2,
        }
    )
    assert result["distinct_products@1"] == 2
    assert result["distinct_products@2"] == 2
    assert result["distinct_products@3"] == 4


def test_equal_scores_count_against_the_model(split: Split, monkeypatch: Any) -> None:  # P63
    monkeypatch.setattr(protocol, "KS", (2, 4))
    same = [(product, 1.0) for product in (_X, _Z, _W, _Y)]
    result = evaluate(split, _lists({0: same, 1: same}))
    assert _values(result, "all")["recall@2"] == 0
    assert _values(result, "all")["recall@4"] == 1
    # Two are left by the filter, so both have the second place.
    assert _values(result, "new_filtered")["recall@2"] == 1


def test_scores_that_are_nan_are_misses(split: Split, monkeypatch: Any) -> None:  # P63
    monkeypatch.setattr(protocol, "KS", (4,))
    broken = [(product, math.nan) for product in (_X, _Z, _W, _Y)]
    result = evaluate(split, _lists({0: broken, 1: broken}))
    for view in ("all", "new", "new_filtered"):
        assert set(_values(result, view).values()) == {0}


def test_products_unknown_to_training_take_a_place(split: Split, monkeypatch: Any) -> None:
    monkeypatch.setattr(protocol, "KS", (1, 2))
    lists = {0: [(-1, 3), (_X, 2), (_Z, 1)], 1: [(-1, 3), (_X, 2), (_Z, 1)]}
    result = evaluate(split, _lists(lists))
    assert _values(result, "all")["recall@1"] == 0
    assert _values(result, "all")["recall@2"] == 2 / 4
    assert result["distinct_products@2"] == 1


def test_short_lists_have_no_filtered_view(split: Split, monkeypatch: Any) -> None:  # P67
    monkeypatch.setattr(protocol, "KS", (1, 2))
    short = {0: [(_X, 3), (_Y, 2), (_Z, 1)], 1: [(_Y, 3), (_Z, 2), (_W, 1)]}
    assert "new_filtered" not in evaluate(split, _lists(short))  # one is left, two are asked


def test_lists_that_are_not_sorted_are_refused(split: Split) -> None:
    with pytest.raises(ValueError, match="not sorted"):
        evaluate(split, _lists({0: [(_X, 1), (_Y, 2)], 1: [(_X, 2), (_Y, 1)]}))


def test_an_interval_holds_the_value_and_is_the_same_each_time(split: Split) -> None:
    ranking = {0: [(_X, 2), (_Y, 1)], 1: [(_Y, 2), (_Z, 1)]}
    first, second = (evaluate(split, _lists(ranking))["all"]["recall@5"] for _ in range(2))
    assert first == second
    # Each buyer has two pairs: a hits one, b none. Of two drawn buyers, all or none may be a.
    assert first == {"value": 0.25, "low": 0.0, "high": 0.5}


def test_own_history_comes_before_what_is_popular(split: Split) -> None:
    lists = own_history(split.training, 0)(np.array([0]), 4)
    assert lists.products.tolist() == [[_X, _Y, _W, _Z]]


@pytest.fixture(scope="module")
def real() -> Split:
    if not _DATA.exists():
        pytest.skip(f"there is no ../shared/data/{_DATA.name}: UCI Online Retail")
    return read_split(_DATA)


def test_online_retail_has_the_counts_of_the_protocol(real: Split) -> None:
    assert real.counts() == {
        "training_rows": 316_512,
        "training_buyers": 3_981,
        "candidates": 3_608,
        "test_pairs": 53_965,
        "new_test_pairs": 32_050,
        "test_buyers": 1_525,
    }


def test_popularity_has_its_known_recall(real: Split) -> None:
    result = evaluate(real, popularity(real.training, 0), resamples=10)
    assert result["all"]["recall@100"]["value"] == pytest.approx(0.1561, abs=5e-4)
    assert result["all"]["recall@10"]["value"] == pytest.approx(0.0236, abs=5e-4)
    assert result["new_filtered"]["recall@100"]["value"] == pytest.approx(0.1048, abs=5e-4)


def test_a_strict_time_split_leaves_the_same_training_rows(real: Split) -> None:
    from recgen.config import Split as ConfigSplit
    from recgen.local.split import split_table

    table = pq.read_table(_DATA, columns=["CustomerID", "StockCode", "InvoiceDate"])
    seconds = table["InvoiceDate"].cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    table = table.set_column(2, "InvoiceDate", seconds)
    wanted = ConfigSplit(kind="strict_time", date_column="InvoiceDate", validation=0.03, test=0.1)
    parts = split_table(table, wanted, "InvoiceDate")
    rows = pa.concat_tables([parts.train, parts.eval])
    names = real.training.buyers, real.training.products
    columns = (rows["CustomerID"], rows["StockCode"])
    buyer, product = (
        protocol.codes(column, known) for column, known in zip(columns, names, strict=True)
    )
    pairs = buyer * len(real.training.products) + product
    assert np.array_equal(np.sort(pairs), np.sort(real.training.pairs()))


def test_purchases_lose_weight_with_their_age(split: Split) -> None:
    a, b, c = range(3)
    bought = counts(split.training, half_life_days=10)
    assert bought[a, _X] == pytest.approx(2**-8.9 + 2**-7.9)
    assert bought[a, _Y] == 1
    assert bought[b, _Z] == pytest.approx(2**-5.9)
    assert bought[c, _X] == 0
    popular = product_weights(split.training, half_life_days=10)
    assert popular[_Y] == pytest.approx(1 + 2**-6.9)


def test_vectors_of_buyers_are_those_of_tifu_knn(split: Split) -> None:
    """The three baskets of `a`, in groups of two: (x), (x, y); the first group is the smaller."""
    vectors = repeated(split.training, within=0.5, between=0.1, group_size=2)
    assert vectors[0, _Y] == pytest.approx(1 / 2 / 2)
    assert vectors[0, _X] == pytest.approx(0.5 / 2 / 2 + 0.1 / 2)


@pytest.mark.parametrize(
    ("recent", "x", "y"), [(1, 0, 1), (2, 1 / 2, 1 / 2), (3, 2 / 3, 1 / 3), (9, 2 / 3, 1 / 3)]
)
def test_recent_popularity_is_a_share_of_the_last_baskets(
    split: Split, recent: int, x: float, y: float
) -> None:
    assert recent_popularity(split.training, recent)[0, [_X, _Y]] == pytest.approx([x, y])


def test_settings_are_chosen_on_the_last_tenth_of_the_training_time(split: Split) -> None:
    inner = held_out(split.training)  # days 0 to 89: the cut is at day 80.1
    assert len(inner.training.buyer) == len(split.training.buyer) - 1
    assert inner.training.time.max() < split.training.time.max()
    assert (inner.buyer.tolist(), inner.product.tolist()) == ([0], [_Y])  # what `a` bought then
    assert inner.is_new.all()
