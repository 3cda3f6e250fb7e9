"""Predictions of one run on test rows: calibration, lift and residuals, and errors beside means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recgen.analysis.facts import Facts
from recgen.analysis.kinds.ranking import MEANS, SHOWN
from recgen.analysis.report.bars import Bar, Point, draw_bars, draw_points
from recgen.analysis.report.dots import words
from recgen.analysis.report.evaluation import Table
from recgen.analysis.report.figures import Figure, Key
from recgen.analysis.report.text import number
from recgen.metrics import Bin

_PREDICTED = (
    "Test rows in groups of equally many, by their prediction. On the dashed line, a group's mean "
    "{target} is what was predicted; below it, predictions are too high."
)
_LIFT = (
    "Group 1 has the highest predictions. 1 is the mean of all test rows: the further the first "
    "groups are above it, and the last below, the better the predictions tell rows apart."
)
_RESIDUALS = "Each group's mean target minus its mean prediction: above 0, predictions are too low."
_TABLE_NOTE = "Group 1 has the highest predictions."


@dataclass(frozen=True)
class Group:
    """Test rows with close predictions, as the page shows them.

    Attributes:
        place: Its number, from 1 for the highest predictions.
        bin: Its figures.
        lift: Its mean target, relative to that of all rows; None if that is not above 0.
    """

    place: int
    bin: Bin
    lift: float | None

    @property
    def residual(self) -> float:
        """The mean target minus the mean prediction."""
        return self.bin.actual - self.bin.predicted

    @property
    def text(self) -> str:
        """What is shown under the pointer."""
        lines = [f"group {self.place}, {self.bin.rows:,} rows"]
        lines += [f"predicted {number(self.bin.predicted)}", f"actual {number(self.bin.actual)}"]
        return "\n".join([*lines, *([f"lift {self.lift:.2f}"] if self.lift is not None else [])])


def groups_of(bins: Sequence[Bin]) -> list[Group]:
    """Return the groups of a file, the highest predictions first."""
    used = sorted((each for each in bins if each.rows), key=lambda each: -each.predicted)
    rows = sum(each.rows for each in used)
    mean = sum(each.rows / rows * each.actual for each in used)
    return [
        Group(place, each, each.actual / mean if mean > 0 else None)
        for place, each in enumerate(used, 1)
    ]


def prediction_figures(facts: Facts) -> Iterator[Figure]:
    """Yield the plots of predictions; nothing for a run that predicts no target."""
    rating = facts.metrics.rating
    groups = groups_of(rating.bins) if rating else []
    if len(groups) < 2:  # one group has no order
        return
    is_chance = facts.params.is_binary_labels
    what = "share of 1" if is_chance else "target"
    title = "Calibration" if is_chance else "Predicted and actual"
    points = [Point(each.bin.predicted, each.bin.actual, each.text) for each in reversed(groups)]
    keys = (Key("c0", f"mean {what}, over the mean prediction"), Key("level", "equal"))
    picture = draw_points(title, points, "c0")
    yield Figure(title, picture, keys, _PREDICTED.format(target=what))
    lifts = [Bar(str(g.place), g.lift, g.text) for g in groups if g.lift is not None]
    if lifts:
        yield Figure("Lift", draw_bars("Lift", lifts, 1.0, "c2"), (), _LIFT)
    residuals = [Bar(str(g.place), g.residual, g.text) for g in groups]
    yield Figure("Residuals", draw_bars("Residuals", residuals, 0.0, "c1"), (), _RESIDUALS)


def prediction_tables(facts: Facts) -> Iterator[Table]:
    """Yield all figures of the model and of means on test rows, and the groups of rows."""
    rating = facts.metrics.rating
    if rating is None:
        return
    whos = {"model": "model", **MEANS}
    known = {who: shown for who, shown in whos.items() if rating.figures.get(who)}
    rows = []
    for name, shown in SHOWN.items():
        found = [rating.figures[who].get(name) for who in known]
        if any(found):
            rows.append((shown, *(words(each) if each else "-" for each in found)))
    if rows:
        note = f"{rating.rows:,} test rows with a target. 95% intervals are in brackets."
        yield Table("Predictions", ("", *known.values()), tuple(rows), note)
    groups = groups_of(rating.bins)
    if groups:
        heads = ("group", "rows", "mean prediction", "mean target", "residual", "lift")
        yield Table("Groups of rows", heads, tuple(map(_row, groups)), _TABLE_NOTE)


def _row(group: Group) -> tuple[str, ...]:
    figures = group.bin.predicted, group.bin.actual, group.residual
    lift = "-" if group.lift is None else f"{group.lift:.2f}"
    return (str(group.place), f"{group.bin.rows:,}", *map(number, figures), lift)
