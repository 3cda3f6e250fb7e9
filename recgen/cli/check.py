"""The command that says what is wrong in a config, and mends it."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Annotated

import typer

import recgen
from recgen.check import check_text, left_out
from recgen.cli import show
from recgen.cli.app import Allow, app
from recgen.data.profile import Profile
from recgen.findings import RecgenError, Report
from recgen.findings.text import head
from recgen.reading.sources import TextKind
from recgen.write import diff_texts

Codes = Annotated[
    list[str],
    typer.Option(metavar="CODES", help="Codes or their beginnings, as in RG2,RG301; repeatable."),
]


class Format(str, Enum):
    """How findings are printed."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


@app.command()
def check(
    configs: Annotated[list[Path], typer.Argument(metavar="CONFIG", help="YAML or JSON files.")],
    format: Annotated[Format, typer.Option(help="How to print the findings.")] = Format.text,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare with a CSV or Parquet file, too.")
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write what is safe to mend.")] = False,
    unsafe_fixes: Annotated[
        bool, typer.Option("--unsafe-fixes", help="With --fix: mend also what may change a model.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what --fix would change.")
    ] = False,
    select: Codes = [],  # noqa: B006 (typer copies it)
    ignore: Codes = [],  # noqa: B006
    allow: Allow = [],  # noqa: B006
) -> None:
    """Say what is wrong or doubtful in configs."""
    if unsafe_fixes and not (fix or diff):
        raise RecgenError("--unsafe-fixes does nothing alone", "add --fix, or --diff to see them")
    question = _Question(left_out(_split(select), _split(ignore)), _profile(data), allow)
    reports = [question.ask(config) for config in configs]
    if diff:
        stale = [_show_fixes(report, question, unsafe_fixes) for report in reports]
        raise typer.Exit(1 if any(stale) else 0)
    if fix:
        told = sys.stdout if format is Format.text else sys.stderr
        reports = [_fix(report, question, unsafe_fixes, told) for report in reports]
    _print(reports, format)
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


@dataclass(frozen=True)
class _Question:
    """What to ask about each config."""

    dropped: Collection[str]
    profile: Profile | None
    allow: Collection[str]

    def ask(self, config: Path) -> Report:
        """Returns the report on a file."""
        report = recgen.check(str(config), profile=self.profile, allow=self.allow)
        return report.without(self.dropped)

    def ask_again(self, text: str, kind: TextKind, source: str) -> Report:
        """Returns the report on what a file would hold."""
        report = check_text(text, kind, source, profile=self.profile, allow=self.allow)
        return report.without(self.dropped)


def _split(given: Iterable[str]) -> list[str]:
    return [code.strip() for codes in given for code in codes.split(",")]


def _profile(data: Path | None) -> Profile | None:
    if data is None:
        return None
    from recgen.local.profile import read_profile  # brings pyarrow

    return read_profile(data)


def _fix(report: Report, question: _Question, unsafe: bool, told: IO[str]) -> Report:
    """Fixes a config and returns the report on what is left."""
    from recgen.cli import fixes

    mended = fixes.mend(report, question.ask_again, unsafe=unsafe)
    fixes.save(mended)
    for finding in mended.done:
        place, _, _ = head(finding, report.source)
        done = f" {finding.code} {finding.path}: {fixes.what_was_done(finding)}"
        show.line((place, "dim"), ("fixed", "bold green"), done, stream=told)
    return mended.report


def _show_fixes(report: Report, question: _Question, unsafe: bool) -> bool:
    """Shows what `--fix` would change in a config, and says whether that is anything."""
    from recgen.cli import fixes

    mended = fixes.mend(report, question.ask_again, unsafe=unsafe)
    show.diff(diff_texts(mended.before, mended.after, str(report.source), str(report.source)))
    if mended.done:
        count = len(mended.done)
        show.line((f"{report.source}: {count} fixable", "yellow"), stream=sys.stderr)
    return bool(mended.done)


def _print(reports: list[Report], format: Format) -> None:
    if format is Format.text:
        for report in reports:
            show.findings(report, sys.stdout)
            style = "green" if report.ok else "red"
            show.line((f"{report.source}: {report.summary()}", style), _fixable(report))
        return
    from recgen import formats

    writers = {
        Format.json: formats.as_json,
        Format.sarif: formats.as_sarif,
        Format.github: formats.as_github,
    }
    sys.stdout.write(writers[format](reports))


def _fixable(report: Report) -> str:
    """Returns how many findings `--fix` would mend, in words."""
    safe = len(report.fixable())
    unsafe = len(report.fixable(unsafe=True)) - safe
    if safe and unsafe:
        return f"; {safe} fixable with --fix, {unsafe} more with --unsafe-fixes"
    if unsafe:
        return f"; {unsafe} fixable with --fix --unsafe-fixes"
    return f"; {safe} fixable with --fix" if safe else ""
