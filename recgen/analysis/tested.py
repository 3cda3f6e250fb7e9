"""Which runs were tested on the same rows: only their figures can be compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recgen.analysis.causes.base import figure
from recgen.analysis.facts import Facts
from recgen.findings import counted

_ROWS = "test rows"
_SEED = "seed of the split"
_SAME = 1e-9  # tolerance of a baseline's figures on the same rows


@dataclass(frozen=True)
class LeftOut:
    """Runs whose figures are not compared, counted from 0, and why.

    Attributes:
        runs: The runs.
        why: The reason.
        is_broken: Whether they are left out for what they are, and not for their test rows.
    """

    runs: tuple[int, ...]
    why: str
    is_broken: bool = False


@dataclass(frozen=True)
class Tested:
    """The largest group of runs that were tested on the same rows, as far as their files tell.

    Attributes:
        alike: These runs, counted from 0.
        rows: How many rows these are; None if no file says so.
        left_out: The other runs that have figures.
    """

    alike: frozenset[int]
    rows: int | None = None
    left_out: tuple[LeftOut, ...] = ()


def tested(facts: Sequence[Facts], broken: Sequence[bool]) -> Tested:
    """Return which runs were tested on the same rows.

    Rows are the same if nothing that depends on them differs: their number, and the figures of
    baselines. A file that says neither is left out if other files do.

    Args:
        facts: The figures of each run.
        broken: Whether each run is broken, so that its figures may be wrong.
    """
    measured = [run for run, each in enumerate(facts) if each.kind.figures]
    wrong = tuple(run for run in measured if broken[run])
    signs = {run: _signs(facts[run]) for run in measured if not broken[run]}
    groups = _groups(signs)
    most = max(groups, key=lambda group: (len(group), -min(group)), default=list(signs))
    first = {name: value for run in most for name, value in signs[run].items()}
    reasons: dict[str, list[int]] = {}
    for run in sorted(signs.keys() - {*most}):
        reasons.setdefault(_reason(signs[run], first), []).append(run)
    left_out = [LeftOut(tuple(runs), why) for why, runs in reasons.items()]
    if wrong:
        left_out.append(LeftOut(wrong, "broken, so the figures may be wrong", is_broken=True))
    rows = first.get(_ROWS)
    return Tested(frozenset(most), None if rows is None else int(rows), tuple(left_out))


def _groups(signs: Mapping[int, Mapping[str, float]]) -> list[list[int]]:
    """Return the runs that have signs, in groups within which no signs differ."""
    known = sorted((run for run in signs if signs[run]), key=lambda run: (-len(signs[run]), run))
    groups: list[list[int]] = []
    for run in known:
        fitting = (group for group in groups if all(_alike(signs[run], signs[i]) for i in group))
        group = next(fitting, None)
        if group is None:
            groups.append([run])
        else:
            group.append(run)
    return groups


def _signs(facts: Facts) -> dict[str, float]:
    """Return what depends on the test rows, by name."""
    rows = facts.kind.rows("test")
    known = {} if rows is None else {_ROWS: float(rows)}
    split = facts.config.data.split if facts.config else None
    if split and split.kind == "random":
        known[_SEED] = float(split.seed)
    figures = facts.kind.figures.items()
    return known | {name: each.interval.value for name, each in figures if each.is_baseline}


def _alike(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    shared = one.keys() & other.keys()
    return bool(shared - {_SEED}) and not any(_differ(one[name], other[name]) for name in shared)


def _differ(one: float, other: float) -> bool:
    return not math.isclose(one, other, rel_tol=0, abs_tol=_SAME)


def _reason(own: Mapping[str, float], first: Mapping[str, float]) -> str:
    """Return why a run cannot be compared with those of other signs."""
    odd = [name for name in first if name in own and _differ(own[name], first[name])]
    if _ROWS in odd:
        return f"tested on {counted(int(own[_ROWS]), 'row')}, not {int(first[_ROWS]):,}"
    if _SEED in odd:
        return f"its split is drawn with the seed {int(own[_SEED])}, not {int(first[_SEED])}"
    if odd:
        name = odd[-1]
        is_close = figure(own[name]) == figure(first[name])
        own_figure, other = (
            f"{v:.7f}" if is_close else figure(v) for v in (own[name], first[name])
        )
        values = f"{name} is {own_figure}, not {other}"
        return f"{values}: other test rows, or other training data"
    return "the file does not say on which rows it was tested"
