"""Odd but legal column names work from the file to the answer: read, transformed, trained."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import random_table, write_csv

from recgen.check import load
from recgen.config import ExperimentConfig
from recgen.generate import generate
from recgen.local.ingest import read_table
from recgen.local.recommend import Answer, recommend
from recgen.local.run import RunResult, train
from recgen.plan.columns import input_columns

pytestmark = [pytest.mark.slow, pytest.mark.nightly, pytest.mark.one_stack]

BUYER, PRODUCT, DATE, ALIAS = "покупатель №", "class", "order date / дата\n(UTC)", "алиас 🛒"
# Each is a column of its own: none may be taken for another.
TEXTS = (
    *("order id", "cust-id", "2nd name", "2nd-name", "価格", "🛒", "it's", 'say "hi"', '"', "\\"),
    *(
        "a/b",
        "a.b",
        "a:b",
        "a,b;c",
        "line\nbreak",
        "tab\tstop",
        "{x}",
        "{{ x }}",
        "%s",
        "${x}",
        "#",
    ),
    *("self", "None", "lambda", "match", "print", "tft", "call", "training", "features", "_x"),
)
NUMBERS = (
    *("цена", "inputs", "outputs", "tf", "x", "dense", "projection", "event time", "import os"),
    *("\ufb01sh", "fish", "caf\xe9", "cafe\u0301", "Price", "price", "PRICE", "\u212a", "K", "k"),
    *("n" * 300, "n" * 299 + "m", "\u202eevil", "a\u200bb", "ab", "\xa0", "__class__", "-1", "()"),
)


def config() -> ExperimentConfig:
    """Returns a config with all of them, half in each tower, crossed, renamed, and as the date."""
    text = [{"column": name, "data_type": "text"} for name in TEXTS]
    numbers = [{"column": name, "data_type": "numeric"} for name in NUMBERS]
    alias = {"column": "its 'source'", "display_name": ALIAS, "data_type": "text"}
    crosses = [
        {"features": [{"column": "order id"}, {"column": "цена", "type": "numeric"}]},
        {"features": [{"column": "it's"}, {"column": "only crossed: 交差"}]},
    ]
    small = {"embedding": {"embedding_dim": 4}}
    both = [text[0::2] + numbers[0::2], text[1::2] + numbers[1::2]]
    for feature in text:
        feature["transforms"] = small
    towers = {
        "buyer_id_column": BUYER,
        "buyer_model_features": [{"column": BUYER, "data_type": "text"}, *both[0], alias],
        "buyer_model_crosses": crosses,
        "product_id_column": PRODUCT,
        "product_model_features": [{"column": PRODUCT, "data_type": "text"}, *both[1]],
    }
    model = {"output_embedding_dim": 8, "epochs": 1, "batch_size": 64, "refit": "none"}
    split = {"kind": "strict_time", "date_column": DATE}
    return load({"features": towers, "model": model, "data": {"split": split}})


@dataclass(frozen=True)
class Trained:
    config: ExperimentConfig
    data: Path
    result: RunResult


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    experiment, folder = config(), tmp_path_factory.mktemp("odd")
    table = random_table(experiment, rows=500)
    sources = {column.name: column.source for column in input_columns(experiment)}
    rows = {sources[name]: values for name, values in table.items()}
    path = write_csv(rows, folder / "odd names.csv")
    # With "-1" above numbers, the first line could be a row: the config says that it is none.
    named = experiment.data.model_copy(update={"column_names": tuple(rows)})
    experiment = experiment.model_copy(update={"data": named})
    result = train(experiment, generate(experiment), "", path, folder / "out")
    return Trained(experiment, path, result)


def test_every_column_reaches_the_model(trained: Trained) -> None:  # P4, P17
    import tensorflow as tf

    names = {
        *TEXTS,
        *(f"{name}_norm" for name in NUMBERS),
        BUYER,
        PRODUCT,
        ALIAS,
        "event_time",
        "product_known",
    }
    names |= {"order id_x_цена_cross", "it's_x_only crossed: 交差_cross"}
    (path,) = (trained.result.folder / "examples" / "train").iterdir()
    (first,) = tf.data.TFRecordDataset(str(path)).take(1)
    example = tf.train.Example.FromString(first.numpy())
    assert set(example.features.feature) == names
    assert np.isfinite(trained.result.metrics.final_metrics["final_loss"])


def test_columns_that_look_alike_keep_their_own_values(trained: Trained) -> None:  # P4
    import tensorflow as tf

    alike = [("\ufb01sh", "fish"), ("caf\xe9", "cafe\u0301"), ("\u212a", "K"), ("a\u200bb", "ab")]
    alike += [("Price", "price"), ("price", "PRICE"), ("n" * 300, "n" * 299 + "m")]
    keys = {f"{name}_norm" for pair in alike for name in pair}
    spec = {key: tf.io.FixedLenFeature([], tf.float32) for key in keys}
    (path,) = (trained.result.folder / "examples" / "train").iterdir()
    rows = tf.data.TFRecordDataset(str(path)).batch(500).map(lambda e: tf.io.parse_example(e, spec))
    values = next(iter(rows))
    for one, other in alike:
        assert not np.allclose(values[f"{one}_norm"], values[f"{other}_norm"])


def signature_names(trained: Trained) -> Sequence[str]:
    import tensorflow as tf

    model = tf.saved_model.load(str(trained.result.folder / "serving_model"))
    return list(model.signatures["serving_default"].structured_input_signature[1])


def test_inputs_of_the_model_have_names_that_can_be_read(trained: Trained) -> None:  # P4, P76
    names = signature_names(trained)
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in names)
    others = 3  # the ID, the alias, and the column that is only crossed
    assert len(names) == len(TEXTS[0::2]) + len(NUMBERS[0::2]) + others
    for readable in ("tsena", "order_id", "2nd_name"):
        assert any(readable in name for name in names), f"{readable} is not among {names}"


def test_it_recommends(trained: Trained) -> None:  # P73
    answer: Answer = recommend(trained.result.folder, "№ 7", k=5)
    known = {f"№ {number}" for number in range(40)}
    assert len({item.product for item in answer.products}) == 5
    assert {item.product for item in answer.products} <= known
    assert answer.purchases
    assert all(purchase.time is not None for purchase in answer.purchases)


def test_parquet_gives_the_same_columns(trained: Trained, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    columns = input_columns(trained.config)
    table = read_table(trained.data, columns, trained.config.data)
    renamed: Any = table.rename_columns([column.source for column in columns])
    pq.write_table(renamed, tmp_path / "odd.parquet")
    assert read_table(tmp_path / "odd.parquet", columns).equals(table)
