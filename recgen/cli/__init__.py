"""Entry point of the command line: runs a command and reports its errors."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from recgen.findings import ConfigError, RecgenError, install

_LITTLE = ("google", "google_crc32c", "numpy", "pyarrow", "tensorflow_metadata")  # google.protobuf
_EXTRA = (*_LITTLE, "apache_beam", "tensorflow", "tensorflow_transform")
_NO_MEMORY = ("failed to map segment", "Cannot allocate memory", "can't start new thread")
_LESS = "use a machine with more of it, or less data"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process.

    Exit codes: 0 for success; 1 for findings, stale output or a failed training; 2 for errors of
    usage or environment.
    """
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for a terminal that cannot show "é"
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
    """Open what the caller has closed, as some schedulers do: there is nothing to read or show.

    In the order of their numbers, or a file that is opened later would be taken for one of them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


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
