"""Trains with a clock: the tutorial's model, or the trainer of a run. In a process of its own.

Both learn from the same rows and measure top-100 recall on the same validation rows after every
epoch. The last line that is printed is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from bench.models import tutorial
from bench.processes import own_peak_mb
from bench.protocol import TEST_SHARE, Array, Split, read_split

VALIDATION_SHARE = 0.03  # of the time span, before the test: as in our configs
_FIRST_CHECKS, _CHECKS = 16, 4  # in the first epoch, where recall rises fast, and in the others


class Clock:
    """Keeps the time of each epoch, and recall against the seconds of training.

    If it `checks`, recall is looked at within epochs, too. The clock stands still meanwhile, and
    the model's metrics are put back as they were.
    """

    def __init__(self, began: float, recall: str, checks: bool) -> None:
        self.began = began
        self.recall = recall
        self.checks = checks
        self.epoch_s: list[float] = []
        self.points: list[tuple[float, float]] = []
        self._checking = self._validating = 0.0

    def callback(self, validation: Any) -> Any:
        """Returns this clock as a Keras callback, for `fit`."""
        clock = self

        class Ticking(tutorial.tensorflow().keras.callbacks.Callback):  # type: ignore[misc]
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                self.at, self.checked = time.perf_counter(), clock._checking
                self.every = self.params["steps"] // (_CHECKS if epoch else _FIRST_CHECKS)
                self.next = self.every

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                if clock.checks and self.next <= batch + 1 < self.params["steps"]:
                    self.next = batch + 1 + self.every
                    clock.check(self.model, validation)

            def on_test_begin(self, logs: Any = None) -> None:
                self.test_at = time.perf_counter()

            def on_test_end(self, logs: Any = None) -> None:
                clock._validating += time.perf_counter() - self.test_at

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                passed = time.perf_counter() - self.at
                clock.epoch_s.append(passed - (clock._checking - self.checked))
                clock.add(logs[f"val_{clock.recall}"])

        return Ticking()

    def check(self, model: Any, validation: Any) -> None:
        """Measures recall off the clock."""
        began = time.perf_counter()
        variables = [each for metric in model.metrics for each in metric.variables]
        values = [each.numpy() for each in variables]
        found = model.evaluate(validation, return_dict=True, verbose=0)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self._checking += time.perf_counter() - began
        self.add(found[self.recall])

    def add(self, recall: float) -> None:
        """Keeps a recall, at the seconds of training so far: those of validation do not count."""
        passed = time.perf_counter() - self.began - self._checking - self._validating
        self.points.append((passed, float(recall)))


def time_tutorial(split: Split, batch: int, epochs: int) -> dict[str, Any]:
    """Trains the tutorial's model; its clock starts before the model is made."""
    train, validation = (split.training.rows(mask) for mask in _parts(split))
    tf = tutorial.tensorflow()
    tf.keras.utils.set_random_seed(1)
    # No looks within epochs: FactorizedTopK is slow, and the recall looked for is the last one.
    clock = Clock(
        time.perf_counter(), tutorial.VALIDATION_RECALL.removeprefix("val_"), checks=False
    )
    model = tutorial.build(train, validates=True)
    checked = tutorial.batches(validation, 4096)
    callbacks = [clock.callback(checked)]
    rows = tutorial.batches(train, batch)
    model.fit(rows, validation_data=checked, epochs=epochs, callbacks=callbacks, verbose=0)
    return _result(clock, len(train.buyer), len(validation.buyer), batch)


def _parts(split: Split) -> tuple[Array, Array]:
    """Returns the masks of the rows to train on and to validate with."""
    late = split.training.time >= split.time_at(TEST_SHARE + VALIDATION_SHARE)
    return ~late, late


def time_generated(run: Path) -> dict[str, Any]:
    """Trains with a run's trainer module; its clock starts with `run_fn`."""
    tf = tutorial.tensorflow()
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    module = load_module(run / "trainer_module.py")
    clock = Clock(time.perf_counter(), "recall_at_100", checks=True)
    fit = tf.keras.Model.fit

    def timed_fit(model: Any, *data: Any, **settings: Any) -> Any:
        validation = settings.get("validation_data")
        if validation is not None and not clock.points:
            settings["callbacks"] = [*settings.get("callbacks", ()), clock.callback(validation)]
        return fit(model, *data, **settings)

    with tempfile.TemporaryDirectory() as folder:
        arguments = fn_args(run, {"seed": 1})
        arguments.serving_model_dir = f"{folder}/serving_model"
        with mock.patch.object(tf.keras.Model, "fit", timed_fit):
            module.run_fn(arguments)
        metrics = json.loads((Path(folder) / "training_metrics.json").read_text("utf-8"))
    params = metrics["params"]
    return _result(clock, params["train_rows"], params["eval_rows"], params["batch_size"])


def _result(clock: Clock, rows: int, validation_rows: int, batch: int) -> dict[str, Any]:
    return {
        "rows": rows,
        "validation_rows": validation_rows,
        "batch": batch,
        # The first epoch traces and fills caches.
        "examples_per_s": rows / float(np.median(clock.epoch_s[1:])),
        "epoch_s": clock.epoch_s,
        "recall": clock.points,
        "peak_mb": own_peak_mb(),
    }


def main() -> None:
    """Trains one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("tutorial", "generated"))
    parser.add_argument("--data", type=Path, help="tutorial: the Parquet file")
    parser.add_argument("--batch", type=int, default=tutorial.BATCH)
    parser.add_argument("--epochs", type=int, default=tutorial.EPOCHS)
    parser.add_argument("--run", type=Path, help="generated: the run directory")
    options = parser.parse_args()
    if options.kind == "generated":
        result = time_generated(options.run)
    else:
        result = time_tutorial(read_split(options.data), options.batch, options.epochs)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
