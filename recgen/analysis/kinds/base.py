"""Kind of model: the measure by which runs are judged, its baseline and its noise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from recgen.analysis.paired import Sums
from recgen.metrics import BuyerGroups, Interval, Series, TrainingMetrics

Split = Literal["test", "val"]
SPLITS: Mapping[Split, str] = {"test": "test", "val": "validation"}
FEW_ROWS = 200
"""Number of rows below which one row changes a share by half a percent or more."""
ASSUMED_ROWS = 1000
"""Rows of a split whose size is unknown; older trainers measure all rows, mostly more."""
_FEWEST_HITS = 4  # expected of random guesses; with fewer, none at all may be bad luck


def share(value: float) -> str:
    """Return a measure as all commands show it: with four decimals, or 0 if it is exactly that."""
    return f"{value:.4f}" if value else "0"


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
        view: Which rows or pairs these are, in words.
        is_error: Whether lower is better.
        plain_lead: The ends of the measured interval of the lead over the plain baseline.
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
    view: str = "rows"
    is_error: bool = False
    plain_lead: tuple[float, float] | None = None

    def ahead_of(self, value: float) -> float:
        """Return by how much the model is better than another value of the measure."""
        return value - self.own if self.is_error else self.own - value

    @property
    def name(self) -> str:
        """The split, the measure, and of what: `test recall@100 of rows`, `… of new pairs`."""
        return f"{SPLITS[self.split]} {self.measure} of {self.view}"

    @property
    def label(self) -> str:
        """The measure in short: `@100`."""
        return f"@{self.k}" if self.k else self.measure

    @property
    def short(self) -> str:
        """The figure in a cell: `@100 0.3012 of pairs`, `@100 0.2891 of validation rows`."""
        split = "validation " if self.split == "val" else ""
        return f"{self.label} {share(self.own)} of {split}{self.unit}s"

    @property
    def noise(self) -> float:
        """Twice the standard error of the lead over the best baseline."""
        return (self.lead[1] - self.lead[0]) / 2 if self.lead else self.plain_noise

    @property
    def plain_noise(self) -> float:
        """The same for the plain baseline; rows are assumed to be independent.

        The variance of the mean of values from 0 to 1 is at most that of a share.
        """
        if self.plain_lead is not None:
            return (self.plain_lead[1] - self.plain_lead[0]) / 2
        if self.low is not None and self.high is not None:
            return (self.high - self.low) / 2
        if self.is_error or not self.rows or self.baseline is None:
            return 0.02 * max(self.own, self.baseline or 0.0)
        variance = self.own * (1 - self.own) + self.baseline * (1 - self.baseline)
        return 2 * math.sqrt(max(variance, 0.0) / self.rows)

    @property
    def beats_baseline(self) -> bool | None:
        """Whether the model beats the baseline by more than noise; None without a baseline."""
        return None if self.baseline is None else self.ahead_of(self.baseline) > self.noise

    @property
    def is_equal(self) -> bool:
        """Whether neither the model nor the best baseline is better by more than noise."""
        return self.baseline is not None and abs(self.own - self.baseline) <= self.noise

    @property
    def is_worse(self) -> bool:
        """Whether the best baseline is better by more than noise."""
        return self.baseline is not None and self.ahead_of(self.baseline) < -self.noise

    @property
    def beats_plain(self) -> bool | None:
        """Whether it beats the plain baseline; otherwise, it has learnt nothing."""
        return None if self.plain is None else self.ahead_of(self.plain) > self.plain_noise

    @property
    def chance_noise(self) -> float | None:
        """Two standard errors of random guesses on as many rows; None if chance is unknown."""
        if self.chance is None:
            return None
        variance = self.chance * (1 - self.chance)
        return 2 * math.sqrt(max(variance, 0.0) / (self.rows or ASSUMED_ROWS))

    @property
    def is_below_chance(self) -> bool:
        """Whether random guesses would be better, by more than noise."""
        if self.chance is None or self.chance_noise is None:
            return False
        return self.own < self.chance - self.chance_noise

    @property
    def is_zero(self) -> bool:
        """Whether it is exactly 0, and more than bad luck of random guesses."""
        is_unclear = self.rows is not None and self.chance is not None
        hits = (self.chance or 0.0) * (self.rows or 0)
        return self.own == 0 and not self.is_error and not (is_unclear and hits < _FEWEST_HITS)

    @property
    def is_too_small(self) -> bool:
        """Whether the split has too few rows to tell the model from its baseline."""
        return self.is_equal and self.rows is not None and self.rows < FEW_ROWS


def lead_over(own: Interval, baseline: Interval) -> tuple[float, float] | None:
    """Return the 95% interval of the model's lead over a baseline; None if it is unknown.

    It is the measured one of the same buyers if the file has it. Otherwise, it is that of
    independent figures, which is wider.
    """
    if baseline.lead_low is not None and baseline.lead_high is not None:
        return baseline.lead_low, baseline.lead_high
    ends = (own.low, own.high, baseline.low, baseline.high)
    if None in ends:
        return None
    halves = ((each.high or 0.0) - (each.low or 0.0) for each in (own, baseline))
    noise, lead = math.hypot(*halves) / 2, own.value - baseline.value
    return lead - noise, lead + noise


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
        sums: What it is the ratio of, by group of buyers, if the file has it.
    """

    interval: Interval
    is_baseline: bool = False
    is_error: bool = False
    sums: Sums | None = None


def sums_of(groups: BuyerGroups | None, name: str) -> Sums | None:
    """Return what a measure is the ratio of, by group of buyers; None if it is unknown."""
    if groups is None or name not in groups.sums or not any(groups.rows):
        return None
    return Sums(groups.rows, groups.sums[name], is_root=name.startswith("rmse"))


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

    def recalls(self, split: Split, who: str) -> Mapping[int, float]:
        """Return the recall of a baseline on the rows of a split, by k; none if not measured."""
        return {}

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
    def rated(self) -> Judged | None:
        """The measure of predicted targets, compared with means; None if there is none."""
        return None

    @property
    def unordered(self) -> tuple[Judged, Judged] | None:
        """The measure at two lengths of lists that show no order; None if none is shown.

        That is known without the number of products: in lists without order, each place is as
        likely to be right as any other.
        """
        return None

    @property
    def by_length(self) -> tuple[Judged, ...]:
        """The measure at each length of lists, if it has one."""
        return ()

    @property
    def missing(self) -> str:
        """What the kind is judged by and the file lacks, in words; empty if nothing is missing."""
        return ""

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
