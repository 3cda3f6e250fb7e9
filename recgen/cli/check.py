"""Command `check`: finds problems in configs, and fixes them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import IO, Annotated

import typer

import recgen
from recgen.check import check_text, left_out
from recgen.cli import show
from recgen.cli.app import Allow, Features, Model, app
from recgen.data.profile import OpensProfile
from recgen.findings import RecgenError, Report
from recgen.findings.text import head
from recgen.reading.sources import TextKind
from recgen.reading.stored import read_stored
from recgen.write import diff_texts

_CODES = "codes or prefixes, such as RG2,RG301; repeatable."


class Format(str, Enum):
    """Formats of findings."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


@app.command()
def check(
    configs: Annotated[
        list[Path], typer.Argument(metavar="CONFIG", help="YAML or JSON files.", show_default=False)
    ] = [],  # noqa: B006 (typer copies it)
    format: Annotated[Format, typer.Option(help="Format of the findings.")] = Format.text,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also compare with data: a file, folder or pattern."),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Apply safe fixes.")] = False,
    unsafe_fixes: Annotated[
        bool, typer.Option("--unsafe-fixes", help="Also apply fixes that may change a model.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing, but show what --fix would change.")
    ] = False,
    select: Annotated[
        list[str], typer.Option(metavar="CODES", help=f"Report only these {_CODES}")
    ] = [],  # noqa: B006 (typer copies it)
    ignore: Annotated[
        list[str], typer.Option(metavar="CODES", help=f"Do not report these {_CODES}")
    ] = [],  # noqa: B006
    allow: Allow = [],  # noqa: B006
    features: Features = None,
    model: Model = None,
) -> None:
    """Find errors and doubtful settings in configs."""
    if unsafe_fixes and not (fix or diff):
        raise RecgenError("--unsafe-fixes has no effect alone", "add --fix, or --diff to see them")
    checker = _Checker(left_out(_split(select), _split(ignore)), _profile(data), allow)
    if (fix or diff) and (features is not None or model is not None):
        raise RecgenError("stored configs cannot be fixed", "change them where they are stored")
    if not configs and features is None and model is None:
        raise RecgenError("no config is named", "name a file, or give --features and --model")
    reports = [checker.check(config) for config in configs]
    if features is not None or model is not None:
        reports.append(checker.check_stored(features, model))
    if diff:
        stale = [_show_fixes(report, checker, unsafe_fixes) for report in reports]
        raise typer.Exit(1 if any(stale) else 0)
    if fix:
        stream = sys.stdout if format is Format.text else sys.stderr
        reports = [_fix(report, checker, unsafe_fixes, stream) for report in reports]
    _print(reports, format)
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


@dataclass(frozen=True)
class _Checker:
    """Options of the check, which apply to each config."""

    dropped: Collection[str]
    profile: OpensProfile | None
    allow: Collection[str]

    def check(self, config: Path) -> Report:
        """Return the report on a file."""
        report = recgen.check(str(config), profile=self.profile, allow=self.allow)
        return report.without(self.dropped)

    def check_stored(self, features: Path | None, model: Path | None) -> Report:
        """Return the report on a feature and a model config as a database stores them."""
        found = read_stored(features, model)
        for note in found.notes:
            show.line(note, stream=sys.stderr)
        sections = {name: found.experiment.get(name) for name in ("features", "model")}
        if None not in sections.values():
            report = recgen.check(found.experiment, profile=self.profile, allow=self.allow)
        else:
            report = recgen.check(**sections, profile=self.profile, allow=self.allow)
        source = " and ".join(str(path) for path in (features, model) if path)
        return replace(report, source=source).without(self.dropped)

    def check_text(self, text: str, kind: TextKind, source: str) -> Report:
        """Return the report on a new text for a file."""
        report = check_text(text, kind, source, profile=self.profile, allow=self.allow)
        return report.without(self.dropped)


def _split(given: Iterable[str]) -> list[str]:
    return [code.strip() for codes in given for code in codes.split(",")]


def _profile(data: Path | None) -> OpensProfile | None:
    if data is None:
        return None
    from recgen.local.profile import profile_opener  # imports pyarrow

    return profile_opener(data)


def _fix(report: Report, checker: _Checker, unsafe: bool, stream: IO[str]) -> Report:
    """Fix a config and return the report on what is left."""
    from recgen.cli import fixes

    result = fixes.apply_fixes(report, checker.check_text, unsafe=unsafe)
    fixes.save(result)
    for finding in result.done:
        place, _, _ = head(finding, report.source)
        done = f" {finding.code} {finding.path}: {fixes.describe(finding)}"
        show.line((place, "dim"), ("fixed", "bold green"), done, stream=stream)
    return result.report


def _show_fixes(report: Report, checker: _Checker, unsafe: bool) -> bool:
    """Show what `--fix` would change in a config; return whether it would change anything."""
    from recgen.cli import fixes

    result = fixes.apply_fixes(report, checker.check_text, unsafe=unsafe)
    show.diff(diff_texts(result.before, result.after, str(report.source), str(report.source)))
    if result.done:
        count = len(result.done)
        show.line((f"{report.source}: {count} fixable", "yellow"), stream=sys.stderr)
    return bool(result.done)


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
    """Return how many findings `--fix` would fix, in words."""
    safe = len(report.fixable())
    unsafe = len(report.fixable(unsafe=True)) - safe
    if safe and unsafe:
        return f"; {safe} fixable with --fix, {unsafe} more with --unsafe-fixes"
    if unsafe:
        return f"; {unsafe} fixable with --fix --unsafe-fixes"
    return f"; {safe} fixable with --fix" if safe else ""
