"""Reader of a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.findings import RecgenError
from recgen.local.cast.arrow import with_uuids
from recgen.local.ingest.content import damaged
from recgen.local.ingest.formats import FileFormat

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


class ParquetFile:
    """A Parquet file; its columns have their own types."""

    def __init__(self, path: Path) -> None:
        """Read the file's footer.

        Raises:
            RecgenError: It is damaged.
        """
        import pyarrow.parquet as pq

        self.path = path
        with _readable(path):
            found = pq.read_metadata(path)
            schema = found.schema.to_arrow_schema()
        self.names = tuple(schema.names)
        self.types = {field.name: field.type for field in schema}
        self.size = found.num_rows * len(self.names)
        self.format = FileFormat(kind="Parquet")

    def read(self, names: list[str]) -> pa.Table:
        """Return columns with their types.

        Raises:
            RecgenError: A page of the file is damaged.
        """
        with _readable(self.path), _opened(self.path) as file:
            table = with_uuids(file.read(columns=names), file.schema)
            for name, column in zip(table.column_names, table.columns, strict=True):
                _require_text(self.path, name, column)
        return table


def _opened(path: Path) -> pq.ParquetFile:
    """Return an opened file whose pages are compared with their checksums, if they have any.

    Times of Spark (INT96) go to the year 9999, which nanoseconds of 64 bits make 1816.
    """
    import pyarrow.parquet as pq

    in_range: dict[str, Any] = {"coerce_int96_timestamp_unit": "us"}
    try:
        return pq.ParquetFile(path, page_checksum_verification=True, **in_range)
    except TypeError:  # before pyarrow 14
        return pq.ParquetFile(path, **in_range)


def _require_text(path: Path, name: str, column: pa.ChunkedArray) -> None:
    import pyarrow as pa

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            raise RecgenError(
                f"{path}: column {name!r} contains text that is not UTF-8",
                "write the file again, or the column as bytes",
            ) from error


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn Arrow's errors about a broken file into a sentence."""
    import pyarrow as pa

    try:
        with damaged(path, "Parquet"):
            yield
    except (pa.ArrowException, UnicodeDecodeError, OverflowError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RecgenError(
            f"{path} cannot be read as Parquet: {reason[:200]}",
            "the file is damaged or incomplete: copy or write it again",
        ) from error
