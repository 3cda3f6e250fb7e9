"""Upgrade of metrics files of any trainer version to the current schema, as plain data.

Missing values become null, older names are replaced by current ones, and numbers that were
written as text become numbers. Notes say what was missing or odd.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from recgen.findings import counted, kind_of, printable
from recgen.metrics.account import account_of
from recgen.metrics.history import plain_history
from recgen.metrics.params import Params
from recgen.metrics.parts import (
    LOSSES,
    MOMENTS,
    PARTS,
    TOWERS,
    Gradients,
    HeadHealth,
    MetricsPart,
    TowerHealth,
)
from recgen.metrics.values import (
    Values,
    any_value,
    calibration_of,
    evaluation_of,
    final_layer_of,
    histogram_of,
    measured_only,
    number_of,
    param_of,
    rating_of,
    shares_of,
    split_recalls,
    time_of,
)

_OF_PARTS: dict[str, type[MetricsPart]] = {
    "query": TowerHealth,
    "candidate": TowerHealth,
    "rating_head": HeadHealth,
}
_HEALTH = {part: set(kind.model_fields) - {"dead_units"} for part, kind in _OF_PARTS.items()}
_EXPECTED = ("loss.loss", "loss.val_loss", "gradient.query", "gradient.candidate")
_MOST_SERIES = 200  # in a group; a trainer writes about ten
_MOST_EPOCHS = 100_000


@dataclass
class Upgrade:
    """Data in the current schema, and what was odd about the original data.

    Attributes:
        data: Input of the model.
        version: The file's schema version; None in files of older trainers.
        not_finite: Epochs, from 0, in which a series (`loss.loss`) was NaN or infinite.
        notes: What was missing or odd.
        kept: Epochs, from 0, that the file has; None if it has all.
    """

    data: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    not_finite: dict[str, tuple[int, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kept: tuple[int, ...] | None = None


def upgrade(data: Mapping[str, Any]) -> Upgrade:
    """Return the data of a metrics file in the current schema."""
    history = plain_history(data)
    reader = _Reader(history.data)
    reader.read()
    result = reader.result
    result.kept = history.kept
    result.notes = [*history.notes, *result.notes]
    return result


class _Reader:
    """Reader of the parts of one file, which collects notes."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        version = data.get("schema_version")
        self.result = Upgrade(version=version if type(version) is int else None)
        self.epochs = self._count_epochs()
        self.unknown: Values = (None,) * self.epochs

    def read(self) -> None:
        """Read all parts."""
        loss, recall = self._series("loss"), self._series("recall")
        gradient, health = self._series("gradient"), self._health()
        stats = {group: self._stats(group) for group in ("weight_stats", "gradient_stats")}
        self._note_what_is_missing({"loss": loss, "gradient": gradient})
        older, others = self._split(loss, "val")  # where TFRS puts them
        newer, recall = self._split(recall, "val")
        once = {name: (number_of(own),) for name, own in self._part("final_metrics").items()}
        tests, final = self._split(once, "test")
        recall = self._measured(self._shares("recall", {**recall, **older, **newer}))
        final = self._shares("final_metrics", {**final, **tests})
        self.result.data = {
            **self.data,
            "schema_version": 1,
            "available": True,
            "saved_at": time_of(self.data.get("saved_at")),
            "epochs": list(range(self.epochs)),
            "loss": {**self._unknown(LOSSES), **others},
            "recall": recall,
            "gradient": self._gradients(gradient, stats["gradient_stats"]),
            "health": health,
            "evaluation": evaluation_of(self.data.get("evaluation")),
            "final_layer": final_layer_of(self.data.get("final_layer")),
            "saved_final_layer": final_layer_of(self.data.get("saved_final_layer")),
            "rating": rating_of(self.data.get("rating")),
            "calibration": calibration_of(self.data.get("calibration")),
            **stats,
            "final_metrics": {name: own for name, (own,) in final.items()},
            "params": self._params(),
            "data": self._account(),
        }

    def _split(
        self, found: Mapping[str, Values], part: str
    ) -> tuple[dict[str, Values], dict[str, Values]]:
        """Return the recalls of all rows, and all other series."""
        recalls, others, unused = split_recalls(found, part)
        self.result.notes += [
            f"{printable(name)} is left out, since {printable(instead)} is there"
            for name, instead in unused.items()
        ]
        return recalls, others

    def _shares(self, path: str, found: dict[str, Values]) -> dict[str, Values]:
        """Return series with recalls as shares, whatever they were written as."""
        shares = shares_of(found)
        if shares is None:
            return found
        self.result.notes.append(f"{path} has recalls above 1: they are read as percentages")
        return shares

    def _measured(self, found: dict[str, Values]) -> dict[str, Values]:
        """Return recalls of an older trainer without zeros that stand for what was not measured."""
        if self.result.version is not None:
            return found
        measured = {name: measured_only(values) for name, values in found.items()}
        self.result.notes += [
            f"recall.{printable(name)} is 0 between its measurements: it was not measured there"
            for name, values in found.items()
            if measured[name] != values
        ]
        return measured

    def _part(self, name: str) -> Mapping[str, Any]:
        value = self.data.get(name)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.result.notes.append(f"{name} is {kind_of(value)} instead of a mapping")
        return {}

    def _count_epochs(self) -> int:
        """Return the number of epochs listed, or that of the losses if it is larger."""
        listed = self.data.get("epochs")
        if not isinstance(listed, list):
            missing = "epochs is missing" if listed is None else "epochs is not a list"
            self.result.notes.append(missing)
        losses = self.data.get("loss")
        series = losses.values() if isinstance(losses, dict) else ()
        lengths = [len(values) for values in (listed, *series) if isinstance(values, list)]
        return min(max(lengths, default=0), _MOST_EPOCHS)

    def _unknown(self, names: Iterable[str]) -> dict[str, Values]:
        return dict.fromkeys(names, self.unknown)

    def _series(self, path: str, part: Mapping[str, Any] | None = None) -> dict[str, Values]:
        """Return the series of a part."""
        part = self._part(path) if part is None else part
        named = [(name, values) for name, values in part.items() if isinstance(values, list)]
        return {
            name: self._fitted(f"{path}.{name}", values) for name, values in named[:_MOST_SERIES]
        }

    def _fitted(self, path: str, values: list[Any]) -> Values:
        """Return a series with a value for each epoch."""
        if len(values) != self.epochs:
            shown = printable(path)
            note = (
                f"{shown} has {counted(len(values), 'value')} for {counted(self.epochs, 'epoch')}"
            )
            self.result.notes.append(note)
        series = [number_of(value) for value in values[: self.epochs]]
        odd = [
            epoch
            for epoch, value in enumerate(values[: self.epochs])
            if isinstance(value, float) and not math.isfinite(value)
        ]
        if odd:
            self.result.not_finite[path] = tuple(odd)
        return (*series, *[None] * (self.epochs - len(series)))

    def _towers(self, path: str, part: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return a part's data for each tower; empty if there is none."""
        found = {t: part[t] if isinstance(part.get(t), dict) else {} for t in PARTS}
        return {t: inner for t, inner in found.items() if inner or t in TOWERS}

    def _health(self) -> dict[str, Any] | None:
        part = self._part("health")
        if not part:
            return None
        own = self._unknown(("loss_to_chance", "val_coverage_at_100"))
        towers = {
            tower: self._unknown(_HEALTH[tower]) | self._series(f"health.{tower}", inner)
            for tower, inner in self._towers("health", part).items()
        }
        return {**own, **self._series("health", part), **towers}

    def _stats(self, group: str) -> dict[str, Any]:
        return {
            tower: {
                **self._unknown(MOMENTS),
                **self._series(f"{group}.{tower}", inner),
                "histogram": self._histogram(f"{group}.{tower}", inner.get("histogram")),
            }
            for tower, inner in self._towers(group, self._part(group)).items()
        }

    def _histogram(self, path: str, part: object) -> dict[str, Any] | None:
        if not isinstance(part, dict):
            return None
        read = histogram_of(part, self.epochs)
        if read is None:
            self.result.notes.append(f"{path}.histogram cannot be read")
        return read

    def _gradients(self, own: dict[str, Values], stats: Mapping[str, Any]) -> dict[str, Values]:
        """Return the norms of the gradients.

        Older trainers wrote the norms of the weights under this name. Only zeros are trusted
        there, since the weights of a tower are never all zero.
        """
        named = {**self._unknown(Gradients.model_fields), **own}
        if self.result.version is not None:
            return named
        for name in Gradients.model_fields:
            described = stats[name]["norm"] if name in TOWERS else ()
            if any_value(described):
                named[name] = described
            elif 0 not in named[name]:
                named[name] = self.unknown
        return named

    def _account(self) -> dict[str, Any] | None:
        part = self._part("data")
        read = account_of(part) if part else None
        if part and read is None:
            self.result.notes.append("data cannot be read")
        return read

    def _note_what_is_missing(self, series: Mapping[str, Mapping[str, Values]]) -> None:
        for path in _EXPECTED:
            group, name = path.split(".")
            values = series[group].get(name)
            if values is None:
                self.result.notes.append(f"{path} is missing")
            elif self.epochs and not any_value(values):
                self.result.notes.append(f"{path} has no value in any epoch")
        if "final_metrics" not in self.data:
            self.result.notes.append("final_metrics is missing")

    def _params(self) -> dict[str, Any]:
        """Return the parameters without those that have the wrong type."""
        part = self._part("params")
        params = {name: value for name, value in part.items() if name not in Params.model_fields}
        for name, info in Params.model_fields.items():
            value = param_of(name, part.get(name), info.annotation)
            if value is not None:
                params[name] = value
        if params.get("gradient_collapse_detected") and "gradient_collapse_epoch" not in params:
            last = max(self.epochs - 1, 0)  # training stopped then
            params["gradient_collapse_epoch"] = params.get("failure_epoch", last)
            self.result.notes.append("params.gradient_collapse_epoch is missing")
        return params
