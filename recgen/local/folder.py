"""Run directories, written completely or not at all. Knows no stages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recgen.findings import RecgenError
from recgen.write import disk_errors

MODEL = "serving_model"
_MARKS = ("config.yaml", "trainer_module.py")
_EXPLAINS = (
    "config.yaml",
    "data.json",
    "transform_module.py",
    "trainer_module.py",
    "trainer_runtime.py",
    "transform.log",
    "train.log",
    "training_metrics.json",
)


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Yield a folder next to `out` that replaces it at the end, or is removed on failure.

    An earlier run in `out` is kept until then, and a run with a model is replaced only by another
    run with a model: see `landing`.

    Raises:
        RecgenError: `out` cannot be written or is not a run directory, or the disk is full.
    """
    out = out.resolve()
    _refuse_foreign(out)
    folder = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise RecgenError(
            f"cannot write to {out.parent}: {error.strerror}", "choose another folder with --out"
        ) from error
    try:
        with disk_errors(f"writing {out}"):
            yield folder
            _take_place(folder, landing(folder, out))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def landing(folder: Path, out: Path) -> Path:
    """Return where a finished run goes: to `out`, or next to it if `out` would lose its model."""
    out = out.resolve()
    loses_model = (out / MODEL).exists() and not (folder / MODEL).exists()
    return out.with_name(f"{out.name}-stopped") if loses_model else out


def keep_failed(folder: Path, out: Path) -> Path:
    """Keep the files that explain a failure next to `out`, and return their folder."""
    out = out.resolve()
    kept = out.with_name(f"{out.name}-failed")
    with disk_errors(f"writing {kept}"):
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for name in _EXPLAINS:
            if (folder / name).exists():
                shutil.copyfile(folder / name, kept / name)
    return kept


def _refuse_foreign(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise RecgenError(f"{out} is a file", "choose another folder with --out")
    if any(out.iterdir()) and not all((out / name).exists() for name in _MARKS):
        raise RecgenError(
            f"{out} is not empty and is not a run directory, so recgen does not replace it",
            "choose another folder with --out",
        )


def _take_place(folder: Path, out: Path) -> None:
    earlier = folder.with_name(f"{folder.name}-earlier")
    if out.exists():
        out.rename(earlier)
    try:
        folder.rename(out)
    except OSError:
        if earlier.exists():
            earlier.rename(out)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
