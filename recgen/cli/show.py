"""Terminal output: colors and word wrap on a terminal, plain lines in pipes and files."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import IO

from recgen.findings import RecgenError, Report, format_text, printable
from recgen.findings.text import excerpt_of, head, notes, source_lines

Segment = tuple[str, str]
"""Text and its style, as rich names it."""

_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold blue"}
_DIFF = {"+": "green", "-": "red", "@": "cyan"}
_WIDTH = 80  # of paragraphs without a terminal


def line(
    *segments: Segment | str,
    stream: IO[str] | None = None,
    indent: int = 0,
    wrap: bool = True,
) -> None:
    """Print a line, colored and wrapped between words on a terminal.

    Args:
        segments: The parts; a plain string has no style.
        stream: The stream; None means stdout.
        indent: Spaces before each line.
        wrap: Whether to wrap at the terminal's width.
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
    """Print the title of a section, after an empty line."""
    line()
    line((text, "bold"))


def paragraph(text: str, indent: int = 2) -> None:
    """Print a wrapped paragraph."""
    if sys.stdout.isatty():
        line(text, indent=indent)
        return
    for wrapped in textwrap.wrap(text, _WIDTH - indent):
        line(wrapped, indent=indent)


def findings(report: Report, stream: IO[str]) -> None:
    """Print all findings in the format of `format_text`, fitted to the terminal."""
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
    """Print a problem and its help to stderr."""
    line(("error", "bold red"), f": {problem.message}", stream=sys.stderr)
    if problem.help:
        line(f"help: {problem.help}", stream=sys.stderr, indent=2)


def diff(text: str) -> None:
    """Print a unified diff, unwrapped."""
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for each in text.split("\n")[:-1]:
        shown = Text(printable(each.expandtabs()), _DIFF.get(each[:1], ""))
        console.print(shown, soft_wrap=True)  # a diff must not have other line breaks


def lines(texts: Iterable[str]) -> None:
    """Print lines; on a terminal, wrapped parts keep the indentation."""
    for text in texts:
        shown = text.lstrip()
        line(shown, indent=len(text) - len(shown))


def table(rows: Iterable[Sequence[Segment | str]], indent: int = 0, wrap: bool = False) -> None:
    """Print a table's lines; a terminal wraps them only if that is asked for."""
    for parts in rows:
        line(*parts, indent=indent, wrap=wrap)


def verbatim(texts: Iterable[str]) -> None:
    """Print lines that must not be wrapped, such as commands to copy."""
    for text in texts:
        print(printable(text))
