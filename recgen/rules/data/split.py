"""The split against the data: parts without rows, parts too small to measure with."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from recgen.config import DataConfig, FeatureConfig
from recgen.data.estimates import Parts, parts
from recgen.data.profile import Profile
from recgen.rules.registry import Problem, rule

_RECALL = 0.3  # of a good model on Online Retail, at 100
_ERROR = 0.02  # what twice the width gains there


def _held_out(found: Parts) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("validation", found.validation), ("test", found.test)


@rule("RG524", "error")
def empty_part(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """A part of the split without rows.

    `train` stops when training, validation or test is empty: there is nothing to learn from, or to
    measure with. Shares of a split by time are shares of the time span, and a quiet end of it may
    hold no rows.

    Example:
        data:
          split: {kind: strict_time, date_column: day, validation: 0.001}

    Use instead:
        data:
          split: {kind: strict_time, date_column: day, validation: 0.05}

    Enlarge the share, or correct the dates.
    """
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


@rule("RG525", "warning")
def few_rows_held_out(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """Too few rows to measure recall.

    Recall over n rows has a standard error of sqrt(r · (1 - r) / n), more when a buyer has several
    of them. Reported when it is above 0.02 at a recall of 0.3, that is below 525 rows: 0.02 is what
    wider embeddings (128 instead of 32) gained on Online Retail.

    Example:
        data:
          split: {kind: random, test: 0.01}  # of 10,000 rows

    Use instead:
        data:
          split: {kind: random, test: 0.1}  # of 10,000 rows

    Enlarge the share or the data.
    """
    found = parts(features, data, profile)
    for name, rows in _held_out(found) if found else ():
        error = sqrt(_RECALL * (1 - _RECALL) / rows) if rows else 0
        if error > _ERROR:
            message = (
                f"the {name} part has only {rows:,} of {profile.rows:,} rows: a recall of "
                f"{_RECALL} has a standard error of {error:.3f} there"
            )
            help = "Give it a larger share or more data; smaller differences decide nothing."
            yield Problem(("data", "split", name), message, help)
