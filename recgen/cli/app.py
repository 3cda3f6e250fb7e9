"""Typer application, and the options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

import recgen
from recgen.check import Checked, examine
from recgen.cli import show
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError

app = typer.Typer(
    help="Generate the TFX modules that train a two-tower recommender from a config.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they need rich, which is slow to import
    rich_markup_mode=None,
)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML or JSON file.")]
Allow = Annotated[
    list[str],
    typer.Option(metavar="CODE", help="Treat errors with this code as warnings; repeatable."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that recgen did not write.")]
Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN",
        help="Run directories, folders of them, metrics files, also at gs://; or preset:NAME, to "
        "compare with.",
        show_default=False,
    ),
]

Products = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Number of products to choose from, if the files lack it or count copies.",
    ),
]


Features = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A feature config as a database stores it, in JSON."),
]
Model = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A model config as a database stores it, in JSON."),
]


class Output(str, Enum):
    """Formats of output."""

    text = "text"
    json = "json"


def _version(wanted: bool) -> None:
    if wanted:
        print(f"recgen {recgen.__version__}")
        raise typer.Exit


@cache  # typer reads all signatures anew: 20 ms, which a program that calls `main` often would pay
def command() -> Callable[..., object]:
    """Return the command line of all modules of commands, which are imported by then."""
    return typer.main.get_command(app)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def checked(config: Path, allow: list[str]) -> tuple[ExperimentConfig, str]:
    """Return the config of a file and its text; print its findings to stderr."""
    found = examine(str(config), allow=allow)
    show.findings(found.report, sys.stderr)
    if found.config is None or not found.report.ok:
        show.line((f"{config}: {found.report.summary()}", "red"), stream=sys.stderr)
        raise typer.Exit(1)
    return found.config, found.report.text or ""


def stored(features: Path | None, model: Path | None) -> Checked | None:
    """Return the config of two stored rows, and print what was left out; None without any.

    Raises:
        RecgenError: Only one is given, or one cannot be read.
    """
    if features is None and model is None:
        return None
    if features is None or model is None:
        raise RecgenError("--features and --model belong together", "give both files")
    from recgen.reading.stored import read_stored

    found = read_stored(features, model)
    for note in found.notes:
        show.line(note, stream=sys.stderr)
    return examine(found.experiment)
