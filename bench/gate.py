"""Do the presets of retrieval still train as well as they did? One seed of each, on generated rows.

`make bench-gate` trains them unchanged, as a user does, and compares recall in three views
and the verdict with bench/results/gate.json. Exit code 1 and a table say what is outside its
tolerance. `--update` trains several seeds of each and stores them as what is expected; it says
what has changed, so read it before you commit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import recgen
from bench.expectations import VIEWS, K, Outcome, as_json, compare, from_json, table
from bench.ours import code_of
from bench.processes import ROOT, module, run
from bench.store import digest
from recgen.analysis import diagnose, load_run
from recgen.demo import demo_data
from recgen.presets import NAMES

FILE = ROOT / "bench" / "results" / "gate.json"
ROWS = 20_000
_RUNS = ROOT / "runs" / "gate"
_FIRST_SEED = 1
_PACKAGES = ("numpy", "tensorflow")


def main() -> int:
    """Trains, prints the table, and returns the exit code."""
    options = _options()
    data = write_data(options.runs)
    stored = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {"presets": {}}
    if options.update:
        return _update(stored, options, data)
    return _check(stored, options, data)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gate", description=__doc__)
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--update", action="store_true", help="store what is found as expected")
    parser.add_argument("--seeds", type=int, default=5, help="for --update  [default: 5]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time")
    parser.add_argument("--runs", type=Path, default=_RUNS, metavar="DIR")
    options = parser.parse_args()
    options.presets = options.presets or list(NAMES)
    for name in options.presets:
        if name not in NAMES:
            parser.error(f"there is no preset {name!r}; the presets are {', '.join(NAMES)}")
    if options.seeds < 2:
        parser.error("--seeds: at least 2, for their spread")
    return options


def _check(stored: Mapping[str, Any], options: argparse.Namespace, data: Path) -> int:
    missing = [name for name in options.presets if name not in stored["presets"]]
    if missing or stored["data"] != digest(data):
        what = f"no figures of {', '.join(missing)}" if missing else "figures of other rows"
        print(f"{FILE} has {what}: run `python -m bench.gate --update`", file=sys.stderr)
        return 2
    rows = []
    found = _train_all([(name, _FIRST_SEED) for name in options.presets], options, data)
    for name, outcome in zip(options.presets, found, strict=True):
        rows += compare(name, from_json(stored["presets"][name]["trainings"]), outcome)
    print(table(rows))
    wrong = sum(bool(row.problem) for row in rows)
    if wrong:
        print(
            f"\n{wrong} of {len(rows)} figures are outside their tolerance. The runs are in "
            f"{options.runs}; `recgen diagnose` says more of each. If a change was meant to have "
            "this effect, `python -m bench.gate --update` stores it as expected."
        )
    return int(wrong > 0)


def _update(stored: dict[str, Any], options: argparse.Namespace, data: Path) -> int:
    if stored.get("data") != digest(data):
        stored = {"rows": ROWS, "data": digest(data), "presets": {}}
    seeds = range(_FIRST_SEED, _FIRST_SEED + options.seeds)
    for name in options.presets:
        found = _train_all([(name, seed) for seed in seeds], options, data)
        failed = [each for each in found if each.problem or each.recall.keys() != VIEWS.keys()]
        for each in failed:
            print(f"{name}, seed {each.seed}: {each.problem or 'not measured'}", file=sys.stderr)
        if failed:
            return 1
        before = stored["presets"].get(name)
        if before:
            print(table(compare(name, from_json(before["trainings"]), found[0])))
        stored["presets"][name] = {**_about(name), "trainings": as_json(found)}
        FILE.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
        print(f"stored {name}: {len(found)} seeds", flush=True)
    return 0


def _about(name: str) -> dict[str, Any]:
    """Returns what the figures of a preset rest on."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "code": digest(*code_of(recgen.load(_config(name)))),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }


def _config(name: str) -> Path:
    return ROOT / "recgen" / "presets" / f"{name}.yaml"


def write_data(folder: Path) -> Path:
    """Writes the rows that all presets are trained on, and returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shop.csv"
    path.write_bytes(demo_data("csv", ROWS))
    return path


def _train_all(
    wanted: Sequence[tuple[str, int]], options: argparse.Namespace, data: Path
) -> list[Outcome]:
    """Trains presets with seeds, some at a time; returns the outcomes in the same order."""

    def train_one(of: tuple[str, int]) -> Outcome:
        return train(*of, data, options.runs)

    with ThreadPoolExecutor(options.jobs) as pool:
        return list(pool.map(train_one, wanted))


def train(name: str, seed: int, data: Path, runs: Path) -> Outcome:
    """Trains a preset by `recgen train`, and returns what became of it."""
    folder = runs / f"{name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    command = module("recgen", "train", _config(name), "--data", data, "--out", folder)
    usage = run([*command, "--seed", str(seed), "--allow-worse"])
    print(f"{name}, seed {seed}: {usage.seconds:.0f} s", flush=True)
    (runs / f"{name}-{seed}.log").write_text(usage.output + usage.errors, "utf-8")
    return outcome(folder, seed, usage.code)


def outcome(folder: Path, seed: int, code: int = 0) -> Outcome:
    """Returns the outcome of a run in a folder.

    Args:
        folder: The run directory.
        seed: Its seed.
        code: The exit code of its training.
    """
    problem = "" if code == 0 else f"the training ended with exit code {code}"
    try:
        loaded = load_run(folder)
    except recgen.RecgenError as error:
        return Outcome(seed, "broken", problem=problem or str(error))
    verdict, evaluation = diagnose(loaded).verdict, loaded.metrics.evaluation
    figures = evaluation.figures if evaluation else {}
    found = {view: figures.get(("model", view, f"recall_at_{K}")) for view in VIEWS}
    recall = {view: each.value for view, each in found.items() if each}
    return Outcome(seed, verdict, recall, problem)


if __name__ == "__main__":
    sys.exit(main())
