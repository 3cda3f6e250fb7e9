"""Rules on the search of products, and on tasks without anything to learn."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import FeatureConfig, ModelConfig
from recgen.rules.registry import Problem, rule


@rule("RG230", "error", of_retrieval=True)
def too_many_leaves(model: ModelConfig) -> Iterator[Problem]:
    """More leaves to search than exist.

    ScaNN divides the catalogue into leaves and searches some of them. Searching all of them is a
    slower brute force; searching more than exist is a mistake.

    Example:
        model:
          retrieval_algorithm: scann
          scann_num_leaves: 100
          scann_leaves_to_search: 200

    Use instead:
        model:
          retrieval_algorithm: scann
          scann_num_leaves: 100
          scann_leaves_to_search: 25

    Search a quarter of the leaves or fewer.
    """
    leaves, searched = model.scann_num_leaves, model.scann_leaves_to_search
    if model.retrieval_algorithm == "scann" and leaves and searched and searched > leaves:
        path = ("model", "scann_leaves_to_search")
        message = f"{searched:,} leaves to search, but there are only {leaves:,}"
        yield Problem(
            path, message, "Search a quarter of them or fewer: searching all is brute force."
        )


@rule("RG231", "error")
def nothing_to_predict(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """Ranking without anything to predict.

    Ranking and multitask models predict `target_column`. A task with weight 0 takes time in every
    step and learns nothing.

    Example:
        model:
          model_type: multitask
          ranking_weight: 0

    Use instead:
        features:
          target_column: rating
        model:
          model_type: multitask

    Name the target, and give both tasks a weight.
    """
    if model.model_type == "retrieval":
        return
    if features.target is None:
        message = f"a {model.model_type} model needs `target_column`, which it predicts"
        yield Problem(("features", "target_column"), message, "Name the column, or use retrieval.")
    if model.model_type == "multitask":
        weights = ("retrieval_weight", "ranking_weight")
        idle = [name for name in weights if getattr(model, name) == 0]
        if len(idle) == len(weights):
            message = "the weights of both tasks are 0: nothing is learnt"
            yield Problem(("model", idle[-1]), message, "Give both a weight, such as 1.")
            return
        for name in idle:
            message = f"{name} is 0: this task is computed but never learnt"
            help = "Use the model type of the other task alone."
            yield Problem(("model", name), message, help)
