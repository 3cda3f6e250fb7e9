"""The root of a pipeline: which of its folders belong to the run that is looked at.

TFX has COMPONENT/OUTPUT/EXECUTION; on Vertex AI, a component's folder is in that of a job, and has
the number of the execution in its name. Whatever the names are, folders are recognized by what is
in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from recgen.findings import counted
from recgen.inspect.recognizing import is_records
from recgen.inspect.records.places import Place, inside
from recgen.inspect.records.saved_model import FILE_NAME as MODEL_FILE
from recgen.inspect.report import Issue, unreadable
from recgen.metrics import FILE_NAME as METRICS

MOST_FOLDERS = 20_000
"""Folders that are listed: a root has some hundred for each run."""

_DEEPEST = 10
_SKIPPED = ("stateful_working_dir", "executor_execution", "_wheels", "tmp", "temp", "node_modules")
_NUMBER = re.compile(r"(?:^|[_-])-?(\d+)$")
_COMPONENT_NUMBER = re.compile(r"[_-]-?\d+$")
_SPLIT = re.compile(r"(?i)^split-|^(train|eval|val|test)$")
_CONFIGS = ("config.yaml", "config.yml")

Sort = Literal["transform", "model", "examples", "metrics", "config", "module"]


@dataclass(frozen=True)
class Artifact:
    """A folder or file that a component of the pipeline wrote.

    Attributes:
        sort: What it is.
        place: The folder, or the file of metrics, of a config, of a module.
        parts: The names of the folders from the root to it.
        splits: The folders of examples by the names of their splits.
    """

    sort: Sort
    place: Place
    parts: tuple[str, ...]
    splits: Mapping[str, Place] = field(default_factory=dict, compare=False)

    @property
    def component(self) -> str:
        """The name of what wrote it, without a number."""
        return _COMPONENT_NUMBER.sub("", self.parts[self._at]) if self.parts else ""

    @property
    def job(self) -> tuple[str, ...]:
        """The folders above the component."""
        return self.parts[: self._at]

    @property
    def execution(self) -> tuple[int, tuple[tuple[int, str], ...]]:
        """The number of the execution, and what orders folders with the same number."""
        numbers = [int(found[1]) for part in self.parts if (found := _NUMBER.search(part))]
        return (numbers[-1] if numbers else -1), tuple(map(_natural, self.parts))

    @property
    def _at(self) -> int:
        """Return which part names the component: the last with a capital, or by its place."""
        named = [n for n, part in enumerate(self.parts) if _is_component(part)]
        parts = [part for part in self.parts if not part.startswith("Format-")]
        behind = 3 if parts and parts[-1].isdigit() else 2
        return named[-1] if named else max(len(parts) - behind, 0)

    @property
    def is_transformed(self) -> bool:
        """Whether examples are features for training, not raw columns."""
        return any("transform" in part.lower() for part in self.parts)


@dataclass
class Tree:
    """All artifacts below a folder, and what could not be listed."""

    artifacts: list[Artifact] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    folders: int = 0


@dataclass(frozen=True)
class Chosen:
    """The artifacts of one run of a pipeline.

    Attributes:
        transform: The transform output.
        models: The model of the trainer, and the one that was pushed.
        examples: Transformed examples.
        raw: Examples as they were read.
        metrics: The training's metrics.
        config: A config.
        left_out: How many artifacts are of other runs.
    """

    transform: Artifact | None
    models: tuple[Artifact, ...]
    examples: Artifact | None
    raw: Artifact | None
    metrics: Artifact | None
    config: Artifact | None
    left_out: int

    @property
    def all(self) -> tuple[Artifact, ...]:
        """All of them, in the order of a pipeline."""
        found = (self.raw, self.transform, self.examples, *self.models, self.metrics, self.config)
        return tuple(each for each in found if each is not None)

    def __bool__(self) -> bool:
        return bool(self.all)


def walk(root: Place) -> Tree:
    """Return what is below a folder; what cannot be listed is an issue."""
    tree = Tree()
    _walk(root, (), tree)
    if tree.folders > MOST_FOLDERS:
        message = f"it has more than {MOST_FOLDERS:,} folders; the others were not looked at"
        tree.issues.append(Issue("large-tree", "warning", root.name, message))
    return tree


def _walk(folder: Place, parts: tuple[str, ...], tree: Tree) -> None:
    tree.folders += 1
    if tree.folders > MOST_FOLDERS:
        return
    try:
        found = inside(folder)
        folders = [each for each in found if _is_folder(each)]
    except OSError as error:
        tree.issues.append(unreadable("/".join(parts) or folder.name, error))
        return
    names = {each.name for each in found}
    tree.artifacts += _files(folder, names, parts)
    if {"transform_fn", "transformed_metadata"} & names:
        tree.artifacts.append(Artifact("transform", folder, parts))
        return
    if MODEL_FILE in names:
        tree.artifacts.append(Artifact("model", folder, parts))
        return
    splits = {each.name: each for each in folders if _SPLIT.search(each.name)}
    if any(_has_records(each) for each in splits.values()):
        tree.artifacts.append(Artifact("examples", folder, parts, splits))
    for each in folders:
        if each.name not in splits and not _is_skipped(each.name) and len(parts) < _DEEPEST:
            _walk(each, (*parts, each.name), tree)


def _files(folder: Place, names: set[str], parts: tuple[str, ...]) -> Iterator[Artifact]:
    if METRICS in names:
        yield Artifact("metrics", folder / METRICS, parts)
    for name in _CONFIGS:
        if name in names:
            yield Artifact("config", folder / name, parts)
    if "trainer_module.py" in names:
        yield Artifact("module", folder / "trainer_module.py", parts)


def _has_records(split: Place) -> bool:
    """Return whether a split has examples; those of statistics and anomalies have other files."""
    try:
        shown = (each for each in inside(split) if not each.name.startswith((".", "_")))
        first = next(shown, None)
        return first is not None and first.is_file() and is_records(first)
    except OSError:
        return True  # reading it will say so


def _is_folder(place: Place) -> bool:
    """Return whether it is a folder; a link to one may lead in a circle, and is not followed."""
    try:
        return place.is_dir() and not (isinstance(place, Path) and place.is_symlink())
    except OSError:
        return False


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SKIPPED


def _is_component(part: str) -> bool:
    """Return whether a folder has the name of a component, such as `Transform` or `Trainer_-12`."""
    return part[:1].isupper() and not part.startswith(("Split-", "Format-"))


def choose(artifacts: Sequence[Artifact]) -> Chosen:
    """Return the artifacts of the newest run.

    The newest is the last job with a model, or else with a transform output. In a job, the
    numbers of executions rise, and what a model was made of has a lower number than the model.
    """
    main = next(
        (found for sort in ("model", "transform", "examples") if (found := _of(artifacts, sort))),
        [],
    )
    job = max((each.job for each in main), key=lambda job: tuple(map(_natural, job)), default=())
    own = [each for each in artifacts if each.job == job] or list(artifacts)
    models = [each for each in _of(own, "model") if not _is_for_evaluation(each)]
    trained = [each for each in models if "push" not in each.component.lower()]
    model = _newest(trained or models)
    until = model.execution[0] if model and _has_local_numbers(own) else None

    def made(sort: Sort, transformed: bool | None = None) -> Artifact | None:
        fits = [
            [
                each
                for each in _of(some, sort)
                if transformed is None or each.is_transformed == transformed
            ]
            for some in (own, artifacts)
        ]
        found = fits[0] or fits[1]
        before = [each for each in found if until is None or each.execution[0] <= until]
        return _newest(before or found)

    pushed = _newest([each for each in models if each not in trained])
    chosen = Chosen(
        transform=made("transform"),
        models=tuple(dict.fromkeys(each for each in (model, pushed) if each is not None)),
        examples=made("examples", transformed=True),
        raw=made("examples", transformed=False),
        metrics=made("metrics"),
        config=made("config"),
        left_out=0,
    )
    sorts = ("transform", "model", "examples", "metrics")
    all_of_them = [each for each in artifacts if each.sort in sorts]
    left = [each for each in all_of_them if each not in chosen.all and not _is_for_evaluation(each)]
    return replace(chosen, left_out=len(left))


def notes_on(chosen: Chosen) -> Iterator[Issue]:
    """Yield what a reader has to know of the choice."""
    if chosen.left_out:
        what = counted(chosen.left_out, "artifact")
        message = f"{what} of other runs or executions were not looked at; name a folder to see it"
        yield Issue("other-runs", "info", "", message)
    jobs = {each.job for each in chosen.all if each.sort != "config"}  # which a person put there
    if len(jobs) > 1:
        names = ", ".join(sorted("/".join(job) or "the root" for job in jobs))
        message = f"artifacts of one job are missing, so those of another are shown: {names}"
        yield Issue("mixed-jobs", "warning", "", message)


def _of(artifacts: Sequence[Artifact], sort: str) -> list[Artifact]:
    return [each for each in artifacts if each.sort == sort]


def _newest(artifacts: Sequence[Artifact]) -> Artifact | None:
    return max(artifacts, key=lambda each: each.execution, default=None)


def _is_for_evaluation(artifact: Artifact) -> bool:
    return any(part in ("Format-TFMA", "Format-Eval", "eval_model_dir") for part in artifact.parts)


def _has_local_numbers(artifacts: Sequence[Artifact]) -> bool:
    """Return whether numbers are those of one store, which rise; Vertex AI's are random."""
    components = [part for each in artifacts for part in each.parts if _is_component(part)]
    return not any(map(_COMPONENT_NUMBER.search, components))


def _natural(text: str) -> tuple[int, str]:
    """Return what orders `run-9` before `run-10`."""
    found = re.search(r"\d+(?!.*\d)", text)
    return (int(found[0]) if found else -1), text
