"""What an answer of the saved model costs: p50, p99 and memory, beside TFRS's BruteForce, in turn.

The searches are those of generated trainers, saved and loaded: for one buyer's vector of width 64,
the 100 best of random products. Clients also pay for the transform and the buyer tower, which do
not depend on the catalogue. Variants take turns, so that a busy machine slows all of them.
`--update` keeps the results in bench/results/serving.json; docs/serving.md says what came of it.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "serving.json"
SIZES = (10_000, 100_000, 1_000_000)
WIDTH, K, PAST, LISTED, BUYERS = 64, 100, 50, 100, 1000
REQUESTS = {10_000: 400, 100_000: 200, 1_000_000: 50}
VARIANTS = {
    "tfrs": "TFRS's BruteForce",
    "towers": "final layer, without past purchases",
    "final": "final layer, 50 past purchases",
    "filtered": "the same, 100 IDs left out",
}


def main() -> None:
    """Measure the searches and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--memory", nargs=2, metavar=("FOLDER", "SIZE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory:
        folder, size = given.memory
        print(json.dumps(_memory(Path(folder), int(size))))
        return
    rows = [row for size in given.sizes for row in _measure(size)]
    if given.update:
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        print(" ".join(f"{name}={value}" for name, value in row.items()))


def _measure(size: int) -> list[dict[str, Any]]:
    """Return a row for each variant: times in ms, memory and file size in MB.

    On a busy machine, most requests wait: the fastest twentieth (p5) says what the work takes.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _save(folder, size)
        times = _times(folder, size)
        rows = []
        for variant, own in times.items():
            path = folder / variant
            command = [sys.executable, __file__, "--memory", str(path), str(size)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            files = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            rows.append(
                {
                    "products": size,
                    "variant": variant,
                    "p5_ms": round(float(np.quantile(own, 0.05)), 2),
                    "p50_ms": round(statistics.median(own), 2),
                    "p99_ms": round(float(np.quantile(own, 0.99)), 2),
                    "ratio_to_tfrs": round(
                        statistics.median(a / b for a, b in zip(own, times["tfrs"], strict=True)),
                        2,
                    ),
                    "files_mb": round(files / 2**20, 1),
                    **json.loads(done.stdout.splitlines()[-1]),
                }
            )
        return rows


def _save(folder: Path, size: int) -> None:
    """Save a model of each variant, with the same random catalogue."""
    import tensorflow as tf
    import tensorflow_recommenders as tfrs

    runtime = _runtime(folder)
    random = np.random.default_rng(0)
    vectors = random.standard_normal((size, WIDTH), np.float32)
    ids = [f"P{number:07d}" for number in range(size)]
    vector, text = tf.TensorSpec([None, WIDTH]), tf.TensorSpec([None, None], tf.string)
    past = tf.TensorSpec([None, None], tf.int64, "past")

    index = tfrs.layers.factorized_top_k.BruteForce(k=K)
    index.index(tf.constant(vectors), tf.constant(ids))
    index.answer = tf.function(
        lambda queries: dict(zip(("scores", "product_ids"), index(queries), strict=True)),
        input_signature=[vector],
    )
    tf.saved_model.save(index, str(folder / "tfrs"), {"serve": index.answer})

    search = runtime.ExactSearch(_model(runtime, vectors, past=False), ids, K)
    search.answer = tf.function(
        lambda queries: search.best(queries, {"buyer": tf.zeros_like(queries[:, 0], tf.int64)}),
        input_signature=[vector],
    )
    tf.saved_model.save(search, str(folder / "towers"), {"serve": search.answer})

    search = runtime.ExactSearch(_model(runtime, vectors, past=True), ids, K)

    def features(queries: Any, past: Any) -> dict[str, Any]:
        buyers = tf.zeros_like(queries[:, 0], tf.int64)
        return {"buyer": buyers, "past": tf.RaggedTensor.from_tensor(past)}

    search.answer = tf.function(
        lambda queries, past: search.best(queries, features(queries, past)),
        input_signature=[vector, past],
    )
    search.filtered = tf.function(
        lambda queries, past, excluded, only: search.best_allowed(
            queries, features(queries, past), excluded, only
        ),
        input_signature=[vector, past, text, text],
    )
    tf.saved_model.save(search, str(folder / "final"), {"serve": search.answer})
    tf.saved_model.save(search, str(folder / "filtered"), {"serve": search.filtered})


def _runtime(folder: Path) -> Any:
    from recgen.local.child import load_module
    from recgen.runtime import NAME, runtime_text

    (folder / NAME).write_text(runtime_text(), encoding="utf-8")
    return load_module(folder / NAME)


def _model(runtime: Any, vectors: Any, past: bool) -> Any:
    """Return what a search reads of a model."""
    import tensorflow as tf

    size = len(vectors)
    columns = SimpleNamespace(buyer="buyer", past="past" if past else "", time="time")
    positions = np.append(np.arange(size), -1).astype(np.int32)
    catalogue = SimpleNamespace(
        columns=columns, indices=positions[:-1], position=positions, buyers=BUYERS
    )
    layer = runtime.FinalLayer(catalogue, 1.0)
    layer.repeats.assign([0.1, 0.2, 0.3, -0.1])
    return SimpleNamespace(final_layer=layer, candidates=tf.constant(vectors))


def _times(folder: Path, size: int) -> dict[str, list[float]]:
    """Return the milliseconds of each request by variant; the variants take turns."""
    calls = {name: _caller(folder / name, size) for name in VARIANTS}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(5):
            call()
    gc.disable()
    for _ in range(REQUESTS.get(size, 100)):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(1000 * (time.perf_counter() - start))
    gc.enable()
    return times


def _caller(path: Path, size: int) -> Callable[[], Any]:
    """Return a function that answers the next of some requests."""
    import tensorflow as tf

    random = np.random.default_rng(1)
    model = tf.saved_model.load(str(path))
    signature = model.signatures["serve"]
    given: dict[str, Any] = {
        "queries": tf.constant(random.standard_normal((1, WIDTH), np.float32)),
        "past": tf.constant(random.integers(size, size=(1, PAST))),
        "excluded": tf.constant([[f"P{n:07d}" for n in random.integers(size, size=LISTED)]]),
        "only": tf.zeros([1, 0], tf.string),
    }
    wanted = {name: given[name] for name in signature.structured_input_signature[1]}

    def call() -> Any:
        return model and signature(**wanted)["product_ids"].numpy()  # keeps the model

    return call


def _memory(path: Path, size: int) -> dict[str, float]:
    """Return what loading a model and one answer add to this process, in MB, and the seconds."""
    import tensorflow as tf

    before, start = _resident(), time.perf_counter()
    tf.constant(0.0)
    call = _caller(path, size)
    seconds = time.perf_counter() - start
    call()
    return {"memory_mb": round(_resident() - before, 1), "load_seconds": round(seconds, 2)}


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
