"""Training of a ranking model: rows with a target, their baselines, calibration."""

import math

import numpy as np
import tensorflow as tf

from ..messages import say
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


class RatedTraining(Training):
    """A training that learns a target from the rows that have one.

    Attributes:
        target: The Target.
        targets: Its columns in the rows that are trained on and have one, by name.
        without_target: Rows of each split that have none.
        rated: The validation rows that have one.
        calibration: What is said of the calibration, once it is fitted.
    """

    elsewhere = ""  # where rows without a target count all the same

    def __init__(self, *args, target, **kwargs):
        self.target, self.without_target = target, {}
        self.calibration = None
        super().__init__(*args, **kwargs)

    def rated_rows(self, split, name):
        """Return the rows of a split that have a target; counts and tells the others."""
        known = with_target(split, self.target.column)
        missing = self.without_target[PARTS[name]] = split.count - known.count
        if not known.count:
            raise ValueError(
                f"All {name} rows have no {self.target.column}: nothing to learn."
            )
        if missing:
            rows = f"{missing:,} of {split.count:,} {name} rows"
            say("note", f"{rows} have no target and are left out{self.elsewhere}")
        return known if missing else split

    def use_targets(self, rows):
        """Take the targets of rows that have one.

        Raises:
            ValueError: Nothing can be learnt from them.
        """
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

    def describe_rated(self, validated):
        """Return what the metrics file says of the targets, with these validation rows."""
        self.rating = Rating(self.target, self.targets)
        self.rated = self.rated_of(validated)
        return {
            "is_binary_labels": self.rated.is_binary,
            "without_target": dict(self.without_target),
        }

    def rated_of(self, split):
        """Return the Rated of rows that have a target."""
        return Rated(split, self.rating, self.target, self.catalogue.buyers)

    def mean_target(self):
        """Return the mean of the targets, in their own units, of the rows trained on."""
        learnt = self.targets[self.target.column]
        return float(np.mean(self.rating.inverse(learnt).numpy(), dtype=np.float64))

    def add_means(self, train):
        """Add the figures of means on validation rows; returns the names of figures."""
        train = self.rated_of(train)
        self.shrinkage = self.params["shrinkage"] = shrinkages(train, self.rated)
        values, logs = MeansOf(train, self.shrinkage).predict(self.rated)
        final, figures = self.metrics.content["final_metrics"], {}
        for who, own in values.items():
            figures = figures_of_rows(self.rated, own, logs.get(who))
            final |= {f"val_{who}_{name}": value for name, value in figures.items()}
        return list(figures)

    def calibrate(self, model):
        """Fit the chances on validation rows; later models have the same calibration."""
        if self.has_failed:
            return
        logits = model.rating.logits(self.rated.predict(model)[0]).numpy()
        found = calibrate(
            logits.astype(np.float64), self.rated.targets, self.rated.groups
        )
        self.calibration = self.metrics.content["calibration"] = found
        self.use_calibration(model)
        self.metrics.write()
        if found["method"] != "none":
            before, after = found["log_loss_before"], found["log_loss_after"]
            say("note", f"calibrated: validation log loss {before:.4f} -> {after:.4f}")

    def use_calibration(self, model):
        """Give a model what was fitted."""
        if self.calibration:
            for name in ("slope", "intercept", "mean_weight", "mean"):
                getattr(model.rating, name).assign(self.calibration[name])

    def measure_ratings(self, model, rows, test):
        """Compare the model on the test with means of the rows that it was trained on."""
        tested = self.rated_of(some_rows(test))
        means = MeansOf(self.rated_of(rows), self.shrinkage)
        comparison = Comparison(tested, model, means, self.settings.seed)
        found = self.metrics.content["rating"] = comparison.compare()
        found["groups"] = comparison.by_group(self.catalogue)
        final = self.metrics.content["final_metrics"]
        for who, figures in found["figures"].items():
            prefix = "test_" if who == "model" else f"test_{who}_"
            final |= {
                f"{prefix}{name}": each["value"] for name, each in figures.items()
            }
        name = found["measure"]
        values = {
            who: figures[name]["value"]
            for who, figures in found["figures"].items()
            if name in figures  # a model whose weights are NaN has none
        }
        own, order = values.pop("model", math.nan), min if is_error(name) else max
        best = order(values, key=values.__getitem__)
        words = best.replace("_", " ")
        print(f"test_{name} {own:.4f}  {words} {values[best]:.4f}", flush=True)
        return comparison.loss


class RatingTraining(RatedTraining):
    """A training of a RatingModel, which reads no other rows."""

    def read(self, patterns, name, columns):
        return self.rated_rows(super().read(patterns, name, columns), name)

    def use(self, rows):
        super().use(rows)
        self.use_targets(rows)

    def most_validated(self):
        return RATED_ROWS

    def describe(self):
        own = self.describe_rated(self.validated)
        return super().describe() | {"monitored": "loss"} | own

    def fit(self, patience=None, plateau_factor=None, validates_each_epoch=True):
        """Return a model that is trained on the training rows, with its best epoch's weights.

        Args:
            patience: As in Checkpoints.
            plateau_factor: As in Checkpoints.
            validates_each_epoch: Whether validation follows each epoch, or only the last.
        """
        folders, log_folder = self.replicas.output_folders(
            self.fn_args, self.settings.gcs_output_path
        )
        learnt = self.targets[self.target.column]
        self.metrics = RatingMetricsFile(
            folders, log_folder, self.params, self.probe, learnt
        )
        self.metrics.add_figures(self.add_means(self.train))
        validation = RatingValidation(self.rated, validates_each_epoch)
        return self._fit(
            "first",
            self.settings.epochs,
            [validation, self.metrics, self.watch("first")],
            {"patience": patience, "plateau_factor": plateau_factor},
        )

    def watch(self, stage, baselines=None):
        return RatingWatch(self.metrics, stage, baselines)

    def complete(self, model):
        self.use_calibration(model)

    def measure_test(self, model):
        loss = self.measure_ratings(model, self.rows, self.test)
        self.params["tested_rows"] = self.metrics.content["rating"]["rows"]
        self.metrics.content["final_metrics"]["test_loss"] = loss
        self.metrics.write()


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

    return split.map(known)
