"""Command `breaking`: what a change of config invalidates."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import app
from recgen.cli.check import Format

_HELP = "A config, a run directory, or git:REVISION:path."


@app.command()
def breaking(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_HELP, show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help=_HELP, show_default=False)],
    deployed: Annotated[
        bool,
        typer.Option(
            "--deployed", help="Clients use a model of OLD: what breaks them is an error."
        ),
    ] = False,
    format: Annotated[Format, typer.Option(help="Format of the differences.")] = Format.text,
) -> None:
    """Say what a change of config invalidates."""
    from recgen.changes import breaking as compared

    found = compared(old, new, deployed)
    if format is Format.text:
        show.findings(found.report, sys.stdout)
        style = "green" if found.ok else "red"
        show.line((f"{found.old} to {found.new}: {found.summary()}", style))
    elif format is Format.json:
        print(json.dumps(found.as_dict(), indent=2))
    else:
        from recgen import formats
        from recgen.changes.sources import file_of

        report = replace(found.report, source=file_of(found.new))
        is_sarif = format is Format.sarif
        text = formats.as_sarif([report], _described()) if is_sarif else formats.as_github([report])
        sys.stdout.write(text)
    raise typer.Exit(0 if found.ok else 1)


def _described() -> list[dict[str, object]]:
    """Return what the codes mean, for SARIF."""
    from recgen.changes import CODES
    from recgen.changes.page import section
    from recgen.formats.sarif import described

    return [
        described(
            each.code,
            each.title,
            f"{each.reason}\n\n{each.help}",
            section(each, title=False),
            each.severity,
        )
        for each in CODES.values()
    ]
