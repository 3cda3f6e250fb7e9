"""Numbers and times against their values: tails, outliers, quantiles, what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import Bucketize, FeatureConfig, Normalize, NumericFeature, TemporalFeature
from recgen.data.columns import described
from recgen.data.profile import ColumnProfile, Profile
from recgen.findings import Location, percent, show
from recgen.rules.base import Problem, Rule

_SKEWED = 1.65  # exp(1/2): mean by median of a lognormal whose logarithm has deviation 1
_FAR = 100  # largest by median
_CROWD, _CORNER = 0.99, 0.01  # of the rows, of the range
_FEW = 0.01

Scaled = tuple[Location, NumericFeature | TemporalFeature, ColumnProfile]


def _scaled(features: FeatureConfig, profile: Profile) -> Iterator[Scaled]:
    for path, feature, column in described(features, profile):
        if isinstance(feature, (NumericFeature, TemporalFeature)):
            yield path, feature, column


def _heavy_tail(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    for path, feature, column in _scaled(features, profile):
        normalize = feature.transforms.enabled.get("normalize")
        z_score = isinstance(normalize, Normalize) and normalize.range is None
        plain = z_score and "log_transform" not in feature.active
        if plain and isinstance(feature, NumericFeature) and _is_skewed(column):
            message = (
                f"{show(feature.output_name)} has a long tail (median {column.median:.6g}, mean "
                f"{column.mean:.6g}, largest {column.high:.6g}) and is normalized as it is"
            )
            at = (*path, "transforms", "log_transform")
            yield Problem(at, message, "Add `log_transform: {}`.", fix=("set", {}))


def _is_skewed(column: ColumnProfile) -> bool:
    low, median, mean, high = column.low, column.median, column.mean, column.high
    if low is None or median is None or mean is None or high is None:
        return False
    return low >= 0 < median and mean > _SKEWED * median and high > _FAR * median


def _crowded(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
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
                f"{show(feature.output_name)} reaches from {column.low:.6g} to {column.high:.6g}, "
                f"and {percent(near / (column.rows - column.nulls))} of the rows lie in a "
                "hundredth of that range"
            )
            help = "Use the z-score (`range: null`) with `log_transform`, or `bucketize`."
            yield Problem((*path, "transforms", "normalize", "range"), message, help)


def _idle_buckets(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    for path, feature, column in _scaled(features, profile):
        bucketize = feature.transforms.enabled.get("bucketize")
        if isinstance(bucketize, Bucketize) and bucketize.buckets > column.distinct:
            message = (
                f"{show(feature.output_name)} has {column.distinct:,} values for "
                f"{bucketize.buckets} quantiles"
            )
            help = f"{max(2, column.distinct)} give each value its own."
            yield Problem((*path, "transforms", "bucketize", "buckets"), message, help)


def _flags(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    for path, feature, column in _scaled(features, profile):
        at = (*path, "transforms", "missing_flag")
        name, share = show(feature.output_name), column.nulls / column.rows
        if "missing_flag" in feature.active and column.nulls == 0:
            message = f"{name} is never missing: its flag is 0 in every row"
            yield Problem(at, message, "Remove it, unless later data has nulls.")
        elif share >= _FEW and not {"missing_flag", "bucketize"} & set(feature.active):
            message = f"{name} is missing in {percent(share)} of the rows, and nothing says so"
            help = "Add `missing_flag: {}`, if it matters that it is missing."
            yield Problem(at, message, help, fix=("set", {}))


RULES = (
    Rule(
        code="RG517",
        severity="warning",
        title="A long tail that is normalized as it is",
        reason="The deviation of such a column is made by a few rows, so that nearly all others "
        "become one number. Said of numbers from 0 on, when the mean is more than 1.65 times the "
        "median (exp(s²/2) for a lognormal whose logarithm has deviation s = 1) and the largest "
        "is more than 100 times the median. The logarithm spreads them evenly.",
        example="features:\n  product_model_features:\n"
        "    - {column: price, data_type: numeric, transforms: {normalize: {}}}",
        remedy="Add `log_transform: {}`.",
        checks=(_heavy_tail,),
    ),
    Rule(
        code="RG518",
        severity="warning",
        title="Outliers that take the whole range",
        reason="Scaled between minimum and maximum, 99% of the rows lie within 0.01 of each other "
        "(0.02 for [-1, 1]): the tower can hardly tell them apart.",
        example="features:\n  product_model_features:\n    - column: price  # one of 999,999\n"
        "      data_type: numeric\n      transforms: {normalize: {range: [0, 1]}}",
        remedy="Use the z-score with `log_transform`, use `bucketize`, or mend the outliers.",
        checks=(_crowded,),
    ),
    Rule(
        code="RG519",
        severity="info",
        title="More quantiles than values",
        reason="Quantiles are cut between values, so that there are at most as many as values; "
        "the other vectors are never trained.",
        example="features:\n  buyer_model_features:\n    - column: children  # 0 to 6\n"
        "      data_type: numeric\n      transforms: {bucketize: {buckets: 100}}",
        remedy="Lower `buckets` to the number of values.",
        checks=(_idle_buckets,),
    ),
    Rule(
        code="RG520",
        severity="info",
        title="missing_flag without nulls, nulls without missing_flag",
        reason="A missing number becomes the mean, a missing time no phase: nobody can tell it "
        "from a real one, unless a flag says so (`bucketize` has a bucket of its own for it). A "
        "flag that is always 0 says nothing. Below 1% of nulls nothing is said.",
        example="features:\n  buyer_model_features:\n    - column: age  # null in a third\n"
        "      data_type: numeric\n      transforms: {normalize: {}}",
        remedy="Add `missing_flag: {}`, or remove it.",
        checks=(_flags,),
    ),
)
