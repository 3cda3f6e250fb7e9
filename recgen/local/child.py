"""Child process with TensorFlow, so that the parent does not import it. Knows no stages."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recgen
from recgen.findings import RecgenError, install
from recgen.runtime import NAME

if TYPE_CHECKING:
    from types import TracebackType

_ERROR = re.compile(r"^[\w.]*(Error|Exception|Exit|Interrupt|Warning)\b.*")
_DISK_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
_READ_ONLY = re.compile(r"Read-only file system|Permission denied|Operation not permitted")
_NO_MEMORY = re.compile(
    r"MemoryError|bad_alloc|Cannot allocate memory|failed to map segment|OOM when allocating"
    r"|pthread_create|can't start new thread|unable to allocate",
    re.IGNORECASE,
)
SAID = "Error: "  # begins the line in which a child itself says why it failed
# TFRS does not run on Keras 3. Before 2.16, TensorFlow's own is Keras 2, and there is no tf-keras.
_KERAS_2 = {"TF_USE_LEGACY_KERAS": "1"} if importlib.util.find_spec("tf_keras") else {}
_TAIL = 200  # lines kept to explain a failure
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


class ChildError(RecgenError):
    """The child failed, and its output explains why."""


class ChildKilledError(RecgenError):
    """The machine ended the child: by a signal, or for want of memory."""


class Child:
    """A Python module that runs as a process: it imports slow packages, then waits for its job.

    As a context manager, it leaves no process behind, whatever happens.
    """

    def __init__(self, module: str, inherits: Collection[int] = ()) -> None:
        """Start `python -m module`, whose `main` reads one line of JSON from its input.

        Args:
            module: The module's name.
            inherits: Open files, such as a lock, that the child holds as long as it lives.
        """
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            encoding="utf-8",
            errors="replace",
            pass_fds=tuple(inherits),
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
            ChildKilledError: The machine ended it.
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


def obey_parent() -> None:
    """Tie this process to its parent, which ends it: called in the child, first of all.

    Ctrl-C and a closed terminal reach all processes of a terminal; the parent answers them. If
    the parent is killed, this process ends at once: on Linux by the kernel, elsewhere when the
    other end of its input is gone. The parent's ID, the argument of this process, tells whether
    that happened before.
    """
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if sys.argv[1:] and sys.argv[1] != str(os.getppid()):
        os._exit(1)


def read_job() -> dict[str, Any] | None:
    """Return the job from the parent, or None if the parent is gone. Called in the child."""
    line = sys.stdin.readline()
    if not line:
        return None
    threading.Thread(target=_end_with_input, daemon=True).start()
    return dict(json.loads(line))


def _end_with_input() -> None:
    """End this process when its input ends, as it does with the parent's process."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(1)


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
        **_KERAS_2,
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
        return _killed(doing, f"was killed by signal {-code} ({_name(-code)})", tail)
    reason = next(
        (line for line in reversed(tail) if _ERROR.match(line)),
        next((line for line in reversed(tail) if line.strip()), f"exit code {code}"),
    )
    if refused := _READ_ONLY.search(reason):
        return RecgenError(
            f"{doing} could not write its files: {refused[0]}",
            "choose another place, or change its permissions",
        )
    if _NO_MEMORY.search(reason):
        return _killed(doing, "ran out of memory", tail)
    return ChildError(f"{doing} failed: {reason.removeprefix(SAID)[:500]}")


def _killed(doing: str, what: str, tail: deque[str]) -> ChildKilledError:
    """Return the error for a child that the machine ended."""
    by_machine = any(name in what for name in ("SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS"))
    if by_machine and any(map(_NO_MEMORY.search, tail)):
        what = f"ran out of memory and {what}"
    elif "SIGKILL" in what:
        what += ", most likely for want of memory"
    help = "use a machine with more memory, a smaller batch_size, or less data"
    return ChildKilledError(f"{doing} {what}", help if "memory" in what else "run it again")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
