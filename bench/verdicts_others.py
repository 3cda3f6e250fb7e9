"""Runs of other code than recgen's: trainings after TFRS's tutorial, as the files that users have.

Each training is written as a History of Keras in JSON, the CSV of CSVLogger, a row of a database
with every fifth epoch, and a notebook's own JSON. What is right of each was written down before the
first diagnosis. Those of tests/keras_logs are from here.

    python bench/verdicts_others.py FOLDER --half development
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
from shapes import Market, simulate

RELU = ((64, "relu"), (32, "relu"))
KS = (5, 10, 50)
WORKS, BAD = ("good", "at_risk"), ("bad",)
DOUBTFUL = ("at_risk", "bad")
DEAD = ("RD101", "RD102", "RD103")
COPIED, SLOW = ("RD403", "RD601", "RD602"), ("RD202", "RD103", "RD601", "RD302")
FAST = ("RD460", "RD461", "RD201", "RD203")
FILES = ("history.json", "log.csv", "row.json", "notebook.json")


@dataclass(frozen=True)
class Other:
    """A training, and what is right of its files."""

    name: str
    verdicts: tuple[str, ...]
    first: tuple[str, ...]
    """Codes of which one should be the first cause; any if there are none."""
    optimizer: str = "Adagrad"
    rate: float = 0.5
    epochs: int = 10
    layers: tuple[tuple[int, str], ...] = ()
    copies: bool = False
    """Whether the candidates are the rows, in which products occur many times."""
    shuffled: bool = True
    rates: bool = False
    """Whether it predicts ratings."""


HALVES: dict[str, tuple[Market, int, Sequence[Other]]] = {
    "development": (
        Market(300, 250, 5000, days=200, basket=4, taste=2.0, groups=8, launched=0.0),
        11,
        (
            Other("good", WORKS, ("RD602",), epochs=12),
            Other("dead", BAD, DEAD, "Adam", 1.0, layers=RELU),
            Other("duplicates", DOUBTFUL, COPIED, epochs=8, copies=True),
            Other("not shuffled", WORKS, (), epochs=12, shuffled=False),
            Other("NaN", ("broken", "bad"), ("RD204",), "SGD", 1e4, 6),
            Other("low rate", DOUBTFUL, SLOW, "Adam", 1e-6, 8),
            Other("ratings", WORKS, (), "Adam", 0.01, 8, rates=True),
            Other("ratings diverged", BAD, FAST, "Adam", 30.0, 8, rates=True),
        ),
    ),
    "held out": (
        Market(200, 600, 7000, days=400, basket=3, taste=2.5, groups=5, launched=0.2),
        12,
        (
            Other("good, deep", WORKS, ("RD602",), "Adam", 0.003, 8, ((32, "linear"),)),
            Other("dead, three layers", BAD, DEAD, "Adagrad", 5.0, 7, (*RELU, (16, "relu"))),
            Other("duplicates, adam", DOUBTFUL, COPIED, "Adam", 0.01, 9, copies=True),
            Other("not shuffled, adam", WORKS, (), "Adam", 0.01, 6, shuffled=False),
            Other("NaN, three layers", ("broken", "bad"), ("RD204",), "SGD", 1e3, 5, RELU),
            Other("low rate, sgd", DOUBTFUL, SLOW, "SGD", 1e-7, 11),
            Other("ratings, sgd", WORKS, (), "SGD", 0.05, 12, rates=True),
            Other("ratings diverged, adam 10", BAD, FAST, "Adam", 10.0, 6, rates=True),
        ),
    ),
}  # fmt: skip


class Shop:
    """Purchases with stars, of which the last tenth is the test."""

    def __init__(self, market: Market, seed: int) -> None:
        found = simulate(market, seed)
        draw = np.random.default_rng(seed)
        self.users = np.char.add("u", found.buyer.astype(str))
        self.items = np.char.add("i", found.product.astype(str))
        stars = 3 + 0.5 * (found.product % 3) + 0.3 * (found.buyer % 2)
        self.stars = (stars + draw.normal(0, 0.3, len(stars))).astype(np.float32)
        self.cut = len(stars) * 9 // 10
        self.products = len(np.unique(self.items))

    def rows(self, places: slice) -> tf.data.Dataset:
        """Returns rows as the tutorial has them."""
        columns = {"user": self.users, "item": self.items, "stars": self.stars}
        return tf.data.Dataset.from_tensor_slices({k: v[places] for k, v in columns.items()})


def _tower(names: Any, layers: Iterable[tuple[int, str]] = ()) -> tf.keras.Model:
    vocabulary = np.unique(names)
    return tf.keras.Sequential(
        [
            tf.keras.layers.StringLookup(vocabulary=vocabulary, mask_token=None),
            tf.keras.layers.Embedding(len(vocabulary) + 1, 32),
            *(tf.keras.layers.Dense(width, activation=name) for width, name in layers),
        ]
    )


class Finder(tfrs.Model):
    """The retrieval model of TFRS's tutorial."""

    def __init__(self, shop: Shop, other: Other) -> None:
        super().__init__()
        self.query = _tower(shop.users, other.layers)
        self.candidate = _tower(shop.items, other.layers)
        items = shop.items[: shop.cut] if other.copies else np.unique(shop.items)
        candidates = tf.data.Dataset.from_tensor_slices(items).batch(128).map(self.candidate)
        self.task = tfrs.tasks.Retrieval(
            metrics=tfrs.metrics.FactorizedTopK(candidates=candidates, ks=KS)
        )

    def compute_loss(self, rows: Any, training: bool = False) -> Any:
        """Returns the loss of a batch."""
        query, candidate = self.query(rows["user"]), self.candidate(rows["item"])
        return self.task(query, candidate, compute_metrics=not training)


class Rater(tfrs.Model):
    """The ranking model of TFRS's tutorial."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self.query, self.candidate = _tower(shop.users), _tower(shop.items)
        self.head = tf.keras.Sequential(
            [tf.keras.layers.Dense(32, activation="relu"), tf.keras.layers.Dense(1)]
        )
        self.task = tfrs.tasks.Ranking(
            loss=tf.keras.losses.MeanSquaredError(),
            metrics=[tf.keras.metrics.RootMeanSquaredError()],
        )

    def compute_loss(self, rows: Any, training: bool = False) -> Any:
        """Returns the loss of a batch."""
        both = tf.concat([self.query(rows["user"]), self.candidate(rows["item"])], axis=1)
        return self.task(labels=rows["stars"], predictions=self.head(both))


def train(shop: Shop, other: Other, folder: Path) -> None:
    """Trains, and writes the files of a run."""
    tf.keras.utils.set_random_seed(1)
    folder.mkdir(parents=True, exist_ok=True)
    model = Rater(shop) if other.rates else Finder(shop, other)
    model.compile(optimizer=getattr(tf.keras.optimizers, other.optimizer)(other.rate))
    rows = shop.rows(slice(0, shop.cut))
    rows = rows.shuffle(10_000, seed=1) if other.shuffled else rows
    test = shop.rows(slice(shop.cut, None)).batch(512)
    logger = tf.keras.callbacks.CSVLogger(str(folder / "log.csv"))
    history = model.fit(rows.batch(512), validation_data=test, epochs=other.epochs, verbose=0,
                        callbacks=[logger]).history  # fmt: skip
    series = {name: [float(value) for value in values] for name, values in history.items()}
    _write(folder / "history.json", series)
    _write(folder / "row.json", _row(series, other, shop.products))
    tests = {f"test_{name[4:]}": v[-1] for name, v in series.items() if name.startswith("val_")}
    losses = {name: series[name] for name in ("loss", "val_loss")}
    _write(folder / "notebook.json", {"loss": losses, "final_metrics": tests})


def _row(series: dict[str, list[float]], other: Other, products: int) -> dict[str, Any]:
    """Returns a run's row, of which every fifth epoch and the last one are kept."""
    kept = sorted({*range(0, other.epochs, 5), other.epochs - 1})
    loss = {
        name: [series[own][epoch] for epoch in kept]
        for name, own in (("train", "loss"), ("val", "val_loss"))
    }
    top = "val_factorized_top_k/top_{}_categorical_accuracy"
    if other.rates:
        final = {"test_rmse": series["val_root_mean_squared_error"][-1]}
    else:
        final = {f"test_recall_at_{k}": series[top.format(k)][-1] for k in KS}
    history = {"cached_at": "2026-01-01", "epochs": kept, "loss": loss, "final_metrics": final}
    return {
        "status": "completed",
        "epochs": other.epochs,
        "batch_size": 512,
        "model_type": "ranking" if other.rates else "retrieval",
        "dataset_unique_products": products,
        "training_history_json": history,
    }


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")


def judge(folder: Path, other: Other, products: int) -> None:
    """Prints what is wrong of a run's diagnoses."""
    from recgen.analysis import diagnose, load_run

    for name in FILES:
        found = diagnose(load_run(folder / name, products=products))
        codes = [cause.code for cause in found.causes]
        is_right = found.verdict in other.verdicts
        is_root = not other.first or (bool(codes) and codes[0] in other.first)
        mark = "" if is_right and is_root else "WRONG " if not is_right else "root "
        print(f"{mark:<6} {other.name:<32} {name:<14} {found.verdict:<8} {' '.join(codes)}")


def main() -> None:
    """Trains the runs of a half that are not there, and judges them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=HALVES, default="development")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    market, seed, others = HALVES[options.half]
    shop = Shop(market, seed)
    for other in others:
        folder = options.folder / other.name.replace(", ", "_").replace(" ", "_")
        if not (folder / "notebook.json").exists():
            train(shop, other, folder)
        judge(folder, other, shop.products)


if __name__ == "__main__":
    main()
