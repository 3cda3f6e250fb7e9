"""The split against the data: parts without rows, parts too small to measure with."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from recgen.config import DataConfig, FeatureConfig
from recgen.data.estimates import Parts, parts
from recgen.data.profile import Profile
from recgen.rules.base import Problem, Rule

_RECALL = 0.3  # of a good model on Online Retail, at 100
_ERROR = 0.02  # what twice the width gains there


def _held_out(found: Parts) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("validation", found.validation), ("test", found.test)


def _no_rows(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    found = parts(features, data, profile)
    if found is None:
        return
    for name, rows in _held_out(found):
        if rows == 0:
            message = f"no row falls into the {name} part ({_sizes(found)})"
            help = "Give it a larger share, or check the dates."
            yield Problem(("data", "split", name), message, help)
    if found.training <= 0:
        message = f"no row is left to train on ({_sizes(found)})"
        yield Problem(("data", "split"), message, "Lower the shares, or check the dates.")


def _sizes(found: Parts) -> str:
    names = (("training", found.training), *_held_out(found))
    return ", ".join(f"{name} {rows:,}" for name, rows in names)


def _few_rows(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    found = parts(features, data, profile)
    for name, rows in _held_out(found) if found else ():
        error = sqrt(_RECALL * (1 - _RECALL) / rows) if rows else 0
        if error > _ERROR:
            message = (
                f"the {name} part has only {rows:,} of {profile.rows:,} rows: a recall of "
                f"{_RECALL} has a standard error of {error:.3f} there"
            )
            help = "Give it a larger share or more data; do not choose by smaller differences."
            yield Problem(("data", "split", name), message, help)


RULES = (
    Rule(
        code="RG524",
        severity="error",
        title="A part of the split without rows",
        reason="`train` stops when training, validation or test is empty: there is nothing to "
        "learn from, or to measure with. Shares of a split by time are shares of the time span, "
        "in which a quiet end holds no row.",
        example="data:\n  split: {kind: strict_time, date_column: day, validation: 0.001}",
        remedy="Enlarge the share, or mend the dates.",
        checks=(_no_rows,),
    ),
    Rule(
        code="RG525",
        severity="warning",
        title="Too few rows to measure recall",
        reason="Recall over n rows has a standard error of sqrt(r · (1 - r) / n), more when a "
        "buyer has several of them. Said when it is above 0.02 at a recall of 0.3, so below 525 "
        "rows: 0.02 is what wider embeddings (128 for 32) gained on Online Retail.",
        example="data:\n  split: {kind: random, test: 0.01}  # of 10,000 rows",
        remedy="Enlarge the share or the data.",
        checks=(_few_rows,),
    ),
)
