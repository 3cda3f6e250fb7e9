"""Rules on the target in the data: its values and their change over time."""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.config import DataConfig, FeatureConfig, ModelConfig
from recgen.config.paths import target_path
from recgen.data.profile import Profile
from recgen.data.statistics import Spread
from recgen.data.targets import Learnt, before_and_after, learnt
from recgen.findings import Location, Severity, counted, percent, show
from recgen.rules.ranking import is_amount, is_chance
from recgen.rules.registry import Problem, rule

_LOSS = ("model", "loss_function")
_MANY_NULLS = 0.1  # of the rows
_RARE, _VERY_RARE = 0.2, 0.01  # share of the rarer class
_FEWEST = 30  # rows
_OUTSIDE = 0.1  # of the later rows
_FAR = 10.0  # times what initial weights predict
_SKEWED = 1.65  # as for features: RG517


@rule("RG570", "error")
def target_constant(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """A target that is the same in every row.

    There is nothing to learn: the best prediction is this value, for every buyer and product.

    Example:
        features:
          target_column: quantity  # 1 in every row
        model:
          model_type: ranking

    Name a column whose values differ, or use retrieval: each row is then a purchase, which is all
    that such data says.
    """
    found = learnt(features, model, profile)
    if found and found.column.distinct == 1:
        value = show(found.column.examples[0])
        message = f"the target {_name(found)} is {value} in every row: nothing can be learnt"
        yield Problem(_at(found), message, "Name another column, or use retrieval.")


@rule("RG571", "info", also=("warning",))
def target_missing(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """Rows without a target.

    A row whose target is null has no part in the loss and in the metrics of ranking; it is never
    counted as 0. In multitask, it is still a purchase for retrieval. From a tenth of the rows on
    this is a warning: if a rating is missing because nobody wanted to give a bad one, the known
    ones are too good, and so are the predictions.

    Example:
        features:
          target_column: rating  # null in a quarter of the rows
        model:
          model_type: ranking

    Nothing to do if the rest is like the others. A pipeline must hand over nulls as nulls, not as
    0.
    """
    found = learnt(features, model, profile)
    if found and found.column.nulls:
        share = found.column.nulls / found.column.rows
        message = (
            f"the target {_name(found)} is null in {counted(found.column.nulls, 'row')} of "
            f"{found.column.rows:,} ({percent(share)}), which ranking leaves out"
        )
        severity: Severity | None = "warning" if share >= _MANY_NULLS else None
        help = "Nothing to do if the rows with a value are like the others."
        yield Problem(_at(found), message, help, severity)


@rule("RG572", "error")
def chance_of_amount(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """binary_crossentropy on a target with other values than 0 and 1.

    The loss of a label of 5 has no lower bound: the model learns to answer with an infinite logit,
    and the loss falls below 0. A rating from 1 to 5 or an amount is predicted by mse or huber.

    Example:
        features:
          target_column: rating  # 1 to 5
        model:
          model_type: ranking
          loss_function: binary_crossentropy

    Use instead:
        features:
          target_column: rating
        model:
          model_type: ranking
          loss_function: mse

    Or make a column of 0 and 1 in the data, such as whether the rating is 4 or more.
    """
    found = learnt(features, model, profile)
    if found is None or not is_chance(model) or found.is_binary or found.column.distinct < 2:
        return
    values = ", ".join(found.column.examples[:3])
    message = f"binary_crossentropy needs a target of 0 or 1, but {_name(found)} has {values}"
    yield Problem(_LOSS, message, "Use mse or huber.", fix=("set", "mse"))


@rule("RG573", "info")
def amount_of_chance(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """A target of 0 and 1 that is predicted as an amount.

    With mse or huber, a prediction can be below 0 or above 1, and is not a probability. With
    binary_crossentropy it is one, and the metrics are those of a probability: AUC, log loss and
    calibration.

    Example:
        features:
          target_column: clicked  # 0 or 1
        model:
          model_type: ranking
          loss_function: mse

    Use instead:
        features:
          target_column: clicked
        model:
          model_type: ranking
          loss_function: binary_crossentropy

    Remove the target's transforms with it.
    """
    found = learnt(features, model, profile)
    if found and is_amount(model) and found.is_binary and found.column.distinct == 2:
        message = (
            f"the target {_name(found)} is 0 or 1, but {model.loss_function or 'mse'} predicts"
        )
        message += " an amount"
        help = "Use `loss_function: binary_crossentropy`, which predicts a probability."
        yield Problem(_LOSS, message, help, fix=("set", "binary_crossentropy"))


@rule("RG574", "info", also=("warning",))
def classes_unbalanced(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """One of both classes is rare.

    A model that answers with the share of ones in every row is right in most rows, so accuracy says
    nothing: compare log loss with that of this constant, and AUC with 0.5. Below 1%, a batch has
    only a few rows of the rarer class, and the figures of a small test are noise. Weights for the
    classes make probabilities wrong (they are then those of balanced classes), so there are none by
    default.

    Example:
        features:
          target_column: clicked  # 1 in 4% of the rows
        model:
          model_type: ranking
          loss_function: binary_crossentropy

    Nothing to do, as long as the metrics are compared with those of the constant.
    """
    found = learnt(features, model, profile)
    if found is None or not is_chance(model) or not found.is_binary or found.column.distinct < 2:
        return
    rare = min(found.positive, 1 - found.positive)
    if rare < _RARE:
        rows = round(rare * found.known)
        value = 1 if found.positive < 1 / 2 else 0
        message = f"{_name(found)} is {value} in only {percent(rare)} of the rows ({rows:,})"
        severity: Severity | None = "warning" if rare < _VERY_RARE else None
        help = "Compare log loss with that of always predicting this share, and AUC with 0.5."
        yield Problem(_at(found), message, help, severity)


@rule("RG575", "warning")
def negative_amounts(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """Negative values of a target that is a logarithm.

    log(1 + x) has no value below -1, so that negative values count as 0: a return of 500 pieces is
    learnt as if nothing had been bought. Predictions are never negative.

    Example:
        features:
          target_column: {column: quantity, transforms: {log_transform: {}}}  # returns are negative
        model:
          model_type: ranking

    Leave returns out of the data if they are no purchases. If negative values mean something, use
    `normalize` with `clip_outliers` instead of the logarithm.
    """
    found = learnt(features, model, profile)
    if found and found.target.is_logged and (found.column.low or 0) < 0:
        rows = found.profile.rows_between(found.column.name, -math.inf, 0)
        message = (
            f"the target {_name(found)} is negative in {counted(rows, 'row')} "
            f"({percent(rows / max(1, found.known))}), which count as 0 in the logarithm"
        )
        help = "Leave these rows out of the data, or use `normalize` without the logarithm."
        yield Problem(_at(found, "transforms", "log_transform"), message, help)


@rule("RG577", "warning")
def target_drifts(
    features: FeatureConfig, model: ModelConfig, data: DataConfig, profile: Profile
) -> Iterator[Problem]:
    """A target whose later values are others.

    Training learns the level of its own time. If a tenth of the later rows lies beyond all values
    of training, or their mean is more than a standard deviation away, as after inflation or a new
    unit, the errors of validation and test show this change and not what the model has learnt.

    Example:
        features:
          target_column: amount  # prices doubled in the last month
        data:
          split: {kind: strict_time, date_column: day}
        model:
          model_type: ranking

    Find out what has changed. Predict a share or a ratio, such as the amount over that of the
    month, if the level keeps moving.
    """
    found = learnt(features, model, profile)
    both = before_and_after(found, features, data) if found else None
    if found is None or both is None or min(each.rows for each in both) < _FEWEST:
        return
    before, after = both
    outside = 0.0 if found.is_binary else _outside(found, before, after)
    moved = abs(after.mean - before.mean) > before.deviation > 0
    if moved or outside >= _OUTSIDE:
        message = (
            f"the target {_name(found)} is {before.mean:.4g} on average before the cut and "
            f"{after.mean:.4g} after it; {percent(outside)} of the later rows lie outside of "
            f"{before.low:.4g} to {before.high:.4g}"
        )
        help = "Find out what has changed: errors in the test will show it."
        yield Problem(_at(found), message, help)


def _outside(found: Learnt, before: Spread, after: Spread) -> float:
    """Return the share of the later rows whose value lies beyond all earlier ones."""
    end = math.nextafter(before.high, math.inf)
    inside = found.profile.rows_between(found.column.name, before.low, end)
    return max(0, before.rows + after.rows - inside) / after.rows


@rule("RG578", "warning", also=("info",))
def target_unscaled(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """An amount that is far from what a model predicts at first.

    At the start, predictions are near 0 with a deviation of about 1. If the target's mean or
    deviation is 10 or more, most steps are spent on its level, and the gradients of an error of
    thousands are clipped. `normalize` removes both, and predictions are turned back into the
    target's units. A long tail is a note: of mse, a few rows make up most, unless there is a
    logarithm or a limit, or the loss is huber.

    Example:
        features:
          target_column: amount  # 5 to 9,000
        model:
          model_type: ranking

    Use instead:
        features:
          target_column: {column: amount, transforms: {log_transform: {}, normalize: {}}}
        model:
          model_type: ranking
    """
    found = learnt(features, model, profile)
    if found is None or not is_amount(model) or found.column.distinct < 3:
        return
    target = found.target
    spread = found.profile.spread(found.column.name)
    is_scaled = target.normalize is not None or target.is_logged
    if spread and not is_scaled and max(abs(spread.mean), spread.deviation) >= _FAR:
        message = (
            f"the target {_name(found)} is not normalized: its mean is {spread.mean:.4g}, its "
            f"standard deviation {spread.deviation:.4g}"
        )
        yield Problem(_at(found), message, "Add `transforms: {normalize: {}}`.")
    is_limited = target.is_logged or target.is_clipped or model.loss_function == "huber"
    if not is_limited and _has_tail(found):
        column = found.column
        message = (
            f"the target {_name(found)} has a long tail (median {column.median:.6g}, mean "
            f"{column.mean:.6g}, largest {column.high:.6g}), which dominates mse"
        )
        help = "Add `log_transform: {}` or `clip_outliers`, or use huber."
        yield Problem(_at(found), message, help, "info")


def _has_tail(found: Learnt) -> bool:
    column = found.column
    if column.low is None or column.mean is None or column.high is None or not column.median:
        return False
    return column.low >= 0 and column.mean > _SKEWED * column.median


def _at(found: Learnt, *inside: str) -> Location:
    return target_path(found.target, *inside)


def _name(found: Learnt) -> str:
    return show(found.target.output_name)
