"""Rules on Vertex AI, its machines and Beam: what costs minutes of a cloud to find out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from recgen.config import PipelineConfig, Vertex
from recgen.findings import Location, show
from recgen.rules.registry import Problem, rule

_VERTEX = ("pipeline", "vertex")
_TRAINER = ("pipeline", "trainer")
# Families of machines by GPU, and the counts that each machine may have.
_MACHINES: Mapping[str, tuple[str, ...]] = {
    "NVIDIA_TESLA_T4": ("n1-",),
    "NVIDIA_TESLA_P4": ("n1-",),
    "NVIDIA_TESLA_P100": ("n1-",),
    "NVIDIA_TESLA_V100": ("n1-",),
    "NVIDIA_L4": ("g2-",),
    "NVIDIA_TESLA_A100": ("a2-highgpu-", "a2-megagpu-"),
    "NVIDIA_A100_80GB": ("a2-ultragpu-",),
    "NVIDIA_H100_80GB": ("a3-highgpu-", "a3-edgegpu-"),
    "NVIDIA_H100_MEGA_80GB": ("a3-megagpu-",),
    "NVIDIA_H200_141GB": ("a3-ultragpu-",),
    "NVIDIA_B200": ("a4-highgpu-",),
    "NVIDIA_GB200": ("a4x-highgpu-",),
    "NVIDIA_RTX_PRO_6000": ("g4-standard-",),
}
_CPUS: Mapping[str, Mapping[int, int]] = {  # most CPUs of an N1 machine by its number of GPUs
    "NVIDIA_TESLA_T4": {1: 48, 2: 48, 4: 96},
    "NVIDIA_TESLA_P4": {1: 24, 2: 48, 4: 96},
    "NVIDIA_TESLA_P100": {1: 16, 2: 32, 4: 96},
    "NVIDIA_TESLA_V100": {1: 12, 2: 24, 4: 48, 8: 96},
}
_L4 = {4: 1, 8: 1, 12: 1, 16: 1, 24: 2, 32: 1, 48: 4, 96: 8}  # GPUs by CPUs of a g2-standard
_OWN_GPUS = ("a2-", "a3-", "a4-", "a4x-", "g2-", "g4-")
_MACHINE = re.compile(r"[a-z][a-z0-9]*-[a-z]+-\d+[a-z]?(-[a-z0-9]+)*|cloud-tpu")
_PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]*|\d+")
_ACCOUNT = re.compile(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+")
_NETWORK = re.compile(r"projects/[^\s/]+/global/networks/[^\s/]+")
_IMAGE = re.compile(
    r"[a-z0-9.-]+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_MULTI = {"us": "us-", "eu": "europe-"}  # locations of many regions, with how these begin
_OUTSIDE = ("europe-west2", "europe-west6")  # London and Zurich, which are not in EU
_WORKER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
_REGION = re.compile(r"[a-z]+(-[a-z]+)+\d+")


@rule("RG620", "error")
def where_it_runs(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A pipeline for Vertex AI without Vertex AI.

    A compiled pipeline names the project, the region and the bucket. Only with `runner: local` is
    there nothing to compile; rows in BigQuery are then read by nobody.

    Example:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}

    Use instead:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
    """
    if pipeline.runner != "local" and pipeline.vertex is None:
        message = f"the runner {show(pipeline.runner)} needs `vertex`"
        help = "Give project, region and bucket, or write `runner: local`."
        yield Problem(("pipeline", "runner"), message, help)
    if pipeline.runner == "local" and pipeline.source.bigquery:
        message = "a local pipeline does not read BigQuery"
        yield Problem(("pipeline", "runner"), message, "Use files, or write `runner: both`.")


@rule("RG621", "error")
def bucket(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A bucket without gs://.

    Without it, the components write into their own machine's disk, which is gone with the machine.

    Example:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex: {project: my-project, region: europe-west4, bucket: my-bucket}

    Use instead:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex: {project: my-project, region: europe-west4, bucket: "gs://my-bucket"}
    """
    vertex = pipeline.vertex
    if vertex and not re.fullmatch(r"gs://[a-z0-9][a-z0-9_.-]*(/[^/\s]+)*/?", vertex.bucket):
        message = f"{show(vertex.bucket)} is not a bucket"
        yield Problem((*_VERTEX, "bucket"), message, "Write `gs://` and its name.")
    if vertex is None or pipeline.runner == "local":
        return
    for path, place in _places(pipeline):
        if place is not None and not place.startswith("gs://"):
            message = f"Vertex AI does not see {show(place)}"
            yield Problem(path, message, "Write a place that begins with gs://.")


def _places(pipeline: PipelineConfig) -> Iterator[tuple[Location, str | None]]:
    for kind in ("tfrecord", "csv", "parquet"):
        yield ("pipeline", "source", kind), getattr(pipeline.source, kind)
    yield ("pipeline", "push", "filesystem"), pipeline.push.filesystem


@rule("RG622", "error")
def accelerator(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A GPU that the machine does not have, or a machine that is none.

    Each GPU belongs to a family of machines, and comes in some numbers: T4, P100 and V100 to N1, L4
    to G2, A100 to A2, H100 to A3. Large N1 machines need several. Vertex AI refuses others, after
    all components before the trainer have run.

    Example:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex: {project: my-project, region: europe-west4, bucket: "gs://my-bucket"}
          trainer: {machine_type: n1-standard-8, accelerator_type: NVIDIA_L4}

    Use instead:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex: {project: my-project, region: europe-west4, bucket: "gs://my-bucket"}
          trainer: {machine_type: g2-standard-8, accelerator_type: NVIDIA_L4}
    """
    trainer = pipeline.trainer
    kind, machine = trainer.accelerator_type, trainer.machine_type
    worker = pipeline.beam.machine_type
    if worker is not None and not _WORKER.fullmatch(worker):
        path = ("pipeline", "beam", "machine_type")
        message = f"{show(worker)} is not a type of machine"
        yield Problem(path, message, "Write one such as n1-standard-4.")
    if not _MACHINE.fullmatch(machine):
        message = f"{show(machine)} is not a type of machine"
        yield Problem((*_TRAINER, "machine_type"), message, "Write one such as n1-standard-8.")
        return
    if kind is None:
        if machine.startswith(_OWN_GPUS):
            message = f"{machine} has GPUs, and accelerator_type does not name them"
            path = (*_TRAINER, "machine_type")
            yield Problem(path, message, "Name its GPU, or use a machine such as n1-standard-8.")
        return
    path = (*_TRAINER, "accelerator_type")
    if kind not in _MACHINES:
        yield Problem(path, f"there is no GPU {show(kind)}", f"Known are {', '.join(_MACHINES)}.")
    elif not machine.startswith(_MACHINES[kind]):
        families = " or ".join(f"{family}…" for family in _MACHINES[kind])
        yield Problem(path, f"{machine} has no {kind}", f"Use a machine {families}.")
    elif (counts := _counts(kind, machine)) and trainer.accelerator_count not in counts:
        message = f"{machine} cannot have {trainer.accelerator_count} {kind}"
        help = f"Write {' or '.join(map(str, counts))}."
        yield Problem((*_TRAINER, "accelerator_count"), message, help)


def _counts(kind: str, machine: str) -> tuple[int, ...]:
    """Return the numbers of GPUs that a machine may have; none if that is not known."""
    if kind in _CPUS:
        found = re.fullmatch(r"n1-[a-z]+-(\d+)", machine)
        least = int(found[1]) if found else 0
        return tuple(count for count, most in _CPUS[kind].items() if least <= most)
    gpus = re.search(r"-(\d+)g\b", machine)
    if gpus:
        return (int(gpus[1]),)
    cpus = re.fullmatch(r"g2-standard-(\d+)", machine)
    number = _L4.get(int(cpus[1])) if cpus else None
    return (number,) if number else ()


@rule("RG623", "error")
def location(pipeline: PipelineConfig) -> Iterator[Problem]:
    """Data in another region than the machines.

    BigQuery exports the rows of a query to a bucket for Beam, and refuses one that is elsewhere;
    what it does not refuse is paid for as traffic between regions. London and Zurich (europe-west2
    and europe-west6) are not in `EU`.

    Example:
        pipeline:
          source:
            bigquery: {table: p.shop.sales, location: US}
          vertex: {project: p, region: europe-west4, bucket: "gs://b"}

    Use instead:
        pipeline:
          source:
            bigquery: {table: p.shop.sales, location: EU}
          vertex: {project: p, region: europe-west4, bucket: "gs://b"}
    """
    source, vertex = pipeline.source.bigquery, pipeline.vertex
    if source is None or source.location is None or vertex is None:
        return
    region = pipeline.beam.region or vertex.region
    given = source.location.lower()
    is_inside = region.startswith(_MULTI.get(given, "-")) and region not in _OUTSIDE
    if region != given and not is_inside:
        message = f"the data is in {show(source.location)}, and it is read in {show(region)}"
        path = ("pipeline", "source", "bigquery", "location")
        yield Problem(path, message, "Run the pipeline where the data is, or copy the data.")


@rule("RG625", "error")
def names_of_vertex(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A name that Vertex AI refuses.

    Labels have lower-case letters, digits, `_` and `-`, at most 63 of them; a region is not a zone.
    A project is named by its ID, a service account by its whole address, and a network as
    `projects/NUMBER/global/networks/NAME`.

    Example:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex:
            {project: p, region: europe-west4-a, bucket: "gs://b", labels: {Team: Search}}

    Use instead:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex:
            {project: p, region: europe-west4, bucket: "gs://b", labels: {team: search}}
    """
    vertex = pipeline.vertex
    if vertex is None:
        return
    source = pipeline.source.bigquery
    billed = source.project if source else None
    for path, value, form, help in (
        ((*_VERTEX, "region"), vertex.region, _REGION, _NO_ZONE),
        (("pipeline", "beam", "region"), pipeline.beam.region, _REGION, _NO_ZONE),
        ((*_VERTEX, "project"), vertex.project, _PROJECT, _BY_ID),
        (("pipeline", "source", "bigquery", "project"), billed, _PROJECT, _BY_ID),
        ((*_VERTEX, "service_account"), vertex.service_account, _ACCOUNT, _ADDRESS),
        ((*_VERTEX, "network"), vertex.network, _NETWORK, _IN_FULL),
    ):
        if value is not None and not form.fullmatch(value):
            noun = str(path[-1]).replace("_", " ")
            yield Problem(path, f"{show(value)} is not the name of a {noun}", help)
    for key, value in vertex.labels.items():
        if not (re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) and _is_label(value)):
            message = f"the label {show(key)}: {show(value)} has characters that labels cannot have"
            yield Problem((*_VERTEX, "labels"), message, "Use a-z, 0-9, _ and -.")


_NO_ZONE = "Write a region such as europe-west4."
_BY_ID = "Write the project's ID, such as my-project-123."
_ADDRESS = "Write its address, such as trainer@my-project.iam.gserviceaccount.com."
_IN_FULL = "Write it in full, such as projects/12345/global/networks/default."


def _is_label(value: str) -> bool:
    return re.fullmatch(r"[a-z0-9_-]{0,63}", value) is not None


def tag_of(vertex: Vertex) -> str:
    """Return the tag or the digest of the image that a config names; "" if it has none."""
    name = (vertex.image or "").rpartition("/")[2]
    return name.partition("@")[2] or name.partition(":")[2]


@rule("RG626", "warning", also=("error",))
def stale_image(pipeline: PipelineConfig) -> Iterator[Problem]:
    """An image with a tag of its own, or a name that no image has.

    The modules are in the image, and they change with the config. An image whose tag stays the same
    has the modules of the day on which it was built: the pipeline then trains another config than
    the one that was compiled. Without a tag, the image gets that of the config's digest, which
    changes with it.

    Example:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex: {project: p, region: us-east1, bucket: "gs://b", image: "gcr.io/p/shop:latest"}

    Use instead:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex: {project: p, region: us-east1, bucket: "gs://b", image: gcr.io/p/shop}
    """
    vertex = pipeline.vertex
    if vertex is None or vertex.image is None:
        return
    path, tag = (*_VERTEX, "image"), tag_of(vertex)
    noun = "digest" if "@" in vertex.image else "tag"
    if not _IMAGE.fullmatch(vertex.image):
        message = f"{show(vertex.image)} is not the name of an image"
        help = "Write it in lower case, such as europe-docker.pkg.dev/my-project/recgen/shop."
        yield Problem(path, message, help, "error")
    elif tag:
        message = f"the {noun} of the image is always {show(tag)}, even if the config changes"
        help = f"Leave the {noun} out; the tag is then the config's digest."
        yield Problem(path, message, help)
