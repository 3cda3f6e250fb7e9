"""Findings on a config, and the errors that recgen raises. Does not depend on configs."""

from recgen.findings.errors import ArgumentError, ConfigError, RecgenError
from recgen.findings.report import Finding, Fix, FixOp, Place, Report, Severity
from recgen.findings.text import format_text, sentence
from recgen.findings.words import (
    Location,
    PathPart,
    counted,
    install,
    join_path,
    kind_of,
    percent,
    printable,
    show,
)

__all__ = [
    "ArgumentError",
    "ConfigError",
    "Finding",
    "Fix",
    "FixOp",
    "Location",
    "PathPart",
    "Place",
    "RecgenError",
    "Report",
    "Severity",
    "counted",
    "format_text",
    "install",
    "join_path",
    "kind_of",
    "percent",
    "printable",
    "sentence",
    "show",
]
