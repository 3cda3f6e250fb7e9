"""Reading TFRecords: speed against TensorFlow's Python loop, and memory over growing files.

The same file is read in turn (A B A B ...), since the speed of a shared machine drifts: only the
ratio can be quoted. TensorFlow's loop is what one writes to look into a file: it parses each
Example and looks at nothing. Ours is measured as far as that (columns), and with all that
`recgen inspect` counts. Memory is that of a process of its own for each file, whose rows are
200,000 different ones, again and again. Writes bench/results/records.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

ROOT = Path(__file__).resolve().parents[1]
DIFFERENT = 200_000  # rows
COMPARED = 50_000  # rows, with TensorFlow
PARTS = ("against_tensorflow", "growing")
WANTED = 10.0  # GB; what the largest file is extrapolated to

_CALL = """
import json, re, sys, time
from pathlib import Path
from recgen.inspect import inspect

def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) / 1024

before, began, cpu = peak(), time.perf_counter(), time.process_time()
(split,) = inspect(Path(sys.argv[1])).splits
print(json.dumps({
    "rows": split.rows,
    "s": time.perf_counter() - began,
    "cpu_s": time.process_time() - cpu,
    "peak_mb": peak(),
    "before_mb": before,
}))
"""


def rows() -> list[bytes]:
    """Returns framed Examples: IDs, a number, a time, and a history of up to 20 products."""
    from recgen.inspect.records import Example
    from recgen.inspect.records.checksum import masked_crc

    random = np.random.default_rng(0)
    buyers, products = random.integers(50_000, size=DIFFERENT), random.zipf(1.3, DIFFERENT) % 9000
    histories = [
        random.integers(9000, size=count).tolist() for count in random.integers(21, size=DIFFERENT)
    ]
    framed = []
    for number in range(DIFFERENT):
        message = Example()
        features = message.features.feature
        features["buyer"].int64_list.value.append(int(buyers[number]))
        features["product"].int64_list.value.append(int(products[number]))
        features["price_norm"].float_list.value.append(float(random.normal()))
        features["event_time"].int64_list.value.append(1_700_000_000 + number)
        features["history"].int64_list.value.extend(histories[number])
        record = message.SerializeToString(deterministic=True)
        length = struct.pack("<Q", len(record))
        head = length + struct.pack("<I", masked_crc(length))
        framed.append(head + record + struct.pack("<I", masked_crc(record)))
    return framed


def by_tensorflow(path: Path) -> int:
    """Reads as one does in a notebook."""
    import tensorflow as tf

    count = 0
    for raw in tf.data.TFRecordDataset(str(path)):
        tf.train.Example.FromString(raw.numpy())
        count += 1
    return count


def columns(path: Path) -> int:
    """Reads into columns, as far as the loop goes."""
    from recgen.inspect.records import Parser, RecordFile

    file, parser = RecordFile(path), Parser()
    for block in file.blocks():
        parser.parse(block)
    return file.records


def inspected(path: Path) -> int:
    """Reads and counts everything."""
    from recgen.inspect import inspect

    return inspect(path).splits[0].rows


def compare(path: Path, rounds: int) -> dict[str, Any]:
    """Returns microseconds a row of all three, and the ratios of TensorFlow's loop to ours.

    Wall time is what one waits; CPU time, over all threads, depends less on who else computes.
    """
    ways: tuple[Callable[[Path], int], ...] = (by_tensorflow, columns, inspected)
    found: dict[str, Any] = {}
    for round_number in range(rounds + 1):
        for way in ways:
            wall, cpu = time.perf_counter(), time.process_time()
            count = way(path)
            taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
            if round_number:  # the first one warms up
                for clock, seconds in taken.items():
                    micros = round(seconds / count * 1e6, 3)
                    found.setdefault(way.__name__, {}).setdefault(clock, []).append(micros)
                print(f"{way.__name__:<14} {found[way.__name__]}", flush=True)
    return {"us_a_row": found, "ratio": {n: _ratios(found, n) for n in ("columns", "inspected")}}


def _ratios(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Returns how much longer TensorFlow's loop takes, of each pair of turns, by the clock."""
    ratios: dict[str, Any] = {}
    for clock in ("wall", "cpu"):
        pairs = zip(found["by_tensorflow"][clock], found[name][clock], strict=True)
        each = [theirs / own for theirs, own in pairs]
        ratios[clock] = {"median": statistics.median(each), "min": min(each), "max": max(each)}
    return ratios


def grow(framed: list[bytes], sizes: list[float], folder: Path) -> dict[str, Any]:
    """Returns time and memory of inspecting files of these sizes in GB, plain, one also gzip."""
    data = b"".join(framed)
    found: dict[str, Any] = {}
    path = folder / "large.tfrecord"
    for size in sizes:
        repeats = max(round(size * 1e9 / len(data)), 1)
        with path.open("wb") as file:
            for _ in range(repeats):
                file.write(data)
        found[f"{size} GB"] = _call(path)
        path.unlink()
    path = folder / "large.gz"
    repeats = max(round(sizes[0] * 1e9 / len(data)), 1)
    path.write_bytes(gzip.compress(data, 6) * repeats)
    found[f"{sizes[0]} GB, gzip"] = _call(path)
    largest = found[f"{sizes[-1]} GB"]
    if sizes[-1] < WANTED:
        factor = WANTED / sizes[-1]
        found[f"{WANTED} GB, extrapolated"] = {
            "rows": largest["rows"] * factor,
            "s": largest["s"] * factor,
            "cpu_s": largest["cpu_s"] * factor,
        }
    return found


def _call(path: Path) -> dict[str, Any]:
    line = [sys.executable, "-c", _CALL, str(path)]
    done = subprocess.run(line, check=True, capture_output=True, text=True, cwd=ROOT)
    figures = {**json.loads(done.stdout), "bytes": path.stat().st_size}
    print(
        f"{path.stat().st_size / 1e9:.2f} GB: {figures['s']:.1f} s, {figures['peak_mb']:.0f} MB",
        flush=True,
    )
    return figures


def main() -> None:
    """Measures, and writes the figures to results/records.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.1, 0.5, 2.0], help="GB")
    parser.add_argument("--folder", type=Path, help="where there is space for the largest file")
    parser.add_argument("--only", choices=PARTS, help="measure one part, and keep the other")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    framed = rows()
    target = ROOT / "bench" / "results" / "records.json"
    figures = json.loads(target.read_text()) if arguments.only else {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        if arguments.only != "growing":
            path = Path(folder, "compared.tfrecord")
            path.write_bytes(b"".join(framed[:COMPARED]))
            figures["against_tensorflow"] = {**compare(path, arguments.rounds), **_about()}
        if arguments.only != "against_tensorflow":
            sizes = sorted(arguments.sizes)
            figures["growing"] = {**grow(framed, sizes, Path(folder)), **_about()}
    figures["bytes_a_row"] = sum(map(len, framed)) / len(framed)
    target.write_text(json.dumps(figures, indent=1) + "\n")


def _about() -> dict[str, Any]:
    """Returns what the figures depend on; times are those of a busy machine at a high load."""
    packages = {name: version(name) for name in ("numpy", "protobuf", "tensorflow")}
    versions = {"python": platform.python_version(), **packages}
    return {"versions": versions, "cores": os.cpu_count(), "load": os.getloadavg()[0]}


if __name__ == "__main__":
    main()
