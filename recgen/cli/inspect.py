"""Command `inspect`: shows the contents of TFRecords, vocabularies and models."""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import asdict
from typing import Annotated, Any

import typer

from recgen.cli.app import Output, app
from recgen.findings import counted

_SECONDS = 0.5  # between updates of the display


@app.command()
def inspect(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="A run directory, the root of a pipeline, TFRecords (a file, a split, a folder of "
            "splits), a vocabulary, a transform output or a SavedModel; also at gs://.",
            show_default=False,
        ),
    ],
    format: Annotated[Output, typer.Option(help="Format of the output.")] = Output.text,
    rows: Annotated[
        int, typer.Option(metavar="N", min=0, max=1000, help="Number of first rows to show.")
    ] = 3,
) -> None:
    """Show and check TFRecords, vocabularies and models."""
    from recgen.cli.output import inspection
    from recgen.inspect import inspect as inspection_of  # imports numpy
    from recgen.inspect.places import place_of

    display = _Display()
    found = inspection_of(place_of(path), rows, display.rows)
    display.clear()
    if format is Output.json:
        content = {"ok": found.ok, **asdict(found)}
        print(json.dumps(_strict(content), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        inspection.show_inspection(found)
    raise typer.Exit(0 if found.ok else 1)


def _strict(value: Any) -> Any:
    """Return a value that JSON can represent: NaN and infinities become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _strict(item) for key, item in value.items()}
    return [_strict(item) for item in value] if isinstance(value, (list, tuple)) else value


class _Display:
    """Progress on a terminal: the number of rows read, since large files take minutes."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next = time.monotonic() + _SECONDS
        self._width = 0

    def rows(self, count: int) -> None:
        """Show the number of rows from time to time."""
        if self._is_shown and time.monotonic() >= self._next:
            text = f"read {counted(count, 'row')}"
            print(f"\r{text:<{self._width}}", end="", file=sys.stderr, flush=True)
            self._width = max(self._width, len(text))
            self._next = time.monotonic() + _SECONDS

    def clear(self) -> None:
        """Clear the display."""
        if self._width:
            print(f"\r{'':<{self._width}}\r", end="", file=sys.stderr, flush=True)
