"""Time of an epoch in 32 bits, with bfloat16 and with XLA, as ratios, on generated transactions.

The same rows and towers, trained in turn (A B C A B C ...), since the speed of a shared machine
drifts. Adds to bench/results/precision.json, where each device and size of towers has its rounds.
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
OUTPUT = 128
KINDS: dict[str, dict[str, Any]] = {
    "float32": {},
    "bfloat16": {"precision": "mixed_bfloat16"},
    "xla": {"jit_compile": True},
    "bfloat16 and xla": {"precision": "mixed_bfloat16", "jit_compile": True},
}


def settings(kind: str, units: list[int], batch: int) -> dict[str, Any]:
    """Returns the model: towers with hidden layers so wide, and a linear one."""
    layers: list[dict[str, Any]] = [{"type": "dense", "units": width} for width in units]
    layers.append({"type": "dense", "units": OUTPUT, "activation": None})
    return {
        "buyer_tower_layers": layers,
        "product_tower_layers": layers,
        "output_embedding_dim": OUTPUT,
        "batch_size": batch,
        "negatives": "in_batch",
        "refit": False,
        "early_stopping_patience": None,
        "learning_rate": 0.05 if len(units) == 1 else 0.005,  # deeper towers collapse with more
        **KINDS[kind],
    }


def train(run: Path, model: dict[str, Any]) -> dict[str, Any]:
    """Trains on the run's transformed rows; an epoch's time is that of its steps."""
    import tensorflow as tf

    from recgen.check import load
    from recgen.generate import generate
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    plain = load(CONFIG).model_dump(mode="json")
    config = load({**plain, "model": {**plain["model"], **model}})
    with tempfile.TemporaryDirectory() as folder:
        for name, text in generate(config).items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        module = load_module(Path(folder) / "trainer_module.py")
        seconds: list[tuple[float, float]] = []

        class Timed(module.runtime.FailureWatch):  # type: ignore[name-defined, misc]
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                super().on_epoch_begin(epoch, logs)
                self.started = time.perf_counter(), time.process_time()

            def on_test_begin(self, logs: Any = None) -> None:
                now = time.perf_counter(), time.process_time()
                seconds.append((now[0] - self.started[0], now[1] - self.started[1]))

        module.runtime.FailureWatch = Timed
        arguments = fn_args(run, {"epochs": EPOCHS})
        arguments.serving_model_dir = f"{folder}/run/serving_model"
        arguments.model_run_dir = f"{folder}/run"
        module.run_fn(arguments)
        metrics = json.loads((Path(folder) / "run" / "training_metrics.json").read_text())
    return {
        "first_epoch_s": seconds[0][0],  # traces, and compiles
        "epoch_s": statistics.median(wall for wall, _ in seconds[1:EPOCHS]),
        "epoch_cpu_s": statistics.median(cpu for _, cpu in seconds[1:EPOCHS]),
        "loss": metrics["loss"]["loss"],
        "test_recall_at_100": metrics["final_metrics"]["test_recall_at_100"],
        "tensorflow": tf.__version__,
        "device": _device(tf),
    }


def _device(tf: Any) -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return f"{os.cpu_count()} CPU cores"
    return str(tf.config.experimental.get_device_details(gpus[0])["device_name"])


def _prepare(run: Path, rows: int) -> None:
    """Makes transactions and transforms them, unless an earlier call did."""
    if (run / "examples").exists():
        return
    data = run.with_suffix(".csv")
    data.parent.mkdir(parents=True, exist_ok=True)
    recgen = [sys.executable, "-m", "recgen"]
    demo = ["demo-data", "--rows", str(rows), "--out", str(data), "--force"]
    subprocess.run([*recgen, *demo], check=True, cwd=ROOT)
    command = ["train", str(CONFIG), "--data", str(data), "--out", str(run), "--epochs", "1"]
    subprocess.run([*recgen, *command], check=True, cwd=ROOT)


def main() -> None:
    """Runs all kinds in turn and prints each round's times, relative to float32."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--units", type=int, nargs="+", default=[512], help="hidden layers")
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--run", type=Path, default=ROOT / "runs" / "bench" / "precision")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    _prepare(options.run, options.rows)
    rounds = []
    for number in range(options.rounds):
        models = {kind: settings(kind, options.units, options.batch) for kind in KINDS}
        results = {kind: train(options.run, model) for kind, model in models.items()}
        usual = results["float32"]
        ratios = {
            kind: {name: result[name] / usual[name] for name in ("epoch_s", "epoch_cpu_s")}
            for kind, result in results.items()
        }
        rounds.append({**results, "ratios": ratios})
        shown = "  ".join(f"{kind} {ratio['epoch_s']:.2f}" for kind, ratio in ratios.items())
        print(f"round {number + 1}: time of an epoch  {shown}", flush=True)
    path = ROOT / "bench" / "results" / "precision.json"
    widths = "-".join(map(str, [*options.units, OUTPUT]))
    name = f"{usual['device']}, {widths}, batches of {options.batch:,}"
    stored = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**stored, name: rounds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
