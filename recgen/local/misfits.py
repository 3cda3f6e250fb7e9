"""The first value of a column that a run cannot read as its type. Reads no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recgen.config import BqType, DType, dtype_of, is_array
from recgen.data.statistics import Misfit, TimeColumn
from recgen.local.cast import first_misfit, plain_numbers, shown
from recgen.local.encoded import Encoded, cut
from recgen.local.times import Reading, refusal, times_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class _Wanted:
    """A column as a run would read it."""

    name: str
    bq_type: BqType
    source: str = ""
    is_category: bool = False
    time_format: str | None = None
    null_times: Sequence[str] | None = None

    @property
    def dtype(self) -> DType:
        return dtype_of(self.bq_type)

    @property
    def is_list(self) -> bool:
        return is_array(self.bq_type)


def misfit_of(column: Encoded, name: str, bq_type: BqType, decimal: str | None) -> Misfit | None:
    """Return the first value of a column that does not fit a type.

    Args:
        column: The column.
        name: Its name.
        bq_type: The type; neither a list nor a time.
        decimal: The separator of decimals, if the file has its own.
    """
    import pyarrow as pa

    found = first_misfit(pa.chunked_array([column.values]), _Wanted(name, bq_type), decimal)
    if found is None:
        return None
    row = int((column.codes == found.at).argmax()) + 1
    (value,) = shown(column.values.slice(found.at, 1))
    return Misfit(cut(value), row, found.wanted, found.help)


def misfit_of_lists(
    lists: pa.ChunkedArray, name: str, bq_type: BqType, decimal: str | None
) -> Misfit | None:
    """Return the first list that cannot be read, or one of its items; arguments are alike."""
    found = first_misfit(lists, _Wanted(name, bq_type), decimal)
    if found is None:
        return None
    (value,) = shown(lists.slice(found.at, 1).combine_chunks())
    return Misfit(cut(value), found.at + 1, found.wanted, found.help)


def misfit_of_times(column: Encoded, bq_type: BqType, given: TimeColumn | None) -> Misfit | None:
    """Return the first value that is not a time, or that is one of several possible times.

    Args:
        column: The column.
        bq_type: The type to read it as.
        given: How the config reads it, if it says so.
    """
    import pyarrow as pa

    wanted = given or TimeColumn(bq_type)
    reading = Reading(bq_type, wanted.time_format, wanted.null_times)
    times = column.times  # what was read before, if it was read the same way
    is_other = wanted.time_format is not None and times and times.way != wanted.time_format
    if times is None or is_other or given is None or given.bq_type != bq_type:
        values = plain_numbers(pa.chunked_array([column.values])).combine_chunks()
        times = times_of(values, reading)
    error = refusal(column.values, times, column.codes, reading)
    if error is None:
        return None
    at = int(column.codes[error.at])
    (value,) = shown(column.values.slice(at, 1))
    help = error.help[:1].upper() + error.help[1:] + "."
    return Misfit(cut(value), error.at + 1, error.wanted, help)
