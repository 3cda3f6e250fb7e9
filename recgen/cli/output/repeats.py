"""Lines of text of trainings that were repeated with other seeds. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.comparing import Comparison
from recgen.analysis.groups import numbers
from recgen.analysis.repeats import Repeats
from recgen.cli.output.screen import paragraph, shortened
from recgen.cli.table import Cell, Line, table
from recgen.findings import counted, printable

TITLE = "averages over seeds (mean ± standard deviation of so many runs)"
_SHOWN = 10  # configs
_LISTED = 12  # characters of the numbers of runs; more are counted
_VALUE = 24  # characters of a setting's value
_MANY = 6  # figures that are shown of a single config


def lines(comparison: Comparison, width: int) -> Iterator[Line]:
    """Yield the figures of configs that were trained with several seeds."""
    found = comparison.repeats
    if not found:
        return
    yield ()
    yield ((TITLE, "bold"),)
    names = [row.name for row in comparison.headlines if any(row.name in r.figures for r in found)]
    if len(found) == 1:
        yield from _single(found[0], names, width)
        return
    for name in names:
        best = sorted(found, key=lambda each: _mean(each, name), reverse=True)
        rows = [_cells(each, name) for each in best[:_SHOWN] if name in each.figures]
        yield from table(
            (f"  {name}", "least", "greatest", "n", "work", "runs"), rows, "lrrrrl", width
        )
    for each in found[:_SHOWN]:
        settings = "; ".join(
            f"{printable(path)} {shortened(value, _VALUE)}" for path, value in each.settings.items()
        )
        yield from paragraph(f"  runs {_which(each)}: {settings}", width=width, hang=4)
    if (rest := len(found) - _SHOWN) > 0:
        yield (f"  and {counted(rest, 'more config')}: --format json has all",)


def _single(each: Repeats, names: list[str], width: int) -> Iterator[Line]:
    """Yields the figures of the only config that was repeated, those of the headlines first."""
    order = [*names, *(name for name in each.figures if name not in names)]
    rows: list[tuple[Cell, ...]] = []
    for name in order[:_MANY]:
        spread = each.figures[name]
        ends = (f"{spread.low:.4f}", f"{spread.high:.4f}")
        rows.append((f"  {name}", spread.text, *ends, str(spread.count)))
    yield from table(("", "", "least", "greatest", "n"), rows, "lrrrr", width)
    yield (f"  {each.works} of {len(each.runs)} runs work ({_which(each)})",)


def _cells(each: Repeats, name: str) -> tuple[Cell, ...]:
    spread = each.figures[name]
    work = f"{each.works} of {len(each.runs)}"
    ends = (f"{spread.low:.4f}", f"{spread.high:.4f}")
    return (f"  {spread.text}", *ends, str(spread.count), work, _which(each))


def _which(each: Repeats) -> str:
    text = numbers(each.runs)
    return text if len(text) <= _LISTED else f"{numbers(each.runs[:2])}, …"


def _mean(each: Repeats, name: str) -> float:
    return each.figures[name].mean if name in each.figures else float("-inf")
