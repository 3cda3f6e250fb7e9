"""Whether fields are quoted: a quotation mark that only opens must not swallow rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from recgen.local.ingest.asked import AskedError
from recgen.local.ingest.content import Buffer, Text

Array: TypeAlias = Any
"""A numpy array."""

_CHUNK = 2**24  # bytes
_NEWLINE, _RETURN, _SPACE = 10, 13, 32
_ENDS = re.compile(rb"\r\n|\r|\n")
_MANY = 10  # lines of a field that all have as many delimiters as a row: no text has that


@dataclass(frozen=True)
class Quoting:
    """How fields are quoted.

    Attributes:
        mark: The quotation mark, or "" if fields are not quoted.
        escapes: Whether a backslash precedes quotation marks that belong to a field.
        rows: Number of rows with the header, if fields have line breaks in them; otherwise each
            line is a row.
    """

    mark: str
    escapes: bool = False
    rows: int | None = None


@dataclass(frozen=True)
class _Scan:
    """What is in quotation marks: offsets of line breaks, and of the first wrong field."""

    breaks: Array
    wrong: int | None = None


def quoting_of(
    text: Text, start: int, delimiter: str, width: int, mark: str, is_sure: bool
) -> Quoting:
    """Return how the fields of a text are quoted.

    Fields are read as unquoted if quotation marks in them are unbalanced and each line has as many
    fields as the header. Where both readings are possible, nothing is guessed.

    Args:
        text: The text.
        start: Offset of the header, or of the first row.
        delimiter: What separates fields, one ASCII character.
        width: Number of columns.
        mark: The quotation mark, or "" if fields are not quoted.
        is_sure: Whether fields are quoted for certain, as the config or the header says.

    Raises:
        RecgenError: Neither reading is consistent, or both are; the message names the line.
    """
    if not mark:
        return Quoting("")
    if text.buffer.find(mark.encode(), start) < 0:
        return Quoting(mark)
    separator, quote = ord(delimiter), ord(mark)
    scan = _strict(text.buffer, start, separator, quote)
    scan = scan or _scan(text.buffer, start, separator, quote, escapes=False)
    if scan.wrong is None:
        return _well_formed(text, start, separator, width, mark, scan, is_sure)
    escaped = _scan(text.buffer, start, separator, quote, escapes=True)
    if escaped.wrong is None:
        if _has_escapes(text.buffer, start, quote):
            lines = _Lines(text.buffer, start, separator)
            rows = lines.rows(escaped.breaks) if len(escaped.breaks) else None
            return Quoting(mark, escapes=True, rows=rows)
    elif not is_sure and _Lines(text.buffer, start, separator).are_rows:
        return Quoting("")
    raise AskedError(
        f"{text.path}, line {text.line_at(scan.wrong):,}: a field begins with {mark} and does not "
        f"end with it, so that following rows could become part of it",
        lambda say: (
            f"write a {mark} within a field as {mark}{mark}, or {say('quote', '')} if the file "
            "does not quote its fields"
        ),
    )


def _well_formed(
    text: Text, start: int, separator: int, width: int, mark: str, scan: _Scan, is_sure: bool
) -> Quoting:
    """Return the quoting of well-formed fields; line breaks in them must be no ends of rows."""
    if len(scan.breaks) == 0:
        return Quoting(mark)
    lines = _Lines(text.buffer, start, separator)
    doubtful, length = (None, 0) if is_sure else lines.first_doubt(scan.breaks, width)
    if doubtful is None:
        return Quoting(mark, rows=lines.rows(scan.breaks))
    if length >= _MANY and lines.are_rows:
        return Quoting("")
    raise AskedError(
        f"{text.path}, line {text.line_at(doubtful):,}: a field in quotation marks goes on in the "
        f"next line, but these lines could as well be rows of their own: each has {width} fields",
        lambda say: (
            f"{say('quote', mark)} if the field has a line break, or {say('quote', '')} if the "
            "file does not quote its fields"
        ),
    )


def _strict(buffer: Buffer, start: int, separator: int, quote: int) -> _Scan | None:
    """Return a scan if each quotation mark is at the edge of a field or doubled, else None.

    Then every second mark closes, which needs no loop.
    """
    import numpy as np

    data = np.frombuffer(buffer, np.uint8)
    edges = np.zeros(256, bool)
    edges[[separator, _NEWLINE, _RETURN, quote]] = True
    count, breaks = 0, []
    for begin in range(start, len(data), _CHUNK):
        part = data[begin : begin + _CHUNK]
        at = np.flatnonzero(part == quote) + begin
        opens = (np.arange(len(at)) + count) % 2 == 0
        before = np.where(at > start, data[at - 1], _NEWLINE)
        after = np.where(at + 1 < len(data), data[np.minimum(at + 1, len(data) - 1)], _NEWLINE)
        if not edges[np.where(opens, before, after)].all():
            return None
        ends = _breaks(data, begin)
        breaks.append(ends[(np.searchsorted(at, ends) + count) % 2 == 1])
        count += len(at)
    return _Scan(np.concatenate(breaks)) if count % 2 == 0 else None


def _breaks(data: Array, begin: int) -> Array:
    """Return the offsets of line ends in a chunk: of its LF, or of a CR without one."""
    import numpy as np

    part = data[begin : begin + _CHUNK]
    ends = part == _NEWLINE
    returns = np.flatnonzero(part == _RETURN)
    if len(returns):
        following = np.minimum(returns + begin + 1, len(data) - 1)
        ends[returns[data[following] != _NEWLINE]] = True
    return np.flatnonzero(ends) + begin


def _scan(buffer: Buffer, start: int, separator: int, quote: int, escapes: bool) -> _Scan:
    """Scan field by field: a mark within an unquoted field is a character like others."""
    import numpy as np

    breaks: list[int] = []
    wrong = None
    view, ends = memoryview(buffer), (separator, _NEWLINE, _RETURN)
    for begin, end, is_closed in _quoted(buffer, start, separator, quote, escapes):
        after = end
        while after < len(buffer) and buffer[after] == _SPACE:  # some write it after the mark
            after += 1
        is_good = is_closed and (after == len(buffer) or buffer[after] in ends)
        if wrong is None and not is_good:
            wrong = begin
        breaks += [begin + found.end() - 1 for found in _ENDS.finditer(view[begin:end])]
    return _Scan(np.array(breaks, np.int64), wrong)


def _quoted(
    buffer: Buffer, start: int, separator: int, quote: int, escapes: bool
) -> Iterator[tuple[int, int, bool]]:
    """Yield begin and end of each field that begins with a mark, and whether it is closed."""
    mark, edge = re.escape(bytes([quote])), re.escape(bytes([separator]))
    body = b"[^Q]*(?:QQ[^Q]*)*" if not escapes else rb"[^Q\\]*(?:(?:QQ|\\.)[^Q\\]*)*"
    pattern = rb"(?<![^E\r\n])Q" + body + b"(Q?)"
    field = re.compile(pattern.replace(b"Q", mark).replace(b"E", edge), re.DOTALL)
    for match in field.finditer(memoryview(buffer)[start:]):  # so that a BOM is not before it
        yield start + match.start(), start + match.end(), bool(match[1])


def _has_escapes(buffer: Buffer, start: int, quote: int) -> bool:
    """Return whether backslashes only precede quotation marks and backslashes."""
    escapes = re.compile(rb"\\(.?)", re.DOTALL)
    found = {match[1] for match in escapes.finditer(buffer, start)}
    return bytes([quote]) in found and found <= {bytes([quote]), b"\\"}


class _Lines:
    """The lines of a text, whatever is quoted.

    Attributes:
        ends: Offset of each line's end; the last may be the text's: int64, [lines].
        fields: Number of fields of each line: int64, [lines].
        is_empty: Whether a line has no character: bool, [lines].
    """

    def __init__(self, buffer: Buffer, start: int, separator: int) -> None:
        import numpy as np

        self._start = start
        data = np.frombuffer(buffer, np.uint8)
        ends, totals, seen = [], [], 0
        for begin in range(start, len(data), _CHUNK):
            found = _breaks(data, begin)
            counts = np.cumsum(data[begin : begin + _CHUNK] == separator)
            ends.append(found)
            totals.append(counts[found - begin] + seen)
            seen += int(counts[-1])
        if data[-1] not in (_NEWLINE, _RETURN):
            ends.append(np.array([len(data)]))
            totals.append(np.array([seen]))
        self.ends = np.concatenate(ends)
        self.fields = np.diff(np.concatenate(totals), prepend=0) + 1
        lengths = np.diff(self.ends, prepend=start - 1) - 1
        is_return = data[np.maximum(self.ends - 1, 0)] == _RETURN
        self.is_empty = (lengths == 0) | ((lengths == 1) & is_return)

    def rows(self, inner: Array) -> int:
        """Return the number of rows, given the line breaks that are within fields."""
        import numpy as np

        is_inner = np.isin(self.ends, inner)
        goes_on = np.concatenate([[False], is_inner[:-1]])
        return int((~is_inner & ~(self.is_empty & ~goes_on)).sum())

    @property
    def are_rows(self) -> bool:
        """Whether each line that is not empty has as many fields as the first, at least two."""
        width = self.fields[0]
        return bool(width > 1 and ((self.fields == width) | self.is_empty).all())

    def first_doubt(self, inner: Array, width: int) -> tuple[int | None, int]:
        """Return where lines begin that are one row by quotation marks, and several without.

        Args:
            inner: Offsets of the line breaks that are in quotation marks.
            width: Number of columns.

        Returns:
            The offset, or None, and the number of these lines.
        """
        import numpy as np

        is_inner = np.isin(self.ends, inner)
        goes_on = np.concatenate([[False], is_inner[:-1]])
        row = np.cumsum(~goes_on) - 1
        unlike = np.bincount(row, weights=self.fields != width)
        lengths = np.bincount(row)
        doubtful = np.flatnonzero((lengths > 1) & (unlike == 0))
        if len(doubtful) == 0:
            return None, 0
        line = int(np.searchsorted(row, doubtful[0]))
        begin = int(self.ends[line - 1]) + 1 if line else self._start
        return begin, int(lengths[doubtful[0]])
