"""Files and folders, on this machine or behind a scheme such as gs://."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True, order=True)
class Remote:
    """A file or folder behind a scheme, with what is used of `Path`.

    Attributes:
        inner: The path within its system.
        shown: The path as a user writes it.
        system: The file system, of fsspec.
        kind: `file` or `directory`, where a listing said it: asking again takes a request.
    """

    inner: str
    shown: str
    system: Any = field(compare=False)
    kind: str = field(default="", compare=False)

    def __truediv__(self, name: str) -> Remote:
        return Remote(f"{self.inner}/{name}", f"{self.shown}/{name}", self.system)

    def __str__(self) -> str:
        return self.shown

    @property
    def name(self) -> str:
        """The last part."""
        return self.inner.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The name's last part, from its dot on."""
        return Path(self.name).suffix

    @property
    def parent(self) -> Remote:
        """The folder that it is in."""
        inner, shown = (each.rpartition("/")[0] for each in (self.inner, self.shown))
        return Remote(inner, shown, self.system)

    def exists(self) -> bool:
        """Return whether there is anything."""
        with _as_os_error(self):
            return bool(self.system.exists(self.inner))

    def is_file(self) -> bool:
        """Return whether it is a file."""
        if self.kind:
            return self.kind == "file"
        with _as_os_error(self):
            return bool(self.system.isfile(self.inner))

    def is_dir(self) -> bool:
        """Return whether it is a folder."""
        if self.kind:
            return self.kind == "directory"
        with _as_os_error(self):
            return bool(self.system.isdir(self.inner))

    def iterdir(self) -> Iterator[Remote]:
        """Yield what is in the folder."""
        with _as_os_error(self):
            listed = self.system.ls(self.inner, detail=True)
        for each in listed:
            path = str(each["name"]).rstrip("/")
            name = path.rpartition("/")[2]
            if path.strip("/") != self.inner.strip("/"):  # a folder may list itself
                yield replace(self / name, kind=str(each.get("type", "")))

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Open the file."""
        with _as_os_error(self):
            opened: IO[bytes] = self.system.open(self.inner, mode)
            return opened


Place = Path | Remote


def inside(folder: Place) -> list[Place]:
    """Return what is in a folder, by name.

    Raises:
        OSError: It cannot be listed.
    """
    found: list[Place] = list(folder.iterdir())
    return sorted(found, key=lambda each: each.name)


def size_of(place: Place) -> int | None:
    """Return the size of a file in bytes; None if there is none."""
    if not place.is_file():
        return None
    if isinstance(place, Path):
        return place.stat().st_size
    with _as_os_error(place):
        return int(place.system.size(place.inner))


@contextmanager
def _as_os_error(place: Remote) -> Iterator[None]:
    """Turn the errors of a file system's library, which has its own, into `OSError`."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(5, str(error) or type(error).__name__, str(place)) from error
