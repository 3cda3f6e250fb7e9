"""Checks for training settings that other settings disable; their rule is in effect.py."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import DataConfig, ModelConfig, negatives_of, scored_of
from recgen.findings import Location
from recgen.rules.effect import changed, unused, without_effect
from recgen.rules.registry import NO_DATA, Problem

_PATIENCE: Location = ("model", "early_stopping_patience")
_SCHEDULE: Location = ("model", "learning_rate_schedule")


@without_effect.check
def in_negatives(model: ModelConfig, data: DataConfig = NO_DATA) -> Iterator[Problem]:
    """Yield settings of other kinds of negatives."""
    kind = negatives_of(model, data)
    if kind != "mixed":
        for name in changed(model, "catalogue_negatives"):
            yield unused(("model", name), f"it belongs to `mixed` negatives, and these are {kind}")
    if kind == "full_catalogue":
        for name in changed(model, "remove_accidental_hits", "logq_correction"):
            why = (
                "each row is compared with the whole catalogue, in which each product appears once"
            )
            yield unused(("model", name), why)
    scored = scored_of(model, data)
    if model.hard_negatives and scored and model.hard_negatives >= scored - 1:
        why = f"a row has {scored - 1:,} negatives, and all of them count anyway"
        yield unused(("model", "hard_negatives"), why, safe=False)  # it sorts: rounding


@without_effect.check
def in_recency(model: ModelConfig, data: DataConfig) -> Iterator[Problem]:
    """Yield a half-life if rows have no time."""
    if model.recency_half_life_days and not (data.split and data.split.date_column):
        message = "recency_half_life_days has no effect: rows have no time without a date_column"
        help = "Set `data.split.date_column`, or remove it."
        path = ("model", "recency_half_life_days")
        yield Problem(path, message, help, severity="warning", fix=("remove", None), safe=True)


@without_effect.check
def in_stopping(model: ModelConfig) -> Iterator[Problem]:
    """Yield settings that depend on a recall that is not measured, or on further epochs."""
    is_plateau = model.learning_rate_schedule == "plateau"
    patience, epochs = model.early_stopping_patience, model.epochs
    given = changed(model, "early_stopping_patience")
    if not model.enable_training_metrics:
        why = "without `enable_training_metrics`, recall is not measured"
        yield from (unused(("model", name), why) for name in given)
        if is_plateau:
            yield unused(_SCHEDULE, why)
    elif is_plateau and (patience == 1 or epochs <= 2):
        why = "no epoch is left after the first one without a better recall"
        yield unused(_SCHEDULE, why)
    if model.enable_training_metrics and given and patience and patience >= epochs - 1:
        message = "early_stopping_patience has no effect: the epochs are over by then"
        help = "Lower it, or set it to null to train all epochs."
        yield Problem(_PATIENCE, message, help, fix=("set", None), safe=True)
