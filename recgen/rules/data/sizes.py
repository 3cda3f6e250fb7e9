"""Rules on the model's sizes in comparison with the data: batches, catalogue, depth."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig, ModelConfig
from recgen.data.columns import id_column
from recgen.data.estimates import split_sizes, with_ids
from recgen.data.profile import Profile
from recgen.findings import counted
from recgen.rules.registry import Problem, rule

_SMALL = 4_000  # products: the largest catalogue on which depth was measured to hurt has 3,659
_DEEP = 3
_STEPS, _LEAST = 20, 2  # of an epoch; rows of a batch


@rule("RG514", "warning", of_retrieval=True)
def top_k_above_catalogue(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """top_k larger than the catalogue.

    Serving cannot return more products than exist, and recall at a k larger than the catalogue is 1
    for any model, trained or not.

    Example:
        model:
          top_k: 100  # of 60 products

    Use instead:
        model:
          top_k: 10  # of 60 products
    """
    product = id_column(features, "product", profile)
    if product is not None and model.top_k > product.distinct > 1:
        there_are = f"there are only {product.distinct:,} products"
        message = f"top_k is {model.top_k:,}, but {there_are} to return"
        help = "Lower it: recommendations should be a selection."
        yield Problem(("model", "top_k"), message, help)


@rule("RG515", "warning")
def one_step(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """An epoch of one step.

    Only full batches are used, and the remaining rows are skipped in that epoch; a batch_size above
    the number of training rows is lowered to it. With less than two batches, each epoch is
    therefore a single step, and 8 epochs are 8 steps. On Online Retail, 8 epochs are 2,700 steps.

    Example:
        model:
          batch_size: 4096  # with 5,000 rows

    Use instead:
        model:
          batch_size: 256  # with 5,000 rows
    """
    found = split_sizes(features, data, profile)
    rows = found.training if found else with_ids(features, profile).rows
    if not 0 < rows < 2 * model.batch_size:
        return
    these = counted(rows, "training row")
    message = f"batch_size {model.batch_size:,} with {these}: an epoch is one step"
    help = f"Lower it: {rows // _STEPS:,} gives {_STEPS} steps per epoch."
    if rows < _STEPS * _LEAST:
        help = f"Use more data: {these} are too few for any batch size."
        help = help if rows > 1 else "Use more data: nothing can be learnt from one row."
    yield Problem(("model", "batch_size"), message, help)


@rule("RG516", "warning")
def deep_for_catalogue(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """Deep towers for a small catalogue.

    On Online Retail (3,659 products), towers without layers had recall@100 0.31 and three dense
    layers 0.25, both with the logQ correction; on another catalogue of 976 products, recall@5 was
    36% with two layers and 17% with four. Reported for three layers or more, including the
    projection, and up to 4,000 products.

    Example:
        model:
          product_tower_layers:
            - {type: dense, units: 256}
            - {type: dense, units: 128}
            - {type: dense, units: 64, activation: linear}

    Use instead:
        model:
          product_tower_layers: []

    Try no layer or one, and compare.
    """
    product = id_column(features, "product", profile)
    if product is None or product.distinct > _SMALL:
        return
    for side in SIDES:
        depth = model.depth_of(side)
        if depth >= _DEEP:
            message = (
                f"{depth} dense layers in the {side} tower for {product.distinct:,} products: "
                "shallow towers were better on such catalogues"
            )
            help = "Try one layer, or none."
            yield Problem(("model", f"{side}_tower_layers"), message, help)
