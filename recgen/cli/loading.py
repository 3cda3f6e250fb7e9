"""Runs that a command names: those that can be read, and why the others cannot."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from recgen.analysis import Run, load_run
from recgen.analysis.indexing import find_runs
from recgen.analysis.run import MARKS
from recgen.check import Checked
from recgen.cli import show
from recgen.findings import RecgenError


def loaded(
    paths: Sequence[str], stored: Checked | None = None, products: int | None = None
) -> tuple[list[Run], list[RecgenError]]:
    """Return the runs of some paths, and an error for each path that is none.

    A folder that is not a run stands for the runs below it.

    Args:
        paths: As they are named.
        stored: The config of runs that have none of their own.
        products: Number of products to choose from, where no file has it.

    Raises:
        RecgenError: No path is a run.
    """
    runs: list[Run] = []
    errors: list[RecgenError] = []
    for path in (each for named in paths for each in _runs_of(named)):
        try:
            runs.append(load_run(path, stored, products))
        except RecgenError as error:
            errors.append(error)
    if errors and not runs:
        report_errors(errors[:-1])
        raise errors[-1]
    return runs, errors


def report_errors(errors: Sequence[RecgenError]) -> int:
    """Print errors to stderr, and return the exit code of a command that went on without them."""
    for error in errors:
        show.error(error)
    return 2 if errors else 0


def _runs_of(path: str) -> Iterator[str]:
    """Yield the path of a run, or those of the runs below a folder on this machine."""
    if "://" in path or not Path(path).is_dir():
        yield path
        return
    folder = os.path.normpath(path)
    is_run = any(Path(folder, name).exists() for name in MARKS)
    below = [] if is_run else [str(each) for each in find_runs(Path(folder))]
    yield from below or [folder]
