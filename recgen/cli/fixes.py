"""Fixes of `check --fix` for one config: rounds of fixing and checking. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recgen import write
from recgen.edit import fixed
from recgen.findings import Finding, Fix, RecgenError, Report, show
from recgen.reading.sources import TextKind, text_kind

_ROUNDS = 10  # a fix may reveal another problem that can be fixed, but not forever
_BOM = "\ufeff"
_EMPTY = "RG005"

Recheck = Callable[[str, TextKind, str], Report]  # text, kind and file name -> report


@dataclass(frozen=True)
class FixedConfig:
    """A config's text before its fixes, what they fixed, and the report on what is left."""

    before: str
    done: tuple[Finding, ...]
    report: Report

    @property
    def after(self) -> str:
        """The text after all fixes."""
        return self.report.text or ""


def apply_fixes(report: Report, recheck: Recheck, *, unsafe: bool) -> FixedConfig:
    """Return a config with the fixes of its report, applied until nothing more can be fixed.

    Args:
        report: The report on a config file.
        recheck: Returns the report on a new text of the file.
        unsafe: Whether to apply fixes that may change a model.
    """
    source, before = report.source or "", report.text or ""
    kind = text_kind(source)
    done: list[Finding] = []
    for _ in range(_ROUNDS):
        text, applied = fixed(report.text or "", report.findings, kind, unsafe)
        if not applied:
            break
        after = recheck(text, kind, source)
        if any(finding.code == _EMPTY for finding in after.findings):
            break  # nothing known is in the file, which may be another one than was meant
        done += applied
        report = after
    return FixedConfig(before, tuple(done), report)


def save(result: FixedConfig) -> None:
    """Replace a config file with its fixed text, completely or not at all.

    Raises:
        RecgenError: The file cannot be written, or it changed since it was read.
    """
    if not result.done:
        return
    config = Path(result.report.source or "")
    present = config.read_bytes().decode(errors="replace")
    if present.removeprefix(_BOM) != result.before:
        raise RecgenError(f"{config} changed while it was being checked", "run the command again")
    mark = _BOM if present.startswith(_BOM) else ""
    write.write_data((mark + result.after).encode(), config.resolve(), force=True)


def describe(finding: Finding) -> str:
    """Return a description of what the fix of a finding did."""
    steps = finding.fix.steps if finding.fix else ()
    paths = ("" if index == 0 else f"{step.path} " for index, step in enumerate(steps))
    return ", ".join(path + _step(step) for path, step in zip(paths, steps, strict=True))


def _step(fix: Fix) -> str:
    if fix.op == "remove":
        return "removed"
    return f"{'renamed' if fix.op == 'rename' else 'set'} to {show(fix.value)}"
