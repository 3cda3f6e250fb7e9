"""Trains one recommender, or loads a run of ours, and scores it: in a process of its own.

`python -m bench.models.one NAME --data FILE`; the last line that it prints is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from bench.models.served import served
from bench.processes import own_peak_mb
from bench.protocol import Recommend, Training, evaluate, read_split


@dataclass(frozen=True)
class Peer:
    """A recommender to compare with."""

    title: str
    module: str
    is_random: bool = False
    packages: tuple[str, ...] = ("numpy",)

    def train(self, name: str) -> Callable[[Training, int], Recommend]:
        """Returns the function that trains it; what it needs is imported now."""
        os.environ["TF_USE_LEGACY_KERAS"] = "1"  # TFRS does not run on Keras 3
        for package in self.packages:
            import_module(package.replace("-", "_"))
        found: Callable[[Training, int], Recommend] = getattr(import_module(self.module), name)
        return found

    def versions(self) -> dict[str, str]:
        """Returns the versions of the packages that it rests on."""
        return {package: version(package) for package in self.packages}


_COUNTING, _EASE, _FACTORS, _NEIGHBOURS, _TUTORIAL = (
    f"bench.models.{name}" for name in ("counting", "ease", "factors", "neighbours", "tutorial")
)
_TENSORFLOW = ("tensorflow", "tf-keras", "tensorflow-recommenders")

PEERS = {
    "popularity": Peer("popularity", _COUNTING),
    "popularity_recent": Peer("popularity with a half-life", _COUNTING),
    "own_history": Peer("buyer's own history", _COUNTING),
    "own_history_recent": Peer("buyer's own history with half-lives", _COUNTING),
    "tifu_knn": Peer("TIFU-KNN", _NEIGHBOURS),
    "up_cf": Peer("UP-CF@r", _NEIGHBOURS),
    "bpr": Peer("implicit BPR, 64 factors", _FACTORS, True, ("implicit", "numpy", "scipy")),
    "als": Peer("implicit ALS, 64 factors", _FACTORS, True, ("implicit", "numpy", "scipy")),
    "ease": Peer("EASE", _EASE),
    "ease_diagonal": Peer("EASE with its diagonal", _EASE),
    "ease_recent": Peer("EASE with its diagonal, purchases with a half-life", _EASE),
    "ease_weighted": Peer("EASE, rows with a half-life", _EASE),
    "blend": Peer(
        "softmax regression over counts and EASE",
        "bench.models.blend",
        packages=("numpy", "scipy"),
    ),
    "tutorial": Peer("TFRS tutorial", _TUTORIAL, True, _TENSORFLOW),
    "tutorial_logq": Peer("TFRS tutorial + logQ, batch 1,024", _TUTORIAL, True, _TENSORFLOW),
}


def main() -> None:
    """Prints metrics, and for a peer its seconds and its peak memory of training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=(*PEERS, "served"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run", type=Path, help="served: the run directory")
    options = parser.parse_args()
    split = read_split(options.data)
    taken = {}
    if options.name == "served":
        recommend = served(options.run, split.training)
    else:
        train = PEERS[options.name].train(options.name)
        began = time.perf_counter()
        recommend = train(split.training, options.seed)
        # Scoring comes later: it takes memory of its own.
        taken = {"seconds": time.perf_counter() - began, "peak_mb": own_peak_mb()}
    print(json.dumps({**taken, "metrics": evaluate(split, recommend)}))


if __name__ == "__main__":
    main()
