"""Two tasks: towers that find products, and a head that predicts a target."""

import math

import tensorflow as tf

from ..ranking.model import HEAD, PAIRED, HeadModel
from ..replicas import reduced
from ..retrieval.model import CatalogueModel

TASKS = ("retrieval", "ranking")


class TwoTaskModel(HeadModel, CatalogueModel):
    """Two towers, their catalogue and a rating head; subclasses define both losses.

    Their `retrieval_losses(queries, candidates, features, training)` and `row_losses`
    return the losses [rows]. Each task's mean counts relative to that of chance: equal
    scores, and the best constant. So that an optimizer works as for retrieval alone, the
    sum is in units of the loss of equal scores. Rows without a target, NaN, only count in
    retrieval.

    Attributes:
        chances: The loss of chance by task.
        chance: That of the weighted sum.
        log_factors: Logarithms of what the tasks' weights are divided by, if they are
            learnt; the best are those of the losses relative to chance.
    """

    def __init__(
        self,
        query_tower,
        candidate_tower,
        rating_head,
        training,
        width,
        task_weights,
        learns_weights=False,
        averages=False,
        repeat_bonus=0.0,
        remembers=True,
    ):
        losses = (f"{task}_loss" for task in TASKS)
        measures = [f"{HEAD}_gradient", *losses, *PAIRED]
        super().__init__(
            query_tower,
            candidate_tower,
            training.catalogue,
            width,
            repeat_bonus=repeat_bonus,
            remembers=remembers,
            measures=measures,
        )
        self.add_head(rating_head, training.target, training.targets)
        unit = math.log(training.candidates)
        self.chances = {"retrieval": unit, "ranking": self.constants_loss}
        self.task_weights = dict(zip(TASKS, task_weights, strict=True))
        self.chance = unit * sum(task_weights)
        self.log_factors = tf.Variable(tf.zeros(2)) if learns_weights else None
        if averages:
            self.add_averages()

    def compute_losses(self, features, training):
        """Return the batch's losses by name, and the outputs by part of the model."""
        outputs = self.embed(features, training)
        vectors = outputs["query"], outputs["candidate"]
        found = self.retrieval_losses(*vectors, features, training)
        own = outputs[HEAD][:, 0]
        rated = self.rated_loss(features[self.target_column], self.rating.logits(own))
        learnt, pairs = self.with_pairs(rated, features, own, training)
        losses = {"retrieval_loss": tf.reduce_mean(found), "ranking_loss": rated}
        penalty = tf.reduce_sum(self.losses)
        losses["loss"] = self.weighted(losses)
        losses["regularization_loss"] = penalty
        learnt = self.learnt_sum(losses | {"ranking_loss": learnt})
        losses["total_loss"] = learnt + penalty
        return losses | pairs, outputs

    def rated_loss(self, learnt, logits):
        """Return the mean loss of the rows of all replicas that have a target."""
        has_target = tf.logical_not(tf.math.is_nan(learnt))
        losses = self.row_losses(tf.where(has_target, learnt, 0.0), logits)
        count = reduced("MEAN", tf.reduce_sum(tf.cast(has_target, tf.float32)))
        # The replicas' mean is then the mean of all these rows.
        sums = tf.reduce_sum(tf.where(has_target, losses, 0.0))
        return tf.math.divide_no_nan(sums, count)

    def relative(self, losses):
        """Return the tasks' losses relative to those of chance, by task."""
        return {task: losses[f"{task}_loss"] / self.chances[task] for task in TASKS}

    def weighted(self, losses):
        """Return the weighted sum of the tasks' losses."""
        found = self.relative(losses)
        sums = [self.task_weights[task] * found[task] for task in TASKS]
        return self.chances["retrieval"] * sum(sums)

    def learnt_sum(self, losses):
        """Return the sum that is learnt: the weighted one, unless weights are learnt, too.

        Then it has the minimum with the factors of Kendall, Gal and Cipolla (2018), by
        which tasks of any size of loss learn equally fast.
        """
        if self.log_factors is None:
            return self.weighted(losses)
        found, total = self.relative(losses), 0.0
        for number, task in enumerate(TASKS):
            factor = self.log_factors[number]
            own = tf.exp(-factor) * found[task] + factor
            total += self.task_weights[task] * own
        return self.chances["retrieval"] * total

    def effective_weights(self):
        """Return the weights of the tasks with the learnt factors, by task."""
        factors = [0.0, 0.0] if self.log_factors is None else self.log_factors.numpy()
        pairs = zip(TASKS, factors, strict=True)
        return {
            task: self.task_weights[task] * math.exp(-float(factor))
            for task, factor in pairs
        }

    def is_trained(self, name, features):
        """Return whether the rows of a step can train a part: the head, only with a target."""
        if name != HEAD:
            return True
        has_target = tf.logical_not(tf.math.is_nan(features[self.target_column]))
        return reduced("SUM", tf.reduce_sum(tf.cast(has_target, tf.float32))) > 0
