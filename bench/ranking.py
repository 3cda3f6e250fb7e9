"""Ranking and multitask on real rows, beside means, boosted trees and the TFRS tutorials.

`python -m bench.ranking --data online_retail.parquet`. Writes bench/results/ranking.json and
ranking.md. What has a result for the same inputs is not run again.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import recgen
from bench.models.rating import OF_AMOUNTS, PEERS, RANDOM
from bench.ours import code_of, inputs_digest
from bench.processes import ROOT, Usage, module, run
from bench.ranking_page import page
from bench.rated import TARGETS, Rated, Target, evaluate, leads, read_rows, write_rows
from bench.store import Store
from recgen.generate import generate

RESULTS = ROOT / "bench" / "results"
RUNS = ROOT / "runs" / "bench" / "ranking"
_ROWS, _PEERS, _OURS = (
    ROOT / "bench" / name for name in ("rated.py", "models/rating.py", "models/rated_runs.py")
)
_PACKAGES = ("numpy", "scikit-learn", "tensorflow", "tensorflow-recommenders")
_OF_HEAD = ("rating_head_layers", "loss_function", "retrieval_weight", "ranking_weight")
_RIVALS = ("trees", "both_means", "both_means_log", "tutorial")


@dataclass(frozen=True)
class Setting:
    """One target, and where its files are."""

    target: Target
    folder: Path
    seeds: int

    @property
    def data(self) -> Path:
        """The rows."""
        return self.folder / "rows.parquet"


def main() -> None:
    """Runs what has no result yet, and writes the page."""
    options = _options()
    store = Store(options.results / "ranking.json")
    store.content["about"] = {name: version(name) for name in _PACKAGES}
    store.content["rows"] = options.rows
    for target in options.targets:
        setting = Setting(target, RUNS / f"{target}-{options.rows}", options.seeds)
        write_rows(options.data, target, options.rows, setting.data)
        rated = read_rows(setting.data)
        store.content.setdefault("split", {})[target] = rated.counts()
        _run_peers(store, setting, rated)
        _run_ours(store, setting, rated)
        store.content.setdefault("leads", {})[target] = dict(_leads(setting, rated))
        store.write()
        text = page(store.content)
        (options.results / "ranking.md").write_text(text, "utf-8")
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.ranking", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="Parquet of UCI Online Retail")
    parser.add_argument("--rows", type=int, default=60_000, help="of whole buyers; 0: all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--targets", nargs="*", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    options = parser.parse_args()
    if not options.data.is_file():
        parser.error(f"there is no file {options.data}")
    options.data = options.data.resolve()
    return options


def _run_peers(store: Store, setting: Setting, rated: Rated) -> None:
    # Of a label, there is no logarithm.
    names = [name for name in PEERS if not (rated.is_binary and name in OF_AMOUNTS)]
    digest = inputs_digest(setting.data, _ROWS, _PEERS, store.content["about"])
    inputs = dict.fromkeys(names, digest)
    wanted = {name: setting.seeds if name in RANDOM else 1 for name in names}

    def predict(missing: Sequence[tuple[str, int]]) -> None:
        peers = dict.fromkeys(name for name, _ in missing)
        command = module("bench.models.rating", *peers, "--data", setting.data)
        _require(run([*command, "--out", setting.folder, "--seeds", str(setting.seeds)]))

    _measure(store, setting, rated, wanted, inputs, predict)


def _run_ours(store: Store, setting: Setting, rated: Rated) -> None:
    configs = dict(_configs(setting))
    inputs = {
        name: inputs_digest(setting.data, _ROWS, _OURS, *code_of(recgen.load(config)))
        for name, config in configs.items()
    }

    def train(missing: Sequence[tuple[str, int]]) -> None:
        for name, config in configs.items():
            path = setting.folder / name / "config.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        base = _base(setting, configs["history"])
        command = module("bench.models.rated_runs", "--base", base, "--data", setting.data)
        _require(run([*command, *(f"{setting.folder / name}:{seed}" for name, seed in missing)]))

    _measure(store, setting, rated, dict.fromkeys(configs, setting.seeds), inputs, train)


def _measure(
    store: Store,
    setting: Setting,
    rated: Rated,
    wanted: Mapping[str, int],
    inputs: Mapping[str, str],
    make: Callable[[Sequence[tuple[str, int]]], None],
) -> None:
    """Has the results that are missing made in one process, since some packages import slowly.

    Args:
        store: The results.
        setting: The target.
        rated: The rows.
        wanted: How many seeds, by name.
        inputs: Digests of what results depend on, by name.
        make: From names and seeds to files with predictions, and with what was measured.
    """
    results = store.content.setdefault(setting.target, [])
    done = {(each["name"], each["number"], each["inputs"]) for each in results}
    seeds = [(name, seed) for name, count in wanted.items() for seed in range(1, count + 1)]
    missing = [(name, seed) for name, seed in seeds if (name, seed, inputs[name]) not in done]
    if missing:
        told = ", ".join(f"{name} {seed}" for name, seed in missing)
        print(f"{setting.target}: {told}", flush=True)
        make(missing)
    for name, seed in missing:

        def found(name: str = name, seed: int = seed) -> dict[str, Any]:
            path = setting.folder / name / f"measured-{seed}.json"
            taken: dict[str, Any] = json.loads(path.read_text("utf-8"))
            if name != "retrieval":
                taken["scores"] = evaluate(rated, np.load(_predictions(setting, name, seed)))
            return taken

        store.get(setting.target, name, seed, inputs[name], found)


def _configs(setting: Setting) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields our configs by name: proposals, and what differs from them in one thing."""
    ranking = _proposal(setting, "--kind", "ranking")
    multitask = _proposal(setting, "--kind", "multitask")
    yield "ranking", ranking
    yield "ranking_preset", _proposal(setting, "--preset", "ranking")
    yield "no_dot_product", _with_model(ranking, head_dot_product=False)
    yield "history", _with_history(ranking, multitask)
    yield "multitask", multitask
    model = {k: v for k, v in multitask["model"].items() if k not in _OF_HEAD}
    features = {k: v for k, v in multitask["features"].items() if k != "target_column"}
    alone = {**multitask, "features": features, "model": {**model, "model_type": "retrieval"}}
    yield "retrieval", alone


def _proposal(setting: Setting, *options: str) -> dict[str, Any]:
    """Returns what `recgen init` proposes, so that the test's rows are not learned from."""
    path = setting.folder / "proposal.yaml"
    command = module("recgen", "init", "--data", setting.data, "--target", setting.target)
    _require(run([*command, *options, "-o", path, "--force"]), path)
    config = yaml.safe_load(path.read_text("utf-8"))
    if config["model"]["model_type"] == "multitask":  # the whole ranking, to score it
        config = _with_model(config, top_k=min(config["data"]["catalogue_size"], 10_000))
    return _with_model(config, refit="validation")


def _with_history(config: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a config with the buyer's features of another, which has a history."""
    features = {k: v for k, v in other["features"].items() if k == "buyer_model_features"}
    return {**config, "features": {**config["features"], **features}}


def _with_model(config: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {**config, "model": {**config["model"], **changes}}


def _base(setting: Setting, config: Mapping[str, Any]) -> Path:
    """Returns a run whose transform all our models use, also those with a history."""
    code = ast.unparse(ast.parse(generate(recgen.load(config))["transform_module.py"]))
    folder = setting.folder / f"base-{inputs_digest(setting.data, code)}"
    if not folder.exists():
        path = setting.folder / "base.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        command = module("recgen", "train", path, "--data", setting.data, "--out", folder)
        _require(run([*command, "--epochs", "1", "--allow-worse"]), folder)
    return folder


def _require(usage: Usage, result: Path = ROOT) -> None:
    if usage.code != 0 or not result.exists():
        raise SystemExit(f"{usage.output[-2000:]}\n{usage.errors[-3000:]}")


def _predictions(setting: Setting, name: str, seed: int) -> Path:
    return setting.folder / name / f"predicted-{seed}.npy"


def _leads(setting: Setting, rated: Rated) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields by how much our predictions are better than those of rivals: means over seeds."""
    own = _files(setting, "ranking")
    for name in _RIVALS:
        others = _files(setting, name)
        if own and others:
            pairs = ((file, others[at % len(others)]) for at, file in enumerate(own))
            found = [leads(rated, *map(np.load, pair)) for pair in pairs]
            yield name, {
                score: {end: float(np.mean([each[score][end] for each in found])) for end in ends}
                for score, ends in found[0].items()
            }


def _files(setting: Setting, name: str) -> list[Path]:
    seeds = range(1, setting.seeds + 1)
    return [p for p in (_predictions(setting, name, seed) for seed in seeds) if p.exists()]


if __name__ == "__main__":
    main()
