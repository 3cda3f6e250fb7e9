"""How a file is read: what was found in it, or named in the config. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from recgen.config import DataConfig

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["CSV", "JSON lines", "Parquet"]
DEFAULTS = DataConfig()


@dataclass(frozen=True)
class FileFormat:
    """How a file with transactions is read.

    Attributes:
        kind: The format; all text with delimiters is CSV.
        compression: `gzip`, `bz2`, `xz`, `zstd`, or "" if the file is not compressed.
        encoding: Python's name of the encoding of a text file.
        delimiter: What separates the fields of a CSV file.
        quote: Quotation mark around fields of a CSV file; "" if they are not quoted.
        decimal: Decimal mark of numbers that are stored as text; None if it is not known.
        has_header: Whether the names of the columns are in the file.
        parts: Number of files.
        has_points: Whether all values of some column are like 3.95.
    """

    kind: Kind
    compression: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    decimal: str | None = None
    has_header: bool = True
    parts: int = 1
    has_points: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """Return the keys of `data` that fix what was found, without those at their default."""
        found = {
            "encoding": (self.encoding, "utf-8"),
            "delimiter": (self.delimiter, ","),
            "quote": (self.quote, '"'),
            "decimal": (self.decimal or ".", "."),
        }
        if self.kind != "CSV":
            return {}
        return {key: value for key, (value, usual) in found.items() if value != usual}

    def __str__(self) -> str:
        """Return the format in words, such as `CSV, cp1252, separated by ';'`."""
        words = [self.kind, self.compression]
        if self.kind == "CSV":
            words += [
                "" if self.encoding == "utf-8" else self.encoding,
                "" if self.delimiter == "," else f"separated by {self.delimiter!r}",
                (
                    ""
                    if self.quote == '"'
                    else f"quoted by {self.quote}" if self.quote else "unquoted"
                ),
                "decimal comma" if self.decimal == "," else "",
                "" if self.has_header else "without a header",
            ]
        words.append("" if self.parts == 1 else f"{self.parts:,} files")
        return ", ".join(filter(None, words))


def reading_keys(data: DataConfig) -> str:
    """Return the keys that say how a file is read: configs with the same ones read it alike."""
    return data.model_dump_json(
        include={"encoding", "delimiter", "quote", "decimal", "column_names"}
    )


class DataFile(Protocol):
    """A file, or several that are one table, that was opened; its columns are read when asked."""

    @property
    def path(self) -> Path:
        """The file, the folder or the pattern, for messages."""

    @property
    def format(self) -> FileFormat:
        """How it is read."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in their order; a name may occur twice."""

    @property
    def types(self) -> dict[str, pa.DataType]:
        """Types of the columns as a Parquet file stores them; empty if all are text."""

    @property
    def size(self) -> int:
        """Bytes of text, or values of a Parquet file: whether all of it fits in memory."""

    def read(self, names: list[str]) -> pa.Table:
        """Return an Arrow table with these columns; those of text files are text."""
