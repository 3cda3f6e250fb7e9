"""Comparison on the report page: settings, figures, curves, and what goes with success."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recgen.analysis.causes.base import figure
from recgen.analysis.comparing import Comparison, Row, compare, loss_change
from recgen.analysis.factors import FEWEST, Factor
from recgen.analysis.report.dots import Dot, draw_dots
from recgen.analysis.report.figures import Figure, Key, figure_of
from recgen.analysis.report.lines import Line
from recgen.analysis.report.svg import COLORS
from recgen.analysis.report.text import name
from recgen.analysis.report.view import RunView
from recgen.analysis.text import NO_FACTORS, caveat, division, interval_text
from recgen.metrics import Series

_MOST_SETTINGS = 200
_MOST_FACTORS = 8


@dataclass(frozen=True)
class Summary:
    """A row of the summary table: learning rate, loss change and recall of a run."""

    run: RunView
    rate: str
    change: str
    recall: str


@dataclass(frozen=True)
class Cell:
    """A figure of a run; `mark` is `best`, `close` or empty."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Success:
    """A setting that divides the runs, and how many runs work on each side."""

    setting: str
    inside: str
    outside: str
    chance: str


class ComparisonView:
    """The comparison of all runs on the page."""

    def __init__(self, views: Sequence[RunView]) -> None:
        self.views = views
        self.comparison: Comparison = compare([view.run for view in views])

    @property
    def runs(self) -> list[Summary]:
        """The summary of each run."""
        return [_summary(view) for view in self.views]

    @property
    def settings(self) -> list[tuple[str, list[str]]]:
        """Settings that differ, with the value of each run."""
        found = list(self.comparison.settings.items())[:_MOST_SETTINGS]
        return [(name(path), [name(value) for value in values]) for path, values in found]

    @property
    def rows(self) -> list[tuple[str, list[Cell]]]:
        """Figures; the best is marked, and those that do not clearly differ from it."""
        return [
            (name(row.name), [_cell(row, index) for index in range(len(self.views))])
            for row in self.comparison.rows
        ]

    @property
    def figures(self) -> list[Figure]:
        """Recall with its intervals, and pictures with the curves of all runs."""
        return [*self._dots(), *self._curves()]

    def _dots(self) -> Iterator[Figure]:
        for row in self._judged_rows():
            rows = [
                (f"{index + 1}", [Dot(self.views[index].title, each, _color(index))])
                for index, each in enumerate(row.figures)
                if each
            ]
            note = "Bars are 95% intervals over test rows or pairs; they do not cover other seeds."
            yield Figure(f"{row.name}, by run", draw_dots(row.name, rows), note=note)

    def _judged_rows(self) -> Iterator[Row]:
        """Yield the most important rows for most of the runs."""
        headlines = [each.kind.headlines for each in self.comparison.facts if each.judged]
        wanted = max(headlines, key=headlines.count, default=())
        yield from (row for row in self.comparison.rows if row.name in wanted and any(row.figures))

    def _curves(self) -> Iterator[Figure]:
        facts = self.comparison.facts
        yield from self._figure("Training loss", [each.loss for each in facts])
        yield from self._figure("Validation loss", [each.val_loss for each in facts])
        measures = {each.curve.measure for each in facts if each.curve.values}
        measure = measures.pop() if len(measures) == 1 else facts[0].kind.measure
        values = [each.curve.values for each in facts]
        yield from self._figure(f"Validation {measure}", values, from_zero=True)

    def _figure(
        self, title: str, series: Sequence[Series], from_zero: bool = False
    ) -> Iterator[Figure]:
        lines = [
            Line(f"{view.number} {view.title}", values, _color(index))
            for index, (view, values) in enumerate(zip(self.views, series, strict=True))
        ]
        yield from figure_of(title, lines, from_zero=from_zero)

    @property
    def keys(self) -> list[Key]:
        """The color of each run."""
        return [Key(_color(index), view.title) for index, view in enumerate(self.views)]

    @property
    def factors(self) -> list[Success]:
        """Settings that go with success, the clearest first."""
        return [_success(factor) for factor in self.comparison.factors[:_MOST_FACTORS]]

    @property
    def caveat(self) -> str:
        """How far the factors can be trusted."""
        count = len(self.views)
        if self.comparison.factors:
            return caveat(self.comparison.factors)
        return NO_FACTORS if count >= FEWEST else ""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons not to compare figures too closely."""
        return self.comparison.doubts


def _color(index: int) -> str:
    """Return the color class of a run; after eight runs, colors repeat with dashed lines."""
    round = index // COLORS
    return f"c{index % COLORS}" + (f" r{min(round, 2)}" if round else "")


def _summary(view: RunView) -> Summary:
    facts = view.facts
    change, judged = loss_change(facts), facts.judged
    return Summary(
        view,
        rate="-" if facts.rate is None else f"{facts.rate:g}",
        change="-" if change is None else f"{change:+.1%}",
        recall=f"{judged.label} {figure(judged.own)}" if judged else "-",
    )


def _cell(row: Row, index: int) -> Cell:
    mark = "best" if index == row.best else "close" if index in row.close else ""
    return Cell(interval_text(row.figures[index]), mark)


def _success(factor: Factor) -> Success:
    return Success(
        setting=division(factor),
        inside=f"{factor.inside[0]} of {factor.inside[1]}",
        outside=f"{factor.outside[0]} of {factor.outside[1]}",
        chance=f"{factor.chance:.2f}" if factor.chance < 1 else "likely",
    )
