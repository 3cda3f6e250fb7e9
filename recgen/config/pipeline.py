"""The pipeline around the modules: source, machines, gate. No I/O, no decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recgen.config.types import Column, Config, Count, Flag, ListOf, Name, Place, Real, Writable

Query = Annotated[str, Field(strict=True, min_length=1, max_length=100_000), Writable]
Share = Annotated[Real, Field(ge=0, le=1)]
Word = Annotated[str, Field(strict=True, min_length=1, max_length=255), Writable]


class BigQuery(Config):
    """A table or a query of BigQuery, with one row for each transaction."""

    table: Word | None = None
    """The table, as `project.dataset.table`."""
    query: Query | None = None
    """One SELECT, in place of a table. `FOR SYSTEM_TIME AS OF {snapshot}` after a table reads it as
    it was at the time of the snapshot."""
    project: Word | None = None
    """The project that pays for the queries; by default that of `vertex`."""
    location: Word | None = None
    """Where the data is, such as `EU` or `europe-west4`."""


class Source(Config):
    """Where a pipeline reads its rows: exactly one of these."""

    bigquery: BigQuery | None = None
    """A table or a query; the splits are made by SQL."""
    tfrecord: Place | None = None
    """A pattern of TFRecord files of `tf.train.Example`, with `{split}` where train, eval or test
    stands."""
    csv: Place | None = None
    """A pattern of CSV files, likewise."""
    parquet: Place | None = None
    """A pattern of Parquet files, likewise."""


class Vertex(Config):
    """Vertex AI, where a compiled pipeline runs."""

    project: Word
    """The project."""
    region: Word
    """The region, such as `europe-west4`."""
    bucket: Word
    """The bucket for what the pipeline writes, with `gs://`."""
    image: Word | None = None
    """The image with TFX and the modules; by default
    `REGION-docker.pkg.dev/PROJECT/recgen/NAME`. Without a tag, it has the config's digest."""
    service_account: Word | None = None
    """The account as which the pipeline runs; by default that of Compute Engine."""
    network: Word | None = None
    """The VPC network with which jobs are peered, in full."""
    labels: dict[Word, Name] = Field(default={})
    """Labels of the pipeline's run."""


class TrainerMachine(Config):
    """The machine on which Vertex AI trains."""

    machine_type: Word = "n1-standard-8"
    """The machine, such as `n1-standard-8` or `g2-standard-8`."""
    accelerator_type: Word | None = None
    """The GPU, such as `NVIDIA_TESLA_T4`; by default none."""
    accelerator_count: Annotated[int, Field(strict=True, ge=1, le=16)] = 1
    """The number of GPUs."""
    spot: Flag = False
    """Whether the machine is cheaper, and may be taken away."""


class Beam(Config):
    """Who runs Apache Beam: examples, statistics, transform and evaluation."""

    runner: Literal["direct", "dataflow", "flink", "spark"] = "direct"
    """direct runs in the component's own machine."""
    machine_type: Word | None = None
    """Dataflow only: the machine of a worker."""
    max_workers: Count | None = None
    """Dataflow only: most workers at a time."""
    region: Word | None = None
    """Dataflow only: where the workers are; by default the region of `vertex`."""
    args: ListOf[Word] = ()
    """Further options of Beam, such as `--flink_master=localhost:8081`."""


class Gate(Config):
    """What the Evaluator requires of a model before it is pushed.

    Its recall on the test rows is always compared with that of the most popular products, and its
    errors with those of the mean of the training rows.
    """

    metric: Literal["recall", "rmse", "auc"] | None = None
    """The only metric that counts; by default all that the model has: recall of lists; of
    predictions the error of amounts (`rmse`), or how often a 1 is above a 0 (`auc`)."""
    k: Annotated[int, Field(strict=True, ge=1, le=1000)] = 10
    """How many products of a list count."""
    at_least: Share | None = None
    """The least recall at `k`; by default none but that of popularity."""
    rmse_at_most: Annotated[Real, Field(gt=0, le=1e15)] | None = None
    """The greatest root mean squared error; by default none but that of the mean."""
    auc_at_least: Annotated[Real, Field(ge=0.5, le=1)] | None = None
    """The least AUC; by default 0.5, that of a constant."""
    calibration_within: Annotated[Real, Field(gt=0, lt=1)] | None = None
    """By what share the sum of the predictions may differ from that of the targets, such as 0.1; by
    default by any."""
    better_than_current: Flag = True
    """Whether the model must not be worse than the last one that was blessed."""
    slices: ListOf[Column] = ()
    """Columns for each of whose values the metrics are told, too."""


class Push(Config):
    """Where a blessed model goes."""

    filesystem: Place | None = None
    """A folder, in which each model has a folder of its own; by default in the bucket."""
    vertex_registry: Flag = False
    """Refused so far: whether the model is also uploaded to Vertex' registry."""


class PipelineConfig(Config):
    """The TFX pipeline that `recgen render --pipeline` writes."""

    source: Source
    """Where the rows are."""
    runner: Literal["vertex", "local", "both"] = "both"
    """Where the pipeline can run: compiled for Vertex AI, with LocalDagRunner on this machine, or
    both."""
    vertex: Vertex | None = None
    """Vertex AI; required unless `runner` is local."""
    trainer: TrainerMachine = TrainerMachine()
    """The machine that trains on Vertex AI."""
    beam: Beam = Beam()
    """Who runs Apache Beam on Vertex AI."""
    histories: ListOf[Column] = ()
    """Histories that the pipeline makes of its rows, by their output names; the others are columns
    of the source. A history that a query does not return is made, too."""
    schema_pbtxt: Flag = False
    """Whether a file `schema.pbtxt` says the columns' types, those of the config; by default TFX
    finds them in the rows."""
    analyze: ListOf[Literal["train", "eval", "test"]] = ("train",)
    """Splits of which Transform learns vocabularies and means."""
    gate: Gate | None = None
    """What a model must reach to be pushed; without it, each trained model is."""
    push: Push = Push()
    """Where a model goes."""
    bulk_inference: Flag = False
    """Whether the model's answers for the test rows are written, by BulkInferrer."""
    snapshot: Annotated[str, Field(strict=True, min_length=1, max_length=40), Writable] = "now"
    """The time as of which the three queries read: that of compiling (`now`), or a time in ISO form
    such as `2026-05-01T00:00:00Z`, of the last seven days."""
