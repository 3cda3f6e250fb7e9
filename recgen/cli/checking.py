"""Commands about findings: what is wrong in a config, and why a rule exists."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

import recgen
from recgen.cli import show
from recgen.cli.app import Allow, app
from recgen.findings import RecgenError


class Format(str, Enum):
    """How findings are printed."""

    text = "text"
    json = "json"


@app.command()
def check(
    configs: Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="YAML or JSON files.")],
    format: Annotated[Format, typer.Option(help="How to print the findings.")] = Format.text,
    allow: Allow = [],  # noqa: B006 (typer copies it)
) -> None:
    """Say what is wrong or doubtful in configs."""
    reports = [recgen.check(str(config), allow=allow) for config in configs]
    if format is Format.json:
        told = [
            {"source": r.source, "ok": r.ok, "findings": [f.as_dict() for f in r.findings]}
            for r in reports
        ]
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for report in reports:
            show.findings(report, sys.stdout)
            style = "green" if report.ok else "red"
            show.line((f"{report.source}: {report.summary()}", style))
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


@app.command()
def explain(code: Annotated[str, typer.Argument(metavar="RGnnn")]) -> None:
    """Say why a rule exists, and what to do about it."""
    from difflib import get_close_matches

    from recgen.rules import RULES

    rule = RULES.get(code.upper())
    if rule is None:
        close = get_close_matches(code.upper(), RULES, n=1)
        raise RecgenError(
            f"there is no rule {code!r}",
            f"Did you mean {close[0]}?" if close else f"There are: {', '.join(RULES)}",
        )
    show.line((f"{rule.code} {rule.title}", "bold"), f" ({rule.severity})")
    show.title("Why is this bad?")
    show.paragraph(rule.reason)
    show.title("Example")
    show.verbatim(f"  {line}" for line in rule.example.splitlines())
    show.title("Use instead")
    show.paragraph(rule.remedy)
    if rule.allowable:
        show.line()
        show.paragraph(f"Render all the same, as an experiment: --allow {rule.code}", indent=0)
