"""What checking takes: time with 200 and 10,000 features, time and memory on hostile texts.

Each is checked in a process of its own, so that the first call is what is measured.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
SIZES = (200, 10_000)

# The peak before the call is what Python and recgen's imports take. It is read from Linux, since
# `ru_maxrss` begins with that of the process that started this one.
_CALL = """
import json, re, sys, time
import recgen

def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) / 1024

before, began, cpu = peak(), time.perf_counter(), time.process_time()
report = recgen.check(sys.argv[1])
print(json.dumps({
    "s": time.perf_counter() - began,
    "cpu_s": time.process_time() - cpu,
    "peak_mb": peak(),
    "before_mb": before,
    "findings": len(report.findings),
    "codes": sorted({finding.code for finding in report.findings}),
}))
"""


def config(count: int) -> dict[str, Any]:
    """Returns a config with features of all kinds in both towers."""
    towers = {
        f"{side}_model_features": [
            {"column": key, "data_type": "text"},
            *(_feature(f"{side}_{number}", number) for number in range(count // 2 - 1)),
        ]
        for side, key in (("buyer", "customer_id"), ("product", "sku"))
    }
    ids = {"buyer_id_column": "customer_id", "product_id_column": "sku"}
    return {"name": "big", "features": {**ids, **towers}, "model": {"epochs": 3}}


def _feature(column: str, number: int) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [
        {"data_type": "text", "bq_type": "STRING", "transforms": {"embedding": {"oov_buckets": 2}}},
        {"data_type": "numeric", "transforms": {"log_transform": {}, "normalize": {}}},
        {"data_type": "temporal", "transforms": {"cyclical": {"weekly": True, "daily": True}}},
    ]
    return {"column": column, "display_name": f"{column} shown", **kinds[number % 3]}


def hostile() -> dict[str, str]:
    """Returns texts that are made to take long or much, by file name."""
    from recgen.reading.document import MAX_BYTES, MAX_NODES

    nodes, size = MAX_NODES - 10, MAX_BYTES - 100
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{one}: &{one} [{', '.join([f'*{other}'] * 9)}]\n"
        for other, one in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return {
        "billion_laughs.yaml": laughs,
        "aliases.yaml": "a: &x [1, 2]\nb: [" + "*x, " * nodes + "1]",
        "anchors.yaml": "".join(f"a{number}: &x{number} [1]\n" for number in range(nodes // 2)),
        "ten_megabytes.yaml": "a: " + "x" * 10_000_000,
        "one_scalar.yaml": "name: " + "x" * size,
        "escapes.yaml": 'name: "' + "\\n" * (size // 2) + '"',
        "flow_list.yaml": "a: [" + "x," * 1_000_000 + "]",
        "deep.yaml": "a: " + "[" * 1_000_000,
        "empty_lines.yaml": "\n" * size + "name: x",
        "comments.yaml": "# x\n" * (size // 4),
        "open_quote.yaml": "a: '" + "x\n" * (size // 2),
        "one_key.yaml": "a: 1\n" * nodes,
        "unknown_keys.yaml": "".join(f"k{number}: 1\n" for number in range(nodes)),
        "tags.yaml": "".join(f"k{number}: !x 1\n" for number in range(nodes)),
        "wrong_layers.yaml": "features: {}\nmodel: {buyer_tower_layers: [" + "0, " * nodes + "]}",
        "one_key.json": "{" + ",".join(['"a":1'] * nodes) + "}",
        "strings.json": '{"a":["' + "\\n" * (size // 2) + '"]}',
        "deep.json": '{"a":' + "[" * 1_000_000,
        "digits.json": '{"a":' + "9" * size + "}",
    }


def call(path: Path) -> dict[str, Any]:
    """Returns what one check in a new process takes."""
    line = [sys.executable, "-c", _CALL, str(path)]
    done = subprocess.run(line, check=True, capture_output=True, text=True, cwd=ROOT)
    return dict(json.loads(done.stdout))


def command(path: Path) -> dict[str, Any]:
    """Returns what `recgen check` takes as a command: Python's start and imports included."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    line = [sys.executable, "-m", "recgen", "check", str(path)]
    subprocess.run(line, check=False, stdout=subprocess.DEVNULL, cwd=ROOT)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"s": seconds, "cpu_s": used}


def median(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the round with the median time, and the extremes."""
    ordered = sorted(rounds, key=lambda each: each["s"])
    times = {"min_s": ordered[0]["s"], "max_s": ordered[-1]["s"]}
    cpu = statistics.median(each["cpu_s"] for each in rounds)
    return {**ordered[len(ordered) // 2], **times, "cpu_s": cpu}


def measure(folder: Path) -> dict[str, Any]:
    """Returns all figures, and prints them."""
    from recgen.reading.yaml_writer import write_yaml

    sizes: dict[str, Any] = {}
    for count in SIZES:
        data = config(count)
        texts = {"yaml": write_yaml(data), "json": json.dumps(data, indent=2)}
        for kind, text in texts.items():
            path = folder / f"config.{kind}"
            path.write_text(text, encoding="utf-8")
            figures = median([call(path) for _ in range(ROUNDS)])
            whole = median([command(path) for _ in range(ROUNDS)])
            sizes[f"{count} features, {kind}"] = {"bytes": len(text), **figures, "command": whole}
            print(f"{count} features, {kind}: {figures['s']:.3f} s", flush=True)
    worst: dict[str, Any] = {}
    for name, text in hostile().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        worst[name] = {"bytes": len(text), **call(path)}
        print(f"{name}: {worst[name]['s']:.2f} s, {worst[name]['peak_mb']:.0f} MB", flush=True)
    return {"sizes": sizes, "hostile": worst}


def main() -> None:
    """Measures, and writes the figures to results/check.json."""
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    load = os.getloadavg()[0]  # times are those of a busy machine where it is above its cores
    packages = {name: version(name) for name in ("pydantic", "pyyaml")}
    versions = {"python": platform.python_version(), **packages}
    about = {"versions": versions, "cores": os.cpu_count(), "load": load, "rounds": ROUNDS}
    target = ROOT / "bench" / "results" / "check.json"
    target.write_text(json.dumps({**about, **figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
