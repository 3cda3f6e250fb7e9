"""Types and shapes of tensors, as TensorFlow's messages have them."""

from __future__ import annotations

from recgen.inspect.records.wire import BYTES, VARINT, fields, signed

Shape = tuple[int | None, ...] | None
"""A tensor's dimensions, None for one that varies; None alone where their number varies."""

# tensorflow/core/framework/types.proto
_TYPES = (
    *("invalid", "float32", "float64", "int32", "uint8", "int16", "int8", "string", "complex64"),
    *("int64", "bool", "qint8", "quint8", "qint32", "bfloat16", "qint16", "quint16", "uint16"),
    *("complex128", "float16", "resource", "variant", "uint32", "uint64"),
)


def type_name(number: int) -> str:
    """Returns a type's name, such as `float32`."""
    return _TYPES[number] if number < len(_TYPES) else f"type {number}"


def read_shape(data: memoryview) -> Shape:
    """Returns the shape that a TensorShapeProto holds."""
    sizes: list[int | None] = []
    for number, kind, value, content in fields(data):
        if (number, kind) == (2, BYTES):
            size = 0
            for inner, inner_kind, found, _ in fields(content):
                size = signed(found) if (inner, inner_kind) == (1, VARINT) else size
            sizes.append(None if size < 0 else size)
        elif (number, kind) == (3, VARINT) and value:
            return None
    return tuple(sizes)
