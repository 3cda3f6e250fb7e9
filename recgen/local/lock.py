"""Lock of a folder, which the kernel releases when the process and its children have ended.

The lock is a file in the folder. What counts is the lock on it and not its existence, so a lock
that was left behind by a killed process, or by one with the same ID in a container, locks nobody
out.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = "recgen.lock"
_PATIENCE = 5.0  # seconds that the children of a process that was killed may take to end
_PAUSE = 0.1
_MOST_BYTES = 1000  # of the file: anything may lie there
_TAKEN = (errno.EAGAIN, errno.EACCES)


class LockedError(Exception):
    """Another process holds the lock; the message says which, and since when."""


@dataclass(frozen=True)
class Lock:
    """A lock that is held.

    Attributes:
        descriptor: The open file. A child process that inherits it holds the lock, too.
        is_real: False on a file system without locks, such as some network mounts.
    """

    descriptor: int
    is_real: bool


@contextmanager
def locked(folder: Path, patience: float = _PATIENCE) -> Iterator[Lock]:
    """Hold the lock of a folder, which is made if it is missing.

    Args:
        folder: The folder; it may be moved or removed while its lock is held.
        patience: Seconds to wait for another process that holds the lock.

    Raises:
        LockedError: Another process holds it.
        OSError: The folder or the file cannot be made.
    """
    deadline = time.monotonic() + patience
    lock = _take(folder)
    while lock is None:
        if time.monotonic() > deadline:
            raise LockedError(holder(folder) or "another process")
        time.sleep(_PAUSE)
        lock = _take(folder)
    try:
        _sign(lock.descriptor)
        yield lock
    finally:
        os.close(lock.descriptor)


def holder(folder: Path) -> str | None:
    """Return who holds the lock of a folder and since when, in words; None if nobody does."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return None
    try:
        is_taken = _try(descriptor) is False
        return _words(os.pread(descriptor, _MOST_BYTES, 0)) if is_taken else None
    finally:
        os.close(descriptor)


def _take(folder: Path) -> Lock | None:
    """Return the lock, or None if it is taken or the folder was moved meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:
        return None
    result = _try(descriptor)
    if result is False or not _is_there(descriptor, folder / NAME):
        os.close(descriptor)
        return None
    return Lock(descriptor, is_real=result is True)


def _try(descriptor: int) -> bool | None:
    """Return whether the lock could be taken; None if the file system has none."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _TAKEN else None
    return True


def _is_there(descriptor: int, path: Path) -> bool:
    """Return whether the open file is still the one at a path: its folder may have been moved."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def _sign(descriptor: int) -> None:
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    signed = json.dumps({"pid": os.getpid(), "host": socket.gethostname()[:200], "since": now})
    with suppress(OSError):  # on a full disk the lock holds without a name
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, signed.encode(), 0)


def _words(content: bytes) -> str:
    with suppress(ValueError, KeyError, TypeError):
        read = json.loads(content)
        since = datetime.fromisoformat(read["since"])
        return f"process {int(read['pid'])} on {read['host']!s}, since {since:%Y-%m-%d %H:%M} UTC"
    return "another process"
