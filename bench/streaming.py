"""What each stage of `recgen train` takes for a row, as the data grows: docs/scale.md.

`python -m bench.streaming [--rows N ...] [--cache none]`. Rows are generated as Parquet files in a
folder, and read, split, transformed and trained for an epoch without keeping parsed rows in
memory. Writes bench/results/streaming.json and the table of the page. With `--whole`, the same rows
go through `recgen train` as one command, with an epoch and both trainings on more rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

import recgen
from bench.models.stages import measure
from bench.processes import ROOT, Line, module, own_peak_mb, run
from bench.report import table
from bench.store import Store, digest
from bench.synthetic import pieces

_EXAMPLE = ROOT / "examples" / "online_retail" / "config.yaml"
_PAGE, _RESULTS = ROOT / "docs" / "scale.md", ROOT / "bench" / "results" / "streaming.json"
_BEGIN, _END = "<!-- streaming -->\n", "<!-- end of streaming -->\n"
_PRODUCTS, _SHARD = 10_000, 250_000
_STAGES = {
    "check": "check",
    "read": "read",
    "split": "split",
    "known": "known",
    "transform": "transform",
    "before": "before the epoch",
    "epoch": "an epoch",
    "after": "after it",
}
_PARTS = {
    "read": "check and read",
    "split": "split",
    "transform": "known, transform",
    "train epoch": "before, an epoch",
    "final layer: of the saved": "test, final layer again",
    "final layer": "final layer",
    "refit epoch": "second training",
    "refit done": "test, final layer again",
    "last": "last training",
    "export": "export",
}
"""What each part of the command prints when it is done, and what the part is."""
_MEMORY = {
    "check": "check",
    "read": "read",
    "split": "split",
    "known": "known",
    "transform": "transform",
    "train": "training",
    "most": "most at once",
}


def main() -> None:
    """Measures the sizes that have no result yet, and writes the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.streaming", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**6, 4 * 10**6, 3 * 10**7])
    parser.add_argument("--cache", default="none", choices=["memory", "disk", "none"])
    parser.add_argument("--most-gb", type=float, default=4, help="end what takes more memory")
    parser.add_argument("--epoch-only", action="store_true", help="leave out what follows it")
    parser.add_argument("--whole", action="store_true", help="run `recgen train`, in one go")
    parser.add_argument("--one", type=Path, help="a folder in which the stages run, in a process")
    parser.add_argument("--check", type=Path, help="a folder whose data is checked, in a process")
    options = parser.parse_args()
    if options.one or options.check:
        found = stages(options.one) if options.one else checked(options.check)
        print(json.dumps(found))
        return
    store = Store(_RESULTS)
    if options.whole:
        run_whole(store, options.rows, options.cache, options.most_gb)
        return
    sources = [ROOT / "templates/runtime/rows.py", ROOT / "bench/models/streamed.py"]
    for rows in options.rows:

        def one(rows: int = rows) -> dict[str, Any]:
            print(f"{rows:,} rows, cache {options.cache}", flush=True)
            return measured(rows, options.cache, options.most_gb, is_epoch_only=options.epoch_only)

        store.get("streaming", options.cache, rows, digest(*sources), one)
    found = store.pick("streaming", [(options.cache, rows) for rows in options.rows])
    text = streaming_table(found)
    page = _PAGE.read_text("utf-8")
    head, _, rest = page.partition(_BEGIN)
    _PAGE.write_text(f"{head}{_BEGIN}\n{text}\n\n{_END}{rest.partition(_END)[2]}", "utf-8")
    print(text)


def measured(rows: int, cache: str, most_gb: float, *, is_epoch_only: bool) -> dict[str, Any]:
    """Generates rows, and returns what the stages took; ends at more memory than `most_gb`."""
    with _generated(rows, cache, "none") as folder:
        found: dict[str, Any] = {"cache": cache, "most_mb": 0.0}
        for command in (
            module("bench.streaming", "--check", folder),
            module("bench.streaming", "--one", folder),
            module("bench.models.streamed", folder / "run", *["--epoch-only"] * is_epoch_only),
        ):
            done = run(command, 1024 * most_gb)
            if done.peak_mb > 1024 * most_gb:
                raise SystemExit(f"ended at {done.peak_mb:,.0f} MB: {command}\n{found}")
            if done.code != 0:
                raise SystemExit(done.errors[-3000:])
            found |= json.loads(done.output.splitlines()[-1])
            found["most_mb"] = max(found["most_mb"], done.peak_mb)
            print(found, flush=True)
    return found


@contextmanager
def _generated(rows: int, cache: str, refit: str) -> Iterator[Path]:
    """Yields a folder with a config and generated rows, which is removed."""
    work = ROOT / "runs" / "bench" / "streaming"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder, plain = Path(name), yaml.safe_load(_EXAMPLE.read_text("utf-8"))
        plain["data"]["cache"], plain["model"]["refit"] = cache, refit
        (folder / "config.yaml").write_text(yaml.safe_dump(plain), "utf-8")
        (folder / "data").mkdir()
        for number, part in enumerate(pieces(_PRODUCTS, rows, _SHARD)):
            pq.write_table(part, folder / "data" / f"part-{number:05}.parquet")
        yield folder


def run_whole(store: Store, sizes: Sequence[int], cache: str, most_gb: float) -> None:
    """Measures `recgen train` at sizes that have no result yet, and prints a table of all."""
    found = []
    for rows in sizes:

        def one(rows: int = rows) -> dict[str, Any]:
            with _generated(rows, cache, "all") as folder:
                return whole(folder, rows, most_gb)

        sources = ("templates/runtime/rows.py", "templates/runtime/training.py")
        store.get("whole", cache, rows, digest(*(ROOT / source for source in sources)), one)
        found += store.pick("whole", [(cache, rows)])
    print(parts_table(found))


def whole(folder: Path, rows: int, most_gb: float) -> dict[str, Any]:
    """Runs `recgen train` for one epoch; returns the seconds and the memory of its parts."""
    places = [folder / "config.yaml", "--data", folder / "data", "--out", folder / "run"]
    command = module("recgen", "train", *places, "--epochs", "1", "--allow-worse")
    done = run(command, 1024 * most_gb)
    found = {"rows": rows, "most_mb": done.peak_mb, "others": done.others, **parts(done.lines)}
    if done.code != 0:
        raise SystemExit(f"ended at {done.peak_mb:,.0f} MB\n{found}\n{done.errors[-3000:]}")
    return found


def parts(lines: Sequence[Line]) -> dict[str, float]:
    """Returns processor seconds and peak memory of each part of which `train` printed the end."""
    found: dict[str, float] = {}
    before = peak = 0.0
    for line in lines:
        text, peak = " ".join(line.text.split()), max(peak, line.peak_mb)
        name = next((name for words, name in _PARTS.items() if text.startswith(words)), None)
        if name is not None:
            found[f"{name}_s"] = found.get(f"{name}_s", 0.0) + line.seconds - before
            found[f"{name}_mb"] = max(found.get(f"{name}_mb", 0.0), peak)
            before, peak = line.seconds, 0.0
    return found


def parts_table(found: Sequence[dict[str, Any]]) -> str:
    """Returns processor microseconds a row and peak memory, a line for each part."""
    titles = ["", *(f"{each['rows']:,}, {unit}" for each in found for unit in ("µs", "MB"))]
    lines = []
    for name in dict.fromkeys(_PARTS.values()):
        cells = []
        for each in found:
            seconds, megabytes = each.get(f"{name}_s"), each.get(f"{name}_mb")
            cells.append("-" if seconds is None else f"{1e6 * seconds / each['rows']:.1f}")
            cells.append("-" if megabytes is None else f"{megabytes:,.0f}")
        lines.append([name, *cells])
    return table(titles, lines)


def checked(folder: Path) -> dict[str, float]:
    """Compares the config with the data, as `train` does first; returns what that took."""
    profile = recgen.profile(folder / "data")
    report = recgen.check(str(folder / "config.yaml"), profile=profile)
    if not report.ok:
        raise SystemExit(str(report))
    return {"check_s": time.process_time(), "check_mb": own_peak_mb()}


def stages(folder: Path) -> dict[str, Any]:
    """Runs the stages before the training into `run`, and returns what they took."""
    config = recgen.load(folder / "config.yaml")
    return measure(config, folder / "data", folder / "run")


def streaming_table(found: Sequence[dict[str, Any]]) -> str:
    """Returns processor microseconds a row of each stage, and peak memory, a line a size."""
    titles = ["rows", *(f"{title}, µs" for title in _STAGES.values())]
    titles += [f"{title}, MB" for title in _MEMORY.values()]
    lines = []
    for each in found:
        seconds = [each.get(f"{name}_s") for name in _STAGES]
        costs = ["-" if own is None else f"{1e6 * own / each['rows']:.1f}" for own in seconds]
        peaks = [each.get(f"{name}_mb") for name in _MEMORY]
        memory = ["-" if own is None else f"{own:,.0f}" for own in peaks]
        lines.append([f"{each['rows']:,}", *costs, *memory])
    return table(titles, lines)


if __name__ == "__main__":
    sys.exit(main())
