"""Tables of the final layer: what its weights do, and the validation before and after."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.facts import Facts
from recgen.analysis.final_layer import VIEWS, effects, served_layer, term_in_words
from recgen.analysis.report.evaluation import Table, shown_measure
from recgen.metrics import FinalLayerFit

_MOST = 40  # weights; a trainer writes up to 16
_EFFECTS_NOTE = "Compared with a product of the same score without this."
_SAVED_WEIGHTS = "Weights of the saved model, fitted again on the test"
_WEIGHTS_NOTE = "A product's score is the sum of these terms times their weights."
_VALIDATION_NOTE = "The weights are fitted on these pairs; the test is what counts."


def final_layer_tables(facts: Facts) -> Iterator[Table]:
    """Yield the tables of the fit; none if no final layer was fitted."""
    fit, served = facts.metrics.final_layer, served_layer(facts.metrics)
    if fit is None or served is None:
        return
    if told := tuple(effects(served)):
        yield Table("What it does", ("", "effect"), told, _EFFECTS_NOTE)
    if views := tuple(_views(facts, fit)):
        words = facts.params.baselines
        heads = ("", "towers alone", "with the final layer", *words.values())
        title = f"Validation, {shown_measure(fit.measure or '')}".rstrip(", ")
        yield Table(title, heads, views, _VALIDATION_NOTE)
    layers = {"Weights": fit} | ({} if served is fit else {_SAVED_WEIGHTS: served})
    for title, layer in layers.items():
        weights = list(layer.weights.items())[:_MOST]
        rows = tuple((term_in_words(term), f"{weight:+.3g}") for term, weight in weights)
        if rows:
            yield Table(title, ("", "weight"), rows, _WEIGHTS_NOTE)


def _views(facts: Facts, fit: FinalLayerFit) -> Iterator[tuple[str, ...]]:
    for view, words in VIEWS.items():
        whos = ("towers", "model", *facts.params.baselines)
        values = [fit.validation.get(who, {}).get(view) for who in whos]
        if any(value is not None for value in values):
            yield (words, *("-" if value is None else f"{value:.4f}" for value in values))
