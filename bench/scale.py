"""Time and memory of the generated trainer as catalogue and data grow, on synthetic data.

`python -m bench.scale`. The data is transformed for real up to a million rows; ten million are
the same file read ten times. An epoch has a bounded number of steps, and its time is extrapolated
from them. Writes bench/results/scale.json and scale.svg, and the table in docs/scale.md.

`python -m bench.scale --stages DATA --config CONFIG --peer COMMIT` measures split, histories and
transform on a file of transactions, once, twice and four times: with other buyers, and with the
same ones in later times. Another commit does the same in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import recgen
from bench.processes import ROOT, module, run
from bench.report import table
from bench.store import Store, digest
from bench.synthetic import transactions
from recgen.generate import generate
from recgen.local.child import Child
from recgen.local.ingest import read_table
from recgen.local.raw import write_tables
from recgen.local.split import split_table
from recgen.plan.columns import input_columns

RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "scale.md"
_EXAMPLE = ROOT / "examples" / "online_retail" / "config.yaml"
# (products, rows): a catalogue has at most as many products as a tenth of the rows.
CELLS = [(p, r) for p in (10**3, 10**4, 10**5, 10**6) for r in (10**5, 10**6, 10**7) if p <= r / 10]
SMALL = [(p, r) for p, r in CELLS if r == 10**5]
_TRANSFORMED = 10**6  # rows at most; more are the same ones again
_STEPS = 320  # of an epoch at most
_BEGIN, _END = "<!-- table -->\n", "<!-- end of table -->\n"
_STAGES, _END_OF_STAGES = "<!-- stages -->\n", "<!-- end of stages -->\n"
_COPIES = [("other buyers", 1), ("other buyers", 2), ("other buyers", 4)]
_COPIES += [("later times", 2), ("later times", 4)]


def main() -> None:
    """Measures the cells that have no result yet, while there is time, and writes them."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--config", type=Path, default=_EXAMPLE)
    parser.add_argument("--small", action="store_true", help="100,000 rows only")
    parser.add_argument("--minutes", type=float, default=20, help="begin nothing after these")
    parser.add_argument("--most-gb", type=float, default=12, help="end what takes more memory")
    parser.add_argument("--stages", type=Path, help="a Parquet file of transactions")
    parser.add_argument("--peer", default="HEAD", help="another commit, for the stages")
    options = parser.parse_args()
    if options.stages:
        measure_stages(options.config, options.stages, options.peer, options.minutes)
        return
    store, began = Store(RESULTS / "scale.json"), time.monotonic()
    inputs = _inputs(options.config)
    for products, rows in SMALL if options.small else CELLS:
        if time.monotonic() - began > 60 * options.minutes:
            print(f"no time left for {products:,} products and {rows:,} rows")
            break

        def measure(products: int = products, rows: int = rows) -> dict[str, Any]:
            print(f"{products:,} products, {rows:,} rows", flush=True)
            return measure_cell(options.config, products, rows, options.most_gb * 1000)

        store.get("cells", f"{products} products", rows, inputs, measure)
    names = [(f"{products} products", rows) for products, rows in CELLS]
    cells = [cell for cell in store.pick("cells", names) if cell["inputs"] == inputs]
    text = scale_table(cells)
    _put(text, _BEGIN, _END)
    plot(cells, RESULTS / "scale.svg")
    print(f"\n{text}")


def _put(text: str, begin: str, end: str) -> None:
    """Puts a table into the page, between two marks."""
    page = PAGE.read_text("utf-8")
    head, _, rest = page.partition(begin)
    PAGE.write_text(f"{head}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}", "utf-8")


def _inputs(config: Path) -> str:
    sources = [ROOT / "bench" / name for name in ("synthetic.py", "models/scaled.py")]
    return digest(config, generate(recgen.load(config)), *sources)


def measure_cell(config: Path, products: int, rows: int, most_mb: float) -> dict[str, Any]:
    """Makes data, transforms it, and trains some steps on it.

    Returns:
        What `bench.models.scaled` says; or only `stopped_mb`, the memory at which it was ended.
    """
    base = min(rows, _TRANSFORMED)
    with tempfile.TemporaryDirectory(dir=_work_folder()) as name:
        folder = Path(name)
        transform_s = prepare(config, folder, products, base)
        for part in ("train", "eval"):
            _repeat(folder / "examples" / part, rows // base)
        batch = recgen.load(config).model.batch_size
        steps = str(min(_STEPS, rows // batch))
        usage = run(module("bench.models.scaled", folder, "--steps", steps), most_mb)
    if usage.peak_mb > most_mb:
        return {"rows": rows, "products": products, "stopped_mb": usage.peak_mb}
    if usage.code != 0:
        raise SystemExit(usage.errors[-3000:])
    measured = json.loads(usage.output.splitlines()[-1])
    return {**measured, "transform_s": transform_s, "transformed": base, "others": usage.others}


def measure_stages(config: Path, data: Path, peer: str, minutes: float) -> None:
    """Measures the stages before the training here and in another commit, and writes both."""
    store, began = Store(RESULTS / "scale.json"), time.monotonic()
    sources = [*sorted((ROOT / "recgen" / "local").glob("*.py")), ROOT / "bench/models/stages.py"]
    inputs = digest(config, data, peer, *sources)
    with tempfile.TemporaryDirectory(dir=_work_folder()) as name:
        other, rows = Path(name, "peer"), Path(name, "rows.parquet")
        subprocess.run(["git", "worktree", "add", "-qf", "--detach", other, peer], check=True)
        try:
            for kind, copies in _COPIES:
                if time.monotonic() - began > 60 * minutes:
                    print(f"no time left for {copies}, {kind}")
                    break

                def measure(kind: str = kind, copies: int = copies) -> dict[str, Any]:
                    pq.write_table(copied(pq.read_table(data), kind, copies), rows)
                    return {
                        "own": _stages(ROOT, config, rows),
                        "peer": _stages(other, config, rows),
                    }

                store.get("stages", kind, copies, inputs, measure)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", other], check=True)
    text = stages_table(store.pick("stages", _COPIES))
    _put(text, _STAGES, _END_OF_STAGES)
    print(text)


def copied(table: pa.Table, kind: str, copies: int) -> pa.Table:
    """Returns transactions several times: of other buyers, or each time after all before."""
    buyers, times = table["CustomerID"].cast(pa.large_string()), table["InvoiceDate"]
    span = pc.subtract(pc.max(times), pc.min(times)).as_py() + timedelta(days=1)
    at = {name: table.column_names.index(name) for name in ("CustomerID", "InvoiceDate")}
    tables = []
    for number in range(copies):
        if kind == "other buyers":
            suffix = pa.scalar(f"{number or ''}", pa.large_string())
            others = pc.binary_join_element_wise(buyers, suffix, pa.scalar("", pa.large_string()))
            tables.append(table.set_column(at["CustomerID"], "CustomerID", others))
        else:
            later = pc.add(times, pa.scalar(number * span)).cast(times.type)
            tables.append(table.set_column(at["InvoiceDate"], "InvoiceDate", later))
    return pa.concat_tables(tables)


def _stages(path: Path, config: Path, rows: Path) -> dict[str, Any]:
    """Returns what bench/models/stages.py measures of the copy of recgen in a folder."""
    script = ROOT / "bench" / "models" / "stages.py"
    usage = run(["env", f"PYTHONPATH={path}", sys.executable, script, config.resolve(), rows])
    if usage.code != 0:
        raise SystemExit(usage.errors[-3000:])
    return dict(json.loads(usage.output.splitlines()[-1]))


def stages_table(found: Sequence[dict[str, Any]]) -> str:
    """Returns the table of the docs: own figures, and the peer's in parentheses."""
    titles = ["rows", "copies", "split and histories, s", "MB", "transform, s", "MB"]
    keys = [("split_s", ".1f"), ("split_mb", ",.0f"), ("transform_s", ".0f")]
    keys += [("transform_mb", ",.0f")]
    lines = []
    for each in found:
        own, peer = each["own"], each["peer"]
        pairs = [f"{own[key]:{form}} ({peer[key]:{form}})" for key, form in keys]
        lines.append([f"{own['rows']:,}", f"{each['number']}, {each['name']}", *pairs])
    return table(titles, lines)


def _work_folder() -> Path:
    folder = ROOT / "runs" / "bench" / "scale"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def prepare(config: Path, folder: Path, products: int, rows: int) -> float:
    """Fills a run directory with modules, transform output and examples; returns the seconds."""
    experiment, work = recgen.load(config), folder / "work"
    work.mkdir()
    for name, text in generate(experiment).items():
        (folder / name).write_text(text, "utf-8")
    pq.write_table(transactions(products, rows), work / "rows.parquet")
    table = read_table(work / "rows.parquet", input_columns(experiment))
    parts = split_table(table, experiment.data.split, "InvoiceDate").tables()
    tables = write_tables(parts, work)
    module = str(folder / "transform_module.py")
    job = {"module": module, "tables": tables, "analyze": ["train"], "run": str(folder)}
    began = time.monotonic()
    with Child("recgen.local.transform") as child:
        child.run(job, work / "log", lambda _: None, "the transform")
    shutil.rmtree(work)
    return time.monotonic() - began


def _repeat(folder: Path, times: int) -> None:
    """Makes a trainer read a folder's only file several times, without taking more disk."""
    (file,) = folder.iterdir()
    for number in range(1, times):
        os.link(file, folder / f"again-{number:02}.tfrecord")


def scale_table(cells: Sequence[dict[str, Any]]) -> str:
    """Returns the table of the docs; `~` marks what is extrapolated."""
    titles = [
        "products",
        "rows",
        "before training, s",
        "step, ms",
        "examples/s",
        "steps of an epoch, s",
        "validated rows",
        "validation, s",
        "statistics, s",
        "peak memory, MB",
    ]
    return table(titles, [_line(cell) for cell in cells])


def _line(cell: dict[str, Any]) -> list[str]:
    sizes = [f"{cell['products']:,}", f"{cell['rows']:,}"]
    if "stopped_mb" in cell:
        return [*sizes, *[""] * 7, f"ended at {cell['stopped_mb']:,.0f}"]
    steps = cell["rows"] // cell["batch"]
    about = "~" if steps > cell["steps"] else ""
    return [
        *sizes,
        f"{cell['read_s']:.1f}",
        f"{1000 * cell['step_s']:.1f}",
        f"{cell['batch'] / cell['step_s']:,.0f}",
        f"{about}{steps * cell['step_s']:,.1f}",
        f"{cell['validated']:,}",
        f"{cell['validation_s']:,.1f}",
        f"{cell['end_s']:.2f}",
        f"{cell['peak_mb']:,.0f}",
    ]


def plot(cells: Sequence[dict[str, Any]], path: Path) -> None:
    """Draws memory and the time of a step against the size of the catalogue, a line a data size."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "recgen", "font.size": 9})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for rows in sorted({cell["rows"] for cell in cells}):
        line = [cell for cell in cells if cell["rows"] == rows and "stopped_mb" not in cell]
        products = [cell["products"] for cell in line]
        label = f"{rows:,} rows"
        axes[0].plot(products, [cell["peak_mb"] / 1000 for cell in line], "o-", label=label)
        axes[1].plot(products, [1000 * cell["step_s"] for cell in line], "o-", label=label)
    for axis, title in zip(axes, ("peak memory, GB", "a step of training, ms"), strict=True):
        axis.set(title=title, xlabel="products", xscale="log")
        axis.margins(y=0.15)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
