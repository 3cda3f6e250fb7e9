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
    stops: bool = True
    """Whether the trainer's own watch stops it when a tower is dead."""

    def key(self) -> Plain:
        """Returns what tells it from others, as JSON has it."""
        return {
            "features": self.features,
            "id_width": self.id_width,
            "split": self.split,
            "model": self.model,
            "seed": self.seed,
            "epochs": self.epochs,
            "stops": self.stops,
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
        # One training to its end, so that runs can be compared epoch by epoch.
        "model": {"refit": False, "early_stopping_patience": None, **trial.model},
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
    for seed, depth, rate in itertools.product((1, 2), (3, 4, 2), (0.1, 0.2, 0.3)):
        yield deep(depth, seed=seed, optimizer="adagrad", learning_rate=rate)
    for depth, rate in itertools.product((3, 0, 2, 4), (0.02, 0.05)):
        yield deep(depth, optimizer="adam", learning_rate=rate)
    for depth, rate in itertools.product((3, 4), (0.01, 0.03)):
        yield deep(depth, seed=2, optimizer="adam", learning_rate=rate)
    for seed in (1, 2):
        yield deep(4, seed=seed, optimizer="adagrad", learning_rate=0.05)
    bare = {"gradient_clip_norm": None}
    uncorrected = {"logq_correction": False}
    for more, depth in itertools.product(({**bare, **uncorrected}, uncorrected, bare), (3, 4, 2)):
        yield deep(depth, optimizer="adagrad", learning_rate=0.1, **more)
    for rate in (0.01, 0.03):
        yield deep(3, optimizer="adam", learning_rate=rate, **bare, **uncorrected)
    for depth, rate in itertools.product((6, 8), (0.01, 0.05)):
        yield deep(depth, optimizer="adagrad", learning_rate=rate)
    for rate in (0.001, 0.01):
        yield deep(6, optimizer="adam", learning_rate=rate)
    for rate, depth in itertools.product((0.1, 1.0), (0, 3)):
        yield deep(depth, optimizer="sgd", learning_rate=rate, **bare)
    for optimizer, rate in (
        ("adagrad", 0.0003),
        ("adagrad", 0.001),
        ("adam", 1e-5),
        ("adam", 3e-5),
    ):
        yield deep(0, epochs=5, optimizer=optimizer, learning_rate=rate)


def seeds() -> Iterator[Trial]:
    """More seeds where a rule's limit lies, and the epochs that a user would train."""
    for seed, depth in itertools.product((3, 4), (3, 4)):
        yield deep(depth, seed=seed, optimizer="adagrad", learning_rate=0.1)
    for depth, rate in itertools.product((0, 1, 2, 3), (0.05, 0.1)):
        yield deep(depth, epochs=8, optimizer="adagrad", learning_rate=rate)
    for depth in (3, 4):
        yield deep(depth, seed=3, optimizer="adagrad", learning_rate=0.05)
    for depth in (2, 3):
        yield deep(depth, seed=2, optimizer="ftrl", learning_rate=0.1)
    for optimizer, rate in (("adagrad", 0.1), ("adagrad", 0.05), ("adam", 0.01)):
        for units, seed in (((256, 128, 64), 1), ((64,), 1), ((256, 128, 64), 2), ((64,), 2)):
            rated = {"optimizer": optimizer, "learning_rate": rate}  # ReLU last
            yield Trial({**both(*map(dense, units)), **rated}, id_width=32, seed=seed)
    for seed in (3, 4):
        yield Trial(both(*map(dense, (256, 128, 64))), id_width=32, seed=seed)


def alarms() -> Iterator[Trial]:
    """Runs that were stopped, once more without the watch: do they recover?"""
    for depth, optimizer, rate in (
        (3, "adagrad", 0.2),
        (4, "adagrad", 0.2),
        (6, "adagrad", 0.05),
        (8, "adagrad", 0.01),
        (2, "adam", 0.05),
        (4, "adam", 0.03),
        (3, "ftrl", 0.01),
        (3, "ftrl", 0.1),
    ):
        yield replace(deep(depth, optimizer=optimizer, learning_rate=rate), stops=False)
    yield replace(_towers(dense(128, "sigmoid"), dense(64, "sigmoid")), stops=False)
    yield replace(_towers(dense(128, l2_reg=0.1), dense(64, "linear")), stops=False)
    yield Trial(both(*map(dense, (256, 128, 64))), id_width=32, stops=False)


def training() -> Iterator[Trial]:
    """The logQ correction, clipping, epochs, batch size."""
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
    for size in (64, 256, 4096):
        yield Trial({"batch_size": size})
    for size in (32, 8):
        yield Trial({"batch_size": size}, epochs=1)


def layers() -> Iterator[Trial]:
    """Penalties, dropout, normalization, activations and widths in two dense layers."""
    yield _towers(dense(128), dense(64, "linear"))
    for activation in ("relu", "sigmoid", "tanh"):
        yield _towers(dense(128), dense(64, activation))
    for name, penalties in (
        ("l2_reg", (1e-4, 0.001, 0.01, 0.1)),
        ("l1_reg", (1e-5, 1e-4, 0.001, 0.01)),
    ):
        for penalty in penalties:
            yield _towers(dense(128, **{name: penalty}), dense(64, "linear"))
    for units in (8, 16):
        yield _towers(dense(units), dense(64, "linear"))
    for rate in (0.5, 0.9):
        yield _towers(dense(128), {"type": "dropout", "rate": rate}, dense(64, "linear"))
    for kind in ("batch_norm", "layer_norm"):
        yield _towers(dense(128), dense(64, "linear"), {"type": kind})
    yield _towers(dense(128, "linear"), dense(64, "linear"))
    yield _towers(dense(64, "linear"))
    yield _towers(dense(128, "sigmoid"), dense(64, "sigmoid"))


def grid() -> Iterator[Trial]:
    """Optimizer x learning rate x depth x activation x batch size, on both sides of the limits."""
    rates = {"adagrad": (0.01, 0.1), "adam": (0.003, 0.03), "clippy_adagrad": (0.1, 1.0)}
    for (optimizer, both_rates), depth, activation, batch in itertools.product(
        rates.items(), (2, 4), ("relu", "tanh", "selu"), (256, 2048)
    ):
        hidden = HIDDEN[len(HIDDEN) - depth + 1 :]
        layers = both(*(dense(units, activation) for units in hidden))
        for rate in both_rates:
            more = {"optimizer": optimizer, "learning_rate": rate, "batch_size": batch}
            yield Trial({**layers, **more}, id_width=32, epochs=2)


def reported() -> Iterator[Trial]:
    """A report's bad experiments, all ReLU at 0.1, and its remedies: to clip, to lower the rate."""
    towers = both(*map(dense, (256, 128, 64)))
    loose = {"logq_correction": False, "gradient_clip_norm": None}
    variants: tuple[Plain, ...] = (
        {"learning_rate": 0.1, **loose},
        {"learning_rate": 0.1, "logq_correction": False},
        {"learning_rate": 0.01, **loose},
        {"learning_rate": 0.01},
    )
    for optimizer, seed, model in itertools.product(("adagrad", "adam"), (1, 2, 3, 4), variants):
        common = {**towers, "optimizer": optimizer, "batch_size": 2048}
        yield Trial({**common, **model}, id_width=32, seed=seed, epochs=5)


def schedules() -> Iterator[Trial]:
    """Learning rate schedules, at rates that train and at rates that do not."""
    for depth, rate in ((0, 0.05), (0, 0.3), (3, 0.05), (3, 0.2)):
        for schedule in ("constant", "warmup_cosine", "plateau"):
            model = {"learning_rate": rate, "learning_rate_schedule": schedule}
            yield deep(depth, epochs=5, **model)


def widths() -> Iterator[Trial]:
    """ID width against output width, no layers."""
    for width in (32, 128):
        yield Trial({"output_embedding_dim": 128}, id_width=width, epochs=5)
    for width, output in ((8, 8), (256, 256), (8, 64)):
        yield Trial({"output_embedding_dim": output}, id_width=width, epochs=5)


def softmax() -> Iterator[Trial]:
    """Temperature, normalized embeddings, accidental hits, label smoothing."""
    for temperature in (1.0, 0.2, 0.1, 0.05, 0.02):
        yield Trial({"normalize_embeddings": True, "temperature": temperature}, epochs=5)
    for is_corrected in (True, False):
        model = {"remove_accidental_hits": True, "logq_correction": is_corrected}
        yield Trial(model, epochs=5)
    yield Trial({"logq_correction": False}, epochs=5)
    yield Trial(epochs=5)
    for temperature in (0.1, 0.5, 5.0):
        yield Trial({"temperature": temperature}, epochs=5)
    for smoothing in (0.1, 0.3):
        yield Trial({"label_smoothing": smoothing}, epochs=5)
    yield Trial({"label_smoothing": 0.1, "remove_accidental_hits": True}, epochs=5)
    yield deep(3, normalize_embeddings=True, temperature=0.1, epochs=5)


def leaks() -> Iterator[Trial]:
    """What the buyer's tower should not know, columns in both towers, how rows are divided."""
    price, product = ("UnitPrice_norm",), ("StockCode",)
    for features, blind in (("price in both", price), ("product ID in the buyer's", product)):
        yield replace(deep(2, epochs=5), features=features, blind=blind)
        yield Trial(features=features, blind=blind, epochs=5)
    yield replace(deep(2, epochs=5), features="country in both")
    for features in ("country in both", "date in the buyer's", "date in both"):
        yield Trial(features=features, epochs=5)
    yield Trial(split="time_holdout", epochs=5)
    yield deep(2, epochs=5)


def _towers(*layers: Plain) -> Trial:
    """Returns a trial with these layers in both towers, and IDs of 32."""
    return Trial(both(*layers), id_width=32)


GROUPS: dict[str, Callable[[], Iterator[Trial]]] = {
    "rates": rates,
    "edges": edges,
    "seeds": seeds,
    "alarms": alarms,
    "training": training,
    "layers": layers,
    "grid": grid,
    "reported": reported,
    "schedules": schedules,
    "widths": widths,
    "softmax": softmax,
    "leaks": leaks,
}
