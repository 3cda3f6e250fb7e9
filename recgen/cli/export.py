"""Command `export`: writes finished trainings for TensorBoard or MLflow."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from recgen.analysis import Run, load_run
from recgen.cli import show
from recgen.cli.app import Runs, app
from recgen.cli.output.training import folder_name


class Tool(str, Enum):
    """Tools whose format can be written."""

    tensorboard = "tensorboard"
    mlflow = "mlflow"


@app.command()
def export(
    runs: Runs,
    to: Annotated[Tool, typer.Option(help="The tool.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to write.  [default: tensorboard, or mlruns]"),
    ] = None,
) -> None:
    """Export finished trainings to TensorBoard or MLflow."""
    loaded = [load_run(run) for run in runs]
    if to is Tool.tensorboard:
        _to_tensorboard(loaded, out or Path("tensorboard"))
    else:
        _to_mlflow(loaded, out or Path("mlruns"))


def _to_tensorboard(runs: Sequence[Run], folder: Path) -> None:
    from recgen import write
    from recgen.analysis.exporting import FILE, event_file

    files = {folder / name / FILE: event_file(run) for name, run in _named(runs)}
    for file in write.write_all(files, force=True):  # only recgen gives a file that name
        show.line("wrote     " if file.changed else "unchanged ", str(file.path))
    show.line("next      ", f"tensorboard --logdir {shlex.quote(str(folder))}", wrap=False)


def _to_mlflow(runs: Sequence[Run], folder: Path) -> None:
    from recgen.analysis.exporting import ALLOW, log_run

    for run in runs:
        logged = log_run(run, folder)
        done = "wrote     " if logged.changed else "unchanged "
        show.line(done, f"{folder}: {run.title} as run {logged.run_id}")
    uri = shlex.quote(folder.resolve().as_uri())
    show.line("next      ", f"{ALLOW}=true mlflow ui --backend-store-uri {uri}", wrap=False)


def _named(runs: Sequence[Run]) -> Iterator[tuple[str, Run]]:
    """Yield a unique folder name for each run: the second `shop` is `shop-2`."""
    seen: dict[str, int] = {}
    for run in runs:
        name = folder_name(run.name)
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}", run
