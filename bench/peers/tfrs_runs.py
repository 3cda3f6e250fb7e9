"""Mistakes in the tutorial's code: each is an edit of its text, run for a few steps."""

from __future__ import annotations

import os
import random
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import tensorflow_recommenders as tfrs
from watching import Mistake, Watcher, watch_all

SOURCE = Path(__file__).with_name("tfrs_tutorial.py").read_text("utf-8")
HEADER = "user,item,city,price,time"
TOWERS = 'Tower(["user", "city"], []), Tower(["item"], ["price"])'
TASK = "self.task = tfrs.tasks.Retrieval("
LAYERS = '[keras.layers.Dense(16, "relu"), keras.layers.Dense(8)]'
RATE = "keras.optimizers.Adagrad(0.1)"
SPLIT = "train, test = rows.iloc[order[:160]], rows.iloc[order[160:]]"


def run(*edits: tuple[str, str], header: str = HEADER, column: int = -1, value: str = "") -> None:
    """Runs the tutorial with `edits`; a `column` of the rows may have one `value` throughout."""
    draw = random.Random(1)
    lines = [header]
    for number in range(200):
        cells = [f"u{draw.randrange(30)}", f"i{draw.randrange(40)}", draw.choice("ab")]
        cells += [f"{draw.random():.2f}", str(1600000000 + number * 9)]
        if column >= 0:
            cells[column] = value
        lines.append(",".join(cells))
    source = SOURCE
    for old, new in edits:
        assert old in source, old
        source = source.replace(old, new)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_text("\n".join(lines) + "\n", "utf-8")
        script = Path(folder, "tutorial.py")  # a file, since TensorFlow reads its source
        script.write_text(source, "utf-8")
        with mock.patch.object(sys, "argv", ["tutorial", str(path)]):
            runpy.run_path(str(script))


def edit(rules: str, what: str, *edits: tuple[str, str], **data: Any) -> Mistake:
    """A mistake that is some edits of the code, or another table."""
    return Mistake(rules, what, lambda: run(*edits, **data))


def towers(rules: str, what: str, new: str, **data: Any) -> Mistake:
    """A mistake in what the towers see."""
    return edit(rules, what, (TOWERS, new), **data)


def layers(rules: str, what: str, new: str, *edits: tuple[str, str]) -> Mistake:
    """A mistake in the towers' layers, with `D` for Dense."""
    return edit(rules, what, (LAYERS, new.replace("D(", "keras.layers.Dense(")), *edits)


def task(rules: str, what: str, new: str, *edits: tuple[str, str]) -> Mistake:
    """A mistake in the retrieval task."""
    return edit(rules, what, (TASK, f"{TASK}{new}, "), *edits)


NORM = "keras.layers.BatchNormalization()"
COSINES = (
    "return self.layers_after(tf.concat(parts, axis=1))",
    "return tf.math.l2_normalize(self.layers_after(tf.concat(parts, axis=1)), axis=1)",
)
CROSSES = "self.crosses = []"
IDS = (
    'candidate_ids=tf.strings.to_hash_bucket_fast(features["item"], 2**40), '
    "compute_metrics=False"
)
MISTAKES = [
    edit("RG010", "learning_rte", (RATE, "keras.optimizers.Adagrad(learning_rte=0.1)")),
    edit("RG012", 'a rate of "0.05"', (RATE, 'keras.optimizers.Adagrad("0.05")')),
    edit("RG013", "an optimizer that is not known", (RATE, '"adagard"')),
    edit("RG013+", "a learning rate of -1", (RATE, "keras.optimizers.Adagrad(-1.0)")),
    towers(
        "RG101",
        "a column twice in a tower",
        'Tower(["user", "city", "city"], []), Tower(["item"], ["price"])',
    ),
    edit(
        "RG106",
        "a column that no tower embeds",
        (TOWERS, 'Tower(["user"], []), Tower(["item"], ["price"])'),
    ),
    edit(
        "RG109", "a column crossed with itself", (CROSSES, 'self.crosses = [cross("city", "city")]')
    ),
    edit("RG110", "an ID of digits as a number", ('"item": object, ', ""), column=1, value="7"),
    edit(
        "RG128",
        "an ID of digits as a number (feature)",
        ('"user": object, ', ""),
        (TOWERS, 'Tower([], ["user"]), Tower(["item"], ["price"])'),
        column=0,
        value="7",
    ),
    towers("RG111", "text as a number", 'Tower(["user"], ["city"]), Tower(["item"], ["price"])'),
    edit(
        "RG112",
        "a seed and a validation batch size that nothing uses",
        ("WIDTH = 64, 1, 8", "WIDTH = 64, 1, 8\nSEED, VALIDATION_BATCH = 3, 9"),
    ),
    towers("RG113", "a tower without features", 'Tower([], []), Tower(["item"], ["price"])'),
    towers(
        "RG114", "both towers have the same ID alone", 'Tower(["item"], []), Tower(["item"], [])'
    ),
    towers(
        "RG115",
        "the item in the user tower",
        'Tower(["user", "item"], []), Tower(["item"], ["price"])',
    ),
    towers(
        "RG117",
        "raw time as a feature",
        'Tower(["user", "city"], ["time"]), Tower(["item"], ["price"])',
    ),
    towers(
        "RG118 RG527",
        "a column in both towers",
        'Tower(["user", "city"], []), Tower(["item", "city"], ["price"])',
    ),
    towers(
        "RG526",
        "the price of what was bought in the user tower",
        'Tower(["user", "city"], ["price"]), Tower(["item"], [])',
    ),
    towers(
        "RG528",
        "the time of a purchase in the item tower",
        'Tower(["user", "city"], []), Tower(["item"], ["time"])',
    ),
    edit(
        "RG119 RG512",
        "a vocabulary of 5 names",
        ("np.unique(rows[column])", "np.unique(rows[column])[:5]"),
    ),
    edit("RG120 RG510", "512 numbers for 2 values", ("WIDTH = 64, 1, 8", "WIDTH = 64, 1, 512")),
    edit(
        "RG121",
        "a thousand OOV buckets",
        ("mask_token=None)", "mask_token=None, num_oov_indices=1000)"),
        ("len(names) + 1", "len(names) + 1000"),
    ),
    edit(
        "RG122 RG519",
        "a hundred quantiles of one value",
        ("keras.layers.Normalization(axis=None)", "keras.layers.Discretization(num_bins=100)"),
        (
            "tf.reshape(layer(features[column]), (-1, 1))",
            "tf.cast(tf.reshape(layer(features[column]), (-1, 1)), tf.float32)",
        ),
        column=3,
        value="1",
    ),
    edit(
        "RG123 RG511",
        "IDs of 2 numbers, an output of 64",
        ("WIDTH = 64, 1, 8", "WIDTH = 64, 1, 2"),
        (LAYERS, "[keras.layers.Dense(64)]"),
    ),
    edit("RG124", "a cross of the ID", (CROSSES, 'self.crosses = [cross("user", "city")]')),
    edit(
        "RG125 RG513",
        "1,200 combinations in 100 buckets",
        (CROSSES, 'self.crosses = [cross("user", "item")]'),
    ),
    layers(
        "RG201 RG203",
        "six layers at 0.1",
        '[D(16, "relu")] * 0 + [D(16, "relu") for _ in range(6)] + [D(8)]',
    ),
    edit("RG202", "Adagrad at 1", (RATE, "keras.optimizers.Adagrad(1.0)")),
    edit("RG206", "Adam at 0.5", (RATE, "keras.optimizers.Adam(0.5)")),
    edit("RG228", "Adagrad at 1e-7", (RATE, "keras.optimizers.Adagrad(1e-7)")),
    edit("RG232", "SGD", (RATE, "keras.optimizers.SGD(0.1)")),
    layers("RG204", "a ReLU output", '[D(8, "relu")]'),
    layers("RG219", "a sigmoid output", '[D(8, "sigmoid")]'),
    edit(
        "RG205",
        "layers shared by towers of different inputs",
        (
            "self.user, self.item = " + TOWERS,
            "self.user, self.item = "
            + TOWERS
            + "\n        self.item.layers_after = self.user.layers_after",
        ),
    ),
    edit("RG207", "a batch of one", ("WIDTH = 64,", "WIDTH = 1,")),
    edit("RG208", "no logQ correction (as the tutorial is)"),
    task(
        "RG209",
        "accidental hits removed",
        "remove_accidental_hits=True",
        (
            "compute_metrics=not training",
            IDS,
        ),
    ),
    task("RG209+", "accidental hits removed without IDs", "remove_accidental_hits=True"),
    task(
        "RG210",
        "accidental hits and label smoothing",
        "remove_accidental_hits=True, loss=keras.losses.CategoricalCrossentropy(from_logits=True, "
        "label_smoothing=0.1, reduction=keras.losses.Reduction.SUM)",
        (
            "compute_metrics=not training",
            IDS,
        ),
    ),
    edit("RG211", "cosines at the default temperature", COSINES),
    task("RG212", "cosines at 0.001", "temperature=0.001", COSINES),
    task("RG213", "a temperature without cosines", "temperature=0.5"),
    task(
        "RG214",
        "smoothing of 0.6",
        "loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.6)",
    ),
    edit("RG215", "no metric", ("compute_metrics=not training", "compute_metrics=False")),
    layers("RG216", "linear layers", "[D(16), D(8)]"),
    layers("RG217", "a layer of 2 before an output of 64", '[D(2, "relu"), D(64)]'),
    layers("RG218", "sigmoid layers", '[D(16, "sigmoid"), D(16, "sigmoid"), D(8)]'),
    layers("RG220", "selu with dropout", '[D(16, "selu"), keras.layers.Dropout(0.2), D(8)]'),
    layers(
        "RG221 RG222",
        "dropout of 0.95 before batch norm",
        f"[keras.layers.Dropout(0.95), {NORM}, D(8)]",
    ),
    layers("RG223", "batch norm over 2 rows", f"[{NORM}, D(8)]", ("WIDTH = 64,", "WIDTH = 2,")),
    layers("RG224", "two batch norms in a row", f"[{NORM}, {NORM}, D(8)]"),
    layers("RG225", "l2 of 10", "[D(8, kernel_regularizer=keras.regularizers.L2(10.0))]"),
    layers(
        "RG226",
        "l2 with Adam",
        "[D(8, kernel_regularizer=keras.regularizers.L2(1e-4))]",
        (RATE, "keras.optimizers.Adam(0.01)"),
    ),
    edit(
        "RG227", "clipping at 1000", (RATE, "keras.optimizers.Adagrad(0.1, global_clipnorm=1000.0)")
    ),
    edit("RG229", "one epoch (as it is)"),
    edit("RG301 RG307", "a random split (as the tutorial is)"),
    edit("RG304", "5% to train on", (SPLIT, SPLIT.replace("160", "10"))),
    edit("RG305 RG525", "2 rows to test on", (SPLIT, SPLIT.replace("160", "198"))),
    edit("RG524", "no row left for the test", (SPLIT, SPLIT.replace("160", "200"))),
    edit("RG404 RG515", "a batch of 65536 for 160 rows", ("WIDTH = 64,", "WIDTH = 65536,")),
    edit("RG407 RG514", "top 100 of 40 products", ("ks=(5,)", "ks=(100,)"), ("k=5)", "k=100)")),
    edit("RG501", "a column that the data lacks", header="user,item,town,price,time"),
    edit("RG502", "a column twice in the data", header="user,item,city,price,price"),
    edit("RG503", "text among numbers", column=3, value="cheap"),
    edit("RG504", "a column without values", column=3, value=""),
    edit("RG505", "a column with one value", column=2, value="a"),
    edit("RG506", "rows without a user", column=0, value=""),
    edit("RG507", "one product only", column=1, value="i1"),
    edit("RG517 RG518", "a long tail as it is", ('.astype("float32")', '.astype("float32") ** 40')),
]

if __name__ == "__main__":
    watcher = Watcher("a step begins", run)
    watch_all("tfrs", tfrs.__version__, watcher, MISTAKES)
