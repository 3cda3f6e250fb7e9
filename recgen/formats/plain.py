"""Reports as JSON, for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable

from recgen.findings import Report


def as_json(reports: Iterable[Report]) -> str:
    """Return a list with an object per report, in ASCII, which every terminal can show."""
    objects = [
        {
            "source": report.source,
            "ok": report.ok,
            "findings": [finding.as_dict() for finding in report.findings],
            "ignored": [finding.as_dict() for finding in report.ignored],
        }
        for report in reports
    ]
    return json.dumps(objects, indent=2, default=repr) + "\n"
