"""Reading of metrics files of any trainer version into the model, with notes on oddities."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from recgen.findings import RecgenError, kind_of
from recgen.metrics.history import is_history
from recgen.metrics.logs import Log, are_records, csv_log, json_lines, series_of
from recgen.metrics.model import TrainingMetrics
from recgen.metrics.upgrade import upgrade

_HELP = "training writes this file; train again"
_HELP_CSV = "a CSV log has a header with `epoch` and `loss`, as Keras's CSVLogger writes it"


@dataclass(frozen=True)
class MetricsFile:
    """The contents of a metrics file, and what was odd about it.

    Attributes:
        metrics: The contents in the current schema.
        version: The file's schema version; None in files of older trainers.
        not_finite: Epochs, from 0, in which a series (`loss.loss`) was NaN or infinite.
        notes: What was missing or odd.
        kept: Epochs, from 0, that the file has values of; None if it has all.
    """

    metrics: TrainingMetrics
    version: int | None = None
    not_finite: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    kept: tuple[int, ...] | None = None


def read_metrics(text: str, source: str) -> MetricsFile:
    """Return the contents of a metrics file.

    Args:
        text: The file's text, from any trainer: JSON, also with NaN and Infinity, JSON lines of an
            epoch each, or CSV as Keras's CSVLogger writes it.
        source: The file's name, for messages.

    Raises:
        RecgenError: The text is neither, or not an object.
    """
    log = csv_log(text)
    if log is not None:
        return _file_of_log(log)
    try:
        data = _json(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        log = json_lines(text.removeprefix("\ufeff"), _json)
        if log is not None:
            return _file_of_log(log)
        help = _HELP_CSV if source.endswith(".csv") else _HELP
        raise RecgenError(f"{source} is not JSON: {error}", help) from error
    if isinstance(data, list) and len(data) == 1 and is_history(data[0]):  # a row of a database
        data = data[0]
    if are_records(data):
        data = series_of(data)
    if not isinstance(data, dict):
        raise RecgenError(
            f"{source} contains {kind_of(data)} instead of the metrics of a training", _HELP
        )
    return file_of(data)


def file_of(data: Mapping[str, Any]) -> MetricsFile:
    """Return the contents of a metrics file from its data; empty data has notes on all parts."""
    found = upgrade(data)
    metrics = TrainingMetrics.model_validate(found.data)
    return MetricsFile(metrics, found.version, found.not_finite, tuple(found.notes), found.kept)


def _file_of_log(log: Log) -> MetricsFile:
    found = file_of(log.data)
    return replace(found, notes=(*log.notes, *found.notes))


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose texts can be encoded: JSON can escape half a surrogate pair."""
    return {_text(k): _text(v) if isinstance(v, str) else v for k, v in pairs}


def _text(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
