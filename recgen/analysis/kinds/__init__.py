"""Kinds of model: what success is for each, picked by the file's `model_type`.

To add a kind, write its module and its line here; the rest of `analysis` asks a `Kind`.
"""

from recgen.analysis.kinds.base import Curve, Figure, Judged, Kind, Split
from recgen.analysis.kinds.retrieval import Retrieval
from recgen.metrics import TrainingMetrics

_KINDS: dict[str, type[Kind]] = {"retrieval": Retrieval}
_OLDER = "retrieval"  # older trainers knew no other, and did not say so

__all__ = ["Curve", "Figure", "Judged", "Kind", "Retrieval", "Split", "kind_of"]


def kind_of(metrics: TrainingMetrics, candidates: int | None = None) -> Kind:
    """Returns a run's measures, by the kind of its model.

    Args:
        metrics: What the trainer measured.
        candidates: Products to choose from, if known.
    """
    return _KINDS.get(metrics.params.model_type or _OLDER, Retrieval)(metrics, candidates)
