"""Command `upgrade`: rewrites a config from an older dialect."""

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
        typer.Option("--out", "-o", metavar="FILE", help="The file to write.  [default: CONFIG]"),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if CONFIG is outdated.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Like --check, and show what would change.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing file other than CONFIG.")
    ] = False,
) -> None:
    """Rewrite a config from an older dialect in the current form."""
    from recgen import write
    from recgen.upgrade import upgrade_file

    target = out or config
    if target.suffix.lower() == ".json" and config.suffix.lower() != ".json":
        raise RecgenError(f"{target} would contain YAML", "name a file that ends in .yaml")
    done = upgrade_file(str(config))
    if diff:
        show.diff(write.diff_texts(done.before, done.after, str(config), str(target)))
    stream = sys.stderr if check or diff else sys.stdout
    for change in done.changes:
        place, _, message = head(change, str(config))
        show.line((place, "dim"), (change.code, "bold"), message, stream=stream)
    if check or diff:
        raise typer.Exit(1 if done.changes else 0)
    changed = _write_upgraded(done, config, target, force)
    show.line("wrote     " if changed else "unchanged ", str(target))


def _write_upgraded(done: Upgrade, config: Path, target: Path, force: bool) -> bool:
    """Write the text to the config or another file; return whether that changed the file."""
    from recgen import write
    from recgen.cli import fixes

    if target.resolve() != config.resolve():
        return write.write_data(done.after.encode(), target, force=force).changed
    report = Report(source=str(config), text=done.after)
    fixes.save(fixes.FixedConfig(done.before, done.changes, report))
    return bool(done.changes)
