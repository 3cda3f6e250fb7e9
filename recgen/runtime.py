"""Runtime of generated trainers: plain Python, the same for all configs.

`templates/runtime/trainer_runtime.py` is emitted as it is, below a header with its digest. A
single-file trainer includes the same text.
"""

from __future__ import annotations

import hashlib
from functools import cache

from recgen.plan.header import MARK
from recgen.templates import TEMPLATES

NAME = "trainer_runtime.py"
_IMPORTS_END = "# Bounds of time and memory.\n"


@cache
def runtime_digest() -> str:
    """Return the first 12 hex digits of the SHA-256 of the runtime's text."""
    return hashlib.sha256(_source().encode()).hexdigest()[:12]


def runtime_text() -> str:
    """Return the contents of `trainer_runtime.py`."""
    return f"{MARK}\n# digest: {runtime_digest()}\n{_source()}"


def runtime_body() -> str:
    """Return the runtime without its docstring and imports, for a single-file trainer."""
    _, mark, body = _source().partition(_IMPORTS_END)
    return mark + body


@cache
def _source() -> str:
    return (TEMPLATES / "runtime" / NAME).read_text(encoding="utf-8")
