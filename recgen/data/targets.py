"""The target in the data: its column, and how it changes over time. Reads nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from recgen.config import DataConfig, FeatureConfig, ModelConfig, Target, target_of
from recgen.data.columns import date_column, find, name_counts
from recgen.data.estimates import with_ids
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile, Spread


@dataclass(frozen=True, slots=True)
class Learnt:
    """A target that the data has.

    Attributes:
        target: The target.
        column: Its column, in the rows that have a buyer and a product.
        profile: The profile of these rows.
    """

    target: Target
    column: ColumnProfile
    profile: Profile

    @property
    def known(self) -> int:
        """Number of rows with a value."""
        return self.column.rows - self.column.nulls

    @property
    def is_binary(self) -> bool:
        """Whether each value is 0 or 1, or one of two truth values."""
        column = self.column
        if column.kind == "boolean":
            return True
        return column.distinct == 2 and (column.low, column.high) == (0, 1)

    @property
    def positive(self) -> float:
        """Share of the rows with a value whose value is 1, if it is binary."""
        spread = self.profile.spread(self.column.name)
        return spread.mean if spread else 0.0


def learnt(features: FeatureConfig, model: ModelConfig, profile: Profile) -> Learnt | None:
    """Return the target that a model predicts, if the data has values of it."""
    target = target_of(features, model)
    if target is None:
        return None
    name = find(name_counts(profile), target.output_name, target.column)
    if name is None:
        return None
    profile = with_ids(features, profile)
    column = profile.column(name)
    return Learnt(target, column, profile) if column.distinct else None


def before_and_after(
    found: Learnt, features: FeatureConfig, data: DataConfig
) -> tuple[Spread, Spread] | None:
    """Return the spread of a target before and after the cut of a split by time."""
    date = date_column(features, data, found.profile)
    if data.split is None or date is None or date.low is None or date.high is None:
        return None
    held_out = data.split.test
    if data.split.kind == "strict_time":
        held_out += data.split.validation
    first = floor(date.low)
    cut = first + (floor(date.high) - first) * (1 - held_out)
    before = found.profile.spread(found.column.name, date.name, until=cut)
    after = found.profile.spread(found.column.name, date.name, since=cut)
    return (before, after) if before and after else None
