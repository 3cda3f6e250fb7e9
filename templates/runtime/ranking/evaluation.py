"""Evaluation of predictions, compared with means of training rows."""

import numpy as np

from ..buyer_groups import sums_by_group
from ..retrieval.evaluation import BOOTSTRAPS, interval, slices
from .means import Means, best_shrinkage
from .measures import auc, auc_terms, bins, calibration_error, log_losses, ndcg

RATED_TOGETHER = 8192  # rows that are predicted together
RESAMPLED_ROWS = 50_000  # rows of which intervals of the AUC are computed


class Rated:
    """The rows of a split that are evaluated, with their targets.

    Attributes:
        rows: Their number.
        pairs: Indices of their buyers and products, two arrays [rows].
        learnt: Targets as they are learnt, [rows].
        targets: Targets in their own units, [rows].
        groups: Numbers of the buyers from 0; of unknown ones, each row is one, [rows].
    """

    def __init__(self, split, rating, target, known_buyers):
        columns, self.split = split.columns, split
        names = (columns.buyer, columns.product, target.column)
        buyers, products, self.learnt = split.arrays(*names)
        self.pairs, self.rows, self.rating = (buyers, products), len(buyers), rating
        self.targets = self.in_units(self.learnt)
        people = np.where(buyers < known_buyers, buyers, -1 - np.arange(self.rows))
        _, self.groups = np.unique(people, return_inverse=True)

    def in_units(self, learnt):
        """Return targets in their own units, as float64."""
        return self.rating.inverse(learnt).numpy().astype(np.float64)

    def logs(self, learnt):
        """Return the logarithms of 1 plus targets, as float64."""
        return self.rating.unscaled(learnt).numpy().astype(np.float64)

    @property
    def all_logs(self):
        """The logarithms of 1 plus the targets, [rows]."""
        return self.logs(self.learnt)

    @property
    def is_binary(self):
        """Whether all targets are 0 or 1."""
        return bool(np.isin(self.targets, (0, 1)).all())

    def in_units_of(self, model, outputs):
        """Return predictions for outputs, and their logarithms if these are learnt."""
        found = model.rating(outputs)
        values = found["predictions"].numpy().astype(np.float64)
        if not self.rating.is_logged:
            return values, None
        return values, self.logs(found["predictions_normalized"])

    def predict(self, model):
        """Return the model's outputs, and the mean of the rows' losses."""
        found = []
        for chunk in self.split.dataset:
            for rows in slices(chunk, RATED_TOGETHER):
                found.append([part.numpy() for part in model.predict_rows(rows)])
        outputs, losses = (np.concatenate(part) for part in zip(*found, strict=True))
        return outputs, float(np.mean(losses, dtype=np.float64))


def row_errors(rated, values, logs=None):
    """Return what each row adds to the means of errors, by name of the error."""
    found = {
        "rmse": (values - rated.targets) ** 2,
        "mae": np.abs(values - rated.targets),
    }
    if logs is not None:
        found["rmse_log"] = (logs - rated.all_logs) ** 2
    return found


def figures_of_rows(rated, values, logs=None):
    """Return the errors, and for targets of 0 or 1 the AUC and the log loss, by name."""
    rows = row_errors(rated, values, logs)
    found = as_errors({name: np.mean(each) for name, each in rows.items()})
    if rated.is_binary:
        found["auc_roc"] = auc(rated.targets, values)
        found["log_loss"] = np.mean(log_losses(rated.targets, values))
    return {name: float(value) for name, value in found.items()}


def as_errors(means):
    """Return errors for means over rows: the root of those of squares."""
    return {k: np.sqrt(v) if k.startswith("rmse") else v for k, v in means.items()}


class Comparison:
    """Compares a model's predictions with the means of the target in training rows.

    Args:
        rated: The rows.
        model: The model.
        means: The MeansOf its training rows.
        seed: Of the bootstrap.
    """

    def __init__(self, rated, model, means, seed):
        self.rated, self.seed = rated, seed
        self.outputs, self.loss = rated.predict(model)
        own, logs = rated.in_units_of(model, self.outputs)
        values, of_logs = means.predict(rated)
        self.values, self.logs = {"model": own, **values}, {"model": logs, **of_logs}

    def compare(self):
        """Return what the metrics file says of the test, with `figures` by who predicts.

        The 95% intervals are from a bootstrap over buyers. `lead_low` and `lead_high` are
        those of how much better the model is: above 0, it is better, errors included.
        """
        rated = self.rated
        measure = (
            "auc_roc"
            if rated.is_binary
            else "rmse_log" if self.rated.rating.is_logged else "rmse"
        )
        return {
            "measure": measure,
            "rows": rated.rows,
            "buyers": int(rated.groups.max()) + 1,
            "bins": bins(self.values["model"], rated.targets),
            "figures": self._figures(),
        }

    def by_group(self, catalogue):
        """Return the sums_by_group of the model's squared errors and other measures."""
        rated, own = self.rated, self.values["model"]
        rows = row_errors(rated, own, self.logs["model"])
        if rated.is_binary:
            rows["log_loss"] = log_losses(rated.targets, own)
            rows["auc_roc"] = auc_terms(rated.targets, own)
        known = {name: each for name, each in rows.items() if each is not None}
        return sums_by_group(catalogue.groups(*rated.pairs), known)

    def _figures(self):
        rated = self.rated
        terms = {who: self._terms(who) for who in self.values}
        draw = np.random.default_rng(self.seed)
        count = int(rated.groups.max()) + 1
        even = np.full(count, 1 / count)
        resamples = [draw.multinomial(count, even) for _ in range(BOOTSTRAPS)]
        found = {}
        own = None
        for who, parts in terms.items():
            values = figures_of(parts, np.ones(count))
            samples = [figures_of(parts, resample) for resample in resamples]
            drawn = {k: np.array([each[k] for each in samples]) for k in values}
            if rated.is_binary:
                drawn["auc_roc"] = self._areas(who, resamples)
                values["auc_roc"] = auc(rated.targets, self.values[who])
                values["ece"] = calibration_error(bins(self.values[who], rated.targets))
            own = own or drawn
            found[who] = {k: self._figure(k, v, drawn, own) for k, v in values.items()}
            found[who] = {k: v for k, v in found[who].items() if v}
        for figure in found["model"].values():  # which has no lead over itself
            figure.pop("lead_low", None)
            figure.pop("lead_high", None)
        return found

    def _figure(self, name, value, drawn, own):
        """Return a figure with its interval, and that of the model's lead."""
        if not np.isfinite(value):
            return None
        if name not in drawn or not np.isfinite(drawn[name]).all():
            return {"value": float(value), "low": None, "high": None}
        ends = {k: float(v) for k, v in interval(drawn[name]).items()}
        lead = own[name] - drawn[name]
        lead = -lead if is_error(name) else lead
        leads = {f"lead_{k}": float(v) for k, v in interval(lead).items()}
        return {"value": float(value), **ends, **leads}

    def _terms(self, who):
        """Return sums and weights by buyer, of which ratios are figures."""
        rated, values = self.rated, self.values[who]
        rows = row_errors(rated, values, self.logs.get(who))
        if rated.is_binary:
            rows["log_loss"] = log_losses(rated.targets, values)
        sizes = np.bincount(rated.groups).astype(np.float64)
        terms = {k: (np.bincount(rated.groups, v), sizes) for k, v in rows.items()}
        within = {
            "ndcg_at_10": (
                ndcg(rated.targets, values, rated.groups),
                np.ones(len(sizes)),
            )
        }
        if rated.is_binary:
            within["gauc"] = (auc(rated.targets, values, rated.groups), sizes)
        for name, (each, weights) in within.items():
            weights = np.where(np.isnan(each), 0, weights)
            terms[name] = (np.nan_to_num(each) * weights, weights)
        return terms

    def _areas(self, who, resamples):
        """Return the AUC of each resample of the buyers, on some of the rows."""
        step = -(-self.rated.rows // RESAMPLED_ROWS)
        values, labels = self.values[who][::step], self.rated.targets[::step]
        order = np.argsort(values, kind="stable")
        groups, labels, values = (
            each[order] for each in (self.rated.groups[::step], labels, values)
        )
        starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
        areas = []
        for resample in resamples:
            weights = resample[groups].astype(np.float64)
            positive = np.add.reduceat(weights * labels, starts)
            negative = np.add.reduceat(weights * (1 - labels), starts)
            below = np.cumsum(negative) - negative / 2
            pairs = positive.sum() * negative.sum()
            areas.append(positive @ below / pairs if pairs else np.nan)
        return np.array(areas)


def figures_of(terms, resample):
    """Return figures by name: ratios of sums over the buyers of a resample."""
    means = {}
    for name, (sums, weights) in terms.items():
        total = weights @ resample
        means[name] = sums @ resample / total if total else np.nan
    return as_errors(means)


def is_error(name):
    """Return whether a figure is the better, the lower it is."""
    return name in ("mae", "log_loss", "ece") or name.startswith("rmse")


class MeansOf:
    """The Means of some rows' targets, and of their logarithms if these are learnt.

    Attributes:
        targets: The former.
        logs: The latter, or None.

    Args:
        rated: The rows.
        shrinkage: That of `shrinkages`.
    """

    def __init__(self, rated, shrinkage):
        self.targets = Means(rated.pairs, rated.targets, shrinkage["targets"])
        self.logs = None
        if "logs" in shrinkage:
            self.logs = Means(rated.pairs, rated.all_logs, shrinkage["logs"])

    def predict(self, rated):
        """Return the predictions for other rows by name, and of their logarithms."""
        logs = self.logs.predict(rated.pairs) if self.logs else {}
        values = self.targets.predict(rated.pairs)
        if rated.is_binary:  # a sum of two means may be no chance
            values = {name: np.clip(each, 0, 1) for name, each in values.items()}
        return values, logs


def shrinkages(rated, others):
    """Return the best shrinkage of the means of targets, and of logarithms if learnt."""
    own = others.pairs, others.targets
    found = {"targets": best_shrinkage(rated.pairs, rated.targets, own)}
    if rated.rating.is_logged:
        own = others.pairs, others.all_logs
        found["logs"] = best_shrinkage(rated.pairs, rated.all_logs, own)
    return found
