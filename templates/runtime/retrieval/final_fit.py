"""The fit of the final layer."""

import math

import numpy as np
import tensorflow as tf

from .counting import HALF_LIVES
from .final_layer import RECENT_ITEMS
from .measures import gains

# What new pairs may count in the fit, repeats counting 1; and how far the weights may go
# from the towers alone to the fit.
NEW_PAIRS_COUNT = (1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 4, 6, 10)
FITTED_PARTS = (1, 0.5)
# Leads, in standard errors: from which two are as good, and one is better.
LEVEL, CLEAR = -0.5, 2.0
FITTED_SCORES = 1 << 26  # buyers times products in the fit
BLOCK_SCORES = 1 << 22  # of those that are computed together
NEWTON_STEPS = 50  # at most; about ten are needed
UNKNOWN_TOWERS = (0, 0.25, 0.5, 1, 2)  # parts of the weight of the towers


class Moments:
    """Some buyers, each at one moment: data of the final layer's fit.

    Attributes:
        scores: The towers' scores, [moments, products].
        had: Moments and products of what the buyers had, two arrays [entries].
        terms: Terms of these, [entries, terms].
        pairs: Moments and products of what is to be found, two arrays [pairs].
        is_new: Whether the buyer of each of these pairs did not have the product.
    """

    def __init__(self, scores, past, shares, pairs, is_new):
        self.scores, self.pairs, self.is_new = scores, pairs, is_new
        moments, products, ages, counts = (each.numpy() for each in past)
        is_known, count = products >= 0, len(scores)
        entries = moments[is_known] * scores.shape[1] + products[is_known]
        entries, own = np.unique(entries, return_inverse=True)
        self.had = np.divmod(entries, scores.shape[1])

        def total(values):
            return np.bincount(own, values[is_known], len(entries))

        recent = [total(0.5 ** (ages / items)) for items in RECENT_ITEMS]
        often = np.log(np.maximum(total(counts), 1))
        sizes = np.bincount(moments, np.isfinite(ages), count)
        rows = np.bincount(moments, counts, count) / np.maximum(sizes, 1)
        of_buyers = np.log1p(sizes), np.log(np.maximum(rows, 1))
        columns = [np.ones(len(entries)), shares[self.had[1]], often]
        columns += [*map(np.log1p, recent), *(of[self.had[0]] for of in of_buyers)]
        self.terms = np.column_stack(columns).astype(np.float32)

    def loss(self, weights, shares, counts):
        """Return the pairs' loss, and its gradient and Hessian by the weights.

        The loss is the cross entropy of a softmax over the products, of which each pair
        counts so much.
        """
        split, count = 1 + shares.shape[1], len(self.scores)
        terms = self.terms[:, : len(weights) - split]
        logits = np.float32(weights[0]) * self.scores
        logits += (shares @ weights[1:split]).astype(np.float32)
        logits[self.had] += terms @ weights[split:].astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        loss = -counts @ logits[self.pairs]
        chances = np.exp(logits, out=logits)
        totals = chances.sum(axis=1, keepdims=True)
        loss += counts @ np.log(totals[self.pairs[0], 0])
        chances /= totals

        sizes = np.bincount(self.pairs[0], counts, count)[:, np.newaxis]
        expected = (sizes * chances).astype(np.float32)
        excess = expected.copy()
        excess[self.pairs] -= counts
        of_shares, of_terms = excess.sum(axis=0) @ shares, excess[self.had] @ terms
        gradient = np.array([np.vdot(excess, self.scores), *of_shares, *of_terms])
        squares = self._squares(expected, terms, shares)
        means = [(chances * self.scores).sum(axis=1), *(chances @ shares).T]
        own = chances[self.had]
        means += [np.bincount(self.had[0], own * term, count) for term in terms.T]
        mean = np.stack(means, axis=1)
        return loss, gradient, squares - mean.T @ (sizes * mean)

    def _squares(self, expected, terms, shares):
        """Return the expected sums of the products of two terms.

        These are sums over all products, or over what a buyer had.
        """
        entries = expected[self.had][:, np.newaxis] * terms
        of_scores, of_products = expected * self.scores, expected.sum(axis=0)
        corner = np.zeros([1 + shares.shape[1]] * 2)
        corner[0, 0] = np.vdot(of_scores, self.scores)
        corner[0, 1:] = corner[1:, 0] = of_scores.sum(axis=0) @ shares
        corner[1:, 1:] = shares.T @ (of_products[:, np.newaxis] * shares)
        side = np.column_stack([self.scores[self.had], shares[self.had[1]]]).T @ entries
        return np.block([[corner, side], [side.T, terms.T @ entries]])


class FinalFit:
    """The fit of a final layer: a softmax regression on pairs of validation rows.

    The weights make the pairs' products most likely among all products. They are drawn to
    the towers' score alone, as by a normal prior of variance 1, which matters where there
    are few pairs. The loss is convex, and Newton's method finds its least value.

    Args:
        evaluation: The pairs.
        model: The model, whose final layer is not fitted yet.
    """

    def __init__(self, evaluation, model):
        self.evaluation, self.layer, self.model = evaluation, model.final_layer, model
        self.layer.remember(evaluation.counting)
        self.shares = evaluation.counting.log_shares(self.layer.days)
        self.start = np.array([1.0] + [0.0] * (len(self.layer.names) - 1))
        self.queries = evaluation.queries(model)
        self.moments = list(self._moments())

    def _moments(self):
        """Yield the moments of the pairs; pairs of a buyer with the same list share one."""
        rows = {name: self.evaluation.rows[name] for name in self.layer.reads}
        # Of a large batch, the last digits are others.
        texts = [vector.tobytes() for vector in np.round(self.queries, 3) + 0.0]
        for values in rows.values():
            lists = values.numpy()
            if isinstance(values, tf.RaggedTensor):
                lists = np.split(values.values.numpy(), values.row_splits[1:-1].numpy())
            texts = [
                text + own.tobytes() for text, own in zip(texts, lists, strict=True)
            ]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(texts))}
        of_pair = np.array([numbers[key] for key in texts])
        _, first = np.unique(of_pair, return_index=True)
        candidates = self.model.candidates.numpy()
        count = len(candidates)
        products = self.evaluation.pairs % self.evaluation.counting.stride
        products = self.evaluation.catalogue.position[products]
        kept = np.arange(len(first))[:: math.ceil(len(first) * count / FITTED_SCORES)]
        size = max(1, BLOCK_SCORES // count)
        for start in range(0, len(kept), size):
            block = kept[start : start + size]
            own = np.flatnonzero(np.isin(of_pair, block))
            one_each = {
                name: tf.gather(each, first[block]) for name, each in rows.items()
            }
            yield Moments(
                self.queries[first[block]] @ candidates.T,
                self.layer.purchases(one_each),
                self.shares,
                (np.searchsorted(block, of_pair[own]), products[own]),
                self.evaluation.is_new[own],
            )

    def weights(self, new_pairs_count):
        """Return the weights, if a pair that is no repeat counts this often, [terms]."""
        counts = [np.where(m.is_new, new_pairs_count, 1.0) for m in self.moments]
        parts = list(zip(self.moments, counts, strict=True))

        def loss_of(weights):
            """Return the loss with its gradient and Hessian; the prior's are the first."""
            change = weights - self.start
            found = [0.5 * change @ change, change, np.eye(len(weights))]
            for moments, count in parts:
                own = moments.loss(weights, self.shares, count)
                found = [one + other for one, other in zip(found, own, strict=True)]
            return found

        weights, (loss, gradient, hessian) = self.start, loss_of(self.start)
        for _ in range(NEWTON_STEPS):
            step, size = np.linalg.solve(hessian, gradient), 1.0
            if gradient @ step < 1e-6 * loss:
                break
            better = loss_of(weights - step)
            while better[0] > loss and size > 1e-6:  # too far
                size /= 2
                better = loss_of(weights - size * step)
            weights, (loss, gradient, hessian) = weights - size * step, better
        return weights

    def _model_views(self):
        return self.evaluation.of_model(self.model, self.queries)

    def best(self, measure, fitted=None):
        """Fit the layer; returns what the metrics file says of it.

        New pairs count more than others, and the weights go a part of the way only, where
        that is better by `Bars`. The more new pairs count, the less is found of all pairs;
        so once a count is no gain, no greater one is tried.

        Args:
            measure: The measure that is monitored.
            fitted: What this returned for other rows, if the layer has these weights. Then
                they are kept unless others are better, instead of the towers alone.
        """
        name = "fitted" if fitted else "towers"
        kept = fitted or {"weights": self._named(self.start)}
        bars = Bars(self.evaluation, {name: self._model_views()}, measure)
        best, most = {}, (-1,)

        def compare(weights, count=1, part=0):
            self.layer.assign(weights, self.shares)
            own = bars.gains(self._model_views())
            found = {"weights": weights, "new_pairs_count": count, "part": part}
            found |= {"measure": measure, "validation": bars.validation(own)}
            return bars.leads(own), found

        for count in NEW_PAIRS_COUNT:
            before, way = most, self.weights(count) - self.start
            for part in FITTED_PARTS:
                weights = self._named(self.start + part * way)
                leads, found = compare(weights, count, part)
                if leads > most:
                    most, best = leads, found
            if most == before and most[0] == 2:
                break
        chosen = [kept[name] for name in ("new_pairs_count", "part") if name in kept]
        leads, found = compare(kept["weights"], *chosen)
        best = found if leads > most else best
        self.layer.assign(best["weights"], self.shares)
        return best

    def _named(self, weights):
        return dict(zip(self.layer.names, weights.tolist(), strict=True))


class Bars:
    """What a fit is compared with, pair by pair: what the layer ranks now, and what counts.

    Counting is each baseline, and popularity with each half-life, as the best one of all
    pairs is not that of new ones.
    """

    def __init__(self, evaluation, present, measure):
        self.measure = measure
        views = present | evaluation.of_baselines()
        self.named = {name: self.gains(of) for name, of in views.items()}
        # Without times, there are no half-lives but None, which a baseline has.
        is_dated = evaluation.counting.ages is not None
        popular = {days: {"popularity": days} for days in HALF_LIVES * is_dated}
        popular = evaluation.of_baselines(popular).values()
        self.all = [*self.named.values(), *map(self.gains, popular)]

    def gains(self, views):
        """Return what each pair contributes to the measure, by view."""
        return {view: gains(ranks)[self.measure] for view, ranks in views.items()}

    def validation(self, own):
        """Return the means of the model and of what has a name, by view."""
        means = {"model": own} | self.named
        return {
            name: {view: float(np.mean(of)) for view, of in views.items()}
            for name, views in means.items()
        }

    def leads(self, own):
        """Return what of two fits is greater for the better one.

        Where none is level with all that counts in every view, all pairs decide, by which
        runs are judged. Those that are level with counting are better, and those that are
        level with the present ranking, too, are best. Of these, it is the least lead over
        counting, so that no view of later rows is likely to be worse than what needs no
        model; where that is clear, all pairs decide again.
        """
        of = {v: [lead(own[v], bar[v]) for bar in self.all] for v in own}
        present = min(each[0] for each in of.values())
        counting = min(min(each[1:]) for each in of.values())
        found = float(np.mean(own["all"]))
        if counting < LEVEL:
            return 0, found, counting
        return 1 + (present >= LEVEL), min(counting, CLEAR), found


def lead(own, others):
    """Return the mean difference of two gains of pairs, in standard errors (McNemar, 1947)."""
    difference = np.subtract(own, others, dtype=np.float64)
    return float(difference.sum() / math.sqrt(1 + np.square(difference).sum()))


def fit_unknown(unknown, model, measure):
    """Set the model's final layer for unknown buyers; returns what the metrics file says.

    Their score is the log share of a product, with the half-life of the popularity that is
    best, and a part of the towers' score. The part is the one with the best validation,
    so that no popularity is better there; with none, lists are those of popularity.

    Args:
        unknown: UnknownBuyers of the validation rows.
        model: The model, whose final layer is fitted for known buyers.
        measure: The measure that is monitored.
    """

    def mean(ranks):
        return float(np.mean(gains(ranks)[measure]))

    counted = {
        name: mean(views["all"]) for name, views in unknown.of_baselines().items()
    }
    best = max(counted, key=counted.__getitem__)
    half_life = unknown.baselines[best]["popularity"]
    shares = unknown.counting.log_shares([half_life])[:, 0]
    scale, found = max(0.0, float(model.final_layer.towers[0])), {}
    queries = unknown.queries(model)
    for part in UNKNOWN_TOWERS:
        model.final_layer.assign_unknown(part * scale, shares)
        found[part * scale] = mean(unknown.model_ranks(model, queries))
    towers = max(found, key=found.__getitem__)
    model.final_layer.assign_unknown(towers, shares)
    return {
        "towers": towers,
        "half_life": half_life,
        "pairs": len(unknown.pairs),
        "validation": {"model": found[towers], **counted},
    }
