"""Two tasks: the metrics file, validation, and when a training has failed."""

from ..failures import AT_CHANCE, FailureWatch
from ..messages import say
from ..ranking.metrics_file import (
    HeadMetricsFile,
    RatingValidation,
    RatingWatch,
    error_words,
)
from ..retrieval.metrics_file import RetrievalMetrics
from .model import TASKS

LEARNT = 0.9  # share of its chance below which a task has learnt something


class TwoTaskValidation(RatingValidation):
    """Adds errors of predictions, the sums of both losses, and that of both successes."""

    def __init__(self, rated, each_epoch, monitored):
        super().__init__(rated, each_epoch)
        self.monitored = monitored

    def figures(self, logs):
        model = self.model
        rated, figures = self.rated_figures()
        losses = {"retrieval_loss": logs["val_retrieval_loss"], "ranking_loss": rated}
        loss, penalty = model.weighted(losses), logs["val_regularization_loss"]
        losses |= {"loss": loss, "total_loss": loss + penalty}
        recall = logs[f"val_{self.monitored}"]
        return losses | figures | {"both_tasks": both(model, recall, rated)}


def both(model, recall, loss):
    """Return the weighted mean of two successes, by which epochs are compared.

    They are the recall, and the share of the best constant's loss that predictions avoid:
    both are 0 for a model that knows nothing, and at most 1.
    """
    weights = model.task_weights
    explained = 1 - loss / model.chances["ranking"]
    total = weights["retrieval"] * recall + weights["ranking"] * explained
    return float(total / sum(weights.values()))


class TwoTaskMetrics(RetrievalMetrics, HeadMetricsFile):
    """The metrics file with the figures of both tasks."""

    def __init__(self, *args, learnt):
        super().__init__(*args)
        self.add_head(learnt)
        losses = [f"{split}{task}_loss" for task in TASKS for split in ("", "val_")]
        self.content["loss"] |= {name: [] for name in losses}
        self.add_figures(["both_tasks"])
        for task in TASKS:
            names = f"{task}_to_chance", f"{task}_weight"
            self.content["health"] |= {name: [] for name in names}

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.chance = self.model.chance

    def _add_health(self, logs):
        super()._add_health(logs)
        health, model = self.content["health"], self.model
        weights = model.effective_weights()
        for task, share in model.relative(logs).items():
            health[f"{task}_to_chance"].append(float(share))
            health[f"{task}_weight"].append(weights[task])

    def figures(self, logs):
        return super().figures(logs) + error_words(logs)


class TwoTaskWatch(RatingWatch):
    """Stops a training that fails in one of the ways of either task."""

    def loss_to_chance(self, logs):
        """Return the loss of the task that is farther from being learnt."""
        return max(self.model.relative(logs).values())

    def judge(self, epoch, logs):
        super().judge(epoch, logs)
        if "failure" not in self.record:
            FailureWatch.judge(self, epoch, logs)

    def on_train_end(self, logs=None):
        super().on_train_end(logs)
        if self.stage != "first" or "failure" in self.record:
            return
        if "at_chance" not in self.record:
            FailureWatch.on_train_end(self, logs)
        least = {task: min(self.health[f"{task}_to_chance"]) for task in TASKS}
        for task, other in (TASKS, TASKS[::-1]) if self.is_long() else ():
            if least[task] > AT_CHANCE and least[other] < LEARNT:
                self.record["starved_task"] = task
                say(
                    "warning", f"{task} learns nothing beside {other}: raise its weight"
                )
