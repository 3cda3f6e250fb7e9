"""What each buyer had before: lists made of the transactions. Knows Arrow tables, no files."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from recgen.findings import RecgenError
from recgen.local.split import Parts

if TYPE_CHECKING:
    import pyarrow as pa

_QUESTION = -1  # stands for a value where a list is asked for


@dataclass(frozen=True)
class Wanted:
    """A history that the data does not have: the past values of a column, at most so many."""

    name: str
    values: str
    length: int
    dtype: str
    """Of the list's items: string or int64."""


def add_histories(
    parts: Parts, wanted: Sequence[Wanted], buyer: str, date: str
) -> tuple[Parts, Mapping[str, pa.Table]]:
    """Adds a column to each part for each history.

    A row's list has the values of the buyer's transactions before the row's time (P41): what was
    bought at the same time is not among them. They come from training rows, for the test from
    validation rows, too. Each value is there once, the latest one last. A row without a time is
    before and after nothing: its list is empty.

    Args:
        parts: The split data.
        wanted: What to add.
        buyer: Name of the column with the buyer's ID.
        date: Name of the column with the time.

    Returns:
        The parts with lists, and for each history what is known of a buyer at the end: a table of
        `buyer` and `history`.

    Raises:
        RecgenError: Values cannot be items of the list that is wanted.
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
    import pyarrow.compute as pc

    known = pc.and_(pc.is_valid(source[date]), pc.is_valid(source[wanted.values]))
    source = source.filter(known)
    values = source[wanted.values].combine_chunks().dictionary_encode()
    together = [*source[buyer].chunks, *rows[buyer].chunks]
    buyers = np.asarray(pa.chunked_array(together).combine_chunks().dictionary_encode().indices)
    asked_at = pc.fill_null(rows[date], np.iinfo(np.int64).min).to_numpy()
    times = np.concatenate([source[date].to_numpy(), asked_at])
    questions = np.full(rows.num_rows, _QUESTION, np.int32)
    events = np.concatenate([np.asarray(values.indices), questions])
    # What is asked at a time comes before what is bought then: a question is the lowest value.
    order = np.lexsort([events, times, buyers])
    offsets, places, answers = _read(buyers[order], events[order], wanted.length)
    asked = order[events[order] == _QUESTION] - source.num_rows
    answer_of_row = np.empty(rows.num_rows, np.int64)
    answer_of_row[asked] = answers
    items = pa.DictionaryArray.from_arrays(pa.array(places), _typed(values.dictionary, wanted))
    lists = pa.LargeListArray.from_arrays(pa.array(offsets), items)
    return lists.take(pa.array(answer_of_row))


def _read(buyers: Any, events: Any, length: int) -> tuple[Any, Any, Any]:
    """Reads events once, buyer by buyer and in the order of time.

    Returns:
        The lists that were asked for, as offsets and values, and which one each question got:
        where nothing happened between two, it is the same.
    """
    import numpy as np

    seen: dict[int, None] = {}  # the buyer's values, in the order of their last transaction
    flat, ends, answers = array("i"), array("q", [0]), array("q")
    reader, is_answered = -1, False
    for buyer, event in zip(buyers.tolist(), events.tolist(), strict=True):
        if buyer != reader:
            reader, seen, is_answered = buyer, {}, False
        if event != _QUESTION:
            seen.pop(event, None)
            seen[event] = None
            is_answered = False
            continue
        if not is_answered:  # only the end is read: all of it, row by row, would be quadratic
            flat.extend(list(islice(reversed(seen), length))[::-1])
            ends.append(len(flat))
            is_answered = True
        answers.append(len(ends) - 2)
    return np.array(ends), np.array(flat), np.array(answers)


def _at_the_end(source: pa.Table, wanted: Wanted, buyer: str, date: str) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    buyers = source[buyer].unique()
    end = pa.array(np.full(len(buyers), np.iinfo(np.int64).max))
    lists = _lists(source, pa.table({buyer: buyers, date: end}), wanted, buyer, date)
    plain = pa.LargeListArray.from_arrays(lists.offsets, lists.values.dictionary_decode())
    return pa.table({"buyer": buyers, "history": plain})


def _typed(values: pa.Array, wanted: Wanted) -> pa.Array:
    """Returns values as items of the list: numbers as text where it has text, or the reverse."""
    import pyarrow as pa

    is_number = pa.types.is_integer(values.type)
    if is_number == (wanted.dtype == "int64"):
        return values
    try:
        return values.cast(pa.large_string() if is_number else pa.int64())
    except pa.ArrowInvalid as error:
        raise RecgenError(
            f"the history {wanted.name!r} has whole numbers, but column {wanted.values!r}, whose "
            "values it holds, has text",
            "give the history the bq_type ARRAY<STRING>",
        ) from error
