"""Commands that make something: modules, a trained model, recommendations, demo data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import recgen
from recgen.cli import show
from recgen.cli.app import Allow, Config, Force, app, checked
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError


@app.command()
def render(
    config: Config,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the modules.")] = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if they are stale.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change; exit likewise.")
    ] = False,
    allow: Allow = [],  # noqa: B006
    force: Force = False,
) -> None:
    """Write the two modules of a config."""
    from recgen import write
    from recgen.generate import generate

    experiment, _ = checked(config, allow)
    files = generate(experiment)
    if not check and not diff:
        for file in write.write_files(files, out, force=force):
            show.line("wrote     " if file.changed else "unchanged ", str(file.path))
        return
    if diff:
        show.diff(write.diff(files, out))
    stale = write.stale(files, out)
    for name in stale:
        show.line((f"stale: {out / name}", "yellow"), stream=sys.stderr)
    raise typer.Exit(1 if stale else 0)


@app.command()
def train(
    config: Config,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV or Parquet; instead of data.source.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run directory.  [default: runs/<name>]")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=10_000, help="Instead of model.epochs.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Instead of model.seed.")
    ] = None,
    allow: Allow = [],  # noqa: B006
) -> None:
    """Render, transform, train, evaluate and export, on this machine."""
    from recgen.cli import summary
    from recgen.generate import generate
    from recgen.local.progress import open_progress
    from recgen.local.run import train as run

    experiment, text = checked(config, allow)
    source = data or _source(config, experiment)
    folder = out or Path("runs", summary.folder_name(experiment.name or config.stem))
    with open_progress() as progress:
        result = run(experiment, generate(experiment), text, source, folder, epochs, seed, progress)
    metrics = recgen.TrainingMetrics.read(result.folder / "training_metrics.json")
    show.lines(summary.outcome(result, metrics))
    place = folder if result.folder == folder.resolve() else folder.with_name(result.folder.name)
    _explain(place, metrics.failed)
    if metrics.failed:
        if place != folder:
            show.lines(["", f"{folder} keeps its earlier run; this one is in {place}."])
        raise typer.Exit(1)
    show.verbatim(summary.next_step(folder))


def _explain(place: Path, is_stopped: bool) -> None:
    """Prints what `recgen diagnose` says of a training that came to nothing."""
    from recgen.analysis import diagnose, load_run
    from recgen.cli.verdicts import print_diagnoses

    run = load_run(place)
    diagnosis = diagnose(run)
    if is_stopped:
        show.lines(["", "No model was saved; the recall above is that of the stopped model."])
    if is_stopped or diagnosis.verdict in ("bad", "broken"):
        show.line()
        print_diagnoses([(run, diagnosis)])


@app.command()
def recommend(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    buyer: Annotated[str, typer.Option(metavar="ID", help="The buyer's ID.")],
    k: Annotated[
        int, typer.Option("-k", metavar="N", min=1, max=10_000, help="How many products.")
    ] = 10,
) -> None:
    """Show the top products for a buyer, beside the last purchases."""
    from recgen.cli import summary
    from recgen.local.recommend import recommend as ask

    show.verbatim(summary.answer(ask(run, buyer, k)))


@app.command()
def demo_data(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .parquet or .csv file.")
    ] = Path("demo.parquet"),
    rows: Annotated[int, typer.Option(metavar="N", help="Lines of invoices.")] = 40_000,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="The same seed gives the same file.")
    ] = 0,
    force: Force = False,
) -> None:
    """Write transactions like those of a real shop."""
    from recgen import demo, write

    content = demo.demo_data(demo.kind_of_file(out), rows, seed)
    file = write.write_data(content, out, force=force)
    show.line("wrote     " if file.changed else "unchanged ", f"{out} ({rows:,} rows)")


def _source(config: Path, experiment: ExperimentConfig) -> Path:
    """Returns the file with the data that the config names; a relative path starts beside it."""
    if experiment.data.source is None:
        raise RecgenError(
            "there is no data: neither --data nor data.source in the config is given",
            "name a CSV or Parquet file; `recgen demo-data` writes one to try",
        )
    return config.parent / experiment.data.source
