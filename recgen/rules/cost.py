"""Rules on the cost of towers and batches, as far as known: memory and work per step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recgen.config import (
    SIDES,
    DataConfig,
    Dense,
    FeatureConfig,
    ModelConfig,
    negatives_of,
    scored_of,
)
from recgen.config.paths import all_crosses, embeddings_of, layers_of, quantiles_of
from recgen.data.columns import described, id_column
from recgen.data.estimates import GIB, in_gib
from recgen.data.profile import Profile
from recgen.findings import Location, show
from recgen.optimizers import OPTIMIZERS, RECOMMENDED
from recgen.rules.optimizer import rate_for_recommended
from recgen.rules.registry import NO_DATA, Problem, rule

_FLOAT = 4  # bytes
_MOST_TABLES = GIB
_MOST_ROWS = 100_000
_MOST_WEIGHTS = 10_000_000
_MOST_SCORES = 8192 * 8192
_MATRICES = 4  # of scores, at the peak of a step
_MOST_WIDTH = 8192


@dataclass(frozen=True)
class _Table:
    """An embedding table with its exact or maximum number of rows."""

    path: Location
    name: str
    rows: int
    width: int


def _tables(features: FeatureConfig, profile: Profile | None) -> Iterator[_Table]:
    """Yield the tables of both towers whose number of rows the config or the data shows."""
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


@rule("RG401", "warning")
def table_memory(
    features: FeatureConfig, model: ModelConfig, profile: Profile | None = None
) -> Iterator[Problem]:
    """Embeddings of more than 1 GiB.

    A table takes rows x width x 4 bytes, and the optimizer stores the same amount again, or twice
    as much for Adam, AdamW and FTRL. `ema_decay` stores one more copy and updates all of
    it every 32 steps. The number of rows is known from `vocab_size`, buckets and crosses, and with
    `--data` from the data. Other vocabularies are not counted.

    Example:
        model:
          optimizer: adam
        features:
          buyer_model_features:
            - column: customer_id
              data_type: text
              transforms: {embedding: {vocab_size: 5000000, embedding_dim: 128}}

    Use instead:
        model:
          optimizer: adagrad
        features:
          buyer_model_features:
            - column: customer_id
              data_type: text
              transforms: {embedding: {vocab_size: 500000, embedding_dim: 128}}

    Lower `embedding_dim` or the number of rows, or use `adagrad`.
    """
    tables = list(_tables(features, profile))
    weights = sum(table.rows * table.width for table in tables)
    is_averaged = model.ema_decay is not None
    total = weights * _FLOAT * (1 + OPTIMIZERS[model.optimizer].slots + is_averaged)
    if total > _MOST_TABLES:
        largest = max(tables, key=lambda table: table.rows * table.width)
        message = (
            f"the embeddings take {in_gib(total)} with the state of {model.optimizer}"
            f"{' and their means' if is_averaged else ''}: "
            f"{weights:,} weights, most in {show(largest.name)} ({largest.rows:,} x "
            f"{largest.width})"
        )
        help = "Lower its `embedding_dim` or its number of rows."
        yield Problem(largest.path, message, help)


@rule("RG402", "warning")
def whole_tables_rewritten(
    features: FeatureConfig, model: ModelConfig, profile: Profile | None = None
) -> Iterator[Problem]:
    """An optimizer that rewrites whole tables.

    In Keras 2, all optimizers except Adagrad read and write their state for every row in each step,
    not only for the rows of the batch. Measured with a table of 100,000 x 64, 1,024 rows a step, on
    two cores: Adagrad takes 0.8 ms, RMSprop 13, SGD 17, Adam 22, AdamW 38, FTRL 44; with a million
    rows, Adagrad 1.1 and Adam 223. A whole step of the ID towers takes 8. ClippyAdagrad, in another
    measurement on two busy cores, takes 11 ms where Adagrad took 2.0, and 118 with a million rows.

    Example:
        model:
          optimizer: adam
        features:
          buyer_model_features:
            - column: customer_id
              data_type: text
              transforms: {embedding: {vocab_size: 1000000}}

    Use instead:
        model:
          optimizer: adagrad
        features:
          buyer_model_features:
            - column: customer_id
              data_type: text
              transforms: {embedding: {vocab_size: 1000000}}
    """
    if not OPTIMIZERS[model.optimizer].is_sparse:
        rows = sum(table.rows for table in _tables(features, profile))
        if rows > _MOST_ROWS:
            message = f"{model.optimizer} rewrites all {rows:,} embedding rows in each step"
            help = f"Use `{RECOMMENDED}`, which only touches the rows of the batch."
            then = rate_for_recommended(model)
            at = ("model", "optimizer")
            yield Problem(at, message, help, fix=("set", RECOMMENDED), then=then)


@rule("RG403", "warning")
def layer_weights(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """Dense layers of more than ten million weights.

    Each row of each batch is multiplied with all weights of the dense layers, so they cost more
    than anything else: six multiplications and additions per weight and row. On Online Retail,
    towers without layers have the best recall.

    Example:
        model:
          buyer_tower_layers:
            - {type: dense, units: 8192}
            - {type: dense, units: 4096}

    Use instead:
        model:
          buyer_tower_layers:
            - {type: dense, units: 256}
            - {type: dense, units: 128}

    Use fewer units or layers.
    """
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


@rule("RG404", "warning")
def score_memory(
    features: FeatureConfig,
    model: ModelConfig,
    data: DataConfig = NO_DATA,
    profile: Profile | None = None,
) -> Iterator[Problem]:
    """Scores that take more than 1 GiB a step.

    Each row of a batch is scored with all products of the batch, some more products (`mixed`) or
    the whole catalogue. Reported above 8192 x 8192 scores. At the peak of a step, the loss alone
    takes 1.1 such matrices, and 3.7 with `remove_accidental_hits` and `label_smoothing` (measured
    at 8192 x 8192 and 1024 x 65,536); the time grows with them.

    Recall does not improve: fewer steps per epoch cost more than additional negatives gain (RG207),
    and on Online Retail the products of the batch, with the logQ correction, gave the same recall
    as the whole catalogue (0.311).

    Example:
        model:
          batch_size: 32768

    Use instead:
        model:
          batch_size: 1024

    Use batches of 256 to 2048, and `full_catalogue` for small catalogues only.
    """
    product = id_column(features, "product", profile) if profile else None
    products = product.distinct if product else None
    batch, scored = model.batch_size, scored_of(model, data, products)
    if scored is None or batch * scored <= _MOST_SCORES:
        return
    size = in_gib(_MATRICES * _FLOAT * batch * scored)
    message = f"{batch:,} x {scored:,} scores, up to {_MATRICES} times over, take {size} per step"
    match negatives_of(model, data):
        case "full_catalogue":
            help = "Use `in_batch`: with the logQ correction it is as good on Online Retail."
            yield Problem(("model", "negatives"), message, help, fix=("set", "in_batch"))
        case "mixed":
            help = "Lower it, or `batch_size`."
            yield Problem(("model", "catalogue_negatives"), message, help)
        case _:
            yield Problem(("model", "batch_size"), message, "Use 256 to 2048.", fix=("set", 2048))


@rule("RG409", "warning")
def bound_rewrites_tables(
    features: FeatureConfig, model: ModelConfig, profile: Profile | None = None
) -> Iterator[Problem]:
    """A bound on vectors that rewrites whole tables.

    Keras applies a constraint to the whole table after each step, including rows that the batch did
    not touch. Measured with Adagrad, a table of 100,000 x 64 and 1,024 rows a step on two busy
    cores: 14 ms instead of 2.0; with a million rows 137 instead of 2.3. Rows are counted as for
    RG402.

    Example:
        model:
          embedding_max_norm: 3.0
        features:
          buyer_model_features:
            - column: customer_id
              data_type: text
              transforms: {embedding: {vocab_size: 1000000}}

    Use instead:
        model:
          embedding_max_norm: null
        features:
          buyer_model_features:
            - column: customer_id
              data_type: text
              transforms: {embedding: {vocab_size: 1000000}}
    """
    rows = sum(table.rows for table in _tables(features, profile))
    if model.embedding_max_norm is not None and rows > _MOST_ROWS:
        message = f"embedding_max_norm rewrites all {rows:,} embedding rows in each step"
        help = "Remove it, or use `normalize_embeddings`, which limits the vectors that are scored."
        yield Problem(("model", "embedding_max_norm"), message, help, fix=("remove", None))


@rule("RG405", "warning")
def wide_input(features: FeatureConfig) -> Iterator[Problem]:
    """A tower's input of more than 8192 numbers.

    Features are concatenated, and the first layer has a weight for each of these numbers and each
    of its units. At the default width of 32, it takes 256 embedded features to reach this.

    Example:
        features:
          buyer_model_features:
            - column: city
              data_type: text
              transforms: {embedding: {embedding_dim: 1024}}

    Use instead:
        features:
          buyer_model_features:
            - column: city
              data_type: text
              transforms: {embedding: {embedding_dim: 32}}

    Reduce the width of embeddings of columns with few values, or remove features.
    """
    for side in SIDES:
        width = features.width_of(side)
        if width > _MOST_WIDTH:
            message = f"the {side} tower's input is {width:,} numbers wide"
            help = "Reduce the width of its embeddings, or remove features."
            yield Problem(("features", f"{side}_model_features"), message, help)
