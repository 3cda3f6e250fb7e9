"""Retrieval models: recall at k among all products, compared with popularity."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from recgen.analysis.kinds.base import FEW_ROWS, Curve, Figure, Judged, Kind, Split
from recgen.analysis.series import best, last
from recgen.metrics import Interval, Series

_SMALL_SHARE = 0.1  # of the catalogue; recall at a larger k says little
_RECALL = re.compile(r"_recall_at_(\d+)$")
COUNTING = ("popularity", "own_history")
_NOISE = 0.02  # of a share whose interval is unknown
_Z = 1.96  # of a 95% interval


class Retrieval(Kind):
    """The measures of a retrieval model: recall by k, a share of rows."""

    measure, baseline = "recall", "popularity"

    @cached_property
    def _series(self) -> Mapping[int, Series]:
        series = self.metrics.recall
        named = _by_k(name for name in series if name.startswith("val_"))
        return {k: series[name] for k, name in named.items() if last(series[name]) is not None}

    @cached_property
    def _tests(self) -> Mapping[int, float]:
        final = self.metrics.final_metrics
        named = _by_k(name for name in final if name.startswith("test_recall"))
        return {k: own for k, name in named.items() if (own := final[name]) is not None}

    @cached_property
    def _evaluation(self) -> Mapping[tuple[str, str, str], Interval]:
        return self.metrics.evaluation.figures if self.metrics.evaluation else {}

    @cached_property
    def k(self) -> int | None:
        """The most informative k: the trainer's, or the largest within a tenth of the catalogue.

        None if every list would hold the whole catalogue: then all models have the same recall.
        """
        known = [k for k in sorted({*self._tests, *self._series}) if self._tells_apart(k)]
        watched = self.metrics.params.monitored_k
        if watched in known:
            return watched
        small = [k for k in known if (self._chance(k) or 0.0) <= _SMALL_SHARE and k <= 100]
        return small[-1] if small else known[0] if known else None

    def _tells_apart(self, k: int) -> bool:
        """Return whether k products are less than the catalogue."""
        return not self.candidates or k < self.candidates

    def _chance(self, k: int) -> float | None:
        """Return the recall of k random products."""
        return min(k / self.candidates, 1.0) if self.candidates else None

    def measured(self, split: Split) -> Judged | None:
        """Return the recall on a split, in the epoch whose weights were kept."""
        return None if self.k is None else self._measured(split, self.k)

    def _measured(self, split: Split, k: int) -> Judged | None:
        own = self._tests.get(k) if split == "test" else self._kept(self._series.get(k, ()))
        if own is None:
            return None
        popular = self.metrics.final_metrics.get(f"{split}_popularity_recall_at_{k}")
        figures = self._evaluation if split == "test" else {}
        found = figures.get(("model", "all", f"recall_at_{k}"))
        ends = (found.low, found.high) if found else (None, None)
        rows, chance = self.rows(split), self._chance(k)
        return Judged(split, f"recall@{k}", own, popular, rows, *ends, chance, k)

    def _kept(self, series: Series) -> float | None:
        """Return the value of the epoch whose weights were kept."""
        kept = self.metrics.params.best_epoch
        return series[kept] if kept is not None and kept < len(series) else last(series)

    @cached_property
    def tests(self) -> Mapping[str, Judged]:
        """Recall on test rows, by k."""
        found = (self._measured("test", k) for k in self._tests)
        return {each.measure: each for each in found if each}

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """Validation recall per epoch, by k."""
        return tuple(Curve(f"recall@{k}", series) for k, series in self._series.items())

    @cached_property
    def curve(self) -> Curve:
        """Validation recall at the judged k, or at the nearest one."""
        if not self._series:
            return Curve(self.measure)
        k = min(self._series, key=lambda k: abs(k - (self.k or 0)))
        return Curve(f"recall@{k}", self._series[k])

    def evaluated(self, who: str, pairs: str) -> Interval | None:
        """Return recall at the judged k on test pairs."""
        return self._evaluation.get((who, pairs, f"recall_at_{self.k}"))

    @cached_property
    def beats_counting(self) -> bool | None:
        """Whether the model beats both baselines, on all test pairs or on new ones.

        Each buyer's own history is hard to beat on all pairs and useless on new ones, and a model
        is worth having if it is better in one of the two.
        """
        evaluation = self.metrics.evaluation
        if evaluation is None or not self.evaluated("model", "all"):
            return self.judged.beats_baseline if self.judged else None
        views = ("all", "new") if self.evaluated("model", "new") else ("all",)
        won = [self._wins(view, evaluation.pairs.get(view)) for view in views]
        return True if True in won else None if None in won else False

    def _wins(self, view: str, pairs: int | None) -> bool | None:
        """Return whether the model is the best on some pairs; None if they are too few to tell."""
        own, *counted = (self.evaluated(who, view) for who in ("model", *COUNTING))
        values = [each.value for each in counted if each]
        if own is None or not values:
            return None
        noise = _NOISE * own.value
        if own.low is not None and own.high is not None:
            noise = (own.high - own.low) / 2
        lead = own.value - max(values)
        if abs(lead) <= noise and pairs is not None and pairs < FEW_ROWS:
            return None
        return lead > noise

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """Recall on test rows and pairs, the best on validation, and that of popularity."""
        return dict(self._figures())

    def _figures(self) -> Iterator[tuple[str, Figure]]:
        for each in self.tests.values():
            yield each.name, Figure(wilson(each.own, each.rows))
        for (who, pairs, name), interval in self._evaluation.items():
            if who == "model":
                yield f"{pairs} pairs {name.replace('_at_', '@')}", Figure(interval)
        for k, series in self._series.items():
            top = best(series)
            if top:
                yield f"best val recall@{k}", Figure(wilson(top[1], self.rows("val")))
        for each in self.tests.values():
            if each.baseline is not None:
                yield f"popularity@{each.k}", Figure(Interval.of(each.baseline), is_baseline=True)

    @property
    def headlines(self) -> tuple[str, ...]:
        """Recall on test rows and on new pairs, at the judged k."""
        if self.k is None:
            return ()
        return (f"test recall@{self.k}", f"new pairs recall@{self.k}")


def _by_k(names: Iterable[str]) -> dict[int, str]:
    found = {int(match[1]): name for name in names if (match := _RECALL.search(name))}
    return dict(sorted(found.items()))


def wilson(share: float, rows: int | None) -> Interval:
    """Return the 95% Wilson interval of a share of rows; no interval if the rows are unknown.

    The rows of a buyer are correlated, so the true interval is somewhat wider.
    """
    if not rows or not 0 <= share <= 1:
        return Interval.of(share)
    z2 = _Z * _Z
    center = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    variance = share * (1 - share) / rows + z2 / (4 * rows * rows)
    half = _Z / (1 + z2 / rows) * math.sqrt(variance)
    low, high = max(center - half, 0.0), min(center + half, 1.0)
    return Interval.of(share, low if share > 0 else 0.0, high if share < 1 else 1.0)
