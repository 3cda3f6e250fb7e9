"""Files of a run about its buyers: the features for requests, and past purchases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.local.ingest.table import plain_schema
from recgen.local.pairs import ordered, sorted_rows

if TYPE_CHECKING:
    import pyarrow as pa

FEATURES_FILE = "buyers.parquet"
PRODUCTS_FILE = "products.parquet"  # of models that rate products
PURCHASES_FILE = "purchases.parquet"
_ROWS_AT_A_TIME = 2**20
_NO_TIME = -(2**63)
ID_KEY = b"recgen.buyer_id_column"  # in the metadata of FEATURES_FILE


def write(
    folder: Path,
    known: Sequence[pa.Table],
    buyer: str,
    product: str,
    date: str | None,
    serving: Mapping[str, str],
    histories: Mapping[str, pa.Table],
) -> None:
    """Write both files from the rows of the splits that are known to the saved model.

    A buyer's features are those of the latest row that has a value, column by column.

    Args:
        folder: The run directory.
        known: The rows, split by split.
        buyer: Name of the column with the buyer's ID.
        product: Name of the column with the product's ID.
        date: Name of the column with the time, if there is one.
        serving: Raw columns of the buyer tower, with the names of the model's inputs.
        histories: The final list of each buyer, for columns that were built from transactions.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    built = [name for name in histories if name in known[0].column_names]
    table = pa.concat_tables([part.drop(built) for part in known])
    times, buyers = _times(table, date), _encoded(table[buyer])
    columns = {buyer: buyers.dictionary}
    for name in serving:
        if name in histories:
            lists = histories[name]
            index = pc.index_in(columns[buyer], lists["buyer"].combine_chunks())
            columns[name] = lists["history"].combine_chunks().take(index)
        elif name != buyer:
            columns[name] = _latest(table[name].combine_chunks(), buyers, times)
    latest = pa.table({serving[name]: columns[name] for name in serving})
    latest = latest.replace_schema_metadata({ID_KEY: serving[buyer].encode()})
    pq.write_table(latest, folder / FEATURES_FILE)
    types = {"buyer": table[buyer].type, "product": table[product].type, "time": pa.int64()}
    goods = table[product].combine_chunks()
    del table
    _write_purchases(folder / PURCHASES_FILE, types, buyers, goods, times)


def _write_purchases(
    path: Path,
    types: Mapping[str, pa.DataType],
    buyers: pa.DictionaryArray,
    goods: pa.Array,
    times: Any,
) -> None:
    """Write who bought what when, as columns of these types."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ranks, products = _ranked(goods)
    schema = plain_schema(pa.schema(list(types.items())))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        # By buyer, time and product: the order of the rows says nothing.
        for parts in sorted_rows([buyers.indices.to_numpy(), times, ranks], _ROWS_AT_A_TIME):
            part = [
                buyers.dictionary.take(pa.array(parts[0])),
                products.take(pa.array(parts[2], mask=parts[2] < 0)),
                pa.array(parts[1], mask=parts[1] == _NO_TIME),
            ]
            writer.write_table(pa.table(part, list(types)).cast(schema))


def write_products(
    folder: Path,
    known: Sequence[pa.Table],
    product: str,
    date: str | None,
    serving: Mapping[str, str],
) -> None:
    """Write the latest features of the products, for models to which clients send them.

    Args:
        folder: As in `write`.
        known: As in `write`.
        product: Name of the column with the product's ID.
        date: As in `write`.
        serving: Raw columns of the product tower, with the names of the model's inputs.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = list(dict.fromkeys([*serving, product, *filter(None, [date])]))
    table = pa.concat_tables([part.select(columns) for part in known])
    times, products = _times(table, date), _encoded(table[product])
    latest = {
        serving[name]: (
            products.dictionary
            if name == product
            else _latest(table[name].combine_chunks(), products, times)
        )
        for name in serving
    }
    metadata = {ID_KEY: serving[product].encode()}
    pq.write_table(pa.table(latest).replace_schema_metadata(metadata), folder / PRODUCTS_FILE)


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return a column of IDs as a dictionary of those that it has."""
    import numpy as np
    import pyarrow as pa

    found = column.combine_chunks().dictionary_encode()
    codes = found.indices.to_numpy()
    is_used = np.bincount(codes, minlength=len(found.dictionary)) > 0
    if is_used.all():
        return found
    places = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
    own = found.dictionary.filter(pa.array(is_used))
    return pa.DictionaryArray.from_arrays(pa.array(places[codes]), own)


def _times(table: pa.Table, date: str | None) -> Any:
    """Return each row's time; without one, the smallest number."""
    import numpy as np
    import pyarrow.compute as pc

    if date is None:
        return np.full(table.num_rows, _NO_TIME)
    return pc.fill_null(table[date], _NO_TIME).to_numpy()


def _latest(values: pa.Array, buyers: pa.DictionaryArray, times: Any) -> pa.Array:
    """Return each buyer's value in the latest row that has one; of equal times, the largest.

    Args:
        values: The values of a column, [rows].
        buyers: The buyer of each row.
        times: The time of each row.
    """
    import numpy as np
    import pyarrow as pa

    codes, (ranks, _) = np.asarray(buyers.indices), _ranked(values)
    parts = [slice(at, at + _ROWS_AT_A_TIME) for at in range(0, len(codes), _ROWS_AT_A_TIME)]
    newest = np.full(len(buyers.dictionary), _NO_TIME)
    for part in parts:
        is_known = ranks[part] >= 0
        np.maximum.at(newest, codes[part][is_known], times[part][is_known])
    last = [(ranks[part] >= 0) & (times[part] == newest[codes[part]]) for part in parts]
    rows = np.flatnonzero(np.concatenate(last)) if last else np.zeros(0, np.int64)
    rows = rows[ordered(ranks[rows])[0]]
    at = np.full(len(newest), -1)
    at[codes[rows]] = rows  # the last one of each buyer
    found = values.take(pa.array(at, mask=at < 0))
    is_shared = pa.types.is_dictionary(found.type)
    return found.dictionary_decode() if is_shared else found


def _ranked(values: pa.Array) -> tuple[Any, pa.Array]:
    """Return each value's rank in ascending order, or -1 for null, and the values by rank.

    Lists are ranked by length; what is returned second is then of no use.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_large_list(values.type):
        return pc.fill_null(values.value_lengths(), -1).to_numpy(), values
    encoded = values.dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)
    ranks = np.empty(len(order), np.int32)
    ranks[np.asarray(order)] = np.arange(len(order), dtype=np.int32)
    kind = encoded.dictionary.type
    if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        empty = pc.equal(encoded.dictionary, pa.scalar("", kind))
        ranks[np.asarray(empty)] = -1  # an empty text is null
    places = pc.fill_null(encoded.indices, len(ranks)).to_numpy()
    return np.append(ranks, np.int32(-1))[places], encoded.dictionary.take(order)
