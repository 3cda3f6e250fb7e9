"""The final layer: the towers' score, shares, and what the buyer had."""

import collections

import numpy as np
import tensorflow as tf

# Half-lives of products' shares of the rows, in days; those of what a buyer had, in
# purchases.
SHARE_DAYS = (7, 14, 30, 60, None)
RECENT_ITEMS = (10, 100)
REMEMBERED = 500  # products of each buyer, the latest ones
REMEMBERED_IN_ALL = 1 << 24  # with 12 bytes each, these add 200 MB to a model
ROUNDING = 1e-6  # relative error of scores: those that are as near are ties


# What some buyers had, tensors [entries]: the row of the buyer, the product's position, how
# many products the buyer bought since, and how often the product was bought. What is both
# remembered and in a list has two entries: the remembered one has an infinite age, and one
# purchase less.
Past = collections.namedtuple("Past", ["rows", "places", "ages", "counts"])


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
        self.size = count
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
        # GPUs do not hold variables of int32. One value, which nobody has: workers that
        # send each other an empty variable crash.
        self.places = variable(np.zeros(1), tf.int64, [None])
        self.counts = variable(np.zeros(1), tf.float32, [None])

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

    def assign_unknown(self, towers, products, and_known=False):
        """Use another weight and other scores of the products for unknown buyers.

        They serve known ones, too, if no weights could be fitted for these.
        """
        for kind in range(1 - and_known, 2):
            self.towers[kind].assign(towers)
            self.products[kind].assign(products)

    def __call__(self, scores, features, start=0, added=None):
        """Return the scores [batch, products] of the products from `start` on.

        Args:
            scores: The towers' scores of these products.
            features: The features that the layer reads.
            start: Position of the first of the products.
            added: What `added` returns for the features, if that is known.
        """
        size, kinds = tf.shape(scores)[1], self.kinds(features)
        scores = tf.gather(self.towers, kinds)[:, tf.newaxis] * scores
        scores += tf.gather(self.products[:, start : start + size], kinds)
        if not self.has_past:
            return scores
        if added is None:
            added = self.added(features)
        rows, places, bonus = added
        places -= tf.cast(start, tf.int64)
        here = tf.where((places >= 0) & (places < tf.cast(size, tf.int64)))[:, 0]
        cells = tf.gather(tf.stack([rows, places], axis=1), here)
        return tf.tensor_scatter_nd_add(scores, cells, tf.gather(bonus, here))

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
        rows, places, bonus = self.added(features)
        own = tf.gather(tf.cast(position, tf.int64), rows)
        bonus = tf.where(places == own, bonus, 0.0)
        bonus = tf.math.unsorted_segment_sum(bonus, rows, tf.size(position))
        bonus = bonus[:, tf.newaxis]
        return scores + bonus - ROUNDING * (tf.abs(constant) + tf.abs(bonus))

    def at(self, scores, features, places):
        """Return the same for the products at some places, from their scores, [batch, n]."""
        kinds = self.kinds(features)
        scores = tf.gather(self.towers, kinds)[:, tf.newaxis] * scores
        batch = tf.broadcast_to(kinds[:, tf.newaxis], tf.shape(places))
        cells = tf.stack([batch, tf.maximum(places, 0)], axis=2)
        scores += tf.gather_nd(self.products, cells)
        if not self.has_past:
            return scores
        rows, had, bonus = self.added(features)
        cells = self._cells(rows, had)
        order = tf.argsort(cells)
        cells = tf.pad(tf.gather(cells, order), [[0, 1]], constant_values=-1)
        bonus = tf.pad(tf.gather(bonus, order), [[0, 1]])
        batch = tf.range(tf.shape(places, tf.int64)[0])[:, tf.newaxis]
        sought = self._cells(batch, tf.maximum(places, 0))
        found = _found(cells[:-1], sought)
        is_found = tf.gather(cells, found) == sought
        return scores + tf.where(is_found, tf.gather(bonus, found), 0.0)

    def kinds(self, features):
        """Return 1 for each buyer of whom nothing is known, and 0 for the others, [batch]."""
        is_unknown = features[self.buyer] >= self.buyers
        if self.column:
            is_unknown &= features[self.column].row_lengths() == 0
        return tf.cast(is_unknown, tf.int32)

    def had(self, features):
        """Return the positions of what the buyers had, [batch, n]; -1 for none."""
        rows, places, _ = self.added(features)
        order = tf.argsort(rows)
        rows, places = tf.gather(rows, order), tf.gather(places, order)
        count = tf.size(features[self.buyer], tf.int64)
        lists = tf.RaggedTensor.from_value_rowids(places, rows, count, validate=False)
        return tf.cast(lists.to_tensor(-1), tf.int32)

    def added(self, features):
        """Return what is added to each product that a buyer had, once for each.

        These are three tensors [cells]: rows of the batch, positions, and numbers.
        """
        past = self.purchases(features)
        known = tf.where(past.places >= 0)[:, 0]
        cells = tf.gather(self._cells(past.rows, past.places), known)
        cells, own = tf.unique(cells)

        def total(each):
            each = tf.gather(each, known)
            return tf.math.unsorted_segment_sum(each, own, tf.size(cells))

        recent = [total(2 ** (past.ages / -items)) for items in RECENT_ITEMS]
        terms = [total(past.counts), *(1 + each for each in recent)]
        rows, places = cells // self.size, cells % self.size

        def of_buyer(each):
            count = tf.size(features[self.buyer])
            return tf.math.unsorted_segment_sum(each, past.rows, count)

        sizes = of_buyer(tf.cast(tf.math.is_finite(past.ages), tf.float32))
        bought = of_buyer(past.counts) / tf.maximum(sizes, 1)
        terms += [tf.gather(each, rows) for each in (1 + sizes, tf.maximum(bought, 1))]
        bonus = tf.linalg.matvec(tf.math.log(tf.stack(terms, axis=1)), self.repeats)
        return rows, places, tf.gather(self.past, places) + bonus

    def purchases(self, features):
        """Return the Past of the buyers."""
        buyers = tf.minimum(tf.cast(features[self.buyer], tf.int64), self.buyers)
        starts, ends = (tf.gather(self.splits, buyers + each) for each in (0, 1))
        entries = tf.ragged.range(starts, ends)
        rows, places = _rows(entries), tf.gather(self.places, entries.values)
        counts = tf.gather(self.counts, entries.values)
        if not self.column:
            later = tf.gather(entries.row_splits[1:], rows) - 1
            ages = later - tf.range(tf.size(rows, tf.int64))
            return Past(rows, places, tf.cast(ages, tf.float32), counts)
        lists = features[self.column]
        own_rows = _rows(lists)
        listed = tf.cast(tf.gather(self.position, lists.values), tf.int64)
        own_ends = tf.gather(lists.row_splits[1:], own_rows)
        own_ages = own_ends - 1 - tf.range(tf.size(own_rows, tf.int64))

        others = tf.boolean_mask(self._cells(own_rows, listed), listed >= 0)
        others, cells = tf.sort(others), self._cells(rows, places)
        found = tf.pad(others, [[0, 1]], constant_values=-1)
        is_listed = tf.gather(found, _found(others, cells)) == cells
        passed = tf.cumsum(tf.cast(~is_listed, tf.int64))
        ends = tf.gather(tf.pad(passed, [[1, 0]]), entries.row_splits[1:])
        ages = tf.gather(ends + lists.row_lengths(), rows) - passed
        ages = tf.where(is_listed, np.float32(np.inf), tf.cast(ages, tf.float32))
        return Past(
            tf.concat([rows, own_rows], axis=0),
            tf.concat([places, listed], axis=0),
            tf.concat([ages, tf.cast(own_ages, tf.float32)], axis=0),
            tf.concat(
                [counts - tf.cast(is_listed, tf.float32), tf.ones(tf.shape(listed))],
                axis=0,
            ),
        )

    def _cells(self, rows, places):
        """Return a number for each row and product, of which there are `self.size`."""
        return rows * self.size + tf.cast(places, tf.int64)


def _rows(lists):
    """Return the row of each value of a ragged tensor."""
    values = tf.range(tf.size(lists.values, tf.int64))
    return tf.searchsorted(lists.row_splits[1:], values, "right", tf.int64)


def _found(items, values):
    """Return where in sorted items each value is, if it is there."""
    flat = tf.searchsorted(items, tf.reshape(values, [-1]))
    return tf.reshape(flat, tf.shape(values))


def scored(scores, places):
    """Return the scores [batch, products] at some places [batch, n], -1 being any."""
    return tf.gather(scores, tf.maximum(places, 0), batch_dims=1)


def with_scores(scores, places, values):
    """Return scores [batch, products] with other values at places [batch, n], but -1."""
    entries = tf.where(places >= 0)
    columns = tf.cast(tf.gather_nd(places, entries), tf.int64)
    cells = tf.stack([entries[:, 0], columns], axis=1)
    return tf.tensor_scatter_nd_update(scores, cells, tf.gather_nd(values, entries))
