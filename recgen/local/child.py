"""Child process with TensorFlow, so that the parent does not import it. Knows no stages."""

from __future__ import annotations

import importlib.util
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
from recgen.findings import RecgenError, install
from recgen.runtime import NAME

if TYPE_CHECKING:
    from types import TracebackType

_ERROR = re.compile(r"^[\w.]*(Error|Exception|Exit|Interrupt|Warning)\b.*")
_DISK_FULL = ("No space left on device", "Disk quota exceeded")
_TAIL = 200  # lines kept to explain a failure


class ChildError(RecgenError):
    """The child failed, and its output explains why."""


class Child:
    """A Python module that runs as a process: it imports slow packages, then waits for its job.

    As a context manager, it leaves no process behind, whatever happens.
    """

    def __init__(self, module: str) -> None:
        """Start `python -m module`, whose `main` reads one line of JSON from its input."""
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
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill the process if it is still running."""
        self._process.kill()
        with suppress(OSError):  # input that it did not read
            self._process.communicate()

    def run(
        self, job: Mapping[str, Any], log: Path, on_line: Callable[[str], None], doing: str
    ) -> None:
        """Send the job and wait; each line that the child prints goes to the log and `on_line`.

        Args:
            job: The job as JSON data.
            log: File to which its output is written.
            on_line: Called with each line.
            doing: What the child does, for messages, such as `the training`.

        Raises:
            ChildError: The child failed; the message quotes its output.
            RecgenError: The disk is full, or a package is missing.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died earlier; its output says why
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
    """Return the job from the parent, or None if the parent is gone. Called in the child."""
    line = sys.stdin.readline()
    return dict(json.loads(line)) if line else None


def load_module(path: Path) -> Any:
    """Import a generated module from its file, under its own name. For a child.

    The name is registered because Beam pickles functions by their module's name. A trainer gets
    the runtime that is next to it, or none, whatever else is on the path.
    """
    if path.name == "trainer_module.py":
        modules: dict[str, Any] = sys.modules
        runtime = path.with_name(NAME)
        modules[runtime.stem] = load_module(runtime) if runtime.exists() else None
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _environment() -> dict[str, str]:
    """Return the environment of a child: Keras 2, a quiet TensorFlow, and this copy of recgen."""
    package = str(Path(recgen.__file__).resolve().parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "TF_USE_LEGACY_KERAS": "1",  # TFRS does not run on Keras 3
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",  # or a file proto.py in the user's folder would be imported
        "PYTHONIOENCODING": "utf-8",
    }


def _failure(doing: str, code: int, tail: deque[str]) -> RecgenError:
    """Return the error for a child that failed, with the relevant part of its output."""
    if any(words in line for line in tail for words in _DISK_FULL):
        return RecgenError(
            f"no space left on the disk during {doing}", "free some space and run again"
        )
    if any("No module named" in line for line in tail):
        missing = next(line for line in reversed(tail) if "No module named" in line)
        return RecgenError(
            f"{doing} needs a package that is not installed: {missing.rpartition(' ')[2]}",
            install("train"),
        )
    if code < 0:
        reason = f"killed by signal {-code}" + (" (out of memory?)" if code == -9 else "")
    else:
        reason = next(
            (line for line in reversed(tail) if _ERROR.match(line)),
            next((line for line in reversed(tail) if line.strip()), f"exit code {code}"),
        )
    return ChildError(f"{doing} failed: {reason[:500]}")
