"""Tables in lines of text, laid out by rich. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recgen.cli.show import Segment
from recgen.findings import printable

Cell = Segment | str
Line = tuple[Cell, ...]
"""The parts of a line."""

_GAP = 2  # columns on the screen between two cells
_UNLIMITED = 100_000


def table(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], align: str, width: int | None = None
) -> Iterator[Line]:
    """Yield a table's lines; where it is wider than the width, each row as a list of its cells.

    Args:
        header: The columns' names; if all are empty, there is no line for them.
        rows: Cells, as many as the header has; an empty cell has nothing to say.
        align: A letter for each column, `l` or `r`: to which side it is aligned.
        width: Columns on the screen; None if it does not matter.
    """
    found = [_without_blanks(line) for line in _lines(header, rows, align)]
    if width is None or max(map(width_of, found), default=0) <= width:
        yield from found
        return
    for row in rows:
        yield from _as_list(header, row)


def width_of(line: Line) -> int:
    """Return the columns on the screen that a line takes."""
    from rich.cells import cell_len  # slow to import

    return sum(cell_len(part if isinstance(part, str) else part[0]) for part in line)


def _lines(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], align: str
) -> Iterator[list[Segment]]:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    grid.show_header = any(header)
    for name, side in zip(header, align, strict=True):
        shown = Text(printable(name))
        grid.add_column(shown, justify="right" if side == "r" else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(text, style) for text, style in map(_segment, row)))
    for line in Console(width=_UNLIMITED).render_lines(grid, pad=False) if rows else ():
        yield [(part.text, str(part.style or "")) for part in line]


def _segment(cell: Cell) -> Segment:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return printable(text), style


def _without_blanks(line: list[Segment]) -> tuple[Segment, ...]:
    """Return a line without what is blank at its end."""
    while line and not line[-1][0].strip():
        line.pop()
    if line:
        text, style = line.pop()
        line.append((text.rstrip(), style))
    return tuple(line)


def _as_list(header: Sequence[str], row: Sequence[Cell]) -> Iterator[Line]:
    first, *others = map(_segment, row)
    yield (first,)
    for name, cell in zip(header[1:], others, strict=True):
        if cell[0]:
            yield ((f"  {printable(name)}: ", ""), cell)
