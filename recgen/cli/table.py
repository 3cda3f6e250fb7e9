"""Tables in lines of text that fit into a width. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recgen.findings import printable
from recgen.findings.text import columns_of

_GAP = "  "


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yields a table's lines; where it is wider than the width, each row as a list of its cells.

    Args:
        header: The columns' names. All columns but the first are aligned to the right.
        rows: Cells, as many as the header has; an empty cell has nothing to say.
        width: Columns on the screen.
    """
    cells = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(columns_of, column)) for column in zip(*cells, strict=True)]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        yield from _as_lists(cells)
        return
    for row in cells:
        first, *others = zip(row, widths, strict=True)
        line = [first[0] + " " * (first[1] - columns_of(first[0]))]
        line += [" " * (size - columns_of(cell)) + cell for cell, size in others]
        yield _GAP.join(line).rstrip()


def _as_lists(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    names, *rows = cells
    longest = max(map(columns_of, names[1:]), default=0)
    for row in rows:
        yield row[0]
        for name, cell in zip(names[1:], row[1:], strict=True):
            if cell:
                yield f"{_GAP}{name}{' ' * (longest - columns_of(name))}{_GAP}{cell}"
