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
from recgen.cli.app import Features, Model, Output, Products, Runs, app, stored
from recgen.cli.loading import loaded, report_errors
from recgen.findings import RecgenError


@app.command()
def diagnose(
    runs: Runs,
    format: Annotated[Output, typer.Option(help="Format of the output.")] = Output.text,
    products: Products = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The data of the training.  [default: what the run names]"
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Read neither the data nor the examples.")
    ] = False,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Apply the first patch that is not yet in the run's config."),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --apply: a config other than the run's own."),
    ] = None,
    features: Features = None,
    model: Model = None,
) -> None:
    """Judge finished trainings, find causes, and propose patches."""
    if config is not None and not apply:
        raise RecgenError("--config has no effect alone", "add --apply")
    if data is not None and quick:
        raise RecgenError("--data has no effect with --quick", "remove one of them")
    named, errors = loaded(runs, stored(features, model), products)
    if config is not None and len(named) > 1:
        raise RecgenError("--config works with one run only", "name one run")
    examined = [run if quick else _with_evidence(run, data) for run in named]
    found = [(run, diagnosed(run)) for run in examined]
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
    raise typer.Exit(report_errors(errors) or (1 if failed else 0))


def _with_evidence(run: Run, data: Path | None) -> Run:
    """Return a run with what its data and its other files say."""
    from recgen.local.evidence import with_evidence

    return with_evidence(run, data)


def _as_dict(run: Run, diagnosis: Diagnosis) -> dict[str, object]:
    return {"run": run.path, "title": run.title, **diagnosis.as_dict()}


def _apply(run: Run, diagnosis: Diagnosis, config: Path | None, stream: IO[str]) -> None:
    """Apply the next patch, and print what it changed and what is left to do."""
    from recgen.cli import fixes, patches
    from recgen.cli.output.diagnosis import own_config

    target = config or own_config(run)
    show.line(stream=stream)
    if diagnosis.first_patch is None:
        show.line(f"{run.path}: no cause has a patch, so nothing was changed", stream=stream)
        return
    if target is None:
        raise RecgenError(f"{run.path} has no local config to change", "name one with --config")
    found = patches.next_patch(diagnosis.causes, target, run.report)
    earlier = ", ".join(dict.fromkeys(found.earlier))
    if found.cause is None:
        words = f"nothing to do: all patches ({earlier}) are in it already. Train it again, and "
        words += "diagnose the new run"
        show.line((f"{target}: ", "dim"), words, stream=stream)
        return
    if found.done:
        found.write()
    if earlier:
        show.line((f"{target}: ", "dim"), f"in it already: the patch of {earlier}", stream=stream)
    for step in found.done:
        done = f" {step.code} {step.path}: {fixes.describe(step)}"
        show.line((f"{target}: ", "dim"), ("patched", "bold green"), done, stream=stream)
    for step in found.left:
        left = (
            f" {step.path}: it cannot be changed without changing something else; change it by hand"
        )
        show.line((f"{target}: ", "dim"), ("skipped", "bold yellow"), left, stream=stream)
    for step in found.kept:
        kept = f" {step.path}: the patch of {earlier} has set it"
        show.line((f"{target}: ", "dim"), ("kept", "bold yellow"), kept, stream=stream)
    if not found.done:
        return
    for finding in found.report.errors:
        show.line(f"still wrong: {finding.code} {finding.message}", stream=stream)
    name = shlex.quote(str(target))
    is_sound = found.report.ok
    command = f"recgen train {name} --data FILE" if is_sound else f"recgen check {name}"
    show.line(f"next: {command}", stream=stream, wrap=False)
