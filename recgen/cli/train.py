"""Command `train`: trains a model on this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Allow, Config, app, checked
from recgen.config import ExperimentConfig
from recgen.findings import Finding, RecgenError

if TYPE_CHECKING:
    from recgen.local.run import RunResult
    from recgen.local.signals import Interrupted


Data = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File, folder or pattern; overrides data.source."),
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The run directory.  [default: runs/<name>]")
]
Epochs = Annotated[
    int | None, typer.Option(metavar="N", min=1, max=10_000, help="Overrides model.epochs.")
]
Seed = Annotated[
    int | None, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Overrides model.seed.")
]
BeamRunner = Annotated[
    str | None,
    typer.Option(
        metavar="RUNNER",
        help="Runner of Apache Beam, such as DirectRunner or FlinkRunner, that builds "
        "histories and transforms.  [default: this machine, without one]",
    ),
]
BeamOption = Annotated[
    list[str],
    typer.Option(
        metavar="OPTION",
        help="Option of Beam for the runner, such as --flink_master=HOST:8081; repeatable.",
    ),
]
AllowWorse = Annotated[
    bool,
    typer.Option(
        "--allow-worse", help="Exit code 0 for a bad model, or one no better than counting."
    ),
]


@app.command()
def train(
    config: Config,
    data: Data = None,
    out: Out = None,
    epochs: Epochs = None,
    seed: Seed = None,
    beam_runner: BeamRunner = None,
    beam_option: BeamOption = [],  # noqa: B006
    allow: Allow = [],  # noqa: B006
    allow_worse: AllowWorse = False,
) -> None:
    """Render, transform, train, evaluate and export on this machine."""
    from recgen.cli.output import training
    from recgen.generate import generate
    from recgen.local.progress import open_progress
    from recgen.local.run import train as run
    from recgen.local.signals import Interrupted

    beam = _beam(beam_runner, beam_option)
    experiment, text = checked(config, allow)
    source = data or _source(config, experiment)
    folder = out or Path("runs", training.folder_name(experiment.name or config.stem))
    files = generate(experiment)
    earlier = _earlier(folder)
    try:
        with open_progress() as progress:
            result = run(
                experiment,
                files,
                text,
                source,
                folder,
                epochs,
                seed,
                progress,
                allow_worse=allow_worse,
                judge=partial(_found_in, config, allow),
                beam=beam,
            )
    except Interrupted as interrupted:
        raise _stopped(interrupted) from None
    _report(result, folder, earlier, allow_worse)


def _beam(runner: str | None, options: Sequence[str]) -> tuple[str, ...]:
    """Return the options of Beam, that of the runner first; none without a runner."""
    if runner is None and not options:
        return ()
    if not runner:
        raise RecgenError("--beam-option needs a runner", "add --beam-runner, such as DirectRunner")
    given = [option if option.startswith("-") else f"--{option}" for option in options]
    if any(option.partition("=")[0] == "--runner" for option in given):
        raise RecgenError("--beam-option has a runner, too", "name it with --beam-runner alone")
    return f"--runner={runner}", *given


def _report(result: RunResult, folder: Path, earlier: str | None, allow_worse: bool) -> None:
    """Print figures, the verdict and what to do next.

    Args:
        result: The run.
        folder: Where it was wanted; it is elsewhere if it would have cost a better model.
        earlier: What was in the folder before, in words.
        allow_worse: Whether a bad model is accepted.

    Raises:
        typer.Exit: There is no model, or one that should not be served.
    """
    from recgen.cli.output import training

    show.lines(training.outcome(result))
    show.table(training.figures(result.metrics))
    saved = folder if result.folder == folder.resolve() else folder.with_name(result.folder.name)
    is_stopped = result.metrics.failed
    if is_stopped:
        show.lines(["", "No model was saved; the recall above is that of the stopped model."])
    reason = _judge(saved)
    if saved != folder:
        show.lines(["", f"{folder} still has the earlier run; this one is in {saved}."])
    elif earlier:
        show.lines(["", f"replaced  {earlier}"])
    if is_stopped:
        raise typer.Exit(1)
    show.verbatim(training.next_step(saved))
    if reason and not allow_worse:
        show.line()
        show.line((f"{saved} is saved, but not good: ", "red"), reason)
        show.line("This is exit code 1; --allow-worse accepts such a model.")
        raise typer.Exit(1)


def _found_in(config: Path, allow: list[str], data: Path) -> Sequence[Finding]:
    """Return what `check --data` finds and `check` does not; print errors, and end the command."""
    from recgen.check import examine
    from recgen.local.profile import profile_opener

    report = examine(str(config), profile=profile_opener(data), allow=allow).report
    if not report.ok:
        show.findings(replace(report, findings=tuple(report.errors)), sys.stderr)
        summary = f"{config}, compared with {data}: {report.summary()}"
        show.line((summary, "red"), stream=sys.stderr)
        raise typer.Exit(1)
    known = {_named(each) for each in examine(str(config), allow=allow).report.findings}
    return [finding for finding in report.findings if _named(finding) not in known]


def _named(finding: Finding) -> tuple[str, str, str]:
    """Return what a finding is about; its help may be another one where the data is known."""
    return finding.code, finding.path, finding.message


def _judge(folder: Path) -> str | None:
    """Print the verdict of `recgen diagnose`, and return why the model should not be served.

    What is not good is examined with the data, which says more of its causes.
    """
    from recgen.analysis import diagnose, load_run
    from recgen.analysis.facts import Facts
    from recgen.analysis.worth import shortcoming
    from recgen.cli.output.diagnosis import print_diagnoses, verdict_lines
    from recgen.local.evidence import with_evidence

    run = load_run(folder)
    diagnosis = diagnose(run)
    if diagnosis.verdict != "good":
        run = with_evidence(run)
        diagnosis = diagnose(run)
    show.line()
    if diagnosis.verdict in ("bad", "broken"):
        print_diagnoses([(run, diagnosis)])
    else:
        for indent, parts in verdict_lines(run, diagnosis):
            show.line(*parts, indent=indent)
    return shortcoming(Facts(run), diagnosis)


def _earlier(folder: Path) -> str | None:
    """Return an earlier run in the folder in words, and warn that it will be replaced."""
    from recgen.analysis.indexing import entry_of
    from recgen.analysis.run import MARKS
    from recgen.cli.output.runs import described

    if not any((folder / name).exists() for name in MARKS):
        return None
    earlier = described(entry_of(folder))
    warning = f"{folder} has {earlier}; it is replaced when this training has ended with a model"
    show.line(warning, stream=sys.stderr)
    return earlier


def _stopped(interrupted: Interrupted) -> typer.Exit:
    """Say how to go on, and return the exit."""
    way = "the same command begins again"
    if interrupted.is_kept:
        way = (
            "the same command goes on from what is done; `recgen runs --clean` removes "
            "unfinished runs"
        )
    show.line((f"interrupted by {interrupted.signal.name}: ", "yellow"), way, stream=sys.stderr)
    return typer.Exit(interrupted.exit_code)


def _source(config: Path, experiment: ExperimentConfig) -> Path:
    """Return the data file that the config names; relative paths start at the config's folder."""
    if experiment.data.source is None:
        raise RecgenError(
            "there is no data: neither --data nor data.source in the config is set",
            "name a CSV or Parquet file; `recgen demo-data` writes a sample",
        )
    return config.parent / experiment.data.source
