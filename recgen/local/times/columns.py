"""Columns as epoch seconds, as a run reads them; a value that is no time is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.data.time_advice import how_to_write
from recgen.local.times.reading import Times, null_marks, read_clocks, read_times

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""


class NotTimesError(ValueError):
    """A value is no time, or it is not certain which.

    Attributes:
        wanted: What the value should be.
        help: What to do about it.
        at: Index of the first such value.
    """

    def __init__(self, wanted: str, help: str, at: int) -> None:
        super().__init__(wanted)
        self.wanted, self.help, self.at = wanted, help, at


@dataclass(frozen=True)
class Reading:
    """How a config reads a column of times.

    Attributes:
        bq_type: Its type; TIME is a time of day.
        time_format: A unit or a format; None finds it from the values.
        nulls: What stands for null: values as they are written, or ISO times. None: what lies far
            from all others, in a date column.
    """

    bq_type: str = "TIMESTAMP"
    time_format: str | None = None
    nulls: Sequence[str] | None = None

    @property
    def wanted(self) -> str:
        """What the values should be."""
        if self.bq_type == "TIME":
            return "a time of day such as 08:26:00"
        if self.time_format is None:
            return "a time such as 2011-11-02 08:26:00"
        what = "in the format" if "%" in self.time_format else "in"
        return f"a time {what} {self.time_format}"


def as_times(values: pa.ChunkedArray, reading: Reading) -> pa.ChunkedArray:
    """Return the epoch seconds of a column, int64, with nulls.

    Args:
        values: The column; text is large_string, with null for words that mean it.
        reading: How the config reads it.

    Raises:
        NotTimesError: A value is no time, or the order or unit of the times is not certain.
    """
    import numpy as np
    import pyarrow as pa

    distinct, codes = _encoded(values)
    times = times_of(distinct, reading)
    error = refusal(distinct, times, codes, reading)
    if error is not None:
        raise error
    seconds, known = times.seconds, times.known
    if codes is not None:  # index -1 is the null at the end
        seconds, known = np.append(seconds, 0)[codes], np.append(known, False)[codes]
    return pa.chunked_array([pa.array(seconds, pa.int64(), mask=~known)])


def times_of(values: pa.Array, reading: Reading) -> Times:
    """Return the times of values, without what the config takes as null; it refuses nothing."""
    if reading.bq_type == "TIME":
        return read_clocks(values)
    times = read_times(values, reading.time_format)
    nulls = null_marks(values, times, reading.nulls or (), reading.time_format)
    if not nulls.any():
        return times
    return times.without(nulls)


def _encoded(values: pa.ChunkedArray | pa.Array) -> tuple[pa.Array, Array | None]:
    """Return the distinct values and each row's index; those of timestamps are not searched."""
    import pyarrow as pa

    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_temporal(whole.type) or pa.types.is_null(whole.type):
        return whole, None
    found = whole.dictionary_encode()
    return found.dictionary, found.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def refusal(
    values: pa.Array, times: Times, codes: Array | None, reading: Reading
) -> NotTimesError | None:
    """Return the error that names the first value that is no time or in doubt; None if all are.

    Args:
        values: The values.
        times: What was read of them.
        codes: Index of each row's value, -1 for null; None if there is a value for each row.
        reading: How the config reads the column.
    """
    import numpy as np

    if not times.failed.any() and not times.asked:
        return None
    bad = times.failed if times.failed.any() else times.known
    if codes is not None:
        bad = np.append(bad, False)[codes]
    at = int(bad.argmax())
    if times.failed.any():
        value = values[at if codes is None else int(codes[at])]
        hint = how_to_write(_written(value))
        help = f"{hint}; or " if hint else ""
        return NotTimesError(reading.wanted, help + _correct(int(bad.sum()), len(bad)), at)
    return NotTimesError(_certain(times.asked), which_one(times.asked), at)


def _written(value: pa.Scalar) -> str:
    """Return a value as text."""
    import pyarrow as pa

    try:
        return str(value.cast(pa.large_string()).as_py())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return ""


def _certain(asked: Sequence[str]) -> str:
    """Return what the values should be if several formats or units fit them."""
    if all("%" in each for each in asked):
        return "a time whose parts are in a known order: day or month may come first"
    return "a time in a known unit"


def which_one(asked: Sequence[str]) -> str:
    """Return the advice to say which format or unit is meant."""
    choices = " or ".join(f'"{each}"' for each in asked)
    if len(asked) == 1:
        choices = f"{choices} if it is that, or another unit or format"
    return f"write under `data.column_types` which it is: {choices}"


def _correct(rows: int, total: int) -> str:
    """Return what to do about values that are no times."""
    them = "it" if rows == 1 else f"these {rows:,} of {total:,} rows"
    return (
        f"correct {them}, or list what stands for null under `data.null_times`; for another way "
        'of writing times, give the format under `data.column_types`, such as "%d.%m.%Y"'
    )
