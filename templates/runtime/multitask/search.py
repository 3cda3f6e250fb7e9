"""Re-ranking: what a search finds, in the order of what the head predicts."""

import tensorflow as tf

from ..retrieval.search import NOT_ALLOWED


class RatedProducts(tf.Module):
    """The products of a search, with what the head predicts for them.

    The head reads vectors of products, which the search has: they stand for the products'
    columns, which a client does not send.
    """

    def __init__(self, model, search):
        super().__init__()
        self.search = search
        self.rating_head, self.rating = model.rating_head, model.rating

    def rate(self, queries, candidates):
        """Return predictions [rows] for vectors of buyers and products, [rows, width]."""
        return self.rating(self.rating_head((queries, candidates))[:, 0])

    def best_allowed(self, queries, features, excluded, only):
        """Return the products of a search, the highest predicted first.

        The arguments are those of `find_allowed`. Besides product_ids and scores, there
        are the predictions, [batch, k]; null IDs have the prediction NOT_ALLOWED.
        """
        scores, places = self.search.find_allowed(queries, features, excluded, only)
        shape = tf.shape(places)
        vectors = tf.gather(self.search.vectors, tf.reshape(places, [-1]), axis=1)
        found = self.rate(tf.repeat(queries, shape[1], axis=0), tf.transpose(vectors))
        found = {name: tf.reshape(values, shape) for name, values in found.items()}
        none = scores <= NOT_ALLOWED
        found = {k: tf.where(none, NOT_ALLOWED, values) for k, values in found.items()}
        order = tf.argsort(
            found["predictions"], axis=1, direction="DESCENDING", stable=True
        )
        found |= self.search.answer(scores, places)
        return {
            k: tf.gather(values, order, batch_dims=1) for k, values in found.items()
        }
