"""Commands about runs: what became of them, how they differ, which there are."""

from __future__ import annotations

import json
import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import IO, Annotated

import typer

from recgen.analysis import Diagnosis, Run, load_run
from recgen.analysis import diagnose as diagnosed
from recgen.cli import show
from recgen.cli.app import app
from recgen.findings import RecgenError

Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN",
        help="Run directories or metrics files, also behind gs://.",
        show_default=False,
    ),
]


class Output(str, Enum):
    """How it is printed."""

    text = "text"
    json = "json"


@app.command()
def diagnose(
    runs: Runs,
    format: Annotated[Output, typer.Option(help="How to print it.")] = Output.text,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the first patch into the run's config.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --apply: another config than the run's own."),
    ] = None,
) -> None:
    """Say what became of trainings, why, and what to change."""
    if config is not None and not apply:
        raise RecgenError("--config does nothing alone", "add --apply")
    if config is not None and len(runs) > 1:
        raise RecgenError("--config takes the patch of one run", "name one run")
    found = [(run, diagnosed(run)) for run in map(load_run, runs)]
    if format is Output.json:
        dicts = [_as_dict(run, diagnosis) for run, diagnosis in found]
        print(json.dumps(dicts, indent=2, default=repr))
    else:
        from recgen.cli.verdicts import print_diagnoses

        print_diagnoses(found)
    if apply:
        for run, diagnosis in found:
            _apply(run, diagnosis, config, sys.stdout if format is Output.text else sys.stderr)
    failed = any(diagnosis.verdict in ("bad", "broken") for _, diagnosis in found)
    raise typer.Exit(1 if failed else 0)


def _as_dict(run: Run, diagnosis: Diagnosis) -> dict[str, object]:
    return {"run": run.place, "title": run.title, **diagnosis.as_dict()}


@app.command()
def compare(
    runs: Runs,
    format: Annotated[Output, typer.Option(help="How to print it.")] = Output.text,
) -> None:
    """Show trainings side by side, and what goes with success."""
    from recgen.analysis.comparing import compare as compared

    if len(runs) < 2:
        raise RecgenError("one run cannot be compared", "name two or more: recgen compare RUN RUN")
    comparison = compared([load_run(run) for run in runs])
    if format is Output.json:
        print(json.dumps(comparison.as_dict(), indent=2, default=repr))
        return
    from recgen.cli import comparison as texts

    for parts in texts.told(comparison):
        show.line(*parts, wrap=False)


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
    from recgen.cli import listing
    from recgen.presets import find_preset

    for each in preset:
        find_preset(each)  # a name that is wrong would list nothing
    found = [entry_of(place) for place in find_runs(folder)]
    kept = listing.filtered(found, name, [each.value for each in verdict], preset)
    entries = listing.ordered(kept, sort.value)
    if format is Output.json:
        print(json.dumps([entry.as_dict() for entry in entries], indent=2))
        return
    for parts in listing.told(entries, folder, len(found)):
        show.line(*parts, wrap=False)


def _apply(run: Run, diagnosis: Diagnosis, config: Path | None, told: IO[str]) -> None:
    """Writes the first patch, and says what it did and what is left to do."""
    from recgen.cli import fixing, patching
    from recgen.cli.verdicts import own_config

    cause, target = diagnosis.first_patch, config or own_config(run)
    show.line(stream=told)
    if cause is None:
        show.line(f"{run.place}: no cause has a patch; nothing was changed", stream=told)
        return
    if target is None:
        raise RecgenError(f"{run.place} has no config here to change", "name one with --config")
    patched = patching.apply_patch(cause, target)
    for step in patched.done:
        done = f" {step.code} {step.path}: {fixing.what_was_done(step)}"
        show.line((f"{target}: ", "dim"), ("patched", "bold green"), done, stream=told)
    for step in patched.left:
        left = f" {step.path}: it is so already, or stands behind an anchor; change it by hand"
        show.line((f"{target}: ", "dim"), ("left", "bold yellow"), left, stream=told)
    for finding in patched.report.errors:
        show.line(f"still wrong: {finding.code} {finding.message}", stream=told)
    if patched.done:
        name = shlex.quote(str(target))
        is_sound = patched.report.ok
        command = f"recgen train {name} --data FILE" if is_sound else f"recgen check {name}"
        show.line(f"next: {command}", stream=told, wrap=False)
