"""Trainings that several test files run. No TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from runs import Plain, Run

OUTPUT = 48
"""Width of deep towers' outputs. The shop's IDs are 32 wide, so that they go through the layers:
what goes around them would keep a dead tower alive."""
RELU_LAST = [{"type": "dense", "units": units} for units in (128, 64, OUTPUT)]
LINEAR_LAST = [*RELU_LAST[:2], {"type": "dense", "units": OUTPUT, "activation": None}]
ALLOWED = ["RG201", "RG203", "RG204", "RG206", "RG227", "RG228"]
"""Rules that refuse what some of these tests do on purpose."""
ONCE: Plain = {
    "refit": "none",
    "final_layer": "none",
    "early_stopping_patience": None,
    "buyer_id_dropout": 0.0,
}
"""All epochs of one training of the towers: for tests whose subject is something else."""
Epoch = Callable[[Any, int, Plain], None]


def deep(layers: list[Plain], **more: Any) -> Plain:
    """Returns a model with the same layers in both towers, and with many steps in an epoch."""
    towers = {"buyer_tower_layers": layers, "product_tower_layers": layers}
    width = {"output_embedding_dim": OUTPUT} if layers else {}
    return {**towers, **width, "batch_size": 64, **more}


def fails(run: Run, module: Any = None, name: str = "run", **custom: Any) -> tuple[str, Plain]:
    """Trains what must stop itself; returns the message and the metrics, which are valid JSON."""
    with pytest.raises(RuntimeError) as caught:
        (module or run.module()).run_fn(run.fn_args(name, **custom))
    metrics = run.metrics(name)
    failure, kind = (metrics["params"][key] for key in ("failure", "failure_kind"))
    assert str(caught.value) == f"RECGEN-FAILURE {kind} {failure}"  # a line to match in a log
    assert "\n" not in failure
    assert metrics["epochs"][-1] == metrics["params"]["failure_epoch"]
    assert "test_recall_at_10" in metrics["final_metrics"]
    assert not run.saved(name).exists()
    assert not list(run.saved(name).parent.glob("checkpoints*"))
    return failure, metrics


def at_epoch_end(module: Any, act: Epoch) -> None:
    """Calls `act(checkpoints, epoch, logs)` before an epoch's end is dealt with; it may change
    the logs."""
    usual = module.runtime.Checkpoints.on_epoch_end

    def on_epoch_end(checkpoints: Any, epoch: int, logs: Plain) -> None:
        act(checkpoints, epoch, logs)
        usual(checkpoints, epoch, logs)

    module.runtime.Checkpoints.on_epoch_end = on_epoch_end


def models_of(module: Any) -> list[Any]:
    """Returns a list to which each model is added that is trained."""
    models: list[Any] = []
    usual = module.RetrievalModel.fit

    def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
        models.append(model)
        return usual(model, *args, **kwargs)

    module.RetrievalModel.fit = fit
    return models
