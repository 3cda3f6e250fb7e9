"""First stages of a run: read, clean and split the data, and build its histories."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from recgen.findings import RecgenError, printable
from recgen.local.histories import (
    Wanted,
    add_histories,
    final_lists,
    missing_histories,
    undated,
)
from recgen.local.in_progress import RunInProgress
from recgen.local.ingest import clean, open_data, table_of
from recgen.local.split import SplitData, split_table, without_far_times
from recgen.metrics import Account

if TYPE_CHECKING:
    import pyarrow as pa

    from recgen.local.ingest import DataFile


def prepare(run: RunInProgress, data: Path) -> SplitData:
    """Return the rows of each split; the run gets its account, histories and warnings.

    Raises:
        RecgenError: The data cannot be read as the config says, or cannot be split.
    """
    buyer, product = run.ids
    with run.stage("read"):
        run.examine(data)
        give_back_memory()
        file = open_data(data, run.config.data)
        missing = missing_histories(run.config, file.names)
        table, warnings = _read(run, file, str(data), missing)
    people, goods = len(table[buyer].unique()), len(table[product].unique())
    where = f" in {file.format.parts:,} files" if file.format.parts > 1 else ""
    run.progress.done(f"{table.num_rows:,} rows{where}, {people:,} buyers, {goods:,} products")
    run.warn(warnings)
    with run.stage("split"):
        split = _split(run, table)
        if missing:
            split, run.histories = _with_histories(run, split, missing)
    counts = ", ".join(f"{name} {t.num_rows:,}" for name, t in split.tables().items())
    run.progress.done(f"{counts} rows")
    run.warn(split.warnings)
    return split


def _read(
    run: RunInProgress, file: DataFile, source: str, missing: Sequence[Wanted]
) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the rows that can be used, and warnings about the others."""
    unread = {each.name for each in missing}
    wanted = [column for column in run.columns if column.name not in unread]
    table = table_of(file, wanted, run.config.data.null_values)
    run.account = Account(source=printable(source), format=str(file.format), read=table.num_rows)
    if run.date is not None and run.config.data.null_times is None:
        table = without_far_times(table, run.date)
    return clean(table, *run.ids)


def _split(run: RunInProgress, table: pa.Table) -> SplitData:
    split = split_table(table, run.config.data.split, run.date, run.seed, run.ids)
    undated = table[run.date].null_count if run.date and run.is_by_time else 0
    parts = {name: part.num_rows for name, part in split.tables().items()}
    run.account = run.account.split(table.num_rows, undated, parts)
    return split


def _with_histories(
    run: RunInProgress, split: SplitData, missing: Sequence[Wanted]
) -> tuple[SplitData, Mapping[str, pa.Table]]:
    if run.date is None:
        raise RecgenError(
            f"the data has no column {missing[0].name!r}, and a history cannot be built from "
            "transactions without a time",
            "set data.split.date_column, or use a Parquet file with a column of lists",
        )
    buyer, _ = run.ids
    if run.beam:  # which makes the lists of the rows
        run.made = {each.name: each.dtype for each in missing}
        warnings = (*split.warnings, *undated(split, run.date))
        latest = final_lists(split, missing, buyer, run.date, run.known)
        return replace(split, warnings=warnings), latest
    return add_histories(split, missing, buyer, run.date, run.known, at_random=not run.is_by_time)


def give_back_memory() -> None:
    """Free what only references itself, as profiles do, and what Arrow keeps of old tables."""
    import pyarrow as pa

    gc.collect()
    pa.default_memory_pool().release_unused()
