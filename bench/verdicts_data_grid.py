"""The labelled runs of other data, of presets, of spoiled files, and of two causes at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml
from limits_grid import both, dense
from verdicts_grid import ADAM, LEAK, LINEAR, NARROW
from verdicts_made import (
    TOWERS_ALONE,
    USUAL,
    Made,
    Plain,
    Towers,
    experiment,
    history,
    text,
)

USUALLY = {"epochs": 12}
FINE = "fine-adagrad-0.05-seed-1"
OTHER = "vocabulary-cut-50-products"  # with another transform, too
CATEGORY, VIEWED = text("Category", 32), text("LastViewed", 64)
MANY_ROWS = 20_000
PRESETS = ("tutorial", "small_catalogue", "large_catalogue", "cold_start")


def of_data() -> Iterator[Made]:
    """Yields the runs."""
    yield from _other_data()
    yield from _ids()
    yield from _partial_leaks()
    yield from _times()
    yield from _foreign_files()
    yield from _with_final_layer()
    yield from _two_causes()
    yield from _presets()


def _run(label: str, name: str, data: str, *, alone: bool = True, towers: Towers = USUAL,
         split: str = "strict_time", **model: Any) -> Made:  # fmt: skip
    """Returns a run on a variant of the data, ranked by the towers alone or as the trainer does."""
    base = {**USUALLY, **(TOWERS_ALONE if alone else {})}
    return Made(label, name, experiment({**base, **model}, split, towers), data)


def _presets() -> Iterator[Made]:
    from recgen.presets import find_preset

    def run(preset: str, rows: int, seed: int, data_seed: int, data: str = "demo") -> Made:
        config = yaml.safe_load(find_preset(preset).text)
        config["model"]["seed"] = seed
        if rows < MANY_ROWS:  # as `init --preset --data` fits them
            config["model"]["batch_size"] = 512
        name = f"{preset}, {data} {rows}-{data_seed}, seed {seed}"
        return Made("fine", name, config, data, rows, data_seed)

    for preset in PRESETS:
        yield run(preset, 20_000, 1, 0)
        yield run(preset, 20_000, 2, 5)
        yield run(preset, 8_000, 3, 7)
    yield run("small_catalogue", 20_000, 4, 0, "4 staples")


def _other_data() -> Iterator[Made]:
    for data in ("4 staples", "6 staples", "3 staples, others"):
        yield _run("replenishment", data, data, learning_rate=0.1, epochs=40)  # 12 are too few
    yield _run("replenishment", "4 staples, as served", "4 staples", alone=False)
    yield _run("nothing to learn", "uniform", "uniform")
    yield _run("nothing to learn", "uniform, as served", "uniform", alone=False)
    yield _run("nothing to learn", "uniform, adam", "uniform", **ADAM)
    yield _run("drift", "other season", "other season")
    yield _run("drift", "other tastes", "other tastes")
    yield _run("drift", "other season, as served", "other season", alone=False)
    yield _run("drift", "other season, adam", "other season", **ADAM)
    yield _run("new products", "60%", "launches 60")
    yield _run("new products", "40%", "launches 40")
    yield _run("new products", "60%, as served", "launches 60", alone=False)
    yield _run("new products", "60%, adam", "launches 60", **ADAM)


def _ids() -> Iterator[Made]:
    for name, data in (
        ("90%, guest", "guest 90"),
        ("80%, 0", "guest 80"),
        ("60%, GUEST", "guest 60"),
    ):
        yield _run("one buyer", name, data)
    some = _run("one buyer", "40%, 99999", "guest 40")  # not most rows, so a remark at most
    yield replace(some, verdicts=("good", "at_risk"), roots=())
    yield _run("one buyer", "90%, as served", "guest 90", alone=False)
    groups, goods = Towers(product="Group"), Towers(product="Category")
    yield _run("grain", "5 groups", "5 groups", towers=groups)
    yield _run("grain", "8 groups", "8 groups", towers=groups)
    yield _run("grain", "kinds of goods", "goods", towers=goods)
    yield _run("grain", "12 sizes", "12 sizes")
    yield _run("grain", "6 sizes, as served", "6 sizes", alone=False)
    yield _run("grain", "number of the row", "row numbers", towers=Towers(product="Line"))
    yield _run("grain", "invoice as the buyer", "demo", towers=Towers(buyer="InvoiceNo"))
    for name, ids in (
        ("50 products", {"vocab_size": 50}),
        ("120 products", {"vocab_size": 120}),
        ("100 purchases or more", {"min_frequency": 100}),
        ("60 purchases or more", {"min_frequency": 60}),
    ):
        yield _run("vocabulary cut", name, "demo", towers=Towers(ids=ids))


def _partial_leaks() -> Iterator[Made]:
    price = {
        "column": "UnitPrice",
        "bq_type": "FLOAT64",
        "data_type": "numeric",
        "transforms": {"normalize": {}, "bucketize": {"buckets": 100, "embedding_dim": 32}},
    }
    for name, data, feature in (
        ("category of the product", "goods", CATEGORY),
        ("page seen last, 70%", "viewed 70", VIEWED),
        ("page seen last, 40%", "viewed 40", VIEWED),
        ("list of the invoice", "basket", history("basket")),
        ("price of the row", "demo", price),
    ):
        yield _run("partial leak", name, data, towers=Towers(more=(feature,)))
    served = Towers(more=(CATEGORY,))
    yield _run("partial leak", "category, as served", "goods", alone=False, towers=served)


def _times() -> Iterator[Made]:
    for data in ("export date 30", "export date 60", "30 uploads", "day for month",
                 "clock 100 days behind"):  # fmt: skip
        yield _run("wrong dates", data, data)
    yield _run("duplicates", "10 copies", "10 copies")
    yield _run("duplicates", "5 copies, as served", "5 copies", alone=False)
    yield _run("duplicates", "2 copies", "2 copies")
    copied = _run("duplicates", "5 copies, random split", "5 copies", split="random")
    yield Made(copied.label, copied.name, copied.config, copied.data,
               verdicts=("at_risk", "bad"), roots=("duplicates", "random split"))  # fmt: skip


def _foreign_files() -> Iterator[Made]:
    config = experiment({**TOWERS_ALONE, **USUALLY, "seed": 1})
    for spoil in ("foreign vocabulary", "renamed vocabulary", "swapped vocabularies",
                  "cut metrics", "empty metrics", "no metrics", "other trainer"):  # fmt: skip
        yield Made("foreign files", spoil, config, copy_of=FINE, spoil=spoil)
    doubtful = ("broken", "at_risk")
    for spoil in ("other metrics", "other config", "metrics without recall"):
        yield Made("foreign files", spoil, config, copy_of=FINE, spoil=spoil, verdicts=doubtful)
    yield Made("mixed modules", "another transform", config, copy_of=FINE, spoil="other transform")


def _with_final_layer() -> Iterator[Made]:
    """Yields bad runs of today's trainer, whose final layer counts where the towers fail."""
    deep = {**LINEAR, "learning_rate": 0.2, "epochs": 16}
    layers = both(dense(128, l2_reg=10.0), dense(64, "linear", l2_reg=10.0))
    for label, name, towers, model in (
        ("rate too low", "adagrad 0.0001, as served", USUAL, {"learning_rate": 0.0001}),
        ("clipping", "1e-6, as served", USUAL, {"gradient_clip_norm": 1e-6}),
        ("max norm", "0.01, as served", USUAL, {"embedding_max_norm": 0.01}),
        ("temperature", "100, as served", USUAL, {"temperature": 100.0}),
        ("dropout", "output 0.98, as served", USUAL, {"output_dropout": 0.98}),
        ("penalty", "L2 10, as served", NARROW, layers),
        ("popularity only", "adagrad 0.2, as served", NARROW, deep),
        ("vocabulary cut", "50 products, as served", Towers(ids={"vocab_size": 50}), {}),
    ):
        yield _run(label, name, "demo", alone=False, towers=towers, **model)


def _two(
    name: str, roots: tuple[str, ...], run: Made, verdicts: tuple[str, ...] = ("bad",)
) -> Made:
    return Made("two causes", name, run.config, run.data, verdicts=verdicts, roots=roots)


def _two_causes() -> Iterator[Made]:
    penalty: Plain = both(dense(64, "linear", l2_reg=10.0))
    doubtful = ("at_risk", "bad")
    viewed = Towers(more=(VIEWED,))
    few = Towers(ids={"vocab_size": 50})

    def run(data: str = "demo", **settings: Any) -> Made:
        return _run("two causes", "", data, **settings)

    yield _two("guest and page seen last", ("one buyer", "leak"),
               run("guest 90, viewed 70", towers=viewed), doubtful)  # fmt: skip
    yield _two("L2 and low rate", ("penalty", "rate too low"),
               run(towers=NARROW, learning_rate=0.0001, **penalty))  # fmt: skip
    yield _two("vocabulary cut and low rate", ("vocabulary cut", "rate too low"),
               run(towers=few, learning_rate=0.0005), doubtful)  # fmt: skip
    yield _two("random split and answer in a tower", ("random split", "leak"),
               run(towers=LEAK, split="random", epochs=5))  # fmt: skip
    yield _two("copies and new products", ("duplicates", "new products"),
               run("10 copies, new products"), doubtful)  # fmt: skip
    yield _two("temperature and high rate", ("temperature", "rate too high", "divergence"),
               run(temperature=0.001, optimizer="adam", learning_rate=0.5))  # fmt: skip
    yield _two("clipping and dropout", ("clipping", "dropout"),
               run(gradient_clip_norm=1e-6, output_dropout=0.98))  # fmt: skip
    yield _two("random split and one epoch", ("random split", "undertraining"),
               run(split="random", epochs=1), doubtful)  # fmt: skip
    yield _two("sgd and max norm", ("optimizer", "max norm"),
               run(optimizer="sgd", learning_rate=0.1, embedding_max_norm=0.01))  # fmt: skip
    yield _two("guest and high rate", ("one buyer", "rate too high", "divergence"),
               run("guest 90", learning_rate=10.0))  # fmt: skip
