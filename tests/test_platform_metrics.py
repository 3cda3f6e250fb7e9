"""Metrics of a training in the shapes that a platform stores, draws and judges."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, get_args

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st
from metrics_data import COLLAPSE, metrics_data

from recgen.contrib.ml_platform import (
    blessing,
    classify_failure,
    histograms,
    quick_test_fields,
    training_history,
)
from recgen.contrib.ml_platform.binning import linear
from recgen.findings import RecgenError
from recgen.metrics import TrainingMetrics
from recgen.metrics.parts import FailureKind

Plain = dict[str, Any]
# The trainer's own edges: logarithmic on both sides of 0.
LOGARITHMIC = [-(10.0 ** (2 - step / 2)) for step in range(13)]
LOGARITHMIC += [-edge for edge in reversed(LOGARITHMIC)]


# the fields of an experiment


def test_the_fields_of_a_retrieval_experiment() -> None:
    data = metrics_data()
    assert quick_test_fields(data) == {
        "loss": 0.5,  # there is no test_loss
        "recall_at_5": 0.025,
        "recall_at_10": 0.05,
        "recall_at_50": 0.25,
        "recall_at_100": 0.5,
    }
    data["final_metrics"]["test_loss"] = 0.25
    assert quick_test_fields(json.dumps(data))["loss"] == 0.25
    assert quick_test_fields(TrainingMetrics.model_validate(data))["recall_at_100"] == 0.5


def test_a_failed_training_has_what_was_measured_and_why_it_failed() -> None:
    data = metrics_data(**COLLAPSE, failure_kind="collapse")
    found = quick_test_fields(data)
    assert found["recall_at_100"] == 0.5
    assert found["error_message"] == "RECGEN-FAILURE collapse Epoch 2: Training collapsed."
    assert classify_failure(found["error_message"])["code"] == "collapse"
    old = metrics_data(gradient_collapse_detected=True, gradient_collapse_epoch=1)
    assert quick_test_fields(old)["error_message"].startswith("RECGEN-FAILURE collapse ")


def test_the_fields_of_a_ranking_experiment() -> None:
    data = metrics_data()
    data["loss"] |= {"val_rmse": [2.0, 1.5], "val_mae": [1.0, None], "val_auc_roc": []}
    data["final_metrics"] |= {"test_rmse": 1.25, "test_auc_roc": 0.75}
    found = quick_test_fields(data)
    assert (found["rmse"], found["mae"], found["test_rmse"]) == (1.5, 1.0, 1.25)
    assert found["test_auc_roc"] == 0.75
    assert "auc_roc" not in found


@pytest.mark.parametrize("metrics", ["{", "[]", 7, None, b"\xff"])
def test_what_are_no_metrics_is_said(metrics: Any) -> None:
    with pytest.raises(RecgenError, match="metrics are"):
        quick_test_fields(metrics)


def test_parts_of_other_kinds_are_left_out() -> None:
    odd = {"final_metrics": [1], "loss": {"val_rmse": "x"}, "params": None}
    assert quick_test_fields(odd) == {}
    assert histograms(odd) == {"weight_stats": {}, "gradient_stats": {}}
    assert not blessing(odd)["is_blessed"]


# curves


def test_curves_are_those_that_the_page_draws() -> None:
    found = training_history(metrics_data(12))
    assert found["epochs"] == [0, 5, 10, 11]
    assert set(found["loss"]) >= {"train", "val", "total", "val_total", "regularization"}
    assert found["loss"]["train"] == [1.0, 1 / 6, 1 / 11, 1 / 12]
    assert found["metrics"]["recall_at_100"] == [0.5] * 4
    assert set(found["weight_stats"]["query"]) == {"mean", "std", "min", "max"}
    assert set(found["gradient_stats"]["candidate"]) == {"mean", "std", "min", "max", "norm"}
    assert found["available"] is True
    assert found["histogram_available"] is True
    assert found["params"]["optimizer"] == "adam"
    assert found["verdict"]["verdict"] in ("good", "at_risk", "bad", "broken")
    assert {"recall", "health", "evaluation"} <= set(found)
    json.dumps(found, allow_nan=False)
    assert training_history(metrics_data(3))["epochs"] == [0, 1, 2]
    assert training_history(metrics_data(5), every=2)["epochs"] == [0, 2, 4]


def test_curves_of_a_failed_training_say_so() -> None:
    verdict = training_history(metrics_data(**COLLAPSE))["verdict"]
    assert verdict["verdict"] == "bad"
    assert verdict["causes"]


def test_an_empty_file_has_an_empty_history() -> None:
    found = training_history({})
    assert found["available"] is False
    assert found["epochs"] == []
    json.dumps(found, allow_nan=False)


# histograms


def test_histograms_are_on_a_linear_axis_and_keep_their_counts() -> None:
    data = metrics_data()
    counts = [0] * 25
    counts[11], counts[12], counts[13], counts[24] = 500, 30, 470, 1
    for group in ("weight_stats", "gradient_stats"):
        data[group]["query"]["histogram"] = {"bin_edges": LOGARITHMIC, "counts": [counts, counts]}
    data["weight_stats"]["rating_head"] = data["weight_stats"]["candidate"]
    found = histograms(data)
    assert set(found["weight_stats"]) == {"query", "candidate", "rating_head"}
    histogram = found["weight_stats"]["query"]["histogram"]
    edges, rows = histogram["bin_edges"], histogram["counts"]
    assert (len(edges), [len(row) for row in rows]) == (26, [25, 25])
    widths = [right - left for left, right in pairwise(edges)]
    assert max(widths) == pytest.approx(min(widths))
    assert edges[-1] < 0.01  # the one value of up to 100 does not stretch the axis
    assert [sum(row) for row in rows] == [1001, 1001]
    assert max(rows[0]) < 300  # no single bar


@some(70, 200)
@given(
    st.lists(st.lists(st.integers(0, 10**6), min_size=25, max_size=25), min_size=1, max_size=3),
    st.integers(1, 40),
)
def test_no_count_is_lost(counts: list[list[int]], bins: int) -> None:
    found = linear({"bin_edges": LOGARITHMIC, "counts": counts}, bins)
    if not any(map(any, counts)):
        assert found is None
        return
    assert found is not None
    assert len(found["bin_edges"]) == bins + 1
    assert [sum(row) for row in found["counts"]] == [sum(row) for row in counts]
    assert all(each >= 0 for row in found["counts"] for each in row)
    assert all(left < right for left, right in pairwise(found["bin_edges"]))


@pytest.mark.parametrize(
    "histogram",
    [
        None,
        [],
        {},
        {"bin_edges": [0], "counts": [[]]},
        {"bin_edges": [0, 1], "counts": [[-1]]},
        {"bin_edges": [1, 0], "counts": [[1]]},
        {"bin_edges": [0, float("nan")], "counts": [[1]]},
        {"bin_edges": [0, 1, 2], "counts": [[1]]},
        {"bin_edges": [0, 1], "counts": [["x"]]},
    ],
)
def test_what_is_no_histogram_is_none(histogram: Any) -> None:
    assert linear(histogram, 25) is None


# blessing

MEANS = {"test_product_mean_rmse": 0.8, "test_buyer_mean_rmse": 1.3, "test_global_mean_rmse": 1.4}
MEANS |= {"test_buyer_mean_auc_roc": 0.7, "test_product_mean_auc_roc": 0.55}


@pytest.mark.parametrize(
    ("change", "arguments", "is_blessed", "words"),
    [
        ({}, {}, True, "recall_at_100 is 0.5, and 0.25 for the most popular products"),
        ({}, {"min_value": 0.6}, False, "0.5, below 0.6"),
        ({}, {"min_value": "0.6"}, False, "0.5, below 0.6"),
        ({}, {"metric": "test_recall_at_10", "min_value": 0.05}, True, "recall_at_10 is 0.05"),
        ({"test_popularity_recall_at_100": 0.5}, {}, False, "no better than the most popular"),
        ({"test_recall_at_100": None}, {}, False, "was not measured"),
        ({"test_rmse": 2.0}, {"metric": "rmse", "min_value": 1.5}, False, "2, above 1.5"),
        ({"test_rmse": 1.0}, {"metric": "rmse", "min_value": 1.5}, True, "rmse is 1"),
        ({"test_rmse": 1.0, **MEANS}, {"metric": "rmse"}, False, "than the product's mean: 0.8"),
        ({"test_rmse": 0.7, **MEANS}, {"metric": "rmse"}, True, "0.8 for the product's mean"),
        ({"test_auc_roc": 0.6, **MEANS}, {"metric": "auc_roc"}, False, "the buyer's mean: 0.7"),
        ({"test_rmse_log": 2.0}, {"metric": "rmse_log", "min_value": 1}, False, "2, above 1"),
    ],
)
def test_a_model_is_blessed_with_reasons(
    change: Plain, arguments: Plain, is_blessed: bool, words: str
) -> None:
    data = metrics_data()
    data["final_metrics"] |= change
    found = blessing(data, **arguments)
    assert set(found) == {"is_blessed", "threshold_metric", "value", "reason"}
    assert found["is_blessed"] is is_blessed
    assert words in found["reason"]


def test_a_failed_training_is_never_blessed() -> None:
    found = blessing(metrics_data(**COLLAPSE), min_value=0.0)
    assert found["is_blessed"] is False
    assert "RECGEN-FAILURE" in found["reason"]


def test_the_file_may_begin_with_a_mark_of_its_encoding() -> None:
    text = json.dumps(metrics_data())
    for marked in ("\ufeff" + text, ("\ufeff" + text).encode()):
        assert quick_test_fields(marked) == quick_test_fields(text)


# failures


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_kind_of_failure_of_a_trainer_is_explained(kind: str) -> None:
    log = f"E1129 tf: noise\n  RECGEN-FAILURE {kind} Epoch 3: the reason.\nTraceback: NaN 500 quota"
    found = classify_failure(log)
    assert (found["code"], found["type"], found["matched"]) == (kind, "TrainingError", True)
    assert found["title"] != "Training was stopped"
    assert found["suggestion"].startswith("Epoch 3: the reason. ")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The replica workerpool0-0 exited: OOM when allocating tensor", "memory"),
        ("tensorflow ResourceExhaustedError: out of memory", "memory"),
        ("The replica exited with a non-zero status of 137: exit code 137", "memory"),
        ("RESOURCE_EXHAUSTED: Quota exceeded for custom_model_training_nvidia_t4_gpus", "quota"),
        ("ValueError: 'city' is not in the data, which has town, sku.", "column"),
        ("KeyError: 'city'", "column"),
        ("google.api_core.exceptions.NotFound: 404 Not found: Table b2b:x.y", "table"),
        ("403 Access Denied: Dataset b2b:x", "permission"),
        ("ValueError: 'age' arrives as string; it has to be a number.", "type"),
        ("ValueError: No train files match ['x/Split-train/*'].", "no_data"),
        ("ValueError: The eval files contain no rows: ['a'].", "no_data"),
        ("ValueError: custom_config: gpu_enabled is true, but no GPU is visible", "gpu"),
        ("504 Deadline Exceeded", "timeout"),
        ("Dataflow job failed: worker lost contact", "dataflow"),
        ("Internal error encountered.", "internal"),
        ("something else", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (b"RECGEN-FAILURE nan Epoch 1: \xff", "nan"),
        (RuntimeError("RECGEN-FAILURE collapse Epoch 1: dead."), "collapse"),
        ({"message": "403 Access Denied"}, "permission"),
    ],
)
def test_texts_of_pipelines_are_classified(text: object, code: str) -> None:
    found = classify_failure(text)
    assert found["code"] == code
    assert found["matched"] is (code != "unknown")
    assert set(found) == {"type", "title", "suggestion", "severity", "code", "matched"}


@some(30, 100)
@given(st.text(max_size=300))
def test_any_text_is_classified(text: str) -> None:
    assert classify_failure(text)["severity"] in ("error", "warning")


def test_a_long_log_is_read_from_its_end() -> None:
    log = "RECGEN-FAILURE nan old\n" + "x" * 300_000 + "\nRECGEN-FAILURE collapse Epoch 1: dead."
    assert classify_failure(log)["code"] == "collapse"
