"""The quotation mark around the fields of delimited text, found from its first lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recgen.findings import RecgenError

USUAL, SINGLE = '"', "'"
_OTHERS = ("``", "“”", "„“", "«»", "\u2018\u2019", "\u00b4\u00b4")
_WRAPPED = 0.9  # of the lines
_ENOUGH = 3  # lines or values; fewer are no evidence

Record = Sequence[str]


def mark_of(path: Path, lines: Sequence[str], columns: Sequence[Record]) -> str:
    """Return the mark in which fields are written.

    Args:
        path: The file, for messages.
        lines: The first lines of the table.
        columns: The fields of these lines by column, if they are split without quotation marks.

    Raises:
        RecgenError: It is a mark that no reader of CSV takes for one.
    """
    if _are_wrapped(lines, SINGLE * 2) or any(_is_wrapped(each, SINGLE * 2) for each in columns):
        return SINGLE
    other = next((pair for pair in _OTHERS if _are_wrapped(lines, pair)), None)
    if other is not None:
        begin, end = other[0], other[1]
        both = begin if begin == end else f"{begin} and {end}"
        raise RecgenError(
            f"{path}: the fields are written in {both}, which are no quotation marks of CSV",
            f"write them in the usual ones: sed 's/[{begin}{end}]/\"/g' OLD > NEW",
        )
    return USUAL


def _are_wrapped(lines: Sequence[str], pair: str) -> bool:
    """Return whether nearly all lines begin and end with a mark, or the first one does."""
    wrapped = [_has(line, pair) for line in lines]
    return len(lines) > 1 and (wrapped[0] or sum(wrapped[1:]) >= _WRAPPED * len(wrapped[1:]))


def _is_wrapped(values: Record, pair: str) -> bool:
    """Return whether all values of a column, which are no names, are in a mark."""
    known = [value.strip() for value in values[1:] if value.strip()]
    return len(known) >= _ENOUGH and all(_has(value, pair) for value in known)


def _has(text: str, pair: str) -> bool:
    return len(text) > 1 and text[0] == pair[0] and text[-1] == pair[1]
