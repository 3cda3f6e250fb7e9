"""Rewrites a config of an older dialect in today's form, as text. Writes no file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recgen.edit import edit
from recgen.edit.draft import same
from recgen.findings import ConfigError, Finding, RecgenError, Report
from recgen.reading import Document, Parsed, parse, read
from recgen.reading.dialects import modernize
from recgen.reading.sources import read_text, text_kind


@dataclass(frozen=True)
class Upgrade:
    """A config's text before and after, and what was changed; no changes, and it is the same."""

    before: str
    after: str
    changes: tuple[Finding, ...]


def upgrade(source: str) -> Upgrade:
    """Returns the text of a config file in today's form; comments and order are kept.

    Raises:
        ConfigError: It cannot be read, or says the same in both forms with different values.
        RecgenError: It is written in a way that cannot be changed in its place.
    """
    parsed = parse(read(source))
    document = parsed.document
    if errors := tuple(_in_the_way(parsed)):
        raise ConfigError(Report(errors, document.source, document.text))
    before = document.text or ""
    kind = text_kind(source)
    fixes = [finding.fix for finding in document.findings if finding.fix]
    after = edit(before, fixes, kind)
    _verify(document, modernize(read_text(after, kind, source)))
    return Upgrade(before, after, document.findings)


def _in_the_way(parsed: Parsed) -> Iterator[Finding]:
    """Yields what keeps a config from being rewritten; other errors are as good afterwards."""
    for finding in parsed.findings:
        is_whole = not finding.path  # such as a feature config alone, without an experiment
        if finding.severity == "error" and (is_whole or finding in parsed.document.findings):
            yield finding


def _verify(meant: Document, written: Document) -> None:
    """Refuses a text that is not what was read before: no setting may get lost."""
    for finding in written.findings:
        at = f"{finding.path}, line {finding.line}"
        message = f"{at} cannot be rewritten in its place: {finding.message}"
        raise RecgenError(message, "Write out what has an anchor or an alias, and try again.")
    if not same(written.data, meant.data):
        message = "the rewritten text would not mean the same"
        raise RecgenError(message, "Nothing was changed; rewrite it by hand.")
