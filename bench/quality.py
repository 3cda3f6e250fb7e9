"""Recall of the shop example on Online Retail over several seeds, scored on its SavedModel.

Prints a table, and writes it to bench/results/quality.json. See bench/README.md for the protocol.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "examples" / "online_retail" / "config.yaml"
KS = (5, 10, 50, 100)
TEST_SHARE = 0.1


class Split:
    """The test pairs, and what training knew, from the raw transactions."""

    def __init__(self, data: Path) -> None:
        table = pq.read_table(data, columns=["CustomerID", "StockCode", "Country", "InvoiceDate"])
        seconds = pc.cast(table["InvoiceDate"], pa.timestamp("s")).cast(pa.int64()).to_numpy()
        cut = seconds.min() + (seconds.max() - seconds.min()) * (1 - TEST_SHARE)
        buyers, products = self._text(table["CustomerID"]), self._text(table["StockCode"])
        train = seconds < cut
        self.train_products = products[train]
        self.country = dict(zip(buyers, self._text(table["Country"]), strict=True))
        known = set(zip(buyers[train], products[train], strict=True))
        known_buyers, known_products = set(buyers[train]), set(products[train])
        pairs = sorted(set(zip(buyers[~train], products[~train], strict=True)))
        self.pairs = [(b, p) for b, p in pairs if b in known_buyers and p in known_products]
        self.is_new = np.array([pair not in known for pair in self.pairs])

    @staticmethod
    def _text(column: Any) -> Any:
        return column.cast(pa.string()).to_numpy(zero_copy_only=False)

    def recall(self, lists: dict[str, list[str]]) -> dict[str, float]:
        """Returns recall at each k, over all pairs and over new ones."""
        ranks = np.array([lists[b].index(p) if p in lists[b] else 1 << 30 for b, p in self.pairs])
        views = {"all": ranks, "new": ranks[self.is_new]}
        return {
            f"recall@{k} {view}": float(np.mean(r < k)) for view, r in views.items() for k in KS
        }

    def popularity(self) -> dict[str, float]:
        """Returns the recall of the most frequent products."""
        names, counts = np.unique(self.train_products, return_counts=True)
        top = names[np.argsort(-counts, kind="stable")][: max(KS)].tolist()
        return self.recall({buyer: top for buyer, _ in self.pairs})


def served_lists(folder: Path, split: Split) -> dict[str, list[str]]:
    """Returns each test buyer's products, best first, as the SavedModel answers."""
    import tensorflow as tf

    answer = tf.saved_model.load(str(folder / "serving_model")).signatures["serving_default"]
    buyers = sorted({buyer for buyer, _ in split.pairs})
    lists = {}
    for start in range(0, len(buyers), 1024):
        block = buyers[start : start + 1024]
        countries = [split.country[buyer] for buyer in block]
        result = answer(CustomerID=tf.constant(block), Country=tf.constant(countries))
        rows = result["product_ids"].numpy().tolist()
        lists |= {b: [p.decode() for p in row] for b, row in zip(block, rows, strict=True)}
    return lists


def main() -> None:
    """Trains once a seed and prints mean and spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "bench")
    options = parser.parse_args()
    split = Split(options.data)
    results = []
    for seed in range(1, options.seeds + 1):
        folder = options.runs / f"seed-{seed}"
        command = [sys.executable, "-m", "recgen", "train", str(CONFIG), "--data", options.data]
        subprocess.run([*command, "--out", folder, "--seed", str(seed)], check=True, cwd=ROOT)
        results.append(split.recall(served_lists(folder, split)))
        print(seed, {name: round(value, 4) for name, value in results[-1].items()}, flush=True)
    popularity = split.popularity()
    table = {
        name: {
            "mean": statistics.mean(result[name] for result in results),
            "standard_deviation": statistics.stdev(result[name] for result in results),
            "popularity": popularity[name],
        }
        for name in results[0]
    }
    for name, row in table.items():
        print(f"{name:16}" + "".join(f"  {key} {value:.4f}" for key, value in row.items()))
    counts = {"pairs": len(split.pairs), "new_pairs": int(split.is_new.sum())}
    report = {**counts, "seeds": options.seeds, "table": table, "runs": results}
    target = ROOT / "bench" / "results" / "quality.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
