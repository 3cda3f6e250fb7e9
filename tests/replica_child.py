"""A process that takes steps or trains with a generated module, with as many devices as asked.

`python tests/replica_child.py TASKS.json`; TF_CONFIG in its environment makes it a worker.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from runs import Run

Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Machine(Run):
    """A run on a machine with some devices, which stand for GPUs."""

    devices: Sequence[str] = ()

    def module(self) -> Any:
        module = super().module()
        module.runtime.accelerators = lambda: list(self.devices)
        return module


def only_one(make: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that makes one strategy, as a training's process does.

    The collectives of a second one would meet those of the first.
    """
    made: list[Any] = []

    def strategy(*arguments: Any) -> Any:
        if not made:
            made.append(make(*arguments))
        return made[0]

    return strategy


def main() -> None:
    tasks = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * tasks["devices"]
    tf.config.set_logical_device_configuration(cpu, devices)
    for name in ("MirroredStrategy", "MultiWorkerMirroredStrategy"):
        setattr(tf.distribute, name, only_one(getattr(tf.distribute, name)))
    names = [f"CPU:{number}" for number in range(tasks["devices"])]
    for task in tasks["tasks"]:
        folder, data = Path(task["folder"]), Path(task["data"])
        run = Machine(folder, data, config=None, devices=names)  # type: ignore[arg-type]
        out = Path(task["out"])
        if task["kind"] == "step":
            np.savez(out, **take_step(run, task["custom"]))
        elif task["kind"] == "fit":
            out.write_text(json.dumps(fit(run, task["custom"], task["ask"])))
        else:
            fit_until_killed(run, task["custom"])


def take_step(run: Run, custom: Mapping[str, Any]) -> Arrays:
    """Returns loss, gradients and, after a step, weights: of the first global batch."""
    result: Arrays = {}

    def fit(model: Any, batches: Any, **_: Any) -> None:
        strategy, batch = model.distribute_strategy, next(iter(batches))

        @tf.function
        def step(batch: Any) -> Any:
            def own(batch: Any) -> Any:
                losses, _, gradients = model.compute_gradients(batch, training=True)
                dense = [tf.convert_to_tensor(gradient) for gradient in gradients.values()]
                model.train_step(batch)
                return losses["total_loss"], dense

            loss, gradients = strategy.run(own, (batch,))
            first = [strategy.experimental_local_results(g)[0] for g in gradients]
            return strategy.reduce("MEAN", loss, axis=None), first

        with strategy.scope():
            before = [weight.numpy() for weight in model.trainable_variables]
            loss, gradients = step(batch)
        result["loss"] = loss.numpy()
        for number, weight in enumerate(model.trainable_variables):
            result[f"gradient {number}"] = gradients[number].numpy()
            result[f"step {number}"] = weight.numpy() - before[number]
        raise StopIteration

    module = run.module()
    module.RetrievalModel.fit = fit
    try:
        module.run_fn(run.fn_args("step", **custom))
    except StopIteration:
        return result
    raise AssertionError("run_fn did not train")


def fit(run: Run, custom: Mapping[str, Any], ask: Mapping[str, Any] | None) -> Any:
    """Trains; returns the files that this process put in place, and what the model answers."""
    written = []
    rename = tf.io.gfile.rename

    def note(source: str, target: str, overwrite: bool = False) -> None:
        written.append(Path(target).name)
        rename(source, target, overwrite)

    tf.io.gfile.rename = note
    run.module().run_fn(run.fn_args(**custom))
    tf.io.gfile.rename = rename
    scores = None
    if ask:
        answer = tf.saved_model.load(str(run.saved())).signatures["serving_default"]
        inputs = answer.structured_input_signature[1]
        asked = {k: tf.constant(v, inputs[k].dtype) for k, v in ask.items()}
        scores = answer(**asked)["scores"].numpy().tolist()
    return {"written": written, "scores": scores}


def fit_until_killed(run: Run, custom: Mapping[str, Any]) -> None:
    """Trains two epochs, and dies; of a worker that is not the first, the disk dies, too."""
    module = run.module()
    usual = module.runtime.Checkpoints.on_epoch_end

    def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
        usual(self, epoch, logs)
        if epoch == 1:
            if "-worker-" in self.folder:
                shutil.rmtree(self.folder)
            os._exit(9)

    module.runtime.Checkpoints.on_epoch_end = on_epoch_end
    module.run_fn(run.fn_args(**custom))


if __name__ == "__main__":
    main()
