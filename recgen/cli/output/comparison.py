"""Lines of text of a comparison of a few runs. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recgen.analysis.causes.base import figure
from recgen.analysis.comparing import Comparison, Row, loss_change
from recgen.analysis.factors import FEWEST, Factor
from recgen.analysis.groups import numbers
from recgen.analysis.naming import short_names
from recgen.analysis.series import points
from recgen.analysis.settings import SEEDS, UNKNOWN
from recgen.analysis.sparkline import sparkline
from recgen.analysis.text import (
    NO_FACTORS,
    SUCCESS,
    WORDS,
    caveat,
    chance,
    clearest,
    division,
    interval_text,
    moved,
)
from recgen.cli.output import many, repeats
from recgen.cli.output.diagnosis import STYLES, levels
from recgen.cli.output.screen import paragraph, shortened
from recgen.cli.table import Cell, Line, table, width_of
from recgen.findings import counted, printable
from recgen.metrics import Series

_BESIDE = 6  # runs that fit beside each other
_LINES = 12  # runs that have a line each
_CELL = 24  # characters of a value beside others
_VALUE = 60  # characters of a value in a line
_PATH = 40
_PAPER, _UNLIMITED = 80, 100_000  # columns without a screen
_FACTORS = 8
_SETTINGS = 30
_LISTED = 24  # characters of the numbers of runs; more are counted
_VALUES = 240  # characters of the values of a setting
_FAR = 20.0  # beyond this ratio of highest to lowest value, each curve has its own scale


def lines(
    comparison: Comparison, shorten: bool = True, columns: int | None = None
) -> Iterator[Line]:
    """Yield runs, settings that differ, figures, curves, and settings that go with success.

    Args:
        comparison: What was compared.
        shorten: Whether to cut long names and values, to fit them on a terminal.
        columns: Columns of the screen; None if there is none. Many runs are wrapped all the same.
    """
    count = len(comparison.runs)
    width = columns or (_PAPER if count > _LINES else _UNLIMITED)
    if count > _LINES:
        yield from many.lines(comparison, width, shorten)
        yield from _by_value(comparison, width, shorten)
    else:
        yield from _runs(comparison, width, shorten)
        yield from _settings(comparison, width, shorten)
        yield from _circumstances(comparison, width, shorten)
        yield from _figures(comparison, width, shorten)
        yield from _curves(comparison)
    yield from repeats.lines(comparison, width)
    yield from _success(comparison, width)
    if comparison.doubts:
        yield ()
    for doubt in comparison.doubts:
        yield from paragraph(("note", "bold"), f": {doubt}", width=width, hang=2)


def _runs(comparison: Comparison, width: int, shorten: bool) -> Iterator[Line]:
    """Yields a line a run: rate, how the loss moved, recall, verdict."""
    paths = [run.path for run in comparison.runs]
    names = short_names(paths) if shorten else paths
    found = zip(names, comparison.facts, comparison.diagnoses, strict=True)
    rows: list[tuple[Cell, ...]] = []
    for number, (name, facts, diagnosis) in enumerate(found, start=1):
        rate = "-" if facts.rate is None else f"{facts.rate:g}"
        judged = facts.judged
        recall = judged.short if judged else "-"
        verdict = (WORDS[diagnosis.verdict], STYLES[diagnosis.verdict])
        if comparison.runs[number - 1].is_preset:
            verdict = ("not trained", "dim")
        shown = shortened(name, min(_PATH, width // 3) if shorten else None)
        rows.append((str(number), shown, rate, moved(loss_change(facts)), recall, verdict))
    header = ("", "run", "rate", "loss change", "recall", "verdict")
    yield from table(header, rows, "rlrrrl", width if shorten else None)


def _settings(comparison: Comparison, width: int, shorten: bool) -> Iterator[Line]:
    if not comparison.settings:
        yield ()
        yield (("no setting differs", "bold"),)
        return
    rows = list(comparison.settings.items())
    count = len(comparison.runs)
    beside = list(_beside("settings that differ", rows, count, shorten))
    if count > _BESIDE or (shorten and max(map(width_of, beside)) > width):
        yield from _by_value(comparison, width, shorten)
        return
    yield ()
    yield from beside


def _by_value(comparison: Comparison, width: int, shorten: bool) -> Iterator[Line]:
    """Yields a paragraph a setting: its values, each with the runs that have it."""
    if not comparison.settings:
        return
    yield ()
    yield (("settings that differ, with the runs that have each value", "bold"),)
    shown = list(comparison.settings.items())
    for path, values in shown[:_SETTINGS] if shorten else shown:
        if path in SEEDS:
            yield (f"  {printable(path)}: {len({*values})} values; seeds are not tried below",)
            continue
        having: dict[str, list[int]] = {}
        for index, value in enumerate(values):
            having.setdefault(value, []).append(index)
        unknown = having.pop(UNKNOWN, None)
        texts = [
            f"{shortened(value, _VALUE if shorten else None)} ({_who(runs)})"
            for value, runs in sorted(having.items(), key=lambda item: -len(item[1]))
        ]
        texts += [f"not known ({_who(unknown)})"] if unknown else []
        text = _joined(texts, _VALUES if shorten else None)
        yield from paragraph(f"  {printable(path)}: {text}", width=width, hang=4)
    if shorten and len(shown) > _SETTINGS:
        yield (f"  and {len(shown) - _SETTINGS} more settings: --format json has all",)


def _who(runs: Sequence[int]) -> str:
    text = numbers(runs)
    return text if len(text) <= _LISTED else f"{len(runs)} runs"


def _joined(texts: Sequence[str], most: int | None) -> str:
    """Return texts in a line; of those beyond its length, the number."""
    kept: list[str] = []
    for text in texts:
        if kept and most is not None and len("; ".join([*kept, text])) > most:
            return f"{'; '.join(kept)}; and {len(texts) - len(kept)} more values"
        kept.append(text)
    return "; ".join(kept)


def _circumstances(comparison: Comparison, width: int, shorten: bool) -> Iterator[Line]:
    """Yields the data and the gradients of a few runs."""
    rows, count = list(comparison.circumstances.items()), len(comparison.runs)
    if not rows or count > _BESIDE:
        return
    yield ()
    beside = list(_beside("data and gradients", rows, count, shorten))
    if shorten and max(map(width_of, beside)) > width:
        yield (("data and gradients", "bold"),)
        yield from _one_by_one(rows, width)
    else:
        yield from beside


def _one_by_one(rows: Sequence[tuple[str, Sequence[str]]], width: int) -> Iterator[Line]:
    """Yields a paragraph for each name, with the value of each run."""
    for name, values in rows:
        parts = [f"{value} (run {number})" for number, value in enumerate(values, start=1)]
        yield from paragraph(f"  {printable(name)}: {'; '.join(parts)}", width=width, hang=4)


def _beside(
    title: str, rows: Sequence[tuple[str, Sequence[str]]], count: int, shorten: bool
) -> Iterator[Line]:
    """Yields a table with a column for each run."""
    most = _CELL if shorten else None
    header = (title, *(str(run + 1) for run in range(count)))
    cells = [(f"  {name}", *(shortened(v, most) for v in values)) for name, values in rows]
    yield from table(header, cells, "l" * len(header))


def _figures(comparison: Comparison, width: int, shorten: bool) -> Iterator[Line]:
    rows, count = comparison.rows, len(comparison.runs)
    if not rows:
        return
    yield ()
    if count > _BESIDE:
        yield (("best figures", "bold"),)
        for row in rows:
            yield from _best_of(row, width)
        return
    cells = [(row.name, [_cell(row, run) for run in range(count)]) for row in rows]
    beside = list(_beside("figures", cells, count, shorten=True))
    if shorten and max(map(width_of, beside)) > width:
        yield (("figures", "bold"),)
        yield from _one_by_one(cells, width)
    else:
        yield from beside
    if any(row.best is not None for row in rows):
        yield (many.MARKS,)


def _best_of(row: Row, width: int) -> Iterator[Line]:
    """Yield the best run by a figure, and those that are not clearly different."""
    if row.best is None:
        return
    tie = f"; not clearly different: run {numbers(row.close)}" if row.close else ""
    best = interval_text(row.figures[row.best])
    yield from paragraph(f"  {row.name}: {best} in run {row.best + 1}{tie}", width=width, hang=4)


def _cell(row: Row, run: int) -> str:
    mark = " *" if run == row.best else " ~" if run in row.close else ""
    return interval_text(row.figures[run]) + mark


def _curves(comparison: Comparison) -> Iterator[Line]:
    curves: dict[str, list[Series]] = {
        "loss": [facts.loss for facts in comparison.facts],
        "val_loss": [facts.val_loss for facts in comparison.facts],
        f"val {_measure(comparison)}": [facts.curve.values for facts in comparison.facts],
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


def _success(comparison: Comparison, width: int) -> Iterator[Line]:
    count = len(comparison.runs)
    if count < FEWEST:
        return
    yield ()
    if not comparison.factors:
        yield (NO_FACTORS,)
        return
    yield ((f"settings that go with {SUCCESS[comparison.achieved]}", "bold"),)
    shown = clearest(comparison.factors)[:_FACTORS]
    for factor in shown:
        yield from paragraph(f"  {_factor(factor, comparison.achieved)}", width=width, hang=4)
    if rest := len(comparison.factors) - len(shown):
        yield (f"  and {counted(rest, 'less clear division')}",)
    yield ()
    yield from paragraph(f"  {caveat(comparison.factors)}", width=width, hang=2)


def _factor(factor: Factor, achieved: str) -> str:
    ins, outs = factor.inside, factor.outside
    counts = f"{ins[0]} of {ins[1]} {achieved}, otherwise {outs[0]} of {outs[1]}"
    return f"{division(factor)}: {counts} (chance: {chance(factor)})"


def _measure(comparison: Comparison) -> str:
    """Return the measure by which the runs are judged; that of retrieval if they differ."""
    found = {facts.kind.measure for facts in comparison.facts}
    return found.pop() if len(found) == 1 else "recall"
