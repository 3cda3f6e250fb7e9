"""Models that predict a rating: how well they order pairs, and how far their predictions are off.

recgen trains no such models; these are runs of other trainers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from recgen.analysis.kinds.base import Curve, Figure, Judged, Kind, Split
from recgen.analysis.kinds.retrieval import Retrieval
from recgen.analysis.series import any_value, best, last, lowest, points
from recgen.metrics import Interval, Series, TrainingMetrics

GUESSING = 0.5
"""The AUC of equal predictions."""

_AUC, _RMSE, _MAE = "auc_roc", "rmse", "mae"
_ERRORS = {_RMSE: "RMSE", _MAE: "MAE"}
_FELL = 0.01  # by which a loss has to fall to show that predictions are not equal
_APPLIES = frozenset(
    f"RD{number}"
    for number in (101, 102, *range(201, 207), 208, *range(301, 304), 401, 402, 404, 406, 460)
) | {"RD501", "RD502", "RD503"}


def predicts_ratings(metrics: TrainingMetrics) -> bool:
    """Return whether a file has figures of predicted ratings."""
    return any(_values(metrics, split, name) for split in ("val", "test") for name in _NAMES)


_NAMES = (_AUC, _RMSE, _MAE)


def _values(metrics: TrainingMetrics, split: str, name: str) -> Series:
    """Return a measure per epoch on validation rows, or its only value on test rows."""
    if split == "test":
        value = metrics.final_metrics.get(f"test_{name}")
        return () if value is None else (value,)
    series = metrics.series.get(f"loss.val_{name}", ())
    final = metrics.final_metrics.get(f"final_val_{name}")
    if any_value(series):
        return series
    return () if final is None else (final,)


class Ranking(Kind):
    """The measures of a model that predicts ratings: AUC, and the errors of its predictions."""

    measure, baseline = "AUC", "guessing"
    applies = _APPLIES

    @cached_property
    def _moves(self) -> bool:
        """Whether the training loss fell, so that predictions cannot all be equal."""
        found = points(self.metrics.loss.loss)
        bottom = lowest(self.metrics.loss.loss)
        return bool(found and bottom and found[0][1] - bottom[1] > _FELL * abs(found[0][1]))

    def _auc(self, split: Split) -> Series:
        """Return the AUC; none if it is that of guessing although the loss fell.

        An AUC of logits is 0.5 where all of them are on one side of its thresholds.
        """
        series = _values(self.metrics, split, _AUC)
        known = [value for value in series if value is not None]
        is_flat = all(abs(value - GUESSING) < 1e-6 for value in known)
        return () if is_flat and self._moves else series

    def measured(self, split: Split) -> Judged | None:
        """Return the AUC on a split, compared with guessing."""
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

    @property
    def tests(self) -> Mapping[str, Judged]:
        """The AUC on test rows."""
        judged = self.measured("test")
        return {judged.measure: judged} if judged else {}

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """All measures on validation rows per epoch; of errors, lower is better."""
        errors = ((words, _values(self.metrics, "val", name)) for name, words in _ERRORS.items())
        found = [(self.measure, self._auc("val")), *errors]
        return tuple(Curve(words, values) for words, values in found if any_value(values))

    @property
    def curve(self) -> Curve:
        """The AUC on validation rows."""
        values = self._auc("val")
        return Curve(self.measure, values if len(values) == len(self.metrics.epochs) else ())

    def evaluated(self, who: str, pairs: str) -> Interval | None:
        """Return nothing: ratings are not evaluated on pairs."""

    @property
    def others(self) -> tuple[Judged, ...]:
        """Nothing else is judged."""
        return ()

    @property
    def unordered(self) -> None:
        """Nothing: there are no lists."""

    @property
    def beats_counting(self) -> bool | None:
        """Whether the AUC is above that of guessing."""
        return self.judged.beats_baseline if self.judged else None

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """AUC and errors, on test rows and at best on validation rows."""
        found = dict(rating_figures(self.metrics))
        guessed = Figure(Interval.of(GUESSING), is_baseline=True)
        return {**found, **({f"{self.baseline} AUC": guessed} if self.judged else {})}

    @property
    def headlines(self) -> tuple[str, ...]:
        """The AUC and the RMSE on test rows."""
        return ("test AUC of rows", "test RMSE of rows")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is known of the model's predictions."""
        said = ["a ranking model: it is judged by AUC, and compared with guessing"]
        if self.judged is None:
            said = ["a ranking model without an AUC: its errors have nothing to compare with"]
        return (*said, *rating_notes(self.metrics), *self._doubts())

    def _doubts(self) -> Iterator[str]:
        if any(_values(self.metrics, split, _AUC) for split in ("test", "val")) and not self.tests:
            yield (
                "the AUC is 0.5 although the loss fell: it was probably measured on values that "
                "are no probabilities, so it is not used"
            )


class Multitask(Retrieval):
    """The measures of a model that retrieves and rates: it is judged by what it retrieves."""

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """The figures of both tasks."""
        return {**super().figures, **dict(rating_figures(self.metrics))}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is known of the other task."""
        said = "a multitask model: it is judged by recall; its loss is a sum over both tasks"
        return (said, *rating_notes(self.metrics))


def rating_notes(metrics: TrainingMetrics) -> Iterator[str]:
    """Yield the figures of predicted ratings, in words."""
    for split, words in (("test", "test"), ("val", "validation")):
        known = {
            shown: value
            for name, shown in {_AUC: "AUC", **_ERRORS}.items()
            if (value := last(_values(metrics, split, name))) is not None
        }
        if known:
            yield f"{words} " + ", ".join(f"{name} {value:.4f}" for name, value in known.items())
            return


def rating_figures(metrics: TrainingMetrics) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of predicted ratings, by name."""
    for name, words in {_AUC: "AUC", **_ERRORS}.items():
        is_error = name in _ERRORS
        test = last(_values(metrics, "test", name))
        if test is not None:
            yield f"test {words} of rows", Figure(Interval.of(test), is_error=is_error)
        values = _values(metrics, "val", name)
        top = lowest(values) if is_error else best(values)
        if top:
            yield f"best val {words}", Figure(Interval.of(top[1]), is_error=is_error)
