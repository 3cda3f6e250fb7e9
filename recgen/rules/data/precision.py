"""Rule on numbers that lose their differences when they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from math import frexp

from recgen.config import FeatureConfig, NumericFeature, dtype_of
from recgen.data.columns import described
from recgen.data.profile import Profile
from recgen.findings import show
from recgen.rules.registry import Problem, rule

_BITS = {"float32": 24, "int64": 53}  # whole numbers are scaled as float64
_FEWEST = 1024  # numbers that can be told apart within the range


@rule("RG551", "warning")
def rounded(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Numbers that are rounded until most of them are equal.

    FLOAT64 columns are stored with 24 bits (float32), as in TFX. Around 202,401,010,000, a minute
    as YYYYMMDDHHMM, they are multiples of 16,384, so that all minutes of a month become two or
    three values. Whole numbers of an INT64 column keep 53 bits until they are scaled. Reported if
    fewer than 1,024 different numbers remain within the range of the data, and the data has more.

    Example:
        features:
          product_model_features:
            - {column: minute, bq_type: FLOAT64, data_type: numeric}  # 202401010000 to 202401312359

    Use instead:
        features:
          product_model_features:
            - {column: minute, bq_type: INT64, data_type: numeric}  # 202401010000 to 202401312359

    Set `bq_type: INT64` for whole numbers; subtract a constant from others.
    """
    for path, feature, column in described(features, profile):
        if not isinstance(feature, NumericFeature) or column.low is None or column.high is None:
            continue
        bits = _BITS[dtype_of(feature.bq_type)]
        step = 2.0 ** (frexp(max(abs(column.low), abs(column.high)))[1] - bits)
        left = int((column.high - column.low) / step) + 1
        if left >= min(column.distinct, _FEWEST):
            continue
        message = (
            f"{show(feature.output_name)} has {column.distinct:,} values from {column.low:,.15g} "
            f"to {column.high:,.15g}, which are rounded to at most {left:,}"
        )
        if bits == _BITS["float32"] and column.kind in ("integer", "time"):
            help = "Set `bq_type: INT64`: whole numbers are scaled exactly."
            yield Problem((*path, "bq_type"), message, help, fix=("set", "INT64"))
        else:
            yield Problem(path, message, "Subtract a constant before, or give it as `text`.")
