"""Comparison of runs: settings, figures with their intervals, and ties within noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from recgen.analysis.circumstances import circumstances, data_doubt
from recgen.analysis.diagnosing import diagnose
from recgen.analysis.diagnosis import Diagnosis
from recgen.analysis.factors import Factor, factors_of
from recgen.analysis.facts import Facts
from recgen.analysis.kinds import Figure
from recgen.analysis.run import Run
from recgen.analysis.series import points
from recgen.analysis.settings import differences
from recgen.metrics import Interval

WORK, TRAIN = "work", "train"
_SAME = 1e-9  # tolerance of a baseline's figures on the same rows


@dataclass(frozen=True)
class Row:
    """One figure of all runs.

    Attributes:
        name: Its name.
        figures: The figure of each run; None if it was not measured.
        best: The run with the best figure; None for baselines and for fewer than two figures.
        close: Runs whose distance from the best is within both intervals: no difference was shown.
    """

    name: str
    figures: tuple[Interval | None, ...]
    best: int | None = None
    close: frozenset[int] = frozenset()

    def as_dict(self) -> dict[str, object]:
        """Return the row as plain JSON data; runs are counted from 0."""
        figures = [each.model_dump() if each else None for each in self.figures]
        close = sorted(self.close)
        return {"name": self.name, "figures": figures, "best": self.best, "close": close}


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: The runs, in the order given.
        diagnoses: The diagnosis of each run.
        settings: Settings that differ, by path, with the value of each run.
        rows: The figures.
        factors: Settings that go with success, the clearest first; only for four runs or more.
        achieved: What success is: `WORK`, or `TRAIN` if no run works.
        doubts: Reasons not to compare figures, or not too closely.
    """

    runs: tuple[Run, ...]
    diagnoses: tuple[Diagnosis, ...]
    settings: dict[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    factors: tuple[Factor, ...]
    achieved: str
    doubts: tuple[str, ...]

    @cached_property
    def circumstances(self) -> dict[str, tuple[str, ...]]:
        """Data and gradients by name, with a text for each run."""
        return circumstances(self.facts)

    @cached_property
    def facts(self) -> tuple[Facts, ...]:
        """The figures of each run."""
        return tuple(map(Facts, self.runs))

    def as_dict(self) -> dict[str, object]:
        """Return the comparison as plain JSON data; values are in the order of the runs."""
        pairs = zip(self.runs, self.diagnoses, self.facts, strict=True)
        return {
            "runs": [
                {
                    "run": run.path,
                    "verdict": diagnosis.verdict,
                    "summary": diagnosis.summary,
                    "learning_rate": facts.rate,
                    "loss_change": loss_change(facts),
                }
                for run, diagnosis, facts in pairs
            ],
            "settings": {path: list(values) for path, values in self.settings.items()},
            "circumstances": {name: list(texts) for name, texts in self.circumstances.items()},
            "figures": [row.as_dict() for row in self.rows],
            "factors": [asdict(factor) for factor in self.factors],
            "doubts": list(self.doubts),
        }


def compare(runs: Sequence[Run]) -> Comparison:
    """Return a comparison of runs."""
    facts = [Facts(run) for run in runs]
    diagnoses = tuple(map(diagnose, runs))
    settings = differences(runs)
    trained = [index for index, run in enumerate(runs) if not run.is_preset]
    works = [diagnoses[index].verdict in ("good", "at_risk") for index in trained]
    achieved = WORK if any(works) else TRAIN
    if achieved == TRAIN:
        works = [facts[index].has_trained for index in trained]
    own = differences([runs[index] for index in trained])
    return Comparison(
        runs=tuple(runs),
        diagnoses=diagnoses,
        settings=settings,
        rows=tuple(_rows(facts)),
        factors=factors_of(own, works),
        achieved=achieved,
        doubts=(*_doubts(facts), *data_doubt(facts, settings)),
    )


def loss_change(facts: Facts) -> float | None:
    """Return the relative change of the training loss: -0.2 means that it fell by a fifth."""
    found = points(facts.loss)
    if not found or found[0][1] == 0:
        return None
    return found[-1][1] / found[0][1] - 1


def _rows(facts: Sequence[Facts]) -> Iterator[Row]:
    found = [each.kind.figures for each in facts]
    for name in _merged(found):
        figures = [each.get(name) for each in found]
        shown = tuple(figure.interval if figure else None for figure in figures)
        is_baseline = any(figure.is_baseline for figure in figures if figure)
        is_error = any(figure.is_error for figure in figures if figure)
        yield Row(name, shown) if is_baseline else _row(name, shown, is_error)


def _merged(found: Sequence[Mapping[str, Figure]]) -> list[str]:
    """Return all names, each after the name that it follows in its own run."""
    merged: list[str] = []
    for names in found:
        position = 0
        for name in names:
            if name not in merged:
                merged.insert(position, name)
            position = merged.index(name) + 1
    return merged


def _row(name: str, figures: tuple[Interval | None, ...], is_error: bool = False) -> Row:
    known = [index for index, figure in enumerate(figures) if figure]
    if len(known) < 2:
        return Row(name, figures)
    sign = -1 if is_error else 1
    top = max(known, key=lambda index: sign * _value(figures[index]))
    rest = (index for index in known if index != top)
    close = frozenset(index for index in rest if _is_close(figures[index], figures[top]))
    return Row(name, figures, top, close)


def _value(figure: Interval | None) -> float:
    return figure.value if figure else -math.inf


def _is_close(one: Interval | None, other: Interval | None) -> bool:
    """Return whether two figures differ by no more than their combined error."""
    if one is None or other is None:
        return False
    return abs(one.value - other.value) <= math.hypot(_half(one), _half(other))


def _half(figure: Interval) -> float:
    if figure.low is None or figure.high is None:
        return 0.0
    return (figure.high - figure.low) / 2


def _doubts(facts: Sequence[Facts]) -> Iterator[str]:
    rows = {each.kind.rows("test") for each in facts} - {None}
    shown = [
        {name: f.interval.value for name, f in each.kind.figures.items() if f.is_baseline}
        for each in facts
    ]
    known = [each for each in shown if each]
    other = any(
        abs(each[name] - known[0][name]) > _SAME
        for each in known
        for name in each.keys() & known[0].keys()
    )
    if len(rows) > 1 or other:
        yield "the runs were tested on different rows, so their figures cannot be compared"
    read = {each.metrics.data.read for each in facts if each.metrics.data}
    if len(read) > 1:
        counts = " and ".join(f"{count:,}" for count in sorted(read))
        yield f"the runs read different data: of {counts} rows"
    if len({(each.batch_size, each.is_mean_loss) for each in facts}) > 1:
        yield "batch sizes or trainers differ, so losses cannot be compared"
    if all(not each.metrics.evaluation and not each.kind.rows("test") for each in facts):
        yield "the number of test rows is unknown, so there are no intervals"
    elif len(facts) > 1:
        yield "intervals cover the choice of test rows; another seed changes recall as well"
