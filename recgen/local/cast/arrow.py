"""Columns in the few Arrow types that the casts know, whatever the file stores them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Values: TypeAlias = "pa.ChunkedArray"

_UUID = "arrow.uuid"
_BOOL8 = "arrow.bool8"


class UnfitError(ValueError):
    """A value cannot be read as a type; `wanted` says what the type expects.

    Attributes:
        wanted: What the value should be, for example `a whole number`.
        help: What to do about it; empty if only the usual advice applies.
        at: Index of the value; None if it is not known.
    """

    def __init__(self, wanted: str, help: str = "", at: int | None = None) -> None:
        super().__init__(wanted)
        self.wanted, self.help, self.at = wanted, help, at


class QuestionError(UnfitError):
    """The values are numbers, but only their owner knows which."""


def plain(values: Values) -> Values:
    """Return the same values in a type that casts know.

    Dictionaries, runs and views are decoded, extension types become what they store, UUIDs become
    their text (8-4-4-4-12), text becomes large_string and bytes become large_binary. Text that is
    not UTF-8 becomes bytes. Other values, such as lists, are unchanged.
    """
    import pyarrow as pa

    kind, types = values.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _storage(values)
    if types.is_dictionary(kind):
        chunks = [chunk.dictionary_decode() for chunk in values.chunks]
        return plain(pa.chunked_array(chunks, kind.value_type))
    if _is("is_run_end_encoded", kind):
        import pyarrow.compute as pc

        return plain(pc.run_end_decode(values))
    if types.is_string(kind) or types.is_large_string(kind) or _is("is_string_view", kind):
        return _text(values)
    if is_bytes(kind) or _is("is_binary_view", kind):
        return values.cast(pa.large_binary())
    if _is("is_decimal32", kind) or _is("is_decimal64", kind):
        return values.cast(pa.decimal128(38 if kind.scale > 0 else kind.precision, kind.scale))
    return values


def _is(test: str, kind: pa.DataType) -> bool:
    """Return the answer of a test of `pa.types`; False if this Arrow has no such type."""
    import pyarrow as pa

    asks = getattr(pa.types, test, None)
    return asks is not None and bool(asks(kind))


def is_text(values: Values) -> bool:
    """Return whether the values are text."""
    import pyarrow as pa

    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def is_bytes(kind: pa.DataType) -> bool:
    """Return whether a type is that of bytes."""
    import pyarrow as pa

    types = pa.types
    tests = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


def is_list(values: Values) -> bool:
    """Return whether the values are lists."""
    import pyarrow as pa

    kind, types = values.type, pa.types
    views = _is("is_list_view", kind) or _is("is_large_list_view", kind)
    tests = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return views or any(test(kind) for test in tests)


def lossy(floats: Values) -> tuple[Values, int]:
    """Return which floats are too large to tell whole numbers apart, and the bits of a mantissa.

    From 2^53 on, float64 skips whole numbers, so what was one may have become another.
    """
    import pyarrow.compute as pc

    bits = {16: 11, 32: 24, 64: 53}[floats.type.bit_width]
    known = single(floats) if bits == 11 else floats
    return pc.greater_equal(pc.abs(known), 2.0**bits), bits


def without_nan(values: Values) -> Values:
    """Return floats with null for NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def single(halves: Values) -> Values:
    """Return float16 as float32, which older versions of Arrow cannot cast."""
    import numpy as np
    import pyarrow as pa

    chunks = [
        pa.array(chunk.to_numpy(zero_copy_only=False).astype(np.float32), mask=_nulls(chunk))
        for chunk in halves.chunks
    ]
    return pa.chunked_array(chunks, pa.float32())


def _nulls(values: pa.Array) -> object:
    return values.is_null().to_numpy(zero_copy_only=False)


def _storage(values: Values) -> Values:
    """Return what an extension type stores; UUIDs as text."""
    import pyarrow as pa

    kind = values.type
    name = getattr(kind, "extension_name", "")
    stored = pa.chunked_array([chunk.storage for chunk in values.chunks], kind.storage_type)
    if name == _UUID:
        return uuid_text(stored)
    return plain(stored.cast(pa.bool_()) if name == _BOOL8 else stored)


def with_uuids(table: pa.Table, schema: pq.ParquetSchema) -> pa.Table:
    """Return a Parquet file's columns with text for UUIDs that this Arrow reads as 16 bytes.

    Args:
        table: Columns of the file.
        schema: The file's own schema, which says what the 16 bytes are.
    """
    import pyarrow as pa

    leaves = map(schema.column, range(len(schema)))
    uuids = {leaf.path for leaf in leaves if leaf.logical_type.type == "UUID"}
    for at, field in enumerate(table.schema):
        if field.name in uuids and pa.types.is_fixed_size_binary(field.type):
            table = table.set_column(at, field.name, uuid_text(table.column(at)))
    return table


def uuid_text(values: Values) -> Values:
    """Return UUIDs, stored as 16 bytes, as text such as f94d231d-2366-55d7-9724-3c84b1bbddb7."""
    import pyarrow as pa

    chunks = []
    for chunk in values.chunks:
        digits = [None if each is None else each.hex() for each in chunk.to_pylist()]
        chunks.append(pa.array(map(_dashed, digits), pa.large_string()))
    return pa.chunked_array(chunks, pa.large_string())


def _dashed(digits: str | None) -> str | None:
    if digits is None:
        return None
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(parts)


def _text(values: Values) -> Values:
    """Return large text, or bytes if some of it is not UTF-8: Parquet files are not validated."""
    import pyarrow as pa

    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return values.cast(pa.binary()).cast(pa.large_binary())
    return values.cast(pa.large_string())
