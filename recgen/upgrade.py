"""Rewrites a config of an older dialect in today's form, as text. Writes no file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from recgen.edit import edit
from recgen.edit.draft import same
from recgen.findings import ConfigError, Finding, RecgenError, Report
from recgen.reading import Document, Parsed, parse, read
from recgen.reading.dialects import modernize
from recgen.reading.document import problem
from recgen.reading.sources import TextKind, read_text, text_document, text_kind


@dataclass(frozen=True)
class Upgrade:
    """A config before and after, and what was changed; without changes, both are the same.

    Attributes:
        before: The text as it was; of a mapping, its YAML text.
        after: The text in today's form.
        changes: What was changed, as findings.
        data: The config in today's form, as plain data.
    """

    before: str
    after: str
    changes: tuple[Finding, ...]
    data: Mapping[str, object]


def upgrade_file(path: str) -> Upgrade:
    """Return a config file in today's form; comments and order are kept.

    Raises:
        ConfigError: It cannot be read, or says the same in both forms with different values.
        RecgenError: It is written in a way that cannot be changed in its place.
    """
    return _upgraded(read(path), text_kind(path))


def upgrade_text(text: str, kind: TextKind = "yaml") -> Upgrade:
    """Return the text of a config in today's form; it raises what `upgrade_file` does."""
    return _upgraded(text_document(text, kind), kind)


def upgrade_mapping(source: Mapping[str, object]) -> Upgrade:
    """Return a config as plain data in today's form.

    Raises:
        ConfigError: It is not plain data, or says the same in both forms with different values.
    """
    from recgen.reading.yaml_writer import write_yaml  # slow to import

    document = _sound(read(source))
    try:
        json.dumps(dict(source), allow_nan=False)
        before, after = write_yaml(dict(source)), write_yaml(dict(document.data))
    except (TypeError, ValueError, RecursionError) as error:
        help = "Pass mappings, lists, text, numbers, true, false and null."
        found = problem("RG001", f"the mapping is not plain data: {error}", help)
        raise ConfigError(Report((found,))) from error
    return Upgrade(before, after, document.findings, document.data)


def _upgraded(given: Document, kind: TextKind) -> Upgrade:
    document = _sound(given)
    before = document.text or ""
    fixes = [finding.fix for finding in document.findings if finding.fix]
    after = edit(before, fixes, kind)
    _verify(document, modernize(read_text(after, kind, document.source)))
    return Upgrade(before, after, document.findings, document.data)


def _sound(given: Document) -> Document:
    """Return the document in today's form, if nothing keeps it from being rewritten."""
    parsed = parse(given)
    document = parsed.document
    if errors := tuple(_in_the_way(parsed)):
        raise ConfigError(Report(errors, document.source, document.text))
    return document


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
