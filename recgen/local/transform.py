"""Transform stage: analyzes data with the generated `preprocessing_fn` on Beam, then applies it.

A child process: `python -m recgen.local.transform`. Beam is slow with single rows or many small
bundles, so it only runs the analysis. The resulting graph is applied to large Arrow batches in
TensorFlow, with the same result as on Beam.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.local.child import load_module, obey_parent, read_job

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_BATCH = 65_536
# Beam pickles the first ten elements of every step to estimate their size, and the nth element
# with a probability of 10/n. Small first batches therefore save a second.
_SMALL_BATCHES, _ROWS_PER_SMALL_BATCH = 40, 64
_OUTPUT = "transformed_examples-00000-of-00001.tfrecord"


def write_tables(tables: Mapping[str, pa.Table], folder: Path) -> dict[str, str]:
    """Write each table as an Arrow file for the child. Called in the parent.

    Args:
        tables: Tables of large_string, large_binary, int64 and float32 columns, or lists of them.
        folder: An existing folder.

    Returns:
        The paths of the files, by the names of the tables.
    """
    import pyarrow as pa

    paths: dict[str, str] = {}
    for name, table in tables.items():
        path = folder / f"{name}.arrow"
        plain = _with_bytes(table).combine_chunks()
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, plain.schema) as writer:
            writer.write_table(plain, max_chunksize=ROWS_PER_BATCH)
        paths[name] = str(path)
    return paths


def transform(job: Mapping[str, Any]) -> None:
    """Run a job: the analysis, then the examples of each split. Called in the child.

    Args:
        job: `module` (path), `tables` (split -> Arrow file), `analyze` (splits that the analysis
            reads; never the test split), `run` (folder for `transform/` and `examples/`).
    """
    run = Path(job["run"])
    preprocessing_fn = load_module(Path(job["module"])).preprocessing_fn
    paths: dict[str, str] = job["tables"]
    began = time.monotonic()
    analyze([paths[part] for part in job["analyze"]], preprocessing_fn, run / "transform")
    analyzed = time.monotonic()
    print(f"seconds analyze {analyzed - began:.2f}")
    rows = 0
    for part, path in paths.items():
        folder = run / "examples" / part
        folder.mkdir(parents=True)
        rows = apply(path, run / "transform", folder / _OUTPUT, rows)
    print(f"seconds apply {time.monotonic() - analyzed:.2f}")


def analyze(paths: Sequence[str], preprocessing_fn: Callable[..., Any], output: Path) -> None:
    """Write the transform graph that tensorflow-transform learns from the rows of files."""
    import apache_beam as beam
    import tensorflow_transform.beam as tft_beam
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from tensorflow_transform.tf_metadata import metadata_io

    metadata, config = _raw_schema(paths[0])
    output.mkdir()
    gc.freeze()  # imports created a million objects that the collector need not scan again
    # The default runner may try to download Prism, so the runner is explicit. Beam's type check of
    # TFT's pipeline would take a second.
    options = PipelineOptions(["--no_pipeline_type_check"])
    with tempfile.TemporaryDirectory(dir=output.parent) as temporary:
        context = tft_beam.Context(
            temp_dir=temporary, desired_batch_size=ROWS_PER_BATCH, force_tf_compat_v1=False
        )
        with beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline, context:
            batches = (
                pipeline
                | "Files" >> beam.Create(list(paths), reshuffle=False)
                | "Batches" >> beam.FlatMap(_batches_for_beam)  # rows in the graph would be pickled
            )
            graph = (batches, config) | tft_beam.AnalyzeDataset(preprocessing_fn)
            graph | tft_beam.WriteTransformFn(str(output))
    metadata_io.write_metadata(metadata, str(output / "metadata"))


def apply(path: str, transform_output: Path, examples: Path, done: int) -> int:
    """Write the transformed rows of one file as tf.Examples to an uncompressed TFRecord file.

    Args:
        path: The Arrow file.
        transform_output: The output of `analyze`.
        examples: The file to write.
        done: Rows written before, for the progress.

    Returns:
        `done` plus the rows written.
    """
    import tensorflow as tf
    import tensorflow_transform as tft
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
    from tfx_bsl.tfxio.tensor_adapter import TensorAdapter

    layer = tft.TFTransformOutput(str(transform_output)).transform_features_layer()
    adapter = TensorAdapter(_raw_schema(path)[1])
    encoder = RecordBatchToExamplesEncoder()
    with tf.io.TFRecordWriter(str(examples)) as writer:
        for batch in read_batches(path, with_lists=True):
            outputs = layer(adapter.ToBatchTensors(batch))
            for example in encoder.encode(_columns(outputs, batch.num_rows)):
                writer.write(example)
            done += batch.num_rows
            print(f"rows {done}")
    return done


def read_batches(path: str, with_lists: bool) -> Iterator[pa.RecordBatch]:
    """Yield the batches of an Arrow file, with each value as a list of zero or one items.

    The analysis learns nothing from list columns, which use the vocabulary of another feature.
    Without them (they are then empty), it need not read most of the data.
    """
    import pyarrow as pa

    with pa.memory_map(path) as source:
        reader = pa.ipc.open_file(source)
        for number in range(reader.num_record_batches):
            yield _listed(reader.get_batch(number), with_lists)


def _batches_for_beam(path: str) -> Iterator[pa.RecordBatch]:
    import numpy as np
    import pyarrow.compute as pc

    for number, batch in enumerate(read_batches(path, with_lists=False)):
        if number > 0:
            yield batch
            continue
        small = _SMALL_BATCHES * _ROWS_PER_SMALL_BATCH
        for start in range(0, min(small, batch.num_rows), _ROWS_PER_SMALL_BATCH):
            rows = np.arange(start, min(start + _ROWS_PER_SMALL_BATCH, batch.num_rows))
            yield pc.take(batch, rows)  # a slice would be pickled with the whole batch
        if batch.num_rows > small:
            yield batch.slice(small)


def _listed(batch: pa.RecordBatch, with_lists: bool) -> pa.RecordBatch:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for column in batch.columns:
        is_list = pa.types.is_large_list(column.type)
        if not is_list:
            counts, values = column.is_valid().to_numpy(zero_copy_only=False), column.drop_null()
        elif with_lists:
            counts = pc.fill_null(column.value_lengths(), 0).to_numpy()
            values = _decoded(column.flatten())
        else:
            counts, values = np.zeros(len(column)), _decoded(column.flatten()[:0])
        ends = np.cumsum(counts, dtype=np.int64)
        offsets = pa.array(np.concatenate([[0], ends]))
        columns.append(pa.LargeListArray.from_arrays(offsets, values))
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _decoded(values: pa.Array) -> pa.Array:
    import pyarrow as pa

    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _with_bytes(table: pa.Table) -> pa.Table:
    """Return the table with text as bytes, as TensorFlow represents it."""
    import pyarrow as pa

    def as_bytes(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_large_list(kind):
            return pa.large_list(as_bytes(kind.value_type))
        if pa.types.is_dictionary(kind):
            return pa.dictionary(kind.index_type, as_bytes(kind.value_type))
        return pa.large_binary() if pa.types.is_large_string(kind) else kind

    kinds = [as_bytes(field.type) for field in table.schema]
    return table.cast(pa.schema(list(zip(table.column_names, kinds, strict=True))))


def _value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of single values: for lists and dictionaries, that of their items."""
    import pyarrow as pa

    if pa.types.is_large_list(kind) or pa.types.is_dictionary(kind):
        return _value_type(kind.value_type)
    return kind


def _raw_schema(path: str) -> tuple[Any, Any]:
    """Return TFT's metadata of the raw columns, and the adapter config from batches to tensors.

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
    kinds = {field.name: _value_type(field.type) for field in fields}
    spec = {name: tf.io.VarLenFeature(dtypes[kind]) for name, kind in kinds.items()}
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    representations = tensor_representation_util.InferTensorRepresentationsFromMixedSchema(
        metadata.schema
    )
    schema = pa.schema([(name, pa.large_list(kind)) for name, kind in kinds.items()])
    return metadata, TensorAdapterConfig(schema, representations)


def _columns(outputs: Mapping[str, Any], rows: int) -> pa.RecordBatch:
    """Return the outputs of `preprocessing_fn` as a batch: one number or list for each row."""
    import numpy as np
    import pyarrow as pa
    import tensorflow as tf

    one_each = pa.array(np.arange(rows + 1, dtype=np.int64))
    columns = []
    for name, tensor in outputs.items():
        offsets = one_each
        if isinstance(tensor, tf.SparseTensor):
            counts = np.bincount(tensor.indices[:, 0], minlength=rows)
            offsets, tensor = pa.array(np.concatenate([[0], np.cumsum(counts)])), tensor.values
        elif tensor.shape not in ((rows,), (rows, 1)):
            raise ValueError(f"output {name!r} has shape {tensor.shape}, not one value per row")
        flat = pa.array(tensor.numpy().reshape(-1))
        columns.append(pa.LargeListArray.from_arrays(offsets, flat))
    return pa.RecordBatch.from_arrays(columns, list(outputs))


def main() -> int:
    """Import slow packages, then run the job from the parent."""
    obey_parent()
    began = time.monotonic()
    import tensorflow_transform.beam  # noqa: F401

    print(f"seconds import {time.monotonic() - began:.2f}")
    job = read_job()
    if job is not None:
        transform(job)
    sys.stdout.flush()
    os._exit(0)  # does not wait for threads of TensorFlow and Beam


if __name__ == "__main__":
    sys.exit(main())
