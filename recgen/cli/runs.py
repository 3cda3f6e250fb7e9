"""The command that lists the trainings below a folder."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Output, app


class Order(str, Enum):
    """What runs are sorted by: names from A, dates and figures from the latest and highest."""

    name = "name"
    preset = "preset"
    date = "date"
    recall = "recall"
    verdict = "verdict"


class Kept(str, Enum):
    """Verdicts that are listed."""

    good = "good"
    at_risk = "at_risk"
    bad = "bad"
    broken = "broken"


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", show_default=True)] = Path("runs"),
    sort: Annotated[Order, typer.Option(help="What comes first.")] = Order.date,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only what has it in its name or place.")
    ] = None,
    verdict: Annotated[list[Kept], typer.Option(help="Only these; repeatable.")] = [],  # noqa: B006
    preset: Annotated[
        list[str], typer.Option(metavar="NAME", help="Only with its model; repeatable.")
    ] = [],  # noqa: B006
    format: Annotated[Output, typer.Option(help="How to print it.")] = Output.text,
) -> None:
    """List the trainings below a folder, with recall and verdict."""
    from recgen.analysis.indexing import entry_of, find_runs
    from recgen.cli.output import runs as output
    from recgen.presets import find_preset

    for each in preset:
        find_preset(each)  # a name that is wrong would list nothing
    found = [entry_of(place) for place in find_runs(folder)]
    kept = output.filtered(found, name, [each.value for each in verdict], preset)
    entries = output.ordered(kept, sort.value)
    if format is Output.json:
        print(json.dumps([entry.as_dict() for entry in entries], indent=2))
        return
    show.table(output.lines(entries, folder, len(found)))
