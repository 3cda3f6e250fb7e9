"""Estimates from a config and the data: sizes of a split, rows drawn, list values, widths."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recgen.config import DataConfig, FeatureConfig, HistoryFeature
from recgen.data.columns import Use, date_column, id_column, ids, is_made
from recgen.data.profile import Profile

GIB = 2**30
CHEAP_SCORES = 2**28  # of validation rows and products: about a second (63 million took 0.25 s)
_DAY = 86_400
_PARTS, _HALVES = 8, 20  # parts of a half-life that are counted; half-lives until nothing is left
_NEWEST = 0.001  # of the rows: the trainer leaves them out when it looks for the latest time
_HALVINGS = 40  # of the span: the latest time to a second
_NARROWEST, _WIDEST = 4, 600  # a config's smallest embedding_dim; the formula's own bound


@dataclass(frozen=True, slots=True)
class SplitSizes:
    """Approximate numbers of rows in the parts of a split."""

    training: int
    validation: int
    test: int


def split_sizes(features: FeatureConfig, data: DataConfig, profile: Profile) -> SplitSizes | None:
    """Return how a run divides the rows; None if that is unknown.

    As in a run, rows without a buyer or a product are left out first, and the cuts lie at the same
    shares of the time span.
    """
    profile = with_ids(features, profile)
    split, rows = data.split, profile.rows
    if split is None:
        return None
    if split.kind == "random":
        test, validation = round(rows * split.test), round(rows * split.validation)
        return SplitSizes(rows - test - validation, validation, test)
    date = date_column(features, data, profile)
    if date is None or date.kind != "time" or date.low is None or date.high is None:
        return None
    if date.low == date.high:
        return None

    first = math.floor(date.low)
    span = math.floor(date.high) - first
    test = profile.rows_between(date.name, first + span * (1 - split.test), math.inf)
    rows = date.dated
    if split.kind == "strict_time":
        cut = first + span * (1 - split.test - split.validation)
        validation = profile.rows_between(date.name, cut, math.inf) - test
    else:
        validation = round((rows - test) * split.validation)
    return SplitSizes(rows - test - validation, validation, test)


def with_ids(features: FeatureConfig, profile: Profile) -> Profile:
    """Return the profile of the rows that have a buyer and a product."""
    return profile.known([column.name for _, _, column in ids(features, profile)])


def drawn_rows(
    features: FeatureConfig, data: DataConfig, profile: Profile, half_life_days: float
) -> float | None:
    """Return about how many rows an epoch draws; None without a split by time."""
    profile = with_ids(features, profile)
    date, rows = date_column(features, data, profile), split_sizes(features, data, profile)
    if date is None or rows is None or rows.training <= 0:
        return None
    end = _end_of_training(data, date.low or 0, date.high or 0)
    newest = _newest(profile, date.name, date.low or 0, end)
    width = half_life_days * _DAY / _PARTS
    expected = float(profile.rows_between(date.name, newest, end))
    for part in range(_PARTS * _HALVES):
        high, low = newest - part * width, newest - (part + 1) * width
        if high <= (date.low or 0):
            break
        expected += profile.rows_between(date.name, low, high) * 0.5 ** ((part + 0.5) / _PARTS)
    before = date.dated - profile.rows_between(date.name, end, math.inf)
    return expected * rows.training / max(1, before)  # without the rows drawn for validation


def _end_of_training(data: DataConfig, first: float, last: float) -> float:
    split = data.split
    assert split, "there is a date column"
    held_out = split.test + (split.validation if split.kind == "strict_time" else 0)
    return first + (last - first) * (1 - held_out)


def _newest(profile: Profile, name: str, first: float, end: float) -> float:
    """Return a time such that only the latest training rows come after it."""
    few = _NEWEST * profile.rows_between(name, first, end)
    low, high = first, end
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if profile.rows_between(name, middle, end) > few:
            low = middle
        else:
            high = middle
    return low


def list_values(
    features: FeatureConfig, feature: HistoryFeature, profile: Profile, data: DataConfig
) -> int:
    """Return the maximum number of values in the lists of all rows.

    A list that a run computes has at most as many values as its buyer has earlier rows.
    """
    if feature.history is None:
        return 0
    longest = feature.history.max_length
    use = Use((), "feature", "history", feature.output_name, feature.column, feature.bq_type)
    buyer = id_column(features, "buyer", profile)
    if buyer is None or not is_made(use, data, profile):
        return profile.rows * longest
    return sum(_past(rows, longest) for rows in profile.counts(buyer.name))


def _past(rows: int, longest: int) -> int:
    """Return the sum of 0, 1, 2, ... over a buyer's rows, each at most `longest`."""
    rising = min(rows, longest + 1)
    return rising * (rising - 1) // 2 + (rows - rising) * longest


def embedding_width(distinct: int) -> int:
    """Return a suitable embedding width for a column with this many distinct values.

    The width is 1.6 · n^0.56, at most 600: fastai's empirical rule of thumb (`emb_sz_rule`,
    docs.fast.ai/tabular.model). It gives 158 for the 3,659 products of Online Retail, where widths
    of 64 and 128 were better than 32; the fourth root from TensorFlow's guide gives 8.
    """
    width: float = 1.6 * float(distinct) ** 0.56
    return max(_NARROWEST, min(_WIDEST, round(width)))


def in_gib(size: float) -> str:
    """Return a number of bytes as text in GiB."""
    return f"{size / GIB:,.1f} GiB"
