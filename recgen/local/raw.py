"""Raw columns on their way to the transform: Arrow files, their batches, and TFT's view of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_BATCH = 65_536


def write_tables(tables: Mapping[str, pa.Table], folder: Path) -> dict[str, str]:
    """Write each table as an Arrow file.

    Args:
        tables: Tables of large_string, large_binary, int64 and float32 columns, or lists of them.
            Texts and lists that several rows share are values of a dictionary.
        folder: An existing folder.

    Returns:
        The paths of the files, by the names of the tables.
    """
    import pyarrow as pa

    paths: dict[str, str] = {}
    for name, table in tables.items():
        path = folder / f"{name}.arrow"
        columns = [_with_bytes(column.combine_chunks()) for column in table.columns]
        plain = pa.table(columns, table.column_names)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, plain.schema) as writer:
            writer.write_table(plain, max_chunksize=ROWS_PER_BATCH)
        paths[name] = str(path)
    return paths


def read_batches(path: str) -> Iterator[pa.RecordBatch]:
    """Yield the batches of an Arrow file as they were written; memory is that of the file.

    Texts are plain, lists that rows share are values of a dictionary.
    """
    import pyarrow as pa

    with pa.memory_map(path) as source:
        reader = pa.ipc.open_file(source)
        for number in range(reader.num_record_batches):
            yield _with_plain_texts(reader.get_batch(number))


def number_of_batches(path: str) -> int:
    """Return how many batches an Arrow file has."""
    import pyarrow as pa

    with pa.memory_map(path) as source:
        return int(pa.ipc.open_file(source).num_record_batches)


def read_batch(path: str, number: int) -> pa.RecordBatch:
    """Return one batch of an Arrow file, as `read_batches` yields it."""
    import pyarrow as pa

    with pa.memory_map(path) as source:
        return _with_plain_texts(pa.ipc.open_file(source).get_batch(number))


def _with_plain_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    columns = [
        each.dictionary_decode() if pa.types.is_dictionary(kind) and not holds_lists(kind) else each
        for each, kind in zip(batch.columns, batch.schema.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def lengths_of(batch: pa.RecordBatch) -> Any:
    """Return the number of items of all lists of each row, [rows]."""
    import numpy as np
    import pyarrow.compute as pc

    lengths = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if holds_lists(column.type):
            is_shared = hasattr(column, "dictionary")
            sizes = (column.dictionary if is_shared else column).value_lengths()
            sizes = sizes.take(column.indices) if is_shared else sizes
            lengths += pc.fill_null(sizes, 0).to_numpy()
    return lengths


def with_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with each value as a list of zero or one items, and lists as they are."""
    import pyarrow as pa

    plain = without_lists(batch)
    for at, column in enumerate(batch.columns):
        if not holds_lists(column.type):
            continue
        if pa.types.is_dictionary(column.type):
            column = column.dictionary.take(column.indices)
        items, counts = column.flatten(), pa.RecordBatch.from_arrays([column], [""])
        items = items.dictionary_decode() if pa.types.is_dictionary(items.type) else items
        offsets = _offsets(lengths_of(counts))
        lists = pa.LargeListArray.from_arrays(offsets, items)
        plain = plain.set_column(at, plain.schema.names[at], lists)
    return plain


def without_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with each value as a list of zero or one items, and all lists empty."""
    import numpy as np
    import pyarrow as pa

    columns = []
    for column in batch.columns:
        if holds_lists(column.type):
            is_known, values = np.zeros(len(column), bool), pa.array([], value_type(column.type))
        else:
            is_known, values = column.is_valid().to_numpy(zero_copy_only=False), column.drop_null()
        columns.append(pa.LargeListArray.from_arrays(_offsets(is_known), values))
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _offsets(lengths: Any) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    return pa.array(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))


def holds_lists(kind: pa.DataType) -> bool:
    """Return whether a column of this type holds lists, each row its own or some shared ones."""
    import pyarrow as pa

    of_value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_large_list(of_value))


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of single values: for lists and dictionaries, that of their items."""
    import pyarrow as pa

    if pa.types.is_large_list(kind) or pa.types.is_dictionary(kind):
        return value_type(kind.value_type)
    return kind


def raw_schema(path: str, lists: Mapping[str, str] = {}) -> tuple[Any, Any]:
    """Return TFT's metadata of the raw columns, and the adapter config from batches to tensors.

    `lists` are columns that are made of the rows, with the types of their items (string or int64).

    Every column has variable length, as in TFX's CsvExampleGen. A schema that depended on nulls
    would change from one day's data to the next.
    """
    import pyarrow as pa
    import tensorflow as tf
    from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils
    from tfx_bsl.tfxio import tensor_representation_util
    from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig

    with pa.memory_map(path) as source:
        fields = list(pa.ipc.open_file(source).schema)
    dtypes = {pa.large_binary(): tf.string, pa.int64(): tf.int64, pa.float32(): tf.float32}
    kinds = {field.name: value_type(field.type) for field in fields}
    items = {"string": pa.large_binary(), "int64": pa.int64()}
    kinds |= {name: items[dtype] for name, dtype in lists.items()}
    spec = {name: tf.io.VarLenFeature(dtypes[kind]) for name, kind in kinds.items()}
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    representations = tensor_representation_util.InferTensorRepresentationsFromMixedSchema(
        metadata.schema
    )
    schema = pa.schema([(name, pa.large_list(kind)) for name, kind in kinds.items()])
    return metadata, TensorAdapterConfig(schema, representations)


def pieces(lengths: Any, items: int) -> Iterator[slice]:
    """Yield slices of rows with at most so many items of lists; a longer list is alone in its own.

    Args:
        lengths: Number of items of each row, [rows].
        items: Most items of a slice.
    """
    import numpy as np

    ends = np.cumsum(lengths)
    start = before = 0
    while start < len(ends):
        stop = int(np.searchsorted(ends, before + items, side="right"))
        stop = min(max(stop, start + 1), start + ROWS_PER_BATCH)
        yield slice(start, stop)
        start, before = stop, int(ends[stop - 1])


def _with_bytes(column: pa.Array) -> pa.Array:
    """Return a column with text as bytes, as TensorFlow represents it."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(column.indices, _with_bytes(column.dictionary))
    return column.cast(_as_bytes(kind))


def _as_bytes(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_large_list(kind):
        return pa.large_list(_as_bytes(kind.value_type))
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _as_bytes(kind.value_type))
    return pa.large_binary() if pa.types.is_large_string(kind) else kind
