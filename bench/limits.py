"""Where the rules' limits lie: many short trainings of the generated trainer on Online Retail.

The data is split and transformed once; then each run of a group is trained in this one process,
past the rules of `recgen check`, since both sides of a limit have to be seen. Runs that
bench/results/limits.json already holds are skipped. docs/limits.md says what came of it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
from limits_grid import GROUPS, Trial, experiment

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "limits.json"
MOST_STEPS = 1 << 20  # whose gradient norms are kept
QUANTILES = {"median": 0.5, "p99": 0.99, "max": 1.0}


class Bench:
    """The transformed data of one split, and its rows, read once for all runs."""

    def __init__(self, data: Path, split: str, folder: Path) -> None:
        self.folder = folder / split
        if not (self.folder / "examples" / "test").exists():
            _transform(data, split, self.folder)
        self.rows: dict[tuple[str, ...], Any] = {}

    def train(self, trial: Trial) -> dict[str, Any]:
        """Renders the trainer of a trial, runs it, and returns what became of it."""
        from recgen.config import ExperimentConfig
        from recgen.generate import generate
        from recgen.local.child import load_module
        from recgen.local.fit import fn_args

        config = ExperimentConfig.model_validate(experiment(trial))
        with tempfile.TemporaryDirectory() as name:
            for file, text in generate(config).items():
                (Path(name) / file).write_text(text, encoding="utf-8")
            module = load_module(Path(name) / "trainer_module.py")
            watch: dict[str, Any] = {}
            self._instrument(module, trial, watch)
            arguments = fn_args(self.folder, {"epochs": trial.epochs, "seed": trial.seed})
            arguments.serving_model_dir = f"{name}/serving_model"
            arguments.model_run_dir = name
            with contextlib.suppress(RuntimeError):  # it stopped by itself; the metrics say why
                module.run_fn(arguments)
            metrics = json.loads((Path(name) / "training_metrics.json").read_text())
        return _entry(trial, metrics, watch)

    def _instrument(self, module: Any, trial: Trial, watch: dict[str, Any]) -> None:
        """Makes a trainer read through this object, export nothing, and tell more than usual."""
        runtime = module.runtime
        read = runtime.Split.read

        def read_once(patterns: Any, split: str, columns: Any) -> Any:
            key = (split, *sorted(columns.specs))
            if key not in self.rows:
                self.rows[key] = read(patterns, split, columns).dataset
            return runtime.Split(self.rows[key], columns)

        runtime.Split.read = read_once
        module.RetrievalModel = _watched(module, trial, watch)
        module.Recommender.save = lambda *_: None
        runtime.BOOTSTRAPS = 2  # nobody reads the intervals
        if not trial.stops:
            runtime.DEAD_STEPS = runtime.GRACE_STEPS = MOST_STEPS
            runtime.AT_CHANCE = MOST_STEPS


def _watched(module: Any, trial: Trial, watch: dict[str, Any]) -> Any:
    """Returns a trainer's model class that keeps the norm of each step's gradients."""
    import tensorflow as tf

    class Watched(module.RetrievalModel):  # type: ignore[name-defined, misc]
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            self.norms = tf.Variable(tf.zeros(MOST_STEPS), trainable=False)
            watch["model"] = self

        def compute_gradients(self, features: Any, training: bool) -> Any:
            found = super().compute_gradients(features, training)
            if training:
                place = tf.minimum(self.optimizer.iterations, MOST_STEPS - 1)
                norm = tf.linalg.global_norm(list(found[2].values()))
                self.norms.scatter_nd_update([[place]], [norm])
            return found

        def evaluate(self, x: Any, **arguments: Any) -> Any:
            result = super().evaluate(x, **arguments)
            if trial.blind:  # the last of them is the test
                watch["blind"] = _blind(self, x, module, trial)
            return result

    return Watched


def _blind(model: Any, batches: Any, module: Any, trial: Trial) -> float:
    """Returns recall@100 where the buyer's tower is not told what a client cannot know."""
    import tensorflow as tf

    hits = []
    for batch in batches:
        known = {k: tf.zeros_like(v) if k in trial.blind else v for k, v in batch.items()}
        product = module.COLUMNS.product
        if product in trial.blind:  # out of the vocabulary
            last = len(model.position) - 1
            known[product] = tf.fill(tf.shape(batch[product]), np.int64(last))
        ranks = model.rank_products(model.query_tower(known), batch)
        hits.append(ranks.numpy() < 100)
    return float(np.mean(np.concatenate(hits)))


def _entry(trial: Trial, metrics: dict[str, Any], watch: dict[str, Any]) -> dict[str, Any]:
    model, final, params = watch["model"], metrics["final_metrics"], metrics["params"]
    norms = model.norms.numpy()[: int(model.optimizer.iterations.numpy())]
    finite = norms[np.isfinite(norms)]
    gradients = {k: float(np.quantile(finite, q)) for k, q in QUANTILES.items() if len(finite)}
    gradients["share_above_1"] = float(np.mean(~(norms <= 1)))
    return {
        **trial.key(),
        "collapsed": bool(params.get("gradient_collapse_detected")),
        "failure": params.get("failure"),
        "kind": params.get("failure_kind"),
        "loss": metrics["loss"]["loss"],
        "val_recall@100": metrics["recall"]["val_recall_at_100"],
        "test_recall@100": final["test_recall_at_100"],
        "popularity_val@100": final["val_popularity_recall_at_100"],
        "popularity_test@100": final["test_popularity_recall_at_100"],
        **({"blind_test_recall@100": watch["blind"]} if "blind" in watch else {}),
        "gradient_norm": gradients,
    }


def _transform(data: Path, split: str, folder: Path) -> None:
    """Splits the file and transforms it, as `recgen train` would, with all columns."""
    from recgen.config import ExperimentConfig
    from recgen.generate import generate
    from recgen.local.ingest import clean, read_table
    from recgen.local.split import split_table
    from recgen.local.transform import transform, write_tables
    from recgen.plan.columns import input_columns

    config = ExperimentConfig.model_validate(experiment(Trial(features="all", split=split)))
    (folder / "work").mkdir(parents=True)
    table = read_table(data, input_columns(config))
    table, _ = clean(table, "CustomerID", "StockCode")
    ids = ("CustomerID", "StockCode")
    parts = split_table(table, config.data.split, "InvoiceDate", ids=ids).tables()
    module = folder / "transform_module.py"
    module.write_text(generate(config)["transform_module.py"], encoding="utf-8")
    tables = write_tables(parts, folder / "work")
    transform({"module": str(module), "tables": tables, "analyze": ["train"], "run": str(folder)})


def _runs(names: list[str], done: list[dict[str, Any]]) -> Iterator[tuple[str, Trial]]:
    """Yields the trials that have no result yet, with their groups."""
    for name in names:
        for trial in GROUPS[name]():
            if not any(entry.items() >= trial.key().items() for entry in done):
                yield name, trial


def _save(path: Path, done: list[dict[str, Any]]) -> None:
    """Writes a run a line, so that a new one is one line of a diff."""
    lines = ",\n".join(json.dumps(_rounded(entry)) for entry in done)
    partial = path.with_suffix(".partial")
    partial.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    partial.replace(path)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: item if key == "model" else _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all without")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "bench" / "limits")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"no group {', '.join(sorted(unknown))}")
    return options


def main() -> None:
    """Trains what is missing of the groups that are named, and prints a line for each run."""
    import tensorflow as tf

    options = _options()
    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    done = json.loads(options.out.read_text()) if options.out.exists() else []
    benches: dict[str, Bench] = {}
    for group, trial in _runs(options.groups or list(GROUPS), done):
        if trial.split not in benches:
            benches[trial.split] = Bench(options.data, trial.split, options.work)
        entry = {"group": group, **benches[trial.split].train(trial)}
        done.append(entry)
        _save(options.out, done)
        tf.keras.backend.clear_session()
        gc.collect()
        print(trial, entry["val_recall@100"][-1:], entry["failure"], flush=True)


if __name__ == "__main__":
    main()
