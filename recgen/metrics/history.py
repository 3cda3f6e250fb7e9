"""Training histories as a platform's database keeps them, brought into a metrics file's shape.

A platform's row of a run has a `training_history_json`: the metrics file with other names
(`train` and `val`), of which every fifth epoch was kept. Older generations have
`gradient_norms`, or a series as a list of steps and values. Keras's own history is flat, and
scripts write a record for each epoch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from recgen.findings import printable
from recgen.metrics.logs import (
    are_records,
    grouped,
    in_order,
    is_flat,
    is_numbered,
    series_of,
)
from recgen.metrics.values import number_of

MOST_SPREAD = 10_000
"""Epochs of a history of which only some were kept: a trainer's have a few hundred."""

_HISTORIES = ("training_history_json", "training_history", "history", "fields", "data", "metrics")
_DEEPEST = 5
_LOSSES = {
    "train": "loss",
    "val": "val_loss",
    "total": "total_loss",
    "val_total": "val_total_loss",
    "regularization": "regularization_loss",
    "val_regularization": "val_regularization_loss",
}
_PARTS = ("loss", "recall", "gradient", "health", "weight_stats", "gradient_stats", "metrics")
_STEPS = ("step", "epoch", "x")
_ROW_PARAMS = {
    **{name: name for name in ("status", "epochs", "batch_size", "learning_rate", "optimizer")},
    **{name: name for name in ("model_type", "split_strategy")},
    "output_embedding_dim": "embedding_dim",
    "dataset_unique_products": "candidates",
    "dataset_row_count": "dataset_rows",
    "experiment_name": "name",
}
_ROW_FINALS = {
    **{f"recall_at_{k}": f"test_recall_at_{k}" for k in (5, 10, 50, 100)},
    **{name: name for name in ("test_rmse", "test_mae", "test_auc_roc")},
    **{name: f"final_val_{name}" for name in ("rmse", "mae", "auc_roc")},
    "loss": "test_loss",
}


@dataclass
class History:
    """A metrics file's data in its usual shape.

    Attributes:
        data: The data.
        kept: The epochs, from 0, of which the file has values; None if it has all.
        notes: What was done or odd.
    """

    data: dict[str, Any]
    kept: tuple[int, ...] | None = None
    notes: list[str] = field(default_factory=list)


def is_history(value: object) -> bool:
    """Return whether a value may be the metrics of a run, or a row with them."""
    if not isinstance(value, Mapping):
        return False
    return bool({"loss", "epochs", *_HISTORIES} & value.keys()) or is_flat(value)


def plain_history(data: Mapping[str, Any]) -> History:
    """Return the data of a metrics file, whatever it is wrapped in, by its usual names."""
    found, row = _unwrapped(_without_records(data))
    notes = []
    if data.get("available") is False:
        said = data.get("message")
        because = f": {printable(said)}" if isinstance(said, str) else ""
        notes.append(f"the file says that no history is available{because}")
    if is_flat(found):
        found = grouped(found)
    if row:
        found = _with_row(found, row)
    if not row and not _is_stored(found):
        return _spread(History(dict(found), notes=notes))
    steps = _Steps()
    named = {**found, **{name: steps.plain(found[name]) for name in _PARTS if name in found}}
    if not isinstance(named.get("epochs"), list) and steps.known:
        named["epochs"] = list(steps.known)
    return _spread(History(_renamed(named), notes=notes))


def _without_records(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return data whose records, one for each epoch, are a series for each value."""
    if is_numbered(data.get("loss")):  # as `to_json` of pandas writes columns
        return {name: in_order(own) if is_numbered(own) else own for name, own in data.items()}
    name = next((name for name, own in data.items() if are_records(own)), None)
    if name is None:
        return data
    return {**{own: value for own, value in data.items() if own != name}, **series_of(data[name])}


def _is_stored(data: Mapping[str, Any]) -> bool:
    """Return whether names are those of a database, or series have steps."""
    loss = data.get("loss")
    if {"cached_at", "gradient_norms", "histogram_available"} & data.keys():
        return True
    if not isinstance(loss, Mapping):
        return False
    return bool(_LOSSES.keys() & loss.keys()) or any(map(_has_steps, loss.values()))


def _unwrapped(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the metrics inside of a row or an answer, and the row's own columns."""
    row: dict[str, Any] = {}
    for _ in range(_DEEPEST):
        if isinstance(data.get("loss"), Mapping | list) or isinstance(data.get("epochs"), list):
            return data, row
        found = ((name, _mapping(data.get(name))) for name in _HISTORIES)
        inner = next(((name, own) for name, own in found if own and is_history(own)), None)
        if inner is None:
            break
        name, own = inner
        row |= {key: value for key, value in data.items() if key != name}
        data = own
    if "training_history_json" in data or "training_history_json" in row:  # null: none was kept
        return {}, {**row, **data}
    return data, row


def _mapping(value: object) -> Mapping[str, Any] | None:
    """Return a mapping, also one that is written as JSON in a text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, Mapping) and value else None


def _with_row(data: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics with what the columns of their row say and they do not."""
    merged = dict(data)
    for part, columns in (("params", _ROW_PARAMS), ("final_metrics", _ROW_FINALS)):
        own = data.get(part)
        known = dict(own) if isinstance(own, Mapping) else {}
        for column, name in columns.items():
            value = row.get(column)
            if isinstance(value, (str, int, float)) and known.get(name) is None:
                known[name] = value
        merged[part] = known
    return merged


class _Steps:
    """Series of steps and values, as plain lists of values."""

    def __init__(self) -> None:
        self.known: tuple[int, ...] = ()

    def plain(self, part: object) -> object:
        """Return a part with lists of values; series without any value are left out."""
        if not isinstance(part, Mapping):
            return part
        return {name: self._series(value) for name, value in part.items() if value != []}

    def _series(self, value: object) -> object:
        if not _has_steps(value):
            return self.plain(value)
        pairs = sorted(_pairs(value), key=lambda pair: pair[0])
        steps = tuple(step for step, _ in pairs)
        self.known = max(self.known, steps, key=len)
        return [number for _, number in pairs]


def _has_steps(value: object) -> bool:
    """Return whether a series has steps: a list of mappings or pairs, or a mapping by number."""
    if is_numbered(value):
        return True
    if not isinstance(value, list) or not value:
        return False
    return len(list(_pairs(value))) == len(value)


def _pairs(value: object) -> Iterator[tuple[int, object]]:
    """Yield the steps of a series with their values; what has no step is left out."""
    items: list[tuple[object, object]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping) and "value" in each:
            items.append((next((each[n] for n in _STEPS if n in each), None), each["value"]))
        elif isinstance(each, list) and len(each) == 2:
            items.append((each[0], each[1]))
    for step, own in items:
        number = _whole(step)
        if number is not None:
            yield number, own


def _whole(value: object) -> int | None:
    number = number_of(value)
    return int(number) if number is not None and 0 <= number == int(number) else None


def _renamed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a history with the names of a metrics file."""
    named = dict(data)
    if isinstance(loss := named.get("loss"), Mapping):
        own = {name: values for name, values in loss.items() if name not in _LOSSES}
        older = {_LOSSES[name]: values for name, values in loss.items() if name in _LOSSES}
        named["loss"] = {**older, **own}
    norms = named.pop("gradient_norms", None)
    named.setdefault("gradient", norms if isinstance(norms, Mapping) else {})
    recalls = named.pop("metrics", None)
    if isinstance(recalls, Mapping) and not named.get("recall"):
        named["recall"] = {
            f"val_{name}" if name.startswith("recall") else name: values
            for name, values in recalls.items()
        }
    return named


def _spread(history: History) -> History:
    """Return a history with a place for each epoch; those that were not kept have no value."""
    listed = history.data.get("epochs")
    numbers = list(map(_whole, listed)) if isinstance(listed, list) else []
    kept = [number for number in numbers if number is not None]
    if not kept or len(kept) != len(numbers) or any(a >= b for a, b in pairwise(kept)):
        return history
    if kept[0] == 1:  # counted from 1: a trainer lists its first epoch, and so does a sample
        kept = [epoch - 1 for epoch in kept]
    count = kept[-1] + 1
    longest = max(_lengths(history.data), default=0)
    if count == len(kept) or longest > len(kept) or count > MOST_SPREAD:
        return history
    spread = {name: _placed(history.data[name], kept) for name in _PARTS if name in history.data}
    history.data |= {**spread, "epochs": list(range(count))}
    history.kept = tuple(kept)
    return history


def _lengths(part: object) -> Iterator[int]:
    """Yield the lengths of all series; those of histograms are in their counts."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name not in ("epochs", "params", "bin_edges", "evaluation", "data"):
                yield from _lengths(value)
    elif isinstance(part, list):
        yield len(part)


def _placed(part: object, kept: list[int]) -> object:
    """Return a part whose series have their values at the epochs that were kept."""
    if isinstance(part, Mapping):
        return {
            name: value if name == "bin_edges" else _placed(value, kept)
            for name, value in part.items()
        }
    if not isinstance(part, list) or not part:
        return part
    is_counts = isinstance(part[0], list)
    empty = [0] * len(part[0]) if is_counts else None
    placed: list[object] = [empty] * (kept[-1] + 1)
    for epoch, value in zip(kept, part, strict=False):
        placed[epoch] = value
    return placed
