"""training_metrics.json of any trainer and age, read as far as it goes. Knows the file, no run.

`recgen.metrics` is the strict reader of what today's trainer writes. This one takes what is there,
and notes what was missing or odd.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from recgen.analysis.measured import (
    TOWERS,
    Histogram,
    Interval,
    Metrics,
    Series,
    number_of,
)
from recgen.findings import RecgenError, kind_of, printable
from recgen.metrics import BINS

_SERIES = ("loss", "recall", "gradient", "health")
_STATS = ("weight_stats", "gradient_stats")
_EXPECTED = ("loss.loss", "loss.val_loss", "gradient.query", "gradient.candidate")
_MOST_SERIES = 200  # in a group; a trainer writes some ten
_MOST_EPOCHS = 100_000
_MOST_VALUES = 2**63  # in a bin
_HELP = "the file is written by a training; train again"


def read_metrics(text: str, source: str) -> Metrics:
    """Returns what the text of a metrics file holds.

    Args:
        text: Of any trainer's file; NaN and Infinity are taken, too.
        source: The file's name, for messages.

    Raises:
        RecgenError: The text is no JSON, or no object.
    """
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise RecgenError(f"{source} is not JSON: {error}", _HELP) from error
    if not isinstance(data, dict):
        raise RecgenError(f"{source} holds {kind_of(data)} instead of a training's metrics", _HELP)
    return _Reader(data).read()


class _Reader:
    """Reads the parts of one file, and collects what to note."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.notes: list[str] = []
        self.not_finite: dict[str, tuple[int, ...]] = {}
        self.epochs = self._count_epochs()

    def read(self) -> Metrics:
        """Returns all parts."""
        series = {group: self._series(group, self._part(group)) for group in _SERIES}
        stats = {group: self._series(group, self._part(group)) for group in _STATS}
        version = self.data.get("schema_version")
        self._note_what_is_missing(series)
        pairs, evaluation, coverage = _evaluation(self.data.get("evaluation"))
        return Metrics(
            epochs=self.epochs,
            **series,
            **stats,
            histograms=dict(self._histograms()),
            final=_numbers(self._part("final_metrics")),
            params=self._part("params"),
            pairs=pairs,
            evaluation=evaluation,
            coverage=coverage,
            saved_at=_time(self.data.get("saved_at")),
            version=version if isinstance(version, int) else None,
            not_finite=self.not_finite,
            notes=tuple(self.notes),
        )

    def _part(self, name: str) -> Mapping[str, Any]:
        value = self.data.get(name)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.notes.append(f"{name} is {kind_of(value)} instead of a mapping")
        return {}

    def _count_epochs(self) -> int:
        """Returns the number of epochs: those listed, or more if the losses have more."""
        listed = self.data.get("epochs")
        if not isinstance(listed, list):
            self.notes.append("epochs is missing" if listed is None else "epochs is no list")
        losses = self.data.get("loss")
        series = losses.values() if isinstance(losses, dict) else ()
        lengths = [len(values) for values in (listed, *series) if isinstance(values, list)]
        return min(max(lengths, default=0), _MOST_EPOCHS)

    def _series(self, path: str, part: Mapping[str, Any]) -> dict[str, Series]:
        """Returns all series of a part, those of a part's parts by `part.name`."""
        found: dict[str, Series] = {}
        for name, values in list(part.items())[:_MOST_SERIES]:
            if isinstance(values, list):
                found[name] = self._fitted(f"{path}.{name}", values)
            elif isinstance(values, dict) and name in TOWERS:
                inner = {k: v for k, v in values.items() if isinstance(v, list)}
                own = list(inner.items())[:_MOST_SERIES]
                found |= {f"{name}.{k}": self._fitted(f"{path}.{name}.{k}", v) for k, v in own}
        return found

    def _fitted(self, path: str, values: list[Any]) -> Series:
        """Returns a series with a value for each epoch."""
        if len(values) != self.epochs:
            shown = printable(path)
            self.notes.append(f"{shown} has {len(values)} values for {self.epochs} epochs")
        series = [number_of(value) for value in values[: self.epochs]]
        odd = [
            epoch
            for epoch, value in enumerate(values[: self.epochs])
            if isinstance(value, float) and not math.isfinite(value)
        ]
        if odd:
            self.not_finite[path] = tuple(odd)
        return (*series, *[None] * (self.epochs - len(series)))

    def _histograms(self) -> Iterator[tuple[str, Histogram]]:
        for group in _STATS:
            part = self.data.get(group)
            for tower in TOWERS:
                stats = part.get(tower) if isinstance(part, dict) else None
                histogram = stats.get("histogram") if isinstance(stats, dict) else None
                if isinstance(histogram, dict):
                    read = _histogram(histogram, self.epochs)
                    if read is None:
                        self.notes.append(f"{group}.{tower}.histogram cannot be read")
                    else:
                        yield f"{group}.{tower}", read

    def _note_what_is_missing(self, series: Mapping[str, Mapping[str, Series]]) -> None:
        for path in _EXPECTED:
            group, name = path.split(".")
            values = series[group].get(name)
            if values is None:
                self.notes.append(f"{path} is missing")
            elif self.epochs and all(value is None for value in values):
                self.notes.append(f"{path} has no value in any epoch")
        if "final_metrics" not in self.data:
            self.notes.append("final_metrics is missing")


def _numbers(part: Mapping[str, Any]) -> dict[str, float]:
    read = {name: number_of(value) for name, value in part.items()}
    return {name: value for name, value in read.items() if value is not None}


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None


def _histogram(part: Mapping[str, Any], epochs: int) -> Histogram | None:
    edges, counts = part.get("bin_edges"), part.get("counts")
    if not isinstance(edges, list) or not isinstance(counts, list):
        return None
    numbers = [number for number in map(number_of, edges) if number is not None]
    is_whole = all(
        isinstance(row, list)
        and len(row) == BINS
        and all(type(n) is int and 0 <= n < _MOST_VALUES for n in row)
        for row in counts
    )
    if len(numbers) != len(edges) or len(edges) != BINS + 1 or not is_whole:
        return None
    return Histogram(tuple(numbers), tuple(tuple(row) for row in counts[:epochs]))


def _evaluation(
    part: object,
) -> tuple[dict[str, int], dict[tuple[str, str, str], Interval], dict[str, float]]:
    """Returns the pairs, the figures and the coverage of the test's evaluation."""
    found: dict[tuple[str, str, str], Interval] = {}
    coverage: dict[str, float] = {}
    groups = part if isinstance(part, dict) else {}
    for who, figures in groups.items():
        if who == "pairs" or not isinstance(figures, dict):
            continue
        share = number_of(figures.get("coverage_at_100"))
        if share is not None:
            coverage[who] = share
        for pairs, named in figures.items():
            for name, value in named.items() if isinstance(named, dict) else ():
                interval = _interval(value)
                if interval:
                    found[who, pairs, name] = interval
    pairs = groups.get("pairs")
    counts = _numbers(pairs) if isinstance(pairs, dict) else {}
    return {name: int(count) for name, count in counts.items()}, found, coverage


def _interval(part: object) -> Interval | None:
    if not isinstance(part, dict):
        return None
    value = number_of(part.get("value"))
    if value is None:
        return None
    return Interval(value, number_of(part.get("low")), number_of(part.get("high")))
