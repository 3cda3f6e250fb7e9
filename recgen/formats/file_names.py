"""How the machines' formats name a file."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from urllib.parse import quote


def relative(source: str) -> str:
    """Returns a file's name as seen from the current folder, with `/` between its parts.

    What lies elsewhere keeps its whole path.
    """
    path = PurePath(source)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def uri(source: str) -> str:
    """Returns the URI reference of a file: relative to the current folder, percent-encoded."""
    name = relative(source)
    try:
        encoded = quote(os.fsencode(name))
    except UnicodeEncodeError:  # half a surrogate pair: no file has such a name
        encoded = quote(name.encode(errors="backslashreplace"))
    return f"file://{encoded}" if encoded.startswith("/") else encoded
