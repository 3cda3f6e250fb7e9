"""What each buyer had before: lists made of the transactions. Knows Arrow tables, no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recgen.local.split import Parts

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Wanted:
    """A history that the data does not have: the past values of a column, at most so many."""

    name: str
    values: str
    length: int


def add_histories(
    parts: Parts, wanted: Sequence[Wanted], buyer: str, date: str
) -> tuple[Parts, Mapping[str, pa.Table]]:
    """Adds a column to each part for each history.

    A row's list has the values of the buyer's transactions before the row's time (P41): what was
    bought at the same time is not among them. They come from training rows, for the test from
    validation rows, too. Each value is there once, the latest one last.

    Args:
        parts: The split data.
        wanted: What to add.
        buyer: Name of the column with the buyer's ID.
        date: Name of the column with the time.

    Returns:
        The parts with lists, and for each history what is known of a buyer at the end: a table of
        `buyer` and `history`.
    """
    import pyarrow as pa

    past = {"train": parts.train, "eval": parts.train}
    past["test"] = pa.concat_tables([parts.train, parts.eval])
    tables = parts.tables()
    latest: dict[str, pa.Table] = {}
    for each in wanted:
        for name, source in past.items():
            lists = _lists(source, tables[name], each, buyer, date)
            tables[name] = tables[name].append_column(each.name, lists)
        latest[each.name] = _at_the_end(past["test"], each, buyer, date)
    return Parts(tables["train"], tables["eval"], tables["test"], parts.warnings), latest


def _lists(source: pa.Table, rows: pa.Table, wanted: Wanted, buyer: str, date: str) -> pa.Array:
    """Returns a list for each row: the buyer's values of `source` before the row's time."""
    import numpy as np
    import pyarrow as pa

    values = source[wanted.values].combine_chunks().dictionary_encode()
    buyers = pa.concat_arrays(
        [*source[buyer].cast(pa.large_binary()).chunks, *rows[buyer].cast(pa.large_binary()).chunks]
    )
    codes = np.asarray(buyers.dictionary_encode().indices)
    asked_by, asked_at = codes[source.num_rows :], rows[date].to_numpy()
    moments, place = np.unique(np.stack([asked_by, asked_at]), axis=1, return_inverse=True)
    past = _Past(codes[: source.num_rows], source[date].to_numpy(), values.indices)
    lists = [past.before(who, when, wanted.length) for who, when in moments.T.tolist()]
    return _as_array(lists, values.dictionary).take(pa.array(place.reshape(-1)))


def _at_the_end(source: pa.Table, wanted: Wanted, buyer: str, date: str) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    values = source[wanted.values].combine_chunks().dictionary_encode()
    buyers = source[buyer].combine_chunks().dictionary_encode()
    past = _Past(np.asarray(buyers.indices), source[date].to_numpy(), values.indices)
    end = np.iinfo(np.int64).max
    lists = [past.before(who, end, wanted.length) for who in range(len(buyers.dictionary))]
    found = _as_array(lists, values.dictionary)
    plain = pa.LargeListArray.from_arrays(found.offsets, found.values.dictionary_decode())
    return pa.table({"buyer": buyers.dictionary, "history": plain})


class _Past:
    """Transactions by buyer and time. Asked for a buyer, times must not decrease."""

    def __init__(self, buyers: Any, times: Any, values: Any) -> None:
        import numpy as np

        order = np.lexsort([times, buyers])
        self._buyers, self._times = buyers[order], times[order]
        self._values = np.asarray(values)[order].tolist()
        self._who = -1
        self._read = 0  # the place up to which the buyer's transactions are in _seen
        self._seen: dict[int, None] = {}  # values in the order of their last transaction

    def before(self, buyer: int, time: int, length: int) -> list[int]:
        """Returns the buyer's last different values before a time, the latest one last."""
        import numpy as np

        if buyer != self._who:
            self._who, self._seen = buyer, {}
            self._read = int(np.searchsorted(self._buyers, buyer))
        end = int(np.searchsorted(self._buyers, buyer, side="right"))
        until = self._read + int(np.searchsorted(self._times[self._read : end], time))
        for value in self._values[self._read : until]:
            self._seen.pop(value, None)
            self._seen[value] = None
        self._read = until
        return list(self._seen)[-length:]


def _as_array(lists: Sequence[list[int]], values: pa.Array) -> pa.Array:
    """Returns lists of places in `values` as lists of a dictionary: each value is kept once."""
    import numpy as np
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum([len(each) for each in lists])])
    flat = np.array([place for each in lists for place in each], np.int32)
    items = pa.DictionaryArray.from_arrays(pa.array(flat), values)
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), items)
