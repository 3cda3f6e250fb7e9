"""What tests of diagnoses share: runs as files, made of a few figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from metrics_data import metrics_data

from recgen.analysis import Cause, Diagnosis, Run, diagnose, load_run

DEEP = [{"type": "dense", "units": units} for units in (256, 128, 64)]
Plain = dict[str, Any]


def run_of(folder: Path, metrics: Plain | None, config: Plain | None = None) -> Run:
    """Returns the run of a folder that is written with these files."""
    folder.mkdir(exist_ok=True)
    if metrics is not None:
        (folder / "training_metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    if config is not None:
        (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    return load_run(folder)


def healthy(count: int = 8, **params: Any) -> Plain:
    """Returns the metrics of a run with which nothing is wrong."""
    data = metrics_data(count)
    loss = [7.0 - 1.5 * (1 - 0.5**epoch) for epoch in range(count)]
    data["loss"]["loss"] = loss
    data["loss"]["val_loss"] = [value + 0.1 for value in loss]
    rows = {"train_rows": 20_000, "eval_rows": 1000, "test_rows": 2000, "candidates": 3600}
    told = {"optimizer": "adagrad", "learning_rate": 0.05, "epochs": count, "batch_size": 1024}
    data["params"] |= {**rows, **told, **params}
    for k in (5, 10, 50, 100):
        top = 0.3 * (k / 100) ** 0.5
        series = [top * (1 - 0.4 ** (epoch + 1)) for epoch in range(count)]
        data["recall"][f"val_recall_at_{k}"] = series
        data["final_metrics"][f"test_recall_at_{k}"] = series[-1] if series else 0.0
        data["final_metrics"][f"test_popularity_recall_at_{k}"] = top / 2
    return data


def dead(count: int = 3, **params: Any) -> Plain:
    """Returns the metrics of a run whose gradients are zero from the first epoch on."""
    data = healthy(count, **params)
    data["loss"]["loss"] = data["loss"]["val_loss"] = [6.9] * count
    for name in ("total", "query", "candidate"):
        data["gradient"][name] = [0.0] * count
    for tower in ("query", "candidate"):
        data["gradient_stats"][tower]["norm"] = [0.0] * count
    set_recall(data, 0.0)
    return data


def set_recall(data: Plain, share: float, popularity: float | None = None) -> None:
    """Gives every epoch and the test the same recall at every k."""
    for k in (5, 10, 50, 100):
        epochs = len(data["epochs"])
        data["recall"][f"val_recall_at_{k}"] = [share] * epochs
        data["final_metrics"][f"test_recall_at_{k}"] = share
        if popularity is not None:
            data["final_metrics"][f"test_popularity_recall_at_{k}"] = popularity


def older(data: Plain) -> Plain:
    """Returns metrics as an older trainer wrote them: no version, no recall per epoch."""
    kept = {k: v for k, v in data.items() if k not in ("schema_version", "recall")}
    kept["gradient"] = {name: [20.0] * len(data["epochs"]) for name in data["gradient"]}
    final = data["final_metrics"]
    kept["final_metrics"] = {k: v for k, v in final.items() if "popularity" not in k}
    kept["params"] = {
        k: v for k, v in data["params"].items() if not k.endswith("_rows") and k != "candidates"
    }
    return kept


def judge(folder: Path, metrics: Plain | None, config: Plain | None = None) -> Diagnosis:
    """Returns the diagnosis of such a run."""
    return diagnose(run_of(folder, metrics, config))


def cause(diagnosis: Diagnosis, code: str) -> Cause:
    """Returns the cause of a code, which must be there once."""
    (found,) = [each for each in diagnosis.causes if each.code == code]
    return found


def codes(diagnosis: Diagnosis) -> list[str]:
    """Returns the codes in their order."""
    return [each.code for each in diagnosis.causes]
