"""Measures of a run for other tools: series by tag, and figures without an epoch."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.analysis.series import any_value
from recgen.findings import printable
from recgen.metrics import TOWERS, FinalLayerFit, Series, TrainingMetrics

_MOST = 200  # characters of a tag


def series_of(metrics: TrainingMetrics) -> Iterator[tuple[str, Series]]:
    """Yield every series that has a value, with a tag such as `loss/val_loss`."""
    for path, series in metrics.series.items():
        if any_value(series):
            group, _, name = path.partition(".")
            tower, dot, rest = name.partition(".")
            of_tower = dot and tower in TOWERS
            yield tag(group, *((tower, rest) if of_tower else (name,))), series


def figures_of(metrics: TrainingMetrics) -> Iterator[tuple[str, float]]:
    """Yield figures that were measured once, with a tag such as `final/test_loss`."""
    for name, value in metrics.final_metrics.items():
        if value is not None:
            yield tag("final", name), value
    if metrics.evaluation:
        for path, interval in metrics.evaluation.figures.items():
            yield tag("evaluation", *path), interval.value
        for who, share in metrics.evaluation.coverage.items():
            yield tag("evaluation", who, "coverage_at_100"), share
    if metrics.final_layer:
        yield from _of_final_layer("final_layer", metrics.final_layer)
    if metrics.saved_final_layer:
        yield from _of_final_layer("saved_final_layer", metrics.saved_final_layer)


def _of_final_layer(layer: str, fit: FinalLayerFit) -> Iterator[tuple[str, float]]:
    for term, weight in fit.weights.items():
        yield tag(layer, "weights", term), weight
    for name, chosen in (("new_pairs_count", fit.new_pairs_count), ("part", fit.part)):
        if chosen is not None:
            yield tag(layer, name), chosen
    for who, views in fit.validation.items():
        for view, value in views.items():
            yield tag(layer, "validation", who, view), value
    unknown = fit.unknown_buyers
    if unknown is not None:
        yield tag(layer, "unknown_buyers", "towers"), unknown.towers
        if unknown.half_life is not None:
            yield tag(layer, "unknown_buyers", "half_life"), unknown.half_life


def tag(*parts: str) -> str:
    """Return a tag of printable parts: the names in a file may contain anything."""
    return "/".join(printable(part[:_MOST]).replace("/", "_") for part in parts)
