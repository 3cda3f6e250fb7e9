"""Findings on a config: a finding, its fix, and the report of all findings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Literal

from recgen.findings.words import Location, counted, join_path, printable

Severity = Literal["error", "warning", "info"]
FixOp = Literal["set", "remove", "rename"]


@dataclass(frozen=True, slots=True)
class Fix:
    """A mechanical change at `location`. `value` is the new value, or the new key.

    `set` also adds what is missing. A fix is `safe` if nobody could have meant anything else: it
    changes no model that could be trained before. `then` holds further steps of the same fix, in
    order: to move a value is to set it and then remove it.
    """

    location: Location
    op: FixOp
    value: object = None
    safe: bool = False
    then: tuple[Fix, ...] = ()

    @property
    def steps(self) -> tuple[Fix, ...]:
        """This fix and its further steps, in order."""
        return (replace(self, then=()), *self.then)

    @property
    def path(self) -> str:
        """The location as findings write it."""
        return join_path(self.location)

    def as_dict(self) -> dict[str, object]:
        """Return the fix as plain JSON data."""
        own = {"path": self.path, "op": self.op, "value": self.value, "safe": self.safe}
        return {**own, "then": [fix.as_dict() for fix in self.then]} if self.then else own


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a config.

    Attributes:
        source: The config's name as the user gave it; None for a mapping.
        path: The path of the value.
        line: Its line in the text, from 1; None without a text.
        column: Its column, from 1.
        end_column: One past its last character, on the same line.
    """

    source: str | None
    path: str
    line: int | None = None
    column: int | None = None
    end_column: int | None = None

    def __str__(self) -> str:
        """Return `file:line:column`, as far as it is known."""
        numbers = () if self.line is None else (str(self.line), str(self.column))
        return ":".join([self.source or "config", *numbers])

    def as_dict(self) -> dict[str, object]:
        """Return the place as plain JSON data."""
        return {
            "source": self.source,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, doubtful or worth knowing: where it is and what to do."""

    code: str
    severity: Severity
    path: str
    message: str
    help: str = ""
    line: int | None = None
    column: int | None = None
    fix: Fix | None = None
    allowed: bool = False  # an error that the user asked to treat as a warning
    end_column: int | None = None  # one past the last character, on the same line
    ignored: str | None = None  # the reason that a comment in the config gives for ignoring it
    before: Place | None = None  # of a difference: the place in the earlier config

    @property
    def place(self) -> tuple[str, int | None, int | None, int | None]:
        """Path, line, column and end column."""
        return self.path, self.line, self.column, self.end_column

    def as_dict(self) -> dict[str, object]:
        """Return the finding as plain JSON data."""
        return {
            "code": self.code,
            "severity": self.severity,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
            "message": self.message,
            "help": self.help,
            "fix": self.fix.as_dict() if self.fix else None,
            "ignored": self.ignored,
        }


@dataclass(frozen=True)
class Report:
    """All findings on one config.

    `source` is the file's name as given by the user, `text` its content, and `ignored` the
    findings that comments in it ignore.
    """

    findings: tuple[Finding, ...] = ()
    source: str | None = None
    text: str | None = field(default=None, repr=False)
    ignored: tuple[Finding, ...] = ()

    def __str__(self) -> str:
        """Return all findings and their number, as `recgen check` prints them."""
        from recgen.findings.text import format_text  # which needs reports itself

        return f"{format_text(self)}{printable(self.source or 'config')}: {self.summary()}"

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the config from being rendered."""
        return self._of("error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that deserve a second look."""
        return self._of("warning")

    @property
    def infos(self) -> tuple[Finding, ...]:
        """The findings that are only worth knowing."""
        return self._of("info")

    def _of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def field_errors(self) -> dict[str, str]:
        """Return `{path: message}`; several errors at one path are joined by `; `."""
        messages: dict[str, str] = {}
        for finding in self.errors:
            earlier = messages.get(finding.path)
            messages[finding.path] = f"{earlier}; {finding.message}" if earlier else finding.message
        return messages

    def warning_dicts(self) -> list[dict[str, object]]:
        """Return warnings and infos as plain JSON data.

        Keys: `type` and `code` (both are the code of the rule), `severity` (high, medium or low),
        `message`, `help`, `path` in the config, and `fix` (a mapping, or None).
        """
        return [_warning_dict(finding) for finding in self.findings if finding.severity != "error"]

    def allowing(self, codes: Collection[str]) -> Report:
        """Return the report with errors of these codes turned into warnings."""
        return replace(
            self,
            findings=tuple(
                (
                    replace(finding, severity="warning", allowed=True)
                    if finding.severity == "error" and finding.code in codes
                    else finding
                )
                for finding in self.findings
            ),
        )

    def without(self, codes: Collection[str]) -> Report:
        """Return the report without the findings of these codes."""
        return replace(
            self,
            findings=tuple(finding for finding in self.findings if finding.code not in codes),
            ignored=tuple(finding for finding in self.ignored if finding.code not in codes),
        )

    def fixable(self, *, unsafe: bool = False) -> tuple[Finding, ...]:
        """Return the findings with a safe fix; with `unsafe`, those with any fix."""
        return tuple(
            finding for finding in self.findings if finding.fix and (finding.fix.safe or unsafe)
        )

    def summary(self) -> str:
        """Return the counts in words, such as `2 errors, 1 warning`."""
        counts = {
            "error": len(self.errors),
            "warning": len(self.warnings),
            "note": len(self.infos),
        }
        parts = [counted(n, word) for word, n in counts.items() if n]
        ignored = f", {len(self.ignored)} ignored" if self.ignored else ""
        return (", ".join(parts) or "no findings") + ignored


def _warning_dict(finding: Finding) -> dict[str, object]:
    return {
        "type": finding.code,
        "severity": _level(finding),
        "message": finding.message,
        "code": finding.code,
        "path": finding.path,
        "help": finding.help,
        "fix": finding.fix.as_dict() if finding.fix else None,
    }


def _level(finding: Finding) -> str:
    if finding.allowed:
        return "high"
    return "medium" if finding.severity == "warning" else "low"
