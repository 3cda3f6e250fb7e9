"""What `check --fix` does to one config: rounds of fixing and checking. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recgen import write
from recgen.edit import fixed
from recgen.findings import Finding, Fix, RecgenError, Report, show
from recgen.reading.sources import TextKind, text_kind

_ROUNDS = 10  # a fix may show what another fix can mend, but not without end
_BOM = "\ufeff"

Recheck = Callable[[str, TextKind, str], Report]  # a text, what it is, and its file's name


@dataclass(frozen=True)
class Mended:
    """A config's text before its fixes, what they mended, and the report on what is left."""

    before: str
    done: tuple[Finding, ...]
    report: Report

    @property
    def after(self) -> str:
        """The text with all fixes."""
        return self.report.text or ""


def mend(report: Report, recheck: Recheck, *, unsafe: bool) -> Mended:
    """Returns what the fixes of a report make of its config, until nothing more can be fixed.

    Args:
        report: On a config that was read from a file.
        recheck: Returns the report on another text of the file.
        unsafe: Whether to use fixes that may change a model.
    """
    source, before = report.source or "", report.text or ""
    kind = text_kind(source)
    done: list[Finding] = []
    for _ in range(_ROUNDS):
        text, mended = fixed(report.text or "", report.findings, kind, unsafe)
        if not mended:
            break
        done += mended
        report = recheck(text, kind, source)
    return Mended(before, tuple(done), report)


def save(mended: Mended) -> None:
    """Writes a mended config in place of the old one, as a whole or not at all.

    Raises:
        RecgenError: The file cannot be written, or it changed since it was read.
    """
    if not mended.done:
        return
    config = Path(mended.report.source or "")
    present = config.read_bytes().decode(errors="replace")
    if present.removeprefix(_BOM) != mended.before:
        raise RecgenError(f"{config} changed while it was checked", "run the command again")
    mark = _BOM if present.startswith(_BOM) else ""
    write.write_data((mark + mended.after).encode(), config.resolve(), force=True)


def what_was_done(finding: Finding) -> str:
    """Returns in words what the fix of a finding did."""
    steps = finding.fix.steps if finding.fix else ()
    places = ("" if index == 0 else f"{step.path} " for index, step in enumerate(steps))
    return ", ".join(place + _step(step) for place, step in zip(places, steps, strict=True))


def _step(fix: Fix) -> str:
    if fix.op == "remove":
        return "removed"
    return f"{'renamed' if fix.op == 'rename' else 'set'} to {show(fix.value)}"
