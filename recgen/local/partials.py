"""Index of the unfinished runs below a folder, and their removal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recgen.local.folder import remove_partial
from recgen.local.lock import holder
from recgen.local.names import is_partial
from recgen.local.unfinished import Unfinished

_DEPTH = 4  # levels of folders that are searched, as for finished runs


@dataclass(frozen=True)
class Partial:
    """An unfinished run.

    Attributes:
        path: The hidden folder in which it is.
        name: The run directory that it will be.
        at: The stage and epoch that it reached; empty if that is unknown.
        size: Bytes on the disk.
        holder: The process that is training, in words; None if there is none.
    """

    path: Path
    name: str
    at: str
    size: int
    holder: str | None


def find_partials(folder: Path) -> Iterator[Partial]:
    """Yield the unfinished runs in and below a folder, in alphabetical order."""
    for path in _below(folder, _DEPTH):
        record = Unfinished.read(path)
        name = path.name.removeprefix(".").removesuffix(".partial")
        yield Partial(
            path=path,
            name=Path(record.out).name if record else name,
            at=record.at if record else "",
            size=_size(path),
            holder=holder(path),
        )


def remove(partial: Partial) -> bool:
    """Remove an unfinished run, and return whether it is gone: not while a process trains it."""
    return remove_partial(partial.path)


def _below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        inside = sorted(os.scandir(folder), key=lambda each: each.name)
    except OSError:  # no permission to list it
        return
    for each in inside:
        if not each.is_dir(follow_symlinks=False):
            continue
        if is_partial(each.name):
            yield Path(each.path)
        elif depth and not each.name.startswith("."):
            yield from _below(Path(each.path), depth - 1)


def _size(folder: Path) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(where, name).lstat().st_size
    return total
