"""Training of a ranking model: rows with a target, their baselines, calibration."""

import numpy as np
import tensorflow as tf

from ..messages import say
from ..rows import Split
from ..training import Training
from .calibration import calibrate
from .evaluation import (
    Comparison,
    MeansOf,
    Rated,
    figures_of_rows,
    is_error,
    shrinkages,
)
from .metrics_file import RatingMetricsFile, RatingValidation, RatingWatch
from .rating import Rating

RATED_ROWS = 1 << 20  # rows of a validation or a test, evenly spaced
PARTS = {
    "training": "train",
    "validation": "eval",
    "test": "test",
}  # in the metrics file


class RatingTraining(Training):
    """A training of a RatingModel on the rows that have a target.

    Attributes:
        target: The Target.
        targets: Its columns in the rows that are trained on, by name.
        without_target: Rows of each split that have none and are left out.
    """

    def __init__(self, *args, target, **kwargs):
        self.target, self.without_target = target, {}
        self.calibration = None  # what is said of it, once it is fitted
        super().__init__(*args, **kwargs)

    def read(self, patterns, name, columns):
        split = super().read(patterns, name, columns)
        known = with_target(split, self.target.column)
        missing = self.without_target[PARTS[name]] = split.count - known.count
        if not known.count:
            raise ValueError(
                f"All {name} rows have no {self.target.column}: nothing to learn."
            )
        if missing:
            rows = f"{missing:,} of {split.count:,} {name} rows"
            say("note", f"{rows} have no target and are left out")
        return known if missing else split

    def use(self, rows):
        super().use(rows)
        self.targets = {name: rows.column(name) for name in self.target.columns}
        learnt = self.targets[self.target.column]
        if self.target.is_chance and not np.isin(learnt, (0, 1)).all():
            odd = learnt[~np.isin(learnt, (0, 1))][0]
            raise ValueError(
                f"{self.target.column} has {odd:g}: binary_crossentropy needs targets of 0 and 1."
            )
        if np.all(learnt == learnt[0]):
            raise ValueError(
                f"{self.target.column} is {learnt[0]:g} in all training rows: nothing to learn."
            )

    def most_validated(self):
        return RATED_ROWS

    def describe(self):
        self.rating = Rating(self.target, self.targets)
        self.rated = self._rated(self.validated)
        return super().describe() | {
            "monitored": "loss",
            "is_binary_labels": self.rated.is_binary,
            "without_target": dict(self.without_target),
        }

    def _rated(self, split):
        return Rated(split, self.rating, self.target, self.catalogue.buyers)

    def fit(self, patience=None, plateau_factor=None, validates_each_epoch=True):
        """Return a model that is trained on the training rows, with its best epoch's weights.

        Args:
            patience: As in Checkpoints.
            plateau_factor: As in Checkpoints.
            validates_each_epoch: Whether validation follows each epoch, or only the last.
        """
        baselines = self._baselines()
        folders, log_folder = self.replicas.output_folders(
            self.fn_args, self.settings.gcs_output_path
        )
        learnt, figures = self.targets[self.target.column], baselines["global_mean"]
        self.metrics = RatingMetricsFile(
            folders, log_folder, self.params, self.probe, learnt, figures
        )
        final = self.metrics.content["final_metrics"]
        for who, found in baselines.items():
            final |= {f"val_{who}_{name}": value for name, value in found.items()}
        validation = RatingValidation(self.rated, validates_each_epoch)
        return self._fit(
            "first",
            self.settings.epochs,
            [validation, self.metrics, self.watch("first")],
            {"patience": patience, "plateau_factor": plateau_factor},
        )

    def _baselines(self):
        """Return the figures of each mean on validation rows, by its name."""
        train = self._rated(self.train)
        self.shrinkage = self.params["shrinkage"] = shrinkages(train, self.rated)
        values, logs = MeansOf(train, self.shrinkage).predict(self.rated)
        return {
            who: figures_of_rows(self.rated, own, logs.get(who))
            for who, own in values.items()
        }

    def watch(self, stage, baselines=None):
        return RatingWatch(self.metrics, stage, baselines)

    def calibrate(self, model):
        """Fit Platt scaling on validation rows; later models have it, too."""
        if self.has_failed:
            return
        logits = model.rating.logits(self.rated.predict(model)[0]).numpy()
        found = calibrate(
            logits.astype(np.float64), self.rated.targets, self.rated.groups
        )
        self.calibration = self.metrics.content["calibration"] = found
        self.complete(model)
        self.metrics.write()
        if found["method"] != "none":
            before, after = found["log_loss_before"], found["log_loss_after"]
            say("note", f"calibrated: validation log loss {before:.4f} -> {after:.4f}")

    def complete(self, model):
        if self.calibration:
            model.rating.slope.assign(self.calibration["slope"])
            model.rating.intercept.assign(self.calibration["intercept"])

    def measure_test(self, model):
        """Compare the model on the test with means of the rows that it was trained on."""
        tested = self._rated(some_rows(self.test))
        self.params["tested_rows"] = tested.rows
        means = MeansOf(self._rated(self.rows), self.shrinkage)
        comparison = Comparison(tested, model, means, self.settings.seed)
        found = self.metrics.content["rating"] = comparison.compare()
        found["groups"] = comparison.by_group(self.catalogue)
        final = self.metrics.content["final_metrics"]
        final["test_loss"] = comparison.loss
        for who, figures in found["figures"].items():
            prefix = "test_" if who == "model" else f"test_{who}_"
            final |= {
                f"{prefix}{name}": each["value"] for name, each in figures.items()
            }
        self.metrics.write()
        name = found["measure"]
        values = {
            who: figures[name]["value"] for who, figures in found["figures"].items()
        }
        own, order = values.pop("model"), min if is_error(name) else max
        best = order(values, key=values.__getitem__)
        words = best.replace("_", " ")
        print(f"test_{name} {own:.4f}  {words} {values[best]:.4f}", flush=True)


def some_rows(split):
    """Return all rows of a split, or evenly spaced ones of a large one."""
    return split.spaced(RATED_ROWS)


def with_target(split, column):
    """Return the rows of a split whose target is no NaN."""

    def known(chunk):
        has_target = tf.logical_not(tf.math.is_nan(chunk[column]))
        return {
            name: (
                tf.ragged.boolean_mask(values, has_target)
                if isinstance(values, tf.RaggedTensor)
                else tf.boolean_mask(values, has_target)
            )
            for name, values in chunk.items()
        }

    chunks = split.dataset.map(known)
    return Split(chunks.filter(lambda chunk: tf.size(chunk[column]) > 0), split.columns)
