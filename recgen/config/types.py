"""Types of a config's fields: strict scalars, names of column types. Knows only Pydantic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import isfinite
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

Side = Literal["buyer", "product"]
SIDES: tuple[Side, Side] = ("buyer", "product")

BqType = Literal[
    "STRING",
    "BYTES",
    "INT64",
    "INTEGER",
    "FLOAT64",
    "FLOAT",
    "NUMERIC",
    "BIGNUMERIC",
    "BOOL",
    "BOOLEAN",
    "TIMESTAMP",
    "DATETIME",
    "DATE",
    "TIME",
    "ARRAY<STRING>",
    "ARRAY<BYTES>",
    "ARRAY<INT64>",
    "ARRAY<INTEGER>",
    "ARRAY<FLOAT64>",
    "ARRAY<FLOAT>",
    "ARRAY<NUMERIC>",
    "ARRAY<BIGNUMERIC>",
    "ARRAY<BOOL>",
    "ARRAY<BOOLEAN>",
    "ARRAY<TIMESTAMP>",
    "ARRAY<DATETIME>",
    "ARRAY<DATE>",
    "ARRAY<TIME>",
]

DType = Literal["string", "int64", "float32"]

# Times are passed as int64 epoch seconds, TIME as seconds of the day (contract, section 3).
_DTYPES: Mapping[str, DType] = MappingProxyType(
    {
        "STRING": "string",
        "BYTES": "string",
        "INT64": "int64",
        "INTEGER": "int64",
        "BOOL": "int64",
        "BOOLEAN": "int64",
        "TIMESTAMP": "int64",
        "DATETIME": "int64",
        "DATE": "int64",
        "TIME": "int64",
        "FLOAT64": "float32",
        "FLOAT": "float32",
        "NUMERIC": "float32",
        "BIGNUMERIC": "float32",
    }
)


def item_type(bq_type: str) -> str:
    """Return the type of an array's items; a scalar type is returned unchanged."""
    return bq_type.removeprefix("ARRAY<").removesuffix(">")


def is_array(bq_type: str) -> bool:
    """Return whether a column of this type holds lists."""
    return bq_type.startswith("ARRAY<")


def dtype_of(bq_type: BqType) -> DType:
    """Return the dtype of the tensor that holds a column of this type, or its items."""
    return _DTYPES[item_type(bq_type)]


Checked = TypeVar("Checked")


def guarded(check: Callable[[Any], Checked]) -> Callable[[Any], Checked]:
    """Return the check such that a value whose own code raises an exception is invalid."""

    def checked(value: Any) -> Checked:
        try:
            return check(value)
        except PydanticCustomError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise PydanticCustomError("unreadable", f"cannot be read: {kind}") from error

    return checked


def _writable(text: str) -> str:
    # Where a length is limited, Pydantic itself refuses lone surrogates, but not a NUL.
    if "\0" in text:
        raise PydanticCustomError("text_unwritable", "holds a NUL character")
    return text


def _as_written(value: object) -> object:
    # `- 0` in YAML is the text 0 of a file.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ordered(value: object) -> object:
    # Pydantic would also take sets (no order) and generators (perhaps no end).
    if isinstance(value, (list, tuple)):
        return value
    raise PydanticCustomError("list_type", "is not a list")


def _json_only(stats: dict[str, Any]) -> dict[str, Any]:
    # It is stored and written again, so refuse what no file can hold or what has no end.
    if not _is_json(stats, depth=10):
        raise PydanticCustomError("not_json", "is not JSON data of at most 10 levels")
    return stats


def _is_json(value: object, depth: int) -> bool:
    if isinstance(value, (dict, list)):
        parts = value.values() if isinstance(value, dict) else value
        keys = value if isinstance(value, dict) else ()
        texts = all(isinstance(key, str) and _is_json(key, 0) for key in keys)
        return depth > 0 and texts and all(_is_json(part, depth - 1) for part in parts)
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return isfinite(value)
    return value is None or isinstance(value, int)


Item = TypeVar("Item")
ListOf = Annotated[tuple[Item, ...], BeforeValidator(_ordered)]

Writable = AfterValidator(_writable)
Name = Annotated[str, Field(strict=True, max_length=255), Writable]
Prose = Annotated[str, Field(strict=True, max_length=10_000), Writable]
Place = Annotated[str, Field(strict=True, max_length=4096), Writable]
Column = Annotated[str, Field(strict=True, min_length=1, max_length=300), Writable]  # BigQuery's
OptionalColumn = Annotated[str, Field(strict=True, max_length=300), Writable]  # forms store ""

NullValue = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=300),
    Writable,
    BeforeValidator(_as_written),
    WithJsonSchema({"type": ["string", "integer"], "minLength": 1, "maxLength": 300}),
]

Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
EmbeddingDim = Annotated[int, Field(strict=True, ge=4, le=1024)]
Buckets = Annotated[int, Field(strict=True, ge=2, le=1000)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Stats = Annotated[dict[str, Any], AfterValidator(guarded(_json_only))]


class Computed(dict[str, Any]):
    """What a model has computed and keeps: no key that somebody wrote.

    Pydantic validates a model again by all that it holds.
    """


class Config(BaseModel):
    """Base class of all config models: frozen, strict about keys, readable from objects."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        from_attributes=True,
        protected_namespaces=(),  # `model_type` is a name of the contract
        defer_build=True,  # built on first use: most programs need few of them
        use_attribute_docstrings=True,  # these become the descriptions of the JSON Schema
        revalidate_instances="always",  # because `model_copy(update=...)` checks nothing
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        """Leave out what counts as not given: null, as a row of a database has it."""
        if isinstance(data, Mapping):
            absent = [key for key, value in data.items() if cls._is_absent(key, value)]
            return {k: v for k, v in data.items() if k not in absent} if absent else data
        is_plain = data is None or type(data).__module__ == "builtins"
        return data if is_plain or isinstance(data, cls) else _Given(data, cls._is_absent)

    @classmethod
    def _is_absent(cls, key: object, value: object) -> bool:
        """Return whether a value of a field means its default."""
        return isinstance(value, Computed) or (value is None and key in _without_null(cls))


@cache
def _without_null(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields with a default that is not null and that do not allow null."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if not field.is_required() and NoneType not in get_args(field.annotation)
    )


class _Given:
    """The attributes of an object that count as given."""

    def __init__(self, given: object, is_absent: Callable[[object, object], bool]) -> None:
        self._given, self._is_absent = given, is_absent

    def __getattr__(self, name: str) -> object:
        value = getattr(self._given, name)
        if self._is_absent(name, value):
            raise AttributeError(name)
        return value
