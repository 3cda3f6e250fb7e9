"""A run as it was left behind: metrics, config, modules, vocabularies. Reads, judges nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recgen.analysis.storage import Place, open_place
from recgen.check import examine_text
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError, Report
from recgen.metrics import FILE_NAME, MetricsFile, TrainingMetrics, read_metrics
from recgen.metrics.reading import file_of
from recgen.reading.document import UnreadableError

CONFIG = "config.yaml"
MODULES = ("transform_module.py", "trainer_module.py")
MARKS = (FILE_NAME, CONFIG, *MODULES)
_VOCABULARIES = "transform/transform_fn/assets"
_MODEL = "serving_model"
_PURCHASES = "purchases.parquet"  # what `recgen recommend` reads
_LOGS = ("train.log", "transform.log")
_LOG_BYTES = 4000  # of a log's end: the error is there
_DIGEST = re.compile(r"^# config: ([0-9a-f]{6,64})\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """What is left of a training.

    Attributes:
        name: The folder's name; unique only within its folder.
        place: The path as the user gave it.
        file: What training measured; without an epoch when `problem` says why.
        problem: Why there are no metrics; None when there are.
        config: The experiment, if a config is there and has the shape of one.
        report: What `check` finds in the config; its text and source are there, too.
        modules: The texts of the generated modules by file name, those that are there.
        vocabularies: Entries of each vocabulary of the transform, by file name.
        trained_here: Whether `recgen train` made it, and so split the data as the config says.
        has_model: Whether a SavedModel is there.
        log: The end of the log of the stage that ran last; empty if there is none.
    """

    name: str
    place: str
    file: MetricsFile = field(default_factory=lambda: file_of({}))
    problem: str | None = None
    config: ExperimentConfig | None = None
    report: Report | None = None
    modules: Mapping[str, str] = field(default_factory=dict)
    vocabularies: Mapping[str, int] = field(default_factory=dict)
    trained_here: bool = False
    has_model: bool = False
    log: str = ""

    @property
    def metrics(self) -> TrainingMetrics:
        """What training measured."""
        return self.file.metrics

    @property
    def title(self) -> str:
        """The name that the config gives the experiment, or the folder's."""
        return self.metrics.params.name or (self.config.name if self.config else "") or self.name

    def digest_of(self, module: str) -> str | None:
        """Returns the digest of the config that a module's header names, or None."""
        found = _DIGEST.search(self.modules.get(module, "")[:4000])
        return found[1] if found else None


def load_run(path: str | Path) -> Run:
    """Returns what is left of a training.

    Args:
        path: A run directory, its training_metrics.json, or either behind a scheme that fsspec
            knows, such as `gs://`. What lies beside the metrics (config, modules, vocabularies)
            is read, too.

    Raises:
        RecgenError: Nothing is there, it is no run, or the metrics are no JSON.
    """
    shown = str(path)
    place, file = open_place(shown)
    names = place.names()
    if file is None and not set(MARKS) & set(names):
        help = f"a run holds {', '.join(MARKS[:2])} and the modules; `recgen runs` lists them"
        raise RecgenError(f"{shown} is no run directory", help)
    metrics, problem = _metrics(place, file, shown)
    report, config = _config(place, _joined(shown if file is None else _parent(shown), CONFIG))
    return Run(
        name=_name(shown, file),
        place=shown,
        file=metrics,
        problem=problem,
        config=config,
        report=report,
        modules=_modules(place),
        vocabularies=_vocabularies(place),
        trained_here=_PURCHASES in names,
        has_model=_MODEL in names,
        log=_log(place),
    )


def _metrics(place: Place, file: str | None, shown: str) -> tuple[MetricsFile, str | None]:
    """Returns the metrics, or why there are none."""
    content = place.read(file or FILE_NAME)
    if content is None:
        return file_of({}), f"there is no {FILE_NAME}"
    source = _joined(shown, FILE_NAME) if file is None else shown
    return read_metrics(_text(content, source), source), None


def _text(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        help = "the file is written by a training; train again"
        raise RecgenError(f"{source} is not JSON: {error}", help) from error


def _name(shown: str, file: str | None) -> str:
    folder = shown.rstrip("/") if file is None else _parent(shown)
    if "://" in folder:
        return folder.rpartition("/")[2] or shown
    return Path(folder).resolve().name or shown


def _joined(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if "://" in folder else str(Path(folder, name))


def _parent(shown: str) -> str:
    return shown.rpartition("/")[0] if "://" in shown else str(Path(shown).parent)


def _config(place: Place, source: str) -> tuple[Report | None, ExperimentConfig | None]:
    """Returns what there is to say about a run's config, and the config if it is one."""
    content = place.read(CONFIG)
    if content is None:
        return None, None
    text = content.decode("utf-8-sig", errors="replace")
    try:
        checked = examine_text(text, "yaml", source)
        return checked.report, checked.config
    except UnreadableError as unreadable:
        return Report((unreadable.finding,), source, text), None


def _modules(place: Place) -> dict[str, str]:
    contents = {name: place.read(name) for name in MODULES}
    return {
        name: content.decode("utf-8", errors="replace")
        for name, content in contents.items()
        if content is not None
    }


def _vocabularies(place: Place) -> dict[str, int]:
    names = [name for name in place.names(_VOCABULARIES) if name.endswith("_vocab")]
    return {name: place.count_lines(f"{_VOCABULARIES}/{name}") for name in names}


def _log(place: Place) -> str:
    for name in _LOGS:
        content = place.read(name)
        if content:
            return content[-_LOG_BYTES:].decode("utf-8", errors="replace")
    return ""
