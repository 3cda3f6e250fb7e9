"""Whether a file has TFRecords, or a vocabulary, by its first bytes and its name."""

from __future__ import annotations

import re

from recgen.inspect.records.places import Place
from recgen.inspect.records.stream import is_header, read_head

_SHARD = re.compile(r"tfrecord|-\d{5}-of-\d{5}", re.IGNORECASE)
_SAMPLE = 2**16  # bytes that tell text from what is none


def is_records(path: Place) -> bool:
    """Return whether a file has TFRecords, by its name or by what is in it."""
    if "vocab" in path.name.lower():
        return False
    return _SHARD.search(path.name) is not None or is_header(_head(path))


def is_vocabulary(path: Place) -> bool:
    """Return whether a file is a vocabulary, by its name or that of its folder."""
    return "vocab" in path.name.lower() or path.parent.name == "assets"


def is_text(path: Place) -> bool:
    """Return whether a file may be text: it has no NUL."""
    return b"\0" not in _head(path, _SAMPLE)


def _head(path: Place, size: int = 12) -> bytes:
    """Returns the first bytes of a file; none if it cannot be read, which reading it says."""
    try:
        return read_head(path, size)
    except OSError:
        return b""
