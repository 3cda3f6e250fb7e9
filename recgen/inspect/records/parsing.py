"""Examples into columns, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recgen.inspect.records.columns import Batch, Block, Column, Kind, Texts, Values
from recgen.inspect.records.errors import FormatError
from recgen.inspect.records.messages import Example, parse
from recgen.inspect.records.spans import padded

MAX_NAMES = 10_000
"""More different names than this are not a table; what is kept of each would fill the memory."""

MAX_NAME_CHARACTERS = 2**20
"""The longest that all names may be together."""

MAX_VALUES = 2**20
"""Values that a row may have, in all of its features together."""

_KINDS: dict[str | None, Kind] = {
    None: "none",
    "bytes_list": "bytes",
    "float_list": "float",
    "int64_list": "int64",
}


class Parser:
    """Parses blocks of one table, whose features' names it counts on the way."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._characters = 0

    def parse(self, block: Block) -> Batch:
        """Return the columns of a block.

        Raises:
            FormatError: The records have too many different features.
        """
        gathered: dict[tuple[str, str | None], _Gathered] = {}
        bad: dict[int, str] = {}
        for row, record in enumerate(block):
            try:
                features = _features_of(record)
            except FormatError as error:
                bad[row] = error.message
                continue
            for name in features:
                feature = features[name]
                kind = feature.WhichOneof("kind")
                column = gathered.get((name, kind))
                if column is None:
                    self._count(name)
                    column = gathered[name, kind] = _Gathered()
                column.rows.append(row)
                values = getattr(feature, kind).value if kind else ()
                column.counts.append(len(values))
                column.values.extend(values)
        columns = (each.column(name, _KINDS[kind]) for (name, kind), each in gathered.items())
        return Batch(len(block), tuple(sorted(columns, key=lambda column: column.name)), bad)

    def _count(self, name: str) -> None:
        """Take in a name, which may be new."""
        if name in self._names:
            return
        self._names.add(name)
        self._characters += len(name)
        if len(self._names) > MAX_NAMES:
            raise FormatError(f"its records have more than {MAX_NAMES:,} different features")
        if self._characters > MAX_NAME_CHARACTERS:
            most = f"{MAX_NAME_CHARACTERS:,} characters"
            raise FormatError(f"the names of its records' features have more than {most}")


def _features_of(record: bytes) -> Mapping[str, Any]:
    """Return the features of an Example by name."""
    features: Mapping[str, Any] = parse(Example, record).features.feature
    if len(record) > MAX_VALUES and len(features) <= MAX_NAMES:  # a value takes a byte or more
        lists = ((each, each.WhichOneof("kind")) for each in features.values())
        values = sum(len(getattr(each, kind).value) for each, kind in lists if kind)
        if values > MAX_VALUES:
            raise FormatError(f"it has {values:,} values; at most {MAX_VALUES:,} are read")
    return features


@dataclass
class _Gathered:
    """What a column is made of."""

    rows: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def column(self, name: str, kind: Kind) -> Column:
        """Return the column."""
        rows, counts = np.array(self.rows, np.int64), np.array(self.counts, np.int64)
        return Column(name, kind, rows, counts, _array(kind, self.values))


def _array(kind: Kind, values: list[Any]) -> Values:
    if kind == "float":
        return np.array(values, np.float32)
    if kind != "bytes":
        return np.array(values, np.int64)
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    return Texts(padded(b"".join(values)), np.cumsum(lengths) - lengths, lengths)
