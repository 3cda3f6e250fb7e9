"""Command `gate`: whether a model may be served."""

from __future__ import annotations

import json
from typing import Annotated

import typer

import recgen
from recgen.analysis import load_run
from recgen.cli import show
from recgen.cli.app import Output, app
from recgen.findings import RecgenError

_RUN = "A run directory, its metrics file or the root of a pipeline, also at gs://."


@app.command()
def gate(
    run: Annotated[str, typer.Argument(metavar="RUN", help=_RUN, show_default=False)],
    champion: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help="The run whose model is served; the new model must not be worse."
        ),
    ] = None,
    min: Annotated[
        list[str],
        typer.Option(
            metavar="EXPR", help="A condition such as 'recall_at_100 >= 0.3'; repeatable."
        ),
    ] = [],  # noqa: B006 (typer copies it)
    quick: Annotated[
        bool, typer.Option("--quick", help="Read neither the data nor the examples.")
    ] = False,
    format: Annotated[Output, typer.Option(help="Format of the output.")] = Output.text,
) -> None:
    """Say whether a model may be served, and why."""
    from recgen.local.evidence import with_evidence

    found = load_run(run)
    if found.metrics_path is None:
        raise RecgenError(f"{run} is not a training", "name a run")
    blessing = recgen.gate(found if quick else with_evidence(found), champion, min)
    path = blessing.write(found.metrics_path)
    if format is Output.json:
        print(json.dumps(blessing.as_dict(), indent=2))
    else:
        for check in blessing.checks:
            mark = ("passed", "green") if check.passed else ("failed", "bold red")
            show.line(mark, f" {check.name}: {check.reason}")
        verdict = ("blessed", "bold green") if blessing.is_blessed else ("not blessed", "bold red")
        show.line(f"{run}: ", verdict, f"; written to {path}")
    raise typer.Exit(0 if blessing.is_blessed else 1)
