"""Split of a table into training, validation and test rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recgen.config import Split
from recgen.findings import RecgenError
from recgen.local.times import bounds_of

if TYPE_CHECKING:
    import pyarrow as pa

_DEFAULT = Split(kind="random", validation=0.05, test=0.05)


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
    table: pa.Table, split: Split | None, date: str | None, seed: int = 42
) -> SplitData:
    """Split a table according to the config.

    A cut in time is at `min + (max - min) * (1 - share)`; rows at or after the cut belong to the
    later split. Random splits get exact shares of the rows that they are drawn from. Training rows
    are shuffled, since trainers shuffle only within a window; other rows keep their order.

    Args:
        table: All rows.
        split: The config's split; None draws 5% for validation and 5% for test.
        date: Name of the table's column with the time (int64); None for a random split.
        seed: Seed for shuffling the training rows; random splits use `split.seed`.

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
    parts = _assign(split, table.num_rows, times)
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


def _assign(split: Split, rows: int, times: Any) -> Any:
    """Return 0 (training), 1 (validation) or 2 (test) for each row."""
    import numpy as np

    parts: Any = np.zeros(rows, np.int8)
    draw = np.random.default_rng(split.seed)
    if rows == 0:
        return parts
    if times is None:
        order = draw.permutation(rows)
        tests, validations = round(rows * split.test), round(rows * split.validation)
        parts[order[:tests]] = 2
        parts[order[tests : tests + validations]] = 1
        return parts
    first, span = times.min(), times.max() - times.min()
    parts[times >= first + span * (1 - split.test)] = 2
    before = np.flatnonzero(parts == 0)
    if split.kind == "strict_time":
        cut = first + span * (1 - split.test - split.validation)
        parts[before[times[before] >= cut]] = 1
    else:
        parts[draw.permutation(before)[: round(len(before) * split.validation)]] = 1
    return parts


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
