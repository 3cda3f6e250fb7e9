"""Profile of a CSV or Parquet file: a `recgen.data.profile.Profile` that reads lazily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.config import BqType, DType, dtype_of, is_array
from recgen.data.profile import ColumnProfile, ListFacts, Misfit, Profile
from recgen.findings import RecgenError
from recgen.local.cast import first_misfit
from recgen.local.encoded import Array, Encoded, as_text, describe, encode
from recgen.local.ingest import column_names, is_csv, read_columns
from recgen.local.lists import Purchases, list_facts

if TYPE_CHECKING:
    import pyarrow as pa

# Small files are kept in memory; columns of larger ones may be read more than once.
_SMALL_CSV = 256 * 2**20  # bytes
_SMALL_TABLE = 5_000_000  # values in a Parquet file, whose size in bytes says little
_CODES = 32_000_000  # total rows of encoded columns kept in memory


def read_profile(path: Path) -> Profile:
    """Return the profile of a file with transactions.

    Args:
        path: A CSV (UTF-8, with a header) or Parquet file.

    Raises:
        RecgenError: The file cannot be read or has no rows. Columns are read lazily, so the
            methods of the profile may raise it too.
    """
    return _FileProfile(path)


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

    def __init__(self, path: Path) -> None:
        self._path = path
        self.source = str(path)
        self.names = tuple(column_names(path))
        if not self.names:
            raise RecgenError(f"{path} has no columns", "use a file with a header")
        self._table = self._whole() if self._is_small_csv() else None
        self.rows: int = (self._table or read_columns(path, [self.names[0]])).num_rows
        if not is_csv(path) and self.rows * len(self.names) <= _SMALL_TABLE:
            self._table = self._whole()
        self._columns: dict[str, ColumnProfile] = {}
        self._lists: dict[tuple[str, ...], ListFacts] = {}
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
        column = self._encoded(name)
        found = first_misfit(column.values, _Wanted(name, bq_type))
        if found is None:
            return None
        at, wanted = found
        row = int((column.codes == at).argmax()) + 1
        return Misfit(as_text(column.values[at].as_py()), row, wanted)

    def lists(self, name: str, values: str, of: Sequence[str] = ()) -> ListFacts:
        key = (name, values, *of)
        if key not in self._lists:
            table: pa.Table = self._table or read_columns(self._path, [name])
            is_of_products, purchases = values in of[1:2], self._purchases(of)
            shared = self._encoded(values)
            self._lists[key] = list_facts(table[name], shared, purchases, is_of_products)
        return self._lists[key]

    def _purchases(self, of: Sequence[str]) -> Purchases | None:
        """Return who bought what and when, if all three columns are given and there are times."""
        import numpy as np

        if len(of) < 3:
            return None
        buyers, products, times = (self._encoded(name) for name in of)
        if times.numbers is None:
            return None
        return Purchases(
            buyers.codes, products.codes, np.append(times.numbers, np.nan)[times.codes]
        )

    def _is_small_csv(self) -> bool:
        return is_csv(self._path) and self._path.stat().st_size <= _SMALL_CSV

    def _whole(self) -> pa.Table:
        return read_columns(self._path, list(self.names))

    def _read(self, name: str) -> Encoded:
        if self.names.count(name) != 1:
            raise KeyError(name)
        table: pa.Table = self._table or read_columns(self._path, [name])
        return encode(table[name])


def _pairs(left: Array, right: Array) -> Array:
    """Return one number for each pair of codes."""
    import numpy as np

    return (left.astype(np.int64) << 32) | right
