"""Failures: when a training is stopped."""

import math

import tensorflow as tf

from .figures import TOWERS
from .messages import say

# Losses are means, relative to chance, so the limits hold at every batch size.
DEAD_STEPS = 5  # with a dead tower, before training is stopped
DEAD_UNITS = 0.8  # share of units that rarely fire in a dead layer
AT_CHANCE = 0.995  # share of the loss of equal scores
KNOWN = 0.5  # share of it below which a zero gradient means that all is learnt
# Before a model has to be better than chance and popularity.
GRACE_EPOCHS = 3
GRACE_STEPS = 500
PROGRESS = 0.002  # least decrease of the loss, relative to chance, that is learning
STILL = 1e-5  # relative change of weights in an epoch below which nothing is trained


class FailureWatch(tf.keras.callbacks.Callback):
    """Stops a training that has failed, and records why.

    Args:
        metrics: The MetricsFile.
        stage: As in Checkpoints.
        baselines: Monitored values of what treats all rows alike, as a failed model does.
    """

    def __init__(self, metrics, stage, baselines=()):
        super().__init__()
        self.chance, self.stage = metrics.chance, stage
        self.health = metrics.content["health"]
        self.measures = metrics.content[metrics.measured]
        self.record = metrics.content["params"]
        self.baselines = baselines or [math.inf]  # without any, no model is better

    def on_train_begin(self, logs=None):
        self.epoch = len(self.health["loss_to_chance"]) - 1

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.steps = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps = batch + 1
        if not math.isfinite(logs["loss"]):
            self.record |= {"nan_detected": True, "nan_epoch": self.epoch}
            self._stop("nan", "The loss became NaN or infinite.")
            return
        dead = [k for k, steps in self.model.dead_steps.items() if steps >= DEAD_STEPS]
        # A model that has memorized its data has no gradient either.
        if dead and self.loss_to_chance(logs) > KNOWN:
            self._collapse("collapse", dead, "towers")

    def loss_to_chance(self, logs):
        """Return the loss of an epoch's steps, relative to that of chance."""
        return logs["loss"] / self.chance

    def on_epoch_end(self, epoch, logs=None):
        if "failure" in self.record:
            return
        planned = self.params["steps"]
        if self.steps < planned:
            had = f"The training data ended after {self.steps} of {planned} steps."
            self._stop("out_of_data", had)
            return
        if self.stage != "first":
            return
        losses = self.health["loss_to_chance"]
        # The mean of an epoch has its start in it.
        ended_well = (logs or {}).get("val_loss", math.inf) < self.chance
        most = max(1.5, 1.1 * losses[-2]) if epoch else 10
        if losses[-1] > most and not ended_well:
            times = f"{losses[-1]:.3g} times"
            self._stop("divergence", f"The loss is {times} that of chance.")
            return
        self.judge(epoch, logs)

    def judge(self, epoch, logs):
        """Stop a first training that learns nothing, at the end of an epoch."""
        losses = self.health["loss_to_chance"]
        value = logs.get(f"val_{self.record['monitored']}")
        if value is not None and value > 1.05 * max(self.baselines):
            return
        at_chance = losses[-1] > AT_CHANCE
        layers = {k: self.health[k].get("dead_units", [0]) for k in TOWERS}
        dead = [name for name, shares in layers.items() if shares[-1] > DEAD_UNITS]
        if epoch and at_chance and dead:  # some recover in the first epoch
            self._collapse("dead_tower", dead, "hidden layers of")
            return
        if epoch + 1 < GRACE_EPOCHS or self.model.optimizer.iterations < GRACE_STEPS:
            return
        progress = losses[-GRACE_EPOCHS] - losses[-1]  # a model may be slow
        if progress < 0.01 and self._shows_popularity(value):
            self._stop(
                "popularity_only", "Everybody is shown the most popular products."
            )
        elif at_chance and progress < PROGRESS:
            self._stop_at_chance()

    def _shows_popularity(self, value):
        """Return whether all are shown one list, if lists are measured, as good as popularity."""
        if value is None or "val_coverage_at_100" not in self.health:
            return False
        share = min(1, 100 / self.record["candidates"])  # coverage of one list for all
        coverage = self.health["val_coverage_at_100"][-1]
        is_one_list = coverage < min(1.5 * share, (1 + share) / 2)
        return is_one_list and value > 0.9 * min(self.baselines)

    def on_train_end(self, logs=None):
        """Judge a training that ended before its epochs could be judged."""
        if self.stage != "first" or "failure" in self.record:
            return
        losses = self.health["loss_to_chance"]
        values = self.measures[f"val_{self.record['monitored']}"]
        best = max((value for value in values if value is not None), default=0)
        has_learned = losses[0] - min(losses) >= PROGRESS
        if losses[-1] <= AT_CHANCE or has_learned or best > 1.05 * max(self.baselines):
            return
        changes = [max(self.health[tower]["update_ratio"]) for tower in TOWERS]
        is_long = len(losses) > 1 and self.model.optimizer.iterations >= GRACE_STEPS
        # The first step of a warm-up has no rate yet.
        is_still = max(changes) < STILL and self.model.optimizer.iterations > 1
        if is_long or is_still or "stopped_early" in self.record:
            self._stop_at_chance()
        else:
            self.record["at_chance"] = True
            say("warning", "the loss is that of chance: nothing is learned yet")

    def _stop_at_chance(self):
        after = f"After {self.epoch + 1} epochs" if self.epoch else "After one epoch"
        self._stop("not_learning", f"{after} the loss is that of chance.")

    def _collapse(self, kind, towers, what):
        self.record["gradient_collapse_detected"] = True
        self.record["gradient_collapse_epoch"] = self.epoch
        self.record["collapsed_towers"] = towers
        self._stop(kind, f"Training collapsed, dead {what}: {', '.join(towers)}.")

    def _stop(self, kind, reason):
        training = "" if self.stage == "first" else f"{self.stage} training, "
        place = f"{training}epoch {self.epoch + 1}".capitalize()
        self.record["failure"] = f"{place}: {reason}"
        self.record["failure_kind"] = kind
        self.record["failure_epoch"] = self.epoch
        self.model.stop_training = True
