"""Copies labelled runs into a folder, without what is large, and with the labels beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from verdicts_labels import CODES, HALVES, LABELS
from verdicts_made import Made
from verdicts_train import WORK, folder_of, holds

FILES = ("config.yaml", "training_metrics.json", "transform_module.py", "trainer_module.py",
         "purchases.parquet", "transform", "train.log")  # fmt: skip
PLACES = dict(zip(HALVES, ("dev", "other"), strict=True))


def export(runs: Iterable[Made], half: Mapping[str, str], target: Path) -> None:
    """Copies the runs that are there to <target>/dev or <target>/other, and their data."""
    labels: dict[str, dict[str, object]] = {}
    for run in runs:
        if not holds(run):
            continue
        place = target / PLACES[half[run.key]]
        _copy(folder_of(run.key), place / run.key)
        labels.setdefault(str(place), {})[run.key] = _truth(run)
        data, copied = WORK / "data" / run.file, target / "data" / run.file
        if not copied.exists():
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(data, copied)
    for folder, content in labels.items():
        text = json.dumps(content, indent=1) + "\n"
        Path(folder, "labels.json").write_text(text, encoding="utf-8")


def _truth(run: Made) -> dict[str, object]:
    label = LABELS[run.label]
    roots = label.roots if run.roots is None else run.roots
    return {
        "verdicts": list(run.verdicts or label.verdicts),
        "causes": [code for root in roots for code in CODES[root]],
        "roots": list(roots),
        "kind": run.label,
        "truth": run.name,
        "has_remedy": label.has_remedy,
        "may_be_harmless": label.may_be_harmless,
    }


def _copy(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in FILES:
        if (folder / name).is_dir():
            _copy_vocabularies(folder / name, target / name)
        elif (folder / name).exists():
            shutil.copy(folder / name, target / name)


def _copy_vocabularies(transform: Path, target: Path) -> None:
    """Copies vocabularies and schemas, without the graph."""
    graph = shutil.ignore_patterns("saved_model.pb", "variables", "fingerprint.pb")
    shutil.copytree(transform, target, ignore=graph)
