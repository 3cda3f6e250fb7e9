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
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recgen.local.apply import apply
from recgen.local.beam_options import reason_of
from recgen.local.child import SAID, load_module, obey_parent, read_job
from recgen.local.on_beam import transform_on_beam
from recgen.local.raw import ROWS_PER_BATCH, raw_schema, read_batches, without_lists

if TYPE_CHECKING:
    import pyarrow as pa

# Beam pickles the first ten elements of every step to estimate their size, and the nth element
# with a probability of 10/n. Small first batches therefore save a second.
_SMALL_BATCHES, _ROWS_PER_SMALL_BATCH = 40, 64
_OUTPUT = "transformed_examples-00000-of-00001.tfrecord"


def transform(job: Mapping[str, Any]) -> None:
    """Run a job: the analysis, then the examples of each split. Called in the child.

    Args:
        job: `module` (path), `tables` (split -> Arrow file), `analyze` (splits that the analysis
            reads; never the test split), `run` (folder for `transform/` and `examples/`), and
            `beam` (options of a runner that does all of it; None for this machine).
    """
    run = Path(job["run"])
    preprocessing_fn = load_module(Path(job["module"])).preprocessing_fn
    if job.get("beam"):
        try:
            transform_on_beam(job, preprocessing_fn)
        except Exception as error:  # of any runner: its reason is told in one line
            traceback.print_exc()
            sys.exit(f"{SAID}{reason_of(error)}")
        return
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

    metadata, config = raw_schema(paths[0])
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


def _batches_for_beam(path: str) -> Iterator[pa.RecordBatch]:
    """Yield all rows, small batches first, with empty lists.

    The analysis learns nothing from lists, which use the vocabulary of another feature.
    """
    import numpy as np
    import pyarrow.compute as pc

    for number, batch in enumerate(map(without_lists, read_batches(path))):
        if number > 0:
            yield batch
            continue
        small = _SMALL_BATCHES * _ROWS_PER_SMALL_BATCH
        for start in range(0, min(small, batch.num_rows), _ROWS_PER_SMALL_BATCH):
            rows = np.arange(start, min(start + _ROWS_PER_SMALL_BATCH, batch.num_rows))
            yield pc.take(batch, rows)  # a slice would be pickled with the whole batch
        if batch.num_rows > small:
            yield batch.slice(small)


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
