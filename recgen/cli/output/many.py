"""Lines of text of a comparison of many runs: groups, and the best. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.causes.base import figure
from recgen.analysis.comparing import Comparison
from recgen.analysis.diagnosis import VERDICTS
from recgen.analysis.facts import Facts
from recgen.analysis.groups import Group
from recgen.analysis.naming import short_names
from recgen.analysis.sparkline import sparkline
from recgen.analysis.text import WORDS, epochs_of, interval_text
from recgen.cli.output.diagnosis import STYLES, levels
from recgen.cli.output.screen import columns, paragraph, shortened
from recgen.cli.table import Cell, Line, table
from recgen.findings import counted

MARKS = "  * best;  ~ not clearly different from it, given how many runs are compared"
_NAME = 20  # characters
_BEST = 10  # runs
_LISTED = 36  # runs of a group
_CURVE = 16  # characters
_WIDE = 100  # columns of a screen that has room for curves


def lines(comparison: Comparison, width: int, shorten: bool = True) -> Iterator[Line]:
    """Yield the runs by verdict and cause, and the best of them.

    Args:
        comparison: What was compared.
        width: Columns of the screen.
        shorten: Whether to cut long names.
    """
    names = [
        shortened(name, _NAME if shorten else None)
        for name in short_names([run.path for run in comparison.runs])
    ]
    yield from _counts(comparison)
    for group in comparison.groups:
        yield ()
        yield from _group(comparison, group, names, width)
    yield from _best(comparison, names, width)


def _counts(comparison: Comparison) -> Iterator[Line]:
    verdicts = [each.verdict for each in comparison.diagnoses]
    parts: list[Cell] = [f"{len(verdicts)} runs: "]
    for verdict in VERDICTS:
        if count := verdicts.count(verdict):
            parts += [", "] if len(parts) > 1 else []
            parts.append((f"{count} {WORDS[verdict]}", STYLES[verdict]))
    yield tuple(parts)


def _group(comparison: Comparison, group: Group, names: list[str], width: int) -> Iterator[Line]:
    """Yields a heading, and the numbers and names of the runs, the best first."""
    place = {run: rank for rank, run in enumerate(comparison.ranking)}
    runs = sorted(group.runs, key=lambda run: (place.get(run, len(place)), run))
    cause = f": {group.code} {group.title}" if group.code else ""
    values = _range([comparison.facts[run] for run in runs if run in place])
    verdict = (WORDS[group.verdict], STYLES[group.verdict])
    count = f"{cause} ({counted(len(runs), 'run')}{values})"
    yield from paragraph(verdict, count, width=width, hang=2)
    digits = len(str(len(names)))
    cells = [f"{run + 1:>{digits}} {names[run]}" for run in runs[:_LISTED]]
    yield from columns(cells, width, indent=2)
    if len(runs) > _LISTED:
        rest = counted(len(runs) - _LISTED, "more run")
        yield (f"  and {rest}: --format json has all",)


def _range(facts: list[Facts]) -> str:
    values = [each.judged.own for each in facts if each.judged]
    measures = {each.judged.measure for each in facts if each.judged}
    if not values or len(measures) > 1:
        return ""
    low, high = figure(min(values)), figure(max(values))
    return f", {measures.pop()} {low}" + (f" to {high}" if high != low else "")


def _best(comparison: Comparison, names: list[str], width: int) -> Iterator[Line]:
    """Yields the best runs of those tested on the same rows."""
    ranking, chars = comparison.ranking, levels()
    if len(ranking) < 2:
        return
    row = comparison.headlines[0]
    rows: list[tuple[Cell, ...]] = []
    for run in ranking[:_BEST]:
        facts = comparison.facts[run]
        mark = "*" if run == row.best else "~" if run in row.close else ""
        rate = "-" if facts.rate is None else f"{facts.rate:g}"
        cells = (facts.optimizer or "-", rate, epochs_of(facts), interval_text(row.figures[run]))
        verdict = comparison.diagnoses[run].verdict
        curve = sparkline(facts.curve.values, width=_CURVE, levels=chars)
        shown = ((curve, "cyan"),) if width >= _WIDE else ()
        judged = (WORDS[verdict], STYLES[verdict])
        rows.append((mark, str(run + 1), names[run], *cells, judged, *shown))
    same = comparison.tested.rows
    on = f" tested on the same {same:,} rows" if same else " that can be compared"
    yield ()
    yield ((f"best by {row.name}, of {len(ranking)} runs{on}", "bold"),)
    header = ("", "", "run", "optimizer", "rate", "epochs", "figure", "verdict")
    more = ("validation",) if width >= _WIDE else ()
    yield from table((*header, *more), rows, "lrllrrrll"[: 8 + len(more)], width)
    rest = sum(run in row.close for run in ranking[_BEST:])
    yield (MARKS,)
    if rest:
        yield (f"  {counted(rest, 'more run')} with ~",)
    if missing := len(comparison.tested.alike) - len(ranking):
        yield (f"  {counted(missing, 'run')} tested on these rows without this figure",)
    for other in comparison.headlines[1:]:
        if other.best is not None:
            value = f"{interval_text(other.figures[other.best])} in run {other.best + 1}"
            yield (f"  best {other.name}: {value} ({names[other.best]})",)
