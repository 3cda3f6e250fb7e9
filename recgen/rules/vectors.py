"""Rules on the towers' vectors: dropout and a bound on their length."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.config import SIDES, DataConfig, FeatureConfig, ModelConfig, Side, residuals_of
from recgen.findings import show
from recgen.rules.loss import compared_of, floor_of
from recgen.rules.registry import NO_DATA, Problem, rule

_DROPOUT = ("model", "output_dropout")
_NORM = ("model", "embedding_max_norm")
_MUCH = 0.6
_NARROW = 64


@rule("RG236", "warning", also=("info",))
def output_dropout(model: ModelConfig) -> Iterator[Problem]:
    """Strong dropout on the buyer's vector, or on a narrow one.

    Measured on Online Retail, shares of 0.2 to 0.5 help new pairs at widths of 128 to 512. With a
    higher share, so few numbers are left in each step that the score says little. Below 64 numbers
    (a note), nothing was measured, and there are few numbers to begin with.

    Example:
        model:
          output_dropout: 0.8

    Use instead:
        model:
          output_dropout: 0.3
          output_embedding_dim: 128

    Use 0.2 to 0.5, at widths of 128 and more.
    """
    rate, width = model.output_dropout, model.output_embedding_dim
    if rate > _MUCH:
        message = f"output_dropout {show(rate)} leaves {width * (1 - rate):.0f} of {width} numbers"
        yield Problem(_DROPOUT, message, "Use 0.2 to 0.5.", fix=("set", 0.5))
    elif rate and width < _NARROW:
        message = f"output_dropout on vectors {width} wide was only measured from 128 on"
        yield Problem(
            _DROPOUT, message, "Compare recall without it, or use wider vectors.", severity="info"
        )


@rule("RG237", "warning", of_retrieval=True)
def norm_bound_low(
    features: FeatureConfig, model: ModelConfig, data: DataConfig = NO_DATA
) -> Iterator[Problem]:
    """A bound on vectors that limits the scores.

    Where a tower's output is one vector of a table, no longer than m, scores lie between -m² and
    m². The right product's score is then at most m²/T above those of products at right angles to it
    (T is the temperature), and as with cosines (RG211), more than half of the initial loss is out
    of reach where m²/T is below ln(n)/2: for m below 1.9 with 1024 products. Reported for towers
    that consist of an ID's vector only; others can compensate for it.

    Example:
        model:
          embedding_max_norm: 0.5
          output_embedding_dim: 32

    Use instead:
        model:
          embedding_max_norm: 3.0
          output_embedding_dim: 32

    Use a higher bound, or null.
    """
    norm, compared = model.embedding_max_norm, compared_of(model, data)
    if norm is None or model.normalize_embeddings or compared is None or compared < 2:
        return
    if not all(_is_one(features, model, side) for side in SIDES):
        return
    lead = norm * norm / model.temperature
    if lead < math.log(compared) / 2:
        message = (
            f"scores of vectors of length {norm:g} cannot distinguish one product from "
            f"{compared - 1:,} others: {floor_of(compared, lead)}"
        )
        least = math.sqrt(model.temperature * math.log(compared) / 2)
        yield Problem(_NORM, message, f"Use more than {least:.1f}, or null.", fix=("set", None))


def _is_one(features: FeatureConfig, model: ModelConfig, side: Side) -> bool:
    """Return whether a tower's output is one vector of a table."""
    residuals = residuals_of(features, model, side)
    return len(residuals) == 1 and features.width_of(side) == model.output_embedding_dim
