"""Whole configs as plain data, most of them valid: drawn from the models, then arranged and mended.

`strategies.py` draws what each field accepts by itself. Here columns get one name each, towers get
their IDs, and whatever a rule refuses all the same is taken out again: rules need not be known.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import Drawn, Plain, field_values, models_in, plain_of

from recgen.config import (
    SIDES,
    DataConfig,
    ExperimentConfig,
    FeatureConfig,
    ModelConfig,
    Split,
    Target,
    TextFeature,
)
from recgen.findings import Location
from recgen.rules import RULES

MODELS = tuple(models_in(ExperimentConfig))
_SECTIONS = {"features": FeatureConfig, "model": ModelConfig, "data": DataConfig}
names = field_values(TextFeature.model_fields["column"])
_columns = st.lists(names, min_size=20, max_size=20, unique=True)
_features = field_values(FeatureConfig.model_fields["buyer_model_features"])
_crosses = field_values(FeatureConfig.model_fields["buyer_model_crosses"])
_dates: Drawn = field_values(Split.model_fields["date_column"]).filter(bool)
_ROUNDS = 6  # what is taken out can make something else wrong


@st.composite
def experiments(draw: st.DrawFn) -> Plain:
    """Draws a config as plain data; nine of ten pass the check."""
    plain = draw(plain_of(ExperimentConfig))
    plain["features"] |= draw(_towers())
    _share(draw, plain["features"])
    for section in ("model", "data"):
        if draw(st.integers(0, 9)):  # it is left out in half of what was drawn
            plain[section] = draw(plain_of(_SECTIONS[section]))
    model = plain.get("model", {})
    if "learning_rate" in model and draw(st.integers(0, 9)):
        model["learning_rate"] = min(model["learning_rate"], 0.005)  # with it, any depth trains
    if model.get("share_tower_weights"):
        _mirror(plain["features"], model)
    _date(draw, plain)
    _aim(draw, plain)
    return mended(plain)


@st.composite
def _towers(draw: st.DrawFn) -> Plain:
    """Draws both towers' features and crosses, with IDs, and no column twice."""
    columns = iter(draw(_columns))
    found: Plain = {}
    for side in SIDES:
        own = [draw(plain_of(TextFeature)), *draw(_features)]
        for feature in own:
            feature["column"] = next(columns)
        own[0].pop("transforms", None)
        found |= {f"{side}_model_features": own, f"{side}_id_column": output_name(own[0])}
        crosses = draw(_crosses) if len(own) > 2 else []
        for cross in crosses:
            _join(draw, cross, own)
        found[f"{side}_model_crosses"] = crosses
    return found


def _share(draw: st.DrawFn, features: Plain) -> None:
    """Makes most histories lists of a text feature's values, of the type and width that fit."""
    both = [each for side in SIDES for each in features[f"{side}_model_features"]]
    texts = [output_name(each) for each in both if each["data_type"] == "text"]
    for feature in both:
        if feature["data_type"] == "history" and draw(st.integers(0, 3)):
            drawn = (feature.get("transforms") or {}).get("history") or {}
            history = {"shared_with": draw(st.sampled_from(texts))}
            history |= {key: drawn[key] for key in ("max_length",) if key in drawn}
            feature["transforms"] = {"history": history}
            feature.pop("bq_type", None)


def output_name(feature: Plain) -> str:
    """Returns the name that a feature, or a member of a cross, has everywhere."""
    return feature.get("display_name") or feature["column"]


def _join(draw: st.DrawFn, cross: Plain, features: list[Plain]) -> None:
    """Makes features members of a cross; a column of its own stays in one of four."""
    for member in cross["features"]:
        if draw(st.integers(0, 3)):
            feature = draw(st.sampled_from(features))
            for key in ("column", "display_name"):
                member.pop(key, None)
                member |= {key: feature[key]} if key in feature else {}
            member["type"] = feature["data_type"] if feature["data_type"] != "history" else "text"


def _mirror(features: Plain, model: Plain) -> None:
    """Gives both towers the same widths and layers, so that they can share weights."""
    shared = copy.deepcopy(features["buyer_model_features"])
    for feature in shared:
        feature["column"] = f"{feature['column'][:250]}2"  # at most 300 characters
        feature.pop("display_name", None)
    crosses: Plain = {f"{side}_model_crosses": [] for side in SIDES}
    own = {"product_model_features": shared, "product_id_column": output_name(shared[0])}
    features.update(crosses | own)
    model["product_tower_layers"] = copy.deepcopy(model.get("buyer_tower_layers", []))


def _date(draw: st.DrawFn, plain: Plain) -> None:
    """Gives a split by time its date column: a temporal feature, or a column of its own."""
    split = plain.get("data", {}).get("split")
    if not split:
        return
    features = [f for side in SIDES for f in plain["features"][f"{side}_model_features"]]
    known = [output_name(f) for f in features if f["data_type"] == "temporal"]
    split["date_column"] = draw(st.sampled_from(known) | _dates if known else _dates)


def _aim(draw: st.DrawFn, plain: Plain) -> None:
    """Gives a model that predicts something a column for it, which no tower reads."""
    if plain.get("model", {}).get("model_type", "retrieval") == "retrieval":
        return
    target = draw(plain_of(Target))
    features = [f for side in SIDES for f in plain["features"][f"{side}_model_features"]]
    read = {name for f in features for name in (f["column"], output_name(f))}
    target["column"] = draw(names.filter(lambda name: name not in read))
    target.pop("display_name", None)
    plain["features"]["target_column"] = target


def mended(plain: Plain) -> Plain:
    """Returns a config without what the rules refuse, as far as leaving things out can do it."""
    for _ in range(_ROUNDS):
        refused = set(refused_paths(plain))
        if not refused:
            break
        outermost = {path for path in refused if refused.isdisjoint(_around(path))}
        for path in sorted(outermost, key=_last_first):
            plain = _without(plain, path)
    return plain


def refused_paths(plain: Plain) -> Iterator[Location]:
    """Yields where the rules see an error; the config's shape must be right."""
    config = ExperimentConfig.model_validate(plain)
    found = {name: getattr(config, name) for name in (*_SECTIONS, "pipeline")}
    sections = {name: section for name, section in found.items() if section is not None}
    for rule in RULES.values():
        for problem in rule.problems(sections):
            if (problem.severity or rule.severity) == "error":
                yield problem.path


def _around(path: Location) -> set[Location]:
    return {path[:length] for length in range(1, len(path))}


def _last_first(path: Location) -> tuple[Any, ...]:
    """Sorts so that removing by position leaves the other positions right."""
    return tuple((0, -part, "") if isinstance(part, int) else (1, 0, part) for part in path)


def _without(plain: Plain, path: Location) -> Plain:
    """Returns a config without what stands at a path, or without the least that is around it."""
    for length in range(len(path), 0, -1):
        less = copy.deepcopy(plain)
        if _delete(less, path[:length]) and _has_shape(less):
            return less
    return plain


def _delete(value: Any, path: Location) -> bool:
    *around, last = path
    for part in around:
        if not _holds(value, part):
            return False
        value = value[part]
    if not _holds(value, last):
        return False
    del value[last]
    return True


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, dict) and part in value


def _has_shape(plain: Plain) -> bool:
    try:
        ExperimentConfig.model_validate(plain)
    except ValidationError:
        return False
    return True
