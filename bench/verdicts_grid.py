"""What verdicts.py trains: runs by how they are made, and the verdicts that would be right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from limits_grid import COUNTRY, PRICE, both, dense

Plain = dict[str, Any]

RIGHT: dict[str, tuple[str, ...]] = {
    "fine": ("good",),
    "collapsed": ("bad",),
    "diverged": ("bad", "broken"),
    "NaN": ("broken", "bad"),
    "popularity only": ("bad",),
    "rate too low": ("bad", "at_risk"),
    "no logQ, deep": ("bad",),
    "undertrained": ("at_risk", "bad"),
    "overfitted": ("at_risk", "bad"),
    "answer in a tower": ("bad",),
    "random split": ("at_risk",),
    "interrupted": ("at_risk",),
    "mixed modules": ("broken",),
}
"""Labels and right verdicts. Where a run may come out as more than one of them, both are right:
whether a diverging loss reaches infinity within its epochs, say."""


def right(run: Plain) -> tuple[str, ...]:
    """Returns the verdicts that would be right for a result.

    A trainer that keeps the best epoch's weights cannot be harmed by epochs that come after it.
    """
    is_harmless = run["label"] == "overfitted" and run["kept_best"]
    return ("good", "at_risk") if is_harmless else RIGHT[run["label"]]


def is_missed(run: Plain) -> bool:
    """Says whether a run that was made to be bad is called good."""
    return run["verdict"] == "good" and "good" not in right(run)


@dataclass(frozen=True)
class Made:
    """A run, by how it is made."""

    label: str
    name: str
    config: Plain
    stop_after: int | None = None
    """Epochs after which the training is killed."""
    foreign: bool = False
    """Whether the transform module beside it is that of another config."""


def experiment(
    model: Plain, id_width: int = 64, split: str = "strict_time", leak: bool = False
) -> Plain:
    """Returns a config on the columns of `recgen demo-data`."""
    ids = [
        {
            "column": column,
            "bq_type": "STRING",
            "data_type": "text",
            "transforms": {"embedding": {"embedding_dim": id_width}},
        }
        for column in ("CustomerID", "StockCode")
    ]
    return {
        "name": "verdicts",
        "features": {
            "buyer_id_column": "CustomerID",
            "product_id_column": "StockCode",
            "buyer_model_features": [ids[0], COUNTRY, *([ids[1]] if leak else [])],
            "product_model_features": [ids[1], PRICE],
        },
        "model": {"batch_size": 512, **model},
        "data": {
            "split": {
                "kind": split,
                "date_column": "InvoiceDate",
                "validation": 0.05,
                "test": 0.1,
            }
        },
    }


RELU = both(dense(256), dense(128), dense(64))
LINEAR = both(dense(256), dense(128), dense(64, "linear"))
FOUR = both(dense(512), dense(256), dense(128), dense(64, "linear"))
SIX = both(*[dense(128)] * 5, dense(64, "linear"))
ONE = both(dense(64, "linear"))


def _flat(label: str, name: str, **model: Any) -> Made:
    """Returns a run without layers."""
    options = {key: model.pop(key) for key in ("split", "leak") if key in model}
    return Made(label, name, experiment(model, **options))


def _deep(label: str, name: str, layers: Plain, **model: Any) -> Made:
    return Made(label, name, experiment({**layers, **model}, id_width=32))


def made() -> Iterator[Made]:
    """Yields all runs."""
    yield from _fine()
    yield from _failing()
    yield from _hardly_learning()
    yield from _badly_measured()


def _fine() -> Iterator[Made]:
    for seed in (1, 2, 3):
        yield _flat("fine", f"adagrad 0.05, seed {seed}", epochs=12, seed=seed)
    yield _flat("fine", "adagrad 0.1", learning_rate=0.1, epochs=8)
    yield _flat("fine", "adam 0.01", optimizer="adam", learning_rate=0.01, epochs=6)
    yield _flat("fine", "adam 0.005", optimizer="adam", learning_rate=0.005, epochs=10)
    yield _flat("fine", "rmsprop 0.01", optimizer="rmsprop", learning_rate=0.01, epochs=6)
    yield _deep("fine", "one layer, adagrad 0.05", ONE, epochs=12)
    yield _deep("fine", "one layer, adam 0.01", ONE, optimizer="adam", learning_rate=0.01, epochs=9)


def _failing() -> Iterator[Made]:
    adam = {"optimizer": "adam", "epochs": 16}
    loose = {"logq_correction": False, "gradient_clip_norm": None, "epochs": 16}
    for seed, rate in ((1, 0.1), (2, 0.1), (3, 0.5)):
        name = f"adam {rate}, all ReLU, seed {seed}"
        yield _deep("collapsed", name, RELU, learning_rate=rate, seed=seed, **adam)
    yield _deep("collapsed", "adam 0.3, linear last", LINEAR, learning_rate=0.3, **adam)
    yield _deep("collapsed", "adagrad 1.0, all ReLU", RELU, learning_rate=1.0, epochs=16)
    yield _deep("collapsed", "adagrad 1.0, four layers", FOUR, learning_rate=1.0, epochs=16)
    yield _deep("collapsed", "adam 0.3, no logQ, no clip", RELU, **{**adam, **loose},
                learning_rate=0.3)  # fmt: skip
    yield _deep("collapsed", "ftrl 1.0", LINEAR, optimizer="ftrl", learning_rate=1.0, epochs=16)
    yield _flat("diverged", "adagrad 10", learning_rate=10.0, epochs=16)
    yield _flat("diverged", "adagrad 10, no clip", learning_rate=10.0, epochs=16,
                gradient_clip_norm=None)  # fmt: skip
    yield _flat("diverged", "adam 1.0", optimizer="adam", learning_rate=1.0, epochs=16)
    yield _deep("diverged", "one layer, adam 0.5", ONE, learning_rate=0.5, **adam)
    sgd = {"optimizer": "sgd", "gradient_clip_norm": None, "epochs": 16}
    yield _flat("NaN", "sgd 10, no clip", learning_rate=10.0, **sgd)
    yield _flat("NaN", "sgd 5, no clip", learning_rate=5.0, **sgd)
    yield _deep("NaN", "one layer, sgd 10, no clip", ONE, learning_rate=10.0, **sgd)
    yield _deep("NaN", "deep, sgd 10, no clip", LINEAR, learning_rate=10.0, **sgd)


def _hardly_learning() -> Iterator[Made]:
    yield _deep(
        "popularity only", "adagrad 0.2, three layers", LINEAR, learning_rate=0.2, epochs=16
    )
    yield _deep("popularity only", "adagrad 0.05, six layers", SIX, epochs=16)
    yield _deep("popularity only", "adam 0.05, three layers", LINEAR, optimizer="adam",
                learning_rate=0.05, epochs=16)  # fmt: skip
    yield _flat("popularity only", "sgd 0.1", optimizer="sgd", learning_rate=0.1, epochs=16)
    yield _flat("rate too low", "adagrad 0.0001", learning_rate=0.0001, epochs=16)
    yield _flat("rate too low", "adagrad 0.002", learning_rate=0.002, epochs=16)
    yield _flat("rate too low", "adam 0.00001", optimizer="adam", learning_rate=1e-5, epochs=16)
    yield _deep("rate too low", "one layer, adagrad 0.001", ONE, learning_rate=0.001, epochs=16)
    for seed in (1, 2):
        name = f"adagrad 0.05, three layers, seed {seed}"
        yield _deep("no logQ, deep", name, LINEAR, logq_correction=False, epochs=16, seed=seed)
    yield _deep("no logQ, deep", "adagrad 0.1, four layers", FOUR, logq_correction=False,
                learning_rate=0.1, epochs=16)  # fmt: skip
    yield _flat("undertrained", "one epoch", epochs=1)
    yield _flat("undertrained", "two epochs", epochs=2)
    yield _flat("undertrained", "adam 0.001, two epochs", optimizer="adam", learning_rate=0.001,
                epochs=2)  # fmt: skip
    yield _deep("undertrained", "one layer, one epoch", ONE, epochs=1)
    adam = {"optimizer": "adam", "learning_rate": 0.01}
    yield _flat("overfitted", "adam 0.01, 40 epochs", epochs=40, **adam)
    yield _flat("overfitted", "adam 0.02, 40 epochs", epochs=40, optimizer="adam",
                learning_rate=0.02)  # fmt: skip
    yield _deep("overfitted", "one layer, adam 0.01, 60 epochs", ONE, epochs=60, **adam)


def _badly_measured() -> Iterator[Made]:
    yield _flat("answer in a tower", "adagrad 0.05", epochs=6, leak=True)
    yield _flat("answer in a tower", "adam 0.01", optimizer="adam", learning_rate=0.01, epochs=4,
                leak=True)  # fmt: skip
    yield _flat("random split", "adagrad 0.05", epochs=12, split="random")
    yield _flat("random split", "adam 0.01", optimizer="adam", learning_rate=0.01, epochs=4,
                split="random")  # fmt: skip
    whole = experiment({"epochs": 12})
    yield Made("interrupted", "killed after 4 epochs", whole, stop_after=4)
    yield Made("mixed modules", "another transform", experiment({"epochs": 8}), foreign=True)
