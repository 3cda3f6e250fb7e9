"""Facts of one run that the causes examine, each computed once. Judges nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

from recgen.analysis.kinds import Curve, Judged, Kind, Retrieval, kind_of
from recgen.analysis.series import (
    any_value,
    burst,
    choices_of_chance,
    constant_since,
    has_stalled,
    last,
    points,
    rows_of_chance,
    stands_still,
    zero_since,
)
from recgen.analysis.setup import Setup
from recgen.config import Side
from recgen.metrics import TOWERS, Series, Tower

_TINY = 1e-7  # gradient norm below which the generated trainer considers a tower dead
_AT_CHANCE = 0.005  # relative distance of a loss from that of chance
_KNOWS_NOTHING = 0.97  # a loss, relative to that of chance; popularity alone gives 0.97 to 1.1
_BOUGHT_AGAIN = 0.5  # recall of own history in shops in which people buy the same again
_TIMES_POPULARITY = 5  # its recall there, divided by popularity's; elsewhere up to 2.5
_SIDES: Mapping[str, Side] = {"query": "buyer", "candidate": "product"}


class Facts(Setup):
    """Figures of one run, and how it was trained; what is unknown is None or empty."""

    @cached_property
    def kind(self) -> Kind:
        """The measures of the run's kind of model."""
        return kind_of(self.metrics, self.products)

    @property
    def judged(self) -> Judged | None:
        """The measure by which the run is judged."""
        return self.kind.judged

    @property
    def curve(self) -> Curve:
        """The same measure on validation rows, per epoch."""
        return self.kind.curve

    @property
    def epochs(self) -> int:
        """Number of epochs that were trained."""
        return len(self.metrics.epochs)

    @property
    def is_untested(self) -> bool:
        """Whether the file has no figure of a test, not even a loss."""
        final = self.metrics.final_metrics
        tested = any(own is not None for name, own in final.items() if name.startswith("test_"))
        return not tested and not self.kind.tests

    @cached_property
    def kept(self) -> Sequence[int]:
        """Epochs, from 0, of which the file has values: all, or those that a database kept."""
        return range(self.epochs) if self.run.file.kept is None else self.run.file.kept

    @cached_property
    def loss(self) -> Series:
        """The training loss; empty if there is none."""
        return _first(self.metrics.loss.loss, self.metrics.loss.total_loss)

    @cached_property
    def val_loss(self) -> Series:
        """The validation loss; empty if there is none."""
        return _first(self.metrics.loss.val_loss, self.metrics.loss.val_total_loss)

    @cached_property
    def best_epoch(self) -> int | None:
        """The epoch, from 0, whose weights the trainer kept; None if it kept the last epoch."""
        kept = self.params.best_epoch
        return kept if kept is not None and kept < self.epochs else None

    def gradient(self, tower: str) -> Series:
        """Return the gradient norm of a tower, or of all weights (`total`), per epoch."""
        return self.metrics.series[f"gradient.{tower}"]

    def health(self, name: str) -> Series:
        """Return a health metric per epoch, such as `query.dead_units`; empty if not measured."""
        return self.metrics.series.get(f"health.{name}", ())

    @cached_property
    def zero_gradients(self) -> Mapping[Tower, int]:
        """Towers whose gradients are zero up to the end, with the first such epoch.

        Zeros are believed only if the loss stands still after them.
        """
        zero = self._zeros
        return {tower: since for tower, since in zero.items() if not self._trained_after(since)}

    @cached_property
    def unrecorded(self) -> Mapping[str, int]:
        """Statistics that are zero up to the end although the model learned, in words.

        The epoch is the first in which they are.
        """
        stats = self.metrics.weight_stats
        norms = {tower: zero_since(getattr(stats, tower).norm) for tower in TOWERS}
        found: dict[str, int] = {}
        for what, zeros in (("gradients", self._zeros), ("weights", norms)):
            wrong = {
                tower: since
                for tower, since in zeros.items()
                if since is not None and self._trained_after(since)
            }
            if len(wrong) == len(TOWERS):
                found[f"the {what} of both towers"] = max(wrong.values())
            elif wrong:
                tower, since = next(iter(wrong.items()))
                found[f"the {what} of the {side_of(tower)} tower"] = since
        return found

    def _trained_after(self, since: int) -> bool:
        """Return whether the model learned after the end of an epoch, counted from 0."""
        if self.params.failure_kind or self.params.gradient_collapse_detected:
            return False  # the trainer looked at the towers themselves
        if self.beats_plain and (self.best_epoch is None or self.best_epoch > since):
            return True
        moves = stands_still(self.loss, since + 1)
        return moves is False and not self._is_at_chance_since(since + 1)

    def _is_at_chance_since(self, since: int) -> bool:
        ratios = [ratio for epoch, ratio in points(self.loss_to_chance) if epoch >= since]
        return bool(ratios) and all(abs(ratio - 1) <= _AT_CHANCE for ratio in ratios)

    @cached_property
    def _zeros(self) -> Mapping[Tower, int]:
        """Towers whose gradients are said to be zero up to the end, with the first such epoch.

        A mean over an epoch hides a death during that epoch; the statistics of its last batch do
        not.
        """
        zero: dict[Tower, int] = {}
        for tower in TOWERS:
            both = (self.gradient(tower), getattr(self.metrics.gradient_stats, tower).norm)
            since = [epoch for s in both if (epoch := zero_since(s, _TINY)) is not None]
            if since:
                zero[tower] = min(since)
        return zero

    @cached_property
    def constant_loss(self) -> tuple[int, float] | None:
        """The epoch since which the training loss is constant, and its value."""
        epoch, value = constant_since(self.loss), last(self.loss)
        return (epoch, value) if epoch is not None and value is not None else None

    @cached_property
    def chance_rows(self) -> int | None:
        """The n of a final loss of n·ln n, the sum over n rows whose scores are equal."""
        value = last(self.loss)
        is_sum = not self.is_mean_loss and isinstance(self.kind, Retrieval)
        rows = rows_of_chance(value) if value is not None and is_sum else None
        is_batch = rows is not None and rows <= (self.batch_size or rows)
        return rows if is_batch or self.constant_loss else None

    @cached_property
    def chance_choices(self) -> int | None:
        """The n of a constant final loss of ln n, the mean over rows whose n scores are equal.

        Only of losses of which it is not known that they are means.
        """
        is_unknown = not self.is_mean_loss and isinstance(self.kind, Retrieval)
        if not is_unknown or self.constant_loss is None:
            return None
        return choices_of_chance(self.constant_loss[1])

    @cached_property
    def burst(self) -> tuple[Tower, int, float, float] | None:
        """The tower, epoch, norm and multiple of the usual norm of a burst of gradients."""
        for tower in TOWERS:
            both = (self.gradient(tower), getattr(self.metrics.gradient_stats, tower).norm)
            for norms in both:
                if found := burst(norms):
                    return (tower, *found)
        return None

    @cached_property
    def is_stuck(self) -> bool:
        """Whether the loss stands still since a burst of gradients.

        That is how a dead hidden layer looks in files without the number of products: gradients
        are not zero, and the loss moves a little.
        """
        return self.burst is not None and has_stalled(self.loss) and not self.beats_plain

    @cached_property
    def is_idle(self) -> bool:
        """Whether the loss stands still and lists have no order, without a burst before."""
        is_idle = has_stalled(self.loss) and self.kind.unordered is not None
        return is_idle and self.burst is None and not self.beats_plain

    @cached_property
    def is_mismatched(self) -> bool:
        """Whether the model learned something, and recall says it is worse than chance."""
        judged = self.judged
        is_low = judged is not None and (judged.is_zero or judged.is_below_chance)
        return is_low and self.has_trained and not has_stalled(self.loss)

    @cached_property
    def loss_to_chance(self) -> Series:
        """The loss divided by that of equal scores, which is ln(batch size) for a mean loss."""
        measured = self.health("loss_to_chance")
        if any_value(measured):
            return measured
        if not self.is_mean_loss or not self.batch_size or self.batch_size < 2:
            return ()
        chance = math.log(self.batch_size)
        return tuple(None if value is None else value / chance for value in self.loss)

    @cached_property
    def is_at_chance(self) -> bool:
        """Whether the loss ended at the value for equal scores."""
        if self.chance_rows is not None or self.chance_choices is not None:
            return True
        ratio = last(self.loss_to_chance)
        return ratio is not None and abs(ratio - 1) <= _AT_CHANCE

    @cached_property
    def failure_kind(self) -> str | None:
        """Why the trainer stopped, such as `collapse` or `nan`."""
        if self.params.failure_kind:
            return None if self.ended_well else self.params.failure_kind
        if self.params.nan_detected:
            return "nan"
        return "collapse" if self.params.gradient_collapse_detected else None

    @cached_property
    def ended_well(self) -> bool:
        """Whether the only epoch, whose mean loss is far above chance, left a model that works.

        Its first steps are in the mean; validation comes after the last one.
        """
        loss, ratio, val = (last(each) for each in (self.loss, self.loss_to_chance, self.val_loss))
        if self.epochs != 1 or not loss or not ratio or ratio <= 1 or val is None:
            return False
        return val < loss / ratio and bool(self.beats_plain)

    @cached_property
    def failure_epoch(self) -> int | None:
        """The epoch, from 0, in which the trainer noticed the failure."""
        params = self.params
        epochs = (params.failure_epoch, params.gradient_collapse_epoch, params.nan_epoch)
        return next((epoch for epoch in epochs if epoch is not None), None)

    @property
    def beats_baseline(self) -> bool | None:
        """Whether the model is better than all its baselines; None if that is unknown."""
        return self.judged.beats_baseline if self.judged else None

    @property
    def beats_plain(self) -> bool | None:
        """Whether the model is better than its plain baseline; None if that is unknown."""
        return self.judged.beats_plain if self.judged else None

    @cached_property
    def is_bought_again(self) -> bool:
        """Whether people buy the same again, so that each buyer's own history has a high recall."""
        own = self.kind.evaluated("own_history", "all")
        popular = self.kind.evaluated(self.kind.baseline, "all")
        if own is None:
            return False
        is_far = popular is not None and own.value >= _TIMES_POPULARITY * popular.value > 0
        return own.value >= _BOUGHT_AGAIN or is_far

    @cached_property
    def has_trained(self) -> bool:
        """Whether the loss fell and nothing died, whatever the recall."""
        found = points(self.loss)
        is_dead = self.failure_kind or self.zero_gradients or self.is_at_chance
        stalls = self.is_stuck or self.is_idle or bool(self.constant_loss)
        return not (is_dead or stalls) and len(found) > 1 and found[-1][1] < found[0][1]

    @cached_property
    def is_kept_before_death(self) -> bool:
        """Whether the model died, and weights of an epoch before that were kept, which work."""
        starts = [*self.zero_gradients.values()]
        if self.constant_loss and self.is_at_chance:
            starts.append(self.constant_loss[0])
        if self.failure_kind or self.best_epoch is None or not starts:
            return False
        return self.best_epoch < min(starts) and bool(self.beats_plain)

    @cached_property
    def is_failed(self) -> bool:
        """Whether training achieved nothing, whatever the reason."""
        if self.is_mismatched or self.is_kept_before_death:
            return False  # the loss fell: what was learned is not what was measured
        return bool(
            self.failure_kind
            or self.zero_gradients
            or (self.constant_loss and self.is_at_chance)
            or self.beats_plain is False
            or self.is_stuck
            or self.is_idle
            or (self.judged and self.judged.own == 0 and not self.judged.is_error)
        )

    @cached_property
    def is_held_back(self) -> bool:
        """Whether something keeps the model from being better than counting.

        Counting has as much recall, by more than noise more on all pairs; or the loss ends near
        that of equal scores, so the towers know nothing, whatever a final layer adds to them.
        """
        judged, ratio = self.judged, last(self.loss_to_chance)
        is_below = judged is not None and judged.is_worse
        if ratio is not None and ratio >= _KNOWS_NOTHING and not self.ended_well:
            return True
        return self.is_failed or is_below or self.kind.beats_counting is False


def _first(*series: Series) -> Series:
    return next(filter(any_value, series), ())


def side_of(tower: str) -> Side:
    """Return the config's name for a tower of the metrics."""
    return _SIDES[tower]
