"""Many tf.train.Examples at a time into columns, in numpy.

All records of a block are parsed in step: their first features together, then their second ones,
and so on. That takes records as every serializer writes them; any other goes through `example`,
which reads whatever protobuf does, and is written again in that form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from recgen.inspect.records.columns import Batch, Block, Column, Texts, Values
from recgen.inspect.records.example import KINDS, parse_example, write_example
from recgen.inspect.records.names import Names
from recgen.inspect.records.spans import Bytes, Ints, Mask, copy, decode_ints, padded, read_lengths
from recgen.inspect.records.wire import FormatError

_FIRST, _SECOND = 0x0A, 0x12  # tags: field 1 or 2, with a length
_NONE, _BYTES, _FLOAT, _INT64 = range(len(KINDS))


class Parser:
    """Parses blocks of one table, whose features' names it learns on the way."""

    def __init__(self) -> None:
        self._names = Names()

    def parse(self, block: Block) -> Batch:
        """Returns the columns of a block.

        Raises:
            FormatError: The records have too many different features.
        """
        columns, is_odd = self._attempt(block)
        bad: dict[int, str] = {}
        if is_odd.any():
            block, bad = _rewritten(block, np.flatnonzero(is_odd))
            columns, is_odd = self._attempt(block)
            assert not is_odd.any(), "what write_example writes can be parsed"
        return Batch(len(block.starts), tuple(columns), bad)

    def _attempt(self, block: Block) -> tuple[list[Column], Mask]:
        """Returns the columns, and which records this way of parsing cannot take.

        If there are any, the columns mean nothing.
        """
        found, is_odd = _entries(block)
        names = self._names.identify(block.buffer, found.names, found.name_ends - found.names)
        is_odd[found.records[names < 0]] = True
        places = names * len(block.starts) + found.records
        order = np.argsort(places, kind="stable")
        found, names, places = found.only(order), names[order], places[order]
        is_odd[found.records[1:][places[1:] == places[:-1]]] = True  # a name is there twice
        columns: list[Column] = []
        for kind in np.unique(found.kinds).tolist():
            which = np.flatnonzero(found.kinds == kind)
            own = found.only(which)
            counts, values, fits = _DECODERS[kind](block.buffer, own)
            is_odd[own.records[~fits]] = True
            columns += self._columns(kind, names[which], own.records, counts, values)
        return sorted(columns, key=lambda column: column.name), is_odd

    def _columns(
        self, kind: int, names: Ints, records: Ints, counts: Ints, values: Values
    ) -> Iterator[Column]:
        """Yields a column for each name; entries are ordered by name."""
        numbers, firsts = np.unique(names, return_index=True)
        ends = np.concatenate(([0], np.cumsum(counts)))
        bounds = [*firsts.tolist(), len(names)]
        for number, first, last in zip(numbers.tolist(), bounds[:-1], bounds[1:], strict=True):
            if number >= 0:
                yield Column(
                    self._names.known[number],
                    KINDS[kind],
                    records[first:last],
                    counts[first:last],
                    values[ends[first] : ends[last]],
                )


def _rewritten(block: Block, odd: Ints) -> tuple[Block, dict[int, str]]:
    """Returns the block with some records in the usual form, and what is wrong with the rest.

    In the place of a record that is no Example there is an empty one.
    """
    starts, ends = block.starts.copy(), block.ends.copy()
    bad: dict[int, str] = {}
    parts = [block.buffer.tobytes()]
    at = len(parts[0])
    for number in odd.tolist():
        try:
            record = write_example(parse_example(block.record(number)))
        except FormatError as error:
            bad[number] = error.message
            record = b""
        parts.append(record)
        starts[number], ends[number] = at, at + len(record)
        at += len(record)
    return Block(padded(b"".join(parts)), starts, ends), bad


@dataclass(frozen=True)
class _Entries:
    """Features of records: positions in the buffer. `values` are a list's, without its tag."""

    records: Ints
    names: Ints
    name_ends: Ints
    kinds: Ints
    values: Ints
    ends: Ints

    def only(self, which: Ints) -> _Entries:
        """Returns some of them, in that order."""
        return _Entries(*(getattr(self, field.name)[which] for field in fields(self)))


def _entries(block: Block) -> tuple[_Entries, Mask]:
    """Returns all features of a block's records, and which records are odd."""
    buffer = block.buffer
    features, stops, is_odd = _nested(buffer, block.starts, block.ends, _FIRST)
    is_odd |= stops != block.ends
    is_odd &= block.starts < block.ends  # one without a byte is an Example without features
    records, entries, ends = _steps(buffer, features, stops, is_odd)
    names, name_ends, odd = _nested(buffer, entries, ends, _FIRST)
    feature, feature_ends, more = _nested(buffer, name_ends, ends, _SECOND)
    odd |= more | (feature_ends != ends)
    tags = buffer[feature].astype(np.int64)
    values, value_ends, more = _nested(buffer, feature, ends, tags)
    more |= (value_ends != ends) | ((tags & 7) != 2) | (tags >> 3 > _INT64) | (tags < 8)
    is_empty = feature == ends  # then there is neither a kind nor a list
    odd |= more & ~is_empty
    kinds = np.where(odd | is_empty, _NONE, tags >> 3)
    is_odd[records[odd]] = True
    return (
        _Entries(records, names, name_ends, kinds, np.where(is_empty, ends, values), ends),
        is_odd,
    )


def _steps(buffer: Bytes, at: Ints, stops: Ints, is_odd: Mask) -> tuple[Ints, Ints, Ints]:
    """Goes through the entries of all records' maps in step, and adds to what is odd.

    Returns:
        The record of each entry, where the entry begins and where it ends.
    """
    records = np.flatnonzero((at < stops) & ~is_odd)
    at, stops = at[records], stops[records]
    found: list[tuple[Ints, Ints, Ints]] = []
    while len(records):
        entries, ends, odd = _nested(buffer, at, stops, _FIRST)
        if odd.any():
            is_odd[records[odd]] = True
            records, entries, ends, stops = (a[~odd] for a in (records, entries, ends, stops))
        found.append((records, entries, ends))
        going = ends < stops
        at = ends
        if not going.all():
            records, at, stops = records[going], at[going], stops[going]
    return _joined(found)


def _joined(parts: list[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
    """Returns arrays that were found in steps, each as one; empty ones if there was no step."""
    none = np.zeros(0, np.int64)
    first, second, third = zip((none, none, none), *parts, strict=True)
    return np.concatenate(first), np.concatenate(second), np.concatenate(third)


def _nested(buffer: Bytes, at: Ints, stops: Ints, tags: int | Ints) -> tuple[Ints, Ints, Mask]:
    """Reads a tag and a length at each position.

    Returns:
        Where the content begins and ends, never behind `stops`, and where that is not so.
    """
    lengths, starts, fits = read_lengths(buffer, at + 1, stops)
    ends = starts + lengths
    odd = (buffer[at] != tags) | ~fits | (ends > stops)
    return np.minimum(starts, stops), np.minimum(ends, stops), odd


def _no_values(buffer: Bytes, found: _Entries) -> tuple[Ints, Values, Mask]:
    count = len(found.records)
    none = np.zeros(0, np.int64)
    return np.zeros(count, np.int64), none, np.ones(count, np.bool_)


def _packed(buffer: Bytes, found: _Entries) -> tuple[Ints, Ints, Mask]:
    """Returns where the packed values begin, their lengths in bytes, and which are packed."""
    starts, ends, odd = _nested(buffer, found.values, found.ends, _FIRST)
    is_empty = found.values == found.ends
    lengths = np.where(is_empty | odd, 0, ends - starts)
    return starts, lengths, is_empty | (~odd & (ends == found.ends))


def _floats(buffer: Bytes, found: _Entries) -> tuple[Ints, Values, Mask]:
    starts, lengths, fits = _packed(buffer, found)
    fits &= lengths % 4 == 0
    lengths = np.where(fits, lengths, 0)
    flat = copy(buffer, starts, lengths)[: lengths.sum()]
    return lengths // 4, flat.view(np.dtype("<f4")), fits


def _int64s(buffer: Bytes, found: _Entries) -> tuple[Ints, Values, Mask]:
    starts, lengths, fits = _packed(buffer, found)
    values, counts, is_whole = decode_ints(copy(buffer, starts, lengths), lengths)
    return counts, values, fits & is_whole


def _texts(buffer: Bytes, found: _Entries) -> tuple[Ints, Values, Mask]:
    """Goes through the strings of all lists in step."""
    counts = np.zeros(len(found.records), np.int64)
    fits = np.ones(len(counts), np.bool_)
    which = np.flatnonzero(found.values < found.ends)
    at, stops = found.values[which], found.ends[which]
    parts: list[tuple[Ints, Ints, Ints]] = []
    while len(which):
        starts, ends, odd = _nested(buffer, at, stops, _FIRST)
        fits[which[odd]] = False
        parts.append((which[~odd], starts[~odd], (ends - starts)[~odd]))
        counts[parts[-1][0]] += 1
        going = ~odd & (ends < stops)
        which, at, stops = which[going], ends[going], stops[going]
    lists, starts, lengths = _joined(parts)
    order = np.argsort(lists, kind="stable")
    return counts, Texts(buffer, starts[order], lengths[order]), fits


_DECODERS = {_NONE: _no_values, _BYTES: _texts, _FLOAT: _floats, _INT64: _int64s}
