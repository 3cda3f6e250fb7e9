"""The raw columns that a config wants from the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recgen.config import SIDES, BqType, DType, ExperimentConfig, dtype_of

EVENT_TIME = "event_time"
"""Output key that carries the time of the transaction, for trainers that need it."""


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A column of the data: `source` is its name there, `name` the one it has everywhere else."""

    name: str
    source: str
    bq_type: BqType
    dtype: DType


def input_columns(config: ExperimentConfig) -> tuple[InputColumn, ...]:
    """Returns every raw column that `preprocessing_fn` reads, each once, in the config's order."""
    columns: dict[str, InputColumn] = {}
    for column in _mentioned(config):
        columns.setdefault(column.name, column)
    return tuple(columns.values())


def _mentioned(config: ExperimentConfig) -> Iterator[InputColumn]:
    types = config.data.column_types
    for side in SIDES:
        for feature in config.features.features_of(side):
            yield _column(feature.output_name, feature.column, feature.bq_type)
    for side in SIDES:
        for cross in config.features.crosses_of(side):
            for member in cross.features:
                usual: dict[str, BqType] = {"numeric": "FLOAT64", "temporal": "TIMESTAMP"}
                bq_type = types.get(member.output_name, usual.get(member.type, "STRING"))
                yield _column(member.output_name, member.column, bq_type)
    if config.data.split and config.data.split.date_column:
        date = config.data.split.date_column
        yield _column(date, date, types.get(date, "TIMESTAMP"))


def _column(name: str, source: str, bq_type: BqType) -> InputColumn:
    return InputColumn(name, source, bq_type, dtype_of(bq_type))
