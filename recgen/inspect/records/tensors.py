"""Types and shapes of tensors, as TensorFlow's messages have them."""

from __future__ import annotations

from typing import Any

from recgen.inspect.records.errors import limited

Shape = tuple[int | None, ...] | None
"""A tensor's dimensions, None for one that varies; None alone where their number varies."""

_MAX_DIMENSIONS = 254  # as in TensorFlow

# tensorflow/core/framework/types.proto
_TYPES = (
    *("invalid", "float32", "float64", "int32", "uint8", "int16", "int8", "string", "complex64"),
    *("int64", "bool", "qint8", "quint8", "qint32", "bfloat16", "qint16", "quint16", "uint16"),
    *("complex128", "float16", "resource", "variant", "uint32", "uint64"),
)


def type_name(number: int) -> str:
    """Return a type's name, such as `float32`."""
    return _TYPES[number] if 0 <= number < len(_TYPES) else f"type {number}"


def shape_of(message: Any) -> Shape:
    """Return the shape that a TensorShapeProto holds.

    Raises:
        FormatError: It has more dimensions than a tensor may have.
    """
    if message.unknown_rank:
        return None
    sizes = [dim.size for dim in limited(message.dim, _MAX_DIMENSIONS, "dimensions of a tensor")]
    return tuple(None if size < 0 else size for size in sizes)
