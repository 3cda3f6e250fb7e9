"""How much of a column others explain, beyond the means of buyers and products. Reads no files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recgen.local.encoded import Array, Encoded
from recgen.local.relations import rows_of

_ROWS = 20_000  # that are drawn
_ROUNDS = 10  # of subtracting the means of one key after the other
_BINS = 20  # of a number
_WORDS = 20  # texts of a column that are told apart, the most frequent
_FREE = 100  # rows beyond what is fitted, at the least
_LITTLE = 0.01  # of the variance left beyond the means: then there is nothing to explain


def explained_of(column: Encoded, others: Sequence[Encoded], keys: Sequence[Encoded]) -> float:
    """Return the share of a column's variance beyond the means by keys that others explain.

    It is the coefficient of partial determination, adjusted for the number of fitted parameters:
    the column is fitted by a sum of a mean per key and the other columns, as numbers, as logarithms
    (so a product or a ratio is found), in bins and in combinations of bins; the best fit counts.
    The values of a text are fitted as a 0 or 1 each. What is null may say something, too. It is 0
    if that is unknown.
    """
    known = _drawn(column)
    means = [key.codes[known] + 1 for key in keys]
    return max((_share(*each, means) for each in _fits(column, others, known)), default=0.0)


def _drawn(column: Encoded) -> Array:
    """Return the numbers of the rows that count: those with a value, or some of them."""
    import numpy as np

    known = np.flatnonzero(column.codes >= 0)
    if len(known) <= _ROWS:
        return known
    return np.sort(np.random.default_rng(0).choice(known, _ROWS, replace=False))


def _fits(
    column: Encoded, others: Sequence[Encoded], known: Array
) -> Iterator[tuple[Array, list[Array], list[Array]]]:
    """Yield what is fitted, [rows, values], by which numbers and by which codes, in each form."""
    numbers = [rows_of(other) for other in others]
    words = [
        _words(other, known)
        for other, found in zip(others, numbers, strict=True)
        if found is None or (found != found).any()
    ]
    given = [found[known] for found in numbers if found is not None]
    for is_log in (False, True):
        own = _outputs(column, known, is_log)
        yield own, [_form(found, is_log) for found in given], words
        binned = [*words, *map(_binned, given)]
        yield own, [], binned
        if len(others) > 1 and not is_log:
            yield own, [], [_crossed(binned)]
        if len(given) > 1 and not is_log:
            first, second = (_form(found, False) for found in given)
            yield own, [first, second, first * second], words


def _outputs(column: Encoded, known: Array, is_log: bool) -> Array:
    import numpy as np

    values = rows_of(column)
    if values is not None:
        return _form(values[known], is_log)[:, None]
    most = np.argsort(column.counts)[::-1][:_WORDS]
    return (column.codes[known][:, None] == most).astype(np.float64)


def _words(column: Encoded, known: Array) -> Array:
    """Return the codes of a text, or whether a number is null."""
    import numpy as np

    codes = column.codes[known] + 1
    return codes if column.numbers is None else np.minimum(codes, 1)


def _form(values: Array, is_log: bool) -> Array:
    """Return numbers or their logarithms, with the mean for null."""
    import numpy as np

    if is_log:
        is_positive = not (values <= 0).any()
        values = np.log(values) if is_positive else np.sign(values) * np.log1p(np.abs(values))
    usual = np.nanmean(values) if np.isfinite(values).any() else 0.0
    return np.where(np.isfinite(values), values, usual)


def _binned(values: Array) -> Array:
    """Return the number of each value's quantile, of null the last one."""
    import numpy as np

    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.zeros(len(values), np.int64)
    return np.searchsorted(np.unique(np.quantile(finite, np.arange(1, _BINS) / _BINS)), values)


def _crossed(codes: list[Array]) -> Array:
    """Return the codes of the combinations of values."""
    import numpy as np

    return np.unique(np.stack(codes, 1), axis=0, return_inverse=True)[1].reshape(-1)


def _share(own: Array, numbers: list[Array], words: list[Array], means: list[Array]) -> float:
    """Return the adjusted share of what is left beyond the means that numbers and words explain."""
    import numpy as np

    free = len(own) - sum(len(np.unique(codes)) for codes in means)
    fitted = len(numbers) + sum(len(np.unique(codes)) - 1 for codes in words)
    if free - fitted < _FREE:
        return 0.0
    left = _beyond(own, means)
    size = float((left**2).sum())
    if size <= _LITTLE * float(((own - own.mean(0)) ** 2).sum()):
        return 0.0
    rest = _beyond(own, [*means, *words])
    if numbers:
        given = _beyond(np.stack(numbers, 1), [*means, *words])
        scale = np.sqrt((given**2).sum(0))
        given = given / np.where(scale > 0, scale, 1.0)
        rest = rest - given @ np.linalg.lstsq(given, rest, rcond=1e-9)[0]
    unexplained = float((rest**2).sum()) / size
    return max(0.0, 1 - unexplained * free / (free - fitted))


def _beyond(values: Array, means: list[Array]) -> Array:
    """Return what the sum of a mean per key leaves of values, [rows, values]."""
    import numpy as np

    left = values - values.mean(0)
    for _ in range(_ROUNDS):
        for codes in means:
            counts = np.maximum(np.bincount(codes), 1)
            for place in range(left.shape[1]):
                sums = np.bincount(codes, left[:, place])
                left[:, place] -= (sums / counts)[codes]
    return left
