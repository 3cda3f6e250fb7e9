"""Reports as SARIF 2.1.0, for code scanning services and editors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, metadata, version
from textwrap import indent
from typing import Any

from recgen.edit import fixed
from recgen.findings import Finding, Report, printable
from recgen.formats.file_names import uri
from recgen.formats.markdown import anchor, rule_section
from recgen.reading.positions import Lines
from recgen.reading.sources import text_kind
from recgen.rules import RULES, Rule
from recgen.rules.page import Page

Plain = dict[str, Any]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_FIX_WORK = 1_000_000  # characters to edit, which takes seconds: 200 fixes in a config of 5 kB
_INDEX = {code: index for index, code in enumerate(RULES)}


def as_sarif(reports: Iterable[Report]) -> str:
    """Return a log in ASCII with one run: all rules and a result per finding."""
    results = [result for report in reports for result in _results(report)]
    driver = {"name": "recgen", **_version(), "rules": [_rule(rule) for rule in RULES.values()]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, default=repr) + "\n"


def _version() -> Plain:
    try:
        return {"version": version("recgen")}
    except PackageNotFoundError:  # a checkout that is not installed
        return {}


def _rule(rule: Rule) -> Plain:
    page = rule.page
    return {
        "id": rule.code,
        "shortDescription": _message(page.title),
        "fullDescription": _message(page.reason),
        "help": {
            "text": "\n\n".join(filter(None, [page.reason, _instead(page), page.remedy])),
            "markdown": rule_section(rule, title=False),
        },
        **_help_uri(rule),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _instead(page: Page) -> str:
    return f"Use instead:\n{indent(page.instead, '  ')}" if page.instead else ""


def _help_uri(rule: Rule) -> Plain:
    """Return the address of the rule's page, if the package metadata has that of the docs."""
    try:
        urls = metadata("recgen").get_all("Project-URL") or ()
    except PackageNotFoundError:
        return {}
    pages = [url for label, _, url in (each.partition(", ") for each in urls) if label == "Rules"]
    return {"helpUri": f"{pages[0]}#{anchor(rule)}"} if pages else {}


def _results(report: Report) -> Iterator[Plain]:
    """Yield a result per finding; in large files, only the first ones come with fixes."""
    fixes = _FIX_WORK // (len(report.text or "") + 1)
    for finding in (*report.findings, *report.ignored):
        result = _result(finding, report)
        if finding.fix and report.text is not None and report.source is not None and fixes > 0:
            fixes -= 1
            result |= _fixes(finding, report.text, report.source)
        yield result


def _result(finding: Finding, report: Report) -> Plain:
    text = " ".join(text for text in (f"{finding.message}.", finding.help) if text)
    return {
        "ruleId": finding.code,
        "ruleIndex": _INDEX[finding.code],
        "level": _LEVELS[finding.severity],
        "message": _message(text),
        "locations": [_location(finding, report)],
        "suppressions": _suppressions(finding),
    }


def _message(text: str) -> Plain:
    """Return a message without placeholders or links, whatever the config contains."""
    text = printable(text).replace("{", "{{").replace("}", "}}")
    return {"text": text.replace("](", "] (")}


def _location(finding: Finding, report: Report) -> Plain:
    location: Plain = {}
    if report.source is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri(report.source)},
            **_region(finding),
        }
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.path, "kind": "member"}]
    return location


def _region(finding: Finding) -> Plain:
    if finding.line is None:
        return {}
    ends = {"startColumn": finding.column, "endLine": finding.line, "endColumn": finding.end_column}
    known = {key: value for key, value in ends.items() if value is not None}
    return {"region": {"startLine": finding.line, **known}}


def _suppressions(finding: Finding) -> list[Plain]:
    """Return why a finding is ignored, as a list, since all results must have one or none."""
    if finding.ignored is None or finding.allowed:  # allowed findings stay visible
        return []
    return [{"kind": "inSource", "status": "accepted", "justification": finding.ignored}]


def _fixes(finding: Finding, text: str, source: str) -> Plain:
    """Return the change that the finding's fix makes to the text, as one replacement."""
    after, done = fixed(text, (finding,), text_kind(source), unsafe=True)
    if not done:
        return {}
    change = {
        "artifactLocation": {"uri": uri(source)},
        "replacements": [_replacement(text, after)],
    }
    return {"fixes": [{"description": _message(finding.help), "artifactChanges": [change]}]}


def _replacement(before: str, after: str) -> Plain:
    start = _shared(before, after)
    kept = _shared(before[start:][::-1], after[start:][::-1])
    lines = Lines(before)
    line, column, _ = lines.position(start)
    end_line, end_column, _ = lines.position(len(before) - kept)
    return {
        "deletedRegion": {
            "startLine": line,
            "startColumn": column,
            "endLine": end_line,
            "endColumn": end_column,
        },
        "insertedContent": {"text": after[start : len(after) - kept]},
    }


def _shared(one: str, other: str) -> int:
    """Return the length of the common prefix of two texts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
