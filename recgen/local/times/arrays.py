"""Arrow's values as numpy arrays and as text, for reading times of any type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""


def valid_of(values: pa.Array) -> Array:
    """Return which values are there: bool, [values]. NaN is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    valid = values.is_valid()
    if pa.types.is_floating(values.type):
        valid = pc.and_(valid, pc.invert(pc.fill_null(pc.is_nan(values), fill_value=False)))
    return valid.to_numpy(zero_copy_only=False)


def filled(values: pa.Array) -> Array:
    """Return values as a numpy array, with 0 for null."""
    import pyarrow.compute as pc

    return pc.fill_null(values, 0).to_numpy(zero_copy_only=False)


def numbers_of(values: pa.Array) -> Array:
    """Return numbers as int64, or as float64 with NaN for null."""
    import pyarrow as pa

    if pa.types.is_integer(values.type) and values.type != pa.uint64():
        return filled(values.cast(pa.int64()))
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def as_text(values: pa.Array) -> pa.Array:
    """Return values as text; whole floats without a fraction."""
    import pyarrow as pa

    if pa.types.is_floating(values.type) or pa.types.is_decimal(values.type):
        return whole_as_text(values)
    return values.cast(pa.large_string())


def whole_as_text(values: pa.Array) -> pa.Array:
    """Return numbers as text, whole ones without a fraction."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(values.type):
        numbers = values.cast(pa.float64(), safe=False)
        whole = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), 2.0**53))
        text = numbers.cast(pa.large_string())
        digits = pc.if_else(whole, numbers, None).cast(pa.int64()).cast(pa.large_string())
        return pc.coalesce(digits, pc.if_else(pc.is_nan(numbers), None, text))
    return values.cast(pa.large_string())
