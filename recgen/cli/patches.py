"""Patches of `diagnose --apply`, written into the text of one config. Prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recgen.analysis import Cause
from recgen.analysis.diagnosis import fixes
from recgen.check import check, check_text
from recgen.cli.fixes import FixedConfig, save
from recgen.edit import fixed
from recgen.findings import Finding, RecgenError, Report
from recgen.reading.sources import text_kind

_BY_HAND = "change it by hand; `recgen diagnose` without --apply shows the patch"

_UNREADABLE = ("RG001", "RG002", "RG005")


@dataclass(frozen=True)
class Patched:
    """Result of a patch: the steps that were written, and those that could not be."""

    config: Path
    done: tuple[Finding, ...]
    left: tuple[Finding, ...]
    report: Report


def apply_patch(cause: Cause, config: Path) -> Patched:
    """Write a cause's patch into a config; comments, order and quotes are kept.

    Raises:
        RecgenError: The file cannot be read or written, or the patch would add errors to it.
    """
    before = check(str(config))
    unreadable = [finding for finding in before.errors if finding.code in _UNREADABLE]
    if before.text is None or before.source is None or unreadable:
        first = (*unreadable, *before.findings)[0]
        raise RecgenError(f"{config}: {first.message}", first.help)
    kind = text_kind(before.source)
    steps = [_finding(cause, number) for number in range(len(cause.patch or {}))]
    text, done = fixed(before.text, steps, kind, unsafe=True)
    if text == before.text:  # the config says all of it already
        return Patched(config, (), tuple(steps), before)
    after = check_text(text, kind, before.source) if done else before
    known = {(finding.code, finding.path) for finding in before.errors}
    for finding in after.errors:
        if (finding.code, finding.path) not in known:
            problem = f"the patch would cause an error in {config}: {finding.message}"
            raise RecgenError(problem, _BY_HAND)
    save(FixedConfig(before.text, done, after))
    return Patched(config, done, tuple(step for step in steps if step not in done), after)


def _finding(cause: Cause, number: int) -> Finding:
    """Return a step of a patch as a finding with a fix."""
    step = fixes(cause.patch or {})[number]
    return Finding(cause.code, "info", step.path, cause.title, cause.help, fix=step)
