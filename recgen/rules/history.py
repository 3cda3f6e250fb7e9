"""History features: whose vectors they use."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from recgen.config import FeatureConfig, History, HistoryFeature
from recgen.findings import Location, show
from recgen.rules.base import MAX_COMPARED, Problem, Rule, all_features, embeddings_of


def _histories(features: FeatureConfig) -> Iterator[tuple[Location, History]]:
    for path, feature in all_features(features):
        if isinstance(feature, HistoryFeature):
            history = feature.transforms.enabled.get("history")
            if isinstance(history, History):
                yield (*path, "transforms", "history"), history


def _shared_with_nothing(features: FeatureConfig) -> Iterator[Problem]:
    known = dict.fromkeys(f.output_name for _, f, _ in embeddings_of(features))
    for index, (path, history) in enumerate(_histories(features)):
        if history.shared_with not in known:
            message = f"shared_with {show(history.shared_with)} is no text feature of a tower"
            is_soon = index * len(known) <= MAX_COMPARED
            close = get_close_matches(history.shared_with, known, n=1) if is_soon else []
            help = f"Did you mean {show(close[0])}?" if close else "Name one by its output name."
            at = (*path, "shared_with")
            yield Problem(at, message, help, fix=("set", close[0]) if close else None)


def _other_width(features: FeatureConfig) -> Iterator[Problem]:
    widths = {f.output_name: embedding.embedding_dim for _, f, embedding in embeddings_of(features)}
    for path, history in _histories(features):
        width = widths.get(history.shared_with)
        if history.embedding_dim is not None and width not in (None, history.embedding_dim):
            name = show(history.shared_with)
            message = f"the vectors of {name} are {width} wide, not {history.embedding_dim}"
            help = "Remove it: the width is the shared feature's."
            yield Problem((*path, "embedding_dim"), message, help, fix=("remove", None))


RULES = (
    Rule(
        code="RG126",
        severity="error",
        title="shared_with names no text feature",
        reason="A history is a list of indices into another feature's vocabulary. A feature that "
        "is no text, or is in no tower, has none.",
        example="features:\n  buyer_model_features:\n    - column: past\n      data_type: history\n"
        "      transforms: {history: {shared_with: price}}",
        remedy="Name a text feature of either tower by its output name.",
        checks=(_shared_with_nothing,),
    ),
    Rule(
        code="RG127",
        severity="error",
        title="A history of another width than the vectors that it shares",
        reason="The history's values are embedded with the vectors of `shared_with`, and these "
        "have one width. Two histories that share with different features have two tables.",
        example="features:\n  buyer_model_features:\n    - {column: sku, data_type: text}\n"
        "    - column: past\n      data_type: history\n"
        "      transforms: {history: {shared_with: sku, embedding_dim: 8}}",
        remedy="Leave `embedding_dim` of the history away.",
        checks=(_other_width,),
    ),
)
