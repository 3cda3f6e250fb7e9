"""A CSV or Parquet file as one Arrow table with the columns that `preprocessing_fn` wants."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from recgen.findings import RecgenError
from recgen.local.cast import Column, is_list, to_column

if TYPE_CHECKING:
    import pyarrow as pa

_PARQUET_MAGIC = b"PAR1"
_DELIMITERS = ",;\t|"
_SHOWN = 20  # columns listed in a message


def read_table(path: Path, columns: Sequence[Column]) -> pa.Table:
    """Reads the named columns of a file, under the names of the config.

    Args:
        path: A CSV (UTF-8, with a header) or Parquet file.
        columns: What to read. A column is looked up by its name, then by its source's name.

    Returns:
        One column a name: large_string (large_binary for BYTES), int64 or float32; times are
        epoch seconds; what is missing is null.

    Raises:
        RecgenError: The file or a value in it cannot be used.
    """
    places = _places(column_names(path), columns, path)
    _refuse_lists_in_csv(path, columns)
    raw = read_columns(path, sorted(set(places.values())))

    import pyarrow as pa

    return pa.table({c.name: to_column(raw[places[c.name]], c) for c in columns})


def _refuse_lists_in_csv(path: Path, columns: Sequence[Column]) -> None:
    lists = [column.name for column in columns if column.is_list]
    if lists and is_csv(path):
        raise RecgenError(
            f"column {lists[0]!r} shall hold lists, and a CSV file such as {path} has none",
            "remove the column, so that each buyer's list is made of the transactions, or give a "
            "Parquet file with a column of lists",
        )


def column_names(path: Path) -> list[str]:
    """Returns the names of a file's columns, in their order; a name may be there twice.

    Raises:
        RecgenError: The file cannot be read.
    """
    return _csv_header(path) if is_csv(path) else _parquet_names(path)


def read_columns(path: Path, names: list[str]) -> pa.Table:
    """Reads some columns as the file has them: text from a CSV, with null for nothing.

    Raises:
        RecgenError: The file cannot be read, or has no rows.
    """
    raw = _read_csv(path, names) if is_csv(path) else _read_parquet(path, names)
    if raw.num_rows == 0:
        raise RecgenError(f"{path} has no rows", "give a file with transactions, one a row")
    return raw


def clean(
    table: pa.Table, buyer: str, product: str, batch_size: int
) -> tuple[pa.Table, tuple[str, ...]]:
    """Drops the rows that name no buyer or no product, and checks that the rest can teach.

    Args:
        table: What `read_table` gave.
        buyer: Name of the column with the buyer's ID.
        product: Name of the column with the product's ID.
        batch_size: Rows in a training step; only warned about.

    Returns:
        The table, and warnings for the user.

    Raises:
        RecgenError: There is nothing to learn: a column without values, too few rows or products.
    """
    import pyarrow.compute as pc

    for name in table.column_names:
        if _is_void(table[name]):
            raise RecgenError(
                f"column {name!r} has no value in any of {table.num_rows:,} rows",
                "remove the feature from the config, or give data that has values",
            )
    warnings: list[str] = []
    known = pc.and_(pc.is_valid(table[buyer]), pc.is_valid(table[product]))
    rows = table.num_rows
    table = table.filter(known)
    if table.num_rows < rows:
        dropped = rows - table.num_rows
        warnings.append(
            f"{dropped:,} of {rows:,} rows have no {buyer!r} or no {product!r}: left out"
        )
    _require_variety(table, product)
    if batch_size > table.num_rows:
        warnings.append(
            f"batch_size {batch_size:,} is more than the {table.num_rows:,} rows: "
            "each epoch is one step; a smaller batch_size learns more"
        )
    return table, tuple(warnings)


def _is_void(column: pa.ChunkedArray) -> bool:
    """Says whether no row has a value."""
    import pyarrow.compute as pc

    if is_list(column):
        return not pc.any(pc.greater(pc.list_value_length(column), 0)).as_py()
    return bool(column.null_count == len(column))


def _require_variety(table: pa.Table, product: str) -> None:
    if table.num_rows < 2:
        raise RecgenError(
            f"only {table.num_rows} row{'' if table.num_rows == 1 else 's'} with a buyer and a "
            "product: nothing can be learned from that",
            "give a file with transactions, one a row",
        )
    products = table[product].unique()
    if len(products) < 2:
        raise RecgenError(
            f"column {product!r} holds a single product, {products[0].as_py()!r}: "
            "there is nothing to choose from",
            "check that product_id_column names the column with the product's ID",
        )


def is_csv(path: Path) -> bool:
    """Says whether a file is CSV, not Parquet, by what it holds.

    Raises:
        RecgenError: It is neither, is empty, or cannot be opened.
    """
    if path.is_dir():
        raise RecgenError(f"{path} is a directory", "give one CSV or Parquet file")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise RecgenError(f"there is no file {path}", "check the path given by --data") from None
    except OSError as error:
        raise RecgenError(f"cannot read {path}: {error.strerror}", "check its rights") from None
    if not head.strip():
        raise RecgenError(f"{path} is empty", "give a CSV with a header, or a Parquet file")
    if head.startswith(_PARQUET_MAGIC):
        return False
    if b"\0" in head or path.suffix.lower() in (".parquet", ".pq"):
        raise RecgenError(f"{path} is neither CSV nor Parquet", "convert it to one of the two")
    return True


@contextmanager
def _readable(path: Path, kind: str) -> Iterator[None]:
    """Turns what Arrow says of a broken file into an error for the user."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecgenError(
            f"{path} cannot be read as {kind}: {reason[:200]}",
            "a CSV has to be UTF-8 with a header and as many values in each row",
        ) from error


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)  # the comma where none occurs: one column


def _first_line(file: TextIO) -> str:
    """Returns the first line that is not empty: where the header begins."""
    return next((line for line in iter(partial(file.readline, 1_000_000), "") if line.strip()), "")


def _csv_header(path: Path) -> list[str]:
    with _readable(path, "CSV"), path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = _delimiter(_first_line(file))
        file.seek(0)
        try:
            return next(filter(None, csv.reader(file, delimiter=delimiter)))
        except csv.Error as error:
            raise RecgenError(f"{path} cannot be read as CSV: {error}", "check it") from error


def _parquet_names(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    with _readable(path, "Parquet"):
        return list(pq.read_schema(path).names)


def _read_csv(path: Path, wanted: list[str]) -> pa.Table:
    """Reads columns as text, so that 00123 keeps its zeros; nothing is guessed."""
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
        return file.read(columns=wanted)


def _places(present: list[str], columns: Sequence[Column], path: Path) -> Mapping[str, str]:
    """Returns the file's column for each of ours."""
    places: dict[str, str] = {}
    for column in columns:
        place = column.name if column.name in present else column.source
        if place not in present:
            raise _no_column(column, present, path)
        if present.count(place) > 1:
            raise RecgenError(
                f"{path} has {present.count(place)} columns named {place!r}", "rename one of them"
            )
        places[column.name] = place
    return places


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
