"""Command `diagnose`: judges finished trainings, with causes and patches."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import IO, Annotated

import typer

from recgen.analysis import Diagnosis, Run
from recgen.analysis import diagnose as diagnosed
from recgen.cli import show
from recgen.cli.app import Output, Runs, app
from recgen.cli.loading import loaded, told
from recgen.findings import RecgenError


@app.command()
def diagnose(
    runs: Runs,
    format: Annotated[Output, typer.Option(help="Format of the output.")] = Output.text,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the first patch to the run's config.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --apply: a config other than the run's own."),
    ] = None,
) -> None:
    """Judge finished trainings, find causes, and propose patches."""
    if config is not None and not apply:
        raise RecgenError("--config has no effect alone", "add --apply")
    named, errors = loaded(runs)
    if config is not None and len(named) > 1:
        raise RecgenError("--config works with one run only", "name one run")
    found = [(run, diagnosed(run)) for run in named]
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
    raise typer.Exit(told(errors) or (1 if failed else 0))


def _as_dict(run: Run, diagnosis: Diagnosis) -> dict[str, object]:
    return {"run": run.path, "title": run.title, **diagnosis.as_dict()}


def _apply(run: Run, diagnosis: Diagnosis, config: Path | None, stream: IO[str]) -> None:
    """Apply the first patch, and print what it changed and what is left to do."""
    from recgen.cli import fixes, patches
    from recgen.cli.output.diagnosis import own_config

    cause, target = diagnosis.first_patch, config or own_config(run)
    show.line(stream=stream)
    if cause is None:
        show.line(f"{run.path}: no cause has a patch, so nothing was changed", stream=stream)
        return
    if target is None:
        raise RecgenError(f"{run.path} has no local config to change", "name one with --config")
    patched = patches.apply_patch(cause, target)
    if not patched.done:
        words = f"nothing to do: the patch of {cause.code} is in it already, or is behind a YAML "
        words += "anchor. Train it again, and diagnose the new run"
        show.line((f"{target}: ", "dim"), words, stream=stream)
        return
    for step in patched.done:
        done = f" {step.code} {step.path}: {fixes.describe(step)}"
        show.line((f"{target}: ", "dim"), ("patched", "bold green"), done, stream=stream)
    for step in patched.left:
        left = f" {step.path}: already done, or behind a YAML anchor; change it by hand"
        show.line((f"{target}: ", "dim"), ("skipped", "bold yellow"), left, stream=stream)
    for finding in patched.report.errors:
        show.line(f"still wrong: {finding.code} {finding.message}", stream=stream)
    if patched.done:
        name = shlex.quote(str(target))
        is_sound = patched.report.ok
        command = f"recgen train {name} --data FILE" if is_sound else f"recgen check {name}"
        show.line(f"next: {command}", stream=stream, wrap=False)
