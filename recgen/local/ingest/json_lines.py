"""Reader of JSON lines: one object per line; its values become text, as those of a CSV file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.config import DataConfig
from recgen.findings import RecgenError
from recgen.local.ingest.content import Text, text_of
from recgen.local.ingest.formats import FileFormat

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 50_000  # rows that are Python objects at a time
_TRUTHS = {True: "true", False: "false", None: None}


class JsonLinesFile:
    """A file of JSON objects, one a line. Numbers keep all their digits, as text."""

    def __init__(self, path: Path, head: bytes, data: DataConfig) -> None:
        """Read the file.

        Raises:
            RecgenError: A line is not an object of plain values.
        """
        text = text_of(path, head, data.encoding)
        self.path = path
        self.types: dict[str, pa.DataType] = {}
        self._table = _read(text)
        self.names = tuple(self._table.column_names)
        self.size = len(text.buffer)
        self.format = FileFormat(
            kind="JSON lines",
            compression=text.compression,
            encoding=text.encoding,
            decimal=data.decimal,
        )

    def read(self, names: list[str]) -> pa.Table:
        """Return columns as text."""
        return self._table.select(names)


def is_json(head: bytes) -> bool:
    """Return whether a text's first bytes are those of JSON: an object, or a list of objects."""
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    rest = text[1:].lstrip()
    if text.startswith(b"{"):
        return rest.startswith((b'"', b"}"))
    return text.startswith(b"[") and rest.startswith(b"{")


def _read(text: Text) -> pa.Table:
    import pyarrow as pa

    names: dict[str, None] = {}
    batches: list[list[dict[str, str | None]]] = [[]]
    tables = []
    for row in _rows(text):
        names.update(dict.fromkeys(row))
        batches[-1].append(row)
        if len(batches[-1]) == _BATCH:
            tables.append(_table(batches.pop(), names))
            batches.append([])
    tables.append(_table(batches.pop(), names))
    whole = [_with_columns(table, names) for table in tables]
    return pa.concat_tables(whole)


def _table(rows: list[dict[str, str | None]], names: dict[str, None]) -> pa.Table:
    import pyarrow as pa

    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return pa.table(columns)


def _with_columns(table: pa.Table, names: dict[str, None]) -> pa.Table:
    """Return a table with null in the columns that only later rows have."""
    import pyarrow as pa

    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    return table


def _rows(text: Text) -> Iterator[dict[str, str | None]]:
    decoder = json.JSONDecoder(
        parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once
    )
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        try:
            row = decoder.decode(line.decode())
        except (ValueError, RecursionError) as error:
            raise _refused(text.path, number, str(error)) from error
        if not isinstance(row, dict):
            raise _refused(text.path, number, "not an object")
        yield {name: _plain(value, name, text.path, number) for name, value in row.items()}


def _lines(text: Text) -> Iterator[bytes]:
    buffer, at = text.buffer, text.start
    while at < len(buffer):
        end = buffer.find(b"\n", at)
        end = len(buffer) if end < 0 else end
        yield bytes(buffer[at:end])
        at = end + 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} appears twice")
    return found


def _plain(value: object, name: str, path: Path, number: int) -> str | None:
    """Return a value as text; an empty one is null, as in a CSV file."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, (dict, list)):
        kind = "an object" if isinstance(value, dict) else "a list"
        raise RecgenError(
            f"{path}, line {number:,}: {name!r} contains {kind}, and only plain values are read",
            "write its values as fields of their own, or convert the data to Parquet",
        )
    return _TRUTHS[value]  # type: ignore[index]


def _refused(path: Path, number: int, reason: str) -> RecgenError:
    return RecgenError(
        f"{path}, line {number:,}: not JSON lines, which has one object per line: {reason}",
        "convert a list of objects with jq -c '.[]' OLD > NEW, and objects that go over several "
        "lines with jq -c . OLD > NEW",
    )
