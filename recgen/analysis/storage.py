"""Folders on this machine or behind a scheme such as gs://. Knows no run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from recgen.findings import RecgenError
from recgen.reading.remote import open_system

MAX_BYTES = 256_000_000
_CHUNK = 1 << 20
_EVENTS = ".tfevents."


class Folder(Protocol):
    """A folder of files."""

    def names(self, folder: str = "") -> Sequence[str]:
        """Return the sorted names in a folder below this one; none if there is no such folder."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None if it does not exist.

        Raises:
            RecgenError: The file cannot be read or is too large.
        """

    def count_lines(self, name: str) -> int:
        """Return the number of lines in a file."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder on this machine."""

    folder: Path

    def names(self, folder: str = "") -> Sequence[str]:
        """Return the names in a folder below this one."""
        try:
            return sorted(path.name for path in (self.folder / folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise _unreadable(str(self.folder / folder), error) from error

    def read(self, name: str) -> bytes | None:
        """Return the content of a file."""
        path = self.folder / name
        try:
            with path.open("rb") as file:
                return _whole(file, str(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(str(path), error) from error

    def count_lines(self, name: str) -> int:
        """Return the number of lines in a file."""
        path = self.folder / name
        try:
            with path.open("rb") as file:
                return _lines(file)
        except OSError as error:
            raise _unreadable(str(path), error) from error


@dataclass(frozen=True)
class RemoteFolder:
    """A folder behind a scheme, read with fsspec."""

    system: Any
    folder: str
    shown: str

    def names(self, folder: str = "") -> Sequence[str]:
        """Return the names in a folder below this one."""
        try:
            listed = self.system.ls(f"{self.folder}/{folder}".rstrip("/"), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except Exception as error:  # each library raises its own errors
            raise _unreadable(f"{self.shown}/{folder}", error) from error
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in listed)

    def read(self, name: str) -> bytes | None:
        """Return the content of a file."""
        try:
            with self.system.open(f"{self.folder}/{name}", "rb") as file:
                return _whole(file, f"{self.shown}/{name}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except RecgenError:
            raise
        except Exception as error:
            raise _unreadable(f"{self.shown}/{name}", error) from error

    def count_lines(self, name: str) -> int:
        """Return the number of lines in a file."""
        try:
            with self.system.open(f"{self.folder}/{name}", "rb") as file:
                return _lines(file)
        except Exception as error:
            raise _unreadable(f"{self.shown}/{name}", error) from error


def open_folder(path: str) -> tuple[Folder, str | None]:
    """Return the folder of a path, and the name of the file if the path is a file.

    Raises:
        RecgenError: The path does not exist or cannot be reached, or a library is missing.
    """
    if "://" in path:
        return _remote(path)
    local = Path(path)
    try:
        if local.is_dir():
            return LocalFolder(local), None
        if local.is_file():
            return LocalFolder(local.parent), local.name
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise RecgenError(f"cannot read {path}: {error}", "check the path") from error
    help = "name a run directory or a training_metrics.json; `recgen runs` lists runs"
    raise RecgenError(f"{path} does not exist", help)


def _remote(path: str) -> tuple[Folder, str | None]:
    system, inner = open_system(path)
    try:
        if system.isfile(inner):
            folder, _, name = inner.rpartition("/")
            return RemoteFolder(system, folder, path.rpartition("/")[0]), name
        if system.isdir(inner):
            return RemoteFolder(system, inner, path.rstrip("/")), None
    except Exception as error:  # no permission or no network: each library raises its own errors
        raise _unreadable(path, error) from error
    raise RecgenError(f"{path} does not exist", "check the path and your permissions")


def _whole(file: Any, shown: str) -> bytes:
    """Return the content of a file, read in chunks: `read(MAX_BYTES)` would allocate them all."""
    content = bytearray()
    while chunk := file.read(_CHUNK):
        content += chunk
        if len(content) > MAX_BYTES:
            limit = f"{MAX_BYTES // 10**6} MB"
            raise RecgenError(f"{shown} is larger than {limit}", "is it the right file?")
    return bytes(content)


def _lines(file: Any) -> int:
    count, last = 0, b"\n"
    while chunk := file.read(_CHUNK):
        count += chunk.count(b"\n")
        last = chunk[-1:]
    return count + (last != b"\n")


def has_events(folder: Folder) -> bool:
    """Return whether a folder is one that TensorBoard shows; Keras writes a part for each split."""
    return any(_EVENTS in name for part in ("", "train") for name in folder.names(part))


def _unreadable(shown: str, error: Exception) -> RecgenError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return RecgenError(f"cannot read {shown}: {reason}", "check the path and its permissions")
