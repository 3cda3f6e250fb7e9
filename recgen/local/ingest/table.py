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
    return table_of(open_data(path, data), columns, data.null_values)


def table_of(
    file: DataFile, columns: Sequence[Column], null_values: Sequence[str] = ()
) -> pa.Table:
    """Read columns of an opened file as `read_table` does."""
    import pyarrow as pa

    sources = _sources(list(file.names), columns, file.path)
    _refuse_lists_in_text(file, columns)
    raw = read_rows(file, sorted(set(sources.values())))
    cast = partial(to_column, decimal=file.format.decimal, null_values=null_values)
    return pa.table({c.name: cast(raw[sources[c.name]], c) for c in columns})


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
