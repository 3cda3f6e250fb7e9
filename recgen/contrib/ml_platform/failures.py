"""What a failed pipeline's text means, in words for the users of a page."""

from __future__ import annotations

import re
from typing import NamedTuple, TypedDict

LINE = re.compile(r"RECGEN-FAILURE (?P<kind>[a-z_]+)[: ]*(?P<reason>[^\r\n]*)")
"""The line that a trainer prints when it stops: `RECGEN-FAILURE collapse Epoch 3: …`."""
_LONGEST = 200_000  # letters of a log that are looked at: its end


class FailureClass(TypedDict):
    """A class of failures, in the platform's shape."""

    type: str
    title: str
    suggestion: str
    severity: str
    code: str
    matched: bool


class _Known(NamedTuple):
    code: str
    type: str
    title: str
    suggestion: str
    severity: str = "error"

    def as_class(self) -> FailureClass:
        return {
            "type": self.type,
            "title": self.title,
            "suggestion": self.suggestion,
            "severity": self.severity,
            "code": self.code,
            "matched": True,
        }


_RATE = "Lower the learning rate, use fewer layers, and let each tower end with a linear layer."
_TRAINING: dict[str, tuple[str, str]] = {
    "collapse": ("Training collapsed", _RATE),
    "dead_tower": ("A tower died", _RATE),
    "not_learning": (
        "Nothing was learned",
        "Raise the learning rate if it is low, lower it if it is high, and see whether the "
        "features say anything about what is bought.",
    ),
    "popularity_only": (
        "Everybody is shown the same products",
        "See whether the buyer's ID or history reaches the tower, and lower the learning rate.",
    ),
    "constant_prediction": (
        "Every row has the same prediction",
        "Lower the learning rate, and see whether the features say anything about the target.",
    ),
    "divergence": ("Training diverged", "Lower the learning rate."),
    "nan": ("The loss became NaN", "Lower the learning rate, and look for outliers in numbers."),
    "out_of_data": (
        "The training data ended early",
        "The files had fewer rows than were counted: run the pipeline again.",
    ),
}

# In this order: what says more comes before what says less.
_TEXTS: tuple[tuple[str, _Known], ...] = (
    (
        r"RESOURCE_EXHAUSTED.{0,80}\bquota|\bquota\b.{0,80}exceed|exceed.{0,40}\bquota|rate.?limit",
        _Known(
            "quota",
            "QuotaError",
            "A quota is used up",
            "Wait some minutes and try again, or ask an administrator for a larger quota.",
            "warning",
        ),
    ),
    (
        r"ResourceExhausted|RESOURCE_EXHAUSTED|\bOOM\b|out of memory|MemoryError|cannot allocate"
        r"|failed to allocate|exit code 137|SIGKILL",
        _Known(
            "memory",
            "ResourceExhausted",
            "Not enough memory",
            "Use a smaller batch_size, narrower embeddings, a smaller sample, or a larger machine.",
        ),
    ),
    (
        r"PERMISSION_DENIED|permission denied|access denied|\b403\b|unauthorized|forbidden",
        _Known(
            "permission",
            "PermissionError",
            "Permission denied",
            "The service account lacks a role: ask an administrator.",
        ),
    ),
    (
        r"not found: (?:table|dataset)|table .{0,200}not found|dataset .{0,200}not found",
        _Known(
            "table",
            "BigQueryError",
            "A table was not found",
            "It was deleted or renamed: update the dataset.",
        ),
    ),
    (
        r"is not in the data, which has|column.{0,100}not found|KeyError: ?.|feature.{0,60}missing"
        r"|unknown feature|unrecognized name",
        _Known(
            "column",
            "SchemaError",
            "A column was not found",
            "Compare the names of the feature config with the dataset's columns: one was renamed.",
        ),
    ),
    (
        r"arrives as .{0,40}; it has to be|(?:schema|type).{0,60}mismatch|incompatible.{0,20}type"
        r"|cannot convert|cannot be cast",
        _Known(
            "type",
            "SchemaError",
            "A column has another type",
            "Compare the types of the feature config with those of the dataset.",
        ),
    ),
    (
        r"bigquery.{0,200}(?:error|failed)|query.{0,40}failed|syntax error.{0,80}sql|invalidQuery",
        _Known(
            "query",
            "BigQueryError",
            "The query failed",
            "Open the dataset and run its query; see its message.",
        ),
    ),
    (
        r"no .{0,20}files match|contain no rows|no examples|empty dataset|zero rows|\b0 examples",
        _Known(
            "no_data",
            "DataError",
            "There are no rows",
            "Look at the filters and the days of the split: nothing is left.",
        ),
    ),
    (
        r"loss.{0,40}\b(?:nan|inf)|diverged|gradient.{0,20}explod",
        _Known("nan", "TrainingError", *_TRAINING["nan"]),
    ),
    (
        r"gpu_enabled is true|no gpu|CUDA_ERROR|could not find .{0,20}cuda",
        _Known(
            "gpu",
            "ResourceExhausted",
            "No GPU was found",
            "Choose a machine with GPUs in a region that has them, or train on CPUs.",
        ),
    ),
    (
        r"vocabulary.{0,40}(?:error|empty)|vocab.{0,20}too large",
        _Known(
            "vocabulary",
            "TransformError",
            "A vocabulary could not be made",
            "See whether an ID column is empty.",
        ),
    ),
    (
        r"shape.{0,40}(?:mismatch|incompatible)|incompatible shapes|dimensions must be equal",
        _Known(
            "shape",
            "TrainingError",
            "Shapes do not fit",
            "Generate the code again: transform and trainer are of different configs.",
        ),
    ),
    (
        r"preprocessing_fn|transform.{0,40}failed",
        _Known(
            "transform",
            "TransformError",
            "The transform failed",
            "Look at the first error in the log of the Transform component.",
        ),
    ),
    (
        r"deadline.?exceeded|timed? ?out\b",
        _Known(
            "timeout",
            "TimeoutError",
            "It took too long",
            "Use a smaller sample, fewer epochs, or a larger machine.",
        ),
    ),
    (
        r"dataflow.{0,80}(?:error|failed)|worker.{0,40}(?:failed|died)|pipeline.{0,20}aborted",
        _Known(
            "dataflow",
            "DataflowError",
            "A Dataflow worker failed",
            "Try again; if it fails again, see the worker's log.",
        ),
    ),
    (
        r"connection.{0,20}(?:refused|reset|timeout)|network.{0,20}error|\bDNS\b.{0,40}fail",
        _Known(
            "network",
            "NetworkError",
            "The network failed",
            "Try again in some minutes.",
            "warning",
        ),
    ),
    (
        r"internal.{0,10}error|server error|service.{0,20}unavailable|\b50[023]\b",
        _Known(
            "internal",
            "InternalError",
            "Google Cloud had an internal error",
            "Try again in some minutes.",
            "warning",
        ),
    ),
)
_UNKNOWN: FailureClass = {
    "type": "Unknown",
    "title": "The pipeline failed",
    "suggestion": "The details below have the pipeline's own message.",
    "severity": "error",
    "code": "unknown",
    "matched": False,
}


def classify_failure(text: object) -> FailureClass:
    """Return the class of a failure from the text of a pipeline or a log.

    A line `RECGEN-FAILURE <kind> <reason>`, which the trainer prints, decides; its reason is in the
    suggestion. Otherwise, the first known wording does.

    Args:
        text: A message of Vertex AI, or a log, as text, bytes or an exception; of a long one, the
            end counts.

    Returns:
        `type`, `title`, `suggestion`, `severity` (error or warning), `matched`, and `code`: the
        kind of a stopped training, such as collapse, or a word such as memory; `unknown` otherwise.
    """
    if isinstance(text, (bytes, bytearray)):
        text = text.decode("utf-8", "replace")
    shown = ("" if text is None else str(text))[-_LONGEST:]
    lines = list(LINE.finditer(shown))
    if lines:
        return _stopped(lines[-1]["kind"], lines[-1]["reason"].strip())
    for pattern, known in _TEXTS:
        if re.search(pattern, shown, re.IGNORECASE):
            return known.as_class()
    return {**_UNKNOWN}


def _stopped(kind: str, reason: str) -> FailureClass:
    title, advice = _TRAINING.get(kind, ("Training was stopped", "See the training's metrics."))
    ended = reason if reason.endswith((".", "!", "?")) else f"{reason}."
    said = f"{ended} {advice}" if reason else advice
    return _Known(kind, "TrainingError", title, said).as_class()
