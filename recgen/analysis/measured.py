"""What a training measured, in one shape for trainers of all ages. Knows no file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Series = tuple[float | None, ...]
"""A value per epoch; None where it was not measured, or was no finite number."""

TOWERS = ("query", "candidate")


@dataclass(frozen=True)
class Histogram:
    """How a tower's values are distributed: 26 edges, and 25 counts per epoch."""

    edges: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Interval:
    """A share with its confidence interval, where it was measured."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Metrics:
    """What a metrics file holds, in one shape for all trainers.

    Attributes:
        epochs: How many were trained. All series have this length.
        loss: Series by name: `loss`, `val_loss`, …
        recall: Series by name: `val_recall_at_100`, …
        gradient: `total`, `query`, `candidate`, as they stand in the file; `gradient_norm` knows
            that older trainers put the weights' norms there.
        health: Series by name: `loss_to_chance`, `val_coverage_at_100`, `query.dead_units`, …
        weight_stats: Series by name: `query.norm`, `candidate.mean`, …
        gradient_stats: Likewise, over the gradients of a batch.
        histograms: By `weight_stats.query`, `gradient_stats.candidate`, …
        final: `final_<name>` and `test_<name>`.
        params: What was trained, as it stands in the file.
        pairs: Test pairs that were evaluated: `all`, `new`.
        evaluation: Test figures by who (`model`, `popularity`, `own_history`), pairs (`all`,
            `new`) and name (`recall_at_100`, …).
        coverage: Share of the catalogue in the top 100 of the test, by who.
        saved_at: When the file was written.
        version: Its schema; None in files of older trainers.
        not_finite: Epochs, from 0, at which a series (`loss.loss`) held NaN or infinity.
        notes: What was missing or odd.
    """

    epochs: int = 0
    loss: Mapping[str, Series] = field(default_factory=dict)
    recall: Mapping[str, Series] = field(default_factory=dict)
    gradient: Mapping[str, Series] = field(default_factory=dict)
    health: Mapping[str, Series] = field(default_factory=dict)
    weight_stats: Mapping[str, Series] = field(default_factory=dict)
    gradient_stats: Mapping[str, Series] = field(default_factory=dict)
    histograms: Mapping[str, Histogram] = field(default_factory=dict)
    final: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)
    pairs: Mapping[str, int] = field(default_factory=dict)
    evaluation: Mapping[tuple[str, str, str], Interval] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    saved_at: datetime | None = None
    version: int | None = None
    not_finite: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def gradient_norm(self, tower: str) -> Series:
        """Returns the norm of a tower's gradients (or of all: `total`); empty if not known.

        Older trainers wrote the weights' norms to `gradient`. Only zeros are believed there:
        no tower's weights are all zero.
        """
        own = self.gradient.get(tower, ())
        if self.version is not None:
            return own
        described = self.gradient_stats.get(f"{tower}.norm", ())
        if any(value is not None for value in described):
            return described
        return own if any(value == 0 for value in own) else ()

    def number(self, name: str) -> float | None:
        """Returns a parameter that is a finite number, or None."""
        return number_of(self.params.get(name))

    def count(self, name: str) -> int | None:
        """Returns a parameter that is a whole number from 0, or None."""
        value = self.number(name)
        return int(value) if value is not None and value >= 0 and value == int(value) else None

    def text(self, name: str) -> str | None:
        """Returns a parameter that is text and not empty, or None."""
        value = self.params.get(name)
        return value if isinstance(value, str) and value else None

    def shares(self, name: str) -> dict[str, float]:
        """Returns a parameter that gives shares by name, such as those of `eval` and `test`."""
        value = self.params.get(name)
        known = {k: number_of(v) for k, v in value.items()} if isinstance(value, dict) else {}
        return {k: v for k, v in known.items() if v is not None and 0 <= v <= 1}

    def flag(self, name: str) -> bool:
        """Says whether a parameter is true."""
        return self.params.get(name) is True


def number_of(value: object) -> float | None:
    """Returns a finite number, also one that was written as text; None for all else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
