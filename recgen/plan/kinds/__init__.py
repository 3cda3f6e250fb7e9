"""Kinds of model: each plans the parts of its trainer besides towers, optimizer and data."""

from recgen.config import ExperimentConfig
from recgen.plan.kinds.retrieval import RetrievalPlan, plan_retrieval
from recgen.plan.towers import Tower

__all__ = ["KindPlan", "RetrievalPlan", "plan_kind", "plan_retrieval"]

KindPlan = RetrievalPlan
_KINDS = {"retrieval": plan_retrieval}


def plan_kind(config: ExperimentConfig, candidate: Tower) -> KindPlan:
    """Return the plan of the config's kind of model, with its tower of products."""
    return _KINDS[config.model.model_type](config, candidate)
