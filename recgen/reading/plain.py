"""Mappings and objects with attributes as dicts of our own. Knows the config's models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel

Plain = dict[str, Any]
SCALARS = (str, bytes, bool, int, float, type(None))
_ABSENT = object()


def value_of(source: object, key: str) -> object:
    """Return an entry of a mapping or an attribute of an object; None where there is none."""
    return source.get(key) if isinstance(source, Mapping) else getattr(source, key, None)


def fields_of(source: object, names: Iterable[str], older: Iterable[str] = ()) -> Any:
    """Return a mapping, or the attributes of an object, as a new dict; all else as it is.

    An object whose own code fails is returned as well: building the config reports it.

    Args:
        source: What the user gave.
        names: The attributes to read from an object.
        older: Names of an older dialect; an object has them where they are not None.
    """
    if isinstance(source, (*SCALARS, list, tuple)):
        return source
    try:
        if isinstance(source, Mapping):
            return dict(source)
        found = {name: getattr(source, name, _ABSENT) for name in names}
        used = {name: getattr(source, name, None) for name in older}
        found |= {name: value for name, value in used.items() if value is not None}
    except Exception:
        return source
    return {name: value for name, value in found.items() if value is not _ABSENT}


def plain(source: object, model: type[BaseModel], older: Mapping[type, Iterable[str]]) -> Any:
    """Return the data of a model as dicts all the way down; lists are returned as they are.

    Args:
        source: What the user gave: a mapping or an object.
        model: Its fields are read from an object.
        older: Names that objects have beside the fields of these models.
    """
    found = fields_of(source, model.model_fields, older.get(model, ()))
    for name, details in model.model_fields.items():
        inner = _model_in(details.annotation)
        if inner is not None and isinstance(found, dict) and name in found:
            found[name] = plain(found[name], inner, older)
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model of a field that holds one, or one or null."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
