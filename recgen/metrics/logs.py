"""Logs of Keras: what CSVLogger writes, and a History as JSON, in a metrics file's shape.

Both hold one flat list of series, with the losses beside the measures. Knows no database.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

_LOSS = "loss"
_EPOCH = "epoch"
_SEPARATORS = (",", ";", "\t")


def is_flat(data: Mapping[str, Any]) -> bool:
    """Return whether data has its series side by side, as the history of Keras's `fit` has."""
    loss = data.get(_LOSS)
    return isinstance(loss, list) and bool(loss)


def grouped(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return flat data with its series in one group; what is not a series stays where it is.

    A list named `epoch` or `epochs` numbers the epochs, unless the numbers start again.
    """
    lists = {name: values for name, values in data.items() if isinstance(values, list)}
    listed = [lists.pop(name) for name in (_EPOCH, f"{_EPOCH}s") if name in lists]
    longest = max(map(len, lists.values()))
    rest = {name: value for name, value in data.items() if not isinstance(value, list)}
    rest.pop("epochs", None)  # a number of epochs
    return {**rest, _LOSS: lists, "epochs": listed[0] if listed else list(range(longest))}


def csv_log(text: str) -> dict[str, Any] | None:
    """Return the series of a CSV file with a row for each epoch; None if the text is none.

    Its header names the loss. What a row lacks is None, as is CSVLogger's `NA`.
    """
    header = text.lstrip("\ufeff").partition("\n")[0]
    found = (mark for mark in _SEPARATORS if _LOSS in _cells(header, mark))
    separator = next(found, None)
    if separator is None:
        return None
    try:
        names, *rows = csv.reader(text.lstrip("\ufeff").splitlines(), delimiter=separator)
    except csv.Error:  # a field of more than 128 KiB
        return None
    names = [name.strip() for name in names]
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    series: dict[str, Any] = {
        name: [_number(row[place]) if place < len(row) else None for row in kept]
        for place, name in enumerate(names)
    }
    if not _rises(series.get(_EPOCH)):
        series.pop(_EPOCH, None)
    return series


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line that has several."""
    if separator not in line:
        return []
    return [cell.strip().strip('"') for cell in line.split(separator)]


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _rises(epochs: object) -> bool:
    """Return whether numbers of epochs rise; two trainings in one file start again."""
    if not isinstance(epochs, list) or None in epochs:
        return False
    return all(before < after for before, after in pairwise(epochs))
