"""Command `export`: logs finished trainings to MLflow."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Runs, app
from recgen.cli.loading import loaded, report_errors


def _known(tool: str) -> str:
    """Return the name of a tool if runs can be exported to it."""
    if tool == "tensorboard":
        raise typer.BadParameter(
            "the trainer writes TensorBoard's files into the run's folder: "
            "tensorboard --logdir RUN"
        )
    if tool != "mlflow":
        raise typer.BadParameter(f"{tool!r} is not 'mlflow'")
    return tool


@app.command()
def export(
    runs: Runs,
    to: Annotated[
        str,
        typer.Option(metavar="[mlflow]", callback=_known, help="The tool.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write.")] = Path("mlruns"),
) -> None:
    """Log finished trainings to an MLflow file store."""
    from recgen.analysis.exporting import ALLOW, log_run

    found, errors = loaded(runs)
    for run in found:
        logged = log_run(run, out)
        done = "wrote     " if logged.changed else "unchanged "
        show.line(done, f"{out}: {run.title} as run {logged.run_id}")
    uri = shlex.quote(out.resolve().as_uri())
    show.line("next      ", f"{ALLOW}=true mlflow ui --backend-store-uri {uri}", wrap=False)
    raise typer.Exit(report_errors(errors))
