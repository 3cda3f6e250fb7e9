"""Files of a run, on this machine or behind a scheme such as gs://. Knows no run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from recgen.findings import RecgenError

MAX_BYTES = 256_000_000
_CHUNK = 1 << 20
_INSTALL = 'install what reads it: pip install "recgen[gcs]", or the fsspec package of its scheme'


class Place(Protocol):
    """A folder."""

    def names(self, folder: str = "") -> Sequence[str]:
        """Returns the names in a folder below this one, sorted; none where there is no folder."""

    def read(self, name: str) -> bytes | None:
        """Returns what a file holds, or None when there is none.

        Raises:
            RecgenError: The file cannot be read, or is too large.
        """

    def count_lines(self, name: str) -> int:
        """Returns how many lines a file has."""


@dataclass(frozen=True)
class LocalPlace:
    """A folder of this machine."""

    folder: Path

    def names(self, folder: str = "") -> Sequence[str]:
        """Returns the names in a folder below this one."""
        try:
            return sorted(path.name for path in (self.folder / folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise _unreadable(str(self.folder / folder), error) from error

    def read(self, name: str) -> bytes | None:
        """Returns what a file holds."""
        path = self.folder / name
        try:
            with path.open("rb") as file:
                return _whole(file, str(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(str(path), error) from error

    def count_lines(self, name: str) -> int:
        """Returns how many lines a file has."""
        path = self.folder / name
        try:
            with path.open("rb") as file:
                return _lines(file)
        except OSError as error:
            raise _unreadable(str(path), error) from error


@dataclass(frozen=True)
class RemotePlace:
    """A folder behind a scheme, read with fsspec."""

    system: Any
    folder: str
    shown: str

    def names(self, folder: str = "") -> Sequence[str]:
        """Returns the names in a folder below this one."""
        try:
            listed = self.system.ls(f"{self.folder}/{folder}".rstrip("/"), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except Exception as error:  # what a scheme's library raises is its own affair
            raise _unreadable(f"{self.shown}/{folder}", error) from error
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in listed)

    def read(self, name: str) -> bytes | None:
        """Returns what a file holds."""
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
        """Returns how many lines a file has."""
        try:
            with self.system.open(f"{self.folder}/{name}", "rb") as file:
                return _lines(file)
        except Exception as error:
            raise _unreadable(f"{self.shown}/{name}", error) from error


def open_place(path: str) -> tuple[Place, str | None]:
    """Returns the folder of a path, and the file's name in it when the path is a file's.

    Raises:
        RecgenError: Nothing is there, it cannot be reached, or a library is missing.
    """
    if "://" in path:
        return _remote(path)
    local = Path(path)
    try:
        if local.is_dir():
            return LocalPlace(local), None
        if local.is_file():
            return LocalPlace(local.parent), local.name
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise RecgenError(f"cannot read {path}: {error}", "check the path") from error
    help = "name a run directory or a training_metrics.json; `recgen runs` lists those here"
    raise RecgenError(f"there is no {path}", help)


def _remote(path: str) -> tuple[Place, str | None]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise RecgenError(f"{path} needs fsspec, which is not installed", _INSTALL) from None
    try:
        system, inner = url_to_fs(path)
        inner = inner.rstrip("/")
        if system.isfile(inner):
            folder, _, name = inner.rpartition("/")
            return RemotePlace(system, folder, path.rpartition("/")[0]), name
        if system.isdir(inner):
            return RemotePlace(system, inner, path.rstrip("/")), None
    except ImportError as error:
        raise RecgenError(f"{path} cannot be read: {error}", _INSTALL) from None
    except Exception as error:  # unknown scheme, no rights, no network: each library its own
        raise _unreadable(path, error) from error
    raise RecgenError(f"there is no {path}", "check the path, and what you may read there")


def _whole(file: Any, shown: str) -> bytes:
    """Returns the rest of a file, in pieces: a read of the most would take that much memory."""
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


def _unreadable(shown: str, error: Exception) -> RecgenError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return RecgenError(f"cannot read {shown}: {reason}", "check the path, and its rights")
