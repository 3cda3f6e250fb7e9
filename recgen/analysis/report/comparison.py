"""Comparison on the report page: settings, figures, curves, and what goes with success."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recgen.analysis.comparing import Comparison, Row, compare, loss_change
from recgen.analysis.diagnosis import VERDICTS
from recgen.analysis.factors import FEWEST, Factor
from recgen.analysis.groups import leading_cause, numbers
from recgen.analysis.repeats import Repeats, Spread
from recgen.analysis.report.dots import Dot, draw_dots
from recgen.analysis.report.figures import Figure, Key, figure_of
from recgen.analysis.report.lines import Line
from recgen.analysis.report.robust import is_uneven, usual
from recgen.analysis.report.svg import COLORS
from recgen.analysis.report.text import name, number
from recgen.analysis.report.view import RunView
from recgen.analysis.series import any_value, points
from recgen.analysis.text import (
    NO_FACTORS,
    SUCCESS,
    caveat,
    chance,
    clearest,
    division,
    epochs_of,
    interval_text,
    moved,
)
from recgen.findings import counted
from recgen.metrics import Series

_MOST_SETTINGS = 200
_MOST_COLUMNS = 40  # settings of many runs
_MOST_FACTORS = 8
_MOST_DOTS = 20  # runs
_LINE = 16.0  # height of a dot's row, if there are many


@dataclass(frozen=True)
class Summary:
    """A row of the summary table: its group, and the columns after the run and its verdict."""

    run: RunView
    group: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What is shown.
        mark: Its class: `best`, `close` or empty.
        sort: The number to sort by, if it is not the text.
    """

    text: str
    mark: str = ""
    sort: float | None = None


@dataclass(frozen=True)
class Success:
    """A setting that divides the runs, and how many runs work on each side."""

    setting: str
    inside: str
    outside: str
    chance: str


class ComparisonView:
    """The comparison of all runs on the page.

    Attributes:
        views: The runs, in the order given.
        many: Whether the runs are so many that tables have a row for each.
    """

    heads = ("cause", "recall", "optimizer", "rate", "epochs", "loss change", "data")
    groups = ("verdict and cause", "verdict", "optimizer", "rate", "data")

    def __init__(self, views: Sequence[RunView], many: bool = False) -> None:
        self.views = views
        self.many = many
        self.comparison: Comparison = compare([view.run for view in views])

    @property
    def runs(self) -> list[tuple[str, list[Summary]]]:
        """The summary of each run; if there are many, in groups, the best of each first."""
        if not self.many:
            return [("", [self._summary(view) for view in self.views])]
        place = {run: rank for rank, run in enumerate(self.comparison.ranking)}
        found = []
        for group in self.comparison.groups:
            runs = sorted(group.runs, key=lambda run: (place.get(run, len(place)), run))
            summaries = [self._summary(self.views[run]) for run in runs]
            found.append((f"{summaries[0].group} ({counted(len(runs), 'run')})", summaries))
        return found

    def _summary(self, view: RunView) -> Summary:
        facts, judged = view.facts, view.facts.judged
        cause, account = leading_cause(view.diagnosis), view.run.metrics.data
        change = loss_change(facts)
        rate = "-" if facts.rate is None else f"{facts.rate:g}"
        file = account.source.rpartition("/")[2] if account else "-"
        cells = (
            Cell(f"{cause.code} {cause.title}" if cause else "-"),
            Cell(
                judged.short if judged else "-",
                sort=judged.own if judged else None,
            ),
            Cell(facts.optimizer or "-"),
            Cell(rate, sort=facts.rate),
            Cell(epochs_of(facts) if facts.epochs else "-", sort=float(facts.epochs)),
            Cell(moved(change), sort=change),
            Cell(f"{file or 'unnamed'}, {counted(account.read, 'row')}" if account else "-"),
        )
        group = f"{view.verdict}: {cause.code} {cause.title}" if cause else view.verdict
        return Summary(view, group, tuple(Cell(name(c.text), c.mark, c.sort) for c in cells))

    @property
    def settings(self) -> list[tuple[str, list[str]]]:
        """Settings that differ, with the value of each run."""
        most = _MOST_COLUMNS if self.many else _MOST_SETTINGS
        found = list(self.comparison.settings.items())[:most]
        return [(name(path), [name(value) for value in values]) for path, values in found]

    @property
    def rows(self) -> list[tuple[str, list[Cell]]]:
        """Figures; the best is marked, and those that do not clearly differ from it."""
        return [
            (name(row.name), [_cell(row, index) for index in range(len(self.views))])
            for row in self.comparison.rows
        ]

    @property
    def repeats(self) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """For each headline, the configs that were trained with several seeds, the best first."""
        found = []
        for row in self.comparison.headlines:
            own = [each for each in self.comparison.repeats if row.name in each.figures]
            own.sort(key=lambda each: -each.figures[row.name].mean)
            if own:
                lines = [_repeated(each, each.figures[row.name]) for each in own[:_MOST_DOTS]]
                found.append((name(row.name), lines))
        return found

    @property
    def figures(self) -> list[Figure]:
        """Recall with its intervals, and pictures with the curves of all runs."""
        return [*self._dots(), *self._curves()]

    def _dots(self) -> Iterator[Figure]:
        for row in self.comparison.headlines:
            order = [run for run, each in enumerate(row.figures) if each]
            if self.many:
                order = [run for run in self.comparison.ranking if row.figures[run]][:_MOST_DOTS]
            rows = [
                (f"{run + 1}", [Dot(self.views[run].title, each, self._color(run))])
                for run in order
                if (each := row.figures[run])
            ]
            if not rows:
                continue
            note = "Bars are 95% intervals over test rows or pairs; they do not cover other seeds."
            which = f"the best {len(rows)} runs" if self.many else "by run"
            title = f"{row.name}, {which}"
            picture = draw_dots(row.name, rows, _LINE if self.many else None)
            yield Figure(title, picture, note=note)

    def _curves(self) -> Iterator[Figure]:
        facts = self.comparison.facts
        yield from self._losses("Training loss", [each.loss for each in facts])
        yield from self._losses("Validation loss", [each.val_loss for each in facts])
        measures = {each.curve.measure for each in facts if each.curve.values}
        measure = measures.pop() if len(measures) == 1 else facts[0].kind.measure
        values = [each.curve.values for each in facts]
        yield from self._figure(f"Validation {measure}", values, from_zero=True)

    def _losses(self, title: str, series: Sequence[Series]) -> Iterator[Figure]:
        """Yield the losses that are means over rows apart from those that are sums."""
        means = [each.is_mean_loss for each in self.comparison.facts]
        known = {mean for mean, each in zip(means, series, strict=True) if any_value(each)}
        for is_mean in sorted(known, reverse=True):
            own = [
                each if mean == is_mean else () for mean, each in zip(means, series, strict=True)
            ]
            words = "" if len(known) == 1 else ", means" if is_mean else ", sums over batches"
            yield from self._figure(f"{title}{words}", own)

    def _figure(
        self, title: str, series: Sequence[Series], from_zero: bool = False
    ) -> Iterator[Figure]:
        lines = [
            Line(f"{view.number} {view.title}", values, self._color(index), view.number)
            for index, (view, values) in enumerate(zip(self.views, series, strict=True))
        ]
        worst = [VERDICTS.index(each.verdict) for each in self.comparison.diagnoses]
        if self.many:  # the best on top
            lines = [lines[index] for index in sorted(range(len(lines)), key=lambda i: -worst[i])]
        note = self._cut(series) + (_LONG_NOTE if is_uneven(series) else "")
        yield from figure_of(title, lines, note=note.strip(), from_zero=from_zero, brief=self.many)

    def _cut(self, series: Sequence[Series]) -> str:
        """Return which curves leave the picture."""
        _, runs = usual(series)
        if not runs:
            return ""
        top = max(value for run in runs for _, value in points(series[run]))
        which = f"run{'s' * (len(runs) > 1)} {numbers(runs)}"
        return f"Cut at the top: {which}, up to {number(top)}. "

    @property
    def keys(self) -> list[Key]:
        """The color of each run."""
        return [Key(self._color(index), view.title) for index, view in enumerate(self.views)]

    def _color(self, index: int) -> str:
        """Return the color class of a run: its own of a few runs, that of its verdict of many."""
        if self.many:
            return f"v-{self.comparison.diagnoses[index].verdict}"
        return f"c{index % COLORS}"

    @property
    def factors(self) -> list[Success]:
        """Settings that go with success, the clearest first."""
        return [_success(factor) for factor in clearest(self.comparison.factors)[:_MOST_FACTORS]]

    @property
    def achieved(self) -> str:
        """What the runs on each side are counted for."""
        return self.comparison.achieved

    @property
    def success(self) -> str:
        """The same in words."""
        return SUCCESS[self.comparison.achieved]

    @property
    def caveat(self) -> str:
        """How far the factors can be trusted."""
        if self.comparison.factors:
            return caveat(self.comparison.factors)
        return NO_FACTORS if len(self.views) >= FEWEST else ""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons not to compare figures too closely."""
        return self.comparison.doubts


_LONG_NOTE = "Later epochs are closer together, since a few runs are much longer."


def _cell(row: Row, index: int) -> Cell:
    mark = "best" if index == row.best else "close" if index in row.close else ""
    each = row.figures[index]
    return Cell(interval_text(each), mark, each.value if each else None)


def _repeated(each: Repeats, spread: Spread) -> tuple[str, list[str]]:
    """Return what a config is, and its figures over seeds."""
    known = [f"{path} {value}" for path, value in each.settings.items()]
    ends = (number(spread.low), number(spread.high))
    work = f"{each.works} of {len(each.runs)}"
    cells = [spread.text, *ends, f"{spread.count}", work, numbers(each.runs)]
    return name("; ".join(known[:_MOST_FACTORS])) or "all runs", [name(cell) for cell in cells]


def _success(factor: Factor) -> Success:
    return Success(
        setting=division(factor),
        inside=f"{factor.inside[0]} of {factor.inside[1]}",
        outside=f"{factor.outside[0]} of {factor.outside[1]}",
        chance=chance(factor),
    )
