"""From a path as it was given to a file or folder."""

from __future__ import annotations

from pathlib import Path

from recgen.inspect.records.places import Place, Remote
from recgen.reading.remote import open_system


def place_of(path: str) -> Place:
    """Return a file or folder, on this machine or behind a scheme such as gs://.

    Raises:
        RecgenError: A library for the scheme is missing, or the scheme is unknown.
    """
    if "://" not in path:
        return Path(path)
    system, inner = open_system(path)
    return Remote(inner, path.rstrip("/"), system)
