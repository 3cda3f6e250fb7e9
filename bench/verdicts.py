"""How often `recgen diagnose` is right: some fifty real runs, labelled by how they were made.

Writes demo data, transforms it once for each split, and trains every run of verdicts_grid.py past
the rules of `recgen check`. Each is diagnosed; of those that are bad or broken the first patch is
applied, and they are trained and diagnosed again. Writes bench/results/verdicts.json and
docs/diagnosis.md; `--page` writes the page alone.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import shutil
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

from verdicts_grid import Made, experiment, made
from verdicts_page import PAGE, page

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "verdicts.json"
WORK = ROOT / "runs" / "bench" / "verdicts"
ROWS = 20_000
PARTS = ("transform", "examples")


class KilledError(Exception):
    """Stands for what ends a process: memory, pre-emption."""


def prepare(split: str, rows: int) -> Path:
    """Splits and transforms demo data with the columns of all runs; returns the folder."""
    from recgen.config import ExperimentConfig
    from recgen.demo import demo_data
    from recgen.generate import generate
    from recgen.local.ingest import clean, read_table
    from recgen.local.split import split_table
    from recgen.local.transform import transform, write_tables
    from recgen.plan.columns import input_columns

    folder = WORK / f"data-{split}-{rows}"
    if (folder / "examples" / "test").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "work").mkdir(parents=True)
    data = folder / "demo.parquet"
    data.write_bytes(demo_data("parquet", rows))
    config = ExperimentConfig.model_validate(experiment({}, split=split))
    table = read_table(data, input_columns(config))
    table, _ = clean(table, "CustomerID", "StockCode", config.model.batch_size)
    parts = split_table(table, config.data.split, "InvoiceDate").tables()
    module = folder / "transform_module.py"
    module.write_text(generate(config)["transform_module.py"], encoding="utf-8")
    tables = write_tables(parts, folder / "work")
    transform({"module": str(module), "tables": tables, "analyze": ["train"], "run": str(folder)})
    return folder


def train(run: Made, config: dict[str, Any], folder: Path, rows: int) -> None:
    """Trains a config, past the rules, as `recgen train` would, and leaves a run directory."""
    import tensorflow as tf

    from recgen.config import ExperimentConfig
    from recgen.generate import generate
    from recgen.local.child import load_module
    from recgen.local.fit import fn_args

    parsed = ExperimentConfig.model_validate(config)
    data = prepare(parsed.data.split.kind, rows)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in PARTS:
        (folder / part).symlink_to(data / part)
    (folder / "config.yaml").write_text(json.dumps(config, indent=2), encoding="utf-8")
    for name, text in generate(parsed).items():
        (folder / name).write_text(text, encoding="utf-8")
    if run.foreign:
        other = ExperimentConfig.model_validate(experiment({"epochs": 3}))
        text = generate(other)["transform_module.py"]
        (folder / "transform_module.py").write_text(text, encoding="utf-8")
    module = load_module(folder / "trainer_module.py")
    module.Recommender.save = lambda *_, **__: None  # exporting takes longer than training
    if run.stop_after:
        _kill(module, run.stop_after)
    with contextlib.suppress(RuntimeError, KilledError):  # the metrics say why it stopped
        module.run_fn(fn_args(folder, {}))
    (folder / "done").touch()
    tf.keras.backend.clear_session()
    gc.collect()


def _kill(module: Any, epochs: int) -> None:
    """Makes a trainer end without a word after so many epochs."""
    write = module.runtime.MetricsFile.on_epoch_end

    def killed(self: Any, epoch: int, logs: Any = None) -> None:
        write(self, epoch, logs)
        if epoch + 1 == epochs:
            raise KilledError

    module.runtime.MetricsFile.on_epoch_end = killed


def judged(folder: Path) -> dict[str, Any]:
    """Returns what there is to keep of a run's diagnosis."""
    from recgen.analysis import diagnose, load_run
    from recgen.analysis.facts import Facts

    run = load_run(folder)
    diagnosis = diagnose(run)
    recall = Facts(run).judged
    return {
        "verdict": diagnosis.verdict,
        "summary": diagnosis.summary,
        "causes": [[cause.code, cause.confidence] for cause in diagnosis.causes],
        "recall": recall and [recall.name, recall.own, recall.plain],
        "failure": run.metrics.params.failure_kind or run.metrics.params.failure,
        "kept_best": Facts(run).best_epoch is not None,
    }


def patched(folder: Path, config: dict[str, Any]) -> tuple[dict[str, Any], list[str]] | None:
    """Returns the config with the first patch of a run's diagnosis, and what it changed."""
    from recgen.analysis import diagnose, load_run
    from recgen.analysis.diagnosis import fixes
    from recgen.analysis.text import patch_lines
    from recgen.edit import apply

    cause = diagnose(load_run(folder)).first_patch
    if cause is None or not cause.patch:
        return None
    return apply(config, fixes(cause.patch)), [f"{cause.code}:", *patch_lines(cause.patch)]


def measure(run: Made, number: int, rows: int, again: bool) -> dict[str, Any]:
    """Trains, diagnoses, and, if it is bad, does so again with the first patch.

    With `again`, only what was not trained before is.
    """
    folder = WORK / f"{number:02}"
    if not (again and _holds(folder, run.config)):
        train(run, run.config, folder, rows)
    entry = {"label": run.label, "name": run.name, **judged(folder)}
    if entry["verdict"] in ("bad", "broken"):
        change = patched(folder, run.config)
        if change is not None:
            after = folder.with_name(f"{folder.name}-patched")
            if not (again and _holds(after, change[0])):
                train(Made(run.label, run.name, change[0]), change[0], after, rows)
            entry["patch"] = change[1]
            entry["patched"] = judged(after)
    return entry


def _holds(folder: Path, config: dict[str, Any]) -> bool:
    """Says whether a run directory is that of a config, trained to its end or failure."""
    path = folder / "config.yaml"
    if not path.exists() or json.loads(path.read_text("utf-8")) != config:
        return False
    return (folder / "done").exists()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", metavar="LABEL", help="runs of one label; writes no results")
    parser.add_argument("--page", action="store_true", help="write the page alone")
    parser.add_argument("--again", action="store_true", help="train only what was not")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    """Trains all runs, prints a line for each, and writes results and page."""
    options = _options()
    if not options.page:
        entries = _measured(options)
        if options.only:
            return
        result = {"rows": options.rows, "runs": entries}
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(RESULTS.read_text("utf-8"))), encoding="utf-8")


def _measured(options: argparse.Namespace) -> list[dict[str, Any]]:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    entries = []
    for number, run in enumerate(made(), start=1):
        if options.only and run.label != options.only:
            continue
        entry = measure(run, number, options.rows, options.again)
        entries.append(entry)
        after = entry.get("patched", {}).get("verdict", "")
        print(f"{number:2} {run.label:<18} {run.name:<34} {entry['verdict']:<8} {after:<8}",
              entry["summary"], entry.get("patch", ""), flush=True)  # fmt: skip
    return entries


if __name__ == "__main__":
    main()
