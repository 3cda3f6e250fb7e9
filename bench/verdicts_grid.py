"""The labelled runs whose settings are right or wrong; their data is that of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from limits_grid import both, dense
from verdicts_made import TOWERS_ALONE, Made, Plain, Towers, experiment, text, towers_alone

RELU = both(dense(256), dense(128), dense(64))
LINEAR = both(dense(256), dense(128), dense(64, "linear"))
FOUR = both(dense(512), dense(256), dense(128), dense(64, "linear"))
SIX = both(*[dense(128)] * 5, dense(64, "linear"))
ONE = both(dense(64, "linear"))
NARROW = Towers(width=32)
LEAK = Towers(more=(text("StockCode", 64),))
ADAM = {"optimizer": "adam", "learning_rate": 0.01}
LOOSE = {"logq_correction": False, "gradient_clip_norm": None}


def _layered(label: str, name: str, layers: Plain, **model: Any) -> Made:
    return towers_alone(label, name, towers=NARROW, **{**layers, **model})


def of_settings() -> Iterator[Made]:
    """Yields the runs."""
    yield from _penalties()
    yield from _steps()
    yield from _fine()
    yield from _collapsed()
    yield from _diverged()
    yield from _hardly_learning()
    yield from _badly_measured()


def _fine() -> Iterator[Made]:
    for seed in (1, 2, 3):
        yield towers_alone("fine", f"adagrad 0.05, seed {seed}", epochs=12, seed=seed)
    yield towers_alone("fine", "adagrad 0.1", learning_rate=0.1, epochs=8)
    yield towers_alone("fine", "adam 0.01", **{**ADAM, "epochs": 6})
    yield towers_alone("fine", "adam 0.005", **{**ADAM, "learning_rate": 0.005, "epochs": 10})
    yield towers_alone("fine", "rmsprop 0.01", optimizer="rmsprop", learning_rate=0.01, epochs=6)
    yield _layered("fine", "one layer, adagrad 0.05", ONE, epochs=12)
    yield _layered("fine", "one layer, adam 0.01", ONE, **ADAM, epochs=9)
    whole = {"negatives": "full_catalogue", "logq_correction": False, "epochs": 12}
    yield towers_alone("fine", "whole catalogue, no logQ", **whole)


def _collapsed() -> Iterator[Made]:
    adam = {"optimizer": "adam", "epochs": 16}
    for seed, rate in ((1, 0.1), (2, 0.1), (3, 0.5)):
        name = f"adam {rate}, all ReLU, seed {seed}"
        yield _layered("collapsed", name, RELU, learning_rate=rate, seed=seed, **adam)
    for name, layers, model in (
        ("adam 0.3, linear last", LINEAR, {**adam, "learning_rate": 0.3}),
        ("adagrad 1.0, all ReLU", RELU, {"learning_rate": 1.0, "epochs": 16}),
        ("adagrad 1.0, four layers", FOUR, {"learning_rate": 1.0, "epochs": 16}),
        ("adam 0.3, no logQ, no clip", RELU, {**adam, **LOOSE, "learning_rate": 0.3}),
        ("ftrl 1.0", LINEAR, {"optimizer": "ftrl", "learning_rate": 1.0, "epochs": 16}),
    ):
        yield _layered("collapsed", name, layers, **model)


def _diverged() -> Iterator[Made]:
    high = {"learning_rate": 10.0, "epochs": 16}
    yield towers_alone("diverged", "adagrad 10", **high)
    yield towers_alone("diverged", "adagrad 10, no clip", **high, gradient_clip_norm=None)
    yield towers_alone("diverged", "adam 1.0", optimizer="adam", learning_rate=1.0, epochs=16)
    one = {"optimizer": "adam", "learning_rate": 0.5, "epochs": 16}
    yield _layered("diverged", "one layer, adam 0.5", ONE, **one)
    sgd = {**high, "optimizer": "sgd", "gradient_clip_norm": None}
    yield towers_alone("NaN", "sgd 10, no clip", **sgd)
    yield towers_alone("NaN", "sgd 5, no clip", **{**sgd, "learning_rate": 5.0})
    yield _layered("NaN", "one layer, sgd 10, no clip", ONE, **sgd)
    yield _layered("NaN", "deep, sgd 10, no clip", LINEAR, **sgd)
    for seed in (1, 2, 3):
        layers = both(dense(256), dense(128, "linear"))
        wide = {**layers, "output_embedding_dim": 128, "batch_size": 1024, "epochs": 12}
        yield _layered("deep on little data", f"two layers, seed {seed}", wide, seed=seed,
                       recency_half_life_days=50, output_dropout=0.2)  # fmt: skip


def _hardly_learning() -> Iterator[Made]:
    many = {"epochs": 16}
    yield _layered(
        "popularity only", "adagrad 0.2, three layers", LINEAR, learning_rate=0.2, **many
    )
    yield _layered("popularity only", "adagrad 0.05, six layers", SIX, **many)
    adam = {**ADAM, "learning_rate": 0.05}
    yield _layered("popularity only", "adam 0.05, three layers", LINEAR, **adam, **many)
    sgd = experiment({**TOWERS_ALONE, "optimizer": "sgd", "learning_rate": 0.1, **many})
    yield Made("popularity only", "sgd 0.1", sgd, roots=("optimizer",))
    for rate in (0.0001, 0.002):
        yield towers_alone("rate too low", f"adagrad {rate}", learning_rate=rate, **many)
    yield towers_alone("rate too low", "adam 0.00001", **{**ADAM, **many, "learning_rate": 1e-5})
    yield _layered("rate too low", "one layer, adagrad 0.001", ONE, learning_rate=0.001, **many)
    yield from _no_logq()
    yield towers_alone("undertrained", "one epoch", epochs=1)
    yield towers_alone("undertrained", "two epochs", epochs=2)
    few = {**ADAM, "learning_rate": 0.001, "epochs": 2}
    yield towers_alone("undertrained", "adam 0.001, two epochs", **few)
    yield _layered("undertrained", "one layer, one epoch", ONE, epochs=1)
    yield towers_alone("overfitted", "adam 0.01, 40 epochs", epochs=40, **ADAM)
    more = {**ADAM, "learning_rate": 0.02, "epochs": 40}
    yield towers_alone("overfitted", "adam 0.02, 40 epochs", **more)
    yield _layered("overfitted", "one layer, adam 0.01, 60 epochs", ONE, epochs=60, **ADAM)


def _no_logq() -> Iterator[Made]:
    without = {"logq_correction": False, "epochs": 16}
    for seed in (1, 2):
        name = f"adagrad 0.05, three layers, seed {seed}"
        yield _layered("no logQ, deep", name, LINEAR, **without, seed=seed)
    model = {**TOWERS_ALONE, **FOUR, **without, "learning_rate": 0.1}
    yield Made(
        "no logQ, deep",
        "adagrad 0.1, four layers",
        experiment(model, towers=NARROW),
        roots=("no logQ", "too deep", "rate too high", "collapse"),
    )


def _badly_measured() -> Iterator[Made]:
    yield towers_alone("answer in a tower", "adagrad 0.05", towers=LEAK, epochs=6)
    yield towers_alone("answer in a tower", "adam 0.01", towers=LEAK, epochs=4, **ADAM)
    yield towers_alone("random split", "adagrad 0.05", split="random", epochs=12)
    yield towers_alone("random split", "adam 0.01", split="random", epochs=4, **ADAM)
    whole = experiment({**TOWERS_ALONE, "epochs": 12})
    yield Made("interrupted", "killed after 4 epochs", whole, stop_after=4)
    yield Made("interrupted", "killed after 9 epochs", whole, stop_after=9)


def _penalties() -> Iterator[Made]:
    """Yields runs that are held back: by a temperature, a penalty, dropout, or a bound."""
    usual = {"epochs": 12}
    for name, model in (
        ("0.001", {"temperature": 0.001}),
        ("0.01, adam", {"temperature": 0.01, **ADAM}),
        ("100", {"temperature": 100.0}),
        ("10, unit length", {"temperature": 10.0, "normalize_embeddings": True}),
        ("1, unit length", {"temperature": 1.0, "normalize_embeddings": True}),
        ("0.003, unit length", {"temperature": 0.003, "normalize_embeddings": True}),
    ):
        yield towers_alone("temperature", name, **usual, **model)
    for name, penalty in (
        ("L2 10", {"l2_reg": 10.0}),
        ("L2 1", {"l2_reg": 1.0}),
        ("L1 1", {"l1_reg": 1.0}),
        ("L1 0.1", {"l1_reg": 0.1}),
    ):
        layers = both(dense(128, **penalty), dense(64, "linear", **penalty))
        yield _layered("penalty", name, layers, **usual)
    yield from _dropout()
    for bound in (0.01, 0.03, 0.1, 0.2):
        yield towers_alone("max norm", f"{bound}", embedding_max_norm=bound, **usual)


def _dropout() -> Iterator[Made]:
    usual = {"epochs": 12}
    yield towers_alone("dropout", "output 0.98", output_dropout=0.98, **usual)
    yield towers_alone("dropout", "output 0.9", output_dropout=0.9, **usual)
    yield towers_alone("dropout", "buyer ID 0.99", buyer_id_dropout=0.99, **usual)
    layers = both(dense(128), {"type": "dropout", "rate": 0.97}, dense(64, "linear"))
    yield _layered("dropout", "layer 0.97", layers, **usual)


def _steps() -> Iterator[Made]:
    """Yields runs whose steps are cut: by clipping, or by a schedule that ends at once."""
    usual = {"epochs": 12}
    adam = {**ADAM, **usual}
    yield towers_alone("clipping", "1e-6", gradient_clip_norm=1e-6, **usual)
    yield towers_alone("clipping", "1e-5", gradient_clip_norm=1e-5, **usual)
    yield towers_alone("clipping", "1e-7, adam", gradient_clip_norm=1e-7, **adam)
    yield towers_alone("clipping", "1e-4, sgd", gradient_clip_norm=1e-4, **usual,
                       optimizer="sgd", learning_rate=0.5)  # fmt: skip
    cosine = {"learning_rate_schedule": "warmup_cosine"}
    yield towers_alone("schedule", "cosine over one epoch", **cosine, epochs=1)
    yield towers_alone("schedule", "cosine over four steps", **cosine, epochs=1, batch_size=4096)
    ends = ("steps = training.steps * training.settings.epochs", "steps = 20")
    for name, model in (("adagrad", usual), ("adam", adam)):
        config = experiment({**TOWERS_ALONE, **cosine, **model})
        yield Made("schedule", f"cosine over 20 steps, {name}", config, edit=ends,
                   roots=("schedule",))  # fmt: skip
