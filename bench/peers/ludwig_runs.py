"""Mistakes in a Ludwig config: products predicted from buyers, one epoch on a tiny table each."""

from __future__ import annotations

import copy
import logging
import random
import tempfile
from pathlib import Path
from typing import Any

import ludwig
import pandas as pd
from ludwig.api import LudwigModel
from watching import Mistake, Watcher, watch_all

CONFIG: dict[str, Any] = {
    "input_features": [
        {"name": "user", "type": "category"},
        {"name": "city", "type": "category"},
        {"name": "price", "type": "number", "preprocessing": {"normalization": "zscore"}},
    ],
    "output_features": [{"name": "item", "type": "category"}],
    "combiner": {"type": "concat", "fc_layers": [{"output_size": 16}]},
    "trainer": {"epochs": 1, "batch_size": 64, "learning_rate": 0.01},
}
TWO_TOWERS = {"type": "comparator", "entity_1": ["user", "city"], "entity_2": ["price"]}
COLUMNS = ("user", "item", "city", "price", "time")
TIME = {"type": "datetime", "column": "time"}


def table() -> pd.DataFrame:
    """Returns purchases."""
    draw = random.Random(1)
    rows = [
        (
            f"u{draw.randrange(30)}",
            f"i{draw.randrange(20)}",
            draw.choice("ab"),
            draw.random(),
            f"2024-01-{1 + number // 20:02} 12:00:00",
        )
        for number in range(300)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def train(*edits: tuple[str, Any], **columns: Any) -> None:
    """Trains the config with `edits` (dotted path and value) on rows with other `columns`."""
    config = copy.deepcopy(CONFIG)
    for path, value in edits:
        *parents, last = path.split(".")
        place: Any = config
        for key in parents:
            place = place[int(key)] if key.isdigit() else place.setdefault(key, {})
        if isinstance(place, list):
            place[int(last) : int(last) + 1] = [value]
        else:
            place[last] = value
    rows = table().drop(columns=[name for name in columns if columns[name] is None])
    rows = rows.assign(**{name: value for name, value in columns.items() if value is not None})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        rows.to_csv(path, index=False)
        LudwigModel(config, logging_level=logging.INFO, backend="local").train(
            dataset=str(path),
            output_directory=folder,
            skip_save_processed_input=True,
            skip_save_log=True,
            skip_save_progress=True,
            skip_save_model=True,
            random_seed=1,
        )


def edit(rules: str, what: str, *edits: tuple[str, Any], heed: str = "", **columns: Any) -> Mistake:
    """A mistake that is some edits of the config, or other columns."""
    return Mistake(rules, what, lambda: train(*edits, **columns), heed)


def text(rules: str, what: str, config: str) -> Mistake:
    """A mistake in the text of a config file."""

    def attempt() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "config.yaml")
            path.write_text(config)
            LudwigModel(str(path), backend="local").train(
                dataset=table(),
                output_directory=folder,
                skip_save_processed_input=True,
                skip_save_log=True,
                skip_save_progress=True,
                skip_save_model=True,
            )

    return Mistake(rules, what, attempt)


PLAIN = """input_features: [{name: user, type: category}]
output_features: [{name: item, type: category}]
trainer: {epochs: 1}
"""
OPTIMIZER = "trainer.optimizer"
RATE = "trainer.learning_rate"
LAYERS = "combiner.fc_layers"


def feature(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """An input feature."""
    return {"name": name, "type": kind, **more}


MISTAKES = [
    Mistake("RG001", "a config that does not exist", lambda: LudwigModel("none.yaml")),
    text("RG002", "a bracket that is never closed", PLAIN + "combiner: ["),
    text("RG003", "epochs twice", PLAIN.replace("epochs: 1", "epochs: 2, epochs: 1")),
    text("RG004", "a Python tag", PLAIN + "backend: !!python/object/apply:os.getcwd []"),
    text("RG005", "a list", "- input_features"),
    edit("RG010", "learning_rte in trainer", ("trainer.learning_rte", 0.05)),
    edit("RG010+", "an unknown section", ("trainre", {"epochs": 3})),
    edit(
        "RG010+",
        "embeding_size in an encoder",
        ("input_features.0", feature("user", "category", encoder={"embeding_size": 4})),
    ),
    edit("RG011", "a feature without a name", ("input_features.0", {"type": "category"})),
    edit("RG012", 'learning_rate: "0.05"', (RATE, "0.05")),
    edit("RG013", "an optimizer that is not known", (OPTIMIZER, {"type": "adagard"})),
    edit("RG013+", "a learning rate of -1", (RATE, -1)),
    edit("RG101 RG102 RG107", "a feature twice", ("input_features.1", feature("user", "category"))),
    edit(
        "RG101+",
        "a column twice under two names",
        ("input_features.1", feature("buyer", "category", column="user")),
    ),
    edit("RG106", "a feature in no tower", ("combiner", {**TWO_TOWERS, "entity_1": ["user"]})),
    edit(
        "RG110",
        "an ID of digits as a number",
        ("output_features.0", feature("item", "number")),
        item=range(300),
    ),
    edit("RG111", "text as a number", ("input_features.1", feature("city", "number"))),
    edit(
        "RG112",
        "a setting of another encoder",
        (
            "input_features.0",
            feature("user", "category", encoder={"type": "onehot", "embedding_size": 4}),
        ),
    ),
    edit("RG113", "no input features", ("input_features", [])),
    edit(
        "RG113+",
        "a tower without features",
        ("combiner", {**TWO_TOWERS, "entity_1": [], "entity_2": ["user", "city", "price"]}),
    ),
    edit(
        "RG115 RG116",
        "the target among the inputs",
        ("input_features.1", feature("item", "category")),
    ),
    edit(
        "RG116+",
        "the target's column under another name",
        ("input_features.1", feature("bought", "category", column="item")),
    ),
    edit(
        "RG117",
        "time as a number",
        ("input_features.1", feature("time", "number")),
        time=range(300),
    ),
    edit(
        "RG118",
        "a column in both towers",
        ("combiner", {**TWO_TOWERS, "entity_2": ["city", "price"]}),
    ),
    edit(
        "RG119 RG512",
        "a vocabulary of 3 of 20 products",
        ("output_features.0", feature("item", "category", preprocessing={"most_common": 3})),
    ),
    edit(
        "RG120 RG510",
        "an embedding of 256 for 2 values",
        ("input_features.1", feature("city", "category", encoder={"embedding_size": 256})),
        heed="is greater than vocab_size",
    ),
    edit(
        "RG123 RG511",
        "IDs of 2 numbers before 64",
        ("input_features.0", feature("user", "category", encoder={"embedding_size": 2})),
        (LAYERS, [{"output_size": 64}]),
    ),
    edit(
        "RG126",
        "tied to a feature that is not there",
        ("input_features.1", feature("city", "category", tied="nothing")),
    ),
    edit(
        "RG127",
        "tied features of two widths",
        ("input_features.0", feature("user", "category", encoder={"embedding_size": 4})),
        (
            "input_features.1",
            feature("city", "category", tied="user", encoder={"embedding_size": 2}),
        ),
    ),
    edit(
        "RG128",
        "an ID of digits as a number (input)",
        ("input_features.0", feature("user", "number")),
        user=range(300),
    ),
    edit(
        "RG201 RG203",
        "Adagrad at 0.1 with six layers",
        (OPTIMIZER, {"type": "adagrad"}),
        (RATE, 0.1),
        (LAYERS, [{"output_size": 16}] * 6),
    ),
    edit("RG202", "Adagrad at 1", (OPTIMIZER, {"type": "adagrad"}), (RATE, 1.0)),
    edit("RG206", "Adam at 0.5", (RATE, 0.5)),
    edit("RG228", "Adagrad at 1e-7", (OPTIMIZER, {"type": "adagrad"}), (RATE, 1e-7)),
    edit("RG232", "SGD", (OPTIMIZER, {"type": "sgd"})),
    edit("RG216", "linear layers", (LAYERS, [{"output_size": 16, "activation": None}] * 2)),
    edit(
        "RG217",
        "a layer of 2 before one of 64",
        (LAYERS, [{"output_size": 2}, {"output_size": 64}]),
    ),
    edit(
        "RG204",
        "a last layer of ReLU before the products' scores",
        (LAYERS, [{"output_size": 16, "activation": "relu"}]),
    ),
    edit(
        "RG218 RG219",
        "sigmoid layers",
        (LAYERS, [{"output_size": 16, "activation": "sigmoid"}] * 3),
    ),
    edit(
        "RG220",
        "selu with dropout",
        (LAYERS, [{"output_size": 16, "activation": "selu", "dropout": 0.2}]),
    ),
    edit(
        "RG221 RG222",
        "dropout of 0.95 before batch norm",
        (LAYERS, [{"output_size": 16, "norm": "batch", "dropout": 0.95}] * 2),
    ),
    edit(
        "RG223",
        "batch norm over 2 rows",
        (LAYERS, [{"output_size": 16, "norm": "batch"}]),
        ("trainer.batch_size", 2),
    ),
    edit("RG225", "regularization_lambda of 0.5", ("trainer.regularization_lambda", 0.5)),
    edit("RG226", "l2 with Adam", ("trainer.regularization_lambda", 1e-4)),
    edit("RG227", "clipping at 1000", ("trainer.gradient_clipping", {"clipglobalnorm": 1000.0})),
    edit("RG229", "one epoch", ("trainer.epochs", 1)),
    edit("RG231", "no output feature", ("output_features", [])),
    edit(
        "RG231+",
        "a loss of weight 0",
        ("output_features.0", feature("item", "category", loss={"weight": 0.0})),
    ),
    edit("RG301 RG307", "a random split", ("preprocessing.split", {"type": "random"})),
    edit(
        "RG302", "a split by time without a column", ("preprocessing.split", {"type": "datetime"})
    ),
    edit(
        "RG303",
        "a random split with a column",
        ("preprocessing.split", {"type": "random", "column": "time"}),
    ),
    edit(
        "RG304",
        "5% to train on",
        ("preprocessing.split", {"type": "random", "probabilities": [0.05, 0.45, 0.5]}),
    ),
    edit(
        "RG305 RG525",
        "1% to test on",
        ("preprocessing.split", {"type": "random", "probabilities": [0.89, 0.1, 0.01]}),
    ),
    edit(
        "RG305+",
        "a share of nothing",
        ("preprocessing.split", {"type": "random", "probabilities": [0.9, 0.0995, 0.0005]}),
    ),
    edit(
        "RG308",
        "half of the time as validation",
        ("preprocessing.split", {**TIME, "probabilities": [0.4, 0.5, 0.1]}),
    ),
    edit(
        "RG309",
        "a split by a column that is no date",
        ("preprocessing.split", {**TIME, "column": "city"}),
    ),
    edit("RG515", "a batch of 65536 for 300 rows", ("trainer.batch_size", 65536)),
    edit("RG403", "layers of 4096", (LAYERS, [{"output_size": 4096}] * 2)),
    edit(
        "RG407 RG514",
        "top_k above the products",
        ("output_features.0", feature("item", "category", top_k=100)),
    ),
    edit("RG501", "a column that the data lacks", city=None),
    edit("RG503", "text among numbers", price=["0.5", "0.7"] * 149 + ["0.6", "cheap"]),
    edit("RG504", "a column without values", price=[float("nan")] * 300),
    edit("RG505", "a number with one value", price=1.0),
    edit("RG505+", "a category with one value", heed="contains only 1 distinct value", city="a"),
    edit("RG506", "rows without a user", user=[None] * 100 + ["u1", "u2"] * 100),
    edit("RG507", "one product only", item="i1"),
    edit("RG508", "users that never come again", user=[f"u{number}" for number in range(300)]),
    edit("RG509", "users that differ in case", user=["U1", "u1", "u2"] * 100),
    edit("RG517 RG518", "an outlier of 10^9", price=[0.5] * 100 + [0.6] * 199 + [1e9]),
    edit("RG521", "yyyymmdd as the time of a split", ("preprocessing.split", TIME), time=20240101),
    edit("RG522", "one date for all rows", ("preprocessing.split", TIME), time="2024-01-01"),
    edit("RG522+", "a date column that has no dates", ("preprocessing.split", TIME), time="soon"),
    edit(
        "RG523",
        "a row in 2099",
        ("preprocessing.split", TIME),
        time=["2024-01-01"] * 299 + ["2099-01-01"],
    ),
    edit(
        "RG524",
        "no row left for training",
        ("preprocessing.split", {"type": "random", "probabilities": [0.0, 0.5, 0.5]}),
    ),
    edit(
        "RG524+",
        "no row left for validation",
        ("preprocessing.split", {"type": "random", "probabilities": [0.999, 0.0005, 0.0005]}),
    ),
    edit(
        "RG526 RG528",
        "a property of the product as the buyer's",
        ("input_features.1", feature("city", "category")),
        city=[f"c{draw}" for draw in table()["item"]],
    ),
]

if __name__ == "__main__":
    watcher = Watcher("Starting with step", train)
    watch_all("ludwig", ludwig.__version__, watcher, MISTAKES)
