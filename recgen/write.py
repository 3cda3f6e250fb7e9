"""Writing of files and diffs. The only module that writes where the user wants output."""

from __future__ import annotations

import difflib
import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from recgen.findings import RecgenError
from recgen.plan.header import MARK, SQL_MARK

_DEEPEST = 2  # parts of a name: a folder and a file
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Written:
    """A written file; `changed` is False if it already had this content."""

    path: Path
    changed: bool


def write_files(
    files: Mapping[str, str], folder: Path, *, force: bool = False
) -> tuple[Written, ...]:
    """Write generated files: all of them or, if one cannot be written, none.

    A file that already has this text is not touched, so its modification time stays the same.

    Args:
        files: Texts by file name, or by the names of one folder and a file in it (`a/b.sql`).
        folder: Target folder; it is created if it does not exist.
        force: Whether to also replace files that recgen did not generate.

    Raises:
        RecgenError: The folder cannot be written, or recgen did not generate a file in it.
        ValueError: A name is neither.
    """
    paths = _targets(files, folder)
    present = {name: _content(path) for name, path in paths.items()}
    if not force:
        for name, path in paths.items():
            _refuse_foreign(path, present[name])
    texts = {name: text.encode() for name, text in files.items()}
    changed = {name: content for name, content in texts.items() if content != present[name]}
    with disk_errors(f"writing to {folder}"):
        for place in {path.parent for path in paths.values()} | {folder}:
            place.mkdir(parents=True, exist_ok=True)
        _replace({paths[name]: content for name, content in changed.items()})
    return tuple(Written(path, name in changed) for name, path in paths.items())


def write_data(content: bytes, path: Path, *, force: bool = False) -> Written:
    """Write a file completely or not at all; see `write_all`."""
    return write_all({path: content}, force=force)[0]


def write_all(contents: Mapping[Path, bytes], *, force: bool = False) -> tuple[Written, ...]:
    """Write files: all of them or, if one cannot be written, none.

    Args:
        contents: Contents by path; missing folders are created.
        force: Whether to replace existing files with other contents.

    Raises:
        RecgenError: A file cannot be written, or exists with other contents.
    """
    present = {path: _content(_no_link(path)) for path in contents}
    changed = {path: content for path, content in contents.items() if content != present[path]}
    for path in changed:
        if present[path] is not None and not force:
            raise RecgenError(
                f"{path} exists and has other contents",
                "choose another name, or replace it with --force",
            )
    with disk_errors(f"writing {' and '.join(map(str, contents))}"):
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
        _replace(changed)
    return tuple(Written(path, path in changed) for path in contents)


def begins_with(path: Path, mark: str) -> bool:
    """Return whether a file exists and begins with a mark, such as that of recgen's output."""
    try:
        with path.open("rb") as file:
            return file.read(len(mark.encode())) == mark.encode()
    except OSError:  # writing will report it
        return False


def stale(files: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """Return the names of the files in the folder that are missing or outdated."""
    paths = _targets(files, folder)
    return tuple(name for name, text in files.items() if _content(paths[name]) != text.encode())


def left_over(files: Mapping[str, str], names: Iterable[str], folder: Path) -> tuple[Path, ...]:
    """Return files with some of these names that recgen generated and no longer does.

    Args:
        files: What is generated today, by name.
        names: Names of what it may have generated before.
        folder: Where to look.
    """
    paths = [folder / name for name in names if name not in files]
    return tuple(p for p in paths if not p.is_symlink() and begins_with(p, _mark_of(p)))


def _mark_of(path: Path) -> str:
    """Return the first line of a generated file of this name."""
    return SQL_MARK if path.suffix == ".sql" else MARK


def remove(path: Path) -> None:
    """Remove a file that `left_over` found.

    Raises:
        RecgenError: It cannot be removed.
    """
    with disk_errors(f"removing {path}"):
        path.unlink(missing_ok=True)


def diff(files: Mapping[str, str], folder: Path) -> str:
    """Return the changes that `write_files` would make, as a unified diff; empty if none."""
    chunks: list[str] = []
    for name, path in _targets(files, folder).items():
        content = _content(path)
        before = "" if content is None else content.decode(errors="replace")
        old = "/dev/null" if content is None else str(path)
        chunks.append(diff_texts(before, files[name], old, str(path)))
    return "".join(chunks)


def diff_texts(before: str, after: str, old: str, new: str) -> str:
    """Return the unified diff of two texts, with their names."""
    return "".join(difflib.unified_diff(_lines(before), _lines(after), fromfile=old, tofile=new))


@contextmanager
def disk_errors(doing: str, left: str = "no half-written files are left") -> Iterator[None]:
    """Turn system errors, such as a full disk or missing permissions, into a RecgenError.

    Args:
        doing: What is done in the block, such as `writing runs/shop`.
        left: What is left of it, for the advice; empty says nothing.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if isinstance(error, FileExistsError):
            reason = f"{error.filename} is a file, not a folder"
        advice = _advice(error, reason)
        raise RecgenError(
            f"{doing} failed: {reason}", f"{advice}; {left}" if left else advice
        ) from error


def _advice(error: OSError, reason: str) -> str:
    if error.errno in _FULL or "No space left" in reason:  # Arrow gives no number
        return "free some space"
    if error.errno == errno.ENOMEM:
        return "use a machine with more memory, or less data"
    return "choose another place, or change its permissions"


def _targets(files: Mapping[str, str], folder: Path) -> dict[str, Path]:
    if folder.exists() and not folder.is_dir():
        raise RecgenError(f"{folder} is a file, not a folder", "choose another folder with --out")
    for name in files:
        parts = name.split("/")
        are_plain = all(p not in ("", ".", "..") and not set(p) & set("\\\0:") for p in parts)
        if not are_plain or len(parts) > _DEEPEST:
            raise ValueError(f"{name!r} is not a plain file name")
        if len(parts) > 1:
            _no_link(folder / parts[0])
    return {name: _no_link(folder / name) for name in files}


def _no_link(path: Path) -> Path:
    if path.is_symlink():  # unclear what is meant: the link, or its target
        raise RecgenError(f"{path} is a symbolic link", "remove it, or choose another place")
    return path


def _content(path: Path) -> bytes | None:
    """Return the contents of a file, or None if it does not exist."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecgenError(f"cannot read {path}: {reason}", "choose another place") from error


def _refuse_foreign(path: Path, content: bytes | None) -> None:
    if content is not None and not content.startswith(_mark_of(path).encode()):
        raise RecgenError(
            f"{path} was not generated by recgen",
            "move it away, choose another folder with --out, or replace it with --force",
        )


def _replace(contents: Mapping[Path, bytes]) -> None:
    """Move all files into place once all of them are on the disk."""
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
    """Return the lines of a text for a diff. Unlike `splitlines`, split only at line feeds."""
    lines = text.split("\n")
    last = lines.pop()
    ended = [f"{line}\n" for line in lines]
    return [*ended, f"{last}\n\\ No newline at end of file\n"] if last else ended
