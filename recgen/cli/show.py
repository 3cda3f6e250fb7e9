"""Puts text on the screen: plain lines for pipes and files, color and word wrap for a terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import IO

from recgen.findings import RecgenError, Report, format_text, printable
from recgen.findings.text import excerpt_of, head, notes, source_lines

Segment = tuple[str, str]
"""Text and its style, in the words of rich."""

_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold blue"}
_DIFF = {"+": "green", "-": "red", "@": "cyan"}
_WIDTH = 80  # of paragraphs where there is no terminal


def line(
    *segments: Segment | str,
    stream: IO[str] | None = None,
    indent: int = 0,
    wrap: bool = True,
) -> None:
    """Prints a line; on a terminal it is colored, and wrapped between words.

    Args:
        segments: The parts; text alone has no style.
        stream: Where to; None is stdout.
        indent: Spaces before it, also before what is wrapped.
        wrap: Whether a terminal's width matters.
    """
    stream = stream or sys.stdout
    parts = [(part, "") if isinstance(part, str) else part for part in segments]
    parts = [(printable(text), style) for text, style in parts if text]
    if parts and stream.isatty():
        _line_on_terminal(parts, stream, indent, wrap)
    else:
        print(" " * indent + "".join(text for text, _ in parts), file=stream)


def _line_on_terminal(parts: Sequence[Segment], stream: IO[str], indent: int, wrap: bool) -> None:
    from rich.console import Console  # slow to import
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    text = Text.assemble(*parts, overflow="fold")
    for wrapped in text.wrap(console, max(console.width - indent, 20)) if wrap else [text]:
        wrapped.rstrip()
        console.print(Text(" " * indent) + wrapped, soft_wrap=True)


def title(text: str) -> None:
    """Prints the title of a section, below what is above."""
    line()
    line((text, "bold"))


def paragraph(text: str, indent: int = 2) -> None:
    """Prints running text, wrapped."""
    if sys.stdout.isatty():
        line(text, indent=indent)
        return
    for wrapped in textwrap.wrap(text, _WIDTH - indent):
        line(wrapped, indent=indent)


def findings(report: Report, stream: IO[str]) -> None:
    """Prints all findings, as `format_text` words them; on a terminal within its width."""
    if not stream.isatty():
        stream.write(format_text(report))
        return
    lines, width = source_lines(report), shutil.get_terminal_size().columns
    for finding in report.findings:
        style = _STYLES[finding.severity]
        place, mark, message = head(finding, report.source)
        line((place, "dim"), (mark, style), message, stream=stream)
        excerpt = excerpt_of(finding, lines, width)
        if excerpt:
            line((excerpt.margin, "blue"), excerpt.line, stream=stream, wrap=False)
            line((excerpt.below, "blue"), (excerpt.carets, style), stream=stream, wrap=False)
        for note in notes(finding):
            line(note, stream=stream, indent=2)


def error(problem: RecgenError) -> None:
    """Prints what is wrong, and what to do about it, to stderr."""
    line(("error", "bold red"), f": {problem.message}", stream=sys.stderr)
    if problem.help:
        line(f"help: {problem.help}", stream=sys.stderr, indent=2)


def diff(text: str) -> None:
    """Prints a unified diff, as it is."""
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for each in text.split("\n")[:-1]:
        shown = Text(printable(each.expandtabs()), _DIFF.get(each[:1], ""))
        console.print(shown, soft_wrap=True)  # as it is: a diff has no other line breaks


def lines(texts: Iterable[str]) -> None:
    """Prints lines, on a terminal wrapped below their indentation."""
    for text in texts:
        shown = text.lstrip()
        line(shown, indent=len(text) - len(shown))


def table(rows: Iterable[Sequence[Segment | str]], indent: int = 0, wrap: bool = False) -> None:
    """Prints a table's lines; on a terminal they are wrapped only if that is asked for."""
    for parts in rows:
        line(*parts, indent=indent, wrap=wrap)


def verbatim(texts: Iterable[str]) -> None:
    """Prints lines that must not be wrapped, such as commands to copy."""
    for text in texts:
        print(printable(text))
