"""Lines of text of a comparison of runs. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recgen.analysis.causes.base import figure
from recgen.analysis.comparing import Comparison, Row, loss_change
from recgen.analysis.factors import FEWEST, Factor
from recgen.analysis.series import points
from recgen.analysis.sparkline import sparkline
from recgen.analysis.text import NO_FACTORS, SUCCESS, WORDS, caveat, division, interval_text
from recgen.cli.output.diagnosis import STYLES, levels
from recgen.cli.table import Cell, Line, table
from recgen.findings import printable
from recgen.metrics import Series

_BESIDE = 6  # runs that fit beside each other
_CELL = 24  # characters of a value
_FACTORS = 8
_FAR = 20.0  # beyond this ratio of highest to lowest value, each curve has its own scale


def lines(comparison: Comparison, shorten: bool = True) -> Iterator[Line]:
    """Yield runs, settings that differ, figures, curves, and settings that go with success.

    Args:
        comparison: What was compared.
        shorten: Whether to cut long values, to fit them on a terminal.
    """
    yield from _runs(comparison, shorten)
    yield from _settings(comparison, shorten)
    yield from _circumstances(comparison, shorten)
    yield from _figures(comparison)
    yield from _curves(comparison)
    yield from _success(comparison)
    if comparison.doubts:
        yield ()
    for doubt in comparison.doubts:
        yield (("note", "bold"), f": {doubt}")


def _runs(comparison: Comparison, shorten: bool) -> Iterator[Line]:
    """Yields a line a run: rate, how the loss moved, recall, verdict."""
    found = zip(comparison.runs, comparison.facts, comparison.diagnoses, strict=True)
    rows: list[tuple[Cell, ...]] = []
    for number, (run, facts, diagnosis) in enumerate(found, start=1):
        rate = "-" if facts.rate is None else f"{facts.rate:g}"
        change = loss_change(facts)
        moved = "-" if change is None else f"{change:+.1%}"
        judged = facts.judged
        recall = judged.short if judged else "-"
        verdict = (WORDS[diagnosis.verdict], STYLES[diagnosis.verdict])
        if run.is_preset:
            verdict = ("not trained", "dim")
        rows.append(
            (
                str(number),
                _shortened(run.path, 40 if shorten else None),
                rate,
                moved,
                recall,
                verdict,
            )
        )
    yield from table(("", "run", "rate", "loss change", "recall", "verdict"), rows, "rlrrrl")


def _settings(comparison: Comparison, shorten: bool) -> Iterator[Line]:
    yield ()
    if not comparison.settings:
        yield (("no setting differs", "bold"),)
        return
    count = len(comparison.runs)
    if count <= _BESIDE:
        given = list(comparison.settings.items())
        yield from _beside("settings that differ", given, count, shorten)
        return
    yield (("settings that differ, with the runs that have each value", "bold"),)
    for path, values in comparison.settings.items():
        having = {
            value: [str(number) for number, each in enumerate(values, start=1) if each == value]
            for value in dict.fromkeys(values)
        }
        parts = (
            f"{_shortened(value, 60 if shorten else None)} ({', '.join(runs)})"
            for value, runs in having.items()
        )
        yield (f"  {printable(path)}: {'; '.join(parts)}",)


def _circumstances(comparison: Comparison, shorten: bool) -> Iterator[Line]:
    """Yields the data and the gradients of a few runs."""
    rows = list(comparison.circumstances.items())
    if rows and len(comparison.runs) <= _BESIDE:
        yield ()
        yield from _beside("data and gradients", rows, len(comparison.runs), shorten)


def _beside(
    title: str, rows: Sequence[tuple[str, Sequence[str]]], count: int, shorten: bool
) -> Iterator[Line]:
    """Yields a table with a column for each run."""
    most = _CELL if shorten else None
    header = (title, *(str(run + 1) for run in range(count)))
    cells = [(f"  {name}", *(_shortened(v, most) for v in values)) for name, values in rows]
    yield from table(header, cells, "l" * len(header))


def _figures(comparison: Comparison) -> Iterator[Line]:
    rows = comparison.rows
    if not rows:
        return
    yield ()
    count = len(comparison.runs)
    if count <= _BESIDE:
        cells = [(row.name, [_cell(row, run) for run in range(count)]) for row in rows]
        yield from _beside("figures", cells, count, shorten=True)
        if any(row.best is not None for row in rows):
            yield ("  * best;  ~ not clearly different from the best, within both intervals",)
    else:
        yield (("best figures", "bold"),)
        for row in rows:
            if row.best is not None:
                close = ", ".join(str(run + 1) for run in sorted(row.close))
                best = interval_text(row.figures[row.best])
                tie = f"; not clearly different: run {close}" if close else ""
                yield (f"  {row.name}: {best} in run {row.best + 1}{tie}",)


def _cell(row: Row, run: int) -> str:
    mark = " *" if run == row.best else " ~" if run in row.close else ""
    return interval_text(row.figures[run]) + mark


def _curves(comparison: Comparison) -> Iterator[Line]:
    curves: dict[str, list[Series]] = {
        "loss": [facts.loss for facts in comparison.facts],
        "val_loss": [facts.val_loss for facts in comparison.facts],
        "val recall": [facts.curve.values for facts in comparison.facts],
    }
    chars = levels()
    for name, series in curves.items():
        known = [value for each in series for _, value in points(each)]
        if not known:
            continue
        yield ()
        low: float | None = min(known)
        high: float | None = max(known)
        scale = f"all from {figure(min(known))} to {figure(max(known))}"
        if max(known) > _FAR * min(known) > 0:  # otherwise some curves would look flat
            low = high = None
            scale = "each on its own scale"
        yield ((f"{name}, {scale}", "bold"),)
        rows: list[tuple[Cell, ...]] = []
        for number, each in enumerate(series, start=1):
            found = points(each)
            ends = f"{figure(found[0][1])} to {figure(found[-1][1])}" if found else "-"
            line = sparkline(each, low=low, high=high, levels=chars)
            rows.append(("", str(number), (line, "cyan"), ends))
        yield from table(("", "", "", ""), rows, "lrll")


def _success(comparison: Comparison) -> Iterator[Line]:
    count = len(comparison.runs)
    if count < FEWEST:
        return
    yield ()
    if not comparison.factors:
        yield (NO_FACTORS,)
        return
    yield ((f"settings that go with {SUCCESS[comparison.achieved]}", "bold"),)
    for factor in comparison.factors[:_FACTORS]:
        yield (f"  {_factor(factor, comparison.achieved)}",)
    if len(comparison.factors) > _FACTORS:
        yield (f"  and {len(comparison.factors) - _FACTORS} less clear divisions",)
    yield ()
    yield (f"  {caveat(comparison.factors, count)}",)


def _factor(factor: Factor, achieved: str) -> str:
    ins, outs = factor.inside, factor.outside
    chance = f"{factor.chance:.2f}" if factor.chance < 1 else "likely"
    counts = f"{ins[0]} of {ins[1]} {achieved}, otherwise {outs[0]} of {outs[1]}"
    return f"{division(factor)}: {counts} (chance: {chance})"


def _shortened(text: str, width: int | None) -> str:
    shown = printable(text)
    return shown if width is None or len(shown) <= width else f"{shown[: width - 1]}…"
