"""Errors for problems that a user can fix."""

from __future__ import annotations

from dataclasses import replace

from recgen.findings.report import Report
from recgen.findings.text import format_text
from recgen.findings.words import counted


class RecgenError(Exception):
    """A problem of usage, environment or data that the user can fix; never a bug of recgen."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message, help)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        """Return the message and, on a line of its own, what to do."""
        return f"{self.message}\n  help: {self.help}" if self.help else self.message


class ArgumentError(RecgenError, TypeError):
    """An argument of a Python function is of a kind that it does not take."""


class ConfigError(RecgenError, ValueError):
    """The config has errors; `report` contains all of them."""

    def __init__(self, report: Report) -> None:
        count = len(report.errors)
        super().__init__(f"the config has {counted(count, 'error')}")
        self.report = report

    def __reduce__(self) -> tuple[type[ConfigError], tuple[Report]]:
        """Return what pickle makes it of again: another process may have raised it."""
        return type(self), (self.report,)

    def __str__(self) -> str:
        """Return all errors as `recgen check` prints them."""
        return format_text(replace(self.report, findings=self.report.errors)).rstrip("\n")
