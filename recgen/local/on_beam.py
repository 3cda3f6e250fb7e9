"""Transform stage on a runner of Beam: histories, analysis and examples, in shards.

Without a runner, `recgen.local.transform` does the same on this machine, and faster. Workers read
the Arrow files of a run and write its examples, so they need its folder, its modules and recgen.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.local.raw import (
    lengths_of,
    number_of_batches,
    pieces,
    raw_schema,
    read_batch,
    with_lists,
)

if TYPE_CHECKING:
    import pyarrow as pa

_ITEMS = 2**18  # of lists in the graph at a time
_ROWS = 1024  # with lists that Beam made: its batches
_OUTPUT = "transformed_examples"


def transform_on_beam(job: Mapping[str, Any], preprocessing_fn: Callable[..., Any]) -> None:
    """Write the transform's output and the examples of each split of a run.

    Args:
        job: As `recgen.local.transform` has it, with `beam`, options such as
            `--runner=FlinkRunner`, and `histories`, the module that makes lists, or None.
        preprocessing_fn: The generated function.

    Raises:
        Exception: Whatever Beam raises, such as for a runner that is not there.
    """
    import apache_beam as beam
    import tensorflow_transform.beam as tft_beam
    from apache_beam.options.pipeline_options import PipelineOptions
    from tensorflow_transform.tf_metadata import metadata_io

    run, paths = Path(job["run"]), job["tables"]
    output, made = run / "transform", job["histories"]
    metadata, config = raw_schema(next(iter(paths.values())), made["columns"] if made else {})
    output.mkdir()
    _share(Path(job["module"]).parent)  # Beam pickles preprocessing_fn by its module's name
    options = PipelineOptions(["--no_pipeline_type_check", *job["beam"]])
    with tempfile.TemporaryDirectory(dir=run) as temporary:
        context = tft_beam.Context(temp_dir=temporary, force_tf_compat_v1=False)
        with beam.Pipeline(options=options) as pipeline, context:
            rows = _batches(pipeline, paths)
            if made is not None:
                examples = _with_histories(rows, Path(made["module"]))
                rows = _as_batches(examples, metadata.schema, config.arrow_schema.names)
            learnt = tuple(rows[part] for part in job["analyze"]) | "Learnt" >> beam.Flatten()
            graph = (learnt, config) | tft_beam.AnalyzeDataset(preprocessing_fn)
            graph | tft_beam.WriteTransformFn(str(output))
            for part, batches in rows.items():
                folder = run / "examples" / part
                folder.mkdir(parents=True)
                to_examples = tft_beam.TransformDataset(output_record_batches=True)
                found, _ = ((batches, config), graph) | f"Transform[{part}]" >> to_examples
                records = found | f"Encode[{part}]" >> beam.FlatMap(_encoded)
                records | f"Write[{part}]" >> beam.io.WriteToTFRecord(
                    str(folder / _OUTPUT), file_name_suffix=".tfrecord"
                )
    metadata_io.write_metadata(metadata, str(output / "metadata"))


def _batches(pipeline: Any, paths: Mapping[str, str]) -> dict[str, Any]:
    """Return the rows of each split as record batches, with lists of values in all columns."""
    import apache_beam as beam

    rows = {}
    for part, path in paths.items():
        items = [(path, number) for number in range(number_of_batches(path))]
        read = pipeline | f"Batches[{part}]" >> beam.Create(items)
        rows[part] = read | f"Rows[{part}]" >> beam.FlatMapTuple(_rows_of)
    return rows


def _as_batches(examples: Mapping[str, Any], schema: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return serialized examples of each split as record batches with columns in an order."""
    import apache_beam as beam

    found, serialized = {}, schema.SerializeToString()
    for part, own in examples.items():
        together = own | f"Together[{part}]" >> beam.BatchElements(1, _ROWS)
        found[part] = together | f"Decode[{part}]" >> beam.Map(_decoded, serialized, names)
    return found


def _with_histories(rows: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return serialized examples with lists, by the code that pipelines run, too."""
    import apache_beam as beam

    _share(path.parent)
    module = importlib.import_module(path.stem)

    class Rows:
        def GenerateExamplesByBeam(self, *_: Any) -> dict[str, Any]:  # noqa: N802 - TFX's name
            return {
                part: batches | f"Examples of {part}" >> beam.FlatMap(_examples_of)
                for part, batches in rows.items()
            }

    class WithHistories(module.WithHistories, Rows):  # type: ignore[name-defined, misc]
        pass

    return dict(WithHistories().GenerateExamplesByBeam(None, None))


def _share(folder: Path) -> None:
    """Let this process and the workers that it starts import the modules of a folder."""
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    sys.path.insert(0, str(folder))


def _rows_of(path: str, number: int) -> Iterator[pa.RecordBatch]:
    """Yield a batch of a file in pieces with a bounded number of items."""
    batch = read_batch(path, number)
    for part in pieces(lengths_of(batch), _ITEMS):
        yield with_lists(batch[part])


def _examples_of(batch: pa.RecordBatch) -> Sequence[bytes]:
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

    return list(RecordBatchToExamplesEncoder().encode(batch))


def _encoded(transformed: tuple[pa.RecordBatch, object]) -> Sequence[bytes]:
    return _examples_of(transformed[0])


def _decoded(examples: Sequence[bytes], schema: bytes, names: Sequence[str]) -> pa.RecordBatch:
    from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

    return ExamplesToRecordBatchDecoder(schema).DecodeBatch(examples).select(names)
