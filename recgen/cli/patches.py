"""What `diagnose --apply` does to one config: the steps of a patch, in its text. Prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recgen.analysis import Cause
from recgen.analysis.diagnosis import fixes
from recgen.check import check, check_text
from recgen.cli.fixes import Mended, save
from recgen.edit import fixed
from recgen.findings import Finding, RecgenError, Report
from recgen.reading.sources import text_kind

_BY_HAND = "change it by hand: `recgen diagnose` without --apply shows what"

_UNREADABLE = ("RG001", "RG002", "RG005")


@dataclass(frozen=True)
class Patched:
    """What became of a patch: the steps that were written, and those that could not be."""

    config: Path
    done: tuple[Finding, ...]
    left: tuple[Finding, ...]
    report: Report


def apply_patch(cause: Cause, config: Path) -> Patched:
    """Writes a cause's patch into a config: comments, order and quotes stay.

    Raises:
        RecgenError: The file cannot be read or written, or would have errors that it had not.
    """
    before = check(str(config))
    unreadable = [finding for finding in before.errors if finding.code in _UNREADABLE]
    if before.text is None or before.source is None or unreadable:
        problem = (*unreadable, *before.findings)[0]
        raise RecgenError(f"{config}: {problem.message}", problem.help)
    kind = text_kind(before.source)
    steps = [_finding(cause, number) for number in range(len(cause.patch or {}))]
    text, done = fixed(before.text, steps, kind, unsafe=True)
    after = check_text(text, kind, before.source) if done else before
    known = {(finding.code, finding.path) for finding in before.errors}
    for finding in after.errors:
        if (finding.code, finding.path) not in known:
            told = f"the patch would give {config} an error: {finding.message}"
            raise RecgenError(told, _BY_HAND)
    save(Mended(before.text, done, after))
    return Patched(config, done, tuple(step for step in steps if step not in done), after)


def _finding(cause: Cause, number: int) -> Finding:
    """Returns a step of a patch in the form that edits of configs take."""
    step = fixes(cause.patch or {})[number]
    return Finding(cause.code, "info", step.path, cause.title, cause.help, fix=step)
