"""Split of a table into training, validation and test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import md5
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.config import Split
from recgen.findings import RecgenError
from recgen.local.times import bounds_of

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = Any
"""A numpy array."""

_DEFAULT = Split(kind="random", validation=0.05, test=0.05)
_AT_A_TIME = 65_536  # rows


@dataclass(frozen=True)
class SplitData:
    """The three tables, and warnings about the split."""

    train: pa.Table
    eval: pa.Table
    test: pa.Table
    warnings: tuple[str, ...] = field(default=())

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables by the name of their folder."""
        return {"train": self.train, "eval": self.eval, "test": self.test}


def without_far_times(table: pa.Table, date: str) -> pa.Table:
    """Return the table with null for times that lie far from all others, of which RG543 tells.

    Args:
        table: All rows.
        date: Name of the table's column with the time (int64).
    """
    import numpy as np
    import pyarrow as pa

    times = table[date].fill_null(0).to_numpy()
    known = table[date].is_valid().to_numpy()
    bounds = bounds_of(*np.unique(times[known], return_counts=True))
    if bounds is None:
        return table
    kept = pa.array(times, pa.int64(), mask=~known | bounds.is_far(times))
    return table.set_column(table.column_names.index(date), date, kept)


def split_table(
    table: pa.Table,
    split: Split | None,
    date: str | None,
    seed: int = 42,
    ids: Sequence[str] = (),
) -> SplitData:
    """Split a table according to the config.

    A cut in time is at `min + (max - min) * (1 - share)`; rows at or after the cut belong to the
    later split. Rows are drawn by a hash (`draws`), as in a pipeline's queries. Training rows are
    shuffled, since trainers shuffle only within a window; other rows keep their order.

    Args:
        table: All rows.
        split: The config's split; None draws 5% for validation and 5% for test.
        date: Name of the table's column with the time (int64), if it has one.
        seed: Seed for shuffling the training rows; random splits use `split.seed`.
        ids: Names of the columns with the buyer and the product, by which rows are drawn.

    Raises:
        RecgenError: A split would be empty.
    """
    import numpy as np

    warnings: list[str] = []
    if split is None:
        split = _DEFAULT.model_copy(update={"seed": seed})
        warnings.append(
            "the config has no data.split: 5% of the rows are drawn at random for validation and "
            "5% for test; recall on later days will be lower"
        )
    if split.kind != "random":
        table, dropped = _with_date(table, date)
        if dropped:
            rows = "1 row has" if dropped == 1 else f"{dropped:,} rows have"
            warnings.append(f"{rows} no {date!r} and {'was' if dropped == 1 else 'were'} dropped")
    times = None if split.kind == "random" else table[date].to_numpy()
    drawn = None
    if split.kind != "strict_time" and table.num_rows:
        assert ids, "rows are drawn by them"
        drawn = draws(table, [*ids, *([date] if date else [])], split.seed)
    parts = _assign(split, table.num_rows, times, drawn)
    _require_rows(parts, split, table.num_rows)

    train = np.random.default_rng(seed).permutation(np.flatnonzero(parts == 0))
    return SplitData(
        train=table.take(train),
        eval=table.filter(_mask(parts, 1)),
        test=table.filter(_mask(parts, 2)),
        warnings=tuple(warnings),
    )


def _mask(parts: Any, part: int) -> pa.Array:
    import pyarrow as pa

    return pa.array(parts == part)


def _with_date(table: pa.Table, date: str | None) -> tuple[pa.Table, int]:
    """Return the rows that have a date, and the number of rows without one."""
    import pyarrow.compute as pc

    if date is None or date not in table.column_names:
        raise RecgenError(
            "the split is by time, but the data has no date column",
            "set data.split.date_column to the column with the time of the transaction",
        )
    dropped = table[date].null_count
    return table.filter(pc.is_valid(table[date])) if dropped else table, dropped


def draws(table: pa.Table, keys: Sequence[str], seed: int) -> Array:
    """Return a number in [0, 1) for each row: float64, [rows].

    It is made of the MD5 of the seed and the row's keys, so that a row stays in its split when
    others are added, equal rows are in one split, and SQL draws the same rows.

    Args:
        table: The rows.
        keys: Names of columns with text, bytes or int64; a null counts as an empty text.
        seed: Another seed draws other rows.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    heads = bytearray()
    for start in range(0, table.num_rows, _AT_A_TIME):
        texts: list[Any] = [pa.scalar(f"{seed}".encode(), pa.large_binary())]
        for key in dict.fromkeys(keys):
            column = table[key].slice(start, _AT_A_TIME)
            kind = getattr(column.type, "value_type", column.type)
            is_number = pa.types.is_integer(kind)
            text = column.cast(pa.large_string() if is_number else kind).cast(pa.large_binary())
            texts.append(pc.fill_null(text, b"").combine_chunks())
        joined = pc.binary_join_element_wise(*texts, pa.scalar(b"|", pa.large_binary()))
        for each in joined.to_pylist():
            heads += md5(each, usedforsecurity=False).digest()[:4]
    return np.frombuffer(heads, ">u4") / 2**32


def _assign(split: Split, rows: int, times: Array | None, drawn: Array | None) -> Array:
    """Return 0 (training), 1 (validation) or 2 (test) for each row."""
    import numpy as np

    parts: Any = np.zeros(rows, np.int8)
    if rows == 0:
        return parts
    if times is None:
        held_out = round(split.test + split.validation, 12)
        return np.array([2, 1, 0], np.int8)[_shares_of(drawn, split.test, held_out)]
    first, span = times.min(), times.max() - times.min()
    parts[times >= first + span * (1 - split.test)] = 2
    before = np.flatnonzero(parts == 0)
    if split.kind == "strict_time":
        cut = first + span * (1 - split.test - split.validation)
        parts[before[times[before] >= cut]] = 1
    elif len(before):
        assert drawn is not None
        parts[before[_shares_of(drawn[before], split.validation) == 0]] = 1
    return parts


def _shares_of(drawn: Array, *ends: float) -> Array:
    """Return how many of the ends each number has reached: int64, [rows].

    Of few rows, there may be none between two ends; then their places in order count.
    """
    import numpy as np

    found: Array = np.searchsorted(ends, drawn, side="right")
    if len(np.unique(found)) <= len(ends):
        places = np.argsort(np.argsort(drawn, kind="stable"))
        found = np.searchsorted(ends, (places + 0.5) / len(drawn), side="right")
    return found


def _require_rows(parts: Any, split: Split, rows: int) -> None:
    names = ("training", "validation", "test")
    counts = [int((parts == part).sum()) for part in range(len(names))]
    empty = [name for name, count in zip(names, counts, strict=True) if count == 0]
    if empty:
        shares = ", ".join(f"{n} {c:,}" for n, c in zip(names, counts, strict=True))
        raise RecgenError(
            f"the split ({split.kind}) of {rows:,} rows leaves no {' and no '.join(empty)} rows "
            f"({shares})",
            "use more rows or larger shares in data.split, or check the dates",
        )
