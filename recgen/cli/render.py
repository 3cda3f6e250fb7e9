"""Command `render`: writes the modules of a config."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Allow, Config, Force, app, checked


@app.command()
def render(
    config: Config,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for the modules.")] = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if modules are stale.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Like --check, and show what would change.")
    ] = False,
    single_file: Annotated[
        bool,
        typer.Option(
            "--single-file", help="Include the runtime in the trainer, for a module_file at gs://."
        ),
    ] = False,
    allow: Allow = [],  # noqa: B006
    force: Force = False,
) -> None:
    """Write the modules of a config."""
    from recgen import write
    from recgen.generate import generate

    experiment, _ = checked(config, allow)
    files = generate(experiment, single_file=single_file)
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
