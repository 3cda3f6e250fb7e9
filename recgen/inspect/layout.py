"""What lies at a path: which files are examples, vocabularies, a transform output, a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from recgen.findings import RecgenError, counted
from recgen.inspect.pipeline import Artifact, choose, notes_on, walk
from recgen.inspect.recognizing import is_records, is_text, is_vocabulary
from recgen.inspect.records.places import Place, inside
from recgen.inspect.records.saved_model import FILE_NAME
from recgen.inspect.report import Issue, Sort, unreadable
from recgen.metrics import FILE_NAME as METRICS

_ORDER = ("train", "eval", "val", "test")
_HELP = (
    "give a TFRecord file, a folder of them, a vocabulary, a transform output, a SavedModel, a "
    "run directory, or the root of a pipeline"
)
_HELP_METRICS = f"metrics of a training are read by `recgen diagnose`; here, {_HELP}"


@dataclass(frozen=True)
class Layout:
    """The files at a path.

    Attributes:
        sort: What the path is.
        splits: TFRecord files by the name of their split, the training split first.
        vocabularies: Vocabulary files that are in no transform output.
        transform: The folder of a transform output.
        models: Folders of SavedModels.
        config: The config of the run.
        metrics: The metrics of its training.
        raw: Examples as a pipeline read them, by `COMPONENT/SPLIT`.
        issues: What could not be looked at.
        parts: The parts of a pipeline that were chosen, with what they are.
    """

    sort: Sort
    splits: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    vocabularies: tuple[Place, ...] = ()
    transform: Place | None = None
    models: tuple[Place, ...] = ()
    config: Place | None = None
    metrics: Place | None = None
    raw: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)


def find(path: Place) -> Layout:
    """Returns what lies at a path.

    Raises:
        RecgenError: There is nothing, or nothing that can be inspected.
    """
    if not path.exists():
        raise RecgenError(f"there is no file or folder {path}", _HELP)
    if path.is_file():
        return _file(path)
    if not path.is_dir():
        raise RecgenError(f"{path} is a pipe or a device, which is not read", _HELP)
    return _folder(path)


def _file(path: Place) -> Layout:
    if path.name == FILE_NAME:
        return Layout("model", models=(path.parent,))
    if path.suffix in (".json", ".yaml", ".yml", ".parquet", ".csv", ".pbtxt", ".py"):
        help = _HELP_METRICS if path.suffix in (".json", ".csv") else _HELP
        raise RecgenError(f"{path} is not a file that recgen inspects", help)
    if is_vocabulary(path) or (is_text(path) and not is_records(path)):
        return Layout("vocabulary", vocabularies=(path,))
    return Layout("records", splits={"": (path,)})


def _folder(path: Place) -> Layout:
    transform = next(filter(_is_transform, (path / "transform", path / "transform_graph")), None)
    is_run = (path / "examples").exists() and not (path / "transformed_examples").exists()
    if (path / "trainer_module.py").exists() or (transform and is_run):
        splits = _splits(path / "examples") if (path / "examples").is_dir() else {}
        model = path / "serving_model"
        models = (model,) if model.exists() else ()
        config, metrics = path / "config.yaml", path / METRICS
        return Layout(
            "run", splits, transform=transform, models=models, config=config, metrics=metrics
        )
    if _is_transform(path) or (transform and not (path / "transformed_examples").exists()):
        return Layout("transform", transform=transform or path)
    for model in (path, path / "Format-Serving"):  # TFX has models in such a folder
        if (model / FILE_NAME).exists():
            return Layout("model", models=(model,))
    if files := _record_files(path):
        return Layout("split", {"": files})
    if splits := {name: files for name, files in _splits(path).items() if files}:
        return Layout("splits", splits)
    vocabularies = tuple(file for file in _files(path) if is_vocabulary(file))
    if vocabularies:
        return Layout("vocabulary", vocabularies=vocabularies)
    return _pipeline(path)


def _pipeline(path: Place) -> Layout:
    """Returns the newest run of a pipeline whose artifacts are below a folder."""
    tree = walk(path)
    modules = [each for each in tree.artifacts if each.sort == "module" and each.parts]
    runs = [each.place.parent for each in modules if (each.place.parent / "transform").exists()]
    if runs:
        raise RecgenError(
            f"{path} holds {counted(len(runs), 'run')}", f"name one, such as {runs[0]}"
        )
    chosen = choose(tree.artifacts)
    if not chosen:
        raise RecgenError(f"{path} holds nothing that is inspected", _HELP)
    issues = [*tree.issues, *notes_on(chosen)]
    return Layout(
        "pipeline",
        splits=_examples(chosen.examples, "", issues),
        transform=chosen.transform.place if chosen.transform else None,
        models=tuple(each.place for each in chosen.models),
        config=chosen.config.place if chosen.config else None,
        metrics=chosen.metrics.place if chosen.metrics else None,
        raw=_examples(chosen.raw, f"{chosen.raw.component}/" if chosen.raw else "", issues),
        issues=tuple(issues),
        parts={"/".join(each.parts) or path.name: each.sort for each in chosen.all},
    )


def _examples(
    artifact: Artifact | None, prefix: str, issues: list[Issue]
) -> dict[str, tuple[Place, ...]]:
    """Returns the record files of splits; those of statistics, which are none, are left out."""
    found: dict[str, tuple[Place, ...]] = {}
    for folder in sorted(artifact.splits.values(), key=_rank) if artifact else ():
        name = f"{prefix}{folder.name[6:] if _is_tfx(folder.name) else folder.name}"
        try:
            found[name] = _record_files(folder)
        except OSError as error:
            issues.append(unreadable(name, error))
    return found


def _is_tfx(name: str) -> bool:
    return name.lower().startswith("split-")


def _is_transform(path: Place) -> bool:
    return (path / "transform_fn").is_dir() or (path / "transformed_metadata").is_dir()


def _splits(path: Place) -> dict[str, tuple[Place, ...]]:
    """Returns the folders in a folder, each with its record files."""
    folders = [folder for folder in inside(path) if folder.is_dir()]
    return {folder.name: _listed_records(folder) for folder in sorted(folders, key=_rank)}


def _listed_records(folder: Place) -> tuple[Place, ...]:
    """Returns the record files in a folder; none if it cannot be listed."""
    try:
        return _record_files(folder)
    except OSError:
        return ()


def _rank(folder: Place) -> tuple[int, str]:
    name = folder.name.lower().removeprefix("split-")
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER)), name


def _record_files(path: Place) -> tuple[Place, ...]:
    return tuple(file for file in _files(path) if is_records(file))


def _files(path: Place) -> Iterator[Place]:
    for file in inside(path):
        if file.is_file() and not file.name.startswith((".", "_")):
            yield file


def is_training(split: str) -> bool:
    """Return whether a split is the training split, by its name."""
    return split.rpartition("/")[2].lower().removeprefix("split-") == "train"
