"""Kinds of model, chosen by `model_type` in the metrics file: what success means for each.

To add a kind, write its module and add it here; the rest of `analysis` only uses `Kind`.
"""

from recgen.analysis.kinds.base import (
    FEW_ROWS,
    Curve,
    Figure,
    Judged,
    Kind,
    Split,
    lead_over,
    share,
)
from recgen.analysis.kinds.retrieval import Retrieval
from recgen.metrics import TrainingMetrics

_KINDS: dict[str, type[Kind]] = {"retrieval": Retrieval}
_OLDER = "retrieval"  # files of older trainers do not name their kind

__all__ = [
    "FEW_ROWS",
    "Curve",
    "Figure",
    "Judged",
    "Kind",
    "Retrieval",
    "Split",
    "kind_of",
    "lead_over",
    "share",
]


def kind_of(metrics: TrainingMetrics, candidates: int | None = None) -> Kind:
    """Return the measures of a run, according to its kind of model.

    Args:
        metrics: The metrics of the run.
        candidates: Number of products to choose from, if known.
    """
    return _KINDS.get(metrics.params.model_type or _OLDER, Retrieval)(metrics, candidates)
