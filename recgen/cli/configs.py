"""Commands about configs as files: their schema, a first one, older ones."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated

import typer

import recgen
from recgen.cli.app import app
from recgen.config import ExperimentConfig


class Schema(str, Enum):
    """What has a JSON Schema."""

    config = "config"
    metrics = "metrics"


@app.command()
def schema(of: Annotated[Schema, typer.Argument(show_default=True)] = Schema.config) -> None:
    """Print the JSON Schema of configs, or of training_metrics.json."""
    model = ExperimentConfig if of is Schema.config else recgen.TrainingMetrics
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    print(json.dumps(dialect | model.model_json_schema(), indent=2))
