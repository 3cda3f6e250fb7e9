"""Labelled runs are kept: what was killed or changed is made again, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture
def train(monkeypatch, tmp_path):
    """verdicts_train, in an empty folder, with a training that writes its files alone."""
    monkeypatch.syspath_prepend(str(BENCH))
    import verdicts_train

    def trained(run, folder):
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(json.dumps(run.trained))
        (folder / "training_metrics.json").write_text("{}")

    monkeypatch.setattr(verdicts_train, "WORK", tmp_path)
    monkeypatch.setattr(verdicts_train, "_train", trained)
    return verdicts_train


@pytest.fixture
def run(train):
    from verdicts_made import Made, experiment

    return Made("fine", "a run", experiment({"epochs": 2}))


def test_a_run_is_kept_once_it_is_whole(train, run):
    assert not train.holds(run)
    train.produce(run)
    assert train.holds(run)


def test_a_killed_run_is_made_again(train, run, monkeypatch):
    def killed(run, folder):
        folder.mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "_train", killed)
    with pytest.raises(KeyboardInterrupt):
        train.produce(run)
    assert train.folder_of(run.key).exists()
    assert not train.holds(run)


@pytest.mark.parametrize(
    "change", [{"rows": 5_000}, {"data": "uniform"}, {"stop_after": 3}, {"edit": ("a", "b")}]
)
def test_a_run_that_is_made_otherwise_is_not_kept(train, run, change):
    train.produce(run)
    assert not train.holds(replace(run, **change))


def test_a_config_that_changes_is_trained_again(train, run):
    train.produce(run)
    config = {**run.config, "model": {**run.config["model"], "epochs": 3}}
    assert not train.holds(replace(run, config=config))


def test_a_copy_is_spoiled_and_its_origin_is_not(train, run):
    train.produce(run)
    copy = replace(run, label="foreign files", copy_of=run.key, spoil="empty metrics")
    train.produce(copy)
    metrics = "training_metrics.json"
    assert (train.folder_of(copy.key) / metrics).read_bytes() == b""
    assert (train.folder_of(run.key) / metrics).read_text() == "{}"
    assert train.holds(copy)
    assert train.holds(run)


def test_labels_travel_with_the_runs_and_their_data(train, run, tmp_path, monkeypatch):
    import verdicts_export
    from verdicts_labels import HALVES

    monkeypatch.setattr(verdicts_export, "WORK", tmp_path)
    train.produce(run)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / run.file).write_bytes(b"rows")
    missing = replace(run, name="not made")
    half = {run.key: HALVES[1], missing.key: HALVES[1]}
    verdicts_export.export([run, missing], half, tmp_path / "out")
    folder = tmp_path / "out" / "other"
    labels = json.loads((folder / "labels.json").read_text())
    assert list(labels) == [run.key]
    assert labels[run.key]["verdicts"] == ["good"]
    config = json.loads((folder / run.key / "config.yaml").read_text())
    assert (folder / run.key / config["data"]["source"]).read_bytes() == b"rows"
