"""The measured grid (docs/limits.md) against the rules: no failure that `check` lets through."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

import recgen
from bench.limits_grid import Trial, experiment

RESULTS = Path(__file__).parents[1] / "bench" / "results" / "limits.json"
_FIELDS = {field.name for field in dataclasses.fields(Trial)}
_LEAST_GAIN = 1.03  # over popularity: what is below has learnt nothing else


def _measured() -> list[dict[str, Any]]:
    return list(json.loads(RESULTS.read_text("utf-8")))


def _failed(run: dict[str, Any]) -> bool:
    learnt = run["val_recall@100"][-1] > _LEAST_GAIN * run["popularity_val@100"]
    return bool(run["failure"]) or not learnt


def _is_warned(run: dict[str, Any]) -> bool:
    trial = Trial(**{name: value for name, value in run.items() if name in _FIELDS})
    report = recgen.check(experiment(trial))
    return bool(report.errors or report.warnings)


def test_every_training_that_failed_is_warned_of() -> None:  # P42
    failed = [run for run in _measured() if _failed(run)]
    assert {"collapse", "dead_tower", "divergence"} <= {run.get("kind") for run in failed}
    silent = [run for run in failed if not _is_warned(run)]
    assert not silent


@pytest.mark.parametrize("optimizer", ["adagrad", "adam", "adamw", "rmsprop"])
def test_most_trainings_that_worked_are_not_warned_of(optimizer: str) -> None:
    runs = (run for run in _measured() if run["model"].get("optimizer", "adagrad") == optimizer)
    worked = [run for run in runs if run["group"] == "rates" and not _failed(run)]
    quiet = [run for run in worked if not _is_warned(run)]
    assert len(quiet) >= len(worked) / 3
