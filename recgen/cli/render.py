"""Command `render`: writes the modules of a config."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
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
    pipeline: Annotated[
        bool,
        typer.Option("--pipeline", help="Write the TFX pipeline around the modules, too."),
    ] = False,
    allow: Allow = [],  # noqa: B006
    force: Force = False,
) -> None:
    """Write the modules of a config."""
    from recgen import write
    from recgen.generate import PIPELINE_FILES, generate, generate_pipeline
    from recgen.runtime import NAME as RUNTIME

    experiment, _ = checked(config, allow)
    files = generate(experiment, single_file=single_file)
    unneeded = {RUNTIME: "the trainer has the runtime in itself"}
    if pipeline:
        files |= generate_pipeline(experiment)
        unneeded |= dict.fromkeys(PIPELINE_FILES, "the pipeline does not need it")
    if not check and not diff:
        for file in write.write_files(files, out, force=force):
            show.line("wrote     " if file.changed else "unchanged ", str(file.path))
        for path in write.left_over(files, unneeded, out):
            write.remove(path)
            show.line("removed   ", f"{path}: {unneeded[path.relative_to(out).as_posix()]}")
        return
    if diff:
        show.diff(write.diff(files, out))
    stale, unread = write.stale(files, out), write.left_over(files, unneeded, out)
    reasons = {path: unneeded[path.relative_to(out).as_posix()] for path in unread}
    _show_stale(stale, reasons, out, single_file=single_file)
    raise typer.Exit(1 if stale or unread else 0)


def _show_stale(
    stale: Sequence[str], unread: Mapping[Path, str], out: Path, *, single_file: bool
) -> None:
    """Print which files of a folder `render` would write, and which it would remove and why."""
    for name in stale:
        show.line((f"stale: {out / name}", "yellow"), stream=sys.stderr)
    for path, reason in unread.items():
        words = f"left over: {path}: {reason}; `render` removes it"
        show.line((words, "yellow"), stream=sys.stderr)
    if not single_file and "trainer_module.py" in stale and _is_single_file(out):
        words = "the trainer there is a single file: with --single-file, it may be up to date"
        show.line(words, stream=sys.stderr)


def _is_single_file(folder: Path) -> bool:
    """Return whether the header of a folder's trainer has the command for a single file."""
    try:
        with (folder / "trainer_module.py").open("rb") as file:
            return b" --single-file" in b"".join(file.readlines(500)[:2])
    except OSError:
        return False
