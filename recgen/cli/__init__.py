"""The command line: what a user meets when something goes wrong, around the commands."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from recgen.findings import ConfigError, RecgenError

_LITTLE = ("google", "google_crc32c", "numpy", "pyarrow", "tensorflow_metadata")  # google.protobuf
_EXTRA = (*_LITTLE, "apache_beam", "tensorflow", "tensorflow_transform")
_INSTALL = 'install the extra: pip install "recgen[train]"'
_INSTALL_LITTLE = f'{_INSTALL}, or "recgen[data]" to read data without training'


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and ends the process.

    Exit codes: 0 fine, 1 findings (or stale output, or a training that failed), 2 usage or
    environment.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that has no "é"
    try:
        _run(arguments)
        sys.stdout.flush()  # here, a full disk can still be told
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
        advice = _INSTALL_LITTLE if package in _LITTLE else _INSTALL
        _fail(RecgenError(f"this command needs {error.name}, which is not installed", advice))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(RecgenError(f"{where}{error.strerror or error}"))


def _run(arguments: Sequence[str] | None) -> None:
    from recgen.cli import (  # noqa: F401, I001 (they join the app, in the order of --help)
        check,
        schema,
        upgrade,
        diagnose,
        compare,
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
    from recgen.cli.app import app

    try:
        app(arguments, prog_name="recgen")
    except SystemExit as ended:
        if ended.code:
            raise


def _fail(error: RecgenError) -> None:
    from recgen.cli import show

    show.error(error)
    sys.exit(2)
