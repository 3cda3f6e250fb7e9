"""Processor seconds and peak memory of one epoch of a run's trainer. In a process of its own.

`python -m bench.models.streamed RUN [--epoch-only]`; the last line that is printed is JSON.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

from bench.models.tutorial import tensorflow
from bench.processes import own_peak_mb


class _EndError(Exception):
    """The epoch is done."""


def train(run: Path, *, is_epoch_only: bool) -> dict[str, Any]:
    """Trains an epoch; returns what is read before it, itself, and all that follows, if wanted."""
    tf = tensorflow()
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    module = load_module(run / "trainer_module.py")
    # Products are drawn at random: popularity is all that can be learnt, and the watch says so.
    module.runtime.GRACE_STEPS = 1 << 20
    times, fit = [time.process_time()], tf.keras.Model.fit

    def timed_fit(model: Any, *data: Any, **settings: Any) -> Any:
        times.append(time.process_time())
        found = fit(model, *data, **settings)
        times.append(time.process_time())
        if is_epoch_only:
            raise _EndError
        return found

    with tempfile.TemporaryDirectory(dir=run) as folder:
        arguments = fn_args(run, {"epochs": 1})
        arguments.serving_model_dir = f"{folder}/serving_model"
        with mock.patch.object(tf.keras.Model, "fit", timed_fit), suppress(_EndError):
            module.run_fn(arguments)
            times.append(time.process_time())
    names = ("before_s", "epoch_s", "after_s")
    seconds = dict(zip(names, (b - a for a, b in itertools.pairwise(times)), strict=False))
    return {**seconds, "train_mb": own_peak_mb()}


if __name__ == "__main__":
    print(json.dumps(train(Path(sys.argv[1]), is_epoch_only="--epoch-only" in sys.argv)))
