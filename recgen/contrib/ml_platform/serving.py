"""What a served model takes, for the page that shows how to call it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypedDict

from recgen.config import SIDES, ExperimentConfig, HistoryFeature, Side
from recgen.config.features import Feature
from recgen.plan.columns import InputColumn, graph_names, input_columns

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


class _Served(NamedTuple):
    """A raw column that a client sends, and its feature; None if only a cross reads it."""

    name: str
    side: Side
    column: InputColumn
    feature: Feature | None


def serving_schema(config: ExperimentConfig) -> list[Input]:
    """Return the inputs of `serving_default`, or of the ranking signature.

    A retrieval model takes the columns of the buyer's features and crosses; ranking and multitask
    models also those of the product.

    Args:
        config: What `read_rows` returns.

    Returns:
        For each input its `name`, as the signature has it; `type` (string, int64 or float32);
        `shape`, `[None]` or `[None, None]` for a list; `tower`; `null`, what a client sends for a
        missing value; and `notes`.
    """
    return [
        {
            "name": each.name,
            "type": each.column.dtype,
            "shape": [None, None] if each.column.is_list else [None],
            "tower": each.side,
            "null": _NULLS[each.column.dtype],
            "notes": _notes(each),
        }
        for each in _served(config)
    ]


def example_instance(config: ExperimentConfig) -> dict[str, object]:
    """Return one instance of a request, with made-up values of the right types.

    Its lists have two values. All instances of a request need lists of the same length: pad
    shorter ones with the input's `null`.
    """
    return {each.name: _example(each.column) for each in _served(config)}


def _served(config: ExperimentConfig) -> list[_Served]:
    sides = SIDES if config.model.model_type != "retrieval" else SIDES[:1]
    found: dict[str, tuple[Side, Feature | None]] = {}
    for side in sides:
        for name, feature in _read(config, side):
            found.setdefault(name, (side, feature))
    columns = [each for each in input_columns(config) if each.name in found]
    names = graph_names(each.name for each in columns)
    return [
        _Served(names[each.name], found[each.name][0], each, found[each.name][1])
        for each in columns
    ]


def _read(config: ExperimentConfig, side: Side) -> Iterator[tuple[str, Feature | None]]:
    """Yield the columns that a tower reads, its features before what only crosses read."""
    for feature in config.features.features_of(side):
        yield feature.output_name, feature
    for cross in config.features.crosses_of(side):
        yield from ((name, None) for name in cross.members)


def _notes(served: _Served) -> str:
    feature = served.feature
    if isinstance(feature, HistoryFeature) and feature.history:
        place = "newest" if feature.history.order == "newest_first" else "oldest"
        shared = feature.history.shared_with
        return (
            f"values of {shared}, the {place} first; {feature.history.max_length} are used; "
            "pad with null"
        )
    if served.column.bq_type in _TIMES:
        return "seconds since 1970"
    if served.column.bq_type == "TIME":
        return "seconds of the day"
    if served.column.bq_type in ("BOOL", "BOOLEAN"):
        return "0 or 1"
    return "an ID that training does not know is allowed" if _is_id(feature) else ""


def _is_id(feature: Feature | None) -> bool:
    return feature is not None and feature.is_primary_id


def _example(column: InputColumn) -> object:
    value = _TIME if column.bq_type in _TIMES else _EXAMPLES[column.dtype]
    return [value] * _TWO if column.is_list else value
