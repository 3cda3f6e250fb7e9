"""Plan of `examples_module.py`: Parquet files, and histories that Beam makes of the rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from recgen.config import ExperimentConfig, HistoryFeature, dtype_of
from recgen.config.times import unit_of
from recgen.plan.columns import InputColumn, input_columns, null_seconds
from recgen.plan.constants import Constant, Group
from recgen.plan.header import Header
from recgen.plan.queries import SPLITS, made_histories
from recgen.plan.transform import plan_transform

Kind = tuple[str, str, str, tuple[int, int, int] | None]
"""A column of Parquet files: its name in the examples, and in the files; the kind of its values;
and of times that are numbers the unit, of which seconds are `number * factor // divisor + start`.
"""


@dataclass(frozen=True, slots=True)
class ListsPlan:
    """Histories that are made of the rows.

    Attributes:
        group: The constants.
        has_newest_first: Whether some of them begin with the latest value.
        has_null_times: Whether some times stand for null.
        at_random: Whether rows are drawn, so that those of a test lie between others in time.
    """

    group: Group
    has_newest_first: bool
    has_null_times: bool
    at_random: bool


@dataclass(frozen=True, slots=True)
class ExamplesPlan:
    """What the module does; one of both is there.

    Attributes:
        parquet: Constants of Parquet files.
        lists: Histories.
        has_null_values: Whether some values of Parquet files stand for null.
    """

    parquet: Group | None
    lists: ListsPlan | None
    has_null_values: bool = False

    @property
    def groups(self) -> tuple[Group, ...]:
        """The constants of the module."""
        return tuple(each for each in (self.parquet, self.lists and self.lists.group) if each)


@dataclass(frozen=True, slots=True)
class HistoriesPlan:
    """The module for `recgen train` on a runner of Beam: the same histories, without TFX."""

    header: Header
    examples: ExamplesPlan
    standard: tuple[str, ...] = ("itertools",)
    reads_csv: bool = False
    reads_files: bool = False
    queries_table: bool = False

    @property
    def imports(self) -> frozenset[str]:
        """Modules that the generated module imports."""
        return frozenset((*self.standard, "apache_beam", "tensorflow"))


def plan_histories(config: ExperimentConfig, names: Collection[str]) -> HistoriesPlan:
    """Return the plan of some histories, by their output names; the config has a date column."""
    features = config.features.buyer_model_features
    histories = tuple(
        each for each in features if isinstance(each, HistoryFeature) and each.output_name in names
    )
    columns = [column for column in input_columns(config) if column.name not in names]
    lists = _lists(config, histories, columns)
    return HistoriesPlan(plan_transform(config).header, ExamplesPlan(None, lists))


def plan_examples(config: ExperimentConfig) -> ExamplesPlan | None:
    """Return the plan of a config that passed the check; None if TFX does all of it."""
    assert config.pipeline, "the command requires it"
    histories = made_histories(config)
    made = {feature.output_name for feature in histories}
    columns = [column for column in input_columns(config) if column.name not in made]
    parquet = _parquet(config, columns) if config.pipeline.source.parquet else None
    lists = _lists(config, histories, columns) if histories else None
    has_null_values = bool(parquet and config.data.null_values)
    return ExamplesPlan(parquet, lists, has_null_values) if parquet or lists else None


def _parquet(config: ExperimentConfig, columns: list[InputColumn]) -> Group:
    split, features = config.data.split, config.features
    required = [features.buyer_id, features.product_id]
    if split and split.kind != "random":
        required.append(split.date_column)
    nulls = config.data.null_values
    return Group.of(
        "Columns of the files: name here, name there, kind, unit. A row has all of REQUIRED.",
        Constant("COLUMNS", tuple(map(_kind, columns))),
        Constant("REQUIRED", tuple(dict.fromkeys(required))),
        nulls and Constant("NULL_VALUES", nulls, "stand for null, but not in times"),
    )


def _kind(column: InputColumn) -> Kind:
    is_time = column.bq_type in ("TIMESTAMP", "DATETIME", "DATE", "TIME")
    kinds = {"string": "text", "int64": "whole", "float32": "number"}
    unit = unit_of(column.time_format or "") if is_time else None
    written = (unit[0].denominator, unit[0].numerator, unit[1]) if unit else None
    return column.name, column.source, "time" if is_time else kinds[column.dtype], written


def _lists(
    config: ExperimentConfig, histories: tuple[HistoryFeature, ...], columns: list[InputColumn]
) -> ListsPlan:
    split = config.data.split
    named = split.date_column if split else None
    date = next(column for column in columns if named in (column.name, column.source))
    wanted = {each.output_name: each.history for each in histories if each.history}
    found = tuple((name, each.shared_with, each.max_length) for name, each in wanted.items())
    whole = [each.output_name for each in histories if dtype_of(each.bq_type) == "int64"]
    newest = [name for name, each in wanted.items() if each.order == "newest_first"]
    nulls = null_seconds(date)
    group = Group.of(
        "Histories: their names, the columns of their values, and most values.",
        Constant("SPLITS", SPLITS),
        Constant("BUYER", config.features.buyer_id),
        Constant("TIME", date.name),
        nulls and Constant("NULL_TIMES", nulls, "stand for null"),
        Constant("HISTORIES", found),
        Constant("WHOLE", tuple(whole), "those of whole numbers"),
        newest and Constant("NEWEST_FIRST", tuple(newest), "those that begin with the latest"),
    )
    return ListsPlan(group, bool(newest), bool(nulls), split is None or split.kind == "random")
