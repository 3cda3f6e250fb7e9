"""What a config may say and recgen cannot do yet, and what would be wrong with it then."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import FeatureConfig, ModelConfig
from recgen.rules.base import Problem, Rule


def _model_not_supported(model: ModelConfig) -> Iterator[Problem]:
    if model.model_type != "retrieval":
        message = f"model_type {model.model_type!r} is not supported yet"
        yield Problem(("model", "model_type"), message, "Use `retrieval`.")
    if model.retrieval_algorithm != "brute_force":
        message = f"retrieval_algorithm {model.retrieval_algorithm!r} is not supported yet"
        help = "Use `brute_force`; it is exact, and fast up to some 100,000 products."
        path = ("model", "retrieval_algorithm")
        yield Problem(path, message, help, fix=("set", "brute_force"))


def _leaves(model: ModelConfig) -> Iterator[Problem]:
    leaves, searched = model.scann_num_leaves, model.scann_leaves_to_search
    if model.retrieval_algorithm == "scann" and leaves and searched and searched > leaves:
        path = ("model", "scann_leaves_to_search")
        message = f"{searched:,} leaves to search, and there are {leaves:,}"
        yield Problem(path, message, "Search a tenth of them or fewer; all are brute force.")


def _nothing_to_rank(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    if model.model_type == "retrieval":
        return
    if not features.target_column:
        message = f"a {model.model_type} model needs `target_column`: what it predicts"
        yield Problem(("features", "target_column"), message, "Name the column, or use retrieval.")
    if model.model_type == "multitask":
        for name in ("retrieval_weight", "ranking_weight"):
            if getattr(model, name) == 0:
                message = f"{name} 0: that task is computed and never learnt"
                help = "Use the model type of the other task alone."
                yield Problem(("model", name), message, help)


RULES = (
    Rule(
        code="RG090",
        severity="error",
        title="Not supported yet",
        reason="The config is valid, but recgen would have to leave a part of it out. A feature "
        "that was dropped in silence was once blamed for a model's quality.",
        example="model:\n  model_type: ranking",
        remedy="Use retrieval with brute_force.",
        checks=(_model_not_supported,),
    ),
    Rule(
        code="RG230",
        severity="error",
        title="More leaves to search than there are",
        reason="ScaNN searches some of the leaves into which it has divided the catalogue. To "
        "search them all is brute force, only slower; to search more is a mistake.",
        example="model:\n  retrieval_algorithm: scann\n  scann_num_leaves: 100\n"
        "  scann_leaves_to_search: 200",
        remedy="Search a tenth of the leaves or fewer.",
        checks=(_leaves,),
    ),
    Rule(
        code="RG231",
        severity="error",
        title="Ranking without something to rank",
        reason="Ranking and multitask models predict `target_column`. A task whose weight is 0 "
        "takes its time in every step and learns nothing.",
        example="model:\n  model_type: multitask\n  ranking_weight: 0",
        remedy="Name the target, and give both tasks a weight.",
        checks=(_nothing_to_rank,),
    ),
)
