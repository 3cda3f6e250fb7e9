"""A config in which every text of every model is set, each to a name of its own.

Made from the models, so that the attacks reach a field that is added tomorrow.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from configs import MODELS, mended, output_name
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from strategies import Limits, Plain, models_in

from recgen.config import SIDES, ExperimentConfig
from recgen.config.files import Delimiter
from recgen.config.times import ColumnType

HARMLESS = "harmless {} text"  # no identifier, as most attacks
SHORT = "a {}"  # of a delimiter


@dataclass
class Filled:
    """A config, and which field each of its texts is of: `TextFeature.column`, say."""

    plain: Plain = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def fresh(self, owner: str, shape: str = HARMLESS) -> str:
        """Returns a text that no other field has."""
        text = shape.format(len(self.owners))
        self.owners[text] = owner
        return text

    def kept(self) -> dict[str, str]:
        """Returns the texts that are still in the config, and their fields."""
        return {text: owner for text, owner in self.owners.items() if _occurs(text, self.plain)}

    def instead(self, text: str, attack: str) -> Plain:
        """Returns the config with another text wherever this one stands."""
        return dict(_replaced(self.plain, text, attack))


def text_fields() -> set[str]:
    """Returns every field that holds text of the user's own, of every model."""
    return {
        f"{model.__name__}.{name}"
        for model in MODELS
        for name, info in model.model_fields.items()
        if _mentions(info.annotation, str)
    }


def filled(optional: bool) -> Filled:
    """Returns a config that passes the check; `optional` also sets what may be left out."""
    found = Filled()
    plain = _model(ExperimentConfig, found, optional)
    plain.pop("pipeline", None)  # not in the modules: test_pipeline.py attacks its texts
    features = plain["features"]
    for side in SIDES:
        features[f"{side}_id_column"] = output_name(features[f"{side}_model_features"][0])
    for feature in features["buyer_model_features"]:
        for history in filter(None, [(feature.get("transforms") or {}).get("history")]):
            history["shared_with"] = features["product_id_column"]
    found.plain = mended(plain)
    return found


def _model(model: type[BaseModel], found: Filled, optional: bool) -> Plain:
    plain: Plain = {}
    for name, info in model.model_fields.items():
        text = optional and _mentions(info.annotation, str)
        if info.is_required() or text or any(map(_has_text, models_in(info.annotation))):
            owner = f"{model.__name__}.{name}"
            plain[name] = _sample(info.annotation, info, owner, found, optional)
    return plain


def _sample(annotation: Any, info: FieldInfo, owner: str, found: Filled, optional: bool) -> Any:
    """Returns a value of an annotation: of lists one item of each kind, of choices the first."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation, found, optional)
    if annotation == ColumnType:
        return "DATE"
    if annotation == Delimiter:
        return found.fresh(owner, SHORT)
    if annotation in (str, Any):
        return found.fresh(owner)
    if origin is Literal:
        return inner[0]
    if origin is dict:
        kind = inner[1]
        return {found.fresh(owner): _sample(kind, info, owner, found, optional)} if optional else {}
    if origin in (list, tuple):
        kinds = list(models_of(inner[0])) or [inner[0]]
        kinds *= max(1, Limits.of(info.metadata).shortest) if len(kinds) == 1 else 1
        return [_sample(kind, info, owner, found, optional) for kind in kinds]
    if origin in (Union, types.UnionType, Annotated):
        return _sample(inner[0], info, owner, found, optional)
    limits = Limits.of(info.metadata)
    return max(limits.low, 0.5) if annotation is float else int(max(limits.low, 1))


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """Returns the models that a value of this annotation can be."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in get_args(annotation) for model in models_of(part)]


def _has_text(model: type[BaseModel]) -> bool:
    return any(_mentions(info.annotation, str) for info in model.model_fields.values())


def _mentions(annotation: Any, kind: type) -> bool:
    if get_origin(annotation) is Literal:
        return False
    return annotation is kind or any(_mentions(part, kind) for part in get_args(annotation))


def _occurs(text: str, value: Any) -> bool:
    if isinstance(value, dict):
        return any(_occurs(text, part) for item in value.items() for part in item)
    if isinstance(value, list):
        return any(_occurs(text, part) for part in value)
    return bool(value == text)


def _replaced(value: Any, text: str, attack: str) -> Any:
    if isinstance(value, dict):
        items = value.items()
        return {_replaced(k, text, attack): _replaced(v, text, attack) for k, v in items}
    if isinstance(value, list):
        return [_replaced(part, text, attack) for part in value]
    return attack if value == text else value
