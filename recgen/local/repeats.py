"""Rows that are the same as an earlier one, of columns that are codes. Reads no files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.data.copies import RepeatedRows, ReplayedRows
from recgen.local.encoded import codes_of
from recgen.local.pairs import ordered

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""

_ODD, _SHIFT = 0x9E3779B97F4A7C15, 29  # a step of splitmix64, which spreads every bit
_A_DAY = 86_400.0
_FEWEST = 50  # rows at the end
_COPIES, _FEW = 0.3, 0.2  # share of the end, and of it, what as many rows before may have
_IN_ORDER = 0.8  # rank correlation of the times of copies with those of the earlier rows


def find_repeated(codes: Sequence[Array], rest: pa.Table | None) -> RepeatedRows | None:
    """Return the rows that are the same as an earlier one; None if there are none.

    Rows in which all of `codes` are null do not count. The others are compared by 64 bits of a
    hash: of a million rows, two that differ are taken for the same once in thirty million tables.

    Args:
        codes: A number for each row's value of a column, -1 for null: int32, [rows] each.
        rest: The other columns, or None if they are not to be compared.
    """
    import numpy as np

    hashes, alike, compared = _hashed(codes, rest)
    # A row without any value is no purchase; spreadsheets save such rows below a table.
    alike = alike[np.logical_or.reduce([each[alike] >= 0 for each in codes])]
    if len(alike) == 0:
        return None
    places, found = ordered(hashes[alike])
    order, same = alike[places], found[1:] == found[:-1]
    again, before = order[1:][same], order[:-1][same]
    at = int(np.argmin(again))
    example = int(again[at]) + 1, int(before[at]) + 1
    return RepeatedRows(len(again), example, compared, rest is not None)


def find_replayed(
    codes: Sequence[Array], rest: pa.Table | None, times: Array
) -> ReplayedRows | None:
    """Return the rows at the end that are earlier ones under other times; None if there are none.

    Buyers who buy the same again repeat rows, too, and did so before. So many rows of the end have
    to be earlier ones, few of as many rows before them, and in the order of the earlier ones.

    Args:
        codes: A number for each row's value of a column that is not a time: int32, [rows] each.
        rest: The other columns, or None if they are not to be compared.
        times: The time of each row in epoch seconds, NaN if it is unknown: float64, [rows].
    """
    import numpy as np

    hashes, alike, _ = _hashed(codes, rest)
    alike = alike[~np.isnan(times[alike])]
    alike = alike[ordered(times[alike])[0]]
    places, found = ordered(hashes[alike])  # of the same row, the earliest time first
    del hashes  # 8 bytes a row
    alike, origin = alike[places], np.full(len(times), -1, np.int32)
    is_copy = np.zeros(len(times), bool)
    if len(alike):
        starts = np.flatnonzero(np.append(True, found[1:] != found[:-1]))
        del places, found
        origin[alike] = np.repeat(alike[starts], np.diff(np.append(starts, len(alike))))
        is_copy[alike] = times[alike] - times[origin[alike]] >= _A_DAY
    del alike
    known = np.flatnonzero(~np.isnan(times)).astype(np.int32)
    by_time = known[ordered(times[known])[0]]
    del known
    count = _end_of_copies(is_copy[by_time])
    block = by_time[len(by_time) - count :]
    again = block[origin[block] >= 0]
    again = again[times[origin[again]] < times[block].min(initial=np.inf)]
    if len(again) < _COPIES * max(count, 1) or not _is_in_order(times[origin[again]], times[again]):
        return None
    example = int(again[0]) + 1, int(origin[again[0]]) + 1
    return ReplayedRows(len(again), count, float(times[block[0]]), example)


def _end_of_copies(is_copy: Array) -> int:
    """Return how many rows at the end are mostly copies, while those before are not; 0 if none.

    Args:
        is_copy: Whether each row, in order of time, is an earlier one: bool, [rows].
    """
    import numpy as np

    half = len(is_copy) // 2
    counts = np.arange(_FEWEST, half + 1)
    if not len(counts):
        return 0
    backwards = np.append(np.int32(0), np.cumsum(is_copy[::-1], dtype=np.int32))
    within = backwards[_FEWEST : half + 1]
    before = backwards[2 * _FEWEST : 2 * half + 1 : 2] - within
    excess = np.where(before <= _FEW * within, within - _COPIES * counts, 0)
    best = int(np.argmax(excess))  # where copies begin: rows before are fewer than that
    return int(counts[best]) if excess[best] > 0 else 0


def _is_in_order(before: Array, again: Array) -> bool:
    """Return whether copies follow each other as what they are copies of."""
    import numpy as np

    ranks = [ordered(ordered(each)[0])[0] for each in (before, again)]
    correlations: Array = np.corrcoef(np.stack(ranks))
    return bool(correlations[0, 1] >= _IN_ORDER)


def _hashed(codes: Sequence[Array], rest: pa.Table | None) -> tuple[Array, Array, int]:
    """Return a hash of each row, the rows whose hash another one has, and the columns compared.

    Hashes of rows that no other one equals may leave columns out.
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
    return hashes, alike, compared


def _mixed(hashes: Array, codes: Array) -> Array:
    import numpy as np

    mixed = (hashes ^ codes.astype(np.int64).view(np.uint64)) * np.uint64(_ODD)
    return mixed ^ (mixed >> np.uint64(_SHIFT))


def _in_groups(hashes: Array) -> Array:
    """Return the rows whose hash another row has, in order: int64, [such rows]."""
    import numpy as np

    order, found = ordered(hashes)
    same = found[1:] == found[:-1]
    is_member = np.zeros(len(hashes), bool)
    is_member[order[1:][same]] = True
    is_member[order[:-1][same]] = True
    return np.flatnonzero(is_member)
