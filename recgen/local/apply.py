"""Applies the transform's graph to Arrow files: examples for the trainer.

Rows share lists of past products, so each list goes through the graph once, in pieces of bounded
size. The graph itself says which outputs depend on a list column and on nothing else.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from recgen.local.raw import holds_lists, pieces, raw_schema, read_batches, without_lists

if TYPE_CHECKING:
    import pyarrow as pa

Layer: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes tensors of raw columns by name; returns the outputs that depend on no other columns."""

_ITEMS = 2**18  # of lists in the graph at a time
_ITEMS_TO_WRITE = 2**20


def apply(path: str, transform_output: Path, examples: Path, done: int) -> int:
    """Write the transformed rows of one file as tf.Examples to an uncompressed TFRecord file.

    Args:
        path: The Arrow file.
        transform_output: The output of the analysis.
        examples: The file to write.
        done: Rows written before, for the progress.

    Returns:
        `done` plus the rows written.

    Raises:
        ValueError: An output depends on a list and on another column.
    """
    import tensorflow as tf
    import tensorflow_transform as tft
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

    output = tft.TFTransformOutput(str(transform_output))
    layer, wanted = output.transform_features_layer(), set(output.transformed_feature_spec())
    encoder = RecordBatchToExamplesEncoder()
    with tf.io.TFRecordWriter(str(examples)) as writer:
        for rows in transformed(path, layer):
            if missing := wanted - set(rows.schema.names):
                raise ValueError(f"outputs of a list and another column: {sorted(missing)}")
            for example in encoder.encode(rows):
                writer.write(example)
            done += rows.num_rows
            print(f"rows {done}")
    return done


def transformed(path: str, layer: Layer) -> Iterator[pa.RecordBatch]:
    """Yield the outputs of the graph for the rows of an Arrow file, in batches of bounded size."""
    import numpy as np
    import pyarrow as pa
    from tfx_bsl.tfxio.tensor_adapter import TensorAdapter

    adapter = TensorAdapter(raw_schema(path)[1])
    with pa.memory_map(path) as source:
        kinds = {field.name: field.type for field in pa.ipc.open_file(source).schema}
    list_columns = [name for name, kind in kinds.items() if holds_lists(kind)]
    of_lists = {k: v for name in list_columns for k, v in _of_lists(path, name, layer).items()}
    begin = 0
    for batch in read_batches(path):
        tensors = adapter.ToBatchTensors(without_lists(batch))
        outputs = layer({name: tensors[name] for name in kinds if name not in list_columns})
        of_rows = dict(_columns(outputs, batch.num_rows))
        numbers = {name: _numbers(batch.column(name), begin) for name in list_columns}
        lengths = np.zeros(batch.num_rows, np.int64)
        for each in of_lists.values():
            lengths += each.lengths[numbers[each.column]]
        for part in pieces(lengths, _ITEMS_TO_WRITE):
            columns = {name: column[part] for name, column in of_rows.items()}
            for name, each in of_lists.items():
                columns[name] = each.lists.take(pa.array(numbers[each.column][part]))
            yield pa.RecordBatch.from_pydict(dict(sorted(columns.items())))
        begin += batch.num_rows


@dataclass(frozen=True)
class _OfLists:
    """An output that depends on one column of lists.

    Attributes:
        column: The column's name.
        lists: The output for each list of the column, each shared one once.
        lengths: Number of items of each, [lists].
    """

    column: str
    lists: pa.LargeListArray
    lengths: Any


class _Stored:
    """Lists of numbers that come piece by piece and are kept in a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lengths: list[Any] = []
        self._kind: Any = None

    def add(self, lists: pa.LargeListArray) -> None:
        """Append lists."""
        values = lists.flatten().to_numpy()
        self._file.write(values)
        self._kind = values.dtype
        self._lengths.append(lists.value_lengths().to_numpy())

    def of(self, column: str) -> _OfLists:
        """Return all lists, as an output of a column. The file may be closed then."""
        import numpy as np
        import pyarrow as pa

        self._file.flush()
        is_empty = self._file.tell() == 0
        values = np.empty(0, self._kind) if is_empty else np.memmap(self._file, self._kind, "r")
        lengths = np.concatenate(self._lengths)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]))
        return _OfLists(column, pa.LargeListArray.from_arrays(offsets, pa.array(values)), lengths)


def _of_lists(path: str, column: str, layer: Layer) -> dict[str, _OfLists]:
    """Return the outputs that depend on a column of lists alone, by name.

    They lie in files without a name, since they can be larger than all other columns together.
    """
    folder, stored = Path(path).parent, dict[str, _Stored]()
    with ExitStack() as files:
        for lists in _distinct_lists(path, column):
            for name, output in _columns(layer({column: _tensor(lists)}), len(lists)):
                if name not in stored:
                    unnamed = files.enter_context(tempfile.TemporaryFile(dir=folder))
                    stored[name] = _Stored(unnamed)
                stored[name].add(output)
        return {name: each.of(column) for name, each in stored.items()}


def _distinct_lists(path: str, name: str) -> Iterator[pa.Array]:
    """Yield the lists of a column in pieces: shared ones once, others row by row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for batch in read_batches(path):
        column = batch.column(batch.schema.get_field_index(name))
        is_shared = pa.types.is_dictionary(column.type)
        lists = column.dictionary if is_shared else column
        for part in pieces(pc.fill_null(lists.value_lengths(), 0).to_numpy(), _ITEMS):
            yield lists[part]
        if is_shared:  # all batches of a file have the same dictionary
            return


def _numbers(column: pa.Array, begin: int) -> Any:
    """Return the number of each row's list; `begin` is the number of the batch's first row."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return column.indices.to_numpy()
    return np.arange(begin, begin + len(column))


def _tensor(lists: pa.Array) -> Any:
    """Return lists as a sparse tensor [lists, items]; a null list is empty."""
    import numpy as np
    import pyarrow.compute as pc
    import tensorflow as tf

    lengths = pc.fill_null(lists.value_lengths(), 0).to_numpy()
    rows = np.repeat(np.arange(len(lists)), lengths)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return tf.SparseTensor(
        np.stack([rows, places], axis=1), _values(lists.flatten()), [len(lists), lengths.max()]
    )


def _values(items: pa.Array) -> Any:
    """Return items as a tensor. Distinct texts are copied: each object from Python takes longer."""
    import pyarrow as pa
    import tensorflow as tf

    if pa.types.is_dictionary(items.type):
        items = items.dictionary_decode()
    if not pa.types.is_large_binary(items.type):
        return tf.constant(items.to_numpy())
    encoded = items.dictionary_encode()
    distinct = tf.constant(encoded.dictionary.to_numpy(zero_copy_only=False), tf.string)
    return tf.gather(distinct, encoded.indices.to_numpy())


def _columns(outputs: Mapping[str, Any], rows: int) -> Iterator[tuple[str, pa.LargeListArray]]:
    """Yield the outputs of `preprocessing_fn` by name: a list, or one number, for each row."""
    import numpy as np
    import pyarrow as pa
    import tensorflow as tf

    one_each = pa.array(np.arange(rows + 1, dtype=np.int64))
    for name, tensor in outputs.items():
        offsets = one_each
        if isinstance(tensor, tf.SparseTensor):
            counts = np.bincount(tensor.indices[:, 0], minlength=rows)
            offsets, tensor = pa.array(np.concatenate([[0], np.cumsum(counts)])), tensor.values
        elif tensor.shape not in ((rows,), (rows, 1)):
            raise ValueError(f"output {name!r} has shape {tensor.shape}, not one value per row")
        yield name, pa.LargeListArray.from_arrays(offsets, pa.array(tensor.numpy().reshape(-1)))
