"""The command that rewrites a config of an older dialect."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Config, app
from recgen.findings import RecgenError, Report
from recgen.findings.text import head

if TYPE_CHECKING:
    from recgen.upgrade import Upgrade


@app.command()
def upgrade(
    config: Config,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Where to write it.  [default: CONFIG]"),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if anything is older.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change; exit likewise.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace another file than CONFIG.")
    ] = False,
) -> None:
    """Rewrite a config of an older dialect in today's form."""
    from recgen import write
    from recgen.upgrade import upgrade as upgraded

    target = out or config
    if target.suffix.lower() == ".json" and config.suffix.lower() != ".json":
        raise RecgenError(f"{target} would hold YAML", "name a file that ends in .yaml")
    done = upgraded(str(config))
    if diff:
        show.diff(write.diff_texts(done.before, done.after, str(config), str(target)))
    told = sys.stderr if check or diff else sys.stdout
    for change in done.changes:
        place, _, message = head(change, str(config))
        show.line((place, "dim"), (change.code, "bold"), message, stream=told)
    if check or diff:
        raise typer.Exit(1 if done.changes else 0)
    changed = _write_upgraded(done, config, target, force)
    show.line("wrote     " if changed else "unchanged ", str(target))


def _write_upgraded(done: Upgrade, config: Path, target: Path, force: bool) -> bool:
    """Writes the text in the place of the config, or to another file; says if that changed it."""
    from recgen import write
    from recgen.cli import fixes

    if target.resolve() != config.resolve():
        return write.write_data(done.after.encode(), target, force=force).changed
    report = Report(source=str(config), text=done.after)
    fixes.save(fixes.Mended(done.before, done.changes, report))
    return bool(done.changes)
