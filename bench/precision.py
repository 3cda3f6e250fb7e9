"""Time of an epoch in 32 bits, with bfloat16 and with XLA, as ratios, on generated transactions.

The same rows and towers, trained in turn (A B C A B C ...), each in a process of its own, since
the speed of a shared machine drifts. Writes bench/results/precision.json.
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
# Wide enough for layers to be most of a step's work.
LAYERS = [{"type": "dense", "units": 512}, {"type": "dense", "units": 128, "activation": None}]
COMMON = {
    "buyer_tower_layers": LAYERS,
    "product_tower_layers": LAYERS,
    "output_embedding_dim": 128,
    "batch_size": 2048,
    "negatives": "in_batch",
    "refit": False,
    "early_stopping_patience": None,
}
KINDS: dict[str, dict[str, Any]] = {
    "float32": {},
    "bfloat16": {"precision": "mixed_bfloat16"},
    "xla": {"jit_compile": True},
}


def train(kind: str, run: Path) -> dict[str, Any]:
    """Trains on the run's transformed rows; an epoch's time is that of its steps."""
    import tensorflow as tf

    from recgen.check import require
    from recgen.generate import generate
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    plain = require(CONFIG).model_dump(mode="json")
    config = require({**plain, "model": {**plain["model"], **COMMON, **KINDS[kind]}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trainer_module.py"
        path.write_text(generate(config)["trainer_module.py"], encoding="utf-8")
        module = load_module(path)
        seconds: list[tuple[float, float]] = []

        class Timed(module.FailureWatch):  # type: ignore[name-defined, misc]
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                super().on_epoch_begin(epoch, logs)
                self.started = time.perf_counter(), time.process_time()

            def on_test_begin(self, logs: Any = None) -> None:
                now = time.perf_counter(), time.process_time()
                seconds.append((now[0] - self.started[0], now[1] - self.started[1]))

        module.FailureWatch = Timed
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
    }


def _alone(kind: str, run: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", kind, "--run", str(run)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


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
    parser.add_argument("--run", type=Path, default=ROOT / "runs" / "bench" / "precision")
    parser.add_argument("--one", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.one:
        print(json.dumps(train(options.one, options.run)))
        return
    _prepare(options.run, options.rows)
    rounds = []
    for number in range(options.rounds):
        results = {kind: _alone(kind, options.run) for kind in KINDS}
        usual = results["float32"]
        ratios = {
            kind: {name: result[name] / usual[name] for name in ("epoch_s", "epoch_cpu_s")}
            for kind, result in results.items()
        }
        rounds.append({**results, "ratios": ratios})
        shown = "  ".join(f"{kind} {ratio['epoch_s']:.2f}" for kind, ratio in ratios.items())
        print(f"round {number + 1}: time of an epoch  {shown}", flush=True)
    path = ROOT / "bench" / "results" / "precision.json"
    path.write_text(json.dumps(rounds, indent=1) + "\n")


if __name__ == "__main__":
    main()
