"""The final layer: the towers' score, shares, and what the buyer had."""

import numpy as np
import tensorflow as tf

# Half-lives of products' shares of the rows, in days; those of what a buyer had, in
# purchases.
SHARE_DAYS = (7, 14, 30, 60, None)
RECENT_ITEMS = (10, 100)
REMEMBERED = 500  # products of each buyer, the latest ones
REMEMBERED_IN_ALL = 1 << 24  # with 12 bytes each, these add 200 MB to a model
ROUNDING = 1e-6  # relative error of scores: those that are as near are ties


class FinalLayer(tf.Module):
    """A linear layer over the towers' score and terms that are known when a list is served.

    A product's score for a buyer is

        towers * score + products[product]
            + (past[product] + repeats @ terms, if the buyer had it)

    with the terms of `past_terms`. For a buyer of whom nothing is known, neither an ID nor
    what was bought, `towers` and `products` are others. Before it is fitted, the layer only
    adds a bonus to what the buyer had.

    What a buyer had is in the feature `column`, if there is one, and is remembered of the
    buyers in the rows that were counted: a list has each product once, and may be short.

    Attributes:
        position: The catalogue position of each product index, -1 if there is none.
        column: The feature with what the buyer had, the latest last; "" without one.
        has_past: Whether it knows what buyers had.
        reads: The features that the layer reads.
        days: Half-lives of the products' shares.
        names: Names of the weights: `towers`, and of each term.
    """

    def __init__(self, catalogue, bonus, remembers=True):
        super().__init__()
        columns, count = catalogue.columns, len(catalogue.indices)
        self.position, self.column = tf.constant(catalogue.position), columns.past
        self.buyer, self.buyers = columns.buyer, catalogue.buyers
        self.reads = [name for name in (self.buyer, self.column) if name]
        self.remembers, self.has_past = remembers, remembers or bool(columns.past)
        self.days = SHARE_DAYS if columns.time else SHARE_DAYS[-1:]
        shares = [f"share_{days}_days" if days else "share" for days in self.days]
        recent = [f"had_in_last_{items}" for items in RECENT_ITEMS]
        self.past_names = ["had", *(f"had_{name}" for name in shares)]
        self.past_names += ["had_often", *recent, "had_among_many", "had_by_repeater"]
        self.past_names *= self.has_past
        self.names = ["towers", *shares, *self.past_names]

        def variable(values, dtype=tf.float32, shape=None):
            return tf.Variable(values, trainable=False, dtype=dtype, shape=shape)

        # Of known buyers, and of unknown ones.
        self.towers = variable(tf.ones(2))
        self.products = variable(tf.zeros([2, count]))
        self.past = variable(tf.fill([count], bonus))
        self.repeats = variable(tf.zeros(len(RECENT_ITEMS) + 3))
        # What each known buyer had, the latest last, and how often.
        self.splits = variable(np.zeros(self.buyers + 2), tf.int64)
        # GPUs do not hold variables of int32.
        self.places = variable(np.zeros(0), tf.int64, [None])
        self.counts = variable(np.zeros(0), tf.float32, [None])

    def remember(self, counting):
        """Remember what known buyers had in the rows that are counted."""
        if self.remembers:
            splits, places, counts = counting.purchases(REMEMBERED, REMEMBERED_IN_ALL)
            self.splits.assign(splits)
            self.places.assign(places)
            self.counts.assign(counts)

    def assign(self, weights, shares):
        """Use weights by name, and the log shares of the products, [products, days]."""
        values = np.array([weights[name] for name in self.names], np.float32)
        split = 1 + len(self.days)
        products = shares @ values[1:split]
        self.towers.assign(values[[0, 0]])
        self.products.assign([products, products])
        if self.has_past:
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
        if not self.has_past:
            return scores
        past, ages, counts = self.purchases(features)
        is_here = (past >= start) & (past < start + size)
        here = tf.ragged.boolean_mask(past - start, is_here)

        def total(each):
            each = tf.ragged.boolean_mask(each, is_here)
            sums = tf.math.bincount(here, each, size, size, dtype=tf.float32, axis=-1)
            return tf.ensure_shape(sums, [None, None])  # bincount loses the rank

        often = total(counts)
        recent = [total(2 ** (ages / -items)) for items in RECENT_ITEMS]
        bonus = self.past[start : start + size]
        bonus += self._bonus(often, recent)
        bonus += self._of_buyers(ages, counts)[:, tf.newaxis]
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
        if not self.has_past:
            return scores - ROUNDING * tf.abs(constant)
        past, ages, counts = self.purchases(features)
        is_own = tf.cast(past == position[:, tf.newaxis], tf.float32)

        def total(each):
            return tf.reduce_sum(each, axis=1, keepdims=True)

        often = total(is_own * counts)
        recent = [total(is_own * 2 ** (ages / -items)) for items in RECENT_ITEMS]
        bonus = tf.gather(self.past, place)[:, tf.newaxis]
        bonus += self._bonus(often, recent)
        bonus += self._of_buyers(ages, counts)[:, tf.newaxis]
        bonus = tf.where(often > 0, bonus, 0.0)
        return scores + bonus - ROUNDING * (tf.abs(constant) + tf.abs(bonus))

    def serve(self, scores, features):
        """Return the same as a call for all products, but only touches what buyers had."""
        kinds = self.kinds(features)
        scores = tf.gather(self.towers, kinds)[:, tf.newaxis] * scores
        scores += tf.gather(self.products, kinds)
        if not self.has_past:
            return scores
        past, ages, counts = self.purchases(features)
        size, is_known = tf.shape(scores, tf.int64)[1], past.values >= 0
        cells = past.value_rowids() * size + tf.cast(past.values, tf.int64)
        cells, own = tf.unique(tf.boolean_mask(cells, is_known))

        def total(each):
            each = tf.boolean_mask(each.values, is_known)
            return tf.math.unsorted_segment_sum(each, own, tf.size(cells))

        recent = [total(2 ** (ages / -items)) for items in RECENT_ITEMS]
        rows, places = cells // size, cells % size
        bonus = tf.gather(self.past, places) + self._bonus(total(counts), recent)
        bonus += tf.gather(self._of_buyers(ages, counts), rows)
        cells = tf.stack([rows, places], axis=1)
        return tf.tensor_scatter_nd_add(scores, cells, bonus)

    def at(self, scores, features, places):
        """Return the same for the products at some places, from their scores, [batch, n]."""
        kinds = self.kinds(features)
        scores = tf.gather(self.towers, kinds)[:, tf.newaxis] * scores
        rows = tf.broadcast_to(kinds[:, tf.newaxis], tf.shape(places))
        cells = tf.stack([rows, tf.maximum(places, 0)], axis=2)
        scores += tf.gather_nd(self.products, cells)
        return scores + self.bonus(features, places) if self.has_past else scores

    def bonus(self, features, places):
        """Return what past purchases add to the products at some places, [batch, n]."""
        purchases = self.purchases(features)
        past, ages, counts = (each.to_tensor(-1) for each in purchases)
        is_same = (places[..., tf.newaxis] == past[:, tf.newaxis]) & (
            past[:, tf.newaxis] >= 0
        )
        is_same = tf.cast(is_same, tf.float32)

        def total(each):
            return tf.reduce_sum(is_same * each[:, tf.newaxis], axis=2)

        often = total(counts)
        recent = [total(2 ** (ages / -items)) for items in RECENT_ITEMS]
        bonus = tf.gather(self.past, tf.maximum(places, 0))
        bonus += self._bonus(often, recent)
        bonus += self._of_buyers(*purchases[1:])[:, tf.newaxis]
        return tf.where(often > 0, bonus, 0.0)

    def kinds(self, features):
        """Return 1 for each buyer of whom nothing is known, and 0 for the others, [batch]."""
        is_unknown = features[self.buyer] >= self.buyers
        if self.column:
            is_unknown &= features[self.column].row_lengths() == 0
        return tf.cast(is_unknown, tf.int32)

    def purchases(self, features):
        """Return what the buyers had, the latest last: ragged tensors [batch, n].

        These are the positions, how many products were bought since, and how often each was
        bought. What is remembered comes first. If a list has it too, its age is infinite
        there, and the list's entry is one of its purchases.
        """
        buyers = tf.minimum(tf.cast(features[self.buyer], tf.int64), self.buyers)
        starts, ends = tf.gather(self.splits, buyers), tf.gather(
            self.splits, buyers + 1
        )
        entries = tf.ragged.range(starts, ends)
        known = tf.cast(tf.gather(self.places, entries), tf.int32)
        listed = known[:, :0]
        if self.column:
            listed = tf.gather(self.position, features[self.column])
        is_listed = tf.cast(_are_in(known, listed), tf.float32)
        ones = tf.ones_like(listed, tf.float32)
        counts = tf.concat([tf.gather(self.counts, entries) - is_listed, ones], axis=1)
        is_latest = tf.concat([1 - is_listed, ones], axis=1)
        passed = tf.cumsum(is_latest.values)
        ends = tf.gather(tf.pad(passed, [[1, 0]]), is_latest.row_splits[1:])
        ages = tf.repeat(ends, is_latest.row_lengths()) - passed
        ages = tf.where(is_latest.values > 0, ages, np.inf)
        return tf.concat([known, listed], axis=1), is_latest.with_values(ages), counts

    def _bonus(self, often, recent):
        """Return what the terms of a buyer and a product add to a product that was had."""
        terms = [tf.math.log(tf.maximum(often, 1)), *map(tf.math.log1p, recent)]
        return sum(self.repeats[n] * term for n, term in enumerate(terms))

    def _of_buyers(self, ages, counts):
        """Return what a buyer's terms add to each product that was had, [batch]."""
        sizes = tf.cast(tf.math.is_finite(ages.values), tf.float32)
        sizes = tf.reduce_sum(ages.with_values(sizes), axis=1)
        each = tf.reduce_sum(counts, axis=1) / tf.maximum(sizes, 1)
        terms = tf.math.log1p(sizes), tf.math.log(tf.maximum(each, 1))
        return self.repeats[-2] * terms[0] + self.repeats[-1] * terms[1]


def _are_in(items, lists):
    """Return which items are in the list of their row; both are ragged, [batch, n]."""
    size = 1 + tf.reduce_max(tf.concat([items.values, lists.values, [0]], axis=0))

    def keys(each):
        return each.value_rowids() * tf.cast(size, tf.int64) + tf.cast(
            each.values, tf.int64
        )

    own, others = keys(items), tf.sort(tf.boolean_mask(keys(lists), lists.values >= 0))
    found = tf.gather(
        tf.pad(others, [[0, 1]], constant_values=-1), tf.searchsorted(others, own)
    )
    return items.with_values(found == own)


def scored(scores, places):
    """Return the scores [batch, products] at some places [batch, n], -1 being any."""
    return tf.gather(scores, tf.maximum(places, 0), batch_dims=1)


def with_scores(scores, places, values):
    """Return scores [batch, products] with other values at places [batch, n], but -1."""
    entries = tf.where(places >= 0)
    columns = tf.cast(tf.gather_nd(places, entries), tf.int64)
    cells = tf.stack([entries[:, 0], columns], axis=1)
    return tf.tensor_scatter_nd_update(scores, cells, tf.gather_nd(values, entries))
