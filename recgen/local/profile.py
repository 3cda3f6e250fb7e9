"""Profile of a file with transactions: a `recgen.data.profile.Profile` that reads lazily."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.config import BqType, DataConfig, DType, dtype_of, is_array
from recgen.data.profile import ColumnProfile, Misfit, OpensProfile, Profile
from recgen.findings import RecgenError
from recgen.local.cast import first_misfit
from recgen.local.encoded import Array, Encoded, as_text, describe, encode
from recgen.local.ingest import DataFile, open_data, read_rows, reading_keys
from recgen.local.ingest.decimals import has_decimal_commas, points, with_points

if TYPE_CHECKING:
    import pyarrow as pa

# Small files are kept in memory; columns of larger ones may be read more than once.
_SMALL_TEXT = 256 * 2**20  # bytes
_SMALL_TABLE = 5_000_000  # values in a Parquet file, whose size in bytes says little
_CODES = 32_000_000  # total rows of encoded columns kept in memory


def read_profile(path: Path, data: DataConfig | None = None) -> Profile:
    """Return the profile of a file with transactions.

    Args:
        path: A file that `recgen.local.ingest` reads, or a folder or pattern of such files.
        data: How it is written, as far as a config says so; the rest is found.

    Raises:
        RecgenError: The file cannot be read or has no rows. Columns are read lazily, so the
            methods of the profile may raise it too.
    """
    return _FileProfile(open_data(path, data or DataConfig()))


def profile_opener(path: Path) -> OpensProfile:
    """Return a function that opens a file's profile for a config; configs alike share it."""
    opened: dict[str, Profile] = {}

    def opens(data: DataConfig) -> Profile:
        key = reading_keys(data)
        if key not in opened:
            opened.clear()  # one table in memory
            opened[key] = read_profile(path, data)
        return opened[key]

    return opens


@dataclass(frozen=True)
class _Wanted:
    """A column as a run would read it."""

    name: str
    bq_type: BqType
    source: str = ""

    @property
    def dtype(self) -> DType:
        return dtype_of(self.bq_type)

    @property
    def is_list(self) -> bool:
        return is_array(self.bq_type)


class _FileProfile:
    """A `Profile` of one file; keeps column profiles and the last few encoded columns."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        self._decimal = file.format.decimal
        self.source = str(file.path)
        self.names = tuple(file.names)
        if not self.names:
            raise RecgenError(f"{file.path} has no columns", "use a file with a header")
        small = _SMALL_TABLE if file.format.kind == "Parquet" else _SMALL_TEXT
        self._table = self._whole() if file.size <= small else None
        self.rows: int = (self._table or read_rows(file, [self._unique[0]])).num_rows
        self._columns: dict[str, ColumnProfile] = {}
        self._encoded = lru_cache(max(4, _CODES // self.rows))(self._read)

    def column(self, name: str) -> ColumnProfile:
        if name not in self._columns:
            self._columns[name] = describe(name, self._encoded(name))
        return self._columns[name]

    def counts(self, name: str) -> Sequence[int]:
        import numpy as np

        counts: list[int] = np.sort(self._encoded(name).counts)[::-1].tolist()
        return counts

    def distinct(self, names: Sequence[str]) -> int:
        import numpy as np

        columns = [self._encoded(name).codes for name in names]
        known = np.logical_and.reduce([codes >= 0 for codes in columns])
        together = columns[0][known]
        for codes in columns[1:]:
            _, together = np.unique(_pairs(together, codes[known]), return_inverse=True)
        return len(np.unique(together))

    def ambiguous(self, key: str, name: str) -> int:
        import numpy as np

        keys, values = self._encoded(key).codes, self._encoded(name).codes
        known = (keys >= 0) & (values >= 0)
        pairs = np.unique(_pairs(keys[known], values[known]))
        return int((np.bincount(pairs >> 32) > 1).sum())

    def rows_between(self, name: str, low: float, high: float) -> int:
        column = self._encoded(name)
        if column.numbers is None:
            return 0
        return int(column.counts[(column.numbers >= low) & (column.numbers < high)].sum())

    def misfit(self, name: str, bq_type: BqType) -> Misfit | None:
        column, wanted_type = self._encoded(name), _Wanted(name, bq_type)
        values = with_points(column.values, wanted_type, self._decimal)
        found = first_misfit(values, wanted_type)
        if found is None:
            return None
        at, wanted = found
        row = int((column.codes == at).argmax()) + 1
        return Misfit(as_text(column.values[at].as_py()), row, wanted)

    @property
    def _unique(self) -> list[str]:
        """Names that occur once; or the first, to count the rows, if there are none."""
        counts = Counter(self.names)
        return [name for name in self.names if counts[name] == 1] or [self.names[0]]

    def _whole(self) -> pa.Table:
        return read_rows(self._file, self._unique)

    def _read(self, name: str) -> Encoded:
        if self.names.count(name) != 1:
            raise KeyError(name)
        table: pa.Table = self._table or read_rows(self._file, [name])
        encoded = encode(table[name])
        if self._decimal == "," and has_decimal_commas(encoded.values):
            return encode(points(table[name]))
        return encoded


def _pairs(left: Array, right: Array) -> Array:
    """Return one number for each pair of codes."""
    import numpy as np

    return (left.astype(np.int64) << 32) | right
