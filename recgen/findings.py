"""What recgen has to say about a config, and the errors it raises. Knows nothing of configs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

Severity = Literal["error", "warning", "info"]
PathPart = str | int
Location = tuple[PathPart, ...]
FixOp = Literal["set", "remove", "rename"]

_SHOWN = 60  # characters of a value in a message: enough to recognize it, too few to flood


@dataclass(frozen=True, slots=True)
class Fix:
    """A mechanical mend: what to do at `location`. `value` is the new value, or the new key.

    `set` also adds what is not there yet. A fix is `safe` when nobody could have meant anything
    else: it changes no model that could be trained before. `then` is what else belongs to the same
    mend, in this order: what is moved is set and then removed.
    """

    location: Location
    op: FixOp
    value: object = None
    safe: bool = False
    then: tuple[Fix, ...] = ()

    @property
    def steps(self) -> tuple[Fix, ...]:
        """This fix and what belongs to it, one by one."""
        return (replace(self, then=()), *self.then)

    @property
    def path(self) -> str:
        """The location as findings write it."""
        return join_path(self.location)

    def as_dict(self) -> dict[str, object]:
        """Returns the fix as plain JSON data."""
        own = {"path": self.path, "op": self.op, "value": self.value, "safe": self.safe}
        return {**own, "then": [fix.as_dict() for fix in self.then]} if self.then else own


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, doubtful or worth knowing, where it is, and what to do."""

    code: str
    severity: Severity
    path: str
    message: str
    help: str = ""
    line: int | None = None
    column: int | None = None
    fix: Fix | None = None
    allowed: bool = False  # an error that the user asked to have as a warning
    end_column: int | None = None  # one past the last character, on the same line

    def as_dict(self) -> dict[str, object]:
        """Returns the finding as plain JSON data."""
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
        }


@dataclass(frozen=True)
class Report:
    """All findings on one config.

    `source` is the file's name as the user gave it, `text` what stands in it.
    """

    findings: tuple[Finding, ...] = ()
    source: str | None = None
    text: str | None = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        """Says whether there is no error; warnings do not count."""
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
        """Returns `{path: message}`; several errors at one path are joined by `; `."""
        messages: dict[str, str] = {}
        for finding in self.errors:
            earlier = messages.get(finding.path)
            messages[finding.path] = f"{earlier}; {finding.message}" if earlier else finding.message
        return messages

    def warning_dicts(self) -> list[dict[str, str]]:
        """Returns warnings and infos as `{"type", "severity": "high|medium|low", "message"}`."""
        return [
            {"type": finding.code, "severity": _level(finding), "message": finding.message}
            for finding in self.findings
            if finding.severity != "error"
        ]

    def allowing(self, codes: Collection[str]) -> Report:
        """Returns the report with the errors of these codes turned into warnings."""
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

    def summary(self) -> str:
        """Returns the counts in words, such as `2 errors, 1 warning`."""
        counts = {
            "error": len(self.errors),
            "warning": len(self.warnings),
            "note": len(self.infos),
        }
        parts = [f"{n} {word}{'' if n == 1 else 's'}" for word, n in counts.items() if n]
        return ", ".join(parts) or "no findings"


class RecgenError(Exception):
    """A problem of usage, environment or data that the user can mend; never a bug of ours."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        """Returns the message and, on a line of its own, what to do."""
        return f"{self.message}\n  help: {self.help}" if self.help else self.message


class ConfigError(RecgenError, ValueError):
    """The config has errors; `report` holds all of them."""

    def __init__(self, report: Report) -> None:
        count = len(report.errors)
        super().__init__(f"the config has {count} error{'' if count == 1 else 's'}")
        self.report = report

    def __str__(self) -> str:
        """Returns all errors as `recgen check` prints them."""
        return format_text(replace(self.report, findings=self.report.errors)).rstrip("\n")


def format_text(report: Report) -> str:
    """Returns one line a finding, `file:line:column: severity code path: message`, and its help."""
    lines: list[str] = []
    for finding in report.findings:
        at = (finding.line, finding.column) if finding.line is not None else ()
        place = ":".join([report.source or "config", *(str(number) for number in at)])
        head = f"{finding.severity} {finding.code} {finding.path}".rstrip()
        lines.append(f"{place}: {head}: {finding.message}")
        if finding.help:
            lines.append(f"  help: {finding.help}")
    return "".join(f"{printable(line)}\n" for line in lines)


def join_path(parts: Iterable[PathPart]) -> str:
    """Returns `buyer_model_features[2].transforms`; a key that is no identifier is quoted."""
    text = ""
    for part in parts:
        if isinstance(part, str) and part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{show(part)}]"
    return text


def show(value: object) -> str:
    """Returns a value for a message: short, printable on every terminal, whatever it holds."""
    if value is None or isinstance(value, (bool, float)):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**_SHOWN else "a number with too many digits"
    if isinstance(value, str):
        text = str(value)
        return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"
    return kind_of(value)


def kind_of(value: object) -> str:
    """Returns what a value is, in the words of a config: `a list`, `a mapping`, `text`."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        ((list, tuple), "a list"),
        (dict, "a mapping"),
        (type(None), "nothing (null)"),
    )
    for types, words in kinds:
        if isinstance(value, types):
            return words
    return f"an object of type {type(value).__name__}"


def _level(finding: Finding) -> str:
    if finding.allowed:
        return "high"
    return "medium" if finding.severity == "warning" else "low"


def printable(text: str) -> str:
    """Escapes what a terminal would act on: line breaks, escape sequences, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
