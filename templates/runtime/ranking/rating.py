"""Ratings: from the head's output to a prediction in the target's own units."""

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Target:
    """What is predicted, as stored in the examples.

    Attributes:
        column: Feature with the target as it is learnt; NaN stands for null.
        scale: Feature with the factor that undoes its scaling, the same in each row.
        shift: Feature with what is then added.
        is_logged: Whether log(1 + x) of the target is learnt.
        is_chance: Whether the target is 0 or 1, and the model predicts the chance of 1.
        is_standardized: Whether the head's output 0 stands for the mean of the training
            rows, and 1 for a standard deviation more.
    """

    column: str
    scale: str
    shift: str
    is_logged: bool = False
    is_chance: bool = False
    is_standardized: bool = True

    @property
    def columns(self):
        """The features."""
        return (self.column, self.scale, self.shift)


class Rating(tf.Module):
    """The last steps of a prediction: calibration, and the inverse of the transform.

    Attributes:
        offset, spread: The target as it is learnt, or the logit of a chance, is `offset +
            spread * output` of the head.
        scale, shift: The target is the learnt one times `scale` plus `shift`; after a
            logarithm, that is log(1 + target).
        slope, intercept: Of the logits, in calibration; 1 and 0 before it is fitted.
        mean_weight, mean: How far calibration draws chances, and to which; 0 before.
        constant: The best constant in place of the learnt target, or its logit.
    """

    def __init__(self, target, rows):
        """Take the scales from columns of training rows, which all have a target."""
        super().__init__()
        self.is_logged, self.is_chance = target.is_logged, target.is_chance
        learnt = rows[target.column].astype(np.float64)
        mean, spread, offset = np.mean(learnt), 1.0, 0.0
        if target.is_chance:
            self.share = np.clip(mean, 1e-4, 1 - 1e-4)
            offset = mean = np.log(self.share / (1 - self.share))
        elif target.is_standardized:
            offset, spread = mean, np.std(learnt) or 1.0

        def constant(value):
            return tf.Variable(value, trainable=False, dtype=tf.float32)

        self.constant, self.offset, self.spread = map(constant, (mean, offset, spread))
        self.scale = constant(rows[target.scale][0])
        self.shift = constant(rows[target.shift][0])
        self.slope, self.intercept = constant(1.0), constant(0.0)
        self.mean_weight, self.mean = constant(0.0), constant(0.0)

    def logits(self, outputs):
        """Return the target as it is learnt, or the logit of a chance."""
        return self.offset + self.spread * outputs

    def unscaled(self, learnt):
        """Return targets, or the logarithms of 1 plus them, for learnt ones."""
        return learnt * self.scale + self.shift

    def inverse(self, learnt):
        """Return targets in their own units for learnt ones."""
        values = self.unscaled(learnt)
        return tf.math.expm1(values) if self.is_logged else values

    def __call__(self, outputs):
        """Return `predictions` and `predictions_normalized` for outputs of the head.

        The latter are in the units in which the target is learnt; of a chance, they are the
        chance before calibration.
        """
        logits = self.logits(outputs)
        if self.is_chance:
            calibrated = tf.sigmoid(self.slope * logits + self.intercept)
            calibrated += self.mean_weight * (self.mean - calibrated)
            found = (calibrated, tf.sigmoid(logits))
        else:
            found = (self.inverse(logits), logits)
        return dict(zip(("predictions", "predictions_normalized"), found, strict=True))

    def class_weights(self, damping):
        """Return the weights of rows of class 1 and 0, whose mean is 1."""
        weights = (1 - self.share) ** damping, self.share**damping
        mean = self.share * weights[0] + (1 - self.share) * weights[1]
        return tuple(float(weight / mean) for weight in weights)
