"""What lies at a path: which files are examples, vocabularies, a transform output, a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recgen.findings import RecgenError
from recgen.inspect.records.saved_model import FILE_NAME
from recgen.inspect.records.stream import is_header, read_head
from recgen.inspect.report import Sort

_SHARD = re.compile(r"tfrecord|-\d{5}-of-\d{5}", re.IGNORECASE)
_SAMPLE = 2**16  # bytes that tell text from what is none
_ORDER = ("train", "eval", "val", "test")
_HELP = (
    "give a TFRecord file, a folder of them, a vocabulary, a transform output, a SavedModel, or "
    "a run directory"
)


@dataclass(frozen=True)
class Layout:
    """The files at a path.

    Attributes:
        sort: What the path is.
        splits: TFRecord files by the name of their split, the training split first.
        vocabularies: Vocabulary files that are in no transform output.
        transform: The folder of a transform output.
        models: Folders of SavedModels.
        run: The run directory.
    """

    sort: Sort
    splits: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    vocabularies: tuple[Path, ...] = ()
    transform: Path | None = None
    models: tuple[Path, ...] = ()
    run: Path | None = None


def find(path: Path) -> Layout:
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


def _file(path: Path) -> Layout:
    if path.name == FILE_NAME:
        return Layout("model", models=(path.parent,))
    if path.suffix in (".json", ".yaml", ".yml", ".parquet", ".csv", ".pbtxt", ".py"):
        raise RecgenError(f"{path} is no file that is inspected", _HELP)
    if _is_vocabulary(path) or (_is_text(path) and not _is_records(path)):
        return Layout("vocabulary", vocabularies=(path,))
    return Layout("records", splits={"": (path,)})


def _folder(path: Path) -> Layout:
    transform = next(filter(_is_transform, (path / "transform", path / "transform_graph")), None)
    if (path / "trainer_module.py").exists() or (transform and (path / "examples").exists()):
        splits = _splits(path / "examples") if (path / "examples").is_dir() else {}
        model = path / "serving_model"
        models = (model,) if model.exists() else ()
        return Layout("run", splits, transform=transform, models=models, run=path)
    if transform or _is_transform(path):
        return Layout("transform", transform=transform or path)
    for model in (path, path / "Format-Serving"):  # TFX has models in such a folder
        if (model / FILE_NAME).exists():
            return Layout("model", models=(model,))
    if files := _record_files(path):
        return Layout("split", {"": files})
    if splits := {name: files for name, files in _splits(path).items() if files}:
        return Layout("splits", splits)
    vocabularies = tuple(file for file in _files(path) if _is_vocabulary(file))
    if vocabularies:
        return Layout("vocabulary", vocabularies=vocabularies)
    raise RecgenError(f"{path} holds nothing that is inspected", _HELP)


def _is_transform(path: Path) -> bool:
    return (path / "transform_fn").is_dir() or (path / "transformed_metadata").is_dir()


def _splits(path: Path) -> dict[str, tuple[Path, ...]]:
    """Returns the folders in a folder, each with its record files."""
    folders = [folder for folder in path.iterdir() if folder.is_dir()]
    return {folder.name: _record_files(folder) for folder in sorted(folders, key=_rank)}


def _rank(folder: Path) -> tuple[int, str]:
    name = folder.name.lower().removeprefix("split-")
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER)), name


def _record_files(path: Path) -> tuple[Path, ...]:
    return tuple(file for file in _files(path) if _is_records(file))


def _files(path: Path) -> Iterator[Path]:
    for file in sorted(path.iterdir()):
        if file.is_file() and not file.name.startswith((".", "_")):
            yield file


def _is_records(path: Path) -> bool:
    """Says whether a file has TFRecords; by its name, if what is in it cannot be recognized."""
    if "vocab" in path.name.lower():
        return False
    return is_header(read_head(path)) or _SHARD.search(path.name) is not None


def _is_vocabulary(path: Path) -> bool:
    return "vocab" in path.name.lower() or path.parent.name == "assets"


def _is_text(path: Path) -> bool:
    """Says whether a file may be text: it has no NUL."""
    return b"\0" not in read_head(path, _SAMPLE)


def is_training(split: str) -> bool:
    """Says whether a split is the training split, by its name."""
    return split.lower().removeprefix("split-") == "train"
