"""Comparison of runs: settings, figures with their intervals, and ties within noise."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from recgen.analysis.circumstances import circumstances, data_doubt
from recgen.analysis.diagnosing import diagnose
from recgen.analysis.diagnosis import Diagnosis
from recgen.analysis.factors import Factor, factors_of
from recgen.analysis.facts import Facts
from recgen.analysis.groups import Group, groups_of, leading_cause, numbers
from recgen.analysis.kinds import Figure
from recgen.analysis.paired import Distance, distance
from recgen.analysis.repeats import Repeats, repeats_of
from recgen.analysis.run import Run
from recgen.analysis.series import points
from recgen.analysis.settings import differences
from recgen.analysis.tested import LeftOut, Tested, tested
from recgen.metrics import Interval

WORK, TRAIN = "work", "train"
_WORKS = ("good", "at_risk")
_MOST_TESTS = 4  # of which each has a note of its own


@dataclass(frozen=True)
class Row:
    """One figure of all runs.

    Attributes:
        name: Its name.
        figures: The figure of each run; None if it was not measured.
        best: The run with the best figure of those that were tested on the same rows and work,
            since a leak has high figures too; None for baselines and for fewer than two figures.
        close: Such runs whose distance from the best is within its interval, which is widened for
            the number of runs: no difference was shown.
        unpaired: Why the distances were not measured in pairs of the same buyers; empty if they
            were.
    """

    name: str
    figures: tuple[Interval | None, ...]
    best: int | None = None
    close: frozenset[int] = frozenset()
    unpaired: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the row as plain JSON data; runs are counted from 0."""
        figures = [each.model_dump() if each else None for each in self.figures]
        close = sorted(self.close)
        is_paired = self.best is not None and not self.unpaired
        return {
            "name": self.name,
            "figures": figures,
            "best": self.best,
            "close": close,
            "paired": is_paired,
        }


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: The runs, in the order given.
        diagnoses: The diagnosis of each run.
        groups: The runs by verdict and cause.
        tested: Which runs were tested on the same rows.
        settings: Settings that differ, by path, with the value of each run.
        rows: The figures.
        repeats: Configs that were trained with several seeds, and the spread of their figures.
        factors: Settings that go with success, the clearest first; only for four runs or more.
        achieved: What success is: `WORK`, or `TRAIN` if no run works.
        doubts: Reasons not to compare figures, or not too closely.
    """

    runs: tuple[Run, ...]
    diagnoses: tuple[Diagnosis, ...]
    groups: tuple[Group, ...]
    tested: Tested
    settings: dict[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    repeats: tuple[Repeats, ...]
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

    @cached_property
    def headlines(self) -> tuple[Row, ...]:
        """The most important figures of most of the runs."""
        named = [each.kind.headlines for each in self.facts if each.judged]
        wanted = max(named, key=named.count, default=())
        return tuple(row for row in self.rows if row.name in wanted and any(row.figures))

    @property
    def ranking(self) -> list[int]:
        """The runs tested on the same rows: those that work first, the best by a headline first."""
        if not self.headlines:
            return []
        figures = self.headlines[0].figures
        known = [index for index in sorted(self.tested.alike) if figures[index]]
        fails = [each.verdict not in _WORKS for each in self.diagnoses]
        return sorted(known, key=lambda index: (fails[index], -_value(figures[index])))

    def as_dict(self) -> dict[str, object]:
        """Return the comparison as plain JSON data; values are in the order of the runs."""
        pairs = zip(self.runs, self.diagnoses, self.facts, strict=True)
        return {
            "runs": [
                {
                    "run": run.path,
                    "verdict": diagnosis.verdict,
                    "cause": cause.code if (cause := leading_cause(diagnosis)) else None,
                    "summary": diagnosis.summary,
                    "learning_rate": facts.rate,
                    "loss_change": loss_change(facts),
                }
                for run, diagnosis, facts in pairs
            ],
            "groups": [asdict(group) for group in self.groups],
            "compared": sorted(self.tested.alike),
            "left_out": [asdict(each) for each in self.tested.left_out],
            "settings": {path: list(values) for path, values in self.settings.items()},
            "circumstances": {name: list(texts) for name, texts in self.circumstances.items()},
            "figures": [row.as_dict() for row in self.rows],
            "repeats": [each.as_dict() for each in self.repeats],
            "factors": [asdict(factor) for factor in self.factors],
            "doubts": list(self.doubts),
        }


def compare(runs: Sequence[Run]) -> Comparison:
    """Return a comparison of runs."""
    facts = [Facts(run) for run in runs]
    diagnoses = tuple(map(diagnose, runs))
    settings = differences(runs)
    verdicts = [each.verdict for each in diagnoses]
    same = tested(facts, [verdict == "broken" for verdict in verdicts])
    works = frozenset(index for index, verdict in enumerate(verdicts) if verdict in _WORKS)
    achieved, successful = WORK, works
    if not works:
        achieved = TRAIN
        successful = frozenset(index for index, each in enumerate(facts) if each.has_trained)
    rows = tuple(_rows(facts, same.alike, works))
    figures = {row.name: row.figures for row in rows}
    return Comparison(
        runs=tuple(runs),
        diagnoses=diagnoses,
        groups=groups_of(diagnoses),
        tested=same,
        settings=settings,
        rows=rows,
        repeats=repeats_of(facts, same.alike, works, settings, figures),
        factors=factors_of(settings, _counted(runs, successful, same)),
        achieved=achieved,
        doubts=(*_doubts(facts, same), *_unpaired(facts, rows), *data_doubt(facts, settings)),
    )


def _counted(runs: Sequence[Run], works: Collection[int], same: Tested) -> list[bool | None]:
    """Return whether each run works; None if it is not a training, or its data are others."""
    other = {run for each in same.left_out for run in each.runs if not each.is_broken}
    return [
        None if run.problem or index in other else index in works for index, run in enumerate(runs)
    ]


def loss_change(facts: Facts) -> float | None:
    """Return the relative change of the training loss: -0.2 means that it fell by a fifth."""
    found = points(facts.loss)
    if not found or found[0][1] == 0:
        return None
    return found[-1][1] / found[0][1] - 1


def _rows(facts: Sequence[Facts], alike: Collection[int], works: Collection[int]) -> Iterator[Row]:
    found = [each.kind.figures for each in facts]
    for name in _merged(found):
        figures = [each.get(name) for each in found]
        shown = tuple(figure.interval if figure else None for figure in figures)
        is_baseline = any(figure.is_baseline for figure in figures if figure)
        yield Row(name, shown) if is_baseline else _row(name, shown, figures, alike, works)


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


def _row(
    name: str,
    shown: tuple[Interval | None, ...],
    figures: Sequence[Figure | None],
    alike: Collection[int],
    works: Collection[int],
) -> Row:
    known = {run: own for run, own in enumerate(figures) if own and run in alike}
    if len(known) < 2:
        return Row(name, shown)
    sign = -1 if any(own.is_error for own in known.values()) else 1
    top = max(known, key=lambda run: (run in works, sign * known[run].interval.value))
    pairs = len(known) * (len(known) - 1) // 2  # any of them may be far apart by chance
    apart = {run: _apart(own, known[top], pairs) for run, own in known.items() if run != top}
    close = frozenset(run for run, each in apart.items() if not each.is_clear)
    unpaired = next((each.unpaired for each in apart.values() if each.unpaired), "")
    return Row(name, shown, top, close, unpaired)


def _apart(one: Figure, other: Figure, tried: int) -> Distance:
    return distance((one.interval, one.sums), (other.interval, other.sums), tried)


def _value(figure: Interval | None) -> float:
    return figure.value if figure else -math.inf


def _doubts(facts: Sequence[Facts], same: Tested) -> Iterator[str]:
    others = [each for each in same.left_out if not each.is_broken]
    if len(others) > _MOST_TESTS:
        runs = tuple(sorted(run for each in others[_MOST_TESTS - 1 :] for run in each.runs))
        others[_MOST_TESTS - 1 :] = [
            LeftOut(runs, "tested on other rows, or it is not said on which")
        ]
    for each in others:
        yield f"the runs were tested on different rows; {_not_compared(each)}"
    yield from (_not_compared(each) for each in same.left_out if each.is_broken)
    read = {each.metrics.data.read for each in facts if each.metrics.data}
    if len(read) > 1:
        low, *between, high = (f"{count:,}" for count in sorted(read))
        counts = f"{low} to {high}" if between else f"{low} and {high}"
        yield f"the runs read different data: of {counts} rows"
    if len({(each.batch_size, each.is_mean_loss) for each in facts if each.epochs}) > 1:
        yield "batch sizes or trainers differ, so losses cannot be compared"
    if all(not each.metrics.evaluation and not each.kind.rows("test") for each in facts):
        yield "the number of test rows is unknown, so there are no intervals"
    elif len(facts) > 1:
        yield "intervals cover the choice of test rows; another seed changes recall as well"


def _not_compared(left_out: LeftOut) -> str:
    runs = f"run{'s' * (len(left_out.runs) > 1)} {numbers(left_out.runs)}"
    return f"not compared: {runs} ({left_out.why})"


def _unpaired(facts: Sequence[Facts], rows: Sequence[Row]) -> Iterator[str]:
    """Yield why the most important figures are not compared in pairs, if they are not."""
    headlines = {name for each in facts for name in each.kind.headlines}
    why = {row.unpaired for row in rows if row.name in headlines and row.best is not None} - {""}
    if why:
        yield (
            f"runs are not compared in pairs of the same buyers, since {sorted(why)[0]}: only "
            "larger differences are clear"
        )
