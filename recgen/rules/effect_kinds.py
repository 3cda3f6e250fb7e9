"""Checks for settings of another kind of model; their rule is in effect.py."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import FeatureConfig, ModelConfig
from recgen.rules.effect import changed, unused, without_effect
from recgen.rules.registry import Problem

_OF_RANKING = (
    *("rating_head_layers", "head_dot_product", "head_cross_layers"),
    *("loss_function", "class_weight_damping", "pairwise_share"),
)
_WEIGHTS = ("task_weights", "retrieval_weight", "ranking_weight")
_OF_SCANN = ("scann_num_leaves", "scann_leaves_to_search")
_OF_RETRIEVAL = (
    *("negatives", "catalogue_negatives", "hard_negatives", "logq_correction"),
    *("remove_accidental_hits", "temperature", "label_smoothing", "output_dropout", "final_layer"),
    *("retrieval_algorithm", "top_k", *_OF_SCANN),
)


@without_effect.check
def in_target(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    """Yield a target that nothing predicts, and parts of it that are switched off."""
    target = features.target
    if target is None:
        return
    if model.model_type == "retrieval":
        yield unused(("features", "target_column"), "retrieval learns from purchases alone")
        return
    clip = target.transforms.clip_outliers
    if clip and clip.enabled and not target.is_clipped:
        path = ("features", "target_column", "transforms", "clip_outliers")
        yield unused(path, "neither `lower` nor `upper` is enabled")


@without_effect.check
def in_kind(model: ModelConfig) -> Iterator[Problem]:
    """Yield settings of the kinds of model that this one is not."""
    if model.model_type == "retrieval":
        for name in changed(model, *_OF_RANKING, *_WEIGHTS):
            yield unused(("model", name), "it belongs to ranking and multitask")
    elif model.model_type == "ranking":
        for name in changed(model, *_OF_RETRIEVAL):
            yield unused(("model", name), "it belongs to retrieval and multitask")
        for name in changed(model, *_WEIGHTS):
            yield unused(("model", name), "ranking has one task, whose weight is 1")
    if model.model_type != "retrieval" and model.loss != "binary_crossentropy":
        for name in changed(model, "class_weight_damping"):
            yield unused(("model", name), f"the loss {model.loss} has no classes")
    if model.retrieval_algorithm == "brute_force" and model.model_type != "ranking":
        for name in changed(model, *_OF_SCANN):
            yield unused(("model", name), "brute_force has no leaves")
