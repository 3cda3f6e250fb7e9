"""Reading metrics files: text of any trainer and age -> the model, and what was odd about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recgen.findings import RecgenError, kind_of
from recgen.metrics.model import TrainingMetrics
from recgen.metrics.upgrade import upgrade

_HELP = "the file is written by a training; train again"


@dataclass(frozen=True)
class MetricsFile:
    """What a metrics file holds, and what was odd about it.

    Attributes:
        metrics: Its content in today's form.
        version: The schema that it was written in; None in files of older trainers.
        not_finite: Epochs, from 0, at which a series (`loss.loss`) held NaN or infinity.
        notes: What was missing or odd.
    """

    metrics: TrainingMetrics
    version: int | None = None
    not_finite: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_metrics(text: str, source: str) -> MetricsFile:
    """Returns what the text of a metrics file holds.

    Args:
        text: Of any trainer's file; NaN and Infinity are taken, too.
        source: The file's name, for messages.

    Raises:
        RecgenError: The text is no JSON, or no object.
    """
    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise RecgenError(f"{source} is not JSON: {error}", _HELP) from error
    if not isinstance(data, dict):
        raise RecgenError(f"{source} holds {kind_of(data)} instead of a training's metrics", _HELP)
    return file_of(data)


def file_of(data: Mapping[str, Any]) -> MetricsFile:
    """Returns what the data of a metrics file says; of none at all, that all is missing."""
    found = upgrade(data)
    metrics = TrainingMetrics.model_validate(found.data)
    return MetricsFile(metrics, found.version, found.not_finite, tuple(found.notes))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object whose texts can be encoded: JSON may escape half a character."""
    return {_text(k): _text(v) if isinstance(v, str) else v for k, v in pairs}


def _text(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
