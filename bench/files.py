"""What `check --data` takes for a million rows of eight columns, by the format of the file.

Each is a command of its own, so Python's start and imports are included.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROWS = 1_000_000

# The peak is read from Linux, since `ru_maxrss` begins with that of the process before.
_COMMAND = """
import re, sys, time
from recgen.cli import main
code = 0
try:
    main(["check", sys.argv[1], "--data", sys.argv[2]])
except SystemExit as ended:
    code = ended.code
with open("/proc/self/status") as status:
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) / 1024
print(f"{code} {time.process_time()} {peak}", file=sys.stderr)
"""


def config() -> dict[str, Any]:
    """Returns a config for the table."""

    def text(column: str, width: int) -> dict[str, Any]:
        embedding = {"embedding": {"embedding_dim": width}}
        return {"column": column, "data_type": "text", "transforms": embedding}

    price = {"column": "price", "bq_type": "FLOAT64", "data_type": "numeric"}
    return {
        "features": {
            "buyer_id_column": "customer_id",
            "product_id_column": "product_id",
            "buyer_model_features": [text("customer_id", 64), text("country", 8)],
            "product_model_features": [
                text("product_id", 64),
                text("title", 16),
                {**price, "transforms": {"normalize": {}}},
            ],
        },
        "data": {"split": {"kind": "strict_time", "date_column": "order_time"}},
    }


def table(rows: int) -> Any:
    """Returns transactions: IDs of unequal frequency, times, numbers, texts with commas."""
    import numpy as np
    import pyarrow as pa

    draw = np.random.default_rng(1)
    products = draw.zipf(1.2, rows) % 30_000
    times = np.sort(draw.integers(1_600_000_000, 1_700_000_000, rows))
    return pa.table(
        {
            "customer_id": [f"C{number:07}" for number in draw.zipf(1.3, rows) % 200_000],
            "product_id": [f"P{number:06}" for number in products],
            "order_time": pa.array(times.astype("datetime64[s]")),
            "price": np.round(draw.lognormal(2, 1, rows), 2),
            "quantity": draw.integers(1, 20, rows),
            "country": [f"Country {number}" for number in draw.integers(0, 40, rows)],
            "title": [f"Article, number {number}" for number in products],
            "channel": np.array(["web", "app", "shop"])[draw.integers(0, 3, rows)],
        }
    )


def write(folder: Path, rows: int) -> dict[str, Path]:
    """Writes the table in each format; returns the files by the format's name."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    data = table(rows)
    quoted, paths = folder / "quoted.csv", {"Parquet": folder / "data.parquet"}
    pq.write_table(data, paths["Parquet"])
    pyarrow.csv.write_csv(data, quoted)
    content = quoted.read_bytes()
    plain = content.replace(b'"Article, number ', b'"Article ').replace(b'"', b"")
    lines = data.set_column(2, "order_time", data["order_time"].cast(pa.string())).to_pylist()
    texts = {
        "CSV, no quotation marks": ("plain.csv", plain),
        "CSV, UTF-16": ("utf16.csv", content.decode().encode("utf-16")),
        "CSV, line breaks in fields": ("breaks.csv", content.replace(b"Article,", b"Article,\n")),
        "CSV, gzip": ("data.csv.gz", gzip.compress(content, 3)),
        "JSON lines": ("data.jsonl", "\n".join(map(json.dumps, lines)).encode()),
    }
    for name, (file, text) in texts.items():
        paths[name] = folder / file
        paths[name].write_bytes(text)
    return {"CSV": quoted, **paths}


def measure(path: Path, settings: Path) -> dict[str, float]:
    """Returns seconds, processor seconds and the peak of memory of one command."""
    began = time.perf_counter()
    line = [sys.executable, "-c", _COMMAND, str(settings), str(path)]
    done = subprocess.run(line, check=True, capture_output=True, text=True, cwd=ROOT)
    code, used, peak = done.stderr.splitlines()[-1].split()
    if code not in ("0", "1"):
        raise RuntimeError(done.stderr)
    seconds = time.perf_counter() - began
    return {"s": seconds, "cpu_s": float(used), "peak_mb": float(peak)}


def main() -> None:
    """Measures, and writes the figures to results/files.json."""
    sys.path.insert(0, str(ROOT))
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "config.yaml")
        settings.write_text(json.dumps(config()), encoding="utf-8")
        for name, path in write(Path(folder), ROWS).items():
            figures[name] = {"mb": path.stat().st_size / 2**20, **measure(path, settings)}
            shown = figures[name]
            print(
                f"{name}: {shown['s']:.1f} s, {shown['cpu_s']:.1f} s of a processor, "
                f"{shown['peak_mb']:.0f} MB",
                flush=True,
            )
    load = os.getloadavg()[0]  # times are those of a busy machine where it is above its cores
    versions = {"python": platform.python_version(), "pyarrow": version("pyarrow")}
    about = {"versions": versions, "cores": os.cpu_count(), "load": load, "rows": ROWS}
    target = ROOT / "bench" / "results" / "files.json"
    target.write_text(json.dumps({**about, "formats": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
