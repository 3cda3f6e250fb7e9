"""A training_metrics.json made by hand, for tests."""

from __future__ import annotations

from typing import Any

KS = (5, 10, 50, 100)


def series(epochs: int) -> list[float]:
    return [1.0 / (epoch + 1) for epoch in range(epochs)]


def stats(epochs: int) -> dict[str, Any]:
    edges = [float(edge) for edge in range(-13, 13)]
    counts = [[epoch] * 25 for epoch in range(epochs)]
    moments = {name: series(epochs) for name in ("mean", "std", "min", "max", "norm")}
    return {**moments, "histogram": {"bin_edges": edges, "counts": counts}}


def metrics_data(epochs: int = 2, **params: Any) -> dict[str, Any]:
    """Returns what a generated trainer writes after so many epochs."""
    losses = ("loss", "regularization_loss", "total_loss")
    recalls = {f"recall_at_{k}": k / 200 for k in KS}
    return {
        "schema_version": 1,
        "available": True,
        "saved_at": "2026-01-31T12:00:00Z",
        "epochs": list(range(epochs)),
        "loss": {f"{part}{name}": series(epochs) for part in ("", "val_") for name in losses},
        "recall": {f"val_{name}": [value] * epochs for name, value in recalls.items()},
        "gradient": {name: series(epochs) for name in ("total", "query", "candidate")},
        "weight_stats": {tower: stats(epochs) for tower in ("query", "candidate")},
        "gradient_stats": {tower: stats(epochs) for tower in ("query", "candidate")},
        "final_metrics": {
            "final_loss": 0.5,
            "test_loss": None,
            **{f"test_{name}": value for name, value in recalls.items()},
            **{f"test_popularity_{name}": value / 2 for name, value in recalls.items()},
        },
        "params": {
            "name": "shop",
            "model_type": "retrieval",
            "optimizer": "adam",
            "learning_rate": 0.5,
            "candidates": 600,
            "device": "CPU",
            **params,
        },
    }


COLLAPSE = {
    "gradient_collapse_detected": True,
    "gradient_collapse_epoch": 1,
    "collapsed_towers": ["query", "candidate"],
    "failure": "Epoch 2: Training collapsed.",
}
