"""Result of a comparison: what breaks, where in both configs, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass

from recgen.changes.codes import CODES, HARMLESS
from recgen.findings import Finding, Place, Report, Severity, counted
from recgen.plan.levels import LEVELS, Level


@dataclass(frozen=True)
class Difference:
    """A difference of two configs and what it breaks at one level.

    Attributes:
        code: `RB…`, which `recgen explain` explains.
        level: `client`, `weights`, `transform` or `compare`; None if it breaks nothing.
        severity: `error`, `warning` or `info`.
        message: What differs, and what that breaks.
        help: What to do.
        old: Its place in the old config; that of what is around it if it is new.
        new: Its place in the new config, likewise.
    """

    code: str
    level: Level | None
    severity: Severity
    message: str
    help: str
    old: Place
    new: Place

    @property
    def finding(self) -> Finding:
        """The difference as a finding on the new config."""
        place = self.new
        return Finding(
            self.code,
            self.severity,
            place.path,
            self.message,
            self.help,
            place.line,
            place.column,
            end_column=place.end_column,
            before=self.old,
        )

    def as_dict(self) -> dict[str, object]:
        """Return the difference as plain JSON data."""
        return {
            "code": self.code,
            "level": self.level,
            "severity": self.severity,
            "message": self.message,
            "help": self.help,
            "old": self.old.as_dict(),
            "new": self.new.as_dict(),
        }


@dataclass(frozen=True)
class Breaking:
    """All differences of two configs, in the order of the new one.

    Attributes:
        differences: What differs, one entry for each level that it breaks, or one without a
            level.
        old: The name of the old config; None for a mapping.
        new: The name of the new one.
        text: The text of the new one, if it has one.
    """

    differences: tuple[Difference, ...]
    old: str | None = None
    new: str | None = None
    text: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is no error: nothing that is deployed breaks."""
        return not any(each.severity == "error" for each in self.differences)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels at which something breaks, notes not counted."""
        broken = {each.level for each in self.differences if each.severity != "info"}
        return tuple(level for level in LEVELS if level in broken)

    def of(self, level: Level | None) -> tuple[Difference, ...]:
        """Return the differences of a level, or the harmless ones."""
        return tuple(each for each in self.differences if each.level == level)

    @property
    def report(self) -> Report:
        """The differences as findings on the new config."""
        findings = tuple(each.finding for each in self.differences)
        return Report(findings, self.new, self.text)

    def summary(self) -> str:
        """Return the levels in words, such as `weights: 2 warnings; 1 harmless change`."""
        parts = []
        for level in LEVELS:
            words = Report(tuple(each.finding for each in self.of(level))).summary()
            parts += [f"{level}: {words}"] if self.of(level) else []
        harmless = len(self.of(None))
        parts += [counted(harmless, "harmless change")] if harmless else []
        return "; ".join(parts) or "no difference"

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain JSON data."""
        return {
            "old": self.old,
            "new": self.new,
            "ok": self.ok,
            "levels": list(self.levels),
            "differences": [each.as_dict() for each in self.differences],
        }


def severity_of(code: str, deployed: bool) -> Severity:
    """Return how bad a code is: an error only if clients use the old model."""
    found = CODES[code]
    is_warning = found.severity == "warning" and code != HARMLESS.code
    return "error" if is_warning and deployed and found.level == "client" else found.severity
