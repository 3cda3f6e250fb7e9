"""Histories: lists of what each buyer bought before, built from the transactions."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from recgen.config import ExperimentConfig, HistoryFeature, dtype_of
from recgen.findings import RecgenError
from recgen.local.split import SplitData

if TYPE_CHECKING:
    import pyarrow as pa

_REQUEST = -1  # in place of a value: a list is needed here
_AT_A_TIME = 65_536


@dataclass(frozen=True)
class Wanted:
    """A history that the data does not have: up to `length` past values of a column."""

    name: str
    values: str
    length: int
    dtype: str
    """Type of the items: string or int64."""
    is_newest_first: bool = False
    """Whether lists begin with the latest value; by default, they end with it."""


def missing_histories(config: ExperimentConfig, present: Sequence[str]) -> list[Wanted]:
    """Return the histories of a config that a file with these columns does not have."""
    features = config.features.buyer_model_features
    histories = (f for f in features if isinstance(f, HistoryFeature) and f.history)
    return [
        Wanted(
            name=each.output_name,
            values=each.history.shared_with,
            length=each.history.max_length,
            dtype=dtype_of(each.bq_type),
            is_newest_first=each.history.order == "newest_first",
        )
        for each in histories
        if each.history and not {each.output_name, each.column} & set(present)
    ]


def add_histories(
    split: SplitData,
    wanted: Sequence[Wanted],
    buyer: str,
    date: str,
    known: Sequence[str] = ("train", "eval"),
    *,
    at_random: bool = False,
) -> tuple[SplitData, Mapping[str, pa.Table]]:
    """Add a column for each history to each table.

    A row's list has the values of the buyer's transactions before the row's time (P41), without
    purchases at the same time. They come from training rows and, for test rows, also from
    validation rows. Each value occurs once, the latest last unless a history wants it first;
    values of the same time are in ascending order, that of the list's type. A row without a time
    gets an empty list and adds nothing to others.

    The rows of a random split that are held out lie between the training rows in time. They get
    the buyer's final list, which is what a client would send: recall is then that of the served
    model, and not of one that knows only what came before.

    Args:
        split: The split data.
        wanted: The histories to add.
        buyer: Name of the column with the buyer's ID.
        date: Name of the column with the time.
        known: The splits whose rows are in the final lists.
        at_random: Whether the split is random.

    Returns:
        The data with lists, as dictionaries of the distinct ones, and a warning about rows without
        a time; and for each history the final list of each buyer: a table of `buyer` and
        `history`.

    Raises:
        RecgenError: The values do not fit the type of the items.
    """
    import pyarrow as pa

    past = {"train": split.train, "eval": split.train}
    past["test"] = pa.concat_tables([split.train, split.eval])
    tables = split.tables()
    for each in wanted:
        for name, source in past.items():
            is_final = at_random and name != "train"
            rows = _asked_at_the_end(tables[name], date) if is_final else tables[name]
            lists = _lists(source, rows, each, buyer, date)
            tables[name] = tables[name].append_column(each.name, lists)
    warnings = (*split.warnings, *undated(split, date))
    latest = final_lists(split, wanted, buyer, date, known)
    return SplitData(tables["train"], tables["eval"], tables["test"], warnings), latest


def final_lists(
    split: SplitData, wanted: Sequence[Wanted], buyer: str, date: str, known: Sequence[str]
) -> Mapping[str, pa.Table]:
    """Return the final list of each buyer, by history; the arguments are those of add_histories."""
    import pyarrow as pa

    tables = split.tables()
    everything = pa.concat_tables([tables[name] for name in known])
    return {each.name: _at_the_end(everything, each, buyer, date) for each in wanted}


def undated(split: SplitData, date: str) -> tuple[str, ...]:
    """Return a warning if there are rows without a time, which only a random split has."""
    rows = sum(table[date].null_count for table in split.tables().values())
    if not rows:
        return ()
    have = "1 row has" if rows == 1 else f"{rows:,} rows have"
    return (f"{have} no {date!r}: their histories are empty, and others contain nothing of them",)


def _lists(
    source: pa.Table, rows: pa.Table, wanted: Wanted, buyer: str, date: str
) -> pa.DictionaryArray:
    """Return a list for each row: the buyer's values in `source` before the row's time.

    The rows of an invoice have one list, which is there once: each row has its number only.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pc.and_(pc.is_valid(source[date]), pc.is_valid(source[wanted.values]))
    source = source.filter(known)
    distinct, codes_of_events = _in_order(source[wanted.values].combine_chunks(), wanted)
    together = [*source[buyer].chunks, *rows[buyer].chunks]
    buyers = np.asarray(pa.chunked_array(together).combine_chunks().dictionary_encode().indices)
    requested_at = pc.fill_null(rows[date], np.iinfo(np.int64).min).to_numpy()
    times = np.concatenate([source[date].to_numpy(), requested_at])
    requests = np.full(rows.num_rows, _REQUEST, np.int32)
    events = np.concatenate([codes_of_events, requests])
    # A request comes before the purchases at the same time, as the lowest value. These are in the
    # order of their values: that of the rows is another one after each shuffle.
    order = np.lexsort([events, times, buyers])
    buyers, times, events = buyers[order], times[order], events[order]
    is_first = np.ones(len(order), bool)  # of those with the same buyer, time and value
    is_first[1:] = np.any([np.diff(each) != 0 for each in (buyers, times, events)], axis=0)
    is_request = events == _REQUEST
    offsets, codes, lists = _read(
        buyers[is_first], events[is_first], wanted.length, -1 if wanted.is_newest_first else 1
    )
    list_of_row = np.empty(rows.num_rows, np.int32)
    number = np.cumsum(is_first & is_request)[is_request] - 1
    list_of_row[order[is_request] - source.num_rows] = lists[number]
    items = pa.DictionaryArray.from_arrays(pa.array(codes), distinct)
    values = pa.LargeListArray.from_arrays(pa.array(offsets), items)
    return pa.DictionaryArray.from_arrays(pa.array(list_of_row), values)


def _in_order(values: pa.Array, wanted: Wanted) -> tuple[pa.Array, Any]:
    """Return the distinct items in ascending order, and each value's index there: int32.

    The order is that of the list's type, as in pipelines, whose examples may have another one.
    """
    import numpy as np
    import pyarrow.compute as pc

    found = values.dictionary_encode()
    items = _typed(found.dictionary, wanted).dictionary_encode()
    order = pc.sort_indices(items.dictionary)
    ranks = np.empty(len(order), np.int32)
    ranks[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    return items.dictionary.take(order), ranks[items.indices.to_numpy()[found.indices.to_numpy()]]


def _read(buyers: Any, events: Any, length: int, step: int) -> tuple[Any, Any, Any]:
    """Read all events once, buyer by buyer and in the order of time.

    With a step of -1, lists begin with the latest value; with 1, they end with it.

    Returns:
        The requested lists, as offsets and values, and the index of the list for each request;
        requests with no event in between share a list.
    """
    import numpy as np

    seen: dict[int, None] = {}  # the buyer's values, ordered by their last transaction
    flat, ends, lists = array("i"), array("q", [0]), array("i")
    current, is_written = -1, False
    for buyer, event in _pairs(buyers, events):
        if buyer != current:
            current, seen, is_written = buyer, {}, False
        if event != _REQUEST:
            seen.pop(event, None)
            seen[event] = None
            is_written = False
            continue
        if not is_written:  # reads only the end: reading everything would be quadratic
            flat.extend(list(islice(reversed(seen), length))[::-step])
            ends.append(len(flat))
            is_written = True
        lists.append(len(ends) - 2)
    kinds = (ends, np.int64), (flat, np.int32), (lists, np.int32)
    offsets, values, numbers = (np.frombuffer(each, kind) for each, kind in kinds)
    return offsets, values, numbers


def _pairs(left: Any, right: Any) -> Iterator[tuple[int, int]]:
    """Yield pairs of the numbers of two arrays, of which few are Python objects at a time."""
    for start in range(0, len(left), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        yield from zip(left[part].tolist(), right[part].tolist(), strict=True)


def _asked_at_the_end(rows: pa.Table, date: str) -> pa.Table:
    """Return rows as if they came after all others."""
    import numpy as np
    import pyarrow as pa

    end = pa.array(np.full(rows.num_rows, np.iinfo(np.int64).max))
    return rows.drop([date]).append_column(date, end)


def _at_the_end(source: pa.Table, wanted: Wanted, buyer: str, date: str) -> pa.Table:
    import pyarrow as pa

    buyers = source[buyer].unique()
    rows = _asked_at_the_end(pa.table({buyer: buyers, date: pa.nulls(len(buyers))}), date)
    lists = _lists(source, rows, wanted, buyer, date)
    each = lists.dictionary.take(lists.indices)
    plain = pa.LargeListArray.from_arrays(each.offsets, each.values.dictionary_decode())
    if pa.types.is_dictionary(buyers.type):
        buyers = buyers.dictionary_decode()
    return pa.table({"buyer": buyers, "history": plain})


def _typed(values: pa.Array, wanted: Wanted) -> pa.Array:
    """Return values in the type of the items: numbers as text, or the reverse."""
    import pyarrow as pa

    is_number = pa.types.is_integer(values.type)
    if is_number == (wanted.dtype == "int64"):
        return values
    try:
        return values.cast(pa.large_string() if is_number else pa.int64())
    except pa.ArrowInvalid as error:
        raise RecgenError(
            f"the history {wanted.name!r} expects whole numbers, but its values come from column "
            f"{wanted.values!r}, which has text",
            "give the history the bq_type ARRAY<STRING>",
        ) from error
