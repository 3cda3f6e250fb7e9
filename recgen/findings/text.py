"""Findings as text: a line that tools can read, the place in the file, and what to do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

from recgen.findings.report import Finding, Report
from recgen.findings.words import printable

WIDTH = 100  # columns of an excerpt where there is no terminal
_GUTTER = 5  # digits of a line number, as in GCC's messages
_TAB = "    "
_CUT = "…"
# What ends a line in YAML 1.2, and so counts for a finding's line, unlike in `str.splitlines`.
_LINE_END = re.compile(r"\r\n|[\n\r]")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line of the config and the carets below it, each split into the margin and the rest."""

    margin: str
    line: str
    below: str
    carets: str


def format_text(report: Report) -> str:
    """Return all findings as text.

    A finding begins with `file:line:column: severity code path: message`. The line of the file,
    with the place marked, and the help follow, indented.
    """
    lines: list[str] = []
    source = source_lines(report)
    for finding in report.findings:
        lines.append("".join(head(finding, report.source)))
        excerpt = excerpt_of(finding, source)
        if excerpt:
            lines += [excerpt.margin + excerpt.line, excerpt.below + excerpt.carets]
        lines += [f"  {note}" for note in notes(finding)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def head(finding: Finding, source: str | None) -> tuple[str, str, str]:
    """Return the first line of a finding in three parts, with severity and code in the second."""
    at = (finding.line, finding.column) if finding.line is not None else ()
    place = ":".join([source or "config", *(str(number) for number in at)])
    path = f" {finding.path}" if finding.path else ""
    mark = f"{finding.severity} {finding.code}"
    return printable(f"{place}: "), mark, printable(f"{path}: {finding.message}")


def notes(finding: Finding) -> Iterator[str]:
    """Yield the notes below a finding: what was, what to do, and why an error is allowed."""
    if finding.before is not None:
        yield printable(f"before: {finding.before} {finding.before.path}".rstrip())
    if finding.help or finding.fix:
        fixable = "" if finding.fix is None else " [fix]" if finding.fix.safe else " [unsafe fix]"
        yield printable(f"help: {finding.help}".rstrip() + fixable)
    if finding.ignored is not None:
        yield printable(f"allowed in the config: {finding.ignored}")


def sentence(finding: Finding) -> str:
    """Return a finding on one line, without its place: what is wrong, its code, what to do."""
    help = f": {finding.help}" if finding.help else ""
    return printable(f"{finding.message} ({finding.code}){help}")


def source_lines(report: Report) -> Sequence[str]:
    """Return the lines of the config's text; none if it is not known."""
    return _LINE_END.split(report.text) if report.text is not None else ()


def excerpt_of(finding: Finding, lines: Sequence[str], width: int = WIDTH) -> Excerpt | None:
    """Return the line that a finding is about, cut around the place if it is too long.

    Args:
        finding: A finding with or without a position.
        lines: All lines of the text.
        width: Columns on the screen, including the margin.
    """
    if finding.line is None or finding.column is None or not 0 < finding.line <= len(lines):
        return None
    line = lines[finding.line - 1]
    start = min(finding.column - 1, len(line))
    end = max(finding.end_column - 1 if finding.end_column else 0, start + 1)
    margin = f"{finding.line:>{_GUTTER}} | "
    left, marked, right = _window(line, start, end, max(width - len(margin), 12))
    below = " " * (len(margin) - 2) + "| " + " " * columns_of(left)
    return Excerpt(margin, left + marked + right, below, "^" * max(columns_of(marked), 1))


def _window(line: str, start: int, end: int, room: int) -> tuple[str, str, str]:
    """Return what is shown of a line before, in and after a place, within `room` columns."""
    # A character takes at least one column, so whatever is further away than `room` is not shown.
    before = [_shown(character) for character in reversed(line[max(start - room, 0) : start])]
    after = [_shown(character) for character in line[start : start + room]]
    marked = min(columns_of("".join(after[: end - start])), room - 2)
    left = _fitting(before, room - marked - (end < len(line)))
    if len(left) < start:
        behind = min(columns_of("".join(after[end - start :])), (room - marked) // 2)
        left = [*_fitting(before, room - marked - behind - 2), _CUT]
    spare = room - columns_of("".join(left))
    right = _fitting(after, spare)
    if len(right) < len(line) - start:
        right = [*_fitting(after, spare - 1), _CUT]
    length = end - start
    return "".join(reversed(left)), "".join(right[:length]), "".join(right[length:])


def _fitting(pieces: Sequence[str], room: int) -> list[str]:
    """Return as many of the first pieces as fit into `room` columns."""
    ends = accumulate(map(columns_of, pieces))
    return list(pieces[: sum(1 for end in takewhile(lambda end: end <= room, ends))])


def _shown(text: str) -> str:
    return printable(text.replace("\t", _TAB))


def columns_of(text: str) -> int:
    """Return the number of terminal columns that a text takes."""
    return sum(map(_width_of, text))


def _width_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):  # drawn over the character before
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
