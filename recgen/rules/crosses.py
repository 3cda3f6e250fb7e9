"""Rules on crosses: the effects of hashing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.config import Cross, DataConfig, FeatureConfig
from recgen.config.paths import all_crosses, id_features
from recgen.findings import show
from recgen.rules.registry import Problem, rule

_FULL = 10  # combinations per bucket, far above what works


@rule("RG124", "warning")
def own_id_crossed(features: FeatureConfig) -> Iterator[Problem]:
    """A cross with the tower's own ID.

    Each ID then has many combinations with few rows each. The cross memorizes them, new
    combinations fall into buckets that belong to others, and thousands of IDs share a few thousand
    hash buckets.

    Example:
        features:
          buyer_id_column: customer_id
          buyer_model_crosses:
            - features: [{column: customer_id}, {column: season}]

    Use instead:
        features:
          buyer_id_column: customer_id
          buyer_model_crosses:
            - features: [{column: country}, {column: season}]

    Cross columns with few values.
    """
    ids = {
        (f"{side}_model_crosses", feature.column): side
        for side, _, feature in id_features(features)
    }
    for path, cross in all_crosses(features):
        for member in cross.features:
            side = ids.get((str(path[1]), member.column))
            if side:
                message = f"the {side} ID {show(member.output_name)} is part of a cross"
                help = "Remove the cross; the ID has its own embedding."
                yield Problem(path, message, help)


@rule("RG125", "warning", also=("info",))
def hash_collisions(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    """More combinations than hash buckets.

    A hash puts combinations into buckets at random. With n combinations in m buckets, a share of 1
    - exp(-n/m) collides with another one: 63% if n equals m, 86% if n is twice m, and practically
    all if n is ten times m (with fewer, it is a note).

    Example:
        features:
          buyer_model_crosses:
            - features:
                - {column: age, type: numeric, crossing_buckets: 500}
                - {column: income, type: numeric, crossing_buckets: 500}
              hash_bucket_size: 5000

    Use instead:
        features:
          buyer_model_crosses:
            - features:
                - {column: age, type: numeric, crossing_buckets: 10}
                - {column: income, type: numeric, crossing_buckets: 10}
              hash_bucket_size: 5000

    Use about ten `crossing_buckets`, or a larger `hash_bucket_size`.
    """
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
    """Return the number of combinations known from the config; text counts as one value."""
    combinations = 1
    for member in cross.features:
        if member.type != "text":
            is_bool = data.column_types.get(member.output_name) in ("BOOL", "BOOLEAN")
            combinations *= 2 if is_bool else member.crossing_buckets
    return combinations
