"""Proposal of a config from a profile of transactions, with a comment on each guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recgen.check import check
from recgen.config import SIDES, FeatureConfig, Side
from recgen.data.events import Events
from recgen.data.profile import Profile
from recgen.proposal import sizes
from recgen.proposal.choices import Given, Keys
from recgen.proposal.columns import Towers, sort_columns
from recgen.proposal.explained import Explained
from recgen.proposal.features import category
from recgen.proposal.habits import find_habits
from recgen.proposal.ids import find_keys
from recgen.proposal.named_time import read_with_format
from recgen.proposal.reading import reading_of
from recgen.proposal.recipe import Recipe
from recgen.proposal.table import Table
from recgen.proposal.target import Predicted, Wanted, find_target
from recgen.proposal.text import config_text
from recgen.proposal.times import Recency, find_past, find_recency
from recgen.proposal.turnover import Turnover, find_turnover


@dataclass(frozen=True)
class Proposal:
    """A config that the data suggests.

    Attributes:
        text: The YAML text, comments included.
        keys: The columns that were chosen for buyer, product and time.
        features: Names of the columns of each tower.
        left_out: The other columns, each with the reason for leaving it out.
        split: How the rows are divided, and why.
        at_random: Whether they are divided at random.
        nobodies: Frequent values of the IDs that stand for nobody or nothing, such as guest.
        events: Kinds of events, if not every row is a purchase.
        target: What is predicted, if anything is.
        empty: The number of rows without a value in any column, if most rows are so.
        turnover: The products of the test, if most of them are new.
    """

    text: str
    keys: Keys
    features: Mapping[Side, tuple[str, ...]]
    left_out: Mapping[str, str]
    split: str
    at_random: bool
    nobodies: Mapping[Side, tuple[str, ...]]
    events: Events | None = None
    target: Predicted | None = None
    empty: int = 0
    turnover: Turnover | None = None


def propose(
    profile: Profile,
    name: str,
    source: str,
    given: Given | None = None,
    reading: Mapping[str, Any] | None = None,
    recipe: Recipe | None = None,
    wanted: Wanted | None = None,
) -> Proposal:
    """Return a config for the data, without errors in `check` as far as the data allows.

    Args:
        profile: The profile of the data.
        name: The config's name.
        source: The name of the data in comments.
        given: Columns that the user named for buyer, product and time.
        reading: The keys of `data` with which the profile was read, for the config.
        recipe: A preset to fit to the data; by default, the data decides everything.
        wanted: What is to be predicted; by default nothing, as in retrieval.

    Raises:
        RecgenError: A column that the user named cannot be used.
    """
    profile = read_with_format(profile, given or Given(), reading_of(reading))
    table = Table(profile)
    keys = find_keys(table, given)
    target = find_target(table, keys, wanted) if wanted else None
    width = recipe.width if recipe else sizes.output_width(table, keys)
    widths = {side: recipe.id_width(side) if recipe else width for side in SIDES}
    towers = _towers(table, keys, width, recipe, target)
    features = _accepted(table, keys, towers, widths, target)
    known = FeatureConfig.model_validate(features)
    divided = sizes.divide(table, keys, known)
    suggested = find_recency(table, known, divided)
    model = _model(table, keys, divided, width, suggested, recipe, target)
    recency = suggested if "recency_half_life_days" in model else None
    habits = find_habits(table, keys)
    past = None
    if target is None or target.has_past:
        past = find_past(table, keys, habits, features, divided)
    if recipe is not None:
        past = recipe.past(past)
    if past is not None:
        features["buyer_model_features"].append(past.feature)
    section = {**(reading or {}), **divided.section}
    data = {"name": name, "features": features, "model": model, "data": section}
    found = (recency, past, habits, recipe, target, find_turnover(table, keys, divided.section))
    explained = Explained(table, keys, towers, model, divided, source, *found)
    return _proposal(data, explained)


def _towers(
    table: Table, keys: Keys, width: int, recipe: Recipe | None, target: Predicted | None
) -> Towers:
    """Return the columns of each tower, as far as the preset has such and the target allows it."""
    towers = sort_columns(table, keys, width)
    if recipe is not None:
        recipe.adapt(towers)
    if target is not None:
        for side in SIDES:
            towers.drop(side, target.column, "the target, which is known only afterwards")
    return towers


def _model(
    table: Table,
    keys: Keys,
    divided: sizes.Divided,
    width: int,
    recency: Recency | None,
    recipe: Recipe | None,
    target: Predicted | None,
) -> dict[str, Any]:
    """Return the model section: of the data, then of the preset, then for the target."""
    model = sizes.model(table, keys, divided.rows, width, recency.drawn if recency else None)
    if recency is not None:
        model["recency_half_life_days"] = recency.days
    if recipe is not None:
        model = recipe.model_of(model, recency, divided.rows.training)
    return target.model_of(model) if target is not None else model


def _proposal(config: Mapping[str, Any], explained: Explained) -> Proposal:
    """Return the proposal of a config as plain data."""
    table, keys, features = explained.table, explained.keys, config["features"]
    columns = {
        side: tuple(str(each["column"]) for each in features[f"{side}_model_features"])
        for side in SIDES
    }
    ids = {side: name for side in SIDES if (name := keys.of(side).name) is not None}
    return Proposal(
        text=config_text(config, explained.comments()),
        keys=keys,
        features=columns,
        left_out=explained.towers.left_out,
        split=explained.split(),
        at_random=explained.divided.section["split"]["kind"] == "random",
        nobodies={side: table.nobodies(name) for side, name in ids.items()},
        events=explained.events,
        target=explained.target,
        empty=table.empty,
        turnover=explained.turnover,
    )


def _accepted(
    table: Table,
    keys: Keys,
    towers: Towers,
    widths: Mapping[Side, int],
    target: Predicted | None,
) -> dict[str, Any]:
    """Return the features section without the features in which `check` finds an error.

    These include the target itself, and what gives it away.
    """
    model = {"model_type": target.kind, "loss_function": target.loss} if target else {}
    own = {"target_column": target.section} if target else {}
    features = {**_features(table, keys, towers, widths), **own}
    while refused := _refused(features, model, towers, table.profile):
        for side, column, why in refused:
            towers.drop(side, column, why)
        features = {**_features(table, keys, towers, widths), **own}
    return features


def _features(
    table: Table, keys: Keys, towers: Towers, widths: Mapping[Side, int]
) -> dict[str, Any]:
    """Return the features section as plain data, the IDs first."""
    section: dict[str, Any] = {f"{side}_id_column": keys.of(side).name for side in SIDES}
    for side in SIDES:
        name, width = keys.of(side).name, widths[side]
        own = [category(table, name, width, width=width).feature] if name is not None else []
        others = [each.feature for each in towers.taken[side]]
        section[f"{side}_model_features"] = [*own, *others]
    return section


def _refused(
    features: dict[str, Any], model: dict[str, Any], towers: Towers, profile: Profile
) -> list[tuple[Side, str, str]]:
    """Return the features in which `check` finds an error, such as a duplicate output name."""
    found: dict[str, tuple[Side, str, str]] = {}
    for error in check({"features": features, "model": model}, profile=profile).errors:
        for side in SIDES:
            taken = towers.taken[side]
            first = len(features[f"{side}_model_features"]) - len(taken)
            for index, each in enumerate(taken, start=first):
                if error.path.startswith(f"features.{side}_model_features[{index}]"):
                    found[each.name] = (side, each.name, error.message)
    return list(found.values())
