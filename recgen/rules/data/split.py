"""Rules on the split in comparison with the data: empty parts, parts too small to measure."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from recgen.config import DataConfig, FeatureConfig
from recgen.data.estimates import SplitSizes, split_sizes, with_ids
from recgen.data.profile import Profile
from recgen.rules.registry import Problem, rule

_RECALL = 0.3  # of a good model on Online Retail, at 100
_ERROR = 0.02  # what twice the width gains there


def _held_out(found: SplitSizes) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("validation", found.validation), ("test", found.test)


@rule("RG524", "error")
def empty_part(features: FeatureConfig, data: DataConfig, profile: Profile) -> Iterator[Problem]:
    """A part of the split without rows.

    `train` stops if training, validation or test is empty: there is nothing to learn from or to
    measure with. The shares of a split by time are shares of the time span, and its end may contain
    no rows.

    Example:
        data:
          split: {kind: strict_time, date_column: day, validation: 0.001}

    Use instead:
        data:
          split: {kind: strict_time, date_column: day, validation: 0.05}

    Enlarge the share, or correct the dates.
    """
    found = split_sizes(features, data, profile)
    if found is None:
        return
    for name, rows in _held_out(found):
        if rows == 0:
            message = f"the {name} part has no rows ({_sizes(found)})"
            help = "Give it a larger share, or check the dates."
            yield Problem(("data", "split", name), message, help)
    if found.training <= 0:
        message = f"no rows are left to train on ({_sizes(found)})"
        yield Problem(("data", "split"), message, "Lower the shares, or check the dates.")


def _sizes(found: SplitSizes) -> str:
    names = (("training", found.training), *_held_out(found))
    return ", ".join(f"{name} {rows:,}" for name, rows in names)


@rule("RG525", "warning", of_retrieval=True)
def few_rows_held_out(
    features: FeatureConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """Too few rows to measure recall.

    A recall r over n rows has a standard error of sqrt(r · (1 - r) / n), and more if a buyer has
    several of the rows. Reported if it is above 0.02 at a recall of 0.3, that is, below 525 rows:
    0.02 is the gain of wider embeddings (128 instead of 32) on Online Retail.

    Example:
        data:
          split: {kind: random, test: 0.01}  # of 10,000 rows

    Use instead:
        data:
          split: {kind: random, test: 0.1}  # of 10,000 rows

    Enlarge the share or the data.
    """
    found = split_sizes(features, data, profile)
    of = with_ids(features, profile).rows
    for name, rows in _held_out(found) if found else ():
        error = sqrt(_RECALL * (1 - _RECALL) / rows) if rows else 0
        if error > _ERROR:
            message = (
                f"the {name} part has only {rows:,} of {of:,} rows: a recall of "
                f"{_RECALL} has a standard error of {error:.3f} there"
            )
            help = "Give it a larger share or more data; smaller differences are not significant."
            yield Problem(("data", "split", name), message, help)
