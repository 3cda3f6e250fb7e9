"""Several runs beside each other: settings, figures, curves, what goes with success."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recgen.analysis.causes.base import figure
from recgen.analysis.comparing import Comparison, Row, compare, loss_change
from recgen.analysis.factors import FEWEST, Factor
from recgen.analysis.report.dots import Dot, draw_dots
from recgen.analysis.report.figures import Figure, Key, figure_of
from recgen.analysis.report.lines import Line
from recgen.analysis.report.part import Part
from recgen.analysis.report.svg import COLORS
from recgen.analysis.report.text import name
from recgen.analysis.text import division, interval_text, what_runs_tell
from recgen.metrics import Series

_MOST_SETTINGS = 200
_MOST_FACTORS = 8


@dataclass(frozen=True)
class Summary:
    """A run in the table of all: rate, how the loss moved, recall."""

    part: Part
    rate: str
    moved: str
    recall: str


@dataclass(frozen=True)
class Cell:
    """A figure of a run; `mark` is `best`, `close` or empty."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Success:
    """A setting that divides the runs, and how many of each side work."""

    setting: str
    inside: str
    outside: str
    chance: str


class Beside:
    """The comparison of all runs on the page."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.comparison: Comparison = compare([part.run for part in parts])

    @property
    def runs(self) -> list[Summary]:
        """A line a run."""
        return [_line(part) for part in self.parts]

    @property
    def settings(self) -> list[tuple[str, list[str]]]:
        """Settings that differ, with a value for each run."""
        found = list(self.comparison.settings.items())[:_MOST_SETTINGS]
        return [(name(path), [name(value) for value in values]) for path, values in found]

    @property
    def rows(self) -> list[tuple[str, list[Cell]]]:
        """Figures, the best marked, and what is no difference to it."""
        return [
            (name(row.name), [_cell(row, place) for place in range(len(self.parts))])
            for row in self.comparison.rows
        ]

    @property
    def figures(self) -> list[Figure]:
        """Recall with its intervals, and the curves of all runs in one picture each."""
        return [*self._dots(), *self._curves()]

    def _dots(self) -> Iterator[Figure]:
        for row in self._judged_rows():
            rows = [
                (f"{place + 1}", [Dot(self.parts[place].title, each, _color(place))])
                for place, each in enumerate(row.figures)
                if each
            ]
            note = "Bars are 95% intervals of the test rows or pairs; another seed is not in them."
            yield Figure(f"{row.name}, by run", draw_dots(row.name, rows), note=note)

    def _judged_rows(self) -> Iterator[Row]:
        """Yields the rows that say most of the most runs."""
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
            Line(f"{part.number} {part.title}", values, _color(place))
            for place, (part, values) in enumerate(zip(self.parts, series, strict=True))
        ]
        yield from figure_of(title, lines, from_zero=from_zero)

    @property
    def keys(self) -> list[Key]:
        """The runs' colors."""
        return [Key(_color(place), part.title) for place, part in enumerate(self.parts)]

    @property
    def factors(self) -> list[Success]:
        """Settings that go with success, the clearest first."""
        return [_success(factor) for factor in self.comparison.factors[:_MOST_FACTORS]]

    @property
    def honestly(self) -> str:
        """How far that can be believed."""
        count = len(self.parts)
        if self.comparison.factors:
            return what_runs_tell(self.comparison.factors, count)
        if count < FEWEST:
            return ""
        return "All runs work, or none does: no setting can be said to go with success."

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why figures should not be compared too closely."""
        return self.comparison.doubts


def _color(place: int) -> str:
    """Returns a color; after eight runs they come again, with dashed lines."""
    round = place // COLORS
    return f"c{place % COLORS}" + (f" r{min(round, 2)}" if round else "")


def _line(part: Part) -> Summary:
    facts = part.facts
    change, judged = loss_change(facts), facts.judged
    return Summary(
        part,
        rate="-" if facts.rate is None else f"{facts.rate:g}",
        moved="-" if change is None else f"{change:+.1%}",
        recall=f"@{judged.k} {figure(judged.own)}" if judged else "-",
    )


def _cell(row: Row, place: int) -> Cell:
    mark = "best" if place == row.best else "close" if place in row.close else ""
    return Cell(interval_text(row.figures[place]), mark)


def _success(factor: Factor) -> Success:
    return Success(
        setting=division(factor),
        inside=f"{factor.inside[0]} of {factor.inside[1]}",
        outside=f"{factor.outside[0]} of {factor.outside[1]}",
        chance=f"{factor.chance:.2f}" if factor.chance < 1 else "likely",
    )
