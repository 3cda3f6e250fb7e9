"""Evaluation: the model and the baselines on the same pairs."""

import copy
import functools
import math

import numpy as np
import tensorflow as tf

from ..buyer_groups import sums_by_group
from .counting import ranges
from .measures import gains

RANKED_ROWS = 1024  # test rows that are ranked together
COUNTED_ROWS = 256  # rows whose top 100 products are counted together
COVERAGE_BUYERS = 10_000  # test buyers whose top 100 products are counted
BOOTSTRAPS = 200  # resamples of the buyers, for intervals
UNKNOWN_PAIRS = 10_000  # pairs on which unknown buyers are measured


class Evaluation:
    """Compares the model with baselines that count, on the test's pairs.

    A pair is a buyer and a product, counted once. Pairs with a buyer or product that is
    unknown to training are dropped; a pair is new if it is not in training. Each pair is
    ranked by itself: recall@k is the share of pairs whose product is in the top k,
    NDCG@10 the mean of 1 / log2(2 + rank) in the top 10, MRR the mean of 1 / (1 + rank).
    In the view `new_filtered`, what the buyer had is taken out of the lists.

    Args:
        baselines: The half-lives of each baseline, as `Counting.choose` returns them.
        most: Bound of the number of pairs; of more, evenly spaced ones are evaluated.
    """

    def __init__(self, counting, test, baselines, seed, most):
        self.catalogue, self.counting = counting.catalogue, counting
        self.baselines, self.seed = baselines, seed
        all_pairs = counting.pairs_of(test)
        buyers, products = np.divmod(all_pairs, counting.stride)
        is_known = self.catalogue.position[products] >= 0
        is_known &= np.isin(buyers, counting.buyers)
        _, first = np.unique(all_pairs, return_index=True)
        known = first[is_known[first]]
        kept = known[:: math.ceil(len(known) / most) or 1]
        self.left_out, self.unscored = len(first) - len(known), len(known) - len(kept)
        self._take(test, kept, all_pairs[kept], buyers[kept])

    def _take(self, split, kept, pairs, buyers):
        """Evaluate the rows of a split at these places, with their pairs and buyers."""
        self.split, self.kept, self.pairs = split, kept, pairs
        self.is_new = ~self.counting.had(pairs)
        self.people, self.one_each, self.buyer = np.unique(
            buyers, return_index=True, return_inverse=True
        )

    @functools.cached_property
    def rows(self):
        """The pairs' rows, as columns by name; of many pairs, these take much memory."""
        return self.split.rows_at(self.kept)

    def size(self, view):
        """Return the number of pairs in a view."""
        return len(self.pairs) if view == "all" else int(self.is_new.sum())

    def compare(self, model):
        """Return the pairs and the metrics of the model and the baselines."""
        own = self.own = self._ranks(model)
        ranks = {"model": own, **self.of_baselines()}
        views = {
            view: self.summarize({name: own[view] for name, own in ranks.items()}, view)
            for view in ranks["model"]
        }
        summaries = {k: {v: found[k] for v, found in views.items()} for k in ranks}
        buyers = self.split.rows_at(self.kept[self.one_each[:COVERAGE_BUYERS]])
        shown = [model.top_products(part) for part in slices(buyers, COUNTED_ROWS)]
        share = len(np.unique(np.concatenate(shown))) / len(self.catalogue.indices)
        summaries["model"]["coverage_at_100"] = share
        pairs = {view: self.size(view) for view in ("all", "new")}
        pairs["left_out"] = self.left_out
        if self.unscored:
            pairs["unscored"] = self.unscored
        return {"pairs": pairs, **summaries}

    def _ranks(self, model):
        """Return the model's ranks by view; the rows are read chunk by chunk."""
        of_all, of_new = np.zeros([2, len(self.pairs)], np.int64)
        embed, part = embedding(model), copy.copy(self)
        for own, part.rows in self.split.parts_at(self.kept):
            if not len(own):
                continue
            part.pairs, part.is_new = self.pairs[own], self.is_new[own]
            queries = part.queries(model, embed)
            of_all[own] = part.model_ranks(model, queries)
            new = own[part.is_new]
            of_new[new] = part.model_ranks(model, queries, is_filtered=True)
        return self._views(of_all, of_new[self.is_new])

    def by_group(self, measure):
        """Return the sums_by_group of a measure of the compared model, by view."""
        products = self.pairs % self.counting.stride
        groups = self.catalogue.groups(self.people[self.buyer], products)
        return {
            view: sums_by_group(
                groups if view == "all" else groups[self.is_new],
                {measure: gains(ranks)[measure]},
            )
            for view, ranks in self.own.items()
        }

    def queries(self, model, embed=None):
        """Return the query tower's vectors of the pairs' rows, [pairs, width]."""
        embed = embed or embedding(model)
        parts = [embed(rows).numpy() for rows in slices(self.rows, RANKED_ROWS)]
        return np.concatenate(parts)

    def of_model(self, model, queries):
        """Return the model's ranks by view, for the vectors that `queries` returned."""
        of_new = self.model_ranks(model, queries, is_filtered=True)
        return self._views(self.model_ranks(model, queries), of_new)

    def of_baselines(self, baselines=None):
        """Return the ranks by view of each baseline, or of others, by name."""
        ranks, new = self.counting.ranks, self.pairs[self.is_new]
        baselines = self.baselines if baselines is None else baselines
        return {
            name: self._views(ranks(self.pairs, days), ranks(new, days, True))
            for name, days in baselines.items()
        }

    def _views(self, of_all, of_new):
        """Return ranks by view, from those of all pairs and of new ones in filtered lists."""
        views = {"all": of_all, "new": of_all[self.is_new], "new_filtered": of_new}
        return {name: ranks for name, ranks in views.items() if len(ranks)}

    def model_ranks(self, model, queries, is_filtered=False):
        """Return the model's ranks of all pairs, or of new ones in filtered lists."""
        rows, pairs = self.rows | {"query": queries}, self.pairs
        if is_filtered:
            pairs, kept = pairs[self.is_new], np.flatnonzero(self.is_new)
            rows = {name: tf.gather(values, kept) for name, values in rows.items()}
        found = [np.zeros(0, np.int64)]
        for part in slices(rows | {"pair": pairs}, RANKED_ROWS):
            past = self.past(part.pop("pair")) if is_filtered else None
            found.append(model.ranks(part.pop("query"), part, past).numpy())
        return np.concatenate(found)

    def past(self, pairs):
        """Return the positions of what each pair's buyer had, [pairs, n]."""
        stride, own = self.counting.stride, self.counting.pairs
        buyers = pairs // stride
        first, last = (
            np.searchsorted(own, (buyers + each) * stride) for each in (0, 1)
        )
        positions = self.catalogue.position[own[ranges(first, last)] % stride]
        return tf.RaggedTensor.from_row_lengths(positions, last - first)

    def summarize(self, ranks, view):
        """Return the metrics by name of what has these ranks of the pairs in a view.

        The 95% intervals are from a bootstrap over buyers. Those of the model's lead over a
        baseline are narrower than the model's own, since the same pairs are easy for both.
        """
        buyer, count = self.buyer, len(self.one_each)
        buyer = buyer if view == "all" else buyer[self.is_new]
        found = [
            {name: np.bincount(buyer, gain, count) for name, gain in gains(own).items()}
            for own in ranks.values()
        ]
        sums = np.stack([own for of in found for own in of.values()])
        pairs = np.bincount(buyer, minlength=count)
        draw, even = np.random.default_rng(self.seed), np.full(count, 1 / count)
        shares = []
        for _ in range(BOOTSTRAPS):
            resample = draw.multinomial(count, even)
            shares.append(sums @ resample / np.maximum(pairs @ resample, 1))
        drawn = np.reshape(shares, [BOOTSTRAPS, len(ranks), -1])
        values = np.reshape(sums.sum(axis=1) / pairs.sum(), drawn.shape[1:])
        figures = {"value": values} | interval(drawn)
        leads = interval(drawn[:, :1] - drawn)
        leads = {f"lead_{end}": of for end, of in leads.items()}
        return {
            name: {
                metric: {
                    key: float(of[row, column])
                    for key, of in (figures | leads if row else figures).items()
                }
                for column, metric in enumerate(found[0])
            }
            for row, name in enumerate(ranks)
        }


class UnknownBuyers(Evaluation):
    """Compares the model with popularity on pairs of buyers of whom nothing is known.

    These are the pairs of buyers without training rows; where there are none, those of
    known buyers that are new. All are shown to the model with an unknown ID and an empty
    history; the other columns are kept. Of buyers outside the vocabulary, who share an
    index, each row is a pair.

    Attributes:
        are_known: Whether there are no unknown buyers, so that known ones stand for them.
        have_lists: Whether the columns have lists of what some of them had.
    """

    def __init__(self, counting, split, baselines, seed, most=UNKNOWN_PAIRS):
        self.catalogue, self.counting, self.seed = counting.catalogue, counting, seed
        self.baselines = {k: v for k, v in baselines.items() if "own_history" not in v}
        pairs = counting.pairs_of(split)
        buyers, products = np.divmod(pairs, counting.stride)
        _, first = np.unique(pairs, return_index=True)
        shared = np.flatnonzero(buyers >= self.catalogue.buyers)
        kept = np.union1d(first, shared)
        kept = kept[self.catalogue.position[products[kept]] >= 0]
        is_trained = np.isin(buyers[kept], counting.buyers)
        self.are_known = bool(is_trained.all())
        is_new = ~counting.had(pairs[kept])
        kept = kept[is_new if self.are_known else ~is_trained]
        kept = kept[:: math.ceil(len(kept) / most) or 1]
        is_shared = np.isin(kept, shared)
        people = np.where(is_shared, -1 - kept, buyers[kept])
        self._take(split, kept, pairs[kept], people)
        lists = (self.rows[name] for name in self.catalogue.columns.histories)
        self.have_lists = any(bool(tf.size(each.values) > 0) for each in lists)
        self.rows |= as_unknown(self.rows, self.catalogue)

    def add_to(self, compared, model):
        """Add the view `unknown_buyers` to what an Evaluation compared, if there are pairs."""
        if not len(self.pairs):
            return
        compared["pairs"]["unknown_buyers"] = len(self.pairs)
        if self.are_known:
            compared["pairs"]["shown_as_unknown"] = len(self.pairs)
        baselines = {name: views["all"] for name, views in self.of_baselines().items()}
        own = self.model_ranks(model, self.queries(model))
        ranks = {"model": own, **baselines}
        for name, figures in self.summarize(ranks, "all").items():
            compared[name]["unknown_buyers"] = figures


def as_unknown(rows, catalogue):
    """Return the columns of rows that name their buyers, as of buyers who are unknown."""
    columns = catalogue.columns
    buyers = tf.fill(tf.shape(rows[columns.buyer]), catalogue.buyers)
    none = tf.RaggedTensor.from_row_lengths
    lists = {
        name: none(rows[name].values[:0], tf.zeros_like(rows[name].row_lengths()))
        for name in columns.histories
    }
    return lists | {columns.buyer: tf.cast(buyers, rows[columns.buyer].dtype)}


def embedding(model):
    """Return the query tower of a model as one graph."""
    return tf.function(model.query_tower, reduce_retracing=True)


def interval(resamples):
    """Return the ends of 95% intervals, over the first axis."""
    low, high = np.quantile(resamples, [0.025, 0.975], axis=0)
    return {"low": low, "high": high}


def slices(rows, size):
    """Yield rows in parts of at most `size`."""
    for start in range(0, len(next(iter(rows.values()))), size):
        yield {name: values[start : start + size] for name, values in rows.items()}
