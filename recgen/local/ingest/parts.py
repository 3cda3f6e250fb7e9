"""Folders and patterns of files that are one table."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from recgen.findings import RecgenError
from recgen.local.ingest.formats import DataFile

if TYPE_CHECKING:
    import pyarrow as pa

# Files of Spark and of systems beside the parts: checksums, marks that a job has ended.
_MARKS = re.compile(r"\.|_(SUCCESS|metadata|common_metadata|temporary|committed|started)")
_TABLES = {"_delta_log": "Delta Lake", ".hoodie": "Hudi"}
_LISTED = 5


class Parts:
    """Files with the same columns, as one table: their rows in the order of the files' names."""

    def __init__(self, path: Path, files: dict[Path, DataFile]) -> None:
        """Compare the files.

        Raises:
            RecgenError: A file has another format, other columns or other types than the first.
        """
        first_path, first = next(iter(files.items()))
        for each, file in files.items():
            if file.format.kind != first.format.kind:
                raise _differs(each, first_path, f"is {file.format.kind}", first.format.kind)
            _compare_names(each, file.names, first_path, first.names)
        self.path, self._files = path, files
        self._common = {
            name: _common(name, {each: file.types[name] for each, file in files.items()})
            for name in first.types
        }
        # A value in the names of folders is a column, unless the files have it too.
        self._values = [_keys(each, path) for each in files]
        self._keys = [key for key in self._values[0] if key not in first.names]
        self.names = (*first.names, *self._keys)
        self.types: dict[str, pa.DataType] = {}
        self.size = sum(file.size for file in files.values())
        _compare_decimals(files)
        marks = filter(None, (file.format.decimal for file in files.values()))
        self.format = replace(first.format, parts=len(files), decimal=next(marks, None))

    def read(self, names: list[str]) -> pa.Table:
        """Return columns of all files.

        Raises:
            RecgenError: A file cannot be read.
        """
        import pyarrow as pa

        stored = [name for name in names if name not in self._keys]
        stored = stored or [next(iter(self._files.values())).names[0]]
        tables = []
        for file, values in zip(self._files.values(), self._values, strict=True):
            table = file.read(stored)
            for at, name in enumerate(table.column_names):
                if name in self._common and table.schema.field(at).type != self._common[name]:
                    table = table.set_column(at, name, _cast(table[name], self._common[name]))
            for name in self._keys:
                constant = pa.repeat(pa.scalar(values.get(name), pa.string()), table.num_rows)
                table = table.append_column(name, constant)
            tables.append(table.select(names).replace_schema_metadata())
        return pa.concat_tables(tables)


def part_paths(source: Path) -> list[Path] | None:
    """Return the files of a folder or a pattern in the order of their names, or None for a file.

    A name with brackets or an asterisk is a file's own if there is such a file.

    Raises:
        RecgenError: There are no files, or some of them would be missed.
    """
    if source.is_dir():
        found = set(_files_below(source))
    elif not source.exists() and any(mark in str(source) for mark in "*?["):
        matches = [Path(match) for match in glob.glob(str(source), recursive=True)]
        folders = [match for match in matches if match.is_dir()]
        found = {each for folder in folders for each in _files_below(folder)}
        found |= set(matches) - set(folders)
    else:
        return None
    if not found:
        what = "the folder" if source.is_dir() else "the pattern"
        raise RecgenError(
            f"there are no files in {what} {source}", "name a CSV, JSON lines or Parquet file"
        )
    return sorted(found)


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those in it, without marks and hidden files."""

    def fail(error: OSError) -> None:
        raise RecgenError(
            f"cannot read {error.filename}: {error.strerror}", "check its permissions"
        )

    for place, folders, files in os.walk(folder, onerror=fail):
        kind = next((kind for mark, kind in _TABLES.items() if mark in folders), None)
        if kind is not None:
            raise RecgenError(
                f"{place} is a table of {kind}, whose files may have rows that were deleted",
                "export the table as Parquet files, and name their folder",
            )
        for name in folders:
            if Path(place, name).is_symlink():
                raise RecgenError(
                    f"{Path(place, name)} is a link to a folder, which is not followed",
                    "name all folders with a pattern, such as 'folder/*'",
                )
        folders[:] = [name for name in folders if not _MARKS.match(name)]
        yield from (Path(place, name) for name in files if not _MARKS.match(name))


def open_parts(source: Path, paths: Sequence[Path], opened: Callable[[Path], DataFile]) -> DataFile:
    """Return the files as one table; a single one is itself, unless its folder has values."""
    files = {path: opened(path) for path in paths}
    if len(files) == 1 and not _keys(paths[0], source):
        return files[paths[0]]
    return Parts(source, files)


def _keys(path: Path, source: Path) -> dict[str, str | None]:
    """Return the values in the names of folders, as Hive and Spark write them: `day=2024-01-01`.

    They write `/`, `:` and the like as `%2F` and `%3A`.
    """
    base = source if source.is_dir() else Path()
    inner = path.parent.relative_to(base).parts if path.is_relative_to(base) else path.parts[:-1]
    pairs = [part.partition("=") for part in inner]
    return {
        unquote(name): None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
        for name, mark, value in pairs
        if mark and name
    }


def _compare_names(path: Path, names: Sequence[str], first: Path, expected: Sequence[str]) -> None:
    if sorted(names) == sorted(expected):
        return
    missing = [name for name in expected if name not in names]
    more = [name for name in names if name not in expected]
    found = [
        f"has no column {', '.join(map(repr, missing[:_LISTED]))}" if missing else "",
        (
            f"has {'also ' if not missing else ''}{', '.join(map(repr, more[:_LISTED]))}"
            if more
            else ""
        ),
    ]
    raise _differs(path, first, " and ".join(filter(None, found)) or "has a column twice", "")


def _compare_decimals(files: dict[Path, DataFile]) -> None:
    """Refuse files of which some have 3,95 and others 3.95: one mark is read in all of them."""
    commas = [path for path, file in files.items() if file.format.decimal == ","]
    points = [
        path
        for path, file in files.items()
        if file.format.has_points and file.format.decimal is None
    ]
    if commas and points:
        raise _differs(commas[0], points[0], "has numbers like 3,95", "written like 3.95")


def _differs(path: Path, first: Path, what: str, other: str) -> RecgenError:
    return RecgenError(
        f"{path} {what}, unlike {first}{f', which is {other}' if other else ''}",
        "leave it out with a pattern such as 'folder/*.parquet', or write all files alike",
    )


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(kind)


def _common(name: str, types: dict[Path, pa.DataType]) -> pa.DataType:
    """Return a type that holds the values of all; one that no value of another fits is refused."""
    first, *others = types
    common = _wide(types[first])
    if all(types[path] == types[first] for path in others):
        return types[first]
    for path in others:
        kind = _wide(types[path])
        if str(common) == "null":
            common = kind
        if kind != common and str(kind) != "null":
            raise _differs(path, first, f"has {types[path]} in column {name!r}", str(types[first]))
    return common


def _wide(kind: pa.DataType) -> pa.DataType:
    """Return the widest type of a kind: nothing is lost by a cast to it."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_string(kind):
        return pa.large_string()
    if types.is_binary(kind):
        return pa.large_binary()
    if types.is_integer(kind) and kind != pa.uint64():
        return pa.int64()
    if types.is_floating(kind):
        return pa.float64()
    if types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz) if kind.unit != "ns" else kind
    return pa.date32() if types.is_date(kind) else kind
