"""Command `train`: trains a model on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Allow, Config, app, checked
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError


@app.command()
def train(
    config: Config,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File, folder or pattern; overrides data.source."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run directory.  [default: runs/<name>]")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=10_000, help="Overrides model.epochs.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Overrides model.seed.")
    ] = None,
    allow: Allow = [],  # noqa: B006
) -> None:
    """Render, transform, train, evaluate and export on this machine."""
    from recgen.cli.output import training
    from recgen.generate import generate
    from recgen.local.progress import open_progress
    from recgen.local.run import train as run

    experiment, text = checked(config, allow)
    source = data or _source(config, experiment)
    folder = out or Path("runs", training.folder_name(experiment.name or config.stem))
    with open_progress() as progress:
        result = run(experiment, generate(experiment), text, source, folder, epochs, seed, progress)
    show.lines(training.outcome(result))
    show.table(training.recalls(result.metrics))
    saved = folder if result.folder == folder.resolve() else folder.with_name(result.folder.name)
    _diagnose(saved, result.metrics.failed)
    if result.metrics.failed:
        if saved != folder:
            show.lines(["", f"{folder} still has the earlier run; this one is in {saved}."])
        raise typer.Exit(1)
    show.verbatim(training.next_step(folder))


def _diagnose(folder: Path, is_stopped: bool) -> None:
    """Print the diagnosis of a training that failed."""
    from recgen.analysis import diagnose, load_run
    from recgen.cli.output.diagnosis import print_diagnoses

    run = load_run(folder)
    diagnosis = diagnose(run)
    if is_stopped:
        show.lines(["", "No model was saved; the recall above is that of the stopped model."])
    if is_stopped or diagnosis.verdict in ("bad", "broken"):
        show.line()
        print_diagnoses([(run, diagnosis)])


def _source(config: Path, experiment: ExperimentConfig) -> Path:
    """Return the data file that the config names; relative paths start at the config's folder."""
    if experiment.data.source is None:
        raise RecgenError(
            "there is no data: neither --data nor data.source in the config is set",
            "name a CSV or Parquet file; `recgen demo-data` writes a sample",
        )
    return config.parent / experiment.data.source
