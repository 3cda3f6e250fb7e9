"""Reports as GitHub Actions workflow commands, which annotate the changed lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recgen.findings import Finding, Report, printable
from recgen.formats.file_names import relative

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def as_github(reports: Iterable[Report]) -> str:
    """Return one line per finding."""
    lines = (_line(finding, report.source) for report in reports for finding in report.findings)
    return "".join(f"{line}\n" for line in lines)


def _line(finding: Finding, source: str | None) -> str:
    properties = ",".join(f"{key}={value}" for key, value in _properties(finding, source))
    before = f"before: {finding.before}" if finding.before else ""
    texts = (finding.message, before, finding.help)
    message = "\n".join(printable(text) for text in texts if text)
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(message)}"


def _properties(finding: Finding, source: str | None) -> Iterator[tuple[str, str]]:
    if source is not None:
        yield "file", _property(relative(source))
    if finding.line is not None:
        yield "line", str(finding.line)
        yield "endLine", str(finding.line)
    if finding.column is not None:
        yield "col", str(finding.column)
    if finding.end_column is not None:
        yield "endColumn", str(finding.end_column)
    yield "title", _property(f"{finding.code} {finding.path}".rstrip())


def _data(text: str) -> str:
    """Escape characters that end a message, as GitHub's toolkit does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape characters that end a property."""
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
