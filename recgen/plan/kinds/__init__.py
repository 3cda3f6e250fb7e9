"""Kinds of model: each plans the parts of its trainer besides towers, optimizer and data."""

from collections.abc import Callable

from recgen.config import ExperimentConfig
from recgen.plan.kinds.multitask import MultitaskPlan, plan_multitask
from recgen.plan.kinds.ranking import RankingPlan, plan_ranking
from recgen.plan.kinds.retrieval import RetrievalPlan, plan_retrieval
from recgen.plan.towers import Tower

__all__ = [
    "KINDS",
    "KindPlan",
    "MultitaskPlan",
    "RankingPlan",
    "RetrievalPlan",
    "plan_kind",
    "plan_multitask",
    "plan_ranking",
    "plan_retrieval",
]

KindPlan = RetrievalPlan | RankingPlan | MultitaskPlan
_KINDS: dict[str, Callable[[ExperimentConfig, Tower], KindPlan]] = {
    "retrieval": plan_retrieval,
    "ranking": plan_ranking,
    "multitask": plan_multitask,
}
KINDS = tuple(_KINDS)
"""Their names."""


def plan_kind(config: ExperimentConfig, candidate: Tower) -> KindPlan:
    """Return the plan of the config's kind of model, with its tower of products."""
    return _KINDS[config.model.model_type](config, candidate)
