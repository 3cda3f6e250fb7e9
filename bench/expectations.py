"""Figures that trainings are expected to reach, and whether one has. Trains nothing.

A figure is expected to be near the mean over the seeds that were stored, on either side: one that
is far below has lost something, and one that is far above may have seen the test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, stdev
from typing import Any, TypeAlias

from recgen.analysis.diagnosis import VERDICTS, Verdict

K = 10  # of a few hundred products
VIEWS = {"all": "all pairs", "new": "new pairs", "new_filtered": "new pairs, filtered"}
SPREADS = 4.0  # standard deviations of a single training around the mean of the stored ones
LEAST = 0.015  # of recall: the standard deviation of a few seeds may be small by chance

Expected: TypeAlias = Mapping[str, Sequence["Outcome"]]
"""The stored trainings of each preset."""


@dataclass(frozen=True)
class Outcome:
    """What became of one training."""

    seed: int
    verdict: Verdict
    recall: Mapping[str, float] = field(default_factory=dict)
    """Recall@10 on the test, by view; empty if the training failed."""
    problem: str = ""
    """Why it failed."""


@dataclass(frozen=True)
class Row:
    """One figure, or the verdict, beside what was expected."""

    preset: str
    what: str
    expected: str
    found: str
    tolerance: str = ""
    problem: str = ""
    """What is wrong; empty if nothing is."""


def compare(preset: str, stored: Sequence[Outcome], found: Outcome) -> list[Row]:
    """Returns a row for each view, and one for the verdict.

    Raises:
        ValueError: Fewer than two trainings are stored, so their spread is unknown.
    """
    if len(stored) < 2:
        raise ValueError(f"{preset}: {len(stored)} trainings are stored; at least 2 are needed")
    return [*_figures(preset, stored, found), _verdict(preset, stored, found)]


def tolerance(values: Sequence[float]) -> float:
    """Returns how far from the mean of some seeds another seed may be."""
    return max(LEAST, SPREADS * stdev(values) * math.sqrt(1 + 1 / len(values)))


def _figures(preset: str, stored: Sequence[Outcome], found: Outcome) -> Iterator[Row]:
    for view, words in VIEWS.items():
        values = [each.recall[view] for each in stored]
        mean, most = fmean(values), tolerance(values)
        value, problem = found.recall.get(view), ""
        if value is None or not math.isfinite(value):
            shown, problem = "none", "not measured"
        else:
            shown = f"{value:.3f}"
            if abs(value - mean) > most:
                problem = "too low" if value < mean else "too high: has it seen the test?"
        what = f"recall@{K}, {words}"
        yield Row(preset, what, f"{mean:.3f}", shown, f"± {most:.3f}", problem)


def _verdict(preset: str, stored: Sequence[Outcome], found: Outcome) -> Row:
    """Compares with the worst of the stored verdicts."""
    worst = max((each.verdict for each in stored), key=VERDICTS.index)
    is_worse = VERDICTS.index(found.verdict) > VERDICTS.index(worst)
    problem = (found.problem or "worse") if is_worse or found.problem else ""
    expected = worst if worst == VERDICTS[0] else f"{worst} or better"
    return Row(preset, "verdict", expected, found.verdict, problem=problem)


def table(rows: Sequence[Row]) -> str:
    """Returns the rows as a table in plain text."""
    head = ("preset", "figure", "expected", "tolerance", "found", "")
    lines = [head]
    for row in rows:
        shown = f"WRONG: {row.problem}" if row.problem else "ok"
        lines.append((row.preset, row.what, row.expected, row.tolerance, row.found, shown))
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join(padded)


def as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Returns outcomes as plain data for a file."""
    return [
        {**asdict(each), "recall": {k: round(v, 4) for k, v in each.recall.items()}}
        for each in outcomes
    ]


def from_json(stored: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Returns the outcomes that `as_json` has written."""
    return [Outcome(**each) for each in stored]
