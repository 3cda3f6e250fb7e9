"""Rules on numbers and times in the data: tails, outliers, quantiles, missing values."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import Bucketize, FeatureConfig, Normalize, NumericFeature, TemporalFeature
from recgen.data.columns import described
from recgen.data.profile import Profile
from recgen.data.statistics import ColumnProfile
from recgen.findings import Location, percent, show
from recgen.rules.registry import Problem, rule

_SKEWED = 1.65  # exp(1/2): mean over median of a lognormal whose logarithm has a deviation of 1
_FAR = 100  # largest over median
_CROWD, _CORNER = 0.99, 0.01  # of the rows, of the range
_FEW = 0.01

Scaled = tuple[Location, NumericFeature | TemporalFeature, ColumnProfile]


def _scaled(features: FeatureConfig, profile: Profile) -> Iterator[Scaled]:
    for path, feature, column in described(features, profile):
        if isinstance(feature, (NumericFeature, TemporalFeature)):
            yield path, feature, column


@rule("RG517", "warning")
def long_tail(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """A long tail that is normalized without a logarithm.

    A few rows determine the standard deviation of such a column, so nearly all other rows get
    almost the same number. The logarithm distributes them evenly. Reported for columns without
    negative numbers if the mean is more than 1.65 times the median (exp(s²/2) for a lognormal
    distribution whose logarithm has a standard deviation of s = 1) and the maximum is more than 100
    times the median.

    Example:
        features:
          product_model_features:
            - {column: price, data_type: numeric, transforms: {normalize: {}}}

    Use instead:
        features:
          product_model_features:
            - {column: price, data_type: numeric, transforms: {log_transform: {}, normalize: {}}}
    """
    for path, feature, column in _scaled(features, profile):
        normalize = feature.transforms.enabled.get("normalize")
        z_score = isinstance(normalize, Normalize) and normalize.range is None
        plain = z_score and "log_transform" not in feature.active
        if plain and isinstance(feature, NumericFeature) and _is_skewed(column):
            message = (
                f"{show(feature.output_name)} has a long tail (median {column.median:.6g}, mean "
                f"{column.mean:.6g}, largest {column.high:.6g}) but is normalized without a "
                "logarithm"
            )
            at = (*path, "transforms", "log_transform")
            yield Problem(at, message, "Add `log_transform: {}`.", fix=("set", {}))


def _is_skewed(column: ColumnProfile) -> bool:
    low, median, mean, high = column.low, column.median, column.mean, column.high
    if low is None or median is None or mean is None or high is None:
        return False
    return low >= 0 < median and mean > _SKEWED * median and high > _FAR * median


@rule("RG518", "warning")
def outliers(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Outliers that take up the whole range.

    Scaled between minimum and maximum, 99% of the rows lie within 0.01 of each other (0.02 for [-1,
    1]), so the tower can barely distinguish them.

    Example:
        features:
          product_model_features:
            - column: price  # one of 999,999
              data_type: numeric
              transforms: {normalize: {range: [0, 1]}}

    Use instead:
        features:
          product_model_features:
            - column: price  # one of 999,999
              data_type: numeric
              transforms: {log_transform: {}, normalize: {}}

    Use the z-score with `log_transform`, use `bucketize`, or correct the outliers.
    """
    for path, feature, column in _scaled(features, profile):
        normalize = feature.transforms.enabled.get("normalize")
        ranged = isinstance(normalize, Normalize) and normalize.range is not None
        if not ranged or column.low is None or column.high is None or column.median is None:
            continue
        if "log_transform" in feature.active or column.distinct <= 2:
            continue
        half = (column.high - column.low) * _CORNER / 2
        near = profile.rows_between(column.name, column.median - half, column.median + half)
        if near >= _CROWD * (column.rows - column.nulls):
            message = (
                f"{show(feature.output_name)} ranges from {column.low:.6g} to {column.high:.6g}, "
                f"but {percent(near / (column.rows - column.nulls))} of the rows lie within a "
                "hundredth of that range"
            )
            help = "Use the z-score (`range: null`) with `log_transform`, or `bucketize`."
            yield Problem((*path, "transforms", "normalize", "range"), message, help)


@rule("RG519", "info")
def idle_quantiles(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """More quantiles than values.

    Quantiles are cut between values, so there are at most as many quantiles as values; the other
    vectors are never trained.

    Example:
        features:
          buyer_model_features:
            - column: children  # 0 to 6
              data_type: numeric
              transforms: {bucketize: {buckets: 100}}

    Use instead:
        features:
          buyer_model_features:
            - column: children  # 0 to 6
              data_type: numeric
              transforms: {bucketize: {buckets: 7, embedding_dim: 8}}
    """
    for path, feature, column in _scaled(features, profile):
        bucketize = feature.transforms.enabled.get("bucketize")
        if isinstance(bucketize, Bucketize) and bucketize.buckets > column.distinct:
            message = (
                f"{show(feature.output_name)} has only {column.distinct:,} values for "
                f"{bucketize.buckets} quantiles"
            )
            help = f"Use {max(2, column.distinct)}: each value then has its own quantile."
            yield Problem((*path, "transforms", "bucketize", "buckets"), message, help)


@rule("RG520", "info", unless=("RG576",))
def missing_flag(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """missing_flag without nulls, or nulls without missing_flag.

    A missing number becomes the mean, and a missing time gets no phase. Without a flag, it cannot
    be distinguished from a real value (`bucketize` has a separate bucket for it). A flag that is
    always 0 carries no information. Below 1% of nulls, nothing is reported, nor of a feature that
    may give the target away (RG576): its flag would, too.

    Example:
        features:
          buyer_model_features:
            - column: age  # null in a third
              data_type: numeric
              transforms: {normalize: {}}

    Use instead:
        features:
          buyer_model_features:
            - column: age  # null in a third
              data_type: numeric
              transforms: {normalize: {}, missing_flag: {}}

    Remove the flag if nothing is missing.
    """
    for path, feature, column in _scaled(features, profile):
        at = (*path, "transforms", "missing_flag")
        name, share = show(feature.output_name), column.nulls / column.rows
        if "missing_flag" in feature.active and column.nulls == 0:
            message = f"{name} is never missing: its flag is 0 in every row"
            yield Problem(at, message, "Remove it, unless later data has nulls.")
        elif share >= _FEW and not {"missing_flag", "bucketize"} & set(feature.active):
            message = f"{name} is missing in {percent(share)} of the rows, but no flag shows it"
            help = "Add `missing_flag: {}` if missing values are informative."
            yield Problem(at, message, help, fix=("set", {}))
