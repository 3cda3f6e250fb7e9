"""Command `compare`: shows finished trainings side by side."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Output, Products, Runs, app
from recgen.cli.loading import loaded, report_errors
from recgen.findings import RecgenError


@app.command()
def compare(
    runs: Runs,
    format: Annotated[Output, typer.Option(help="Format of the output.")] = Output.text,
    products: Products = None,
) -> None:
    """Compare the settings and results of finished trainings."""
    from recgen.analysis.comparing import compare as compared

    found, errors = loaded(runs, products=products)
    if len(found) < 2:
        report_errors(errors)
        raise RecgenError("one run cannot be compared", "name two or more: recgen compare RUN RUN")
    comparison = compared(found)
    if format is Output.json:
        print(json.dumps(comparison.as_dict(), indent=2, default=repr))
    else:
        from recgen.cli.output import comparison as output

        has_screen = sys.stdout.isatty() or "COLUMNS" in os.environ
        columns = shutil.get_terminal_size().columns if has_screen else None
        show.table(output.lines(comparison, has_screen, columns))
    raise typer.Exit(report_errors(errors))
