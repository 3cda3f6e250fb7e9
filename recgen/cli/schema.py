"""Command `schema`: prints a JSON Schema."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

import recgen
from recgen.cli.app import app
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError


class Schema(str, Enum):
    """Files that have a JSON Schema."""

    config = "config"
    metrics = "metrics"


class Format(str, Enum):
    """Forms in which a schema is printed."""

    json = "json"
    markdown = "markdown"


@app.command()
def schema(
    of: Annotated[Schema, typer.Argument(show_default=True)] = Schema.config,
    format: Annotated[
        Format, typer.Option(help="json, or a page on all keys of a config: markdown.")
    ] = Format.json,
) -> None:
    """Print the JSON Schema of configs or of training_metrics.json."""
    from recgen.schema import schema_text

    if format is Format.markdown:
        if of is not Schema.config:
            raise RecgenError("only the keys of a config are printed as Markdown")
        from recgen.reference import reference_page

        print(reference_page(), end="")
        return

    model = ExperimentConfig if of is Schema.config else recgen.TrainingMetrics
    print(schema_text(model), end="")
