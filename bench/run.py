"""The benchmark: other recommenders and our configs on one split, one after the other.

`make bench DATA=online_retail.parquet`, or `python -m bench.run --data FILE`. Writes
bench/results/bench.json, bench.md and bench.svg. What has a result for the same inputs is not
run again, so an interrupted benchmark goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import report, speed
from bench.models.one import PEERS, Peer
from bench.ours import Ours, inputs_digest, last_json, read_config
from bench.processes import ROOT, module
from bench.protocol import read_split
from bench.store import Store
from recgen.presets import NAMES

RESULTS = ROOT / "bench" / "results"
CONFIGS = [
    ROOT / "examples" / "online_retail" / "config.yaml",
    *(ROOT / "recgen" / "presets" / f"{name}.yaml" for name in NAMES),
]
_PEER_SOURCES = ROOT / "bench" / "models"


def main() -> None:
    """Runs what has no result yet, and writes table and plot."""
    options = _options()
    store = Store(options.results / "bench.json", measures=not options.stored)
    split = read_split(options.data)
    store.content["about"] = _about()
    store.content["split"] = split.counts()
    products = len(split.training.products)
    configs = [read_config(path, options.data, products) for path in options.configs]
    as_users = [
        read_config(path, options.data, products, is_of_user=True) for path in options.as_user
    ]
    _require_different([*configs, *as_users])
    models = _run_peers(store, options.data, options.peers, options.peer_seeds)
    models += _run_ours(store, options.data, configs, options.seeds)
    models += _run_ours(store, options.data, as_users, options.user_seeds)
    speeds = speed.measure(store, options.data, configs, options.rounds)
    store.write()
    ratios = speed.summary(speeds, configs)
    page = report.markdown(options.data.name, split.counts(), models, speeds, ratios)
    (options.results / "bench.md").write_text(page, "utf-8")
    report.plot(models, speeds, options.results / "bench.svg")
    print(f"\n{page}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="Parquet of UCI Online Retail")
    parser.add_argument(
        "--configs",
        type=Path,
        nargs="*",
        default=CONFIGS,
        metavar="FILE",
        help="[default: the shop example and all presets of retrieval]",
    )
    parser.add_argument(
        "--as-user",
        type=Path,
        nargs="*",
        default=CONFIGS,
        metavar="FILE",
        help="configs to train as a user does, on a file that ends where the test begins  "
        "[default: the same]",
    )
    parser.add_argument("--user-seeds", type=int, default=1, help="of these  [default: 1]")
    parser.add_argument("--seeds", type=int, default=5, help="of each config  [default: 5]")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), metavar="NAME")
    parser.add_argument("--peer-seeds", type=int, default=3, help="of those that are random")
    parser.add_argument("--rounds", type=int, default=2, help="of throughput; 0: none")
    parser.add_argument(
        "--stored", action="store_true", help="run nothing: write the page of what has a result"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    options = parser.parse_args()
    for path in (options.data, *options.configs, *options.as_user):
        if not path.is_file():
            parser.error(f"there is no file {path}")
    options.data = options.data.resolve()
    return options


def _require_different(configs: Sequence[Ours]) -> None:
    names = [config.name for config in configs]
    if len(set(names)) < len(names):
        raise SystemExit(f"two configs have one name: {', '.join(names)}")


def _run_peers(store: Store, data: Path, names: Sequence[str], seeds: int) -> list[dict[str, Any]]:
    found = []
    for name in names:
        peer = PEERS[name]
        source = _PEER_SOURCES / f"{peer.module.rpartition('.')[2]}.py"
        inputs = inputs_digest(data, source, peer.versions())
        for seed in range(1, (seeds if peer.is_random else 1) + 1):

            def measure(peer: Peer = peer, name: str = name, seed: int = seed) -> dict[str, Any]:
                print(f"{peer.title}, seed {seed}", flush=True)
                about = {"title": peer.title, "is_ours": False, "versions": peer.versions()}
                command = module("bench.models.one", name, "--data", data, "--seed", str(seed))
                return {**about, **last_json(command)}

            found.append(store.get("models", name, seed, inputs, measure))
    return [each for each in found if each is not None]


def _run_ours(
    store: Store, data: Path, configs: Sequence[Ours], seeds: int
) -> list[dict[str, Any]]:
    found = []
    for config in configs:
        for seed in range(1, seeds + 1):

            def measure(config: Ours = config, seed: int = seed) -> dict[str, Any]:
                print(f"{config.title}, seed {seed}", flush=True)
                return {"title": config.title, "is_ours": True, **config.measure(data, seed)}

            found.append(store.get("models", config.title, seed, config.inputs, measure))
    return [each for each in found if each is not None]


def _about() -> dict[str, Any]:
    packages = ("numpy", "pyarrow", "tensorflow")
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **{name: version(name) for name in packages},
    }


if __name__ == "__main__":
    main()
