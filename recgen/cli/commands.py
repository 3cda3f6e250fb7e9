"""The commands: each parses, calls, prints. What is slow is imported where it is needed."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

import recgen
from recgen.cli import show
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError

app = typer.Typer(
    help="Generates the TFX modules that train a two-tower recommender, from a config.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would bring rich, which is slow to import
    rich_markup_mode=None,
)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML or JSON file.")]
Allow = Annotated[
    list[str],
    typer.Option(metavar="CODE", help="Take errors of this code as warnings; repeatable."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what recgen did not write.")]


class Format(str, Enum):
    """How findings are printed."""

    text = "text"
    json = "json"


class Schema(str, Enum):
    """What has a JSON Schema."""

    config = "config"
    metrics = "metrics"


def _version(wanted: bool) -> None:
    if wanted:
        print(f"recgen {recgen.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def check(
    configs: Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="YAML or JSON files.")],
    format: Annotated[Format, typer.Option(help="How to print the findings.")] = Format.text,
    allow: Allow = [],  # noqa: B006 (typer copies it)
) -> None:
    """Say what is wrong or doubtful in configs."""
    reports = [recgen.check(str(config), allow=allow) for config in configs]
    if format is Format.json:
        told = [
            {"source": r.source, "ok": r.ok, "findings": [f.as_dict() for f in r.findings]}
            for r in reports
        ]
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for report in reports:
            show.findings(report, sys.stdout)
            style = "green" if report.ok else "red"
            show.line((f"{report.source}: {report.summary()}", style))
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


@app.command()
def render(
    config: Config,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the modules.")] = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if they are stale.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change; exit likewise.")
    ] = False,
    allow: Allow = [],  # noqa: B006
    force: Force = False,
) -> None:
    """Write the two modules of a config."""
    from recgen import write
    from recgen.generate import generate

    files = generate(_checked(config, allow))
    if not check and not diff:
        for file in write.write_files(files, out, force=force):
            show.line("wrote     " if file.changed else "unchanged ", str(file.path))
        return
    if diff:
        show.diff(write.diff(files, out))
    stale = write.stale(files, out)
    for name in stale:
        show.line((f"stale: {out / name}", "yellow"), stream=sys.stderr)
    raise typer.Exit(1 if stale else 0)


@app.command()
def train(
    config: Config,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV or Parquet; instead of data.source.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run directory.  [default: runs/<name>]")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=10_000, help="Instead of model.epochs.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Instead of model.seed.")
    ] = None,
    allow: Allow = [],  # noqa: B006
) -> None:
    """Render, transform, train, evaluate and export, on this machine."""
    from recgen.cli import summary
    from recgen.generate import generate
    from recgen.local.progress import open_progress
    from recgen.local.run import train as run

    experiment = _checked(config, allow)
    source = data or _source(config, experiment)
    folder = out or Path("runs", summary.folder_name(experiment.name or config.stem))
    text = config.read_text(encoding="utf-8-sig")
    with open_progress() as progress:
        result = run(experiment, generate(experiment), text, source, folder, epochs, seed, progress)
    metrics = recgen.TrainingMetrics.read(result.folder / "training_metrics.json")
    show.lines(summary.outcome(result, metrics))
    if metrics.failed:
        show.lines(summary.failure(experiment, metrics))
        raise typer.Exit(1)
    show.verbatim(summary.next_step(folder))


@app.command()
def recommend(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    buyer: Annotated[str, typer.Option(metavar="ID", help="The buyer's ID.")],
    k: Annotated[
        int, typer.Option("-k", metavar="N", min=1, max=10_000, help="How many products.")
    ] = 10,
) -> None:
    """Show the top products for a buyer, beside the last purchases."""
    from recgen.cli import summary
    from recgen.local.recommend import recommend as ask

    show.verbatim(summary.answer(ask(run, buyer, k)))


@app.command()
def explain(code: Annotated[str, typer.Argument(metavar="RGnnn")]) -> None:
    """Say why a rule exists, and what to do about it."""
    from difflib import get_close_matches

    from recgen.rules import RULES

    rule = RULES.get(code.upper())
    if rule is None:
        close = get_close_matches(code.upper(), RULES, n=1)
        raise RecgenError(
            f"there is no rule {code!r}",
            f"Did you mean {close[0]}?" if close else f"There are: {', '.join(RULES)}",
        )
    show.line((f"{rule.code} {rule.title}", "bold"), f" ({rule.severity})")
    show.title("Why is this bad?")
    show.paragraph(rule.reason)
    show.title("Example")
    show.verbatim(f"  {line}" for line in rule.example.splitlines())
    show.title("Use instead")
    show.paragraph(rule.remedy)
    if rule.allowable:
        show.line()
        show.paragraph(f"Render all the same, as an experiment: --allow {rule.code}", indent=0)


@app.command()
def schema(of: Annotated[Schema, typer.Argument(show_default=True)] = Schema.config) -> None:
    """Print the JSON Schema of configs, or of training_metrics.json."""
    model = ExperimentConfig if of is Schema.config else recgen.TrainingMetrics
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    print(json.dumps(dialect | model.model_json_schema(), indent=2))


@app.command()
def demo_data(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .parquet or .csv file.")
    ] = Path("demo.parquet"),
    rows: Annotated[int, typer.Option(metavar="N", help="Lines of invoices.")] = 40_000,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="The same seed gives the same file.")
    ] = 0,
    force: Force = False,
) -> None:
    """Write transactions like those of a real shop."""
    from recgen import demo, write

    content = demo.demo_data(demo.kind_of_file(out), rows, seed)
    file = write.write_data(content, out, force=force)
    show.line("wrote     " if file.changed else "unchanged ", f"{out} ({rows:,} rows)")


def _checked(config: Path, allow: list[str]) -> ExperimentConfig:
    """Returns the config; what is to be said of it goes to stderr."""
    report = recgen.check(str(config), allow=allow)
    show.findings(report, sys.stderr)
    if not report.ok:
        show.line((f"{config}: {report.summary()}", "red"), stream=sys.stderr)
        raise typer.Exit(1)
    return recgen.load(str(config), allow=allow)


def _source(config: Path, experiment: ExperimentConfig) -> Path:
    """Returns the file with the data that the config names; a relative path starts beside it."""
    if experiment.data.source is None:
        raise RecgenError(
            "there is no data: neither --data nor data.source in the config is given",
            "name a CSV or Parquet file; `recgen demo-data` writes one to try",
        )
    return config.parent / experiment.data.source
