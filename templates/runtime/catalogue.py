"""The catalogue: the products that are recommended."""

import numpy as np

from .buyer_groups import group_numbers


class Catalogue:
    """The unique products of the training data.

    Attributes:
        counts: Training rows of each product index, [vocabulary + 1]; the last one is for
            all out-of-vocabulary products.
        draws: The same for the rows that an epoch draws on average.
        indices: The products' indices, [products].
        position: Position of each index in `indices`, or -1, [vocabulary + 1].
        names: The products' original IDs as bytes, [products].
        features: Features of the products by name, [products] each. Each is taken from
            the latest row that has a value.
        buyers: Number of buyers with their own index; all others share the next one.
        trained: The index of each of them, or the next one if none of the rows is
            theirs, [buyers + 1].
    """

    def __init__(self, split, transform_output, draw_chance=None):
        columns = self.columns = split.columns
        self.transform_output = transform_output
        vocabulary = transform_output.vocabulary_by_name(columns.product_vocabulary)
        size = len(vocabulary)
        self.buyers = transform_output.vocabulary_size_by_name(columns.buyer_vocabulary)
        self.trained = np.full(self.buyers + 1, self.buyers)
        self.counts = np.zeros(size + 1, np.int64)
        self.draws = np.zeros(size + 1) if draw_chance else self.counts
        # Features of one column have a value in the same rows.
        bits = dict.fromkeys(columns.product_features, 0) | dict(columns.known_bits)
        groups = {own: [k for k in bits if bits[k] == own] for own in bits.values()}
        latest = {own: LatestRows(names, size + 1) for own, names in groups.items()}
        extra = filter(None, [columns.buyer, columns.time, columns.known])
        for chunk in split.chunks(columns.product, *columns.product_features, *extra):
            index = self.known(chunk[columns.product])
            self.counts += np.bincount(index, minlength=size + 1)
            buyers = np.minimum(chunk[columns.buyer], self.buyers)
            self.trained[buyers] = buyers
            if draw_chance:
                weights = draw_chance(chunk[columns.time])
                self.draws += np.bincount(index, weights, minlength=size + 1)
            times = chunk.get(columns.time, np.zeros(len(index), np.int64))
            for own, rows in latest.items():
                is_known = chunk[columns.known] & own == own if own else True
                rows.add(index, is_known, times, chunk)
        self.indices = np.flatnonzero(self.counts[:size])
        self.position = np.full(size + 1, -1, np.int32)
        self.position[self.indices] = np.arange(len(self.indices))
        self.names = np.array(vocabulary, dtype=object)[self.indices]
        values = {k: v for rows in latest.values() for k, v in rows.values.items()}
        # Out-of-vocabulary products share the last row, if there are any.
        self.features = {name: values[name][: len(self.indices)] for name in bits}
        if len(self.indices) < 2:
            raise ValueError(f"{columns.product} has fewer than two known products.")

    def known(self, indices):
        """Return product indices, with the last one for out-of-vocabulary products."""
        return np.minimum(indices, len(self.counts) - 1)

    def groups(self, buyers, products):
        """Return the group of each row, by its buyer's ID, or by its product's if unknown.

        Args:
            buyers: Indices [rows].
            products: Indices [rows].
        """
        names = self.transform_output.vocabulary_by_name(self.columns.buyer_vocabulary)
        people = np.array([*names, b""], dtype=object)[np.minimum(buyers, self.buyers)]
        goods = np.array([*self.names, b""], dtype=object)
        goods = goods[self.position[self.known(products)]]
        return group_numbers(np.where(buyers < self.buyers, people, goods))

    def steps(self, batch_size, wanted=None):
        """Return the number of steps in an epoch: `wanted`, or all full batches."""
        drawn = int(self.draws.sum())
        if drawn < batch_size:
            raise ValueError(
                f"An epoch draws {drawn:,} of {self.counts.sum():,} rows, and a batch has "
                f"{batch_size:,}: use a longer half-life (recency_half_life_days) or a "
                "smaller batch_size."
            )
        return wanted or drawn // batch_size

    def log_probability(self, rows=1, others=0):
        """Return the log of each index's expected count in `rows` rows and `others`.

        The rows are drawn as in training, the others uniformly from the products.
        """
        # Products that are never drawn only occur in validation and count like one row.
        draws = np.where(self.draws > 0, self.draws, 1)
        expected = rows * (draws / draws.sum()) + others / len(self.indices)
        return np.log(expected).astype(np.float32)

    def unknown(self, **splits):
        """Return the shares of rows with an unknown product, buyer or ID, by split."""
        columns = self.columns
        sizes = {columns.buyer: self.buyers, columns.product: len(self.counts) - 1}
        products, buyers, ids = {}, {}, {}
        for name, split in splits.items():
            if split is not None:
                found = dict(zip(sizes, split.arrays(*sizes), strict=True))
                product = self.known(found[columns.product])
                products[name] = float(np.mean(self.position[product] < 0))
                buyer = self.trained[np.minimum(found[columns.buyer], self.buyers)]
                buyers[name] = float(np.mean(buyer == self.buyers))
                ids[name] = {k: float(np.mean(v >= sizes[k])) for k, v in found.items()}
        return {
            "unknown_products": products,
            "unknown_buyers": buyers,
            "unknown_ids": ids,
        }


class LatestRows:
    """Some features of each product's latest row that has a value, or of any row.

    Of rows at the same time, the one with the largest values counts, in any order.

    Attributes:
        indices: The products, in ascending order.
        values: Their features by name.
    """

    def __init__(self, names, size):
        self.newest = np.full(size, np.iinfo(np.int64).min)
        self.indices, self.times = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.values = {name: np.zeros(0, np.bool_) for name in names}  # takes any dtype

    def add(self, indices, is_known, times, chunk):
        """Add rows: product indices, whether they have values, times, and features by name."""
        # A row with a value but without a time comes before all times.
        times = np.where(is_known, np.maximum(times, 1 - 2**63), -(2**63))
        np.maximum.at(self.newest, indices, times)
        indices = np.concatenate([self.indices, indices])
        times = np.concatenate([self.times, times])
        latest = np.flatnonzero(times == self.newest[indices])
        both = {k: np.concatenate([kept, chunk[k]]) for k, kept in self.values.items()}
        values = {name: column[latest] for name, column in both.items()}
        order = np.lexsort([*values.values(), indices[latest]])
        indices, times = indices[latest][order], times[latest][order]
        last = np.append(indices[1:] != indices[:-1], True)
        self.indices, self.times = indices[last], times[last]
        self.values = {name: column[order][last] for name, column in values.items()}
