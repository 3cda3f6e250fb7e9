"""File names in machine-readable formats."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from urllib.parse import quote


def relative(source: str) -> str:
    """Return a file's name relative to the current folder, with `/` between its parts.

    Files outside that folder keep their full path.
    """
    path = PurePath(source)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def uri(source: str) -> str:
    """Return the URI reference of a file: relative to the current folder, percent-encoded."""
    name = relative(source)
    try:
        encoded = quote(os.fsencode(name))
    except UnicodeEncodeError:  # half a surrogate pair: no file has such a name
        encoded = quote(name.encode(errors="backslashreplace"))
    return f"file://{encoded}" if encoded.startswith("/") else encoded
