"""{name: text} -> files or a diff. The only module that writes where the user wants output."""

from __future__ import annotations

import difflib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from recgen.findings import RecgenError
from recgen.plan.header import MARK

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the output; `changed` is False when it already held the text."""

    path: Path
    changed: bool


def write_files(
    files: Mapping[str, str], folder: Path, *, force: bool = False
) -> tuple[Written, ...]:
    """Writes generated files: all of them or, when one cannot be written, none.

    A file that already holds its text is not touched, so that its time stays.

    Args:
        files: Texts by file name.
        folder: Where they go; it is made if it is missing.
        force: Replace files that recgen did not generate, too.

    Raises:
        RecgenError: The folder cannot be written, or a file in it is not recgen's.
        ValueError: A name is no plain file name.
    """
    paths = _targets(files, folder)
    present = {name: _content(path) for name, path in paths.items()}
    if not force:
        for name, path in paths.items():
            _refuse_foreign(path, present[name])
    texts = {name: text.encode() for name, text in files.items()}
    changed = {name: content for name, content in texts.items() if content != present[name]}
    with disk_errors(f"writing to {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        _replace({paths[name]: content for name, content in changed.items()})
    return tuple(Written(path, name in changed) for name, path in paths.items())


def write_data(content: bytes, path: Path, *, force: bool = False) -> Written:
    """Writes a file with data, as a whole or not at all; see `write_all`."""
    return write_all({path: content}, force=force)[0]


def write_all(contents: Mapping[Path, bytes], *, force: bool = False) -> tuple[Written, ...]:
    """Writes files: all of them or, when one cannot be written, none.

    Args:
        contents: What they hold; their folders are made if they are missing.
        force: Replace files that are there and hold something else.

    Raises:
        RecgenError: A file cannot be written, or another one is there.
    """
    present = {path: _content(_no_link(path)) for path in contents}
    changed = {path: content for path, content in contents.items() if content != present[path]}
    for path in changed:
        if present[path] is not None and not force:
            raise RecgenError(
                f"{path} exists and holds something else",
                "choose another name, or replace it with --force",
            )
    with disk_errors(f"writing {' and '.join(map(str, contents))}"):
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
        _replace(changed)
    return tuple(Written(path, path in changed) for path in contents)


def begins_with(path: Path, mark: str) -> bool:
    """Says whether a file is there that begins with a text, such as what recgen wrote."""
    try:
        with path.open("rb") as file:
            return file.read(len(mark.encode())) == mark.encode()
    except OSError:  # writing will tell
        return False


def stale(files: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """Returns the names of the files in the folder that are missing or hold another text."""
    paths = _targets(files, folder)
    return tuple(name for name, text in files.items() if _content(paths[name]) != text.encode())


def diff(files: Mapping[str, str], folder: Path) -> str:
    """Returns what `write_files` would change, as a unified diff; empty when nothing."""
    chunks: list[str] = []
    for name, path in _targets(files, folder).items():
        content = _content(path)
        before = "" if content is None else content.decode(errors="replace")
        old = "/dev/null" if content is None else str(path)
        chunks.append(diff_texts(before, files[name], old, str(path)))
    return "".join(chunks)


def diff_texts(before: str, after: str, old: str, new: str) -> str:
    """Returns what changes from a text to another, with their names, as a unified diff."""
    return "".join(difflib.unified_diff(_lines(before), _lines(after), fromfile=old, tofile=new))


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turns what the system says of a full disk or missing rights into an error for the user."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        full = error.errno in _FULL or "No space left" in reason  # Arrow gives no number
        if isinstance(error, FileExistsError):
            reason = f"{error.filename} is a file, not a folder"
        advice = "free some space" if full else "choose another place, or its rights"
        raise RecgenError(
            f"{doing} failed: {reason}", f"{advice}; nothing half-written is left"
        ) from error


def _targets(files: Mapping[str, str], folder: Path) -> dict[str, Path]:
    if folder.exists() and not folder.is_dir():
        raise RecgenError(f"{folder} is a file, not a folder", "choose another folder with --out")
    for name in files:
        if name in ("", ".", "..") or any(mark in name for mark in "/\\\0:"):
            raise ValueError(f"{name!r} is no plain file name")
    return {name: _no_link(folder / name) for name in files}


def _no_link(path: Path) -> Path:
    if path.is_symlink():  # what is meant: the link, or the file that it points to?
        raise RecgenError(f"{path} is a symbolic link", "remove it, or choose another place")
    return path


def _content(path: Path) -> bytes | None:
    """Returns what a file holds, or None when there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecgenError(f"cannot read {path}: {reason}", "choose another place") from error


def _refuse_foreign(path: Path, content: bytes | None) -> None:
    if content is not None and not content.startswith(MARK.encode()):
        raise RecgenError(
            f"{path} was not generated by recgen",
            "move it away, choose another folder with --out, or replace it with --force",
        )


def _replace(contents: Mapping[Path, bytes]) -> None:
    """Puts all files into their places once all of them are on the disk."""
    partial = {path: path.with_name(f".{path.name}.{secrets.token_hex(4)}") for path in contents}
    try:
        for path, content in contents.items():
            with partial[path].open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # some file systems notice only here that they are full
            with suppress(FileNotFoundError):
                shutil.copymode(path, partial[path])
        for path in contents:
            os.replace(partial[path], path)
    finally:
        for path in partial.values():
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _lines(text: str) -> list[str]:
    """Returns the lines for a diff. Only a line feed ends a line, unlike in `splitlines`."""
    lines = text.split("\n")
    last = lines.pop()
    ended = [f"{line}\n" for line in lines]
    return [*ended, f"{last}\n\\ No newline at end of file\n"] if last else ended
