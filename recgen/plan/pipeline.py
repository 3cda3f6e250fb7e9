"""Plan of the TFX pipeline around the modules: `pipeline.py` and what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from anyascii import anyascii

from recgen.config import Beam, ExperimentConfig, PipelineConfig, Vertex
from recgen.plan.constants import Constant, Group
from recgen.plan.examples import ExamplesPlan, plan_examples
from recgen.plan.gate import GatePlan, plan_gate
from recgen.plan.header import Header
from recgen.plan.queries import SPLITS, QueriesPlan, plan_queries
from recgen.plan.transform import plan_transform

SIGNATURE = "serving_examples"
"""The signature that takes serialized examples, as Evaluator and BulkInferrer send them."""
_LONGEST = 128  # characters of a pipeline's name on Vertex AI
_EXAMPLE_GEN = "tfx.components.example_gen"
_EXECUTORS = "tfx.dsl.components.base.executor_spec"
_RUNNERS = {
    "direct": "DirectRunner",
    "dataflow": "DataflowRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
}


@dataclass(frozen=True, slots=True)
class MachinePlan:
    """The machine that trains on Vertex AI."""

    machine_type: str
    accelerator_type: str | None
    accelerator_count: int
    is_spot: bool
    service_account: str | None
    network: str | None


@dataclass(frozen=True, slots=True)
class PipelinePlan:
    """Everything that `pipeline.py`, `evaluator_module.py` and `submit.py` contain.

    Attributes:
        source: Where the rows are.
        examples: What is made of the rows besides what TFX makes of them.
        queries: The queries, if the rows are in BigQuery.
        has_schema: Whether types are those of `schema.pbtxt`.
        compiles: Whether the pipeline can be compiled for Vertex AI.
        runs_here: Whether it can be run with LocalDagRunner.
        labels: Labels of a run on Vertex AI.
    """

    header: Header
    source: Literal["bigquery", "tfrecord", "csv", "parquet"]
    examples: ExamplesPlan | None
    queries: QueriesPlan | None
    has_schema: bool
    compiles: bool
    runs_here: bool
    groups: tuple[Group, ...]
    beam: tuple[str, ...]
    machine: MachinePlan
    gate: GatePlan | None
    infers: bool
    labels: tuple[tuple[str, str], ...]
    usage: str
    """What the command line of `pipeline.py` takes."""
    signature: str = SIGNATURE
    standard: tuple[str, ...] = ()
    """Modules of the standard library that the module imports; see `modules`."""
    others: tuple[str, ...] = ()
    """The other modules that it imports."""

    @property
    def reads_table(self) -> bool:
        """Whether the rows are in BigQuery."""
        return self.source == "bigquery"

    @property
    def reads_csv(self) -> bool:
        """Whether they are in CSV files."""
        return self.source == "csv"

    @property
    def reads_parquet(self) -> bool:
        """Whether they are in Parquet files."""
        return self.source == "parquet"

    @property
    def queries_table(self) -> bool:
        """Whether a command reads BigQuery."""
        return self.reads_table and self.compiles

    @property
    def reads_files(self) -> bool:
        """Whether a command reads files: those of the source, or here in place of a table."""
        return self.runs_here or not self.reads_table

    @property
    def makes_files(self) -> bool:
        """Whether files are read by an executor of the pipeline's own."""
        return self.examples is not None and self.reads_files

    @property
    def imports(self) -> frozenset[str]:
        """Modules that the generated module imports."""
        return frozenset((*self.standard, *self.others))

    @property
    def modules(self) -> dict[str, PipelinePlan]:
        """The plan of each Python module with its imports, by the file's name."""
        analysis = ("tensorflow_model_analysis",) if self.gate else ()
        needed = {"datetime": self.queries_table, "json": self.gate}
        standard = (*(name for name, is_used in needed.items() if is_used), "os", "pathlib", "sys")
        readers = [_EXECUTORS, "examples_module"] if self.examples else []
        if self.makes_files:
            readers.append(f"{_EXAMPLE_GEN}.component")
        found = {"pipeline.py": self._importing(standard, *readers, "tfx.v1", *analysis)}
        if self.examples:
            found["examples_module.py"] = self._importing_examples(self.examples)
        if self.gate:
            own = self._importing((), "apache_beam", "numpy", *analysis)
            found["evaluator_module.py"] = own
        if self.compiles:
            own = self._importing(("tempfile",), "google.cloud.aiplatform", "pipeline")
            found["submit.py"] = own
        return found

    def _importing_examples(self, examples: ExamplesPlan) -> PipelinePlan:
        others = ["apache_beam", "tensorflow"]
        if examples.parquet:
            others += ["pyarrow", "pyarrow.compute", f"{_EXAMPLE_GEN}.base_example_gen_executor"]
        elif self.reads_files:
            kind = "csv" if self.reads_csv else "import"
            others.append(f"{_EXAMPLE_GEN}.{kind}_example_gen.executor")
        if self.queries_table:
            others.append("tfx.extensions.google_cloud_big_query.example_gen.executor")
        return self._importing(("itertools",) if examples.lists else (), *others)

    def _importing(self, standard: tuple[str, ...], *others: str) -> PipelinePlan:
        return replace(self, standard=standard, others=others)


def plan_pipeline(config: ExperimentConfig) -> PipelinePlan:
    """Return the plan of a config that passed the check and has a `pipeline`."""
    pipeline = config.pipeline
    assert pipeline, "the command requires it"
    source, table = pipeline.source, pipeline.source.bigquery
    files: Literal["tfrecord", "csv"] = "tfrecord" if source.tfrecord else "csv"
    kind = "bigquery" if table else "parquet" if source.parquet else files
    header = replace(plan_transform(config).header, is_pipeline=True)
    compiles = pipeline.runner != "local"
    return PipelinePlan(
        header=header,
        source=kind,
        examples=plan_examples(config),
        queries=plan_queries(config, table, pipeline.snapshot) if table else None,
        has_schema=pipeline.schema_pbtxt,
        compiles=compiles,
        usage=_usage(pipeline),
        runs_here=pipeline.runner != "vertex",
        groups=tuple(_groups(config, pipeline, header.config, compiles)),
        beam=tuple(_beam(config, pipeline, header.config)) if compiles else (),
        machine=_machine(pipeline),
        gate=plan_gate(config, pipeline.gate),
        infers=pipeline.bulk_inference,
        labels=tuple((pipeline.vertex.labels if pipeline.vertex else {}).items()),
    )


def pipeline_name(config: ExperimentConfig) -> str:
    """Return the name of the pipeline: that of the config, as Vertex AI accepts it."""
    name = anyascii(config.name or config.features.name or "").lower()
    return re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:_LONGEST].strip("-") or "recgen"


def image_of(vertex: Vertex, name: str, digest: str) -> str:
    """Return the image with its tag, by default the config's digest."""
    project = vertex.project.replace(":", "/")  # of a domain, such as example.com:shop
    image = vertex.image or f"{vertex.region}-docker.pkg.dev/{project}/recgen/{name}"
    has_tag = ":" in image.rpartition("/")[2] or "@" in image
    return image if has_tag else f"{image}:{digest}"


def _usage(pipeline: PipelineConfig) -> str:
    words = {"vertex": "compile FILE", "local": "run FOLDER OUT"}
    both = " | ".join(words.values())
    return f"usage: pipeline.py {words.get(pipeline.runner, both)}"


def _groups(
    config: ExperimentConfig, pipeline: PipelineConfig, digest: str, compiles: bool
) -> Iterator[Group]:
    name, vertex, source = pipeline_name(config), pipeline.vertex, pipeline.source
    files = source.tfrecord or source.csv or source.parquet
    bucket = vertex.bucket.rstrip("/") if vertex else ""
    folder, pattern = files_of(files) if files else ("", "")
    yield Group.of(
        "The rows.",
        Constant("NAME", name),
        Constant("SPLITS", SPLITS),
        Constant("ANALYZED", pipeline.analyze, "splits of which Transform learns"),
        files and compiles and Constant("FILES", folder),
        files and Constant("PATTERN", pattern),
    )
    if not compiles:
        return
    assert vertex, "the check requires it"
    yield Group.of(
        "Vertex AI.",
        Constant("PROJECT", vertex.project),
        source.bigquery
        and Constant("BILLED", source.bigquery.project or vertex.project, "pays for the queries"),
        Constant("REGION", vertex.region),
        Constant("BUCKET", bucket),
        Constant("IMAGE", image_of(vertex, name, digest)),
        Constant("MODELS", pipeline.push.filesystem or f"{bucket}/models/{name}"),
    )


def files_of(pattern: str) -> tuple[str, str]:
    """Return the folder of a pattern of files, and the pattern in it."""
    before = pattern.partition("{split}")[0]
    folder = before.rpartition("/")[0]
    return folder, pattern[len(folder) :].lstrip("/")


def _beam(config: ExperimentConfig, pipeline: PipelineConfig, digest: str) -> Iterator[str]:
    """Yield Beam's options on Vertex AI."""
    beam, vertex = pipeline.beam, pipeline.vertex
    assert vertex, "the check requires it"
    yield f"--runner={_RUNNERS[beam.runner]}"
    yield f"--project={vertex.project}"
    yield f"--temp_location={vertex.bucket.rstrip('/')}/tmp"
    if beam.runner == "dataflow":
        yield from _dataflow(beam, vertex)
        # Workers import the modules, too.
        yield f"--sdk_container_image={image_of(vertex, pipeline_name(config), digest)}"
    yield from beam.args


def _dataflow(beam: Beam, vertex: Vertex) -> Iterator[str]:
    yield f"--region={beam.region or vertex.region}"
    yield "--experiments=use_runner_v2"
    if beam.machine_type:
        yield f"--machine_type={beam.machine_type}"
    if beam.max_workers:
        yield f"--max_num_workers={beam.max_workers}"
    if vertex.service_account:
        yield f"--service_account_email={vertex.service_account}"


def _machine(pipeline: PipelineConfig) -> MachinePlan:
    trainer, vertex = pipeline.trainer, pipeline.vertex
    return MachinePlan(
        machine_type=trainer.machine_type,
        accelerator_type=trainer.accelerator_type,
        accelerator_count=trainer.accelerator_count,
        is_spot=trainer.spot,
        service_account=vertex.service_account if vertex else None,
        network=vertex.network if vertex else None,
    )
