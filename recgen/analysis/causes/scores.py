"""Causes RD210 and RD213: scores that are too far apart or too close together to be learned from.

As in `restraints`, a setting is a cause only if the model is no better than counting.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed, figure, spoiled
from recgen.analysis.diagnosis import Confidence
from recgen.analysis.facts import Facts
from recgen.analysis.series import points
from recgen.config import ModelConfig, negatives_of

WORSE_THAN_GUESSING = 1.25  # a loss, divided by that of equal scores
_TEMPERATURE, _NORM = "model.temperature", "model.embedding_max_norm"
_COSINE, _PLAIN = 0.1, 1.0  # temperatures that train: rules RG212 and RG213
_HIGH_TEMPERATURE = 2.0  # of unbounded scores; at 5, a fifth of the recall is lost: RG213
_STILL = 0.02  # relative change of the loss in a training that got nowhere


def _temperature(facts: Facts) -> Iterator[Sign]:
    model = facts.model
    if model is None:
        return
    yield from _low_temperature(facts, model)
    yield from _high_temperature(facts, model)


def _low_temperature(facts: Facts, model: ModelConfig) -> Iterator[Sign]:
    found = facts.findings("RG212")
    seen = list(confirmed(*found))
    worst = max((value for _, value in points(facts.loss_to_chance)), default=0.0)
    is_blown_up = worst > WORSE_THAN_GUESSING or facts.failure_kind in ("divergence", "nan")
    if not found or not (is_blown_up or facts.is_held_back):
        return
    if worst > WORSE_THAN_GUESSING:
        times = f"{worst:.3g} times that of equal scores"
        seen.append(f"the loss reached {times}: the scores are {1 / model.temperature:g} times")
        seen[-1] += " too far apart to be wrong"
    patch = {_TEMPERATURE: _COSINE if model.normalize_embeddings else _PLAIN}
    confidence: Confidence = "high" if is_blown_up or facts.is_failed else "medium"
    yield Sign(confidence, tuple(seen), found[0].help, patch, verdict=spoiled(facts), explains=True)


def _high_temperature(facts: Facts, model: ModelConfig) -> Iterator[Sign]:
    found = facts.findings("RG211")
    is_flat = not model.normalize_embeddings and model.temperature >= _HIGH_TEMPERATURE
    if not (found or is_flat) or not facts.is_held_back:
        return
    divided = f"scores are divided by a temperature of {model.temperature:g}, so they and their "
    seen = (*(confirmed(*found) or (f"{divided}gradients are small",)), *stands(facts))
    help = found[0].help if found else "Remove the temperature, or normalize the embeddings."
    patch = {_TEMPERATURE: _COSINE if model.normalize_embeddings else _PLAIN}
    sure = facts.is_failed and len(seen) > 1
    yield Sign(
        "high" if sure else "medium", seen, help, patch, verdict=spoiled(facts), explains=True
    )


def _max_norm(facts: Facts) -> Iterator[Sign]:
    model = facts.model
    norm, compared = (model.embedding_max_norm, _compared(facts)) if model else (None, None)
    if model is None or norm is None or not compared or not facts.is_held_back:
        return
    # As in RG237: the lead that the right score has to reach for half of the initial loss.
    needed = math.log(compared) / 2
    if model.normalize_embeddings or norm * norm / model.temperature >= needed:
        return
    least = math.sqrt(needed * model.temperature)
    seen = (
        *confirmed(*facts.findings("RG237")),
        f"vectors of tables are no longer than {norm:g}; to tell one product from {compared - 1:,} "
        f"others, they need {least:.1f}",
        *stands(facts),
    )
    sure = facts.is_failed and norm * norm * 10 < needed * model.temperature
    patch = {_NORM: None}
    yield Sign(
        "high" if sure else "medium", seen, patch=patch, verdict=spoiled(facts), explains=True
    )


def _compared(facts: Facts) -> int | None:
    """Return the number of products in a row's softmax, if it is known."""
    if facts.model is None or facts.config is None:
        return None
    is_whole = negatives_of(facts.model, facts.config.data) == "full_catalogue"
    return facts.candidates if is_whole and facts.candidates else facts.batch_size


def _progress(facts: Facts) -> tuple[float, float] | None:
    """Return the first loss and the last one, relative to that of equal scores if it is known."""
    found = points(facts.loss_to_chance) or points(facts.loss)
    return (found[0][1], found[-1][1]) if found else None


def stands(facts: Facts) -> Iterator[str]:
    """Yield how far the loss moved, if that is nearly nothing."""
    moved = _progress(facts)
    found = points(facts.loss)
    if moved and len(found) > 1 and abs(moved[1] / moved[0] - 1) <= _STILL:
        yield f"the loss moved from {figure(found[0][1])} to {figure(found[-1][1])} only"


KINDS = (
    Kind(
        code="RD210",
        verdict="at_risk",
        title="A temperature that does not fit the scores",
        reason="Scores are divided by the temperature T before the softmax. A low T makes every "
        "early mistake cost 1/T times as much: the loss starts far above that of guessing, and the "
        "steps that follow are as wild. A high T leaves the scores too close together: cosines "
        "differ by 2/T at most, and unbounded scores have to become T times as large.",
        signs="`recgen check` finds the temperature too low (RG212) and the loss is above that of "
        "equal scores, or the model is no better than counting; or it is too high (RG211; 2 or "
        "more for scores that are not cosines) and the model is no better than counting.",
        remedy="Use 0.05 to 0.1 with `normalize_embeddings`, and 1 without.",
        check=_temperature,
    ),
    Kind(
        code="RD213",
        verdict="at_risk",
        title="Vectors that are too short for the scores",
        reason="`embedding_max_norm` m bounds the vectors of all tables. The right product's score "
        "must exceed the others by ln(n)/2 to halve the loss over n products, and without layers "
        "that can stretch them, vectors no longer than m give at most m²/T.",
        signs="m²/T is below ln(n)/2, where n is the batch or the catalogue, and the model is no "
        "better than counting; the loss hardly moves.",
        remedy="Set `embedding_max_norm: null`, or a bound of 3 or more.",
        check=_max_norm,
    ),
)
