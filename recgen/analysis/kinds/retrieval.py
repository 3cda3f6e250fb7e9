"""Retrieval models: how high products rank among all, compared with what needs no model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from recgen.analysis.kinds.base import Curve, Figure, Judged, Kind, Split, sums_of
from recgen.analysis.series import best, last
from recgen.metrics import Interval, Series

_SMALL_SHARE = 0.1  # of the catalogue; recall at a larger k says little
_RECALL = re.compile(r"recall_at_(\d+)$")
_MRR = "mrr"  # the mean reciprocal rank
_VIEWS = {"new": "new pairs", "new_filtered": "new pairs without past products"}
_PAIRS = {"all": "all pairs", **_VIEWS, "unknown_buyers": "pairs of unknown buyers"}
_Z = 1.96  # of a 95% interval


class Retrieval(Kind):
    """The measures of a retrieval model: recall by k, and the mean reciprocal rank."""

    measure, baseline = "recall", "popularity"

    @cached_property
    def _series(self) -> Mapping[str, Series]:
        series = self.metrics.recall
        named = _measures(series, "val_")
        return {name: series[key] for name, key in named.items() if last(series[key]) is not None}

    @cached_property
    def _tests(self) -> Mapping[str, float]:
        final = self.metrics.final_metrics
        named = _measures(final, "test_")
        return {name: own for name, key in named.items() if (own := final[key]) is not None}

    @cached_property
    def _evaluation(self) -> Mapping[tuple[str, str, str], Interval]:
        return self.metrics.evaluation.figures if self.metrics.evaluation else {}

    @cached_property
    def _name(self) -> str | None:
        """The measure that tells models apart: the trainer's, or else recall at a fitting k.

        That is the largest k within a tenth of the catalogue. None if every list would hold the
        whole catalogue: then all models have the same recall.
        """
        names = [name for name in {**self._tests, **self._series} if self._tells_apart(name)]
        watched = self.metrics.params.measure
        if watched in names:
            return watched
        known = sorted(names, key=lambda name: _k(name) or math.inf)
        ks = [name for name in known if _k(name)]
        small = [n for n in ks if (self._chance(n) or 0.0) <= _SMALL_SHARE and (_k(n) or 0) <= 100]
        return small[-1] if small else known[0] if known else None

    def _tells_apart(self, name: str) -> bool:
        """Return whether lists are shorter than the catalogue."""
        return not self.candidates or (_k(name) or 0) < self.candidates

    def _chance(self, name: str) -> float | None:
        """Return the value of a random order."""
        if not self.candidates:
            return None
        k = _k(name)
        if k is None:
            return _mean_reciprocal(self.candidates)
        return min(k / self.candidates, 1.0)

    def measured(self, split: Split) -> Judged | None:
        """Return the measure on a split, in the epoch whose weights were kept.

        On a test, it is measured on pairs of buyer and product, if the file has them.
        """
        if self._name is None:
            return None
        judged = self._measured(split, self._name)
        found = self.evaluated("model", "all") if split == "test" else None
        return self._on_pairs(judged, found, "all") if judged and found else judged

    def recalls(self, split: Split, who: str) -> Mapping[int, float]:
        """Return the recall of a baseline on the rows of a split, by k; none if not measured."""
        final = self.metrics.final_metrics
        named = {_k(name): final[key] for name, key in _measures(final, f"{split}_{who}_").items()}
        return {k: value for k, value in named.items() if k and value is not None}

    def _measured(self, split: Split, name: str) -> Judged | None:
        """Return a measure on the rows of a split."""
        own = self._tests.get(name) if split == "test" else self._kept(self._series.get(name, ()))
        if own is None:
            return None
        final = self.metrics.final_metrics
        values = {who: final.get(f"{split}_{who}_{name}") for who in self.metrics.params.baselines}
        counted = {who: Interval.of(own) for who, own in values.items() if own is not None}
        judged = Judged(
            split,
            shown(name),
            own,
            None,
            self.rows(split),
            chance=self._chance(name),
            k=_k(name),
        )
        return self._against(judged, counted)

    def _on_pairs(self, judged: Judged, own: Interval, view: str) -> Judged:
        """Return the judged measure on some test pairs instead."""
        evaluation, baselines = self.metrics.evaluation, self.metrics.params.baselines
        figures = {who: self.evaluated(who, view) for who in baselines}
        if view != "all":
            judged = replace(judged, baseline=None, plain=None, rival="")
        judged = replace(
            judged,
            own=own.value,
            low=own.low,
            high=own.high,
            rows=evaluation.pairs.get(view.removesuffix("_filtered")) if evaluation else None,
            unit="pair",
            view=_PAIRS[view],
        )
        return self._against(judged, {who: found for who, found in figures.items() if found})

    def _against(self, judged: Judged, counted: Mapping[str, Interval]) -> Judged:
        """Return a measure with the best baseline; with the rows' one if pairs have none."""
        if not counted:
            return judged
        top = max(counted, key=lambda who: counted[who].value)
        best, plain = counted[top], counted.get(self.baseline)
        low, high = best.lead_low, best.lead_high
        return replace(
            judged,
            baseline=best.value,
            rival=self.metrics.params.baselines[top],
            plain=plain.value if plain else judged.plain,
            lead=None if low is None or high is None else (low, high),
        )

    def _kept(self, series: Series) -> float | None:
        """Return the value of the epoch whose weights were kept."""
        kept = self.metrics.params.best_epoch
        return series[kept] if kept is not None and kept < len(series) else last(series)

    @cached_property
    def tests(self) -> Mapping[str, Judged]:
        """All measures on test rows."""
        found = (self._measured("test", name) for name in self._tests)
        return {each.measure: each for each in found if each}

    @cached_property
    def by_length(self) -> tuple[Judged, ...]:
        """Recall at each k that tells models apart, on test rows or else on validation rows."""
        split: Split = "test" if self._tests else "val"
        found = (self._measured(split, name) for name in {**self._tests, **self._series})
        return tuple(each for each in found if each and each.k and (each.chance or 0.0) < 1)

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """Each measure on validation rows per epoch."""
        return tuple(Curve(shown(name), series) for name, series in self._series.items())

    @cached_property
    def curve(self) -> Curve:
        """The judged measure on validation rows, or recall at the nearest k."""
        if not self._series:
            return Curve(self.measure)
        k = _k(self._name or "") or 0
        name = min(self._series, key=lambda name: (name != self._name, abs((_k(name) or 1e9) - k)))
        return Curve(shown(name), self._series[name])

    def evaluated(self, who: str, pairs: str) -> Interval | None:
        """Return the judged measure on test pairs."""
        return self._evaluation.get((who, pairs, self._name or ""))

    @property
    def others(self) -> tuple[Judged, ...]:
        """The judged measure on new test pairs."""
        return self.views

    @cached_property
    def views(self) -> tuple[Judged, ...]:
        """The judged measure on new test pairs, in whole lists and in filtered ones."""
        judged = self.measured("test")
        found = {view: self.evaluated("model", view) for view in _VIEWS}
        return tuple(
            self._on_pairs(judged, own, view) for view, own in found.items() if judged and own
        )

    @cached_property
    def unordered(self) -> tuple[Judged, Judged] | None:
        """Recall at the smallest and the largest k, if the first places are not the best."""
        found = sorted((each.k, name) for name, each in self.tests.items() if each.k)
        if len(found) < 2:
            return None
        (least, name), (most, other) = found[0], found[-1]
        first, whole = self.tests[name], self.tests[other]
        return (first, whole) if whole.own > 0 and first.own * most <= whole.own * least else None

    @property
    def missing(self) -> str:
        """The recall that the file does not have at any k, or not at the one that was watched."""
        measured, watched = {*self._tests, *self._series}, self.metrics.params.measure
        if measured and not any(map(_k, measured)):
            return f"the file has {' and '.join(sorted(measured))} and no recall"
        if watched and _k(watched) and watched not in measured:
            return f"the trainer watched {shown(watched)}, which is not in the file"
        return ""

    @cached_property
    def beats_counting(self) -> bool | None:
        """Whether the model beats all baselines, on all test pairs or on new ones.

        Each buyer's own history is hard to beat on all pairs and useless on new ones, and a model
        is worth having if it is better in one view.
        """
        judged = self.judged
        if judged is None or judged.unit == "row":
            return judged.beats_baseline if judged else None
        won = [_wins(each) for each in (judged, *self.views)]
        return True if True in won else None if None in won else False

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """Recall on test rows and pairs, the best on validation, and that of popularity."""
        return dict(self._figures())

    def _figures(self) -> Iterator[tuple[str, Figure]]:
        for each in self.tests.values():
            yield each.name, Figure(wilson(each.own, each.rows))
        groups = (self.metrics.evaluation and self.metrics.evaluation.groups) or {}
        for (who, pairs, name), interval in self._evaluation.items():
            if who == "model":
                own = sums_of(groups.get(pairs), name)
                yield f"test {shown(name)} of {_PAIRS[pairs]}", Figure(interval, sums=own)
        for name, series in self._series.items():
            top = best(series)
            if top:
                yield f"best validation {shown(name)} of rows", Figure(
                    wilson(top[1], self.rows("val"))
                )
        for each in self.tests.values():
            if each.plain is not None:
                yield f"popularity, {each.name}", Figure(Interval.of(each.plain), is_baseline=True)
        for who, words in self.metrics.params.baselines.items():
            found = self.evaluated(who, "all")
            if found and self._name:
                yield f"{words}, test {shown(self._name)} of all pairs", Figure(
                    found, is_baseline=True
                )

    @property
    def headlines(self) -> tuple[str, ...]:
        """What the run is judged by on test data, and the same on new pairs."""
        found = (self.measured("test"), *self.views[:1])
        return tuple(each.name for each in found if each)


def shown(name: str) -> str:
    """Return a measure's name as it is shown: `recall@100`."""
    return name.replace("_at_", "@")


def _k(name: str) -> int | None:
    """Return the k of a recall."""
    found = _RECALL.fullmatch(name)
    return int(found[1]) if found else None


def _measures(names: Iterable[str], prefix: str) -> dict[str, str]:
    """Return the names with a prefix by measure, in the order of k."""
    found = {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}
    known = {own: name for own, name in found.items() if own == _MRR or _k(own)}
    return dict(sorted(known.items(), key=lambda item: _k(item[0]) or math.inf))


def _mean_reciprocal(count: int) -> float:
    """Return the mean of 1, 1/2, …, 1/count."""
    few = min(count, 1000)
    total = sum(1 / rank for rank in range(1, few + 1)) + math.log(count / few)
    return total / count


def _wins(judged: Judged) -> bool | None:
    """Return whether the model is the best; None if there are too few pairs to tell."""
    if judged.baseline is None:
        return None
    return None if judged.is_too_small else judged.beats_baseline


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
