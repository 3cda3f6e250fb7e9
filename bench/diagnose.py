"""Time and memory of `recgen diagnose` on metrics of 500 epochs, and of `recgen runs` on many."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "diagnose.json"
ROUNDS = 5


def metrics(epochs: int) -> dict[str, Any]:
    """Returns what a generated trainer writes after so many epochs, as large as it gets."""
    fall = [7.0 - 2 * (1 - math.exp(-epoch / 40)) for epoch in range(epochs)]
    rise = [0.3 * (1 - math.exp(-epoch / 40)) for epoch in range(epochs)]
    moments = dict.fromkeys(("mean", "std", "min", "max", "norm"), fall)
    edges = [(edge - 12.5) / 10 for edge in range(26)]
    counts = [[epoch * 1000 + bin for bin in range(25)] for epoch in range(epochs)]
    stats = {**moments, "histogram": {"bin_edges": edges, "counts": counts}}
    towers = {"query": stats, "candidate": stats}
    losses = ("loss", "regularization_loss", "total_loss")
    shares = [value / 7 for value in fall]
    health = dict.fromkeys(("dead_units", "effective_rank", "mean_cosine"), [0.2] * epochs)
    recalls = {f"recall_at_{k}": 0.3 for k in (5, 10, 50, 100)}
    return {
        "schema_version": 1,
        "available": True,
        "saved_at": "2026-01-31T12:00:00Z",
        "epochs": list(range(epochs)),
        "loss": {f"{part}{name}": fall for part in ("", "val_") for name in losses},
        "recall": {f"val_{name}": rise for name in recalls},
        "gradient": dict.fromkeys(("total", "query", "candidate"), fall),
        "health": {
            "loss_to_chance": shares,
            "query": health,
            "candidate": health,
        },
        "weight_stats": towers,
        "gradient_stats": towers,
        "final_metrics": {
            **{f"test_{name}": value for name, value in recalls.items()},
            **{f"test_popularity_{name}": value / 2 for name, value in recalls.items()},
        },
        "params": {
            "optimizer": "adagrad",
            "learning_rate": 0.05,
            "batch_size": 1024,
            "epochs": epochs,
            "candidates": 3600,
            "test_rows": 50_000,
            "eval_rows": 20_000,
        },
    }


def measure(folder: Path, epochs: int) -> dict[str, Any]:
    """Returns what reading and judging one file costs, in this process and as a command."""
    from recgen.analysis import diagnose, load_run

    path = folder / "training_metrics.json"
    path.write_text(json.dumps(metrics(epochs), indent=1), encoding="utf-8")
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        verdict = diagnose(load_run(folder)).verdict
        seconds.append(time.perf_counter() - began)
    tracemalloc.start()
    diagnose(load_run(folder))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    taken, memory = command(folder)
    return {
        "epochs": epochs,
        "file_mb": round(path.stat().st_size / 1e6, 2),
        "verdict": verdict,
        "seconds": round(min(seconds), 4),
        "peak_mb": round(peak / 1e6, 1),
        "command_seconds": round(taken, 2),
        "command_peak_mb": round(memory / 1024, 1),
    }


def command(folder: Path) -> tuple[float, int]:
    """Returns the seconds and the most memory, in KiB, of `recgen diagnose` as a process."""
    began = time.perf_counter()
    arguments = [sys.executable, "-m", "recgen", "diagnose", str(folder)]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss


def measure_index(folder: Path, count: int) -> dict[str, Any]:
    """Returns what listing many runs of 20 epochs costs, each with the shop's config."""
    from recgen.cli import main as run

    text = json.dumps(metrics(20))
    config = (ROOT / "examples" / "online_retail" / "config.yaml").read_text("utf-8")
    for number in range(count):
        place = folder / "runs" / str(number)
        place.mkdir(parents=True)
        (place / "training_metrics.json").write_text(text, encoding="utf-8")
        (place / "config.yaml").write_text(config, encoding="utf-8")
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        run(["runs", str(folder / "runs")])
    return {"runs": count, "seconds": round(time.perf_counter() - began, 2)}


def main() -> None:
    """Measures, prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, nargs="*", default=[20, 500, 5000])
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        files = [measure(Path(name), epochs) for epochs in options.epochs]
        index = measure_index(Path(name), options.runs)
    result = {"files": files, "index": index}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
