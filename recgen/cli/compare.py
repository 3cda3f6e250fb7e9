"""Command `compare`: shows finished trainings side by side."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from recgen.analysis import load_run
from recgen.cli import show
from recgen.cli.app import Output, Products, Runs, app
from recgen.findings import RecgenError


@app.command()
def compare(
    runs: Runs,
    format: Annotated[Output, typer.Option(help="Format of the output.")] = Output.text,
    products: Products = None,
) -> None:
    """Compare the settings and results of finished trainings."""
    from recgen.analysis.comparing import compare as compared

    if len(runs) < 2:
        raise RecgenError("one run cannot be compared", "name two or more: recgen compare RUN RUN")
    comparison = compared([load_run(run, products=products) for run in runs])
    if format is Output.json:
        print(json.dumps(comparison.as_dict(), indent=2, default=repr))
        return
    from recgen.cli.output import comparison as output

    show.table(output.lines(comparison, shorten=sys.stdout.isatty()))
