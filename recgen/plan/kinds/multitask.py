"""Multitask: retrieval and ranking over the same towers, learnt together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from recgen.config import ExperimentConfig, ModelConfig
from recgen.plan.constants import Constant, Group, constants
from recgen.plan.kinds.ranking import RankingPlan, plan_ranking
from recgen.plan.kinds.retrieval import RetrievalPlan, plan_retrieval
from recgen.plan.towers import Tower


@dataclass(frozen=True, slots=True)
class MultitaskPlan:
    """The parts of a multitask trainer besides towers, optimizer and data.

    Attributes:
        retrieval: The part that finds products.
        ranking: The part that predicts a target.
        learns_weights: Whether the weights of the tasks are learnt, from their uncertainty.
        constants: Constants of the model.
        model_type: The name of the kind.
    """

    title: ClassVar = "trainer/multitask/title.j2"
    parts: ClassVar = (
        "trainer/ranking/target.j2",
        "trainer/towers.j2",
        "trainer/ranking/head.j2",
        "trainer/multitask/model.j2",
        "trainer/multitask/serving.j2",
        "trainer/multitask/run.j2",
    )
    success: ClassVar = "a better mean of both tasks"

    retrieval: RetrievalPlan
    ranking: RankingPlan
    learns_weights: bool
    constants: tuple[Constant, ...]
    model_type: str = "multitask"

    @property
    def reads(self) -> tuple[str, ...]:
        """Keys of the target's features."""
        return self.ranking.reads

    @property
    def is_approximate(self) -> bool:
        """Whether ScaNN searches the products when serving."""
        return self.retrieval.is_approximate

    @property
    def negatives_group(self) -> Group:
        """Constants of the negatives."""
        return self.retrieval.negatives_group


def plan_multitask(config: ExperimentConfig, candidate: Tower) -> MultitaskPlan:
    """Return the plan; the config must have passed the check.

    Args:
        config: The config.
        candidate: The tower of the products.
    """
    retrieval, ranking = plan_retrieval(config, candidate), plan_ranking(config, candidate)
    own = constants(*_weights(config.model))
    return MultitaskPlan(
        retrieval=retrieval,
        ranking=ranking,
        learns_weights=config.model.task_weights == "uncertainty",
        constants=(*own, *retrieval.constants, *ranking.constants),
    )


def _weights(model: ModelConfig) -> Iterator[Constant]:
    note = "of its loss, relative to that of a model that knows nothing"
    yield Constant("RETRIEVAL_WEIGHT", model.weight_of("retrieval"), note)
    yield Constant("RANKING_WEIGHT", model.weight_of("ranking"), note)
