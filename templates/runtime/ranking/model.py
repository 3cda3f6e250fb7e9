"""The ranking model: two towers, and a head that predicts the target."""

import tensorflow as tf

from ..model import TwoTowerModel
from ..replicas import counter, gather_replicas
from .pairs import EQUAL, pairwise_loss
from .rating import Rating

HEAD = "rating_head"  # its name in the metrics
PAIRED = ("pairwise_loss", "pairs_per_row")  # measures of a batch


class HeadModel(TwoTowerModel):
    """Two towers and a rating head; subclasses define the loss of each row.

    Their `row_losses(learnt, logits)` returns the losses [rows] of the targets as they are
    learnt, and of what is predicted for them, or its logit.

    Attributes:
        rating: What turns the head's outputs into predictions.
        pairwise_share: Share of pairs in what is learnt; the rest is the rows' losses.
    """

    pairwise_share = 0.0

    def add_head(self, rating_head, target, rows):
        """Add the head, with the scale of `rows`: the target's columns in training rows."""
        self.rating_head, self.target_column = rating_head, target.column
        self.dead_steps[HEAD] = counter()
        self.rating = Rating(target, rows)
        self.constants_loss = self.constant_loss(rows[target.column])

    def constant_loss(self, learnt):
        """Return the mean loss of the best constant for targets as they are learnt."""
        learnt = tf.constant(learnt)
        losses = self.row_losses(learnt, self.rating.constant + 0 * learnt)
        return float(tf.reduce_mean(losses))

    @property
    def keeps_buyers(self):
        """Whether rows are compared, which therefore follow each other."""
        return self.pairwise_share > 0

    def with_pairs(self, loss, features, outputs, training):
        """Return the loss that is learnt in a step, and the PAIRED measures by name.

        It is Sculley's (2010): a weighted mean of the rows' loss and of that of pairs, of
        the whole global batch, whose losses are brought to one scale by those of the best
        constant.
        """
        if not (training and self.pairwise_share):
            return loss, {}
        learnt, buyers = features[self.target_column], features[self.buyer_column]
        is_known = buyers < len(self.trained_buyers) - 1
        is_paired = is_known & tf.logical_not(tf.math.is_nan(learnt))
        buyers = tf.where(is_paired, buyers, -1)
        learnt = tf.where(is_paired, learnt, 0.0)
        columns = map(gather_replicas, (buyers, learnt, outputs))
        found = dict(zip(PAIRED, pairwise_loss(*columns), strict=True))
        pairs = found["pairwise_loss"] * (self.constants_loss / EQUAL)
        share = self.pairwise_share
        return (1 - share) * loss + share * pairs, found

    @property
    def towers(self):
        """The parts of the model by their names in the metrics."""
        return super().towers | {HEAD: self.rating_head}

    def embed(self, features, training=False):
        """Return the outputs of both towers [rows, width] and of the head [rows, 1]."""
        queries = self.query_tower(features, training=training)
        candidates = self.candidate_tower(features, training=training)
        outputs = self.rating_head((queries, candidates), training=training)
        return {"query": queries, "candidate": candidates, HEAD: outputs}

    def class_weights(self, labels, damping):
        """Return each row's weight: the odds of its class to a power, 1 in the mean."""
        positive, negative = self.rating.class_weights(damping)
        return tf.where(labels > 0, positive, negative)

    @tf.function(reduce_retracing=True)
    def predict_rows(self, features):
        """Return the head's outputs and the losses of some rows, [rows] each."""
        outputs = self.embed(features)[HEAD][:, 0]
        logits = self.rating.logits(outputs)
        return outputs, self.row_losses(features[self.target_column], logits)

    def traces(self, features):
        """Return the outputs of each part's ReLU layers, by part; none without such layers."""
        outputs = self.embed(features)
        inputs = {"query": (features,), "candidate": (features,)}
        inputs[HEAD] = ((outputs["query"], outputs["candidate"]),)
        return {
            name: part.trace(*inputs[name])[:-1] if hasattr(part, "trace") else []
            for name, part in self.towers.items()
        }


class RatingModel(HeadModel):
    """A model that predicts the target, and nothing else."""

    def __init__(
        self,
        query_tower,
        candidate_tower,
        rating_head,
        catalogue,
        target,
        rows,
        averages=False,
    ):
        """Take the scale of outputs from `rows`, the target's columns in training rows."""
        super().__init__(
            query_tower, candidate_tower, catalogue, [f"{HEAD}_gradient", *PAIRED]
        )
        self.add_head(rating_head, target, rows)
        if averages:
            self.add_averages()

    def compute_losses(self, features, training):
        """Return the batch's losses by name, and the outputs by part of the model."""
        outputs = self.embed(features, training)
        own = outputs[HEAD][:, 0]
        logits = self.rating.logits(own)
        # Unlike a sum, the mean does not make the step depend on the batch size.
        loss = tf.reduce_mean(self.row_losses(features[self.target_column], logits))
        learnt, pairs = self.with_pairs(loss, features, own, training)
        penalty = tf.reduce_sum(self.losses)
        losses = {
            "loss": loss,
            "regularization_loss": penalty,
            "total_loss": learnt + penalty,
        }
        return losses | pairs, outputs
