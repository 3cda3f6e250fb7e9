"""The table that a run needs: the columns of a config, converted from those of a file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.config import DataConfig
from recgen.findings import RecgenError
from recgen.local.cast import Column, to_column
from recgen.local.ingest.formats import DEFAULTS, DataFile
from recgen.local.ingest.reader import open_data, read_rows

if TYPE_CHECKING:
    import pyarrow as pa

_SHOWN = 20  # columns listed in a message


def read_table(path: Path, columns: Sequence[Column], data: DataConfig = DEFAULTS) -> pa.Table:
    """Read columns of a file, with the names of the config.

    Args:
        path: A file with transactions, or a folder or pattern of such files.
        columns: The columns to read. A column is looked up by its name, then by its source name.
        data: How the file is written, as far as the config says so.

    Returns:
        The columns as large_string (large_binary for BYTES), int64 or float32; times are epoch
        seconds, and missing values are null.

    Raises:
        RecgenError: The file or a value in it cannot be used.
    """
    table = table_of(open_data(path, data), columns, data.null_values)
    return table.cast(plain_schema(table.schema))


def table_of(
    file: DataFile, columns: Sequence[Column], null_values: Sequence[str] = ()
) -> pa.Table:
    """Read columns of an opened file as `read_table` does; texts that repeat are dictionaries.

    Such a text takes four bytes a row. Of a Parquet file, one column at a time is in memory as it
    is stored.
    """
    import pyarrow as pa

    sources = _sources(list(file.names), columns, file.path)
    _refuse_lists_in_text(file, columns)
    cast = partial(to_column, decimal=file.format.decimal, null_values=null_values)
    wanted = list(dict.fromkeys(sources.values()))
    at_once = [[name] for name in wanted] if file.format.kind == "Parquet" else [wanted]
    found: dict[str, pa.ChunkedArray] = {}
    for names in at_once:
        raw = read_rows(file, names)
        for column in columns:
            if sources[column.name] in names:
                found[column.name] = _shared(cast(raw[sources[column.name]], column))
        del raw
    if len({len(values) for values in found.values()}) > 1:
        raise RecgenError(f"{file.path} was written while it was read", "run the command again")
    return pa.table({column.name: found[column.name] for column in columns})


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return a schema with plain texts in place of dictionaries."""
    import pyarrow as pa

    kinds = [getattr(field.type, "value_type", field.type) for field in schema]
    is_shared = [pa.types.is_dictionary(field.type) for field in schema]
    both = zip(schema, kinds, is_shared, strict=True)
    return pa.schema([field.with_type(kind) if shared else field for field, kind, shared in both])


def _shared(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts as a dictionary of the distinct ones, where that takes less memory."""
    import pyarrow as pa

    if not (pa.types.is_large_string(values.type) or pa.types.is_large_binary(values.type)):
        return values
    encoded = values.dictionary_encode()
    distinct = len(encoded.chunk(0).dictionary) if encoded.num_chunks else 0
    return encoded if 2 * distinct < len(values) else values


def _refuse_lists_in_text(file: DataFile, columns: Sequence[Column]) -> None:
    lists = [column.name for column in columns if column.is_list]
    kind = file.format.kind
    if lists and kind != "Parquet":
        raise RecgenError(
            f"column {lists[0]!r} must contain lists, but {file.path} is a {kind} file, which has "
            "none",
            "remove the column, so that each buyer's list is built from the transactions, or use a "
            "Parquet file with a column of lists",
        )


def _sources(present: list[str], columns: Sequence[Column], path: Path) -> Mapping[str, str]:
    """Return the name of the file's column for each column of the config."""
    sources: dict[str, str] = {}
    for column in columns:
        source = column.name if column.name in present else column.source
        if source not in present:
            raise _no_column(column, present, path)
        if present.count(source) > 1:
            raise RecgenError(
                f"{path} has {present.count(source)} columns named {source!r}", "rename one of them"
            )
        sources[column.name] = source
    return sources


def _no_column(column: Column, present: list[str], path: Path) -> RecgenError:
    both = column.source not in (column.name, "")
    named = f"{column.name!r} (nor {column.source!r})" if both else f"{column.name!r}"
    folded = {name.casefold(): name for name in present}
    close = difflib.get_close_matches(column.name.casefold(), folded, n=3)
    close += difflib.get_close_matches(column.source.casefold(), folded, n=3)
    meant = ", ".join(repr(folded[name]) for name in dict.fromkeys(close))
    more = ", …" if len(present) > _SHOWN else ""
    listed = ", ".join(present[:_SHOWN]) + more
    advice = f"did you mean {meant}? " if meant else ""
    return RecgenError(
        f"{path} has no column {named}",
        f"{advice}the file's columns are: {listed}",
    )
