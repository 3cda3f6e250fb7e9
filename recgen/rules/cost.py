"""What towers and batches cost, as far as the config shows it: memory, and work in each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recgen.config import SIDES, Dense, FeatureConfig, ModelConfig, Optimizer
from recgen.findings import Location, show
from recgen.profile import Profile
from recgen.rules.base import (
    Problem,
    Rule,
    all_crosses,
    embeddings_of,
    layers_of,
    quantiles_of,
)
from recgen.rules.data.lookup import described

GIB = 2**30
_FLOAT = 4  # bytes
_SLOTS: dict[Optimizer, int] = {  # numbers that the optimizer keeps for each weight
    "sgd": 1, "adagrad": 1, "clippy_adagrad": 1, "rmsprop": 1, "adam": 2, "adamw": 2,
    "ftrl": 2,
}  # fmt: skip
_MOST_TABLES = GIB
_MOST_ROWS = 100_000
_MOST_WEIGHTS = 10_000_000
_MOST_BATCH = 8192
_MATRICES = 10  # [batch, batch], at the peak of a step
_MOST_WIDTH = 8192


@dataclass(frozen=True)
class _Table:
    """An embedding table: rows that are known, at most or exactly."""

    path: Location
    name: str
    rows: int
    width: int


def _tables(features: FeatureConfig, profile: Profile | None) -> Iterator[_Table]:
    """Yields the tables whose rows the config or the data show; those of both towers."""
    known = described(features, profile) if profile else ()
    distinct = {(*path, "transforms", "embedding"): column.distinct for path, _, column in known}
    for path, feature, embedding in embeddings_of(features):
        sizes = [size for size in (embedding.vocab_size, distinct.get(path)) if size is not None]
        if sizes:
            rows = min(sizes) + embedding.oov_buckets
            yield _Table(path, feature.output_name, rows, embedding.embedding_dim)
    for path, feature, bucketize in quantiles_of(features):
        rows = bucketize.buckets + 1  # one for missing values
        yield _Table(path, feature.output_name, rows, bucketize.embedding_dim)
    for path, cross in all_crosses(features):
        yield _Table(path, cross.output_name, cross.hash_bucket_size, cross.embedding_dim)


def _embedding_memory(
    features: FeatureConfig, model: ModelConfig, profile: Profile | None = None
) -> Iterator[Problem]:
    tables = list(_tables(features, profile))
    weights = sum(table.rows * table.width for table in tables)
    total = weights * _FLOAT * (1 + _SLOTS[model.optimizer])
    if total > _MOST_TABLES:
        largest = max(tables, key=lambda table: table.rows * table.width)
        message = (
            f"the embeddings take {in_gib(total)} with what {model.optimizer} keeps for them: "
            f"{weights:,} weights, most in {show(largest.name)} ({largest.rows:,} x "
            f"{largest.width})"
        )
        help = "Lower its `embedding_dim` or its number of rows."
        yield Problem(largest.path, message, help)


def in_gib(size: float) -> str:
    """Returns a number of bytes in words."""
    return f"{size / GIB:,.1f} GiB"


def _dense_updates(
    features: FeatureConfig, model: ModelConfig, profile: Profile | None = None
) -> Iterator[Problem]:
    if model.optimizer != "adagrad":
        rows = sum(table.rows for table in _tables(features, profile))
        if rows > _MOST_ROWS:
            message = f"{model.optimizer} rewrites all {rows:,} embedding rows in each step"
            help = "Use `adagrad`, which touches the rows of the batch only."
            yield Problem(("model", "optimizer"), message, help, fix=("set", "adagrad"))


def _dense_weights(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    for side in filter(model.layers_of, SIDES):
        width, weights = features.width_of(side), 0
        for _, layer in layers_of(model, side):
            if isinstance(layer, Dense):
                weights += width * layer.units
                width = layer.units
        if weights > _MOST_WEIGHTS:
            path = ("model", f"{side}_tower_layers")
            message = f"the layers of the {side} tower have {weights:,} weights"
            yield Problem(path, message, "Use fewer units or layers.")


def _scores_memory(model: ModelConfig) -> Iterator[Problem]:
    batch = model.batch_size
    if batch > _MOST_BATCH:
        size = _MATRICES * _FLOAT * batch * batch
        message = (
            f"{batch:,} x {batch:,} scores, {_MATRICES} times over, take {in_gib(size)} a step"
        )
        yield Problem(("model", "batch_size"), message, "Use 256 to 2048.", fix=("set", 2048))


def _wide_input(features: FeatureConfig) -> Iterator[Problem]:
    for side in SIDES:
        width = features.width_of(side)
        if width > _MOST_WIDTH:
            message = f"the {side} tower's input is {width:,} numbers wide"
            help = "Narrow its embeddings, or remove features."
            yield Problem(("features", f"{side}_model_features"), message, help)


RULES = (
    Rule(
        code="RG401",
        severity="warning",
        title="Embeddings of more than 1 GiB",
        reason="A table takes rows x width x 4 bytes, and the optimizer keeps as much again for "
        "each weight: once for Adagrad, RMSprop and SGD, twice for Adam, AdamW and FTRL. Rows are "
        "known from `vocab_size`, buckets and crosses; with `--data`, from the data. Other "
        "vocabularies are not counted.",
        example="model:\n  optimizer: adam\nfeatures:\n  buyer_model_features:\n"
        "    - column: customer_id\n      data_type: text\n"
        "      transforms: {embedding: {vocab_size: 5000000, embedding_dim: 128}}",
        remedy="Lower `embedding_dim` or the number of rows, or use `adagrad`.",
        checks=(_embedding_memory,),
    ),
    Rule(
        code="RG402",
        severity="warning",
        title="An optimizer that rewrites whole tables",
        reason="In Keras 2 all optimizers but Adagrad read and write what they keep for every row "
        "in each step, not only the rows of the batch. Measured with a table of 100,000 x 64, "
        "1,024 rows a step, on two cores: Adagrad 0.8 ms, RMSprop 13, SGD 17, Adam 22, AdamW 38, "
        "FTRL 44; with a million rows Adagrad 1.1 and Adam 223. A whole step of the ID towers "
        "takes 8.",
        example="model:\n  optimizer: adam\nfeatures:\n  buyer_model_features:\n"
        "    - column: customer_id\n      data_type: text\n"
        "      transforms: {embedding: {vocab_size: 1000000}}",
        remedy="Use `adagrad`.",
        checks=(_dense_updates,),
    ),
    Rule(
        code="RG403",
        severity="warning",
        title="Dense layers of more than ten million weights",
        reason="Each row of each batch is multiplied with all weights of the dense layers, so "
        "that they cost more than everything else: six multiplications and additions a weight "
        "and row. Measured on Online Retail, towers without layers have the best recall.",
        example="model:\n  buyer_tower_layers:\n    - {type: dense, units: 8192}\n"
        "    - {type: dense, units: 4096}",
        remedy="Use fewer units or layers.",
        checks=(_dense_weights,),
    ),
    Rule(
        code="RG404",
        severity="warning",
        title="A batch of more than 8192 rows",
        reason="The softmax over the batch has batch x batch scores. Memory at the peak of a step "
        "is ten such matrices (measured at 4096, 8192 and 12288 rows: 0.6, 2.5 and 5.7 GiB), and "
        "the time grows with them. Recall does not: fewer steps in an epoch cost more than the "
        "negatives bring (RG207).",
        example="model:\n  batch_size: 32768",
        remedy="Use 256 to 2048.",
        checks=(_scores_memory,),
    ),
    Rule(
        code="RG405",
        severity="warning",
        title="A tower's input of more than 8192 numbers",
        reason="Features are concatenated, and the first layer has a weight for each of these "
        "numbers and each of its units. At the default width of 32 it takes 256 embedded features "
        "to come so far.",
        example="features:\n  buyer_model_features:\n    - column: city\n      data_type: text\n"
        "      transforms: {embedding: {embedding_dim: 1024}}",
        remedy="Narrow the embeddings of columns with few values, or remove features.",
        checks=(_wide_input,),
    ),
)
