"""Kind of model: the measure by which runs are judged, its baseline and its noise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from recgen.metrics import Interval, Series, TrainingMetrics

Split = Literal["test", "val"]
FEW_ROWS = 200
"""Number of rows below which one row changes a share by half a percent or more."""


@dataclass(frozen=True)
class Judged:
    """The measure by which a run is judged, with its baseline.

    Attributes:
        split: The split that it was measured on.
        measure: Its name, such as `recall@100`.
        own: The value of the model.
        baseline: The value of the best baseline; None if it was not measured.
        rows: Number of rows or pairs that were measured, if known.
        low: The lower end of the measured interval.
        high: The upper end of the measured interval.
        chance: The value of random guesses, if known.
        k: The length of the lists, if the measure has one.
        rival: What the best baseline is, in words.
        plain: The value of the kind's plain baseline, which the best one may exceed.
        lead: The ends of the measured interval of the lead over the best baseline.
        unit: What is measured, a row or a pair.
        view: Which pairs these are, in words.
    """

    split: Split
    measure: str
    own: float
    baseline: float | None
    rows: int | None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    k: int | None = None
    rival: str = ""
    plain: float | None = None
    lead: tuple[float, float] | None = None
    unit: Literal["row", "pair"] = "row"
    view: str = ""

    @property
    def name(self) -> str:
        """The split and the measure: `test recall@100`, or `test recall@100 of new pairs`."""
        name = f"{'validation' if self.split == 'val' else 'test'} {self.measure}"
        return f"{name} of {self.view}" if self.view else name

    @property
    def label(self) -> str:
        """The measure in short: `@100`."""
        return f"@{self.k}" if self.k else self.measure

    @property
    def noise(self) -> float:
        """Twice the standard error of the lead over the best baseline."""
        return (self.lead[1] - self.lead[0]) / 2 if self.lead else self.plain_noise

    @property
    def plain_noise(self) -> float:
        """The same for the plain baseline; rows are assumed to be independent.

        The variance of the mean of values from 0 to 1 is at most that of a share.
        """
        if self.low is not None and self.high is not None:
            return (self.high - self.low) / 2
        if not self.rows or self.baseline is None:
            return 0.02 * max(self.own, self.baseline or 0.0)
        variance = self.own * (1 - self.own) + self.baseline * (1 - self.baseline)
        return 2 * math.sqrt(max(variance, 0.0) / self.rows)

    @property
    def beats_baseline(self) -> bool | None:
        """Whether the model beats the baseline by more than noise; None without a baseline."""
        return None if self.baseline is None else self.own > self.baseline + self.noise

    @property
    def beats_plain(self) -> bool | None:
        """Whether it beats the plain baseline; otherwise, it has learnt nothing."""
        return None if self.plain is None else self.own > self.plain + self.plain_noise

    @property
    def is_too_small(self) -> bool:
        """Whether the split has too few rows to tell the model from its baseline."""
        if self.baseline is None or self.rows is None or self.rows >= FEW_ROWS:
            return False
        return abs(self.own - self.baseline) <= self.noise


@dataclass(frozen=True)
class Curve:
    """A measure on validation rows, one value per epoch; empty if it was not measured."""

    measure: str
    values: Series = ()


@dataclass(frozen=True)
class Figure:
    """A figure of a run in a comparison; baselines do not compete for the best.

    Attributes:
        interval: The value.
        is_baseline: Whether it is a baseline's.
        is_error: Whether lower is better.
    """

    interval: Interval
    is_baseline: bool = False
    is_error: bool = False


class Kind(ABC):
    """The measures of a run, according to its kind of model.

    Attributes:
        measure: The name of the measure, such as `recall`.
        baseline: The name of the plain baseline, such as `popularity`.
        applies: The codes of the causes that this kind can have; None for all.
    """

    measure: str
    baseline: str
    applies: frozenset[str] | None = None

    def __init__(self, metrics: TrainingMetrics, candidates: int | None) -> None:
        self.metrics = metrics
        self.candidates = candidates

    @cached_property
    def judged(self) -> Judged | None:
        """The measure by which to judge: on test rows if its baseline is known, else validation."""
        found = [each for each in (self.measured("test"), self.measured("val")) if each]
        first = found[0] if found else None
        return next((each for each in found if each.baseline is not None), first)

    def rows(self, split: Split) -> int | None:
        """Return the number of rows in a split."""
        params = self.metrics.params
        if split == "test":
            return params.tested_rows or params.test_rows
        return params.validated_rows or params.eval_rows  # older trainers validate on all rows

    @abstractmethod
    def measured(self, split: Split) -> Judged | None:
        """Return the measure on a split, in the epoch whose weights were kept."""

    @property
    @abstractmethod
    def tests(self) -> Mapping[str, Judged]:
        """All measures on test rows, by name."""

    @property
    @abstractmethod
    def curves(self) -> tuple[Curve, ...]:
        """All measures per epoch."""

    @property
    @abstractmethod
    def curve(self) -> Curve:
        """The judged measure per epoch, or the nearest one; without values if there is none."""

    @abstractmethod
    def evaluated(self, who: str, pairs: str) -> Interval | None:
        """Return the judged measure of the model or a baseline on some pairs."""

    @property
    @abstractmethod
    def others(self) -> tuple[Judged, ...]:
        """The measure on parts of the test rows, such as what is new to a buyer."""

    @property
    @abstractmethod
    def beats_counting(self) -> bool | None:
        """Whether the model is better than counting, by more than noise; None if unknown.

        Counting is what needs no model: popularity, or each buyer's own history.
        """

    @property
    @abstractmethod
    def figures(self) -> Mapping[str, Figure]:
        """Figures for comparing runs, by name."""

    @property
    @abstractmethod
    def headlines(self) -> tuple[str, ...]:
        """Names of the most important figures."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know of the kind, in sentences."""
        return ()
