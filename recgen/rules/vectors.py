"""The towers' vectors: dropout on them, and a bound of their length."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig, ModelConfig, Side, residuals_of
from recgen.findings import show
from recgen.rules.base import NO_DATA, Problem, Rule
from recgen.rules.loss import compared_of, floor_of

_DROPOUT = ("model", "output_dropout")
_NORM = ("model", "embedding_max_norm")
_MUCH = 0.6
_NARROW = 64


def _dropped(model: ModelConfig) -> Iterator[Problem]:
    rate, width = model.output_dropout, model.output_embedding_dim
    if rate > _MUCH:
        message = f"output_dropout {show(rate)} leaves {width * (1 - rate):.0f} of {width} numbers"
        yield Problem(_DROPOUT, message, "Use 0.2 to 0.5.", fix=("set", 0.5))
    elif rate and width < _NARROW:
        message = f"output_dropout on vectors {width} wide: it was only measured from 128 on"
        yield Problem(_DROPOUT, message, "Compare with none, or widen.", severity="info")


def _bounded(
    features: FeatureConfig, model: ModelConfig, data: DataConfig = NO_DATA
) -> Iterator[Problem]:
    norm, compared = model.embedding_max_norm, compared_of(model, data)
    if norm is None or model.normalize_embeddings or compared is None or compared < 2:
        return
    if not all(_is_one(features, model, side) for side in SIDES):
        return
    lead = norm * norm / model.temperature
    if lead < math.log(compared) / 2:
        message = (
            f"scores of vectors of length {norm:g} cannot tell one product from {compared - 1:,} "
            f"others: {floor_of(compared, lead)}"
        )
        least = math.sqrt(model.temperature * math.log(compared) / 2)
        yield Problem(_NORM, message, f"Use more than {least:.1f}, or null.", fix=("set", None))


def _is_one(features: FeatureConfig, model: ModelConfig, side: Side) -> bool:
    """Says whether a tower's output is one vector of a table."""
    residuals = residuals_of(features, model, side)
    return len(residuals) == 1 and features.width_of(side) == model.output_embedding_dim


RULES = (
    Rule(
        code="RG236",
        severity="warning",
        title="Much dropout on the buyer's vector, or on a narrow one",
        reason="Measured on Online Retail, shares of 0.2 to 0.5 help new pairs at widths of 128 "
        "to 512. More leaves so few numbers that the score says little in each step. Below 64 "
        "numbers (a note) nothing was measured, and little is left to begin with.",
        example="model:\n  output_dropout: 0.8",
        remedy="Use 0.2 to 0.5, at widths of 128 and more.",
        checks=(_dropped,),
    ),
    Rule(
        code="RG237",
        severity="warning",
        title="A bound of vectors that holds scores down",
        reason="Where a tower's output is one vector of a table, no longer than m, scores lie "
        "between -m² and m². The right product's is then at most m²/T above those at right angles "
        "to it (T is the temperature), and as with cosines (RG211) more than half of the loss at "
        "the start is out of reach where m²/T is below ln(n)/2: m below 1.9 for 1024 products. "
        "Said of towers that are nothing but an ID's vector; others can make up for it.",
        example="model:\n  embedding_max_norm: 0.5",
        remedy="Use a higher bound, or null.",
        checks=(_bounded,),
    ),
)
