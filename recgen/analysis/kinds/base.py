"""What success is for a kind of model: the measure that is judged, its baseline and its noise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from recgen.metrics import Interval, Series, TrainingMetrics

Split = Literal["test", "val"]


@dataclass(frozen=True)
class Judged:
    """The measure that a run is judged by, beside what needs no model.

    Attributes:
        part: The rows that it was measured on.
        measure: Its name, such as `recall@100`.
        own: The model's.
        baseline: That of the best that needs no model; None if it was not measured.
        rows: Rows of the part, if known.
        low: The lower end of a measured interval.
        high: The upper end.
        chance: That of a model which guesses, if known.
        k: The length of the lists, where the measure has one.
    """

    part: Split
    measure: str
    own: float
    baseline: float | None
    rows: int | None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    k: int | None = None

    @property
    def name(self) -> str:
        """What was measured where: `test recall@100`."""
        return f"{'validation' if self.part == 'val' else 'test'} {self.measure}"

    @property
    def noise(self) -> float:
        """Twice the standard error of the difference; rows are taken as independent."""
        if self.low is not None and self.high is not None:
            return (self.high - self.low) / 2
        if not self.rows or self.baseline is None:
            return 0.02 * max(self.own, self.baseline or 0.0)
        spread = self.own * (1 - self.own) + self.baseline * (1 - self.baseline)
        return 2 * math.sqrt(max(spread, 0.0) / self.rows)

    @property
    def beats_baseline(self) -> bool | None:
        """Whether the model is better by more than noise; None if there is nothing beside it."""
        return None if self.baseline is None else self.own > self.baseline + self.noise


@dataclass(frozen=True)
class Curve:
    """A measure on validation rows, an epoch a value; none where it was not measured."""

    measure: str
    values: Series = ()


@dataclass(frozen=True)
class Figure:
    """A figure of a run in a table of runs; a baseline's is not there to be the best."""

    interval: Interval
    is_baseline: bool = False


class Kind(ABC):
    """A run's measures, as its kind of model has them.

    Attributes:
        measure: Its measure, in a word.
        baseline: What that is compared with, in a word.
    """

    measure: str
    baseline: str

    def __init__(self, metrics: TrainingMetrics, candidates: int | None) -> None:
        self.metrics = metrics
        self.candidates = candidates

    @cached_property
    def judged(self) -> Judged | None:
        """The measure to judge by: the test's where its baseline is known, else validation's."""
        found = [each for each in (self.measured("test"), self.measured("val")) if each]
        first = found[0] if found else None
        return next((each for each in found if each.baseline is not None), first)

    def rows(self, part: Split) -> int | None:
        """Returns the rows of a part."""
        params = self.metrics.params
        if part == "test":
            return params.test_rows
        return params.validated_rows or params.eval_rows  # older trainers have no part of them

    @abstractmethod
    def measured(self, part: Split) -> Judged | None:
        """Returns the measure of one part, of the epoch whose weights were kept."""

    @property
    @abstractmethod
    def tests(self) -> Mapping[str, Judged]:
        """All that was measured on the test's rows, by measure."""

    @property
    @abstractmethod
    def curves(self) -> tuple[Curve, ...]:
        """All that was measured in each epoch."""

    @property
    @abstractmethod
    def curve(self) -> Curve:
        """The measure to judge by in each epoch, or the nearest to it; without values if none."""

    @abstractmethod
    def evaluated(self, who: str, pairs: str) -> Interval | None:
        """Returns the measure to judge by, of the model or a baseline, over some pairs."""

    @property
    @abstractmethod
    def figures(self) -> Mapping[str, Figure]:
        """All figures by which runs are compared, by name."""

    @property
    @abstractmethod
    def headlines(self) -> tuple[str, ...]:
        """The names of the figures that say most."""
