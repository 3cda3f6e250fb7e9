"""The model's sizes against the data's: batches, the catalogue, the depth of towers."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig, ModelConfig
from recgen.data.columns import id_column
from recgen.data.estimates import parts
from recgen.data.profile import Profile
from recgen.rules.base import Problem, Rule

_SMALL = 4_000  # products: the largest catalogue on which depth was measured to hurt has 3,659
_DEEP = 3


def _catalogue(features: FeatureConfig, model: ModelConfig, profile: Profile) -> Iterator[Problem]:
    product = id_column(features, "product", profile)
    if product is not None and model.top_k > product.distinct > 1:
        message = f"top_k {model.top_k:,} of {product.distinct:,} products: all are returned"
        help = "Lower it: what is recommended should be a choice."
        yield Problem(("model", "top_k"), message, help)


def _steps(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    found = parts(features, data, profile)
    rows = found.training if found else profile.rows
    if not 0 < rows < 2 * model.batch_size:
        return
    message = (
        f"batch_size {model.batch_size:,} with {rows:,} rows of training: an epoch is one step"
    )
    help = f"Lower it: {max(1, rows // 20):,} gives 20 steps an epoch."
    yield Problem(("model", "batch_size"), message, help)


def _depth(features: FeatureConfig, model: ModelConfig, profile: Profile) -> Iterator[Problem]:
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
            help = "Try none or one."
            yield Problem(("model", f"{side}_tower_layers"), message, help)


RULES = (
    Rule(
        code="RG514",
        severity="warning",
        title="top_k above the catalogue",
        reason="Serving returns at most every product there is, and recall at a k above the "
        "catalogue is 1 for any model, trained or not.",
        example="model:\n  top_k: 100  # of 60 products",
        remedy="Lower `top_k`.",
        checks=(_catalogue,),
    ),
    Rule(
        code="RG515",
        severity="warning",
        title="An epoch of one step",
        reason="Batches are full, and what does not fill one is left out of the epoch; a "
        "batch_size above the rows of training is lowered to them. So with less than two batches "
        "each epoch is a single step, and 8 epochs are 8 steps: on Online Retail 8 epochs are "
        "2,700.",
        example="model:\n  batch_size: 4096  # with 5,000 rows",
        remedy="Lower `batch_size`.",
        checks=(_steps,),
    ),
    Rule(
        code="RG516",
        severity="warning",
        title="Deep towers for a small catalogue",
        reason="On Online Retail (3,659 products) towers without layers had recall@100 0.31, three "
        "dense layers 0.25, both with the logQ correction; on another catalogue of 976 products "
        "recall@5 was 36% with two layers and 17% with four. So from three layers on, the "
        "projection counted, and up to 4,000 products.",
        example="model:\n  product_tower_layers:\n    - {type: dense, units: 256}\n"
        "    - {type: dense, units: 128}\n    - {type: dense, units: 64, activation: linear}",
        remedy="Try no layer or one, and compare.",
        checks=(_depth,),
    ),
)
