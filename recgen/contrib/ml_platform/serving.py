"""What a served model takes, for the page that shows how to call it."""

from __future__ import annotations

from typing import Any, TypedDict

from recgen.config import SIDES, ExperimentConfig, HistoryFeature, Side, dtype_of
from recgen.config.features import Feature

_EXAMPLES: dict[str, object] = {"string": "text", "int64": 1, "float32": 1.5}
_NULLS = {"string": "", "int64": -(2**63), "float32": "NaN"}
_TIME = 1_700_000_000  # a day in November 2023
_TIMES = ("TIMESTAMP", "DATETIME", "DATE")
_TWO = 2


class Input(TypedDict):
    """An input of a served model."""

    name: str
    type: str
    shape: list[int | None]
    tower: str
    null: object
    notes: str


def serving_schema(config: ExperimentConfig) -> list[Input]:
    """Return the inputs of `serving_default`, or of the ranking signature.

    A retrieval model takes the buyer's features; ranking and multitask models also the product's.

    Args:
        config: What `read_rows` returns.

    Returns:
        For each input its `name`, as the signature has it; `type` (string, int64 or float32);
        `shape`, `[None]` or `[None, None]` for a list; `tower`; `null`, what a client sends for a
        missing value; and `notes`.
    """
    return [_input(side, feature) for side, feature in _served(config)]


def example_instance(config: ExperimentConfig) -> dict[str, object]:
    """Return one instance of a request, with made-up values of the right types.

    Its lists have two values. All instances of a request need lists of the same length: pad
    shorter ones with the input's `null`.
    """
    return {feature.output_name: _example(feature) for _, feature in _served(config)}


def _served(config: ExperimentConfig) -> list[tuple[Side, Feature]]:
    sides = SIDES if config.model.model_type != "retrieval" else SIDES[:1]
    found: dict[str, tuple[Side, Feature]] = {}
    for side in sides:
        for feature in config.features.features_of(side):
            if feature.output_keys:
                found.setdefault(feature.output_name, (side, feature))
    return list(found.values())


def _input(side: Side, feature: Feature) -> Input:
    dtype = dtype_of(feature.bq_type)
    is_list = isinstance(feature, HistoryFeature)
    return {
        "name": feature.output_name,
        "type": dtype,
        "shape": [None, None] if is_list else [None],
        "tower": side,
        "null": _NULLS[dtype],
        "notes": _notes(feature),
    }


def _notes(feature: Feature) -> str:
    if isinstance(feature, HistoryFeature) and feature.history:
        place = "newest" if feature.history.order == "newest_first" else "oldest"
        shared = feature.history.shared_with
        return (
            f"values of {shared}, the {place} first; {feature.history.max_length} are used; "
            "pad with null"
        )
    if feature.bq_type in _TIMES:
        return "seconds since 1970"
    if feature.bq_type == "TIME":
        return "seconds of the day"
    if feature.bq_type in ("BOOL", "BOOLEAN"):
        return "0 or 1"
    return "an ID that training does not know is allowed" if feature.is_primary_id else ""


def _example(feature: Feature) -> Any:
    value = _EXAMPLES[dtype_of(feature.bq_type)]
    if feature.bq_type in _TIMES:
        value = _TIME
    return [value] * _TWO if isinstance(feature, HistoryFeature) else value
