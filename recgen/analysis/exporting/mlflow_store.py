"""MLflow file store: one run for each of ours. The only module that knows MLflow."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recgen.analysis.diagnosing import diagnose
from recgen.analysis.exporting.measures import figures_of, series_of
from recgen.analysis.run import Run
from recgen.analysis.series import points
from recgen.analysis.settings import settings_of
from recgen.findings import RecgenError, install, printable

ALLOW = "MLFLOW_ALLOW_FILE_STORE"
"""Variable that newer versions of MLflow require for a store that is a folder."""

_INSTALL = install("mlflow")
_EXPERIMENT = "recgen"
_SOURCE = "recgen.source"
_NAME = re.compile(r"[^\w./ -]", re.ASCII)
_MOST_NAME, _MOST_VALUE = 200, 500  # characters; MLflow allows a little more
_MOST_METRICS, _MOST_PARAMS = 1000, 100  # in a batch; MLflow's limits


@dataclass(frozen=True)
class Logged:
    """A run in the store; `changed` is False if it was already there."""

    run_id: str
    changed: bool


def log_run(run: Run, folder: Path) -> Logged:
    """Log a run to the store: metrics per epoch, params, and verdict and digest as tags.

    Args:
        run: The run; it becomes a run of the experiment `recgen`.
        folder: The store, which is created if it is missing. No server is needed.

    Raises:
        RecgenError: MLflow is not installed, or the store cannot be written.
    """
    # Newer versions refuse a file store unless this is set; a user's own setting stays.
    os.environ.setdefault(ALLOW, "true")
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise RecgenError("MLflow is not installed", _INSTALL) from None
    try:
        return _logged(MlflowClient(tracking_uri=folder.resolve().as_uri()), run)
    except (OSError, MlflowException) as error:
        reason = str(error).partition("\n")[0]
        raise RecgenError(
            f"{folder} cannot be written: {reason}", "choose another --out"
        ) from error


def _logged(client: Any, run: Run) -> Logged:
    experiment = _experiment(client)
    tags = dict(_tags(run))
    known = client.search_runs([experiment], f"tags.`{_SOURCE}` = '{tags[_SOURCE]}'", max_results=1)
    if known:
        return Logged(known[0].info.run_id, changed=False)
    time = int(run.metrics.saved_at.timestamp() * 1000) if run.metrics.saved_at else 0
    made = client.create_run(experiment, start_time=time, tags=tags, run_name=_text(run.title))
    name = made.info.run_id
    _log_metrics(client, name, run, time)
    _log_params(client, name, run)
    status = "FAILED" if tags["recgen.verdict"] in ("bad", "broken") else "FINISHED"
    client.set_terminated(name, status=status, end_time=time)
    return Logged(name, changed=True)


def _experiment(client: Any) -> str:
    known = client.get_experiment_by_name(_EXPERIMENT)
    return str(known.experiment_id if known else client.create_experiment(_EXPERIMENT))


def _tags(run: Run) -> Iterator[tuple[str, str]]:
    diagnosis = diagnose(run)
    yield "recgen.verdict", diagnosis.verdict
    yield "recgen.summary", _text(diagnosis.summary)
    yield "recgen.causes", " ".join(cause.code for cause in diagnosis.causes) or "none"
    yield "recgen.place", _text(run.path)
    yield "recgen.config_digest", _text(run.metrics.params.config_digest or "unknown")
    # A folder of the same name with the same measurements is the same run, wherever it is.
    source = repr((run.name, run.metrics)).encode("utf-8", "backslashreplace")
    yield _SOURCE, hashlib.sha256(source).hexdigest()[:32]


def _log_metrics(client: Any, name: str, run: Run, time: int) -> None:
    from mlflow.entities import Metric

    end = max(len(run.metrics.epochs) - 1, 0)
    series, figures = list(series_of(run.metrics)), list(figures_of(run.metrics))
    names = unique_names([key for key, _ in (*series, *figures)])
    found = [
        Metric(name, value, time, epoch)
        for name, (_, values) in zip(names, series, strict=False)
        for epoch, value in points(values)
    ]
    once = zip(names[len(series) :], figures, strict=True)
    found += [Metric(name, value, time, end) for name, (_, value) in once]
    for start in range(0, len(found), _MOST_METRICS):
        client.log_batch(name, metrics=found[start : start + _MOST_METRICS])


def _log_params(client: Any, name: str, run: Run) -> None:
    from mlflow.entities import Param

    params = {
        f"params.{key}": str(value)
        for key, value in run.metrics.params.given.items()
        if isinstance(value, (str, int, float))
    }
    told = {**settings_of(run), **params}
    named = zip(unique_names(list(told)), told.values(), strict=True)
    found = [Param(name, _text(value)) for name, value in named]
    for start in range(0, len(found), _MOST_PARAMS):
        client.log_batch(name, params=found[start : start + _MOST_PARAMS])


def unique_names(keys: Sequence[str]) -> list[str]:
    """Return a name for each key that MLflow accepts.

    Keys that differ only in characters that it forbids, or in case, which some disks ignore, get
    a number: their names are files.
    """
    names: list[str] = []
    taken: set[str] = set()
    for key in keys:
        name = first = _name(key)
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{first} {number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _name(key: str) -> str:
    """Return a key that is a safe path within the store: MLflow turns keys into files."""
    parts = (_NAME.sub("_", part)[:_MOST_NAME].strip(". ") or "_" for part in key.split("/"))
    return "/".join(parts)


def _text(value: str) -> str:
    return printable(value[:_MOST_VALUE])[:_MOST_VALUE]
