"""Entry point of the command line: runs a command and reports its errors."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

from recgen.clock import set_back
from recgen.findings import ConfigError, RecgenError, install

_LITTLE = ("google", "google_crc32c", "numpy", "pyarrow", "tensorflow_metadata")  # google.protobuf
_EXTRA = (*_LITTLE, "apache_beam", "tensorflow", "tensorflow_transform")
_NO_MEMORY = ("failed to map segment", "Cannot allocate memory", "can't start new thread")
_LESS = "use a machine with more of it, or less data"


class _Messages(io.FileIO):
    """Terminal, or messages: what cannot be written, as when the terminal was closed, is dropped.

    A training of hours must not end because nobody looks on.
    """

    def write(self, data: Any, /) -> int:
        """Write bytes, if that is possible."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process.

    Exit codes: 0 for success; 1 for findings, stale output or a failed training; 2 for errors of
    usage or environment.
    """
    _open_streams()
    if problem := set_back():
        print(f"warning: {problem}", file=sys.stderr)
    try:
        _run(arguments)
        sys.stdout.flush()  # here, a full disk can still be reported
    except ConfigError as error:
        from recgen.cli import show

        show.findings(error.report, sys.stderr)
        sys.exit(1)
    except RecgenError as error:
        _fail(error)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        advice = install("data" if package in _LITTLE else "train")
        _fail(RecgenError(f"this command needs {error.name}, which is not installed", advice))
    except (MemoryError, ImportError, RuntimeError) as error:
        if not _is_memory(error):
            raise
        _fail(RecgenError("there is not enough memory", _LESS))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(RecgenError(f"{where}{error.strerror or error}"))


def _open_streams() -> None:
    """Make the streams usable, whatever the caller gave.

    What it has closed, as some schedulers do, is opened: there is nothing to read or show. In the
    order of their numbers, or a file that is opened later would be taken for one of them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__") or os.name == "nt":
            continue  # a caller in Python put it there; a console of Windows has its own encoding
        if name == "stderr" or os.isatty(stream.fileno()):
            messages = io.BufferedWriter(_Messages(stream.fileno(), "w", closefd=False))
            lasting = io.TextIOWrapper(messages, stream.encoding, line_buffering=True)
            setattr(sys, name, lasting)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for a terminal that cannot show "é"


def _is_memory(error: Exception) -> bool:
    """Return whether an error means that memory ran out, also while a library was loaded."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def _run(arguments: Sequence[str] | None) -> None:
    from recgen.cli import (  # noqa: F401, I001 (importing adds them to the app, in the order of --help)
        check,
        schema,
        upgrade,
        migrate,
        diagnose,
        compare,
        breaking,
        gate,
        runs,
        explain,
        inspect,
        init,
        report,
        export,
        render,
        train,
        recommend,
        demo_data,
    )
    from recgen.cli.app import command

    try:
        command()(arguments, prog_name="recgen")
    except SystemExit as ended:
        if ended.code:
            raise


def _fail(error: RecgenError) -> None:
    from recgen.cli import show

    show.error(error)
    sys.exit(2)
