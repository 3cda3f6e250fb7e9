"""Replicas: on devices of one machine and on two machines, a config trains as it does alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import Run, write_modules

from recgen.check import load

pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

BATCH = 100  # of the last 45 rows of validation, the second replica gets none
MACHINES = {"alone": (1, 1), "mirrored": (1, 2), "workers": (2, 1)}
"""How many workers there are, and how many devices each has."""
STEPS = ("plain in_batch", "history mixed", "plain full_catalogue")
"""Each has one kind of buyers and one of negatives, which do not depend on each other."""
LAYERS = [{"type": "dense", "units": 16, "l2_reg": 0.001}, {"type": "batch_norm"}]
DEEP = {"buyer_tower_layers": LAYERS, "product_tower_layers": LAYERS}
# 51 products are drawn, which two replicas cannot share evenly; the clip acts on every step.
STEP = {"optimizer": "sgd", "learning_rate": 1, "gradient_clip_norm": 0.05, **DEEP}
STEP |= {"catalogue_negatives": 51}
FIT = {"epochs": 3, "batch_size": BATCH + 1, "gradient_clip_norm": 0.05, "negatives": "mixed"}
FIT |= {"recency_half_life_days": 200, "catalogue_negatives": 51, **DEEP}
FIT |= {"ema_decay": 0.9}
ALLOWED = ["RG201", "RG203", "RG204"]
ASKED = {"customer_id": ["10001", "10002"], "country": ["Italy", "UK"], "age": [21.0, 22.0]}
ASKED |= {"past": [[900_008, 900_016], [900_001, 900_002]]}


@dataclass(frozen=True)
class Outcome:
    """What the tasks gave on one kind of machines, in their folder."""

    folder: Path

    def step(self, case: str, worker: int = 0) -> Mapping[str, Any]:
        return dict(np.load(self.folder / f"{case}-{worker}.npz"))

    def told(self, name: str, worker: int = 0) -> Any:
        return json.loads((self.folder / f"{name}-{worker}.json").read_text())

    def metrics(self, name: str) -> Any:
        return Run(self.folder / name, self.folder, None).metrics()  # type: ignore[arg-type]


@dataclass(frozen=True)
class Data:
    """Transformed transactions with a list of past products, and a folder for what is made."""

    run: Run
    folder: Path

    def task(
        self, kind: str, out: Path, custom: Mapping[str, Any], model: Mapping[str, Any]
    ) -> Any:
        """Writes the modules of a task; `out` is where they and the results go."""
        run = self.run.without("past") if out.name.startswith("plain") else self.run
        plain = run.config.model_dump(mode="json")
        out.mkdir(parents=True, exist_ok=True)
        config = load({**plain, "model": {**plain["model"], **model}}, allow=ALLOWED)
        write_modules(config, out)
        common = {"kind": kind, "folder": str(out), "data": str(self.run.data)}
        return {**common, "custom": dict(custom), "ask": None}


@pytest.fixture(scope="module")
def data(shop_with_past: Run, tmp_path_factory: pytest.TempPathFactory) -> Data:
    return Data(shop_with_past, tmp_path_factory.mktemp("distribution"))


@pytest.fixture(scope="module")
def steps(data: Data) -> Callable[[str], Outcome]:
    """Returns the steps of a kind of machines; its processes run once."""

    def make(machines: str) -> Outcome:
        folder, custom = data.folder / f"steps-{machines}", {"batch_size": BATCH}
        tasks = []
        for case in STEPS:
            model = {**STEP, "negatives": case.split()[1]}
            tasks.append(data.task("step", folder / case, custom, model))
        _run(folder, tasks, *MACHINES[machines])
        return Outcome(folder)

    return cache(make)


@pytest.fixture(scope="module")
def training(data: Data) -> Callable[[str], Outcome]:
    """Returns a training by a kind of machines; its processes run once."""

    def make(machines: str) -> Outcome:
        folder = data.folder / machines
        # Alone, the batch is given: with two replicas it follows from the config's 101 rows.
        custom = {"batch_size": BATCH} if machines == "alone" else {}
        task = data.task("fit", folder / "fit", custom, FIT)
        _run(folder, [{**task, "ask": ASKED}], *MACHINES[machines])
        return Outcome(folder)

    return cache(make)


def _run(folder: Path, tasks: list[Any], workers: int, devices: int) -> None:
    """Runs tasks in a process with some devices, or in several workers."""
    ports = _free_ports(workers)
    # As Vertex AI names them: the numbers of chief and first worker are both 0.
    cluster = {"chief": [ports[0]], "worker": ports[1:]}
    processes = []
    for worker in range(workers):
        own = [{**task, "out": f"{task['folder']}-{worker}"} for task in tasks]
        for task in own:
            task["out"] += ".npz" if task["kind"] == "step" else ".json"
            task["ask"] = None if worker else task["ask"]
        path = folder / f"tasks-{worker}.json"
        path.write_text(json.dumps({"devices": devices, "tasks": own}))
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        if workers > 1:
            task_of = {"type": "worker" if worker else "chief", "index": 0}
            environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task_of})
        command = [sys.executable, str(Path(__file__).parent / "replica_child.py"), str(path)]
        with (folder / f"log-{worker}").open("w") as log:
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    wanted = 9 if tasks[-1]["kind"] == "killed" else 0
    try:
        codes = [process.wait(timeout=600) for process in processes]
    finally:
        for process in processes:
            process.kill()
    logs = [(folder / f"log-{worker}").read_text()[-3000:] for worker in range(workers)]
    assert codes == [wanted] * workers, "\n\n".join(logs)


def _free_ports(count: int) -> list[str]:
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.mark.nightly
@pytest.mark.parametrize("machines", ["mirrored", "workers"])
def test_a_step_is_that_of_one_replica(
    steps: Callable[[str], Outcome], machines: str
) -> None:  # P45
    for case in STEPS:
        alone, together = steps("alone").step(case), steps(machines).step(case)
        assert alone.keys() == together.keys()
        norms = {part: _norm(alone, part) for part in ("gradient", "step", "loss")}
        assert norms["step"] == pytest.approx(0.05, rel=1e-3)  # the clip acts; the rate is 1
        for name, values in alone.items():
            error = np.abs(together[name] - values).max()
            assert error < 1e-5 * norms[name.partition(" ")[0]], f"{case}: {name}"


def _norm(values: Mapping[str, Any], part: str) -> float:
    return float(np.sqrt(sum(np.sum(v**2) for name, v in values.items() if part in name)))


@pytest.mark.parametrize("machines", ["mirrored", "workers"])
def test_a_training_is_that_of_one_replica(
    training: Callable[[str], Outcome], machines: str
) -> None:  # P45
    alone, together = training("alone").metrics("fit"), training(machines).metrics("fit")
    assert together["params"]["replicas"] == 2
    assert together["params"]["batch_size"] == BATCH  # of 101
    for name, values in alone["loss"].items():
        assert together["loss"][name] == pytest.approx(values, rel=1e-3), name
    for part in ("recall", "gradient"):
        for name, values in alone[part].items():
            assert together[part][name] == pytest.approx(values, rel=0.02, abs=0.02), name
    for name in ("test_loss", "test_recall_at_10"):
        value = alone["final_metrics"][name]
        assert together["final_metrics"][name] == pytest.approx(value, rel=0.02)
    for tower in ("query", "candidate"):
        for group in ("gradient_stats", "weight_stats"):
            values = alone[group][tower]["norm"]
            assert together[group][tower]["norm"] == pytest.approx(values, rel=0.01)
        for name, values in alone["health"][tower].items():
            own = together["health"][tower][name]
            assert own == pytest.approx(values, rel=0.05, abs=0.01), name
    assert together["evaluation"]["model"]["all"]["recall_at_10"] == pytest.approx(
        alone["evaluation"]["model"]["all"]["recall_at_10"], abs=0.03
    )
    scores = [training(name).told("fit")["scores"] for name in ("alone", machines)]
    np.testing.assert_allclose(scores[1], scores[0], rtol=0.02, atol=0.02)


def test_the_first_worker_writes(training: Callable[[str], Outcome]) -> None:
    together = training("workers")
    assert set(together.told("fit")["written"]) == {"training_metrics.json"}
    assert together.told("fit", worker=1)["written"] == []
    left = {path.name for path in (together.folder / "fit" / "run").iterdir()}
    assert left == {"serving_model", "tensorboard", "training_metrics.json"}
    assert len(list((together.folder / "fit" / "run" / "tensorboard").iterdir())) == 1


@pytest.mark.nightly
def test_killed_workers_go_on_together(data: Data, training: Callable[[str], Outcome]) -> None:
    folder = data.folder / "killed"
    _run(folder, [data.task("killed", folder / "fit", {}, FIT)], *MACHINES["workers"])
    left = {path.name.partition("-")[0] for path in (folder / "fit" / "run").iterdir()}
    assert left == {"checkpoints", "tensorboard", "training_metrics.json"}
    _run(folder, [data.task("fit", folder / "fit", {}, FIT)], *MACHINES["workers"])
    assert "going on after epoch 2" in (folder / "log-1").read_text()
    whole, resumed = training("workers").metrics("fit"), Outcome(folder).metrics("fit")
    for name, values in whole["loss"].items():
        assert resumed["loss"][name] == pytest.approx(values, rel=1e-3), name


def test_an_ordinary_config_trains_on_as_many_gpus_as_it_is_given(data: Data) -> None:  # P59
    """The machine has three; nothing in the config is about them."""
    folder = data.folder / "ordinary"
    custom = {"gpu_enabled": True, "gpu_count": 2, "epochs": 1}
    _run(folder, [data.task("fit", folder / "fit", custom, {"refit": False})], 1, 3)
    params = Outcome(folder).metrics("fit")["params"]
    assert params["replicas"] == 2
    assert params["batch_size"] == 256
    assert "2 replicas, 128 rows each" in (folder / "log-0").read_text()


@pytest.mark.nightly
def test_more_replicas_than_rows_are_refused(data: Data) -> None:  # P58
    folder = data.folder / "tiny"
    task = data.task("fit", folder / "fit", {"batch_size": 1}, {})
    with pytest.raises(AssertionError, match="1 rows are too few for 2 replicas"):
        _run(folder, [task], *MACHINES["mirrored"])
