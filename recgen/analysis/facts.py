"""What the causes look at: figures of one run, worked out once. Judges nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

from recgen.analysis.judged import Judged, Part
from recgen.analysis.measured import TOWERS, Metrics, Series
from recgen.analysis.run import Run
from recgen.analysis.series import constant_since, last, recall_ks, rows_of_chance, zero_since
from recgen.analysis.trained import findings_of, trained_config
from recgen.config import SIDES, ExperimentConfig, ModelConfig, Side
from recgen.findings import Finding
from recgen.optimizers import OPTIMIZERS, OptimizerInfo

_TINY = 1e-7  # a gradient's norm at which the generated trainer calls a tower dead
_AT_CHANCE = 0.005  # relative distance of a loss from chance's
_SMALL_SHARE = 0.1  # of the catalogue: recall at a larger k says little
_SIDES: Mapping[str, Side] = {"query": "buyer", "candidate": "product"}


class Facts:
    """Figures of one run; what is not known is None or empty."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.metrics: Metrics = run.metrics
        self.config: ExperimentConfig | None = trained_config(run)
        self.model: ModelConfig | None = self.config.model if self.config else None

    @property
    def epochs(self) -> int:
        """Epochs that were trained."""
        return self.metrics.epochs

    @cached_property
    def asked_epochs(self) -> int | None:
        """Epochs that were asked for."""
        return self.metrics.count("epochs") or (self.model.epochs if self.model else None)

    @cached_property
    def loss(self) -> Series:
        """The training loss."""
        losses = self.metrics.loss
        return losses.get("loss") or losses.get("total_loss") or ()

    @cached_property
    def val_loss(self) -> Series:
        """The validation loss."""
        losses = self.metrics.loss
        return losses.get("val_loss") or losses.get("val_total_loss") or ()

    @cached_property
    def rate(self) -> float | None:
        """The learning rate; what the trainer was told counts more than the config."""
        told = self.metrics.number("learning_rate")
        return told if told is not None else self.model.learning_rate if self.model else None

    @cached_property
    def optimizer(self) -> str | None:
        """The optimizer's name, in small letters."""
        told = self.metrics.text("optimizer")
        if told:
            return told.lower()
        return self.model.optimizer if self.model else None

    @cached_property
    def optimizer_info(self) -> OptimizerInfo | None:
        """What is known of the optimizer; None when it is not one of ours."""
        return OPTIMIZERS.get(self.optimizer or "")

    @cached_property
    def batch_size(self) -> int | None:
        """Rows of a batch."""
        told = self.metrics.count("batch_size")
        return told or (self.model.batch_size if self.model else None)

    @cached_property
    def depth(self) -> int | None:
        """Dense layers of the deeper tower, a projection included; None without a config."""
        return max(map(self.model.depth_of, SIDES)) if self.model else None

    @cached_property
    def _findings(self) -> tuple[Finding, ...]:
        return findings_of(self.run, self.config)

    def findings(self, *codes: str) -> tuple[Finding, ...]:
        """Returns what `check` finds in the config as it was trained, of these codes."""
        return tuple(finding for finding in self._findings if finding.code in codes)

    @cached_property
    def product_vocabulary(self) -> int | None:
        """Entries of the product ID's vocabulary."""
        name = self.run.config.features.product_id if self.run.config else None
        return self.run.vocabularies.get(f"{name}_vocab")

    @cached_property
    def candidates(self) -> int | None:
        """Products to choose from."""
        return self.metrics.count("candidates") or self.product_vocabulary

    def chance(self, k: int) -> float | None:
        """Returns the recall of k products that are drawn."""
        return min(k / self.candidates, 1.0) if self.candidates else None

    def rows(self, part: Part) -> int | None:
        """Returns the rows of a part."""
        count = self.metrics.count
        if part == "test":
            return count("test_rows")
        return count("validated_rows") or count("eval_rows")  # older trainers have no part

    @cached_property
    def val_recalls(self) -> Mapping[int, Series]:
        """Validation recall per epoch by k."""
        series = {**self.metrics.loss, **self.metrics.recall}  # older trainers have it in `loss`
        names = [name for name in series if name.startswith("val_")]
        return {k: series[name] for k, name in recall_ks(names).items() if points_of(series[name])}

    @cached_property
    def test_recalls(self) -> Mapping[int, float]:
        """Test recall by k."""
        final = self.metrics.final
        named = recall_ks(name for name in final if name.startswith("test_"))
        return {k: final[name] for k, name in named.items()}

    @cached_property
    def k(self) -> int | None:
        """The k at which recall says most: the largest within a tenth of the catalogue."""
        known = sorted({*self.test_recalls, *self.val_recalls})
        watched = self.metrics.count("monitored_k")  # the trainer's own choice
        if watched in known:
            return watched
        small = [k for k in known if (self.chance(k) or 0.0) <= _SMALL_SHARE and k <= 100]
        return small[-1] if small else known[0] if known else None

    @cached_property
    def recall(self) -> Series:
        """Validation recall per epoch at that k, or at the nearest that was measured."""
        if not self.val_recalls or self.k is None:
            return ()
        return self.val_recalls[min(self.val_recalls, key=lambda k: abs(k - (self.k or 0)))]

    @cached_property
    def recall_k(self) -> int | None:
        """The k of `recall`."""
        return next((k for k, series in self.val_recalls.items() if series is self.recall), None)

    @cached_property
    def judged(self) -> Judged | None:
        """Recall to judge by: the test's where popularity's is known, else validation's."""
        found = [c for c in (self._compared("test"), self._compared("val")) if c]
        return next((c for c in found if c.popularity is not None), found[0] if found else None)

    def _compared(self, part: Part) -> Judged | None:
        if self.k is None:
            return None
        if part == "test":
            own = self.test_recalls.get(self.k)
        else:
            own = self._kept(self.val_recalls.get(self.k, ()))
        if own is None:
            return None
        measured = self.metrics.evaluation.get(("model", "all", f"recall_at_{self.k}"))
        low, high = (measured.low, measured.high) if measured and part == "test" else (None, None)
        popular = self.metrics.final.get(f"{part}_popularity_recall_at_{self.k}")
        return Judged(part, self.k, own, popular, self.rows(part), low, high)

    @cached_property
    def best_epoch(self) -> int | None:
        """The epoch, from 0, whose weights the trainer kept; None where it kept the last."""
        kept = self.metrics.count("best_epoch")
        return kept if kept is not None and kept < self.epochs else None

    def _kept(self, series: Series) -> float | None:
        """Returns the value of the epoch whose weights were kept."""
        if self.best_epoch is not None and self.best_epoch < len(series):
            return series[self.best_epoch]
        return last(series)

    def gradient(self, tower: str) -> Series:
        """Returns the norm of a tower's gradients per epoch."""
        return self.metrics.gradient_norm(tower)

    @cached_property
    def zero_gradients(self) -> Mapping[str, int]:
        """Towers whose gradients are zero up to the end, with the first such epoch.

        Means over an epoch hide a death within it; the gradients of the batch that is described
        at its end do not.
        """
        stats = self.metrics.gradient_stats
        zero = {}
        for tower in TOWERS:
            both = (self.gradient(tower), stats.get(f"{tower}.norm", ()))
            since = [epoch for s in both if (epoch := zero_since(s, _TINY)) is not None]
            if since:
                zero[tower] = min(since)
        return zero

    @cached_property
    def constant_loss(self) -> tuple[int, float] | None:
        """The epoch since which the training loss stands still, and its value."""
        epoch, value = constant_since(self.loss), last(self.loss)
        return (epoch, value) if epoch is not None and value is not None else None

    @cached_property
    def chance_rows(self) -> int | None:
        """The n of a final loss that is n·ln n: the sum over n rows whose scores are equal."""
        value = last(self.loss)
        return rows_of_chance(value) if value is not None and not self.is_mean_loss else None

    @cached_property
    def is_mean_loss(self) -> bool:
        """Says whether the loss is a mean over rows, as the generated trainer's is."""
        return self.metrics.version is not None

    @cached_property
    def loss_to_chance(self) -> Series:
        """The loss, divided by that of equal scores; with a mean loss, ln of the batch."""
        told = self.metrics.health.get("loss_to_chance", ())
        if points_of(told):
            return told
        if not self.is_mean_loss or not self.batch_size or self.batch_size < 2:
            return ()
        chance = math.log(self.batch_size)
        return tuple(None if value is None else value / chance for value in self.loss)

    @cached_property
    def is_at_chance(self) -> bool:
        """Says whether the loss ended where equal scores have it."""
        if self.chance_rows is not None:
            return True
        ratio = last(self.loss_to_chance)
        return ratio is not None and abs(ratio - 1) <= _AT_CHANCE

    @cached_property
    def failure_kind(self) -> str | None:
        """Why the trainer stopped, in a word, such as `collapse` or `nan`."""
        told = self.metrics.text("failure_kind")
        if told:
            return told
        if self.metrics.flag("nan_detected"):
            return "nan"
        return "collapse" if self.metrics.flag("gradient_collapse_detected") else None

    @cached_property
    def failure_epoch(self) -> int | None:
        """The epoch, from 0, in which the trainer noticed."""
        names = ("failure_epoch", "gradient_collapse_epoch", "nan_epoch")
        return next((n for n in map(self.metrics.count, names) if n is not None), None)

    @cached_property
    def beats_popularity(self) -> bool | None:
        """Says whether recall is above popularity's by more than noise; None if not known."""
        judged = self.judged
        if judged is None or judged.popularity is None:
            return None
        return judged.own > judged.popularity + judged.noise

    @cached_property
    def is_failed(self) -> bool:
        """Says whether training came to nothing, whatever the reason."""
        return bool(
            self.failure_kind
            or self.zero_gradients
            or (self.constant_loss and self.is_at_chance)
            or self.beats_popularity is False
            or (self.judged and self.judged.own == 0)
        )


def points_of(series: Series) -> bool:
    """Says whether a series has a value at all."""
    return any(value is not None for value in series)


def side_of(tower: str) -> Side:
    """Returns the config's word for a tower of the metrics."""
    return _SIDES[tower]
