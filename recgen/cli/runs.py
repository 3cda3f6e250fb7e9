"""Command `runs`: lists the trainings below a folder, and removes unfinished ones."""

from __future__ import annotations

import json
import os
import shutil
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Output, app


class Order(str, Enum):
    """Sort keys: names in alphabetical order, the latest dates and highest figures first."""

    name = "name"
    preset = "preset"
    date = "date"
    recall = "recall"
    verdict = "verdict"
    cause = "cause"
    rate = "rate"
    data = "data"


class Kept(str, Enum):
    """Verdicts to list."""

    good = "good"
    at_risk = "at_risk"
    bad = "bad"
    broken = "broken"


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", show_default=True)] = Path("runs"),
    sort: Annotated[Order, typer.Option(help="Sort key.")] = Order.date,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only runs with TEXT in their name or path.")
    ] = None,
    verdict: Annotated[
        list[Kept], typer.Option(help="Only runs with this verdict; repeatable.")
    ] = [],  # noqa: B006
    preset: Annotated[
        list[str], typer.Option(metavar="NAME", help="Only runs with this preset; repeatable.")
    ] = [],  # noqa: B006
    format: Annotated[Output, typer.Option(help="Format of the output.")] = Output.text,
    clean: Annotated[
        bool, typer.Option("--clean", help="Remove unfinished runs that no process is training.")
    ] = False,
) -> None:
    """List trainings below a folder, with verdicts."""
    from recgen.analysis.indexing import entry_of, find_runs
    from recgen.cli.output import runs as output
    from recgen.local.partials import find_partials, remove
    from recgen.presets import find_preset

    for each in preset:
        find_preset(each)  # raises if there is none, instead of listing nothing
    paths = list(find_runs(folder))  # raises if there is no such folder
    partials = list(find_partials(folder))
    if clean:
        show.lines(output.removed([(each, remove(each)) for each in partials], folder))
        return
    found = [entry_of(path) for path in paths]
    kept = output.filtered(found, name, [each.value for each in verdict], preset)
    entries = output.ordered(kept, sort.value)
    if format is Output.json:
        print(json.dumps([entry.as_dict() for entry in entries], indent=2))
        return
    has_screen = sys.stdout.isatty() or "COLUMNS" in os.environ
    width = shutil.get_terminal_size().columns if has_screen else None
    show.table(output.lines(entries, folder, len(found), width))
    show.lines(output.unfinished(partials, folder))
