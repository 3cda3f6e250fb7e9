"""What happens to the files of a finished run: cut, swapped, or taken from another one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

METRICS = "training_metrics.json"
VOCABULARIES = Path("transform", "transform_fn", "assets")
Spoil = Callable[[Path, Path], None]
"""A function of the run's folder and of the folder of another run."""


def _write(path: Path, content: bytes) -> None:
    """Replaces a file, which may be a link to one that other runs read."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def _own_vocabularies(folder: Path) -> Path:
    """Copies the vocabularies, which are links, and returns their folder."""
    transform = folder / "transform"
    if transform.is_symlink():
        source = transform.resolve()
        os.unlink(transform)
        shutil.copytree(source, transform)
    return folder / VOCABULARIES


def _foreign_vocabulary(folder: Path, other: Path) -> None:
    path = _own_vocabularies(folder) / "StockCode_vocab"
    names = path.read_bytes().split()
    _write(path, b"".join(b"X%s\n" % name[::-1] for name in names[: len(names) // 2]))


def _renamed_vocabulary(folder: Path, other: Path) -> None:
    path = _own_vocabularies(folder) / "StockCode_vocab"
    _write(path, b"".join(b"SKU-%s\n" % name for name in path.read_bytes().split()))


def _swapped_vocabularies(folder: Path, other: Path) -> None:
    buyers, products = (
        _own_vocabularies(folder) / f"{column}_vocab" for column in ("CustomerID", "StockCode")
    )
    first, second = buyers.read_bytes(), products.read_bytes()
    _write(buyers, second)
    _write(products, first)


def _cut_metrics(folder: Path, other: Path) -> None:
    content = (folder / METRICS).read_bytes()
    _write(folder / METRICS, content[: len(content) // 2])


def _empty_metrics(folder: Path, other: Path) -> None:
    _write(folder / METRICS, b"")


def _no_metrics(folder: Path, other: Path) -> None:
    (folder / METRICS).unlink()


def _without_recall(folder: Path, other: Path) -> None:
    content = json.loads((folder / METRICS).read_text("utf-8"))
    content["recall"] = {}
    content.pop("evaluation", None)
    final = content["final_metrics"]
    content["final_metrics"] = {k: v for k, v in final.items() if "recall" not in k}
    _write(folder / METRICS, json.dumps(content).encode())


def _of_other(*names: str) -> Spoil:
    def spoil(folder: Path, other: Path) -> None:
        for name in names:
            _write(folder / name, (other / name).read_bytes())

    return spoil


SPOILS: dict[str, Spoil] = {
    "foreign vocabulary": _foreign_vocabulary,
    "renamed vocabulary": _renamed_vocabulary,
    "swapped vocabularies": _swapped_vocabularies,
    "cut metrics": _cut_metrics,
    "empty metrics": _empty_metrics,
    "no metrics": _no_metrics,
    "metrics without recall": _without_recall,
    "other metrics": _of_other(METRICS),
    "other config": _of_other("config.yaml"),
    "other transform": _of_other("transform_module.py"),
    "other trainer": _of_other("trainer_module.py"),
}
