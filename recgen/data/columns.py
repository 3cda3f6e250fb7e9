"""Columns of the data as a config names them: where they are, who reads them, odd times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from recgen.config import SIDES, BqType, DataConfig, Feature, FeatureConfig, Side
from recgen.config.paths import all_crosses, all_features, crosses_of, features_of, id_features
from recgen.data.profile import ColumnProfile, Profile
from recgen.findings import Location

DATE: Location = ("data", "split", "date_column")
_UNITS = ((10**17, "nanoseconds"), (10**14, "microseconds"), (10**11, "milliseconds"))
_MARCH_1973 = 10**8  # in epoch seconds: above 20,991,231, below any shop's records


@dataclass(frozen=True, slots=True)
class Use:
    """A place where the config names a column.

    Attributes:
        path: The feature, the member of a cross, or the date column.
        part: What it is.
        kind: How it is read: `text`, `numeric`, `temporal` or `history`.
        name: Its output name; the data may have the column under this name,
        source: or under this one.
        bq_type: Its type.
    """

    path: Location
    part: Literal["feature", "member", "date"]
    kind: str
    name: str
    source: str
    bq_type: BqType

    @property
    def type_path(self) -> Location:
        """Where the config says how the column is read."""
        ends: dict[str, Location] = {"feature": ("bq_type",), "member": ("type",), "date": ()}
        return (*self.path, *ends[self.part])


def uses(features: FeatureConfig, data: DataConfig) -> Iterator[Use]:
    """Yields every place that names a column, in the order in which a run decides on its type."""
    types = data.column_types
    for path, f in all_features(features):
        yield Use(path, "feature", f.data_type, f.output_name, f.column, f.bq_type)
    for path, cross in all_crosses(features):
        for index, m in enumerate(cross.features):
            at = (*path, "features", index)
            bq_type = types.get(m.output_name, m.usual_type)
            yield Use(at, "member", m.type, m.output_name, m.column, bq_type)
    date = data.split.date_column if data.split else None
    if date is not None:
        yield Use(DATE, "date", "temporal", date, date, types.get(date, "TIMESTAMP"))


def columns(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[tuple[Use, ColumnProfile]]:
    """Yields each column that the data has, once: with the use that decides on its type."""
    seen, places = set(), places_of(profile)
    for use in uses(features, data):
        place = find(places, use.name, use.source)
        if use.name not in seen and place is not None:
            seen.add(use.name)
            yield use, profile.column(place)


def places_of(profile: Profile) -> Counter[str]:
    """Returns how often the data has a column of each name."""
    return Counter(profile.names)


def find(places: Counter[str], name: str, source: str) -> str | None:
    """Returns the data's name of a column as a run looks it up; None if none or several fit."""
    place = name if name in places else source
    return place if places[place] == 1 else None


def described(
    features: FeatureConfig, profile: Profile
) -> Iterator[tuple[Location, Feature, ColumnProfile]]:
    """Yields the features whose column has values to compare with, with their paths."""
    for side in SIDES:
        yield from described_of(features, side, profile)


def described_of(
    features: FeatureConfig, side: Side, profile: Profile
) -> Iterator[tuple[Location, Feature, ColumnProfile]]:
    """Yields the same, of one tower."""
    places = places_of(profile)
    for path, feature in features_of(features, side):
        place = find(places, feature.output_name, feature.column)
        if place is not None and profile.column(place).distinct:
            yield path, feature, profile.column(place)


def ids(
    features: FeatureConfig, profile: Profile
) -> Iterator[tuple[Side, Location, ColumnProfile]]:
    """Yields the ID of each tower that has one with values, with its path."""
    places = places_of(profile)
    for side, path, feature in id_features(features):
        place = find(places, feature.output_name, feature.column)
        if place is not None and profile.column(place).distinct:
            yield side, path, profile.column(place)


def id_column(features: FeatureConfig, side: Side, profile: Profile) -> ColumnProfile | None:
    """Returns the column of one tower's ID, if the data has values for it."""
    return next((column for at, _, column in ids(features, profile) if at == side), None)


def is_made(use: Use, data: DataConfig, profile: Profile) -> bool:
    """Says whether a run makes this history of the transactions, since the data lacks it."""
    dated = data.split is not None and data.split.date_column is not None
    return use.kind == "history" and dated and not {use.name, use.source} & set(profile.names)


def read_by(
    features: FeatureConfig, side: Side, profile: Profile
) -> dict[str, tuple[Location, str]]:
    """Returns the data's columns that a tower reads, each with its first path and output name."""
    found: dict[str, tuple[Location, str]] = {}
    places = places_of(profile)
    for path, feature in features_of(features, side):
        place = find(places, feature.output_name, feature.column)
        if place is not None and feature.output_keys:
            found.setdefault(place, (path, feature.output_name))
    for path, cross in crosses_of(features, side):
        for index, member in enumerate(cross.features):
            place = find(places, member.output_name, member.column)
            if place is not None:
                found.setdefault(place, ((*path, "features", index), member.output_name))
    return found


def date_column(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> ColumnProfile | None:
    """Returns the column that a split by time goes by, if the data has it."""
    if data.split is None or data.split.kind == "random" or data.split.date_column is None:
        return None
    name = data.split.date_column
    sources = (f.column for _, f in all_features(features) if f.output_name == name)
    place = find(places_of(profile), name, next(sources, name))
    return None if place is None else profile.column(place)


def wrong_unit(use: Use, column: ColumnProfile) -> str | None:
    """Returns what whole numbers are that are read as times; None for epoch seconds."""
    digits = column.examples and all(e.lstrip("-").isdecimal() for e in column.examples)
    if use.kind != "temporal" or use.bq_type == "TIME" or not digits:
        return None
    largest = max(abs(int(example)) for example in column.examples)
    for limit, unit in _UNITS:
        if largest >= limit:
            return unit
    if column.kind != "integer" or column.low is None or column.high is None or column.low < 0:
        return None
    if _is_calendar(column.low) and _is_calendar(column.high):
        return "dates written as numbers"
    return "numbers that are not epoch seconds" if column.high < _MARCH_1973 else None


def _is_calendar(number: float) -> bool:
    try:
        datetime.strptime(str(int(number)), "%Y%m%d")
    except ValueError:
        return False
    return number >= 10_000_000
