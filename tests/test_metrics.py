"""The schema of training_metrics.json: what fits, what does not, and what is said about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from metrics_data import COLLAPSE, metrics_data

from recgen import RecgenError, TrainingMetrics


def read(tmp_path: Path, content: Any) -> TrainingMetrics:
    path = tmp_path / "training_metrics.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return TrainingMetrics.read(path)


def changed(path: str, value: Any) -> dict[str, Any]:
    data = metrics_data()
    place: Any = data
    *parts, last = path.split(".")
    for part in parts:
        place = place[part]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return data


def test_what_a_trainer_writes_fits(tmp_path):
    metrics = read(tmp_path, metrics_data())
    assert metrics.epochs == [0, 1]
    assert metrics.saved_at.isoformat() == "2026-01-31T12:00:00+00:00"
    assert (metrics.val_recall(10), metrics.test_recall(10)) == (0.05, 0.05)
    assert (metrics.popularity_recall(100), metrics.test_recall(7)) == (0.25, None)
    assert not metrics.failed


def test_a_file_of_no_epoch_fits(tmp_path):
    metrics = read(tmp_path, metrics_data(0))
    assert metrics.val_recall(10) is None


@pytest.mark.parametrize(
    "params",
    [COLLAPSE, {"nan_detected": True, "nan_epoch": 0}, {"failure": "Something else."}],
)
def test_a_training_that_was_stopped_says_so(tmp_path, params):
    assert read(tmp_path, metrics_data(**params)).failed


def test_more_keys_may_be_there(tmp_path):
    for path in ("more", "params.more", "weight_stats.query.more", "final_metrics.final_more"):
        read(tmp_path, changed(path, 1))
    read(tmp_path, changed("loss.more_loss", [None, 0.5]))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("schema_version", 2, "schema_version: Input should be 1"),
        ("schema_version", KeyError, "schema_version: Field required"),
        ("available", False, "available"),
        ("saved_at", "2026-01-31T12:00:00", "saved_at"),
        ("epochs", [1, 2], "epochs are not 0, 1, 2"),
        ("epochs", [0, True], "epochs[1]"),
        ("loss.val_loss", [0.5], "loss.val_loss has 1 value for 2 epochs"),
        ("loss.val_loss", KeyError, "loss.val_loss: Field required"),
        ("loss.more_loss", [0.5, "x"], "loss.more_loss[1]"),
        ("recall.val_recall_at_5", [], "recall.val_recall_at_5 has 0 values"),
        ("gradient.query", ["0.5", 1.0], "gradient.query[0]"),
        ("weight_stats.query.norm", [0.5], "weight_stats.query.norm has 1 value"),
        ("weight_stats.candidate", KeyError, "weight_stats.candidate: Field required"),
        ("gradient_stats.query.histogram.counts", [[0] * 25], "histogram.counts has 1 value"),
        ("gradient_stats.query.histogram.counts", [[0] * 24] * 2, "histogram.counts[0]"),
        ("gradient_stats.query.histogram.counts", [[-1] * 25] * 2, "counts[0][0]"),
        ("gradient_stats.query.histogram.bin_edges", [0.0] * 26, "bin_edges do not increase"),
        ("gradient_stats.query.histogram.bin_edges", [0.0, 1.0], "bin_edges"),
        ("params.gradient_collapse_detected", True, "gradient_collapse_epoch is missing"),
        ("params.collapsed_towers", ["buyer"], "params.collapsed_towers[0]"),
        ("final_layer", {"weights": {"towers": "0.5"}}, "final_layer.weights.towers"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, path, value, said):  # P71, P72
    with pytest.raises(
        RecgenError, match=r"training_metrics\.json does not match the schema"
    ) as error:
        read(tmp_path, changed(path, value))
    assert said in error.value.message
    assert "Value error" not in error.value.message


def test_many_misfits_are_counted(tmp_path):
    data = {"schema_version": 1, "available": True}
    with pytest.raises(RecgenError) as error:
        read(tmp_path, data)
    assert error.value.message.endswith("Field required; and 5 more")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ('{"epochs": NaN}', "contains NaN, which JSON does not have"),  # P51
        ('{"more": -Infinity}', "contains -Infinity"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "does not match the schema: the file: "),
    ],
)
def test_what_is_no_strict_json_is_refused(tmp_path, content, said):
    with pytest.raises(RecgenError, match=said) as error:
        read(tmp_path, content)
    assert error.value.help


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "training_metrics.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RecgenError, match="is not JSON"):
        TrainingMetrics.read(path)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(RecgenError, match="there is no file") as error:
        TrainingMetrics.read(tmp_path / "training_metrics.json")
    assert "recgen train" in error.value.help
    with pytest.raises(RecgenError, match="Is a directory"):
        TrainingMetrics.read(tmp_path)


def test_the_json_schema_describes_what_is_read():
    schema = TrainingMetrics.model_json_schema()
    assert {"epochs", "loss", "weight_stats", "final_metrics"} <= set(schema["required"])
    assert schema["properties"]["epochs"]["description"].startswith("0, 1")


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "x"])
def test_a_time_that_some_zones_do_not_have_is_none(text):
    from recgen.metrics.values import time_of

    assert time_of(text) is None


@pytest.mark.parametrize("value", ["x", 1e38, 1e308, 10**400, float("inf"), -1, [1], {}])
def test_what_is_no_count_of_rows_is_left_out(value):
    from recgen.metrics.reading import file_of

    assert file_of({"params": {"train_rows": value}}).metrics.params.train_rows is None
