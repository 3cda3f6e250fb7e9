"""Columns of the data that a config names: where they are, what reads them, odd times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recgen.config import (
    SIDES,
    BqType,
    DataConfig,
    Feature,
    FeatureConfig,
    ModelConfig,
    Side,
    dtype_of,
    is_array,
    target_of,
)
from recgen.config.paths import (
    all_crosses,
    all_features,
    crosses_of,
    features_of,
    id_features,
    target_path,
)
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile, TimeColumn
from recgen.findings import Location

RETRIEVAL = ModelConfig()  # the default if the kind of model does not matter
DATE: Location = ("data", "split", "date_column")


@dataclass(frozen=True, slots=True)
class Use:
    """A reference to a column in the config.

    Attributes:
        path: Path of the feature, the member of a cross, or the date column.
        part: Which of these it is.
        kind: How the column is read: `text`, `numeric`, `temporal` or `history`.
        name: Its output name; the data may have the column under this name,
        source: or under this one.
        bq_type: Its type.
    """

    path: Location
    part: Literal["feature", "member", "date", "target"]
    kind: str
    name: str
    source: str
    bq_type: BqType

    @property
    def type_path(self) -> Location:
        """Where the config says how the column is read."""
        ends: dict[str, Location] = {"feature": ("bq_type",), "member": ("type",)}
        return (*self.path, *ends.get(self.part, ()))


def uses(
    features: FeatureConfig, data: DataConfig, model: ModelConfig = RETRIEVAL
) -> Iterator[Use]:
    """Yield every reference to a column, in the order in which a run decides on its type.

    The target is one of them if the model predicts it.
    """
    for path, f in all_features(features):
        yield Use(path, "feature", f.data_type, f.output_name, f.column, f.bq_type)
    for path, cross in all_crosses(features):
        for index, m in enumerate(cross.features):
            at = (*path, "features", index)
            bq_type = data.type_of(m.output_name, m.usual_type)
            yield Use(at, "member", m.type, m.output_name, m.column, bq_type)
    target = target_of(features, model)
    if target is not None:
        name = target.output_name
        at, bq_type = target_path(target), target.bq_type or data.type_of(name, "FLOAT64")
        yield Use(at, "target", "numeric", name, target.column, bq_type)
    date = data.split.date_column if data.split else None
    if date is not None:
        yield Use(DATE, "date", "temporal", date, date, data.type_of(date, "TIMESTAMP"))


def columns(
    features: FeatureConfig, data: DataConfig, profile: Profile, model: ModelConfig = RETRIEVAL
) -> Iterator[tuple[Use, ColumnProfile]]:
    """Yield each column that the data has once, with the reference that decides on its type."""
    seen, counts = set(), name_counts(profile)
    for use in uses(features, data, model):
        name_in_data = find(counts, use.name, use.source)
        if use.name not in seen and name_in_data is not None:
            seen.add(use.name)
            yield use, profile.column(name_in_data)


def name_counts(profile: Profile) -> Counter[str]:
    """Return how many columns of the data have each name."""
    return Counter(profile.names)


def find(counts: Counter[str], name: str, source: str) -> str | None:
    """Return a column's name in the data, as a run finds it; None if none or several match."""
    name_in_data = name if name in counts else source
    return name_in_data if counts[name_in_data] == 1 else None


def described(
    features: FeatureConfig, profile: Profile
) -> Iterator[tuple[Location, Feature, ColumnProfile]]:
    """Yield the features whose column has values in the data, with their paths."""
    for side in SIDES:
        yield from described_of(features, side, profile)


def described_of(
    features: FeatureConfig, side: Side, profile: Profile
) -> Iterator[tuple[Location, Feature, ColumnProfile]]:
    """Yield the same for one tower."""
    counts = name_counts(profile)
    for path, feature in features_of(features, side):
        name_in_data = find(counts, feature.output_name, feature.column)
        column = _read_as(feature, profile.column(name_in_data)) if name_in_data else None
        if column is not None and column.distinct:
            yield path, feature, column


def _read_as(feature: Feature, column: ColumnProfile) -> ColumnProfile:
    """Return a column as the feature reads it: as text, or as numbers among which NaN is null."""
    is_text = feature.data_type == "text" and dtype_of(feature.bq_type) == "string"
    return column.as_text if is_text else column


def ids(
    features: FeatureConfig, profile: Profile
) -> Iterator[tuple[Side, Location, ColumnProfile]]:
    """Yield the ID column of each tower, with its path, if it has values in the data."""
    counts = name_counts(profile)
    for side, path, feature in id_features(features):
        name_in_data = find(counts, feature.output_name, feature.column)
        column = _read_as(feature, profile.column(name_in_data)) if name_in_data else None
        if column is not None and column.distinct:
            yield side, path, column


def id_column(features: FeatureConfig, side: Side, profile: Profile) -> ColumnProfile | None:
    """Return the ID column of one tower, if it has values in the data."""
    return next((column for at, _, column in ids(features, profile) if at == side), None)


def is_made(use: Use, data: DataConfig, profile: Profile) -> bool:
    """Return whether a run computes this history from the transactions, as the data lacks it."""
    dated = data.split is not None and data.split.date_column is not None
    return use.kind == "history" and dated and not {use.name, use.source} & set(profile.names)


def read_by(
    features: FeatureConfig, side: Side, profile: Profile
) -> dict[str, tuple[Location, str]]:
    """Return the data's columns that a tower reads, each with its first path and output name."""
    found: dict[str, tuple[Location, str]] = {}
    counts = name_counts(profile)
    for path, feature in features_of(features, side):
        name_in_data = find(counts, feature.output_name, feature.column)
        if name_in_data is not None and feature.output_keys:
            found.setdefault(name_in_data, (path, feature.output_name))
    for path, cross in crosses_of(features, side):
        for index, member in enumerate(cross.features):
            name_in_data = find(counts, member.output_name, member.column)
            if name_in_data is not None:
                found.setdefault(name_in_data, ((*path, "features", index), member.output_name))
    return found


def date_column(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> ColumnProfile | None:
    """Return the column by which a split by time divides, if the data has it."""
    if data.split is None or data.split.kind == "random" or data.split.date_column is None:
        return None
    name = data.split.date_column
    sources = (f.column for _, f in all_features(features) if f.output_name == name)
    name_in_data = find(name_counts(profile), name, next(sources, name))
    return None if name_in_data is None else profile.column(name_in_data)


def read_as_configured(features: FeatureConfig, data: DataConfig, profile: Profile) -> Profile:
    """Return the profile in which the columns of times are read as a run reads them."""
    times: dict[str, TimeColumn] = {}
    others: set[str] = set()
    counts = name_counts(profile)
    for use in uses(features, data):
        name_in_data = find(counts, use.name, use.source)
        if name_in_data is None:
            continue
        if use.kind != "temporal" or is_array(use.bq_type):
            others.add(name_in_data)
            continue
        time_format = data.time_format_of(use.name)
        found = TimeColumn(use.bq_type, time_format, data.null_times)
        times.setdefault(name_in_data, found)
    return profile.read_as(data, {n: times[n] for n in times if n not in others})


def is_in_doubt(use: Use, column: ColumnProfile) -> bool:
    """Return whether several formats or units fit the times of a column equally well."""
    return use.kind == "temporal" and column.times is not None and bool(column.times.asked)
