"""Transform outputs and SavedModels, read file by file; what cannot be read becomes an issue."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeVar

from recgen.inspect.records import FormatError
from recgen.inspect.records.places import Place, inside
from recgen.inspect.records.saved_model import FILE_NAME, SavedModel, Tensor, read_saved_model
from recgen.inspect.records.schema import FeatureSchema, read_schema
from recgen.inspect.records.stream import read_whole
from recgen.inspect.records.tensors import Shape
from recgen.inspect.records.variables import INDEX_NAME, broken_variables, read_index
from recgen.inspect.report import (
    Issue,
    ModelReport,
    SignatureReport,
    TensorReport,
    unreadable,
)
from recgen.inspect.vocabulary import VocabularyScan

_T = TypeVar("_T")
_MAX_MAP = 2**22  # bytes of the names of all vocabularies
_OWN = "_CHECKPOINTABLE_OBJECT_GRAPH"  # what every checkpoint has beside its variables


@dataclass
class Transform:
    """A transform output.

    Attributes:
        raw: The schema of the raw columns.
        schema: The schema of the transformed features.
        vocabularies: By the names that the transform module gives them.
        issues: What is broken or missing.
    """

    raw: tuple[FeatureSchema, ...] = ()
    schema: tuple[FeatureSchema, ...] = ()
    vocabularies: dict[str, VocabularyScan] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)


@dataclass
class Model:
    """A SavedModel: what is in it, the entries of its vocabularies, and what is broken."""

    name: str
    content: SavedModel | None = None
    vocabularies: dict[str, VocabularyScan] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    def report(self) -> ModelReport | None:
        """Returns what is in it, if it can be read."""
        if self.content is None:
            return None
        signatures = tuple(
            SignatureReport(name, _tensors(found.inputs), _tensors(found.outputs))
            for name, found in sorted(self.content.signatures.items())
        )
        variables = _tensors(self.content.variables)
        return ModelReport(self.name, self.content.tensorflow, signatures, variables)


def read_transform(folder: Place) -> Transform:
    """Returns what a transform output holds; a file that cannot be read is an issue."""
    found = Transform()
    raw, transformed = folder / "metadata", folder / "transformed_metadata"
    found.raw = _read(raw / "schema.pbtxt", read_schema, found.issues) or ()
    found.schema = _read(transformed / "schema.pbtxt", read_schema, found.issues) or ()
    assets = folder / "transform_fn" / "assets"
    names = {path.name: path.name for path in _listed(assets, found.issues)}
    if _exists(transformed / "asset_map"):
        names = _read(transformed / "asset_map", _asset_map, found.issues) or names
    scans: dict[str, VocabularyScan] = {}  # a file may have several names
    for name, file in sorted(names.items()):
        if _exists(assets / file):
            if file not in scans:
                scans[file] = VocabularyScan(assets / file)
                found.issues += scans[file].issues
            found.vocabularies[name] = scans[file]
        else:
            message = f"the transform names the vocabulary {name}, and there is no file {file}"
            found.issues.append(Issue("missing-vocabulary", "error", name, message))
    return found


def _asset_map(path: Place) -> dict[str, str]:
    try:
        content = json.loads(read_whole(path, _MAX_MAP))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it is not JSON: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
        raise FormatError("it is not a mapping of names to files")
    return {name: PurePosixPath(file).name for name, file in content.items()}


def read_model(folder: Place) -> Model:
    """Returns what a SavedModel holds, and checks that its variables are whole."""
    found = Model(folder.name)
    found.content = _read(folder / FILE_NAME, read_saved_model, found.issues)
    assets = folder / "assets"
    for path in _listed(assets, found.issues):
        if not _is_dir(path):
            found.vocabularies[path.name] = VocabularyScan(path)
            found.issues += found.vocabularies[path.name].issues
    index = folder / "variables" / INDEX_NAME
    variables = _read(index, read_index, found.issues)
    if variables is None:
        return found
    place = f"{found.name}/variables"
    try:
        for key, message in broken_variables(index.parent, variables):
            found.issues.append(Issue("broken-variables", "error", place, f"{key}: {message}"))
    except OSError as error:
        found.issues.append(unreadable(place, error))
    if found.content is not None:
        stored = Counter((v.dtype, v.shape) for v in variables if v.key != _OWN)
        named = Counter((v.dtype, v.shape) for v in found.content.variables.values())
        if missing := named - stored:
            (dtype, shape), count = next(iter(missing.items()))
            message = f"{count} variable of {dtype} {shape_words(shape)} is in the graph and not "
            message += f"in {INDEX_NAME}"
            found.issues.append(Issue("variables-differ", "error", found.name, message))
    return found


def _read(path: Place, read: Callable[[Place], _T], issues: list[Issue]) -> _T | None:
    """Returns what a file holds; that it is missing or broken is an issue."""
    place = f"{path.parent.name}/{path.name}"
    try:
        return read(path)
    except FileNotFoundError:
        issues.append(Issue("missing-file", "error", place, "the file is missing"))
    except FormatError as error:
        message = f"the file cannot be read: {error.message}"
        issues.append(Issue("broken-file", "error", place, message))
    except OSError as error:
        issues.append(unreadable(place, error))
    return None


def _listed(folder: Place, issues: list[Issue]) -> list[Place]:
    """Returns what is in a folder, in order; nothing if there is no such folder."""
    try:
        return inside(folder) if folder.is_dir() else []
    except OSError as error:
        issues.append(unreadable(folder.name, error))
        return []


def _exists(place: Place) -> bool:
    try:
        return place.exists()
    except OSError:  # a link to itself, no permission
        return False


def _is_dir(place: Place) -> bool:
    try:
        return place.is_dir()
    except OSError:
        return False


def _tensors(tensors: Mapping[str, Tensor]) -> tuple[TensorReport, ...]:
    return tuple(
        TensorReport(name, tensor.dtype, shape_words(tensor.shape))
        for name, tensor in sorted(tensors.items())
    )


def shape_words(shape: Shape) -> str:
    """Returns a shape in words: `[batch, 100]`; the first dimension that varies is the batch."""
    if shape is None:
        return "of any shape"
    sizes = ["?" if size is None else str(size) for size in shape]
    if shape and shape[0] is None:
        sizes[0] = "batch"
    return f"[{', '.join(sizes)}]"
