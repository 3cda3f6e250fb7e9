"""Reader of CSV and Parquet files: an Arrow table with the columns for `preprocessing_fn`."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from recgen.config import DataConfig
from recgen.findings import RecgenError
from recgen.local.cast import Column, is_list, to_column
from recgen.local.cast.arrow import with_uuids

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULTS = DataConfig()
_PARQUET_MAGIC = b"PAR1"
_DELIMITERS = ",;\t|"
_SHOWN = 20  # columns listed in a message


def read_table(path: Path, columns: Sequence[Column], data: DataConfig = DEFAULTS) -> pa.Table:
    """Read columns of a file, with the names of the config.

    Args:
        path: A CSV (UTF-8, with a header) or Parquet file.
        columns: The columns to read. A column is looked up by its name, then by its source name.
        data: How the file is read, as far as a config says so.

    Returns:
        The columns as large_string (large_binary for BYTES), int64 or float32; times are epoch
        seconds, and missing values are null.

    Raises:
        RecgenError: The file or a value in it cannot be used.
    """
    sources = _sources(column_names(path), columns, path)
    _refuse_lists_in_csv(path, columns)
    raw = read_columns(path, sorted(set(sources.values())))

    import pyarrow as pa

    nulls = data.null_values
    return pa.table(
        {c.name: to_column(raw[sources[c.name]], c, null_values=nulls) for c in columns}
    )


def _refuse_lists_in_csv(path: Path, columns: Sequence[Column]) -> None:
    lists = [column.name for column in columns if column.is_list]
    if lists and is_csv(path):
        raise RecgenError(
            f"column {lists[0]!r} must contain lists, but {path} is a CSV file, which has none",
            "remove the column, so that each buyer's list is built from the transactions, or use a "
            "Parquet file with a column of lists",
        )


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns, in their order; a name may occur twice.

    Raises:
        RecgenError: The file cannot be read.
    """
    return _csv_header(path) if is_csv(path) else _parquet_names(path)


def read_columns(path: Path, names: list[str]) -> pa.Table:
    """Read columns without conversion: those of a CSV file are text, with null if empty.

    Raises:
        RecgenError: The file cannot be read, or has no rows.
    """
    raw = _read_csv(path, names) if is_csv(path) else _read_parquet(path, names)
    if raw.num_rows == 0:
        raise RecgenError(f"{path} has no rows", "use a file with one transaction per row")
    return raw


def clean(
    table: pa.Table, buyer: str, product: str, batch_size: int
) -> tuple[pa.Table, tuple[str, ...]]:
    """Drop the rows without a buyer or product, and check that the rest can be used for training.

    Args:
        table: The result of `read_table`.
        buyer: Name of the column with the buyer's ID.
        product: Name of the column with the product's ID.
        batch_size: Rows in a training step; used for a warning only.

    Returns:
        The table, and warnings for the user.

    Raises:
        RecgenError: Nothing can be learned: a column has no values, or there are too few rows or
            products.
    """
    import pyarrow.compute as pc

    for name in table.column_names:
        if _is_void(table[name]):
            raise RecgenError(
                f"column {name!r} has no values in {table.num_rows:,} rows",
                "remove the feature from the config, or use data that has values",
            )
    warnings: list[str] = []
    known = pc.and_(pc.is_valid(table[buyer]), pc.is_valid(table[product]))
    rows = table.num_rows
    table = table.filter(known)
    if table.num_rows < rows:
        dropped = rows - table.num_rows
        warnings.append(
            f"{dropped:,} of {rows:,} rows have no {buyer!r} or no {product!r} and were dropped"
        )
    _require_variety(table, product)
    if batch_size > table.num_rows:
        warnings.append(
            f"batch_size {batch_size:,} is larger than the {table.num_rows:,} rows, so each epoch "
            "is one step; a smaller batch_size learns more"
        )
    return table, tuple(warnings)


def _is_void(column: pa.ChunkedArray) -> bool:
    """Return whether a column has no values."""
    import pyarrow.compute as pc

    if is_list(column):
        return not pc.any(pc.greater(pc.list_value_length(column), 0)).as_py()
    return bool(column.null_count == len(column))


def _require_variety(table: pa.Table, product: str) -> None:
    if table.num_rows < 2:
        raise RecgenError(
            f"only {table.num_rows} row{'' if table.num_rows == 1 else 's'} with a buyer and a "
            "product: nothing can be learned from that",
            "use a file with one transaction per row",
        )
    products = table[product].unique()
    if len(products) < 2:
        raise RecgenError(
            f"column {product!r} has a single product, {products[0].as_py()!r}: "
            "there is nothing to choose from",
            "check that product_id_column names the column with the product's ID",
        )


def is_csv(path: Path) -> bool:
    """Return whether the content of a file is CSV, as opposed to Parquet.

    Raises:
        RecgenError: The file is neither, is empty, or cannot be opened.
    """
    if path.is_dir():
        raise RecgenError(f"{path} is a directory", "name one CSV or Parquet file")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise RecgenError(f"there is no file {path}", "check the path of the data") from None
    except OSError as error:
        raise RecgenError(
            f"cannot read {path}: {error.strerror}", "check its permissions"
        ) from None
    if not head.strip():
        raise RecgenError(f"{path} is empty", "use a CSV file with a header, or a Parquet file")
    if head.startswith(_PARQUET_MAGIC):
        return False
    if b"\0" in head or path.suffix.lower() in (".parquet", ".pq"):
        raise RecgenError(f"{path} is neither CSV nor Parquet", "convert it to one of the two")
    return True


@contextmanager
def _readable(path: Path, kind: str) -> Iterator[None]:
    """Turn Arrow's errors about a broken file into errors for the user."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecgenError(
            f"{path} cannot be read as {kind}: {reason[:200]}",
            "a CSV file must be UTF-8, with a header and the same number of values in each row",
        ) from error


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)  # a comma if none occurs: the file has one column


def _first_line(file: TextIO) -> str:
    """Return the first line that is not empty, where the header begins."""
    return next((line for line in iter(partial(file.readline, 1_000_000), "") if line.strip()), "")


def _csv_header(path: Path) -> list[str]:
    with _readable(path, "CSV"), path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = _delimiter(_first_line(file))
        file.seek(0)
        try:
            return next(filter(None, csv.reader(file, delimiter=delimiter)))
        except csv.Error as error:
            raise RecgenError(
                f"{path} cannot be read as CSV: {error}", "check its header"
            ) from error


def _parquet_names(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    with _readable(path, "Parquet"):
        return list(pq.read_schema(path).names)


def _read_csv(path: Path, wanted: list[str]) -> pa.Table:
    """Read columns as text, without guessing types, so that 00123 keeps its zeros."""
    import pyarrow as pa
    import pyarrow.csv

    with path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = _delimiter(_first_line(file))
    with _readable(path, "CSV"):
        return pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=wanted,
                column_types={name: pa.string() for name in wanted},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )


def _read_parquet(path: Path, wanted: list[str]) -> pa.Table:
    import pyarrow.parquet as pq

    with _readable(path, "Parquet"), pq.ParquetFile(path) as file:
        return with_uuids(file.read(columns=wanted), file.schema)


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
