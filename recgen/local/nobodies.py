"""IDs that stand for nobody: guests who share one, by how many rows they have. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.data.words import may_stand_for_nobody, stands_for_nobody
from recgen.local.cast.text import shown

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""

_LOOKED_AT = 20  # values, the most frequent ones
_WORD = 0.01  # of the rows at least, for a word such as guest
_NUMBER, _FAR_MORE = 0.02, 5  # of the rows; times the rows of the next ID, for one such as 0


def nobodies(values: pa.Array, counts: Array) -> Array:
    """Return which values of an ID stand for nobody: bool, [values].

    A word that says so needs some rows; a number that programs write for nobody, far more rows than
    any other ID has.

    Args:
        values: The distinct values of a column.
        counts: Number of rows with each value: int64, [values].
    """
    import numpy as np
    import pyarrow as pa

    found = np.zeros(len(values), bool)
    order = np.argsort(-counts, kind="stable")[:_LOOKED_AT]
    if len(order) == 0 or pa.types.is_temporal(values.type) or pa.types.is_nested(values.type):
        return found
    rows = counts.sum()
    texts = shown(values.take(pa.array(order)))
    is_word = [stands_for_nobody(text) for text in texts]
    is_number = [may_stand_for_nobody(text) for text in texts]
    rest = [at for at in range(len(order)) if not (is_word[at] or is_number[at])]
    usual = int(counts[order[rest[0]]]) if rest else 1
    for at, index in enumerate(order):
        share = counts[index] / rows
        if is_word[at]:
            found[index] = share >= _WORD
        elif is_number[at]:
            found[index] = share >= _NUMBER and counts[index] >= _FAR_MORE * usual
    return found
