"""The benchmark of ranking: its labels, its scores by hand, its means and its page. No training."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="needs the extra `data`")
pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
import pyarrow.parquet as pq  # noqa: E402

from bench.models import rating  # noqa: E402
from bench.models.rated_runs import _with_known_columns  # noqa: E402
from bench.models.rating import PEERS  # noqa: E402
from bench.ranking import Setting, _measure  # noqa: E402
from bench.ranking_page import page  # noqa: E402
from bench.rated import (  # noqa: E402
    AGAIN,
    AMOUNT,
    WITHIN,
    Rated,
    evaluate,
    is_label_known,
    leads,
    next_times,
    past,
    read_rows,
    write_rows,
)
from bench.store import Store  # noqa: E402

DAY = 86_400


def rated(**columns: Any) -> Rated:
    """Returns rows with a target, of which the last half is the test."""
    count = len(columns["target"])
    usual = {"buyer": np.zeros(count, int), "product": np.zeros(count, int)}
    table = pa.table({AGAIN if columns.pop("binary", False) else AMOUNT: np.zeros(count)})
    is_test = np.arange(count) >= count // 2
    found = {**usual, "time": np.arange(count), **columns}
    arrays = {name: np.asarray(values) for name, values in found.items()}
    return Rated(table=table, is_test=is_test, **arrays)


def test_the_next_purchase_of_a_pair_is_strictly_later():
    found = next_times(np.array([1, 1, 2, 1, 2]), np.array([0, 0, 5, 9, 3]))
    never = np.iinfo(np.int64).max
    assert found.tolist() == [9, 9, never, never, 5]


def test_labels_are_known_when_they_are_used():
    """A row just before the test has a label that purchases of the test decide."""
    days = np.arange(401)
    known = is_label_known(days * DAY)
    end = 400 - WITHIN // DAY
    cut = 0.9 * end
    expected = [day <= end and (day < cut - 30 or day >= cut) for day in days]
    assert known.tolist() == expected


def test_rows_are_labelled_from_the_file(tmp_path: Path):
    start = dt.datetime(2024, 1, 1)
    rows = [("a", "x", day) for day in range(0, 400, 20)] + [("b", "y", day) for day in (0, 50)]
    table = pa.table(
        {
            "CustomerID": [buyer for buyer, _, _ in rows],
            "StockCode": [product for _, product, _ in rows],
            "InvoiceDate": [start + dt.timedelta(days=day) for _, _, day in rows],
            "Quantity": list(range(len(rows))),
        }
    )
    pq.write_table(table, tmp_path / "all.parquet")
    write_rows(tmp_path / "all.parquet", "BoughtAgain", 0, tmp_path / "made.parquet")
    found = read_rows(tmp_path / "made.parquet")
    assert found.is_binary
    by_buyer = dict(zip(found.buyer.tolist(), found.target.tolist(), strict=True))
    assert by_buyer == {0: 1.0, 1: 0.0}
    assert found.time.max() - found.time.min() <= 350 * DAY
    write_rows(tmp_path / "all.parquet", "Quantity", 0, tmp_path / "made.parquet")
    amounts = read_rows(tmp_path / "made.parquet")
    assert not amounts.is_binary
    assert amounts.target.max() < 21  # limited to the 99th percentile of training rows


def test_errors_are_those_worked_out_by_hand():
    rows = rated(target=[5, 5, 1, 3], buyer=[0, 0, 0, 1])
    found = evaluate(rows, np.array([2.0, 3.0]))
    assert found["RMSE"]["value"] == pytest.approx(np.sqrt(0.5))
    assert found["MAE"]["value"] == pytest.approx(0.5)
    assert found["RMSE of logarithms"]["value"] == pytest.approx(np.log(1.5) / np.sqrt(2))
    assert found["RMSE"]["low"] == 0.0  # only the second buyer is drawn
    assert found["RMSE"]["high"] == 1.0


def test_chances_are_scored_by_hand():
    truth = [1, 0, 1, 0, 0]
    rows = rated(target=[0, 0, 0, 0, 0, *truth], buyer=[0] * 5 + [0, 0, 1, 1, 2], binary=True)
    found = evaluate(rows, np.array([0.9, 0.1, 0.4, 0.6, 0.3]))
    assert found["AUC"]["value"] == pytest.approx(5 / 6)
    assert found["GAUC"]["value"] == pytest.approx(0.5)  # the third buyer has one class
    losses = -np.log([0.9, 0.9, 0.4, 0.4, 0.7])
    assert found["log loss"]["value"] == pytest.approx(losses.mean())
    assert found["ECE"]["value"] == pytest.approx(np.abs([0.1, 0.1, 0.6, 0.6, 0.3]).mean())


def test_equal_predictions_have_the_area_of_chance():
    rows = rated(target=[0, 1, 0, 1], binary=True)
    assert evaluate(rows, np.array([0.2, 0.2]))["AUC"]["value"] == 0.5


def test_a_lead_is_above_zero_for_the_better():
    rows = rated(target=[0, 0, 0, 0, 0, 1, 0, 1], buyer=[0, 0, 1, 1, 0, 0, 1, 1], binary=True)
    good, bad = np.array([0.1, 0.8, 0.1, 0.8]), np.array([0.6, 0.5, 0.6, 0.5])
    assert all(each["value"] >= 0 for each in leads(rows, good, bad).values())
    assert leads(rows, good, bad)["AUC"]["value"] == 1.0


@pytest.mark.parametrize("bad", [[np.nan, 1.0], [1.0]])
def test_what_is_no_prediction_is_refused(bad):
    with pytest.raises(ValueError, match="predictions"):
        evaluate(rated(target=[1, 2, 3, 4]), np.array(bad))


def test_a_history_ends_before_the_row_and_before_the_test():
    rows = rated(
        target=[1] * 6,
        buyer=[0, 0, 0, 1, 0, 0],
        product=[0, 1, 0, 0, 0, 2],
        time=[0, 1, 2, 9, 9, 10],
    )
    had, count = past(rows)
    assert had.tolist() == [0, 0, 1, 0, 1, 0]
    assert count.tolist() == [0, 1, 2, 0, 2, 2]


def test_the_sum_of_both_means_adds_what_each_exceeds_the_mean_by():
    buyer, product = np.divmod(np.arange(40) % 4, 2)
    target = 10 + 4 * buyer + product
    rows = rated(target=target, buyer=buyer, product=product)
    found = PEERS["both_means"][1](rows, rows.training, rows.test, 1)
    assert found == pytest.approx(target[rows.test])
    assert PEERS["global_mean"][1](rows, rows.training, rows.test, 1) == pytest.approx(12.5)


def test_trees_learn_what_a_column_says(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("sklearn", reason="needs the extra `bench`")
    monkeypatch.setattr(rating, "_TREES", 100)  # which are enough for one column
    draw = np.random.default_rng(0)
    buyer, product = draw.integers(0, 20, 2000), draw.integers(0, 20, 2000)
    rows = rated(target=np.where(buyer % 2, 20.0, 2.0), buyer=buyer, product=product)
    columns = {"Country": ["UK"] * 2000, "UnitPrice": np.ones(2000), AMOUNT: rows.target}
    rows = Rated(pa.table(columns), rows.target, rows.buyer, rows.product, rows.time, rows.is_test)
    found = PEERS["trees"][1](rows, rows.training, rows.test, 1)
    assert np.abs(found - rows.target[rows.test]).mean() < 1


def _figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def test_the_page_says_what_multitask_costs_and_who_is_best():
    scores = {"RMSE": 12.0, "MAE": 5.0, "RMSE of logarithms": 0.6}
    changed = {"ranking": 1.0, "no_dot_product": 1.0, "history": 1.0}
    changed |= {"multitask": 1.02, "trees": 0.9}
    results: list[dict[str, Any]] = [
        {
            "name": name,
            "number": seed,
            "scores": {k: _figure(v * factor + seed / 100) for k, v in scores.items()},
        }
        for name, factor in changed.items()
        for seed in (1, 2)
    ]
    recall = {view: {f"recall@{k}": {"value": 0.3} for k in (10, 100)} for view in ("all", "new")}
    lost = {view: {name: {"value": 0.2} for name in own} for view, own in recall.items()}
    results += [{"name": "retrieval", "number": 1, "recall": recall}]
    for each in results:
        if each["name"] == "multitask":
            each["recall"] = lost
    counts = {"training_rows": 90, "test_rows": 10, "buyers": 5, "test_buyers": 3, "products": 7}
    means = {"training_mean": 1.0, "test_mean": 2.0, "largest": 9.0}
    leads_ = {"trees": {name: _figure(-1.0) for name in scores}}
    text = page(
        {
            "rows": 100,
            "Quantity": results,
            "split": {"Quantity": {**counts, **means}},
            "leads": {"Quantity": leads_},
        }
    )
    lines = text.splitlines()
    trees = next(line for line in lines if line.startswith("| gradient-boosted trees | 2"))
    assert trees.count("**") == 6  # the best of all three
    recall_line = next(line for line in lines if line.startswith("| recall@10 of all pairs"))
    assert recall_line.endswith("| -33.3% | **no** |")
    error = next(line for line in lines if line.startswith("| RMSE | 12.2"))
    assert error.endswith("| +2.0% | yes |")


def test_a_client_sends_the_past_that_the_run_knows(tmp_path: Path):
    known = {"CustomerID": ["b", "a"], "Country": ["FR", "UK"], "past": [["x", "y"], None]}
    pq.write_table(pa.table(known), tmp_path / "buyers.parquet")
    rows = pa.table({"CustomerID": ["a", "b", "new", "b"], "Country": ["DE", "DE", "DE", "DE"]})
    found = _with_known_columns(rows, tmp_path, ["CustomerID", "Country", "past"])
    assert found["past"].to_pylist() == [[], ["x", "y"], [], ["x", "y"]]
    assert found["Country"].to_pylist() == ["DE"] * 4  # what the row says


def test_a_row_is_measured_once_for_the_same_inputs(tmp_path: Path):
    rows = rated(target=[1, 2, 3, 4])
    setting = Setting("Quantity", tmp_path, 2)
    store, made = Store(tmp_path / "results.json"), []

    def make(missing: Any) -> None:
        made.append(list(missing))
        for name, seed in missing:
            (tmp_path / name).mkdir(exist_ok=True)
            np.save(tmp_path / name / f"predicted-{seed}.npy", np.array([3.0, 4.0]) + seed - 1)
            (tmp_path / name / f"measured-{seed}.json").write_text('{"seconds": 1.0}', "utf-8")

    wanted, inputs = {"one": 2, "two": 1}, {"one": "a", "two": "b"}
    for _ in range(2):
        _measure(store, setting, rows, wanted, inputs, make)
    _measure(store, setting, rows, wanted, {**inputs, "two": "c"}, make)
    assert made == [[("one", 1), ("one", 2), ("two", 1)], [("two", 1)]]
    errors = {
        (each["name"], each["number"]): each["scores"]["MAE"]["value"]
        for each in store.content["Quantity"]
    }
    assert errors == {("one", 1): 0.0, ("one", 2): 1.0, ("two", 1): 0.0}
