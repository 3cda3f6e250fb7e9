"""Training throughput of the generated trainer against the TFRS tutorial's loop, as a ratio.

Both train on the same rows and measure loss and top-100 recall on the same validation rows after
every epoch. They run in turn (A B A B ...), since the speed of a shared machine drifts: only the
ratio can be quoted. Writes bench/results/throughput.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "examples" / "online_retail" / "config.yaml"
EPOCHS = 4


def generated(run: Path) -> dict[str, Any]:
    """Trains with the run's trainer module; an epoch's time includes its validation."""
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    module = load_module(run / "trainer_module.py")
    seconds: list[float] = []

    class Timed(module.MetricsFile):  # type: ignore[name-defined, misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, logs)
            seconds.append(time.perf_counter() - self.started)

    module.MetricsFile = Timed
    with tempfile.TemporaryDirectory() as folder:
        arguments = fn_args(run, {"epochs": EPOCHS})
        arguments.serving_model_dir = f"{folder}/serving_model"
        module.run_fn(arguments)
        metrics = json.loads((Path(folder) / "training_metrics.json").read_text())
    recall = metrics["recall"]["val_recall_at_100"][-1]
    return _result(metrics["params"]["train_rows"], seconds, recall)


def tutorial(run: Path) -> dict[str, Any]:
    """Trains the tutorial's model: ID embeddings of 32, Adagrad 0.1, batches of 8,192.

    As in the tutorial, the training batches are cached and the validation metric is
    FactorizedTopK. It is switched off in training, which makes the tutorial 2.6 times faster.
    """
    import tensorflow as tf
    import tensorflow_recommenders as tfrs
    import tf_keras

    rows = {name: _raw_rows(run, name) for name in ("train", "eval")}
    users, items = (sorted(set(rows["train"][name])) for name in ("CustomerID", "StockCode"))

    def tower(names: list[str]) -> Any:
        lookup = tf_keras.layers.StringLookup(vocabulary=names, mask_token=None)
        return tf_keras.Sequential([lookup, tf_keras.layers.Embedding(len(names) + 1, 32)])

    class Tutorial(tfrs.models.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.users, self.items = tower(users), tower(items)
            candidates = tf.data.Dataset.from_tensor_slices(items).batch(128).map(self.items)
            metric = tfrs.metrics.FactorizedTopK(candidates)
            self.task = tfrs.tasks.Retrieval(metrics=metric)

        def compute_loss(self, features: Any, training: bool = False) -> Any:
            return self.task(
                self.users(features["CustomerID"]),
                self.items(features["StockCode"]),
                compute_metrics=not training,
            )

    def batches(name: str, size: int) -> Any:
        return tf.data.Dataset.from_tensor_slices(rows[name]).shuffle(100_000).batch(size).cache()

    seconds: list[float] = []

    class Timer(tf_keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds.append(time.perf_counter() - self.started)

    model = Tutorial()
    model.compile(tf_keras.optimizers.Adagrad(0.1))
    history = model.fit(
        batches("train", 8192),
        validation_data=batches("eval", 4096),
        epochs=EPOCHS,
        callbacks=[Timer()],
        verbose=0,
    )
    recall = history.history["val_factorized_top_k/top_100_categorical_accuracy"][-1]
    return _result(len(rows["train"]["StockCode"]), seconds, recall)


def _raw_rows(run: Path, name: str) -> dict[str, list[str]]:
    """Returns the IDs of one part, from the transformed examples and their vocabularies."""
    import tensorflow as tf

    columns = ("CustomerID", "StockCode")
    spec = {column: tf.io.FixedLenFeature([], tf.int64) for column in columns}
    files = tf.io.gfile.glob(str(run / "examples" / name / "*"))
    everything = tf.data.TFRecordDataset(files).batch(1 << 20)
    examples = tf.io.parse_example(next(iter(everything)), spec)
    assets = run / "transform" / "transform_fn" / "assets"
    rows = {}
    for column in columns:
        words = [*(assets / f"{column}_vocab").read_text().splitlines(), "unknown"]
        rows[column] = [words[index] for index in examples[column].numpy()]
    return rows


def _result(rows: int, seconds: list[float], recall: float) -> dict[str, Any]:
    median = statistics.median(seconds[1:])  # the first epoch traces and fills caches
    return {"examples_per_s": rows / median, "epoch_s": seconds, "val_recall_at_100": recall}


def _alone(kind: str, run: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", kind, "--run", str(run)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Runs both in turn and prints the ratio of each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", type=Path, default=ROOT / "runs" / "bench" / "throughput")
    parser.add_argument("--one", choices=("generated", "tutorial"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.one:
        print(json.dumps({"generated": generated, "tutorial": tutorial}[options.one](options.run)))
        return
    if options.data:
        command = [sys.executable, "-m", "recgen", "train", str(CONFIG), "--epochs", "1"]
        out = ["--data", str(options.data), "--out", str(options.run)]
        subprocess.run([*command, *out], check=True, cwd=ROOT)
    rounds = []
    for number in range(options.rounds):
        peer, ours = _alone("tutorial", options.run), _alone("generated", options.run)
        ratio = ours["examples_per_s"] / peer["examples_per_s"]
        rounds.append({"tutorial": peer, "generated": ours, "ratio": ratio})
        print(
            f"round {number + 1}: tutorial {peer['examples_per_s']:,.0f}/s, "
            f"generated {ours['examples_per_s']:,.0f}/s, ratio {ratio:.2f}",
            flush=True,
        )
    ratios = [item["ratio"] for item in rounds]
    print(f"ratio: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")
    target = ROOT / "bench" / "results" / "throughput.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rounds, indent=1) + "\n")


if __name__ == "__main__":
    main()
