"""Logs by epoch in a metrics file's shape: CSV, JSON lines, records in JSON, Keras's History.

All become one flat list of series, with the losses beside the measures. Knows no database.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_LOSS = "loss"
_LOSSES = (_LOSS, f"val_{_LOSS}")
_EPOCH = "epoch"
_SEPARATORS = (",", ";", "\t")
_PART = re.compile(r"(train|val|eval|dev|test)(?:ing|id|idation|uation)?[_/.:-]+(?=\w)")
_OF_PARTS = {"train": "", "eval": "val_", "dev": "val_", "val": "val_", "test": "test_"}
_OF_TRAINING = (_LOSS, f"total_{_LOSS}")  # other measures of training rows keep their names
_NOT_OF_SPLITS = (_EPOCH, "step", "lr", "learning_rate", "time", "seconds")
_SETTINGS = {
    **{name: name for name in ("optimizer", "batch_size", "learning_rate", "candidates")},
    "lr": "learning_rate",
    **dict.fromkeys(("n_items", "num_items", "n_products", "num_products"), "candidates"),
}
"""Settings of a training, as scripts write them beside its series."""
_CONFIGS = ("config", "args", "hparams", "hyperparameters", "params")
_DEEPEST = 3  # mappings inside of a record
_MOST_DIGITS = 9  # of an epoch
_CUT = "the last line is cut off and was left out"


@dataclass(frozen=True)
class Log:
    """A log's series, and what was odd about its text."""

    data: dict[str, Any]
    notes: tuple[str, ...] = ()


def is_flat(data: Mapping[str, Any]) -> bool:
    """Return whether data has its series side by side, as the history of Keras's `fit` has."""
    named = (own for name, own in data.items() if usual_name(name) == _LOSS)
    return any(isinstance(own, list) and own for own in named)


def usual_name(name: str) -> str:
    """Return a series' name with Keras's prefixes: `valid/Recall@20` is `val_recall@20`.

    Of training rows, only the loss is renamed: `train_loss` is `loss`.
    """
    name = "_".join(name.lower().split())
    found = _PART.match(name)
    if found is None:
        return name
    rest = name[found.end() :].removesuffix("_epoch")  # Lightning's mean over an epoch
    part = _OF_PARTS[found[1]]
    return f"{part}{rest}" if part or rest in _OF_TRAINING else name


def grouped(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return flat data with its series in one group; what is not a series stays where it is.

    A list named `epoch` or `epochs` numbers the epochs, unless the numbers start again. Settings
    beside the series become parameters, and series of test rows the figures of the test.
    """
    lists = {name: values for name, values in data.items() if isinstance(values, list)}
    rest = {name: value for name, value in data.items() if not isinstance(value, list)}
    rest.pop("epochs", None)  # a number of epochs
    series = {usual_name(name): values for name, values in lists.items()} | {
        name: values for name, values in lists.items() if usual_name(name) == name
    }
    listed = [series.pop(name) for name in (_EPOCH, f"{_EPOCH}s") if name in series]
    longest = max(map(len, series.values()))
    tests = {name: _last(series.pop(name)) for name in list(series) if name.startswith("test_")}
    return {
        **rest,
        "params": _settings_of(rest),
        "final_metrics": {**tests, **_mapping(rest.get("final_metrics"))},
        _LOSS: series,
        "epochs": listed[0] if listed else list(range(longest)),
    }


def _last(values: Sequence[Any]) -> Any:
    return next((value for value in reversed(values) if value is not None), None)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _settings_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings beside a script's series; the parameters of a metrics file count more."""
    found: dict[str, Any] = {}
    for part in (data, *(_mapping(data.get(name)) for name in _CONFIGS)):
        found |= {own: part[name] for name, own in _SETTINGS.items() if name in part}
    return {**found, **_mapping(data.get("params"))}


def csv_log(text: str) -> Log | None:
    """Return the series of a CSV file with rows for each epoch; None if the text is none.

    Its header names the loss. What a row lacks is None, as is CSVLogger's `NA`.
    """
    text = text.lstrip("\ufeff")
    header = text.partition("\n")[0]
    found = (mark for mark in _SEPARATORS if _LOSS in _cells(header, mark))
    separator = next(found, None)
    if separator is None:
        return None
    try:
        names, *rows = csv.reader(text.splitlines(), delimiter=separator)
    except csv.Error:  # a field of more than 128 KiB
        return None
    kept = [row for row in rows if row != names and any(cell.strip() for cell in row)]
    is_cut = bool(kept) and not text.endswith("\n") and len(kept[-1]) < len(names)
    if is_cut:
        kept.pop()
    columns = [name.strip() for name in names]
    comma = separator != ","  # may be a decimal one
    records = [
        {name: _number(cell, comma) for name, cell in zip(columns, row, strict=False)}
        for row in kept
    ]
    return Log(series_of(records, columns), (_CUT,) if is_cut else ())


def json_lines(text: str, read: Callable[[str], object]) -> Log | None:
    """Return the series of JSON lines, of which each has an epoch's values; None if they do not.

    Args:
        text: The lines.
        read: What reads the JSON of a line.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    records: list[object] = []
    for number, line in enumerate(lines):
        try:
            records.append(read(line))
        except (ValueError, RecursionError):
            is_cut = number > 0 and number == len(lines) - 1 and not text.endswith("\n")
            return Log(series_of(records), (_CUT,)) if is_cut and are_records(records) else None
    return Log(series_of(records)) if are_records(records) else None


def is_numbered(value: object) -> bool:
    """Return whether a value is a mapping by number: `{"0": 3.1, "1": 2.9}`."""
    if not isinstance(value, Mapping) or not value:
        return False
    return all(key.isdecimal() and len(key) <= _MOST_DIGITS for key in map(str, value))


def in_order(numbered: Mapping[str, Any]) -> list[Any]:
    """Return the values of a mapping by number."""
    return [numbered[key] for key in sorted(numbered, key=int)]


def are_records(value: object) -> bool:
    """Return whether a value is a list of mappings, each with the loss of a numbered epoch."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(each, Mapping) and _is_record(each) for each in value)


def _is_record(each: Mapping[str, Any]) -> bool:
    own = _flattened(each)
    return _EPOCH in own and any(usual_name(name) in _LOSSES for name in own)


def series_of(records: Iterable[Any], columns: Iterable[str] = ()) -> dict[str, Any]:
    """Return the series of records; those of the same epoch without a common value are one.

    Args:
        records: Mappings by name, which may be nested: `{"val": {"loss": 3.1}}` is `val_loss`.
        columns: Names of all series, of which records may lack some.
    """
    epochs: list[dict[str, Any]] = []
    for record in map(_flattened, records):
        known = {name: value for name, value in record.items() if value is not None}
        if epochs and _belongs(known, epochs[-1]):
            epochs[-1] |= known
        else:
            epochs.append(known)
    names = dict.fromkeys([*columns, *(name for each in epochs for name in each)])
    series: dict[str, Any] = {name: [each.get(name) for each in epochs] for name in names}
    if not _rises(series.get(_EPOCH)):
        series.pop(_EPOCH, None)
    return series


def _belongs(own: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Return whether a record has what the one before it lacks, of the same epoch."""
    is_same = own.get(_EPOCH) is not None and own.get(_EPOCH) == before.get(_EPOCH)
    return is_same and not (own.keys() & before.keys()) - {*_NOT_OF_SPLITS}


def _flattened(record: Mapping[str, Any], depth: int = _DEEPEST) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in record.items():
        name = _EPOCH if key.lower() == _EPOCH else key
        inner = _flattened(value, depth - 1) if depth and isinstance(value, Mapping) else None
        flat |= {name: value} if inner is None else {f"{name}_{k}": v for k, v in inner.items()}
    return flat


def _cells(line: str, separator: str) -> list[str]:
    """Return the names in a header that has several, by their usual names."""
    if separator not in line:
        return []
    return [usual_name(cell.strip().strip('"')) for cell in line.split(separator)]


def _number(cell: str, has_comma: bool) -> float | None:
    try:
        return float(cell.replace(",", ".") if has_comma else cell)
    except ValueError:
        return None


def _rises(epochs: object) -> bool:
    """Return whether numbers of epochs rise; two trainings in one file start again."""
    if not isinstance(epochs, list) or not all(isinstance(each, (int, float)) for each in epochs):
        return False
    return all(before < after for before, after in pairwise(epochs))
