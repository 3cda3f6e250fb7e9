"""What must hold whatever a user wrote: `check` says it, `load` and `render` raise the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from recgen.check import check, check_text
from recgen.cli.fixes import apply_fixes
from recgen.findings import ConfigError, Report, format_text
from recgen.generate import render
from recgen.reading import load
from recgen.rules import RULES


def assert_findings(report: Report) -> None:
    """Asserts that all is said in words that can be shown and sent on."""
    for finding in report.findings:
        assert finding.code in RULES
        assert finding.message
        assert (finding.line is None) == (finding.column is None)
        assert finding.line is None or (finding.line >= 1 and finding.column >= 1)
        json.dumps(finding.as_dict())
    assert format_text(report).isprintable() or "\n" in format_text(report)
    assert set(report.field_errors()) == {finding.path for finding in report.errors}
    assert len(report.warning_dicts()) == len(report.findings) - len(report.errors)


def assert_said(source: object, rendering: bool = True) -> None:
    """Asserts that checking returns, and that loading and rendering raise only what they should."""
    report = check(source)
    assert_findings(report)
    uses: list[Callable[[object], object]] = [load, render] if rendering else [load]
    for use in uses:
        try:
            use(source)
        except ConfigError as error:
            assert_findings(error.report)
            assert not report.ok
        else:
            assert report.ok or use is load  # which looks at the shape alone


def assert_file_said(path: Path) -> None:
    """Asserts the same of a file, and that fixing leaves it readable."""
    assert_said(path, rendering=False)  # what can be rendered is rendered as data
    report = check(path)
    fixed = apply_fixes(report, check_text, unsafe=True).report
    assert_findings(fixed)
    unreadable = {finding.code for finding in fixed.errors if finding.code < "RG010"}
    assert unreadable <= {finding.code for finding in report.errors}
