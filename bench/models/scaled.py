"""Trains a run's trainer for a bounded number of steps, with a clock. In a process of its own.

`python -m bench.models.scaled RUN --steps N`; the last line that is printed is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

from bench.models.tutorial import tensorflow
from bench.processes import own_peak_mb

_EPOCHS = 3  # the first traces and fills caches


class Clock:
    """Keeps the seconds of what an epoch consists of, a value an epoch."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.validation: list[float] = []
        self.end: list[float] = []

    def callback(self) -> Any:
        """Returns this clock as a Keras callback; it has to be the last."""
        clock = self

        class Ticking(tensorflow().keras.callbacks.Callback):  # type: ignore[misc]
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                self.at = time.perf_counter()

            def on_test_begin(self, logs: Any = None) -> None:
                clock.steps.append(self._passed())

            def on_test_end(self, logs: Any = None) -> None:
                clock.validation.append(self._passed())

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                clock.end.append(self._passed())

            def _passed(self) -> float:
                before, self.at = self.at, time.perf_counter()
                return self.at - before

        return Ticking()


def train(run: Path, steps: int) -> dict[str, Any]:
    """Trains epochs of some steps, and returns what each part of them takes."""
    tf = tensorflow()
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    module = load_module(run / "trainer_module.py")
    # Products are drawn at random: popularity is all that can be learnt, and the watch says so.
    module.runtime.GRACE_STEPS = 1 << 20
    clock, fit = Clock(), tf.keras.Model.fit
    imported_mb, began, read = own_peak_mb(), time.perf_counter(), []

    def timed_fit(model: Any, *data: Any, **settings: Any) -> Any:
        read.append(time.perf_counter() - began)
        settings["callbacks"] = [*settings.get("callbacks", ()), clock.callback()]
        return fit(model, *data, **settings)

    with tempfile.TemporaryDirectory(dir=run) as folder:
        arguments = fn_args(run, {"epochs": _EPOCHS})
        arguments.serving_model_dir = f"{folder}/serving_model"
        arguments.train_steps = steps
        with mock.patch.object(tf.keras.Model, "fit", timed_fit):
            module.run_fn(arguments)
        metrics = json.loads((Path(folder) / "training_metrics.json").read_text("utf-8"))
    params = metrics["params"]
    return {
        "rows": params["train_rows"],
        "products": params["candidates"],
        "batch": params["batch_size"],
        "steps": steps,
        "read_s": read[0],
        "step_s": statistics.median(clock.steps[1:]) / steps,
        "validated": params["validated_rows"],
        "validation_s": statistics.median(clock.validation[1:]),
        "end_s": statistics.median(clock.end[1:]),
        "imported_mb": imported_mb,
        "peak_mb": own_peak_mb(),
    }


def main() -> None:
    """Trains as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    options = parser.parse_args()
    print(json.dumps(train(options.run, options.steps)))


if __name__ == "__main__":
    main()
