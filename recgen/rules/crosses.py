"""Crosses: what hashing does to them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.config import Cross, DataConfig, FeatureConfig
from recgen.config.paths import all_crosses, id_features
from recgen.findings import show
from recgen.rules.base import Problem, Rule

_FULL = 10  # combinations a bucket: far above


def _own_id(features: FeatureConfig) -> Iterator[Problem]:
    ids = {
        (f"{side}_model_crosses", feature.column): side
        for side, _, feature in id_features(features)
    }
    for path, cross in all_crosses(features):
        for member in cross.features:
            side = ids.get((str(path[1]), member.column))
            if side:
                message = f"the {side} ID {show(member.output_name)} is crossed"
                help = "Remove the cross; the ID has an embedding of its own."
                yield Problem(path, message, help)


def _collisions(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    for path, cross in all_crosses(features):
        least = _combinations(cross, data)
        share = least / cross.hash_bucket_size
        if share <= 1:
            continue
        message = (
            f"{least:,} combinations of numbers and times share {cross.hash_bucket_size:,} "
            f"buckets: {1 - math.exp(-share):.0%} of them collide"
        )
        help = "Lower `crossing_buckets`, or raise `hash_bucket_size`."
        at = (*path, "hash_bucket_size")
        yield Problem(at, message, help, severity=None if share >= _FULL else "info")


def _combinations(cross: Cross, data: DataConfig) -> int:
    """Returns how many combinations the config shows; text counts as one value."""
    combinations = 1
    for member in cross.features:
        if member.type != "text":
            is_bool = data.column_types.get(member.output_name) in ("BOOL", "BOOLEAN")
            combinations *= 2 if is_bool else member.crossing_buckets
    return combinations


RULES = (
    Rule(
        code="RG124",
        severity="warning",
        title="A cross of a tower's own ID",
        reason="Each ID then has many combinations, each with a few rows: the cross memorizes "
        "them, what is new falls into somebody else's bucket, and thousands of IDs share a few "
        "thousand hash buckets.",
        example="features:\n  buyer_id_column: customer_id\n  buyer_model_crosses:\n"
        "    - features: [{column: customer_id}, {column: season}]",
        remedy="Cross columns with few values.",
        checks=(_own_id,),
    ),
    Rule(
        code="RG125",
        severity="warning",
        title="More combinations than hash buckets",
        reason="A hash puts combinations into buckets at random. With n combinations in m buckets "
        "a share of 1 - exp(-n/m) meets another one: 63% when they are equal, 86% at twice as "
        "many, all at ten times as many (below that it is a note).",
        example="features:\n  buyer_model_crosses:\n    - features:\n"
        "        - {column: age, type: numeric, crossing_buckets: 500}\n"
        "        - {column: income, type: numeric, crossing_buckets: 500}\n"
        "      hash_bucket_size: 5000",
        remedy="Use some ten `crossing_buckets`, or a larger `hash_bucket_size`.",
        checks=(_collisions,),
    ),
)
