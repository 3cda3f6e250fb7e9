"""Rules on settings that recgen does not support yet, and on mistakes in these settings."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import FeatureConfig, ModelConfig
from recgen.rules.registry import Problem, rule


@rule("RG090", "error")
def not_supported(model: ModelConfig) -> Iterator[Problem]:
    """Not supported yet.

    The config is valid, but recgen would have to ignore part of it. A feature that had been
    silently dropped was once blamed for the quality of a model.

    Example:
        model:
          model_type: ranking

    Use instead:
        model:
          model_type: retrieval

    Use retrieval with brute_force.
    """
    if model.model_type != "retrieval":
        message = f"model_type {model.model_type!r} is not supported yet"
        yield Problem(("model", "model_type"), message, "Use `retrieval`.")
    if model.retrieval_algorithm != "brute_force":
        message = f"retrieval_algorithm {model.retrieval_algorithm!r} is not supported yet"
        help = "Use `brute_force`; it is exact, and fast up to about 100,000 products."
        path = ("model", "retrieval_algorithm")
        yield Problem(path, message, help, fix=("set", "brute_force"))


@rule("RG230", "error")
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
          scann_leaves_to_search: 10

    Search a tenth of the leaves or fewer.
    """
    leaves, searched = model.scann_num_leaves, model.scann_leaves_to_search
    if model.retrieval_algorithm == "scann" and leaves and searched and searched > leaves:
        path = ("model", "scann_leaves_to_search")
        message = f"{searched:,} leaves to search, but there are only {leaves:,}"
        yield Problem(
            path, message, "Search a tenth of them or fewer: searching all is brute force."
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
        for name in ("retrieval_weight", "ranking_weight"):
            if getattr(model, name) == 0:
                message = f"{name} is 0: this task is computed but never learnt"
                help = "Use the model type of the other task alone."
                yield Problem(("model", name), message, help)
