"""Rows that are the same as an earlier one, of columns that are codes. Reads no files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.data.profile import RepeatedRows
from recgen.local.encoded import codes_of

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""

_ODD, _SHIFT = 0x9E3779B97F4A7C15, 29  # a step of splitmix64, which spreads every bit


def find_repeated(codes: Sequence[Array], rest: pa.Table | None) -> RepeatedRows | None:
    """Return the rows that are the same as an earlier one; None if there are none.

    Rows are compared by 64 bits of a hash: of a million rows, two that differ are taken for the
    same once in thirty million tables.

    Args:
        codes: A number for each row's value of a column: int32, [rows] each.
        rest: The other columns, or None if they are not to be compared.
    """
    import numpy as np

    hashes = np.zeros(len(codes[0]), np.uint64)
    for each in codes:
        hashes = _mixed(hashes, each)
    alike = _in_groups(hashes)
    compared = len(codes)
    for column in () if rest is None else rest.columns:
        own = codes_of(column.take(alike)) if len(alike) else None
        if own is not None:
            hashes[alike] = _mixed(hashes[alike], own)
            alike = alike[_in_groups(hashes[alike])]  # fewer with each column
            compared += 1
    if len(alike) == 0:
        return None
    order = alike[np.argsort(hashes[alike], kind="stable")]
    same = hashes[order[1:]] == hashes[order[:-1]]
    again, before = order[1:][same], order[:-1][same]
    at = int(np.argmin(again))
    example = int(again[at]) + 1, int(before[at]) + 1
    return RepeatedRows(len(again), example, compared, rest is not None)


def _mixed(hashes: Array, codes: Array) -> Array:
    import numpy as np

    mixed = (hashes ^ codes.astype(np.int64).view(np.uint64)) * np.uint64(_ODD)
    return mixed ^ (mixed >> np.uint64(_SHIFT))


def _in_groups(hashes: Array) -> Array:
    """Return the rows whose hash another row has, in order: int64, [such rows]."""
    import numpy as np

    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    same = ordered[1:] == ordered[:-1]
    is_member = np.zeros(len(hashes), bool)
    is_member[order[1:][same]] = True
    is_member[order[:-1][same]] = True
    return np.flatnonzero(is_member)
