"""The command that says what became of trainings, why, and what to change."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import IO, Annotated

import typer

from recgen.analysis import Diagnosis, Run, load_run
from recgen.analysis import diagnose as diagnosed
from recgen.cli import show
from recgen.cli.app import Output, Runs, app
from recgen.findings import RecgenError


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
        from recgen.cli.output.diagnosis import print_diagnoses

        print_diagnoses(found)
    if apply:
        for run, diagnosis in found:
            _apply(run, diagnosis, config, sys.stdout if format is Output.text else sys.stderr)
    failed = any(diagnosis.verdict in ("bad", "broken") for _, diagnosis in found)
    raise typer.Exit(1 if failed else 0)


def _as_dict(run: Run, diagnosis: Diagnosis) -> dict[str, object]:
    return {"run": run.place, "title": run.title, **diagnosis.as_dict()}


def _apply(run: Run, diagnosis: Diagnosis, config: Path | None, told: IO[str]) -> None:
    """Writes the first patch, and says what it did and what is left to do."""
    from recgen.cli import fixes, patches
    from recgen.cli.output.diagnosis import own_config

    cause, target = diagnosis.first_patch, config or own_config(run)
    show.line(stream=told)
    if cause is None:
        show.line(f"{run.place}: no cause has a patch; nothing was changed", stream=told)
        return
    if target is None:
        raise RecgenError(f"{run.place} has no config here to change", "name one with --config")
    patched = patches.apply_patch(cause, target)
    for step in patched.done:
        done = f" {step.code} {step.path}: {fixes.what_was_done(step)}"
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
