"""Rules on what a config takes as null."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig
from recgen.config.paths import all_crosses, all_features
from recgen.config.times import mark_seconds
from recgen.findings import show
from recgen.rules.effect import unused, without_effect
from recgen.rules.registry import Problem, rule

_MAY_BE_TIME = re.compile(r"[1-9]")  # 0000-00-00 is null in any case, and "never" is not a time


@rule("RG136", "warning")
def unknown_mark(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    """A time that stands for null, of which nobody knows which time it is.

    `train` compares the values in `null_times` with the texts of the file. `preprocessing_fn` and
    the model that is served get epoch seconds, in which 01/02/1900 cannot be found: it may be
    in January or in February. Rows of a pipeline, and requests, then have a purchase of 1900 where
    the rows of `train` have nothing.

    Example:
        data:
          null_times: [01/02/1900]
          split: {kind: strict_time, date_column: bought_at}

    Use instead:
        data:
          null_times: [1900-02-01]
          split: {kind: strict_time, date_column: bought_at}

    Write it in ISO form, or give the format of the column under `column_types`, such as
    `%d/%m/%Y`.
    """
    words = {data.time_format_of(name) for name in _columns_of_times(features, data)}
    if not words:
        return
    for index, mark in enumerate(data.null_times or ()):
        if _MAY_BE_TIME.search(mark) and all(mark_seconds(mark, word) is None for word in words):
            message = (
                f"{show(mark)} is null for `train` alone: it is not certain which time it is, so "
                "the modules, which get epoch seconds, cannot recognize it"
            )
            help = "Write it in ISO form, such as 1900-02-01, or the column's format."
            yield Problem(("data", "null_times", index), message, help)


@without_effect.check
def _without_times(features: FeatureConfig, data: DataConfig) -> Iterator[Problem]:
    if data.null_times is not None and not _columns_of_times(features, data):
        yield unused(("data", "null_times"), "no column has times, except for times of day")


def _columns_of_times(features: FeatureConfig, data: DataConfig) -> set[str]:
    """Return the names of the columns that are read as times, without those of times of day."""
    types = {f.output_name: f.bq_type for _, f in all_features(features) if _is_temporal(f)}
    for _, cross in all_crosses(features):
        for member in cross.features:
            if member.type == "temporal":
                name = member.output_name
                types.setdefault(name, data.type_of(name, member.usual_type))
    if data.split and (date := data.split.date_column):
        types.setdefault(date, data.type_of(date, "TIMESTAMP"))
    return {name for name, bq_type in types.items() if bq_type != "TIME"}


def _is_temporal(feature: object) -> bool:
    return getattr(feature, "data_type", "") == "temporal"
