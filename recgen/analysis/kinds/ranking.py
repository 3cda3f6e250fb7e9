"""Models that predict a rating: how well they order pairs, and how far their predictions are off.

A file of recgen's trainer compares the model with means of the target in training rows. Files of
other trainers have an AUC at best, which is compared with guessing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from recgen.analysis.kinds.base import Curve, Figure, Judged, Kind, Split, lead_over, sums_of
from recgen.analysis.series import any_value, best, last, lowest, points
from recgen.metrics import Interval, Series, TrainingMetrics

GUESSING = 0.5
"""The AUC of equal predictions."""

_SPELLINGS = {
    "auc_roc": ("auc_roc", "auc", "roc_auc"),
    "rmse": ("rmse", "root_mean_squared_error"),
    "mae": ("mae", "mean_absolute_error"),
}
"""Names of a measure that trainers use: Keras calls them `auc`, `root_mean_squared_error`."""
_AUC, _RMSE, _MAE, _RMSE_LOG = "auc_roc", "rmse", "mae", "rmse_log"
ERRORS = {_RMSE: "RMSE", _MAE: "MAE", _RMSE_LOG: "RMSE of logarithms"}
"""Errors in words, by name: the lower, the better."""
_OTHERS = {
    "gauc": "AUC within buyers",
    "log_loss": "log loss",
    "ece": "calibration error",
    "ndcg_at_10": "NDCG@10 within buyers",
}
_LOWER = {*ERRORS, "log_loss", "ece"}
SHOWN = {_AUC: "AUC", **ERRORS, **_OTHERS}
"""The figures of predictions, in words."""
_PLAIN = "global_mean"
MEANS = {
    _PLAIN: "the mean",
    "buyer_mean": "the buyer's mean",
    "product_mean": "the product's mean",
    "buyer_and_product_mean": "the sum of both means",
}
"""What predicts without a model, in words."""
_FELL = 0.01  # by which a loss has to fall to show that predictions are not equal
_DATA = (409, 410, 414)  # what `recgen check` finds in rows, dates and values
_OWN = (460, 461, 462)  # causes of ranking alone
_SHARED = (101, 102, *range(201, 207), 208, *range(301, 304), 401, 402, 404, 406)
_FILES = (501, 502, 503)
_APPLIES = frozenset(f"RD{number}" for number in (*_SHARED, *_DATA, *_OWN, *_FILES))


def predicts_ratings(metrics: TrainingMetrics) -> bool:
    """Return whether a file has figures of predicted ratings."""
    return any(_values(metrics, split, name) for split in ("val", "test") for name in _NAMES)


_NAMES = (_AUC, _RMSE, _MAE)


def _values(metrics: TrainingMetrics, split: str, name: str) -> Series:
    """Return a measure per epoch on validation rows, or its only value on test rows."""
    found = (_named(metrics, split, each) for each in _SPELLINGS.get(name, (name,)))
    return next(filter(None, found), ())


def _named(metrics: TrainingMetrics, split: str, name: str) -> Series:
    """Return the values under one name."""
    if split == "test":
        value = metrics.final_metrics.get(f"test_{name}")
        return () if value is None else (value,)
    series = metrics.series.get(f"loss.val_{name}", ())
    final = metrics.final_metrics.get(f"final_val_{name}")
    if any_value(series):
        return series
    return () if final is None else (final,)


class Ranking(Kind):
    """The measures of a model that predicts ratings: AUC, and the errors of its predictions.

    It is judged by what its trainer names: the AUC of a target of 0 or 1, otherwise the RMSE.

    Attributes:
        name: The measure, as the file names it.
    """

    measure, baseline = "AUC", "guessing"
    applies = _APPLIES

    def __init__(self, metrics: TrainingMetrics, candidates: int | None) -> None:
        super().__init__(metrics, candidates)
        self.name = metrics.rating.measure if metrics.rating else self._validated_measure()
        if self.is_compared:
            self.measure, self.baseline = SHOWN.get(self.name, self.name), MEANS[_PLAIN]

    def _validated_measure(self) -> str:
        """Return the measure of a file without a test."""
        final = self.metrics.final_metrics
        names = (_AUC, _RMSE_LOG, _RMSE)
        compared = (name for name in names if f"val_{_PLAIN}_{name}" in final)
        return next(compared, _AUC)

    @cached_property
    def is_compared(self) -> bool:
        """Whether the file compares the model with means of the target."""
        return bool(self.metrics.rating) or f"val_{_PLAIN}_{self.name}" in (
            self.metrics.final_metrics
        )

    @cached_property
    def _moves(self) -> bool:
        """Whether the training loss fell, so that predictions cannot all be equal.

        In the first epoch, it falls for equal predictions, too: they become the target's mean.
        """
        found = [value for _, value in points(self.metrics.loss.loss)]
        after = found[1:] if len(found) > 2 else found
        return bool(after) and after[0] - min(after) > _FELL * abs(after[0])

    def _auc(self, split: Split) -> Series:
        """Return the AUC; none if it is that of guessing although the loss fell.

        An AUC of logits is 0.5 where all of them are on one side of its thresholds.
        """
        series = _values(self.metrics, split, _AUC)
        known = [value for value in series if value is not None]
        is_flat = all(abs(value - GUESSING) < 1e-6 for value in known)
        return () if is_flat and self._moves else series

    def _series(self, split: Split) -> Series:
        """Return the judged measure."""
        is_auc = self.name == _AUC
        return self._auc(split) if is_auc else _values(self.metrics, split, self.name)

    @property
    def missing(self) -> str:
        """What an error would have to be compared with, where there is no AUC either."""
        if self.judged is not None or not (self.curves or self.tests):
            return ""
        return "the file has neither an AUC nor the errors of means: an error alone says little"

    def measured(self, split: Split) -> Judged | None:
        """Return the measure on a split, compared with the best mean, or else with guessing."""
        if self.is_compared:
            return self._tested() if split == "test" else self._validated()
        own = last(self._auc(split))
        if own is None:
            return None
        return Judged(
            split,
            self.measure,
            own,
            GUESSING,
            self.rows(split),
            chance=GUESSING,
            rival=self.baseline,
            plain=GUESSING,
        )

    def _tested(self) -> Judged | None:
        rating, name = self.metrics.rating, self.name
        own = rating.figures.get("model", {}).get(name) if rating else None
        if rating is None or own is None:
            return None
        means = {who: rating.figures.get(who, {}).get(name) for who in MEANS}
        known = {who: found for who, found in means.items() if found}
        judged = self._against("test", own.value, {who: each.value for who, each in known.items()})
        leads = {who: lead_over(own, each) for who, each in known.items()}
        top = next((who for who, words in MEANS.items() if words == judged.rival), _PLAIN)
        return replace(
            judged,
            rows=rating.rows,
            low=own.low,
            high=own.high,
            lead=leads.get(top),
            plain_lead=leads.get(_PLAIN),
        )

    def _validated(self) -> Judged | None:
        series, kept = self._series("val"), self.metrics.params.best_epoch
        own = series[kept] if kept is not None and kept < len(series) else last(series)
        if own is None:
            return None
        final = self.metrics.final_metrics
        means = {who: final.get(f"val_{who}_{self.name}") for who in MEANS}
        known = {who: value for who, value in means.items() if value is not None}
        return self._against("val", own, known)

    def _against(self, split: Split, own: float, means: Mapping[str, float]) -> Judged:
        """Return the measure, compared with the best mean."""
        is_error = self.name in ERRORS
        best_of = min if is_error else max
        top = best_of(means, key=lambda who: means[who]) if means else None
        return Judged(
            split,
            self.measure,
            own,
            means[top] if top else None,
            self.rows(split),
            chance=None if is_error else GUESSING,
            rival=MEANS[top] if top else "",
            plain=means.get(_PLAIN),
            is_error=is_error,
        )

    @property
    def rated(self) -> Judged | None:
        """The judged measure, if the file compares it with means."""
        return self.judged if self.is_compared else None

    @property
    def tests(self) -> Mapping[str, Judged]:
        """The judged measure on test rows."""
        judged = self.measured("test")
        return {judged.measure: judged} if judged else {}

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """All measures on validation rows per epoch; of errors, lower is better."""
        errors = ((words, _values(self.metrics, "val", name)) for name, words in ERRORS.items())
        found = [("AUC", self._auc("val")), *errors]
        return tuple(Curve(words, values) for words, values in found if any_value(values))

    @property
    def curve(self) -> Curve:
        """The AUC on validation rows; errors are no curve whose highest value is the best."""
        values = self._auc("val") if self.name == _AUC else ()
        return Curve(self.measure, values if len(values) == len(self.metrics.epochs) else ())

    def evaluated(self, who: str, pairs: str) -> Interval | None:
        """Return nothing: ratings are not evaluated on pairs."""

    @property
    def others(self) -> tuple[Judged, ...]:
        """Nothing: ratings are not evaluated on pairs."""
        return ()

    @property
    def unordered(self) -> None:
        """Nothing: there are no lists."""

    @property
    def beats_counting(self) -> bool | None:
        """Whether the model is better than the best mean, or than guessing."""
        judged = self.judged
        if judged is None or (self.is_compared and judged.is_too_small):
            return None
        return judged.beats_baseline

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """The figures of predictions, on test rows and at best on validation rows."""
        found = dict(rating_figures(self.metrics))
        if not self.judged:
            return found
        if self.is_compared:
            return {**found, **dict(mean_figures(self.metrics, self.name))}
        guessed = Figure(Interval.of(GUESSING), is_baseline=True)
        return {**found, f"{self.baseline} AUC": guessed}

    @property
    def headlines(self) -> tuple[str, ...]:
        """The judged measure and the RMSE on test rows."""
        first = f"test {self.measure} of rows"
        return tuple(dict.fromkeys((first, "test RMSE of rows")))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is known of the model's predictions."""
        if self.is_compared:
            said = f"a ranking model: it is judged by {self.measure}, and compared with means of"
            said = f"{said} the target in training rows"
        elif self.judged is None:
            said = "a ranking model without an AUC: its errors have nothing to compare with"
        else:
            said = "a ranking model: it is judged by AUC, and compared with guessing"
        return (said, *rating_notes(self.metrics), *self._doubts())

    def _doubts(self) -> Iterator[str]:
        if self.name != _AUC:
            return
        if any(_values(self.metrics, split, _AUC) for split in ("test", "val")) and not self.tests:
            yield (
                "the AUC is 0.5 although the loss fell: it was probably measured on values that "
                "are no probabilities, so it is not used"
            )


def rating_notes(metrics: TrainingMetrics) -> Iterator[str]:
    """Yield the figures of predicted ratings, in words."""
    for split, words in (("test", "test"), ("val", "validation")):
        known = {
            shown: value
            for name, shown in {_AUC: "AUC", **ERRORS}.items()
            if (value := last(_values(metrics, split, name))) is not None
        }
        if known:
            yield f"{words} " + ", ".join(f"{name} {value:.4f}" for name, value in known.items())
            return


def rating_figures(metrics: TrainingMetrics) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of predicted ratings, by name."""
    tested = metrics.rating.figures.get("model", {}) if metrics.rating else {}
    groups = metrics.rating.groups if metrics.rating else None
    for name, words in SHOWN.items():
        is_error = name in _LOWER
        test = tested.get(name) or last(_values(metrics, "test", name))
        if test is not None:
            interval = test if isinstance(test, Interval) else Interval.of(test)
            own = sums_of(groups, name)
            yield f"test {words} of rows", Figure(interval, is_error=is_error, sums=own)
        values = _values(metrics, "val", name)
        top = lowest(values) if is_error else best(values)
        if top:
            yield f"best val {words}", Figure(Interval.of(top[1]), is_error=is_error)


def mean_figures(metrics: TrainingMetrics, name: str) -> Iterator[tuple[str, Figure]]:
    """Yield a figure of the means of the target, by name."""
    figures = metrics.rating.figures if metrics.rating else {}
    for who, words in MEANS.items():
        if found := figures.get(who, {}).get(name):
            is_error = name in _LOWER
            yield f"{words}, test {SHOWN[name]} of rows", Figure(found, True, is_error)
