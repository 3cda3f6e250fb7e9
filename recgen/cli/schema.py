"""Command `schema`: prints a JSON Schema."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

import recgen
from recgen.cli.app import app
from recgen.config import ExperimentConfig


class Schema(str, Enum):
    """Files that have a JSON Schema."""

    config = "config"
    metrics = "metrics"


@app.command()
def schema(of: Annotated[Schema, typer.Argument(show_default=True)] = Schema.config) -> None:
    """Print the JSON Schema of configs or of training_metrics.json."""
    from recgen.schema import schema_text

    model = ExperimentConfig if of is Schema.config else recgen.TrainingMetrics
    print(schema_text(model), end="")
