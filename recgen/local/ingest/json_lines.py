"""Reader of JSON lines: one object per line; its values become text, as those of a CSV file.

Columns of lists or objects are there, as in a Parquet file, but their values are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.config import DataConfig
from recgen.findings import RecgenError
from recgen.local.ingest.content import Text, text_of
from recgen.local.ingest.formats import FileFormat

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 50_000  # rows that are Python objects at a time
_TRUTHS = {True: "true", False: "false", None: None}
_LITERAL = re.compile(rb"\{\s*u?'")  # how Python prints a dict
_FROM_PYTHON = (
    'python -c "import ast, json, sys; '
    '[print(json.dumps(ast.literal_eval(line))) for line in sys.stdin]" < OLD > NEW'
)

_Value: TypeAlias = "str | list[str] | None"
"""A plain value as text; an empty list in place of a list or an object."""


class JsonLinesFile:
    """A file of JSON objects, one a line. Numbers keep all their digits, as text."""

    def __init__(self, path: Path, head: bytes, data: DataConfig) -> None:
        """Read the file.

        Raises:
            RecgenError: A line is not an object, or a column has plain values and others.
        """
        text = text_of(path, head, data.encoding)
        self.path = path
        self._table = _read(text)
        schema = self._table.schema
        self.types: dict[str, pa.DataType] = {field.name: field.type for field in schema}
        self.names = tuple(self._table.column_names)
        self.size = len(text.buffer)
        self.format = FileFormat(
            kind="JSON lines",
            compression=text.compression,
            encoding=text.encoding,
            decimal=data.decimal,
        )

    def read(self, names: list[str]) -> pa.Table:
        """Return columns as text; those of lists and objects are columns of empty lists."""
        return self._table.select(names)


def is_json(head: bytes) -> bool:
    """Return whether a text's first bytes are those of objects: of JSON, or printed by Python."""
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    rest = text[1:].lstrip()
    if text.startswith(b"{"):
        return rest.startswith((b'"', b"'", b"u'", b"}"))
    return text.startswith(b"[") and rest.startswith(b"{")


def _read(text: Text) -> pa.Table:
    import pyarrow as pa

    names: dict[str, None] = {}
    kinds: dict[str, type] = {}  # of the first value: str or list
    batches: list[list[dict[str, _Value]]] = [[]]
    tables = []
    for number, row in _rows(text):
        names.update(dict.fromkeys(row))
        for name, value in row.items():
            if value is not None and kinds.setdefault(name, type(value)) is not type(value):
                raise _mixed(text.path, number, name)
        batches[-1].append(row)
        if len(batches[-1]) == _BATCH:
            tables.append(_table(batches.pop(), names, kinds))
            batches.append([])
    tables.append(_table(batches.pop(), names, kinds))
    return pa.concat_tables([_with_columns(table, names, kinds) for table in tables])


def _type(name: str, kinds: Mapping[str, type]) -> pa.DataType:
    import pyarrow as pa

    return pa.list_(pa.string()) if kinds.get(name) is list else pa.string()


def _table(
    rows: list[dict[str, _Value]], names: Iterable[str], kinds: Mapping[str, type]
) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {name: pa.array([row.get(name) for row in rows], _type(name, kinds)) for name in names}
    )


def _with_columns(table: pa.Table, names: Iterable[str], kinds: Mapping[str, type]) -> pa.Table:
    """Return a table with null in the columns of which only later rows have values."""
    import pyarrow as pa

    columns = {}
    for name in names:
        kind = _type(name, kinds)
        has_values = name in table.column_names and table[name].type == kind
        columns[name] = table[name] if has_values else pa.nulls(table.num_rows, kind)
    return pa.table(columns)


def _rows(text: Text) -> Iterator[tuple[int, dict[str, _Value]]]:
    decoder = json.JSONDecoder(
        parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once
    )
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        try:
            row = decoder.decode(line.decode())
        except (ValueError, RecursionError) as error:
            is_python = _LITERAL.match(line.lstrip())
            raise _refused(text.path, number, str(error), bool(is_python)) from error
        if not isinstance(row, dict):
            raise _refused(text.path, number, "not an object")
        yield number, {name: _plain(value) for name, value in row.items()}


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


def _plain(value: object) -> _Value:
    """Return a value as text; an empty one is null, as in a CSV file."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, (dict, list)):
        return []
    return _TRUTHS[value]  # type: ignore[index]


def _mixed(path: Path, number: int, name: str) -> RecgenError:
    return RecgenError(
        f"{path}, line {number:,}: {name!r} has plain values in some lines, and lists or objects "
        "in others",
        f"leave it out if it is not needed: jq -c 'del(.[{json.dumps(name)}])' OLD > NEW",
    )


def _refused(path: Path, number: int, reason: str, is_python: bool = False) -> RecgenError:
    if is_python:
        return RecgenError(
            f"{path}, line {number:,}: a Python literal, with single quotation marks, and not JSON",
            f"convert the file: {_FROM_PYTHON}",
        )
    return RecgenError(
        f"{path}, line {number:,}: not JSON lines, which has one object per line: {reason}",
        "convert a list of objects with jq -c '.[]' OLD > NEW, and objects that go over several "
        "lines with jq -c . OLD > NEW",
    )
