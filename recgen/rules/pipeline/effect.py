"""Rules on settings of a pipeline that do nothing, or that BigQuery or Beam does not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from recgen.config import PipelineConfig, TrainerMachine
from recgen.findings import show
from recgen.rules.registry import Problem, rule
from recgen.sql import SNAPSHOT

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d([ Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)?)?")


@rule("RG617", "error")
def time_of_snapshot(pipeline: PipelineConfig) -> Iterator[Problem]:
    """A snapshot that is not a time.

    BigQuery reads a table as it was at a time of the last seven days.

    Example:
        pipeline:
          source:
            bigquery: {table: p.shop.sales}
          snapshot: yesterday

    Use instead:
        pipeline:
          source:
            bigquery: {table: p.shop.sales}
          snapshot: now
    """
    if pipeline.snapshot == "now":
        return
    if not _is_time(pipeline.snapshot):
        message = f"the snapshot {show(pipeline.snapshot)} is not a time"
        help = "Write `now`, or a time such as 2026-05-01T00:00:00Z."
        yield Problem(("pipeline", "snapshot"), message, help, fix=("remove", None))


def _is_time(text: str) -> bool:
    """Return whether BigQuery reads a text as a TIMESTAMP; Python reads more forms."""
    try:
        datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))
    except ValueError:
        return False
    return _TIMESTAMP.fullmatch(text) is not None


@rule("RG624", "info")
def without_effect(pipeline: PipelineConfig) -> Iterator[Problem]:
    """Settings of a pipeline that have no effect.

    The machines of workers, their number and their region are Dataflow's. Other runners have
    options of their own, which `args` passes on. A local pipeline trains on this machine, and
    pushes to the folder of its command. A number of GPUs needs their name. And only what says
    `{snapshot}` is read as of the snapshot: a table of BigQuery, or a query with it; no files.

    Example:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
          beam: {max_workers: 10}

    Use instead:
        pipeline:
          source: {tfrecord: "data/{split}*.gz"}
          runner: local
    """
    for path, reason in _unused(pipeline):
        message = f"{path[-1]} has no effect: {reason}"
        yield Problem(("pipeline", *path), message, "Remove it.", fix=("remove", None))


def _unused(pipeline: PipelineConfig) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the settings that have no effect, and why."""
    is_local, source = pipeline.runner == "local", pipeline.source.bigquery
    if is_local or pipeline.beam.runner != "dataflow":
        for name in ("machine_type", "max_workers", "region"):
            if getattr(pipeline.beam, name) is not None:
                yield ("beam", name), "it belongs to Dataflow"
    if is_local:
        for section, name in _OF_VERTEX:
            default = type(getattr(pipeline, section)).model_fields[name].default
            if getattr(getattr(pipeline, section), name) != default:
                yield (section, name), "a local pipeline does not use it"
    elif pipeline.trainer.accelerator_type is None and pipeline.trainer.accelerator_count > 1:
        yield ("trainer", "accelerator_count"), "accelerator_type does not name a GPU"
    if pipeline.snapshot != "now" and source is None:
        yield ("snapshot",), "files have none"
    elif pipeline.snapshot != "now" and source and source.query and SNAPSHOT not in source.query:
        yield ("snapshot",), f"the query does not say {SNAPSHOT}"


_OF_VERTEX = (
    *(("trainer", name) for name in TrainerMachine.model_fields),
    ("beam", "runner"),
    ("beam", "args"),
    ("push", "filesystem"),
)


@rule("RG627", "error", also=("warning",))
def options_of_beam(pipeline: PipelineConfig) -> Iterator[Problem]:
    """An option of Beam that it does not read, or that the config says elsewhere.

    Each of `args` is a word of a command line: `--name=value`, or `--name` and the value after it
    as a word of its own. Beam drops other words, and only the log of a running component says so.
    What has a key here is written there: with another runner among the options, those of the right
    one are missing.

    Example:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex: {project: p, region: us-east1, bucket: "gs://b"}
          beam: {runner: flink, args: ["flink_master=localhost:8081"]}

    Use instead:
        pipeline:
          source: {tfrecord: "gs://shop/{split}*.gz"}
          vertex: {project: p, region: us-east1, bucket: "gs://b"}
          beam: {runner: flink, args: ["--flink_master=localhost:8081"]}
    """
    takes_value = False
    for place, word in enumerate(pipeline.beam.args):
        path = ("pipeline", "beam", "args", place)
        name, _, value = word.partition("=")
        is_option = name.startswith("--")
        if " " in name or not (is_option or takes_value):
            help = "Write `--name=value`, each option in a text of its own."
            yield Problem(path, f"Beam does not read {show(word)}", help)
        elif key := _KEYS.get(name.removeprefix("--") if is_option else ""):
            message = f"{name} is also said by the config"
            yield Problem(path, message, f"Write it as `{key}`, and remove it here.", "warning")
        takes_value = is_option and not value


_KEYS = {
    "runner": "pipeline.beam.runner",
    "region": "pipeline.beam.region",
    "project": "pipeline.vertex.project",
    "sdk_container_image": "pipeline.vertex.image",
    "service_account_email": "pipeline.vertex.service_account",
    "machine_type": "pipeline.beam.machine_type",
    "worker_machine_type": "pipeline.beam.machine_type",
    "max_num_workers": "pipeline.beam.max_workers",
}
"""Options for which the config has a key."""
