"""Reports as SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata, version
from typing import Any

from recgen.findings import Finding, Report, printable
from recgen.formats.markdown import anchor, rule_section
from recgen.formats.places import uri
from recgen.rules import RULES, Rule

Plain = dict[str, Any]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_INDEX = {code: index for index, code in enumerate(RULES)}


def as_sarif(reports: Iterable[Report]) -> str:
    """Returns a log with one run, in ASCII: all rules, and a result for each finding."""
    results = [
        _result(finding, report)
        for report in reports
        for finding in (*report.findings, *report.ignored)
    ]
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
    return {
        "id": rule.code,
        "shortDescription": _message(rule.title),
        "fullDescription": _message(rule.reason),
        "help": {
            "text": f"{rule.reason}\n\nUse instead: {rule.remedy}",
            "markdown": rule_section(rule, title=False),
        },
        **_help_uri(rule),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _help_uri(rule: Rule) -> Plain:
    """Returns where the rule's page is, if the package says where its documentation is."""
    try:
        urls = metadata("recgen").get_all("Project-URL") or ()
    except PackageNotFoundError:
        return {}
    pages = [url for label, _, url in (each.partition(", ") for each in urls) if label == "Rules"]
    return {"helpUri": f"{pages[0]}#{anchor(rule)}"} if pages else {}


def _result(finding: Finding, report: Report) -> Plain:
    text = " ".join(text for text in (f"{finding.message}.", finding.help) if text)
    return {
        "ruleId": finding.code,
        "ruleIndex": _INDEX[finding.code],
        "level": _LEVELS[finding.severity],
        "message": _message(text),
        "locations": [_location(finding, report)],
        "suppressions": _suppressions(finding, report),
    }


def _message(text: str) -> Plain:
    """Returns a message in which nothing is a placeholder or a link, whatever a config holds."""
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


def _suppressions(finding: Finding, report: Report) -> list[Plain]:
    """Returns why a finding is ignored: a list, since all results have one or none has."""
    if finding not in report.ignored:
        return []
    return [{"kind": "inSource", "status": "accepted", "justification": finding.ignored}]
