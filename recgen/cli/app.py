"""Typer application, and the options that several commands share."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

import recgen
from recgen.check import examine
from recgen.cli import show
from recgen.config import ExperimentConfig

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
        help="Run directories, folders of them, or metrics files, also at gs://.",
        show_default=False,
    ),
]


class Output(str, Enum):
    """Formats of output."""

    text = "text"
    json = "json"


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


def checked(config: Path, allow: list[str]) -> tuple[ExperimentConfig, str]:
    """Return the config of a file and its text; print its findings to stderr."""
    found = examine(str(config), allow=allow)
    show.findings(found.report, sys.stderr)
    if found.config is None or not found.report.ok:
        show.line((f"{config}: {found.report.summary()}", "red"), stream=sys.stderr)
        raise typer.Exit(1)
    return found.config, found.report.text or ""
