"""Training of a retrieval model: counting, the final layer and ranks on the test."""

import math

import numpy as np

from ..messages import say
from ..training import Training
from .counting import Counting
from .evaluation import COUNTED_ROWS, Evaluation, UnknownBuyers
from .final_fit import FinalFit, fit_unknown
from .metrics_file import RetrievalMetrics
from .scann import COMPARED_QUERIES

VALIDATION_SCORES = 1 << 34  # rows times products in a validation
LAYER_SCORES = 1 << 27  # pairs times products, each time that a final layer is compared
LAYER_PAIRS = 10_000  # or so many pairs, if these are more
NEWEST_PAIRS = 1000  # of the test, which suffice to fit a layer again
VIEWS = {
    "all": "all pairs",
    "new": "new pairs",
    "new_filtered": "new pairs, past products left out",
}


class RetrievalTraining(Training):
    """A run of the trainer of a model that ranks the products of a catalogue."""

    # Of the final layer, once it is fitted: weights for known and for unknown buyers, and
    # whether nothing was known of any buyer, so that these are for all.
    weights, unknown, are_for_all, fitted_pairs = None, None, False, 0

    def use(self, rows):
        super().use(rows)
        vars(self).pop("counting", None)  # its memory is needed
        self.counting = Counting(self.catalogue, rows)

    def most_validated(self):
        return VALIDATION_SCORES // len(self.catalogue.indices)

    def describe(self):
        monitored, baselines = self.counting.choose(self.validated)
        return super().describe() | {"monitored": monitored, "half_lives": baselines}

    def metrics_file(self, folders, log_folder, chance):
        rows = self.validated.sample(COUNTED_ROWS)
        return RetrievalMetrics(
            folders, log_folder, self.params, chance, self.probe, rows
        )

    def add_baselines(self):
        found = self.metrics.add_baselines(self.counting, self.validated)
        # A failed model has one list for all, so it is compared with such lists.
        return [value for name, value in found.items() if "popularity" in name]

    def measure_test(self, model):
        self.metrics.add_test(model, self.replicas, self.counting, self.test)

    def complete(self, model):
        if self.weights:
            shares = self.counting.log_shares(model.final_layer.days)
            model.final_layer.assign(self.weights, shares)
            model.final_layer.remember(self.counting)
        if self.unknown:
            popular = self.counting.log_shares([self.unknown["half_life"]])[:, 0]
            model.final_layer.assign_unknown(
                self.unknown["towers"], popular, and_known=self.are_for_all
            )
        model.embed_catalogue()

    def fit(self, candidates, **options):
        """Fit a model, whose loss looks among these candidates for a row's own product.

        The options are those of `fit_first`.
        """
        return self.fit_first(
            math.log(candidates), **options
        )  # the loss of equal scores

    def popular(self):
        """Return the products' positions, those with the most rows first.

        Recent rows count more, if that was better on validation rows.
        """
        baselines = self.params["half_lives"]
        best = baselines.get("popularity_recent", baselines["popularity"])
        return np.argsort(-self.counting.counts(best["popularity"]), kind="stable")

    def measure_search(self, recommender):
        """Compare the answers of an approximate search with exact ones, on the newest rows."""
        rows = (self.test or self.validated).sample(COMPARED_QUERIES)
        search = recommender.search
        recall = search.recall(recommender.query_tower(rows), rows)
        self.metrics.content["final_metrics"][f"scann_recall_at_{search.k}"] = recall
        self.metrics.write()
        say("note", f"scann finds {recall:.1%} of the exact top {search.k}")

    def fit_final_layer(self, model):
        """Fit the model's final layer; the models of later trainings have its weights."""
        if self.has_failed:
            return
        evaluation, unknown = self._compared(self.validated)
        measure = self.params["monitored"]
        found, shown = {"measure": measure}, measure.replace("_at_", "@")
        if len(evaluation.pairs):
            found = FinalFit(evaluation, model).best(measure)
            self.weights, self.fitted_pairs = found["weights"], len(evaluation.pairs)
            self.fitted = found
            self._say_views(found["validation"], evaluation, shown)
        if len(unknown.pairs):
            self.unknown = fit_unknown(unknown, model, measure)
            found["unknown_buyers"] = self.unknown
            self.are_for_all = not (self.weights or unknown.have_lists)
            if not unknown.are_known and len(unknown.pairs) > len(evaluation.pairs):
                words = f"validation {shown} of unknown buyers"
                value = self.unknown["validation"]["model"]
                counts = f"{len(unknown.pairs):,} pairs"
                counts += f", {len(evaluation.pairs):,} of known ones"
                say("final layer", f"{words} {value:.4f} ({counts})")
        if self.weights or self.unknown:
            self.metrics.content["final_layer"] = found
            self.metrics.write()

    def fit_final_layer_again(self, model):
        """Fit the final layer on the test, for the model that is saved.

        The test has measured the model by then, and its rows are the newest: what is sold
        in the season, and how much a trend counts, is theirs. Where it has fewer pairs than
        the validation, and less than NEWEST_PAIRS, the weights stay as they are.
        """
        evaluation, unknown = self._compared(self.test)
        measure, found = self.params["monitored"], {}
        enough = min(self.fitted_pairs, NEWEST_PAIRS)
        if self.weights and len(evaluation.pairs) >= enough:
            found = FinalFit(evaluation, model).best(measure, self.fitted)
            self.weights = found["weights"]
            before, after = (
                found["validation"][of]["all"] for of in ("fitted", "model")
            )
            words = f"of the saved model, fitted on the test: {measure.replace('_at_', '@')}"
            say("final layer", f"{words} of all pairs {before:.4f} -> {after:.4f}")
        if self.unknown and len(unknown.pairs) >= min(
            self.unknown["pairs"], NEWEST_PAIRS
        ):
            self.unknown = found["unknown_buyers"] = fit_unknown(
                unknown, model, measure
            )
        if found:
            self.metrics.content["saved_final_layer"] = {"measure": measure} | found
            self.metrics.write()

    def _compared(self, rows):
        """Return the Evaluation of known buyers, and UnknownBuyers, on which a layer is fitted."""
        products = len(self.catalogue.indices)
        most = max(1, VALIDATION_SCORES // products)
        most = min(most, max(LAYER_PAIRS, LAYER_SCORES // products))
        compared = self.counting, rows, self.params["half_lives"], self.settings.seed
        return Evaluation(*compared, most), UnknownBuyers(*compared)

    def _say_views(self, values, evaluation, shown):
        """Print the validation before and after, and what has been traded."""
        baselines = self.params["half_lives"]
        for view, value in values["model"].items():
            words = f"validation {shown} of {VIEWS[view]}"
            say("final layer", f"{words} {values['towers'][view]:.4f} -> {value:.4f}")
            best = max(baselines, key=lambda name: values[name][view])
            lead, count = values[best][view] - value, evaluation.size(view)
            if lead > 0:
                recent = "recent " if best.endswith("_recent") else ""
                name = recent + best.removesuffix("_recent").replace("_", " ")
                words += f": {name} reaches {values[best][view]:.4f}"
                # Two standard errors, as if both had other pairs (Agresti and Caffo, 2000).
                shares = ((n * count + 1) / (count + 2) for n in (value, value + lead))
                variance = sum(share * (1 - share) for share in shares)
                if lead > 2 * math.sqrt(variance / (count + 2)):
                    say("warning", words)
                else:
                    say("note", f"{words}, which may be chance with {count} pairs")
            elif values["towers"][view] > value:
                reached = f"the towers alone reach {values['towers'][view]:.4f}"
                say("note", f"{words}: {reached}, but lack more of counting elsewhere")
