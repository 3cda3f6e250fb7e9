"""A child process that has TensorFlow, so that this one need not. Knows processes, no stages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recgen
from recgen.findings import RecgenError

if TYPE_CHECKING:
    from types import TracebackType

_ERROR = re.compile(r"^[\w.]*(Error|Exception|Exit|Interrupt|Warning)\b.*")
_DISK_FULL = ("No space left on device", "Disk quota exceeded")
_TAIL = 200  # lines kept to find out why it failed


class ChildError(RecgenError):
    """The child failed by itself: its output explains it."""


class Child:
    """One Python module run as a process: it imports what is slow, then waits for its job.

    Used as a context manager, it leaves no process behind, whatever happens.
    """

    def __init__(self, module: str) -> None:
        """Starts `python -m module`, whose `main` reads one line of JSON from its input."""
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            encoding="utf-8",
            errors="replace",
        )

    def __enter__(self) -> Child:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the process, if it still runs."""
        self._process.kill()
        with suppress(OSError):  # what could not be written to it any more
            self._process.communicate()

    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        """Hands over the job and waits; each line that the child prints goes to log and `on_line`.

        Args:
            job: What the child shall do; JSON.
            log: File to which its output is written.
            on_line: Called with each line.
            doing: What the child does, for the message: `the training`.

        Raises:
            ChildError: The child failed; the message has the gist of its last lines.
            RecgenError: The disk is full, or a package is missing.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died before: its output says why
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        with log.open("w", encoding="utf-8") as file:
            for line in self._lines():
                file.write(line + "\n")
                file.flush()
                on_line(line)
        code = self._process.wait()
        if code != 0:
            raise _failure(doing, code, self._tail)

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            line = raw.rstrip("\n")
            self._tail.append(line)
            yield line


def read_job() -> dict[str, Any] | None:
    """Returns the job that the parent sends, or None when the parent is gone. For a child."""
    line = sys.stdin.readline()
    return dict(json.loads(line)) if line else None


def load_module(path: Path) -> Any:
    """Import a generated module from its file, under its own name. For a child.

    The name is registered, since Beam pickles functions by their module's name. A trainer finds
    the runtime that lies beside it.
    """
    import importlib.util

    from recgen.runtime import NAME

    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.modules.pop(Path(NAME).stem, None)  # that of another folder
    sys.path.append(str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop()
    return module


def _environment() -> dict[str, str]:
    """Returns the environment of a child: Keras 2, a quiet TensorFlow, and this very recgen."""
    package = str(Path(recgen.__file__).resolve().parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "TF_USE_LEGACY_KERAS": "1",  # TFRS does not run on Keras 3
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",  # a file proto.py in the user's folder is not meant
        "PYTHONIOENCODING": "utf-8",
    }


def _failure(doing: str, code: int, tail: deque[str]) -> RecgenError:
    """Returns the error for a child that failed, with the gist of what it printed."""
    if any(words in line for line in tail for words in _DISK_FULL):
        return RecgenError(f"no space left on the disk during {doing}", "free some and run again")
    if any("No module named" in line for line in tail):
        missing = next(line for line in reversed(tail) if "No module named" in line)
        return RecgenError(
            f"{doing} needs a package that is not installed: {missing.rpartition(' ')[2]}",
            'install the extra: pip install "recgen[train]"',
        )
    if code < 0:
        reason = f"it was ended by signal {-code}" + (" (out of memory?)" if code == -9 else "")
    else:
        reason = next(
            (line for line in reversed(tail) if _ERROR.match(line)),
            next((line for line in reversed(tail) if line.strip()), f"exit code {code}"),
        )
    return ChildError(f"{doing} failed: {reason[:500]}")
