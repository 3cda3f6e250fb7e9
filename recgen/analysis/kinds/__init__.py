"""Kinds of model, chosen by `model_type` in the metrics file: what success means for each.

To add a kind, write its module and add it here; the rest of `analysis` only uses `Kind`.
"""

from recgen.analysis.kinds.base import (
    ASSUMED_ROWS,
    FEW_ROWS,
    Curve,
    Figure,
    Judged,
    Kind,
    Split,
    lead_over,
    share,
)
from recgen.analysis.kinds.multitask import Multitask
from recgen.analysis.kinds.ranking import Ranking, predicts_ratings
from recgen.analysis.kinds.retrieval import Retrieval
from recgen.metrics import TrainingMetrics

_KINDS: dict[str, type[Kind]] = {
    "retrieval": Retrieval,
    "ranking": Ranking,
    "multitask": Multitask,
}

__all__ = [
    "ASSUMED_ROWS",
    "FEW_ROWS",
    "Curve",
    "Figure",
    "Judged",
    "Kind",
    "Multitask",
    "Ranking",
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
    return _KINDS[_type_of(metrics)](metrics, candidates)


def _type_of(metrics: TrainingMetrics) -> str:
    """Return the kind of model, by what was measured if the file does not name it."""
    named = (metrics.params.model_type or "").lower()
    if named in _KINDS:
        return named
    if not predicts_ratings(metrics):
        return "retrieval"
    return "multitask" if Retrieval(metrics, None).tests else "ranking"
