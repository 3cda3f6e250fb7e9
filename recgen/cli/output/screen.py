"""Lines that fit a screen: paragraphs, shortened cells, names in columns. Prints nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from recgen.cli.show import Segment
from recgen.cli.table import Line
from recgen.findings import printable

_GAP = 2


def paragraph(*parts: Segment | str, width: int, hang: int = 0) -> Iterator[Line]:
    """Yield a paragraph, wrapped between words; its first part may have a style.

    Args:
        parts: Texts; a text with a style is shorter than a line.
        width: Columns of the screen.
        hang: Spaces before each line but the first.
    """
    texts = [part if isinstance(part, str) else part[0] for part in parts]
    whole = "".join(texts)
    start = len(whole) - len(whole.lstrip())
    wrapped = textwrap.wrap(
        whole.strip(),
        max(width, 20),
        initial_indent=" " * start,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    first = parts[0]
    for number, line in enumerate(wrapped):
        if number == 0 and not isinstance(first, str) and line.startswith(first[0]):
            yield (first, line[len(first[0]) :])
        else:
            yield (line,)


def shortened(text: str, most: int | None) -> str:
    """Return a text in one line, cut in the middle if it is longer than that."""
    shown = printable(text)
    if most is None or len(shown) <= most:
        return shown
    end = most // 3
    return f"{shown[: most - end - 1]}…{shown[len(shown) - end :]}"


def columns(cells: Sequence[str], width: int, indent: int) -> Iterator[Line]:
    """Yield short texts in columns, row by row, as many beside each other as fit."""
    from rich.cells import cell_len  # slow to import

    widest = max(map(cell_len, cells), default=0) + _GAP
    beside = max((width - indent + _GAP) // widest, 1)
    for start in range(0, len(cells), beside):
        row = cells[start : start + beside]
        padded = (cell + " " * (widest - cell_len(cell)) for cell in row)
        yield (" " * indent + "".join(padded).rstrip(),)
