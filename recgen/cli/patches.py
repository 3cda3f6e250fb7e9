"""Patches of `diagnose --apply` for one config: which is next, and writing it. Prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recgen.analysis import Cause
from recgen.analysis.diagnosis import fixes
from recgen.check import check, check_text
from recgen.cli.fixes import FixedConfig, save
from recgen.edit import fixed
from recgen.edit.aliases import written_out
from recgen.findings import Finding, Location, RecgenError, Report
from recgen.reading.document import UnreadableError
from recgen.reading.sources import TextKind, read_text, text_kind

_BY_HAND = "change it by hand; `recgen diagnose` without --apply shows the patch"
_UNREADABLE = ("RG001", "RG002", "RG005")


@dataclass(frozen=True)
class NextPatch:
    """The next patch for a config.

    Attributes:
        before: The config's text.
        earlier: The codes of causes whose patches are in it already.
        cause: The cause whose patch is next; None if all patches are in it.
        done: The steps that can be written.
        left: The steps that cannot.
        kept: The steps that would undo an earlier patch, which stays.
        report: The report on the config with the patch.
    """

    before: str
    earlier: tuple[str, ...]
    cause: Cause | None
    done: tuple[Finding, ...]
    left: tuple[Finding, ...]
    kept: tuple[Finding, ...]
    report: Report

    def write(self) -> None:
        """Write the patch; comments, order and quotes are kept.

        Raises:
            RecgenError: The file cannot be written, or it changed since it was read.
        """
        save(FixedConfig(self.before, self.done, self.report))


def next_patch(causes: Sequence[Cause], config: Path, diagnosed: Report | None) -> NextPatch:
    """Return the first of the causes' patches that is not in a config yet.

    Args:
        causes: The causes, the likeliest first.
        config: The file.
        diagnosed: The report on the run's own config, to which indices of patches refer.

    Raises:
        RecgenError: The file cannot be read, or the patch would add errors to it.
    """
    before = check(str(config))
    unreadable = [finding for finding in before.errors if finding.code in _UNREADABLE]
    if before.text is None or before.source is None or unreadable:
        first = (*unreadable, *before.findings)[0]
        raise RecgenError(f"{config}: {first.message}", first.help)
    kind = text_kind(before.source)
    set_before: set[Location] = set()
    earlier: list[str] = []
    for cause in causes:
        steps = [_finding(cause, number) for number in range(len(cause.patch or {}))]
        kept = [step for step in steps if _is_within(step, set_before)]
        wanted = [step for step in steps if step not in kept]
        same = [step for step in wanted if _is_same_item(step, before, diagnosed)]
        text, done = _fixed(before.text, same, kind)
        left = tuple(step for step in wanted if step not in done)
        is_blocked = any(step in left and not _is_done(step, before) for step in same)
        if text != before.text or is_blocked:
            after = before if is_blocked and not done else _checked(text, kind, before, config)
            codes = tuple(earlier)
            return NextPatch(before.text, codes, cause, done, left, tuple(kept), after)
        set_before |= {step.fix.location for step in steps if step.fix}
        earlier += [cause.code] if steps else []
    return NextPatch(before.text, tuple(earlier), None, (), (), (), before)


def _fixed(text: str, steps: Sequence[Finding], kind: TextKind) -> tuple[str, tuple[Finding, ...]]:
    """Return a text with steps applied, and those that were: what YAML aliases share, too."""
    edited, done = fixed(text, steps, kind, unsafe=True)
    apart = written_out(text) if kind == "yaml" and len(done) < len(steps) else None
    if apart is not None:
        again = fixed(apart, steps, kind, unsafe=True)
        if len(again[1]) > len(done):
            return again
    return edited, done


def _is_done(step: Finding, target: Report) -> bool:
    """Return whether a config has what a step would set, or not what it would remove."""
    fix = step.fix
    if fix is None:
        return True
    now = _at(target, fix.location)
    return now is None if fix.op == "remove" else bool(now == fix.value)


def _checked(text: str, kind: TextKind, before: Report, config: Path) -> Report:
    """Return the report on a patched text, which must not have more errors than before."""
    after = check_text(text, kind, before.source or "")
    known = {(finding.code, finding.path) for finding in before.errors}
    for finding in after.errors:
        if (finding.code, finding.path) not in known:
            problem = f"the patch would cause an error in {config}: {finding.message}"
            raise RecgenError(problem, _BY_HAND)
    return after


def _is_within(step: Finding, places: set[Location]) -> bool:
    """Return whether a step changes what an earlier patch has set, or a part of it."""
    place = step.fix.location if step.fix else ()
    return any(place[: len(known)] == known for known in places)


def _is_same_item(step: Finding, target: Report, diagnosed: Report | None) -> bool:
    """Return whether an item to remove is the one of the config that was diagnosed.

    In another config, or once it is removed, another item may be at its index.
    """
    fix = step.fix
    if fix is None or fix.op != "remove" or diagnosed is None or diagnosed.text == target.text:
        return True
    return _at(target, fix.location) == _at(diagnosed, fix.location)


def _at(report: Report, place: Location) -> object:
    """Return the value at a place of a config; None if there is none."""
    try:
        value = read_text(report.text or "", text_kind(report.source or "")).data
        for key in place:
            value = value[key]
    except (UnreadableError, LookupError, TypeError):
        return None
    return value


def _finding(cause: Cause, number: int) -> Finding:
    """Return a step of a patch as a finding with a fix."""
    step = fixes(cause.patch or {})[number]
    return Finding(cause.code, "info", step.path, cause.title, cause.help, fix=step)
