"""How the numbers of columns go together: spread in a span of time, correlation. Reads no files."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

from recgen.data.statistics import Formula, Spread, Stay
from recgen.local.cast import shown
from recgen.local.cast.numbers import YES
from recgen.local.encoded import Array, Encoded
from recgen.local.pairs import distinct, pairs, placed

_DAY = 86_400
_FEWEST = 3  # rows: two points always lie on a line
_ENOUGH = 30  # rows, if many formulas are tried
_DRAWN = 20_000  # rows on which they are tried first
_NEARLY = 0.99  # of the correlation, on these
_FORMULAS: dict[Formula, Callable[[Array, Array], Array]] = {
    "times": operator.mul,
    "plus": operator.add,
    "minus": operator.sub,
    "divided by": operator.truediv,
}


def rows_of(column: Encoded, at: slice | Array = slice(None)) -> Array | None:
    """Return a number for each row, NaN for null: float64, [rows]; None if there are no numbers.

    `at` are the rows, all of them if it is not given. Of truth values, true is 1 and false is 0.
    """
    import numpy as np

    numbers = column.numbers
    if numbers is None and column.kind == "boolean":
        words = (word.strip().lower() for word in shown(column.values))
        numbers = np.array([word in YES for word in words], np.float64)
    if numbers is None:
        return None
    return np.append(np.where(np.isfinite(numbers), numbers, np.nan), np.nan)[column.codes[at]]


def spread_of(column: Encoded, times: Encoded | None, since: float, until: float) -> Spread | None:
    """Return the spread of numbers in the rows whose time lies in [`since`, `until`)."""
    import numpy as np

    values = rows_of(column)
    if values is None:
        return None
    if times is not None:
        moments = rows_of(times)
        if moments is None:
            return None
        values = values[(moments >= since) & (moments < until)]
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    mean, deviation = float(values.mean()), float(values.std())
    return Spread(len(values), mean, deviation, float(values.min()), float(values.max()))


def stays_of(keys: Encoded, times: Encoded, days: int) -> list[Stay]:
    """Return the first and last time of each value with rows on so many days."""
    import numpy as np

    if times.numbers is None:
        return []
    moments = moments_of(times)
    known = (keys.codes >= 0) & ~np.isnan(moments)
    moments, codes = moments[known], keys.codes[known]
    first, last = np.full(len(keys.values), np.inf), np.full(len(keys.values), -np.inf)
    np.minimum.at(first, codes, moments)
    np.maximum.at(last, codes, moments)
    own_days = distinct(pairs(codes, placed(moments // _DAY)[1]))
    counts: Array = np.bincount(own_days >> 32, minlength=len(first))
    many = counts >= max(1, days)
    found = (first[many], last[many], counts[many])
    return [Stay(*each) for each in zip(*(part.tolist() for part in found), strict=True)]


def moments_of(times: Encoded) -> Array:
    """Return the time of each row in epoch seconds, NaN for those that do not count: float64."""
    import numpy as np

    if times.numbers is None:
        return np.full(len(times.codes), np.nan)
    return np.append(np.where(times.counted(), times.numbers, np.nan), np.nan)[times.codes]


def correlation_of(column: Encoded, other: Encoded, key: Encoded | None = None) -> float:
    """Return Pearson's correlation of a column with another; 0 if it is unknown.

    With a key, the column's values are replaced by their means over the rows of each key's value.
    """
    import numpy as np

    left, right = rows_of(column), rows_of(other)
    if left is None or right is None:
        return 0.0
    if key is not None:
        known = ~np.isnan(left) & np.isfinite(right)
        codes, left, right = key.codes[known] + 1, left[known], right[known]
        left = (np.bincount(codes, left) / np.maximum(np.bincount(codes), 1))[codes]
    return _pearson(left, right, _FEWEST)


def formula_of(
    column: Encoded, first: Encoded, second: Encoded, least: float
) -> tuple[Formula, bool] | None:
    """Return what of two columns a column is, and whether the second comes first.

    Of a product, a sum, a difference and a ratio, it is the one with the highest correlation, if
    that is at least `least`, of either sign.
    """
    import numpy as np

    rows = len(column.codes)
    some = slice(None) if rows <= _DRAWN else np.random.default_rng(0).integers(rows, size=_DRAWN)
    drawn = [rows_of(one, some) for one in (column, first, second)]
    tried: list[tuple[Formula, bool]] = [(word, False) for word in _FORMULAS]
    best = max([*tried, ("divided by", True)], key=lambda one: abs(_agreement(one, drawn)))
    if abs(_agreement(best, drawn)) < least * _NEARLY:
        return None
    found = _agreement(best, [rows_of(one) for one in (column, first, second)])
    if abs(found) < least:
        return None
    return best if best[0] != "minus" else ("minus", found < 0)


def _agreement(formula: tuple[Formula, bool], each: Sequence[Array | None]) -> float:
    """Return the correlation of the first with what a formula makes of the others."""
    import numpy as np

    target, left, right = each
    if target is None or left is None or right is None:
        return 0.0
    word, is_turned = formula
    sides = (right, left) if is_turned else (left, right)
    with np.errstate(all="ignore"):
        return _pearson(target, _FORMULAS[word](*sides), _ENOUGH)


def _pearson(left: Array, right: Array, fewest: int) -> float:
    import numpy as np

    known = ~np.isnan(left) & np.isfinite(right)
    if known.sum() < fewest:
        return 0.0
    left, right = (side[known] - side[known].mean() for side in (left, right))
    size = math.sqrt(float(left @ left)) * math.sqrt(float(right @ right))
    return float(left @ right) / size if size > 0 and math.isfinite(size) else 0.0
