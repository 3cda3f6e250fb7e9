"""Reports as SARIF 2.1.0, for code scanning services and editors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, metadata, version
from textwrap import indent
from typing import Any

from recgen.edit import fixed
from recgen.findings import Finding, Place, Report, printable
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


def as_sarif(reports: Iterable[Report], rules: Sequence[Plain] | None = None) -> str:
    """Return a log in ASCII with one run: all rules and a result per finding.

    Args:
        reports: The reports.
        rules: What the codes mean, as `described` returns it; by default, all rules.
    """
    if rules is None:
        rules = [_rule(rule) for rule in RULES.values()]
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    results = [result for report in reports for result in _results(report, places)]
    driver = {"name": "recgen", **_version(), "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, default=repr) + "\n"


def described(code: str, title: str, text: str, markdown: str, severity: str) -> Plain:
    """Return what a code means, as a rule of SARIF."""
    return {
        "id": code,
        "shortDescription": _message(title),
        "fullDescription": _message(text),
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


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


def _results(report: Report, places: Mapping[str, int]) -> Iterator[Plain]:
    """Yield a result per finding; in large files, only the first ones come with fixes."""
    fixes = _FIX_WORK // (len(report.text or "") + 1)
    for finding in (*report.findings, *report.ignored):
        result = _result(finding, report, places[finding.code])
        if finding.fix and report.text is not None and report.source is not None and fixes > 0:
            fixes -= 1
            result |= _fixes(finding, report.text, report.source)
        yield result


def _result(finding: Finding, report: Report, place: int) -> Plain:
    text = " ".join(text for text in (f"{finding.message}.", finding.help) if text)
    return {
        "ruleId": finding.code,
        "ruleIndex": place,
        "level": _LEVELS[finding.severity],
        "message": _message(text),
        "locations": [_location(Place(report.source, *finding.place))],
        **_before(finding),
        "suppressions": _suppressions(finding),
    }


def _before(finding: Finding) -> Plain:
    """Return where a difference is in the earlier config."""
    if finding.before is None:
        return {}
    message = _message("before")
    return {"relatedLocations": [{"id": 1, "message": message, **_location(finding.before)}]}


def _message(text: str) -> Plain:
    """Return a message without placeholders or links, whatever the config contains."""
    text = printable(text).replace("{", "{{").replace("}", "}}")
    return {"text": text.replace("](", "] (")}


def _location(place: Place) -> Plain:
    location: Plain = {}
    if place.source is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri(place.source)},
            **_region(place),
        }
    if place.path:
        location["logicalLocations"] = [{"fullyQualifiedName": place.path, "kind": "member"}]
    return location


def _region(place: Place) -> Plain:
    if place.line is None:
        return {}
    ends = {"startColumn": place.column, "endLine": place.line, "endColumn": place.end_column}
    known = {key: value for key, value in ends.items() if value is not None}
    return {"region": {"startLine": place.line, **known}}


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
