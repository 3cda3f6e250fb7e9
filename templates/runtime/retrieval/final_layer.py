"""The final layer: the towers' score, shares, and what the buyer had."""

import numpy as np
import tensorflow as tf

# Half-lives of products' shares of the rows, in days; those of what a buyer had, in
# purchases.
SHARE_DAYS = (7, 14, 30, 60, None)
RECENT_ITEMS = (10, 100)
ROUNDING = 1e-6  # relative error of scores: those that are as near are ties


class FinalLayer(tf.Module):
    """A linear layer over the towers' score and terms that are known when a list is served.

    A product's score for a buyer is

        towers * score + products[product]
            + (past[product] + repeats @ terms, if the buyer had it)

    with the terms of `past_terms`. For a buyer of whom nothing is known, neither an ID nor
    what was bought, `towers` and `products` are others. Before it is fitted, the layer only
    adds a bonus to what the buyer had.

    Attributes:
        position: The catalogue position of each product index, -1 if there is none.
        column: The feature with what the buyer had, the latest last; "" without one.
        reads: The features that the layer reads.
        days: Half-lives of the products' shares.
        names: Names of the weights: `towers`, and of each term.
    """

    def __init__(self, catalogue, bonus):
        super().__init__()
        columns, count = catalogue.columns, len(catalogue.indices)
        self.position, self.column = tf.constant(catalogue.position), columns.past
        self.buyer, self.buyers = columns.buyer, catalogue.buyers
        self.reads = [name for name in (self.buyer, self.column) if name]
        self.days = SHARE_DAYS if columns.time else SHARE_DAYS[-1:]
        shares = [f"share_{days}_days" if days else "share" for days in self.days]
        recent = [f"had_in_last_{items}" for items in RECENT_ITEMS]
        self.past_names = ["had", *(f"had_{name}" for name in shares)]
        self.past_names += ["had_often", *recent, "had_among_many"]
        self.past_names *= bool(columns.past)
        self.names = ["towers", *shares, *self.past_names]

        def variable(values):
            return tf.Variable(values, trainable=False, dtype=tf.float32)

        # Of known buyers, and of unknown ones.
        self.towers = variable(tf.ones(2))
        self.products = variable(tf.zeros([2, count]))
        self.past = variable(tf.fill([count], bonus))
        self.repeats = variable(tf.zeros(len(RECENT_ITEMS) + 2))

    def assign(self, weights, shares):
        """Use weights by name, and the log shares of the products, [products, days]."""
        values = np.array([weights[name] for name in self.names], np.float32)
        split = 1 + len(self.days)
        products = shares @ values[1:split]
        self.towers.assign(values[[0, 0]])
        self.products.assign([products, products])
        if self.column:
            had, of_shares, repeats = np.split(values[split:], [1, split])
            self.past.assign(had + shares @ of_shares)
            self.repeats.assign(repeats)

    def assign_unknown(self, towers, products):
        """Use another weight and other scores of the products for unknown buyers."""
        self.towers[1].assign(towers)
        self.products[1].assign(products)

    def __call__(self, scores, features, start=0):
        """Return the scores [batch, products] of the products from `start` on."""
        size, kinds = tf.shape(scores)[1], self.kinds(features)
        scores = tf.gather(self.towers, kinds)[:, tf.newaxis] * scores
        scores += tf.gather(self.products[:, start : start + size], kinds)
        if not self.column:
            return scores
        past, ages = self.purchases(features)
        is_here = (past >= start) & (past < start + size)
        past = tf.ragged.boolean_mask(past - start, is_here)
        ages = tf.ragged.boolean_mask(ages, is_here)

        def total(counts=None):
            sums = tf.math.bincount(past, counts, size, size, dtype=tf.float32, axis=-1)
            return tf.ensure_shape(sums, [None, None])  # bincount loses the rank

        often = total()
        recent = [total(2 ** (ages / -items)) for items in RECENT_ITEMS]
        bonus = self.past[start : start + size]
        bonus += self._bonus(often, recent, features)
        return scores + tf.where(often > 0, bonus, 0.0)

    def own(self, scores, errors, features, position):
        """Return the same for one product of each row, at its `position`, [batch, 1].

        They are lower by the `errors` of the scores, and by those of the other terms.
        """
        place, kinds = tf.maximum(position, 0), self.kinds(features)
        own_product = tf.stack([kinds, place], axis=1)
        products = self.products.value()  # XLA cannot gather from a variable so
        constant = tf.gather_nd(products, own_product)[:, tf.newaxis]
        towers = tf.gather(self.towers, kinds)[:, tf.newaxis]
        scores = towers * scores - tf.abs(towers) * errors + constant
        if not self.column:
            return scores - ROUNDING * tf.abs(constant)
        past, ages = self.purchases(features)
        is_own = tf.cast(past == position[:, tf.newaxis], tf.float32)

        def total(counts):
            return tf.reduce_sum(counts, axis=1, keepdims=True)

        often = total(is_own)
        recent = [total(is_own * 2 ** (ages / -items)) for items in RECENT_ITEMS]
        bonus = tf.gather(self.past, place)[:, tf.newaxis]
        bonus += self._bonus(often, recent, features)
        bonus = tf.where(often > 0, bonus, 0.0)
        return scores + bonus - ROUNDING * (tf.abs(constant) + tf.abs(bonus))

    def kinds(self, features):
        """Return 1 for each buyer of whom nothing is known, and 0 for the others, [batch]."""
        is_unknown = features[self.buyer] >= self.buyers
        if self.column:
            is_unknown &= features[self.column].row_lengths() == 0
        return tf.cast(is_unknown, tf.int32)

    def purchases(self, features):
        """Return the positions of what the buyers had, and how many purchases ago that was."""
        past = tf.gather(self.position, features[self.column])
        ends = tf.repeat(past.row_splits[1:], past.row_lengths())
        ages = ends - 1 - tf.range(tf.size(past.values, ends.dtype))
        return past, past.with_values(tf.cast(ages, tf.float32))

    def _bonus(self, often, recent, features):
        lengths = tf.cast(features[self.column].row_lengths(), tf.float32)
        terms = [tf.math.log(tf.maximum(often, 1)), *map(tf.math.log1p, recent)]
        terms.append(tf.math.log1p(lengths)[:, tf.newaxis])
        return sum(self.repeats[n] * term for n, term in enumerate(terms))
