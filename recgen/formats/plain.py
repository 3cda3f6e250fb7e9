"""Reports as JSON, for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable

from recgen.findings import Report


def as_json(reports: Iterable[Report]) -> str:
    """Returns a list with an object for each report, in ASCII: no terminal can misread it."""
    told = [
        {
            "source": report.source,
            "ok": report.ok,
            "findings": [finding.as_dict() for finding in report.findings],
            "ignored": [finding.as_dict() for finding in report.ignored],
        }
        for report in reports
    ]
    return json.dumps(told, indent=2, default=repr) + "\n"
