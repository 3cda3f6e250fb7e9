"""How many replicas there are: what the machine has, what custom_config allows, TF_CONFIG."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest


@pytest.fixture
def machine(runtime: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Returns a function of a machine's GPUs and a custom_config: the replicas there."""

    def mirrored(devices: list[str]) -> Any:
        return SimpleNamespace(num_replicas_in_sync=len(devices), devices=devices)

    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(runtime.tf.distribute, "MirroredStrategy", mirrored)

    def replicas(gpus: int, **custom: Any) -> Any:
        names = [f"GPU:{number}" for number in range(gpus)]
        monkeypatch.setattr(runtime, "accelerators", lambda: names)
        settings = runtime.Settings(epochs=1, batch_size=64, learning_rate=0.1, seed=1, **custom)
        return runtime.Replicas(settings)

    return replicas


@pytest.mark.parametrize("gpus", [0, 1])
def test_up_to_one_gpu_there_is_one_replica_and_no_strategy(
    machine: Any, runtime: Any, gpus: int
) -> None:
    replicas = machine(gpus)
    assert (replicas.count, replicas.worker) == (1, 0)
    assert replicas.strategy is runtime.tf.distribute.get_strategy()
    batches = object()
    assert replicas.distribute(batches, 64) is batches


def test_all_gpus_are_used(machine: Any) -> None:
    assert machine(4).strategy.devices == ["GPU:0", "GPU:1", "GPU:2", "GPU:3"]
    assert machine(4, gpu_enabled=True).count == 4


def test_gpu_count_is_the_most_that_are_used(machine: Any) -> None:
    replicas = machine(4, gpu_enabled=True, gpu_count=2)
    assert (replicas.count, replicas.strategy.devices) == (2, ["GPU:0", "GPU:1"])
    assert machine(4, gpu_count=1).count == 1
    assert machine(2, gpu_count=4).count == 2  # without gpu_enabled, nobody asks for four


@pytest.mark.parametrize("custom", [{"gpu_enabled": False}, {"gpu_count": 0}])
def test_no_gpu_is_used_where_none_is_wanted(
    runtime: Any, monkeypatch: pytest.MonkeyPatch, custom: dict[str, Any]
) -> None:
    """TensorFlow shows two; what it would place there by itself counts, too."""
    visible = [["GPU:0", "GPU:1"]]
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(runtime.tf.config, "get_visible_devices", lambda _: visible[-1])
    monkeypatch.setattr(
        runtime.tf.config, "set_visible_devices", lambda devices, _: visible.append(devices)
    )
    settings = runtime.Settings(epochs=1, batch_size=64, learning_rate=0.1, seed=1, **custom)
    replicas = runtime.Replicas(settings)
    assert visible[-1] == []
    assert replicas.count == 1
    assert replicas.strategy is runtime.tf.distribute.get_strategy()


@pytest.mark.parametrize(
    ("gpus", "custom", "wanted"),
    [(0, {}, 1), (0, {"gpu_count": 1}, 1), (1, {"gpu_count": 2}, 2), (2, {"gpu_count": 3}, 3)],
)
def test_gpus_that_are_asked_for_and_missing_are_one_clear_error(
    machine: Any, gpus: int, custom: dict[str, Any], wanted: int
) -> None:  # P59
    message = rf"asks for {wanted} GPU\(s\) and TensorFlow sees {gpus}: check the machine type"
    with pytest.raises(RuntimeError, match=message):
        machine(gpus, gpu_enabled=True, **custom)


@pytest.mark.parametrize("kind", ["chief", "worker"])
def test_a_cluster_of_one_task_is_none(
    machine: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Vertex AI sets TF_CONFIG for a single machine, too."""
    task = {"type": kind, "index": 0}
    content = {"cluster": {kind: ["localhost:2222"]}, "task": task}
    machine(0)
    monkeypatch.setenv("TF_CONFIG", json.dumps(content))
    replicas = machine(0)
    assert (replicas.count, replicas.workers, replicas.worker) == (1, 1, 0)
    assert machine(2).count == 2
    args = SimpleNamespace(serving_model_dir="run/model", model_run_dir="run")
    assert replicas.output_folders(args) == (["run"], "run/tensorboard")
    replicas.require_same(rows=7)


@pytest.mark.parametrize(
    ("kind", "index", "place"), [("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)]
)
def test_a_cluster_has_one_first_worker_and_only_it_writes(
    machine: Any, runtime: Any, monkeypatch: pytest.MonkeyPatch, kind: str, index: int, place: int
) -> None:
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    content = {"cluster": cluster, "task": {"type": kind, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(content))
    strategy = SimpleNamespace(num_replicas_in_sync=3)
    monkeypatch.setattr(runtime.tf.distribute, "MultiWorkerMirroredStrategy", lambda: strategy)
    replicas = machine(1)
    assert (replicas.count, replicas.workers, replicas.worker) == (3, 3, place)
    args = SimpleNamespace(serving_model_dir="run/model", model_run_dir="run")
    folders, log_folder = replicas.output_folders(args, "bucket")
    assert folders == ([] if place else ["run", "bucket"])
    assert bool(folders) == bool(log_folder) == (place == 0)
    assert replicas.own_folder("x") == ("x" if place == 0 else f"x-worker-{place}")


def test_a_batch_is_a_multiple_of_the_replicas(
    machine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine(1).batch_size(101) == 101
    assert capsys.readouterr().out == ""
    replicas = machine(3)
    assert replicas.batch_size(101) == 99
    assert capsys.readouterr().out == "note: 3 replicas, 33 rows each\n"
    with pytest.raises(ValueError, match="2 rows are too few for 3 replicas"):
        replicas.batch_size(2)
