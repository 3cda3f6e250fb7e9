"""Files of a run about its buyers: the features for requests, and past purchases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from recgen.local.split import SplitData

FEATURES_FILE = "buyers.parquet"
PURCHASES_FILE = "purchases.parquet"
ID_KEY = b"recgen.buyer_id_column"  # in the metadata of FEATURES_FILE


def write(
    folder: Path,
    split: SplitData,
    buyer: str,
    product: str,
    date: str | None,
    serving: Mapping[str, str],
    histories: Mapping[str, pa.Table],
) -> None:
    """Write both files from the training and validation rows; test rows are not used.

    Args:
        folder: The run directory.
        split: The split data.
        buyer: Name of the column with the buyer's ID.
        product: Name of the column with the product's ID.
        date: Name of the column with the time, if there is one.
        serving: Raw columns of the buyer tower, with the names of the model's inputs.
        histories: The final list of each buyer, for columns that were built from transactions.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    both = [part.drop(list(histories)) for part in (split.train, split.eval)]
    table = _by_time(pa.concat_tables(both), date)
    latest = table.take(_last_rows(table[buyer]))
    for name, known in histories.items():
        index = pc.index_in(latest[buyer], known["buyer"].combine_chunks())
        latest = latest.append_column(name, known["history"].combine_chunks().take(index))
    latest = latest.select(list(serving))
    latest = latest.rename_columns(list(serving.values()))
    latest = latest.replace_schema_metadata({ID_KEY: serving[buyer].encode()})
    pq.write_table(latest, folder / FEATURES_FILE)
    times = table[date] if date else pa.nulls(table.num_rows, pa.int64())
    purchases = pa.table({"buyer": table[buyer], "product": table[product], "time": times})
    purchases = purchases.take(_grouped(purchases["buyer"]))
    pq.write_table(purchases, folder / PURCHASES_FILE, compression="zstd")


def _by_time(table: pa.Table, date: str | None) -> pa.Table:
    """Return the rows in the order of time; those without a time come first."""
    import numpy as np
    import pyarrow.compute as pc

    if date is None:
        return table
    times = pc.fill_null(table[date], np.iinfo(np.int64).min).to_numpy()
    return table.take(np.argsort(times, kind="stable"))


def _codes(values: pa.ChunkedArray) -> Any:
    import numpy as np

    return np.asarray(values.combine_chunks().dictionary_encode().indices)


def _last_rows(values: pa.ChunkedArray) -> Any:
    """Return the index of the last row with each value."""
    import numpy as np

    codes = _codes(values)
    _, first_from_the_end = np.unique(codes[::-1], return_index=True)
    return np.sort(len(codes) - 1 - first_from_the_end)


def _grouped(values: pa.ChunkedArray) -> Any:
    """Return the indices of rows, grouped by value and otherwise in order."""
    import numpy as np

    return np.argsort(_codes(values), kind="stable")
