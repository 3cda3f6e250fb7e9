"""What a config may say and recgen cannot do yet."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import FeatureConfig, HistoryFeature, ModelConfig
from recgen.rules.base import Problem, Rule, all_features


def _model_not_supported(model: ModelConfig) -> Iterator[Problem]:
    if model.model_type != "retrieval":
        message = f"model_type {model.model_type!r} is not supported yet"
        yield Problem(("model", "model_type"), message, "Use `retrieval`.")
    if model.retrieval_algorithm != "brute_force":
        message = f"retrieval_algorithm {model.retrieval_algorithm!r} is not supported yet"
        help = "Use `brute_force`; it is exact, and fast up to some 100,000 products."
        path = ("model", "retrieval_algorithm")
        yield Problem(path, message, help, fix=("set", "brute_force"))


def _history_not_supported(features: FeatureConfig) -> Iterator[Problem]:
    for path, feature in all_features(features):
        if isinstance(feature, HistoryFeature):
            message = f"the history feature {feature.output_name!r} is not supported yet"
            yield Problem(path, message, "Remove the feature.", fix=("remove", None))


RULES = (
    Rule(
        code="RG090",
        severity="error",
        title="Not supported yet",
        reason="The config is valid, but recgen would have to leave a part of it out. A history "
        "feature that was dropped in silence was once blamed for a model's quality.",
        example="model:\n  model_type: ranking",
        remedy="Use retrieval with brute_force, without history features.",
        checks=(_model_not_supported, _history_not_supported),
    ),
)
