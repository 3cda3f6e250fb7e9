"""Baselines that count rows."""

import collections
import itertools

import numpy as np

from ..rows import newest_time
from .measures import MEASURES, MISSED, RECALL_AT, gains

TOO_EASY = 0.9  # recall of counting above which recall does not tell models apart
HALF_LIVES = (None, 120, 60, 30, 14, 7)  # in days; None counts rows of all ages alike
PART = 1 << 16  # pairs that are ordered together


# What some buyers had: numbers of a buyer and a product, ascending; and of each of their
# rows the place of its pair among these, ascending, and its age in seconds (or None for all).
Had = collections.namedtuple("Had", ["pairs", "places", "ages"])


class Counting:
    """What needs no model: products by the rows that a split has of them.

    A baseline is described by its half-lives in days: of "popularity", by which it lists
    products, and of "own_history" if it first lists what the buyer had, by the buyer's own
    rows. A row that is a half-life older than the newest counts half; without a half-life
    (None), all rows count alike.

    Attributes:
        ages: Seconds from each row to the newest one, if rows have times.
        own_pairs: For each row that counts for a buyer, the place of its pair in `pairs`, in
            ascending order, so that what is summed by pair lies side by side.
        own_ages: The ages of these rows.
        buyers: Buyers with their own index, in ascending order.
        pairs: What they had: numbers of a buyer and a product, in ascending order.
    """

    def __init__(self, catalogue, split):
        self.catalogue, self.stride = catalogue, len(catalogue.counts) + 1
        self.popular, self.ages, self.own_ages = {}, None, None  # ranks by half-life
        if split.columns.time:
            ages = split.column(split.columns.time).astype(np.float64)
            np.subtract(newest_time(ages), ages, out=ages)
            self.ages = narrow(np.maximum(ages, 0, out=ages))
        pairs = self.pairs_of(split)
        self.products = narrow(pairs % self.stride)
        # Those out of vocabulary share an index, so that they have no history.
        is_own = pairs < catalogue.buyers * self.stride
        has_rows = np.zeros(catalogue.buyers, bool)
        has_rows[pairs[is_own] // self.stride] = True
        self.buyers = np.flatnonzero(has_rows)
        is_own &= catalogue.position[self.products] >= 0
        pairs = pairs[is_own]  # what has been read is freed
        self.pairs, self.own_pairs, order = numbered(pairs)
        del pairs
        if self.ages is not None:
            self.own_ages = self.ages[is_own][order]

    def pairs_of(self, split):
        """Return a number for the buyer and product of each row; a buyer's are consecutive."""
        stride, known, columns = self.stride, self.catalogue.known, split.columns

        def numbers(buyers, products):
            return (buyers * stride + known(products),)

        return split.collect(numbers, columns.buyer, columns.product)[0]

    def had(self, pairs):
        """Return which of some pairs are among those of the split."""
        if not len(self.pairs):
            return np.zeros(len(pairs), bool)
        places = np.searchsorted(self.pairs, pairs)
        return self.pairs[np.minimum(places, len(self.pairs) - 1)] == pairs

    def counts(self, half_life):
        """Return what the rows of each product of the catalogue count, [products]."""
        indices, size = self.catalogue.indices, len(self.catalogue.counts)
        weights = decayed(self.ages, half_life)
        return np.bincount(self.products, weights, size)[indices]

    def log_shares(self, half_lives):
        """Return the log of each product's share of the rows, [products, half-lives].

        Half a row is added to each product, since some have no recent rows. The mean over
        the products is 0: only differences between products matter.
        """
        counts = np.stack([self.counts(half_life) for half_life in half_lives], axis=1)
        logs = np.log(counts + 0.5)
        return logs - logs.mean(axis=0)

    def purchases(self, most, in_all):
        """Return what each known buyer had: at most `most` products, the latest last.

        Where that is more than `in_all` for all buyers, `most` is halved until it is not.
        These are row splits by buyer, [buyers + 2], and of each product its position and
        its number of rows. Products of the same time are in the order of their index.
        """
        splits = np.arange(self.catalogue.buyers + 2) * self.stride
        sizes = np.diff(np.searchsorted(self.pairs, splits))
        while np.minimum(sizes, most).sum() > in_all:
            most //= 2
        positions, counts = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        for _, had in self._parts(self.buyers):
            buyers, products = np.divmod(had.pairs, self.stride)
            ages = np.full(len(products), np.inf)
            if had.ages is not None:
                np.minimum.at(ages, had.places, had.ages.astype(np.float64))
            order = self._order(buyers, -ages, products)
            ends = np.searchsorted(buyers, buyers, "right")
            order = order[ends - np.arange(len(order)) <= most]
            positions.append(self.catalogue.position[products[order]])
            counts.append(np.bincount(had.places, minlength=len(products))[order])
        splits = np.append(0, np.minimum(sizes, most).cumsum())
        return splits, np.concatenate(positions), np.concatenate(counts)

    def _parts(self, buyers):
        """Yield some of the buyers, in ascending order, as a slice, and what they Had.

        What they had is ordered for some at a time: for all together it would take longer
        for each pair, and more memory, the more there are.
        """
        firsts, ends = (
            np.searchsorted(self.pairs, (buyers + each) * self.stride)
            for each in (0, 1)
        )
        parts = (ends - firsts).cumsum() // PART
        cuts = np.flatnonzero(np.diff(parts)) + 1
        for one, other in itertools.pairwise([0, *cuts.tolist(), len(buyers)]):
            own = ranges(firsts[one:other], ends[one:other])
            rows = ranges(
                *(np.searchsorted(self.own_pairs, e[one:other]) for e in (firsts, ends))
            )
            places = np.searchsorted(own, self.own_pairs[rows])
            ages = None if self.own_ages is None else self.own_ages[rows]
            yield slice(one, other), Had(self.pairs[own], places, ages)

    def _order(self, buyers, values, ties):
        """Return the order of pairs by buyer, who are ascending, then value, then tie."""
        _, ranks = np.unique(values, return_inverse=True)
        ranks += np.searchsorted(buyers, buyers) * len(buyers)
        return np.argsort(ranks * self.stride + ties)

    def popularity(self, half_life=None):
        """Return the rank of each product index, MISSED if it is not in the catalogue."""
        if half_life not in self.popular:
            indices, counts = self.catalogue.indices, self.counts(half_life)
            ranks = np.full(len(self.catalogue.counts), MISSED)
            ranks[indices[np.argsort(-counts, kind="stable")]] = np.arange(len(indices))
            self.popular[half_life] = ranks
        return self.popular[half_life]

    def ranks(self, pairs, half_lives, is_filtered=False):
        """Return the number of products before the pair's own in its buyer's list.

        In a filtered list, what the buyer had is left out.
        """
        popular = self.popularity(half_lives["popularity"])
        found = popular[pairs % self.stride]
        if "own_history" not in half_lives and not is_filtered:
            return found
        order = np.argsort(pairs)
        buyers, starts = np.unique(pairs[order] // self.stride, return_index=True)
        starts = np.append(starts, len(pairs))
        for part, had in self._parts(buyers):
            places = order[starts[part.start] : starts[part.stop]]
            known = pairs[places], found[places], had, popular
            if is_filtered:
                found[places] = self._filtered(*known)
            else:
                found[places] = self._after_own(*known, half_lives["own_history"])
        return found

    def _filtered(self, pairs, ranks, had, popular):
        """Return the ranks of pairs in lists by popularity, without what the buyers had."""
        start, products = pairs - pairs % self.stride, had.pairs % self.stride
        own = np.sort(had.pairs - products + popular[products])
        before = np.searchsorted(own, start + np.minimum(ranks, self.stride - 1))
        others = ranks - (before - np.searchsorted(own, start))
        return np.where(ranks < MISSED, others, MISSED)

    def _after_own(self, pairs, ranks, had, popular, half_life):
        """Return the ranks of pairs in lists of what the buyers had, and then of the others."""
        buyers, products = np.divmod(had.pairs, self.stride)
        counts = np.bincount(had.places, decayed(had.ages, half_life), len(products))
        order = self._order(buyers, -counts, popular[products])
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - np.searchsorted(buyers, buyers)
        own = pairs // self.stride
        sizes = np.searchsorted(buyers, own, "right") - np.searchsorted(buyers, own)
        others = self._filtered(pairs, ranks, had, popular) + sizes
        if len(products):
            found = np.minimum(np.searchsorted(had.pairs, pairs), len(products) - 1)
            others = np.where(had.pairs[found] == pairs, place[found], others)
        return np.where(ranks < MISSED, others, MISSED)

    def measure(self, split, baselines):
        """Return the means over the rows of a split, such as "popularity_mrr"."""
        rows = np.unique(self.pairs_of(split), return_counts=True)
        return {
            f"{name}_{measure}": mean
            for name, half_lives in baselines.items()
            for measure, mean in self._means(*rows, half_lives).items()
        }

    def _means(self, pairs, counts, half_lives):
        """Return each measure over rows, of which there are so many for each pair."""
        found = gains(self.ranks(pairs, half_lives))
        return {name: float(found[name] @ counts / counts.sum()) for name in MEASURES}

    def choose(self, split):
        """Return the measure that tells models apart, and the half-lives of each baseline.

        The half-lives are those that are best on the rows of `split`. The measure is recall
        at a k of at most a tenth of the catalogue, unless counting is nearly perfect there;
        otherwise it is the mean reciprocal rank.
        """
        rows, means = np.unique(self.pairs_of(split), return_counts=True), {}

        def value(half_lives, measure):
            key = tuple(half_lives.items())
            if key not in means:
                means[key] = self._means(*rows, half_lives)
            return means[key][measure]

        def best(known, what, measure):
            options = [known | {what: days} for days in half_lives]
            return max(options, key=lambda option: value(option, measure))

        half_lives = HALF_LIVES[:1] if self.ages is None else HALF_LIVES
        plain = {"popularity": None}
        fitting = [k for k in RECALL_AT if 10 * k <= len(self.catalogue.indices)]
        for monitored in (*(f"recall_at_{k}" for k in reversed(fitting)), "mrr"):
            popularity = best({}, "popularity", monitored)
            # The one half-life is of products that buyers had, the other of all others.
            own = best({"own_history": None}, "popularity", monitored)
            own = best(own, "own_history", monitored)
            if max(value(popularity, monitored), value(own, monitored)) <= TOO_EASY:
                break
        baselines = {"popularity": plain, "own_history": plain | {"own_history": None}}
        if self.ages is not None:
            baselines |= {"popularity_recent": popularity, "own_history_recent": own}
        return monitored, baselines


def ranges(starts, ends):
    """Return the whole numbers from each start to before its end, one range after the other."""
    sizes = ends - starts
    return np.arange(sizes.sum()) + np.repeat(ends - sizes.cumsum(), sizes)


def decayed(ages, half_life):
    """Return what rows of some ages count, in seconds; None, which is 1 each, for None."""
    if half_life is None:
        return None
    return np.exp2(np.divide(ages, 86_400) / -half_life)


def narrow(numbers):
    """Return whole numbers from 0 on in 32 bits, if these hold them."""
    if numbers.max(initial=0) >= 1 << 32:
        return numbers
    narrowed = numbers.astype(np.uint32)
    return narrowed if (narrowed == numbers).all() else numbers


def numbered(pairs):
    """Return the distinct pairs, the place of each row's pair among them, and the rows.

    All are in ascending order of the pairs; rows of a pair keep their order. Each pair is
    sorted with its row, if both fit into 64 bits: orders of rows alone are slower, the more
    rows there are. The pairs are overwritten, as there may be memory for one array of them.
    """
    bits = len(pairs).bit_length()
    if int(pairs.max(initial=0)).bit_length() + bits > 63:
        rows = np.argsort(pairs, kind="stable")
        pairs[:] = pairs[rows]
    else:
        pairs <<= bits
        pairs |= np.arange(len(pairs))
        pairs.sort()
        rows = pairs & ((1 << bits) - 1)
        pairs >>= bits
    is_new = np.ones(len(pairs), bool)
    np.not_equal(pairs[1:], pairs[:-1], out=is_new[1:])
    places = np.cumsum(is_new, dtype=np.uint32)
    places -= np.uint32(1)
    return pairs[is_new], places, rows
