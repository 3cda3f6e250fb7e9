"""Hypothesis strategies made from the config models: a new field is drawn without being listed."""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from attacks import ATTACKS
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from recgen.config import BqType
from recgen.config.times import ColumnType, TimeUnit

Plain = dict[str, Any]
Drawn = st.SearchStrategy[Any]

_LONGEST_LIST = 4
_FAR = 2**70  # where a model sets no limit; beyond what any machine's integer holds
_PROSE = 1000  # a text that may be as long as this is no name
_TIME_FORMATS = ("%Y", "%d.%m.%Y", "%m/%d/%y %I:%M %p", "%Y%m%d", "\" # %Y {0} '%b'\n")

_letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
_text = st.text(_letters)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_text, inner, max_size=2),
    max_leaves=4,
)


@dataclass(frozen=True)
class Limits:
    """What a field's metadata say about its values."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    shortest: int = 0
    longest: int | None = None

    @classmethod
    def of(cls, metadata: Iterable[object]) -> Limits:
        """Returns the limits in metadata as Pydantic keeps them."""
        found = {
            name: value
            for item in metadata
            for name in ("ge", "gt", "le", "lt", "min_length", "max_length")
            if (value := getattr(item, name, None)) is not None
        }
        return cls(
            low=found.get("gt", found.get("ge", -math.inf)),
            high=found.get("lt", found.get("le", math.inf)),
            open_low="gt" in found,
            open_high="lt" in found,
            shortest=found.get("min_length", 0),
            longest=found.get("max_length"),
        )


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yields every model that an annotation mentions, at any depth, each once."""
    found: dict[type[BaseModel], None] = {}
    pending = [annotation]
    while pending:
        item = pending.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item not in found:
                found[item] = None
                pending.extend(field.annotation for field in item.model_fields.values())
        else:
            pending.extend(get_args(item))
    return iter(found)


@cache
def plain_of(model: type[BaseModel]) -> Drawn:
    """Returns a strategy for plain data of the model's shape: any field may be left out."""
    fields = {name: field_values(field) for name, field in model.model_fields.items()}
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    return st.fixed_dictionaries(
        {name: fields[name] for name in fields if name in needed},
        optional={name: fields[name] for name in fields if name not in needed},
    )


def field_values(field: FieldInfo) -> Drawn:
    """Returns a strategy for what a field accepts."""
    drawn = values(field.annotation, field.metadata)
    if any(models_in(field.annotation)):
        return drawn  # its parts are drawn as they are accepted, and trying is slow
    kind = field.annotation
    adapter = TypeAdapter(Annotated[(kind, *field.metadata)] if field.metadata else kind)

    def accepted(value: object) -> bool:
        try:
            adapter.validate_python(value)
        except ValidationError:
            return False
        return True

    return drawn.filter(accepted)


def values(annotation: Any, metadata: Iterable[object] = ()) -> Drawn:
    """Returns a strategy for plain data of an annotation, within the limits of its metadata.

    Raises:
        TypeError: The annotation is of a kind that no model had so far.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation == ColumnType:
        return values(BqType) | values(TimeUnit) | st.sampled_from(_TIME_FORMATS)
    if origin is Annotated:
        more = [part for item in inner[1:] for part in getattr(item, "metadata", [item])]
        return values(inner[0], [*metadata, *more])
    if origin in (Union, types.UnionType):
        return st.one_of([values(part, metadata) for part in inner])
    if origin is Literal:
        return st.sampled_from(inner)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return plain_of(annotation)
    limits = Limits.of(metadata)
    if origin in (list, tuple, dict):
        return _collection(origin, inner, limits)
    scalars = {str: _texts, int: _integers, float: _reals}
    if annotation in scalars:
        return scalars[annotation](limits)
    others = {bool: st.booleans(), type(None): st.none(), Any: _json}
    if annotation not in others:
        raise TypeError(f"say in tests/strategies.py how a {annotation} is drawn")
    return others[annotation]


def _collection(kind: type, inner: tuple[Any, ...], limits: Limits) -> Drawn:
    longest = max(_LONGEST_LIST, limits.shortest)
    if limits.longest is not None:
        longest = min(longest, limits.longest)
    if kind is dict:
        keys, items = values(inner[0]), values(inner[1])
        return st.dictionaries(keys, items, min_size=limits.shortest, max_size=2)
    if kind is tuple and inner[-1] is not ...:
        usual = st.sampled_from(list(product((-1, 0, 1), repeat=len(inner))))
        return (usual | st.tuples(*map(values, inner))).map(list)
    return st.lists(values(inner[0]), min_size=limits.shortest, max_size=longest)


def _texts(limits: Limits) -> Drawn:
    longest = limits.longest if limits.longest is not None else _PROSE
    hostile = [text for text in ATTACKS.values() if limits.shortest <= len(text) <= longest]
    short = min(longest, 40 if longest >= _PROSE else 8)
    return st.sampled_from(hostile) | st.text(_letters, min_size=limits.shortest, max_size=short)


def _integers(limits: Limits) -> Drawn:
    low = -_FAR if limits.low == -math.inf else math.floor(limits.low) + limits.open_low
    high = _FAR if limits.high == math.inf else math.ceil(limits.high) - limits.open_high
    near = min(high, low + 100)
    return st.integers(low, near) | st.integers(low, high) | st.sampled_from([low, high])


def _reals(limits: Limits) -> Drawn:
    within = [number for number in (-1.0, 0.0, 0.5, 1.0) if _inside(number, limits)]
    drawn = st.floats(
        None if limits.low == -math.inf else limits.low,
        None if limits.high == math.inf else limits.high,
        exclude_min=limits.open_low,
        exclude_max=limits.open_high,
        allow_nan=False,
        allow_infinity=False,
    )
    return st.sampled_from(within) | drawn if within else drawn


def _inside(number: float, limits: Limits) -> bool:
    low = limits.low < number if limits.open_low else limits.low <= number
    high = number < limits.high if limits.open_high else number <= limits.high
    return low and high
