"""Runtime of generated trainers: plain Python, the same for all configs.

Its source are the parts in `templates/runtime/`. They are emitted as one file, below a header with
its digest. A single-file trainer includes the same text.
"""

from __future__ import annotations

import hashlib
from functools import cache

from recgen.bundle import Bundle, bundle
from recgen.plan.header import MARK
from recgen.templates import TEMPLATES

NAME = "trainer_runtime.py"
FOLDER = TEMPLATES / "runtime"
PARTS = (
    "__init__",
    "messages",
    "files",
    "settings",
    "rows",
    "buyer_groups",
    "catalogue",
    "histories",
    "replicas",
    "layers",
    "figures",
    "model",
    "health",
    "metrics_file",
    "failures",
    "checkpoints",
    "averages",
    "training",
    "raw",
    "retrieval.measures",
    "retrieval.counting",
    "retrieval.final_layer",
    "retrieval.search",
    "retrieval.scann",
    "retrieval.model",
    "retrieval.evaluation",
    "retrieval.final_fit",
    "retrieval.metrics_file",
    "retrieval.training",
    "ranking.rating",
    "ranking.pairs",
    "ranking.model",
    "ranking.measures",
    "ranking.means",
    "ranking.calibration",
    "ranking.evaluation",
    "ranking.metrics_file",
    "ranking.training",
    "multitask.model",
    "multitask.search",
    "multitask.metrics_file",
    "multitask.training",
)
"""The parts in the order in which they are emitted; each imports only from those before it."""


@cache
def runtime_digest() -> str:
    """Return the first 12 hex digits of the SHA-256 of the runtime's text."""
    return hashlib.sha256(_bundle().text.encode()).hexdigest()[:12]


def runtime_text() -> str:
    """Return the contents of `trainer_runtime.py`."""
    return f"{MARK}\n# digest: {runtime_digest()}\n{_bundle().text}"


def runtime_body() -> str:
    """Return the runtime without its beginning and imports, for a single-file trainer."""
    return _bundle().body


def runtime_imports() -> tuple[str, ...]:
    """Return the modules of the standard library that `runtime_body` needs, sorted."""
    return _bundle().imports


@cache
def _bundle() -> Bundle:
    paths = {name: FOLDER / f"{name.replace('.', '/')}.py" for name in PARTS}
    return bundle({name: path.read_text(encoding="utf-8") for name, path in paths.items()})
