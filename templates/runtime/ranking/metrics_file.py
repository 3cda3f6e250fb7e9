"""The metrics file of a ranking model, its validation, and when it has failed."""

import numpy as np
import tensorflow as tf

from ..failures import AT_CHANCE, DEAD_UNITS, GRACE_EPOCHS, GRACE_STEPS, FailureWatch
from ..figures import LOSSES, TOWERS
from ..health import MOMENTS, RARELY_FIRED, embedding_health, sample_weights
from ..messages import say
from ..metrics_file import HISTOGRAM_RANGES, MetricsFile
from .evaluation import figures_of_rows
from .model import HEAD, PAIRED

CONSTANT = 1e-3  # deviation of predictions, in deviations of the target


class RatingValidation(tf.keras.callbacks.Callback):
    """Adds the figures of validation rows to an epoch's, before others read them.

    Args:
        rated: The validation rows.
        each_epoch: Whether all epochs are validated, or only the last.
    """

    def __init__(self, rated, each_epoch):
        super().__init__()
        self.rated, self.each_epoch = rated, each_epoch

    def on_epoch_end(self, epoch, logs=None):
        if self.each_epoch or epoch + 1 >= self.params["epochs"]:
            logs |= {f"val_{name}": value for name, value in self.figures(logs).items()}

    def figures(self, logs):
        """Return the figures by name; `logs` has what Keras measured."""
        loss, figures = self.rated_figures()
        penalty = float(tf.add_n([*self.model.losses, 0.0]))
        losses = {
            "loss": loss,
            "regularization_loss": penalty,
            "total_loss": loss + penalty,
        }
        return losses | figures

    def rated_figures(self):
        """Return the mean of the rows' losses, and the errors of predictions by name."""
        outputs, loss = self.rated.predict(self.model)
        values = self.rated.in_units_of(self.model, outputs)
        return loss, figures_of_rows(self.rated, *values)


class HeadMetricsFile(MetricsFile):
    """The metrics file, with the head beside the towers."""

    def add_head(self, learnt):
        """Make room for the head, with the targets of training rows."""
        self.learnt, content = learnt, self.content
        content["gradient"][HEAD] = []
        content["health"][HEAD] = {"update_ratio": [], "spread": []}
        for group in HISTOGRAM_RANGES:
            edges = content[group][TOWERS[0]]["histogram"]["bin_edges"]
            content[group][HEAD] = {name: [] for name in MOMENTS}
            content[group][HEAD]["histogram"] = {"bin_edges": edges, "counts": []}

    def add_figures(self, names):
        """Make room for what is validated besides losses."""
        self.content["loss"] |= {f"val_{name}": [] for name in names}

    def on_train_begin(self, logs=None):
        self.deviation = float(np.std(self.learnt))
        if self.model.pairwise_share:
            for group, name in zip(("loss", "health"), PAIRED, strict=True):
                self.content[group].setdefault(name, [])

    def _add_health(self, logs):
        """Add the distance from chance, and how each part of the model is used."""
        health, model = self.content["health"], self.model
        if model.pairwise_share:
            health[PAIRED[1]].append(logs[PAIRED[1]])
        health["loss_to_chance"].append(logs["loss"] / self.chance)
        outputs, traces = model.embed(self.probe), model.traces(self.probe)
        for name, part in model.towers.items():
            before, after = self.weights[name], sample_weights(part)
            change = tf.norm(after - before) / tf.maximum(tf.norm(before), 1e-30)
            figures = {"update_ratio": change}
            if name == HEAD:
                found = model.rating(outputs[HEAD][:, 0])["predictions_normalized"]
                figures["spread"] = tf.math.reduce_std(found) / self.deviation
            else:
                figures |= embedding_health(outputs[name])
            if traces[name]:
                figures["dead_units"] = dead_share(traces[name])
            for key, value in figures.items():
                health[name].setdefault(key, []).append(float(value))


class RatingMetricsFile(HeadMetricsFile):
    """The metrics file of a model that has errors in place of recall."""

    measured = "loss"

    def __init__(self, folders, log_folder, params, probe, learnt):
        super().__init__(folders, log_folder, params, None, probe)
        names = [*LOSSES, *(f"val_{name}" for name in LOSSES)]
        self.content["loss"] = {name: [] for name in names}
        self.add_head(learnt)

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.chance = self.model.constants_loss

    def figures(self, logs):
        """Return the figures of an epoch's line: the loss, and the first errors."""
        return f"loss {logs['loss']:.4f}" + error_words(logs, "val_loss")


def error_words(logs, *others):
    """Return these figures, and the first errors on validation rows, as far as known."""
    names = (*others, "val_rmse", "val_auc_roc")
    return "".join(f"  {name} {logs[name]:.4f}" for name in names if name in logs)


def dead_share(traces):
    """Return the share of units that rarely fire, in the worst of some layers' outputs."""
    fired = [tf.reduce_mean(tf.cast(each > 0, tf.float32), axis=0) for each in traces]
    shares = [
        tf.reduce_mean(tf.cast(each < RARELY_FIRED, tf.float32)) for each in fired
    ]
    return tf.reduce_max(shares)


class RatingWatch(FailureWatch):
    """Stops a training whose loss is no number or far above chance, or that predicts one value."""

    def __init__(self, metrics, stage, baselines=None):
        super().__init__(metrics, stage, baselines)
        self.metrics = metrics

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.chance = self.metrics.chance

    def is_long(self):
        """Return whether a model has had the time to learn something."""
        steps = self.model.optimizer.iterations
        return self.epoch + 1 >= GRACE_EPOCHS and steps >= GRACE_STEPS

    def judge(self, epoch, logs):
        """Stop a training that predicts one value for all rows; other models may be right."""
        layers = {k: self.health[k].get("dead_units", [0]) for k in self.model.towers}
        dead = [name for name, shares in layers.items() if shares[-1] > DEAD_UNITS]
        is_constant = self.health[HEAD]["spread"][-1] < CONSTANT
        at_chance = is_constant or self.health["loss_to_chance"][-1] > AT_CHANCE
        if epoch and at_chance and dead:  # some recover in the first epoch
            self._collapse("dead_tower", dead, "hidden layers of")
        elif is_constant and self.is_long():
            self._stop_constant()

    def on_train_end(self, logs=None):
        """Judge a training that ended before its epochs could be judged."""
        if (
            self.stage != "first"
            or "failure" in self.record
            or not self.health[HEAD]["spread"]
        ):
            return
        if self.health[HEAD]["spread"][-1] < CONSTANT:
            self._stop_constant()
        elif self.health["loss_to_chance"][-1] > 1:
            self.record["at_chance"] = True
            say("warning", "the loss is that of a constant: nothing is learned yet")

    def _stop_constant(self):
        self._stop("constant_prediction", "All rows have the same prediction.")
