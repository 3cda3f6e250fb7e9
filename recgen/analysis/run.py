"""Reader of finished runs: metrics, config, modules and vocabularies. Judges nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from recgen.analysis.evidence import Evidence
from recgen.analysis.pipeline_root import PipelineRun, run_below
from recgen.analysis.storage import Folder, has_events, open_folder
from recgen.check import Checked, examine, examine_text
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError, Report, kind_of
from recgen.metrics import FILE_NAME, MetricsFile, TrainingMetrics, read_metrics
from recgen.metrics.reading import file_of
from recgen.presets import find_preset
from recgen.reading.document import UnreadableError
from recgen.reading.stored import FEATURES, MODEL, section_of, stored_of

CONFIG = "config.yaml"
PRESET = "preset:"
"""Before the name of a preset, where a run is expected."""
MODULES = ("transform_module.py", "trainer_module.py")
MARKS = (FILE_NAME, CONFIG, *MODULES)
_ROWS = (FEATURES, MODEL)
_VOCABULARIES = "transform/transform_fn/assets"
_MODEL = "serving_model"
_PURCHASES = "purchases.parquet"  # what `recgen recommend` reads
_LOGS = ("train.log", "transform.log")
_LOG_BYTES = 4000  # at the end of a log, where the error is
# Modules of older versions have the config's digest in the header, later ones the transform's.
_ORIGIN = re.compile(r"^# (?:config|transform): [0-9a-f]{6,64}\r?$", re.MULTILINE)
_HELP_NO_RUN = f"a run contains {', '.join(MARKS[:2])} and the modules; `recgen runs` lists runs"
_HELP_EVENTS = (
    "TensorBoard's files are not read: diagnose what Keras's CSVLogger wrote, or its History as "
    "JSON (`json.dump(model.fit(…).history, file)`)"
)
_T = TypeVar("_T")
_CONFIG_DIGEST = re.compile(
    r"""^(?:\# config: | +"config_digest": ")([0-9a-f]{6,64})(?:",)?\r?$""", re.MULTILINE
)


@dataclass(frozen=True)
class Run:
    """The files of a finished training.

    Attributes:
        name: The folder's name; unique only within its parent folder.
        path: The path as the user gave it.
        file: The metrics file; without epochs if there is a `problem`.
        problem: Why there are no metrics, or None.
        config: The experiment, if there is a config that can be read as one.
        report: The report of `recgen check` on the config, with its text and source.
        modules: The texts of the generated modules that exist, by file name.
        vocabularies: Number of entries of each vocabulary of the transform, by file name.
        trained_here: Whether `recgen train` wrote it, and so split the data as the config says.
        has_model: Whether there is a SavedModel.
        log: The end of the log of the last stage; empty if there is none.
        is_preset: Whether it is a preset to compare with, which nobody trained.
        evidence: What `recgen check` with the data and `recgen inspect` find, if they looked.
        products: Number of products to choose from, if the reader knows it.
        unread: Why files beside the metrics cannot be read, a message each.
        metrics_path: Where the metrics file is, or would be; None for a run that has no files.
    """

    name: str
    path: str
    file: MetricsFile = field(default_factory=lambda: file_of({}))
    problem: str | None = None
    config: ExperimentConfig | None = None
    report: Report | None = None
    modules: Mapping[str, str] = field(default_factory=dict)
    vocabularies: Mapping[str, int] = field(default_factory=dict)
    trained_here: bool = False
    has_model: bool = False
    log: str = ""
    is_preset: bool = False
    evidence: Evidence = field(default_factory=Evidence)
    products: int | None = None
    unread: tuple[str, ...] = ()
    metrics_path: str | None = None

    @property
    def metrics(self) -> TrainingMetrics:
        """The metrics of the training."""
        return self.file.metrics

    @property
    def title(self) -> str:
        """The name of the experiment, or of the folder if it has none."""
        return self.metrics.params.name or (self.config.name if self.config else "") or self.name

    def origin_of(self, module: str) -> str | None:
        """Return what a module's header says it was made of, such as `transform: 12ab…`."""
        found = _ORIGIN.search(self.modules.get(module, "")[:4000])
        return found.group().removeprefix("# ").rstrip() if found else None

    @property
    def rendered_digest(self) -> str | None:
        """The digest of the config of which the trainer was made, or None."""
        found = _CONFIG_DIGEST.search(self.modules.get("trainer_module.py", ""))
        return found[1] if found else None


def load_run(path: str | Path, stored: Checked | None = None, products: int | None = None) -> Run:
    """Return the files of a finished training.

    Args:
        path: A run directory or its training_metrics.json; either may have a scheme that fsspec
            knows, such as `gs://`. The files next to the metrics (config, modules, vocabularies)
            are read too; one that cannot be read is said in the result. Of a pipeline's root, the
            newest run is read. `preset:NAME` is a preset, to compare runs with.
        stored: The config of a database, for a run that has none of its own.
        products: Number of products to choose from, if the reader knows it.

    Raises:
        RecgenError: The path does not exist, it is not a run, or it is a file of another name
            that contains no metrics.
    """
    shown = str(path)
    if shown.startswith(PRESET):
        return _preset(shown)
    folder, file = open_folder(shown)
    names = folder.names()
    below = None
    if file is None and not {FILE_NAME, *MODULES} & set(names):
        below = run_below(shown)
    if below is not None:
        return replace(_of_pipeline(shown, below, stored), products=products)
    if file is None and not set(MARKS) & set(names):
        help = _HELP_EVENTS if has_events(folder) else _HELP_NO_RUN
        raise RecgenError(f"{shown} is not a run directory", help)
    metrics, problem = _metrics(folder, file, shown)
    beside = _Noting(folder)
    report, config = _config(beside, _joined(shown if file is None else _parent(shown), CONFIG))
    stored = stored or (_stored(beside, names) if report is None else None)
    if stored is not None:
        report, config = stored.report, stored.config
    return Run(
        name=_name(shown, file),
        path=shown,
        file=metrics,
        problem=problem,
        config=config,
        report=report,
        modules=_modules(beside),
        vocabularies=_vocabularies(beside),
        trained_here=_PURCHASES in names,
        has_model=_MODEL in names,
        log=_log(beside),
        unread=tuple(beside.unread),
        products=products,
        metrics_path=_joined(shown, FILE_NAME) if file is None else shown,
    )


def _of_pipeline(root: str, below: PipelineRun, stored: Checked | None) -> Run:
    """Return the run of a pipeline, whose parts are in the folders of its components."""
    run = load_run(below.metrics, stored)
    report, config = run.report, run.config
    if report is None and below.config is not None:
        folder, name = open_folder(below.config)
        report, config = _config(folder, below.config, name or CONFIG)
    return replace(
        run,
        name=_name(root, None),
        path=root,
        report=report,
        config=config,
        vocabularies=below.vocabularies(),
        has_model=below.has_model,
    )


def _preset(path: str) -> Run:
    """Return a preset as a run that was not trained.

    Raises:
        RecgenError: There is no such preset.
    """
    name = path.removeprefix(PRESET)
    checked = examine_text(find_preset(name).text, "yaml", None)
    problem = "a preset is not a training: it can only be compared with"
    return Run(path, path, config=checked.config, problem=problem, is_preset=True)


class _Noting:
    """A folder in which a file that cannot be read counts as missing, and is noted."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.unread: list[str] = []

    def names(self, folder: str = "") -> Sequence[str]:
        """Return the names in a folder below this one."""
        return self._noted(lambda: self.folder.names(folder), ())

    def read(self, name: str) -> bytes | None:
        """Return the content of a file."""
        return self._noted(lambda: self.folder.read(name), None)

    def count_lines(self, name: str) -> int:
        """Return the number of lines in a file."""
        return self._noted(lambda: self.folder.count_lines(name), 0)

    def _noted(self, read: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return read()
        except RecgenError as error:
            self.unread.append(error.message)
            return otherwise


def run_of(metrics: object) -> Run:
    """Return a run of which only the metrics are known.

    Args:
        metrics: The contents of a metrics file, as a mapping or a model.

    Raises:
        RecgenError: It is neither, or contains values that JSON cannot hold.
    """
    name = "the metrics"
    if isinstance(metrics, TrainingMetrics):
        metrics = metrics.model_dump(mode="json", by_alias=True)
    if not isinstance(metrics, Mapping):
        raise RecgenError(
            f"expected a run, got {kind_of(metrics)}",
            f"pass a run directory, the path of its {FILE_NAME}, or the contents of that file",
        )
    if not metrics:
        raise RecgenError("the metrics are empty", f"pass the contents of a {FILE_NAME}")
    try:
        text = json.dumps(dict(metrics), default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise RecgenError(
            f"the metrics are not plain data: {error}",
            "pass mappings, lists, text, numbers, true, false and null",
        ) from error
    return Run(name=name, path=name, file=read_metrics(text, name))


def _plain(value: object) -> object:
    """Return an array or a scalar of numpy as plain data."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"it contains {kind_of(value)}")


def _metrics(folder: Folder, file: str | None, shown: str) -> tuple[MetricsFile, str | None]:
    """Return the metrics, or why there are none."""
    source = _joined(shown, FILE_NAME) if file is None else shown
    try:
        content = folder.read(file or FILE_NAME)
        if content is None:
            return file_of({}), f"there is no {FILE_NAME}"
        return read_metrics(_text(content, source), source), None
    except RecgenError as error:
        if file not in (None, FILE_NAME):  # a file of any name may be no metrics at all
            raise
        return file_of({}), error.message


def _text(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        help = "a training writes this file; train again"
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


def _config(
    folder: Folder, source: str, name: str = CONFIG
) -> tuple[Report | None, ExperimentConfig | None]:
    """Return the report on a run's config, and the config if it can be read."""
    content = folder.read(name)
    if content is None:
        return None, None
    text = content.decode("utf-8-sig", errors="replace")
    try:
        checked = examine_text(text, "yaml", source)
        return checked.report, checked.config
    except UnreadableError as unreadable:
        return Report((unreadable.finding,), source, text), None


def _stored(folder: Folder, names: Sequence[str]) -> Checked | None:
    """Return the config of two JSON files beside the metrics, each a row of a database."""
    found: dict[str, tuple[str, str, str]] = {}
    for name in names:
        if not name.endswith(".json") or name == FILE_NAME or len(found) == len(_ROWS):
            continue
        with suppress(RecgenError, UnicodeDecodeError):  # another file, which no one asked for
            text = (folder.read(name) or b"").decode("utf-8-sig")
            section = section_of(text)
            if section is not None:
                found.setdefault(section, (section, name, text))
    if len(found) < len(_ROWS):
        return None
    return examine(stored_of([found[section] for section in _ROWS]).experiment)


def _modules(folder: Folder) -> dict[str, str]:
    contents = {name: folder.read(name) for name in MODULES}
    return {
        name: content.decode("utf-8", errors="replace")
        for name, content in contents.items()
        if content is not None
    }


def _vocabularies(folder: Folder) -> dict[str, int]:
    names = [name for name in folder.names(_VOCABULARIES) if name.endswith("_vocab")]
    return {name: folder.count_lines(f"{_VOCABULARIES}/{name}") for name in names}


def _log(folder: Folder) -> str:
    for name in _LOGS:
        content = folder.read(name)
        if content:
            return content[-_LOG_BYTES:].decode("utf-8", errors="replace")
    return ""
