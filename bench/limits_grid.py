"""What limits.py trains: the groups of trials, and the experiment that a trial stands for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Plain = dict[str, Any]


def _text(column: str, width: int) -> Plain:
    return {
        "column": column,
        "bq_type": "STRING",
        "data_type": "text",
        "transforms": {"embedding": {"embedding_dim": width}},
    }


PRICE = {
    "column": "UnitPrice",
    "bq_type": "FLOAT64",
    "data_type": "numeric",
    "transforms": {"log_transform": {}, "normalize": {}},
}
DATE = {
    "column": "InvoiceDate",
    "bq_type": "TIMESTAMP",
    "data_type": "temporal",
    "transforms": {"normalize": {}, "cyclical": {"yearly": True, "weekly": True}},
}
COUNTRY = _text("Country", 16)
# Beyond the IDs: the buyer's columns, the product's.
FEATURES: dict[str, tuple[tuple[Plain, ...], tuple[Plain, ...]]] = {
    "ids": ((), ()),
    "shop": ((COUNTRY,), (PRICE,)),
    "country in both": ((COUNTRY,), (PRICE, COUNTRY)),
    "price in both": ((COUNTRY, PRICE), (PRICE,)),
    "date in the buyer's": ((COUNTRY, DATE), (PRICE,)),
    "date in both": ((COUNTRY, DATE), (PRICE, DATE)),
    "product ID in the buyer's": ((COUNTRY, {}), (PRICE,)),  # {}: as the product tower has it
    "all": ((COUNTRY, PRICE, DATE, {}), (PRICE, COUNTRY, DATE)),
}
HIDDEN = (512, 512, 512, 512, 512, 256, 128)


@dataclass(frozen=True)
class Trial:
    """One training: what differs from the shop example with 64 wide IDs and outputs."""

    model: Plain = field(default_factory=dict)
    features: str = "shop"
    id_width: int = 64
    split: str = "strict_time"
    seed: int = 1
    epochs: int = 3
    blind: tuple[str, ...] = ()
    """Keys of the buyer's tower that a client does not have: recall is measured without, too."""

    def key(self) -> Plain:
        """Returns what tells it from others, as JSON has it."""
        return {
            "features": self.features,
            "id_width": self.id_width,
            "split": self.split,
            "model": self.model,
            "seed": self.seed,
            "epochs": self.epochs,
        }


def experiment(trial: Trial) -> Plain:
    """Returns the config that a trial stands for."""
    buyer_id, product_id = (_text(c, trial.id_width) for c in ("CustomerID", "StockCode"))
    buyer, product = FEATURES[trial.features]
    split = {"kind": trial.split, "date_column": "InvoiceDate", "validation": 0.03, "test": 0.1}
    return {
        "name": "limits",
        "features": {
            "buyer_id_column": "CustomerID",
            "product_id_column": "StockCode",
            "buyer_model_features": [buyer_id, *(f or product_id for f in buyer)],
            "product_model_features": [product_id, *product],
        },
        "model": trial.model,
        "data": {"split": split},
    }


def both(*layers: Plain) -> Plain:
    """Returns the model fields for towers with the same layers."""
    return {"buyer_tower_layers": list(layers), "product_tower_layers": list(layers)}


def dense(units: int, activation: str = "relu", **more: Any) -> Plain:
    """Returns a dense layer."""
    return {"type": "dense", "units": units, "activation": activation, **more}


def deep(depth: int, epochs: int = 3, seed: int = 1, **model: Any) -> Trial:
    """Returns a trial with that many dense layers, the linear projection to 64 included.

    Without any, IDs are as wide as the output and go around the projection. Else they have the
    32 of `embedding_dim`.
    """
    hidden = HIDDEN[len(HIDDEN) - max(depth - 1, 0) :]
    layers = both(*map(dense, hidden)) if hidden else {}
    return Trial({**layers, **model}, id_width=32 if depth else 64, epochs=epochs, seed=seed)


RATES = {
    "adagrad": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    "adam": (1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1),
    "rmsprop": (1e-4, 1e-3, 0.01, 0.03, 0.1),
    "adamw": (1e-4, 1e-3, 0.01, 0.03, 0.1),
    "sgd": (0.01, 0.1, 1.0, 10.0),
    "ftrl": (0.01, 0.1, 1.0),
}


def rates() -> Iterator[Trial]:
    """Learning rate by optimizer and depth."""
    for optimizer, depth in itertools.product(("adagrad", "adam"), (0, 3, 1, 2, 4)):
        for rate in RATES[optimizer]:
            yield deep(depth, optimizer=optimizer, learning_rate=rate)
    for optimizer, depth in itertools.product(("sgd", "rmsprop", "adamw", "ftrl"), (0, 3, 1)):
        for rate in RATES[optimizer]:
            yield deep(depth, optimizer=optimizer, learning_rate=rate)


def edges() -> Iterator[Trial]:
    """Rates again where `rates` saw them fail: between, other seeds, deeper, other settings."""
    for depth, rate, seed in itertools.product((2, 3, 4), (0.05, 0.1, 0.2, 0.3), (1, 2, 3)):
        yield deep(depth, seed=seed, optimizer="adagrad", learning_rate=rate)
    for depth, rate, seed in itertools.product((0, 1, 2, 3, 4), (0.01, 0.02, 0.03, 0.05), (1, 2)):
        yield deep(depth, seed=seed, optimizer="adam", learning_rate=rate)
    bare = {"gradient_clip_norm": None}
    uncorrected = {"logq_correction": False}
    for more, depth, seed in itertools.product(
        (bare, uncorrected, {**bare, **uncorrected}), (1, 2, 3, 4), (1, 2)
    ):
        yield deep(depth, seed=seed, optimizer="adagrad", learning_rate=0.1, **more)
    for rate, seed in itertools.product((0.01, 0.03), (1, 2)):
        yield deep(3, seed=seed, optimizer="adam", learning_rate=rate, **bare, **uncorrected)
    for depth, rate in itertools.product((6, 8), (0.01, 0.05, 0.1)):
        yield deep(depth, optimizer="adagrad", learning_rate=rate)
    for depth, rate in itertools.product((6, 8), (0.001, 0.01)):
        yield deep(depth, optimizer="adam", learning_rate=rate)
    for rate, depth in itertools.product((0.1, 1.0, 10.0), (0, 1, 3)):
        yield deep(depth, optimizer="sgd", learning_rate=rate, **bare)
    for rate in (3.0, 10.0):
        yield deep(0, optimizer="adagrad", learning_rate=rate)
    for rate in (0.0003, 0.001, 0.003):
        yield deep(0, epochs=5, optimizer="adagrad", learning_rate=rate)
        yield deep(3, epochs=5, optimizer="adagrad", learning_rate=rate)
    for rate in (3e-6, 1e-5, 3e-5):
        yield deep(0, epochs=5, optimizer="adam", learning_rate=rate)
        yield deep(3, epochs=5, optimizer="adam", learning_rate=rate)


def training() -> Iterator[Trial]:
    """The logQ correction, batch size, clipping, epochs."""
    for seed in (1, 2, 3):
        yield Trial(epochs=8, seed=seed)
        yield deep(3, epochs=8, seed=seed)
    for depth, seed in itertools.product((0, 3), (1, 2)):
        yield deep(depth, logq_correction=False, epochs=8, seed=seed)
    for clip, depth in itertools.product((None, 0.001, 0.01, 0.1, 10.0, 100.0), (0, 3)):
        yield deep(depth, gradient_clip_norm=clip, epochs=8)
    for epochs, seed in ((50, 1), (50, 2), (20, 1), (3, 1), (1, 1)):
        yield Trial(epochs=epochs, seed=seed)
    yield deep(3, epochs=20)
    for size in (64, 256, 4096, 8192, 16384):
        yield Trial({"batch_size": size})
    for size in (32, 16, 8):
        yield Trial({"batch_size": size}, epochs=1)
    for size in (64, 8192):
        yield deep(3, batch_size=size)


def layers() -> Iterator[Trial]:
    """Penalties, dropout, normalization, activations and widths; two dense layers unless said."""
    penalties = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0)
    for name, penalty in itertools.product(("l2_reg", "l1_reg"), penalties):
        yield _towers(dense(128, **{name: penalty}), dense(64, "linear"))
    for rate in (0.1, 0.3, 0.5, 0.7, 0.9):
        dropout = {"type": "dropout", "rate": rate}
        yield _towers(dense(128), dropout, dense(64, "linear"))
        yield _towers(dense(128), dense(64, "linear"), dropout)
    for kind in ("batch_norm", "layer_norm"):
        yield _towers(dense(128), dense(64, "linear"), {"type": kind})
        yield _towers(dense(128), {"type": kind}, dense(64, "linear"))
    for activation in ("linear", "relu", "tanh", "sigmoid", "gelu"):
        yield _towers(dense(128), dense(64, activation))
        yield _towers(dense(128, activation), dense(64, "linear"))
    yield _towers(dense(64, "linear"))
    yield _towers(dense(64, "relu"))
    for units in (4, 8, 16, 32, 512, 2048):
        yield _towers(dense(units), dense(64, "linear"))
    yield _towers(dense(8, "linear"), dense(64, "linear"))
    yield _towers(dense(128), dense(8), dense(64, "linear"))


def widths() -> Iterator[Trial]:
    """ID width against output width, no layers."""
    for width in (8, 16, 32, 128, 256, 512):
        yield Trial({"output_embedding_dim": width}, id_width=width, epochs=8)
    for width, output in ((4, 64), (8, 64), (32, 64), (128, 64), (512, 64), (64, 8), (8, 512)):
        yield Trial({"output_embedding_dim": output}, id_width=width, epochs=8)
    for width in (32, 64, 127):
        yield Trial({"output_embedding_dim": 128}, id_width=width, epochs=8)
    yield Trial(features="ids", epochs=8)


def softmax() -> Iterator[Trial]:
    """Temperature, normalized embeddings, accidental hits, label smoothing."""
    for temperature, seed in itertools.product((1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01), (1, 2)):
        model = {"normalize_embeddings": True, "temperature": temperature}
        yield Trial(model, epochs=8, seed=seed)
    for temperature in (0.05, 0.1, 0.2, 0.5, 2.0, 5.0, 10.0):
        yield Trial({"temperature": temperature}, epochs=8)
    for is_corrected, seed in itertools.product((True, False), (1, 2)):
        model = {"remove_accidental_hits": True, "logq_correction": is_corrected}
        yield Trial(model, epochs=8, seed=seed)
    for smoothing in (0.05, 0.1, 0.2, 0.3):
        yield Trial({"label_smoothing": smoothing}, epochs=8)
    yield Trial({"label_smoothing": 0.1, "remove_accidental_hits": True}, epochs=8)
    for temperature in (1.0, 0.1, 0.05):
        yield deep(3, normalize_embeddings=True, temperature=temperature, epochs=8)


def leaks() -> Iterator[Trial]:
    """What the buyer's tower should not know, columns in both towers, how rows are divided."""
    for seed in (1, 2):
        yield Trial(features="country in both", epochs=8, seed=seed)
        price = ("UnitPrice_norm",)
        yield Trial(features="price in both", epochs=8, seed=seed, blind=price)
        yield Trial(features="date in the buyer's", epochs=8, seed=seed)
        yield Trial(features="date in both", epochs=8, seed=seed)
        product = ("StockCode",)
        yield Trial(features="product ID in the buyer's", epochs=8, seed=seed, blind=product)
        yield Trial(split="time_holdout", epochs=8, seed=seed)
    for features in ("price in both", "product ID in the buyer's"):
        blind = price if features == "price in both" else product
        trial = deep(2, epochs=8)
        yield replace(trial, features=features, blind=blind)


def _towers(*layers: Plain) -> Trial:
    """Returns a trial with these layers in both towers, and IDs of 32."""
    return Trial(both(*layers), id_width=32, epochs=8)


GROUPS: dict[str, Callable[[], Iterator[Trial]]] = {
    "rates": rates,
    "edges": edges,
    "training": training,
    "layers": layers,
    "widths": widths,
    "softmax": softmax,
    "leaks": leaks,
}
