"""A profile of transactions to the config that it suggests, with a comment for each guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recgen.check import check
from recgen.config import SIDES, FeatureConfig, Side
from recgen.findings import Location, show
from recgen.profile import Profile
from recgen.propose import sizes
from recgen.propose.columns import Towers, sort_columns
from recgen.propose.features import category, day
from recgen.propose.ids import Choice, Keys, find_keys
from recgen.propose.sizes import Divided
from recgen.propose.table import Table
from recgen.propose.text import Comments, comment, config_text, ignore

_LISTED = 40  # columns that are left out, each with its reason
_LOOKS = 3  # a feature that is left out may lay open what is wrong with another


@dataclass(frozen=True)
class Proposal:
    """A config that the data suggests.

    Attributes:
        text: The YAML text, comments included.
        keys: What it takes for buyer, product and time.
        features: Names of the columns of each tower.
        left_out: Why other columns are none of them.
    """

    text: str
    keys: Keys
    features: Mapping[Side, tuple[str, ...]]
    left_out: Mapping[str, str]


def propose(profile: Profile, name: str, source: str) -> Proposal:
    """Returns a config for the data, in which `check` finds no error that it could avoid.

    Args:
        profile: What the data is like.
        name: That of the config.
        source: What comments call the data.
    """
    table = Table(profile)
    keys = find_keys(table)
    width = sizes.output_width(table, keys)
    towers = sort_columns(table, keys, width)
    features = _features(table, keys, towers, width)
    for _ in range(_LOOKS):
        refused = _refused(features, towers, profile)
        if not refused:
            break
        for side, column, why in refused:
            towers.drop(side, column, why)
        features = _features(table, keys, towers, width)
    divided = sizes.divide(table, keys, FeatureConfig.model_validate(features))
    rows = divided.rows.training if divided.rows else profile.rows
    data = {
        "name": name,
        "features": features,
        "model": sizes.model(table, keys, rows, width),
        "data": divided.section,
    }
    comments = _Comments(table, keys, towers, divided, source).all()
    names = {
        side: tuple(str(each["column"]) for each in features[f"{side}_model_features"])
        for side in SIDES
    }
    return Proposal(config_text(data, comments), keys, names, towers.left_out)


def _features(table: Table, keys: Keys, towers: Towers, width: int) -> dict[str, Any]:
    """Returns the features section as plain data, the IDs first."""
    section: dict[str, Any] = {f"{side}_id_column": keys.of(side).name for side in SIDES}
    for side in SIDES:
        name = keys.of(side).name
        own = [category(table, name, width, width=width).feature] if name is not None else []
        others = [each.feature for each in towers.taken[side]]
        section[f"{side}_model_features"] = [*own, *others]
    return section


def _refused(
    features: dict[str, Any], towers: Towers, profile: Profile
) -> list[tuple[Side, str, str]]:
    """Returns the features in which `check` finds an error, and which: two outputs of one name."""
    found: dict[str, tuple[Side, str, str]] = {}
    for error in check({"features": features}, profile=profile).errors:
        for side in SIDES:
            taken = towers.taken[side]
            first = len(features[f"{side}_model_features"]) - len(taken)
            for index, each in enumerate(taken, start=first):
                if error.path.startswith(f"features.{side}_model_features[{index}]"):
                    found[each.name] = (side, each.name, error.message)
    return list(found.values())


@dataclass(frozen=True)
class _Comments:
    """What is said of each part of a proposal."""

    table: Table
    keys: Keys
    towers: Towers
    divided: Divided
    source: str

    def all(self) -> Comments:
        """Returns the comments by the paths of what they stand above."""
        parts = (self._head(), self._left_out(), *map(self._of_side, SIDES), self._of_sizes())
        found: dict[Location, list[str]] = {}
        for part in parts:
            for path, text in part:
                found.setdefault(path, []).append(text)
        return found

    def _head(self) -> Iterator[tuple[Location, str]]:
        profile = self.table.profile
        size = f"{profile.rows:,} rows, {len(profile.names):,} columns"
        text = (
            f"Proposed by `recgen init` from {self.source} ({size}); change what you know better."
        )
        yield ("name",), comment(text)

    def _left_out(self) -> Iterator[tuple[Location, str]]:
        left_out = self.towers.left_out
        if left_out:
            yield ("features",), "Left out:"
        for name, why in list(left_out.items())[:_LISTED]:
            yield ("features",), f"  {comment(f'{_plain(name)}: {why}')}"
        if len(left_out) > _LISTED:
            yield ("features",), f"  and {len(left_out) - _LISTED:,} more"

    def _of_side(self, side: Side) -> Iterator[tuple[Location, str]]:
        choice, path = self.keys.of(side), ("features", f"{side}_id_column")
        if not choice.sure:
            yield path, comment(guess(choice))
        features: Location = ("features", f"{side}_model_features")
        start = 0
        if choice.name is not None:
            column = self.table.columns[choice.name]
            each = (column.rows - column.nulls) / max(1, column.distinct)
            yield (
                *features,
                0,
            ), f"{column.distinct:,} IDs, {each:,.1f} rows each. As wide as the output."
            start = 1
        for index, taken in enumerate(self.towers.taken[side], start=start):
            yield (*features, index), comment(taken.why)

    def _of_sizes(self) -> Iterator[tuple[Location, str]]:
        split: Location = ("data", "split")
        time, rows = self.keys.time, self.divided.rows
        yield ("model",), _MODEL
        if self.divided.section["split"]["kind"] == "random":
            if self.keys.buyer.name is not None:
                yield (*split, "kind"), ignore("RG301", self.divided.why)
            else:
                yield (*split, "kind"), comment(f"At random: {self.divided.why}.")
        elif not time.sure:
            yield (*split, "date_column"), comment(guess(time))
        if time.name is not None and self.divided.section["split"]["kind"] == "strict_time":
            column = self.table.columns[time.name]
            span = f"{day(column.low or 0)} to {day(column.high or 0)}"
            yield split, f"Shares of the time from {span}; the test is its end."
        if rows is not None:
            yield split, (
                f"Rows: {rows.training:,} for training, {rows.validation:,} for validation, "
                f"{rows.test:,} for the test."
            )


_MODEL = (
    "No layers: each ID's vector is the tower's output, plus a projection of the other features. "
    "Deeper towers were worse on Online Retail; measure before you add some."
)


def guess(choice: Choice) -> str:
    """Returns what is to be said of a choice that somebody has to check."""
    return f"GUESS: {choice.why}. Check this." if choice.name else f"GUESS: {choice.why}: set it."


def _plain(name: str) -> str:
    return name if name and name.isprintable() and name == name.strip() else show(name)
