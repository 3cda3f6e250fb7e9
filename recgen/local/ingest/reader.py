"""Entry to the files with transactions: whoever reads one opens it here."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.config import DataConfig
from recgen.findings import RecgenError
from recgen.local.ingest.content import damaged, head_of_content
from recgen.local.ingest.delimited import DelimitedFile
from recgen.local.ingest.formats import DEFAULTS, DataFile, FileFormat
from recgen.local.ingest.json_lines import JsonLinesFile, is_json
from recgen.local.ingest.parquet import ParquetFile
from recgen.local.ingest.parts import open_parts, part_paths
from recgen.local.ingest.signatures import PARQUET, head_of

if TYPE_CHECKING:
    import pyarrow as pa


def open_data(path: Path, data: DataConfig = DEFAULTS) -> DataFile:
    """Return a file with transactions, or a folder or pattern of files that are one table.

    Args:
        path: Text with delimiters, JSON lines or Parquet, compressed or not.
        data: How it is written, as far as the config says so; the rest is found.

    Raises:
        RecgenError: It cannot be read, or it is not certain what its rows are.
    """
    paths = part_paths(path)
    opened = partial(_open_file, data=data)
    return opened(path) if paths is None else open_parts(path, paths, opened)


def describe_file(path: Path, data: DataConfig = DEFAULTS) -> FileFormat:
    """Return how a file is read: what was found in it, or named in the config.

    Raises:
        RecgenError: It cannot be read.
    """
    return open_data(path, data).format


def column_names(path: Path, data: DataConfig = DEFAULTS) -> list[str]:
    """Return the names of a file's columns, in their order; a name may occur twice.

    Raises:
        RecgenError: The file cannot be read.
    """
    return list(open_data(path, data).names)


def read_rows(file: DataFile, names: list[str]) -> pa.Table:
    """Read columns without conversion: those of a text file are text, with null if empty.

    Args:
        file: The opened file.
        names: Names of columns, each in the file once.

    Raises:
        RecgenError: The file cannot be read, or has no rows.
    """
    with damaged(file.path, file.format.kind):
        raw = file.read(names)
    if raw.num_rows == 0:
        raise RecgenError(f"{file.path} has no rows", "use a file with one transaction per row")
    return raw


def _open_file(path: Path, data: DataConfig) -> DataFile:
    head = head_of(path)
    if head.startswith(PARQUET):
        return ParquetFile(path)
    if is_json(head_of_content(path, head)):
        return JsonLinesFile(path, head, data)
    return DelimitedFile(path, head, data)
