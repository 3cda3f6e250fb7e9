"""What other tools are given of a run: series by tag, and figures without an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from recgen.analysis.facts import points_of
from recgen.analysis.measured import TOWERS, Metrics, Series
from recgen.findings import printable

_GROUPS = ("loss", "recall", "gradient", "health", "weight_stats", "gradient_stats")
_MOST = 200  # characters of a tag


def series_of(metrics: Metrics) -> Iterator[tuple[str, Series]]:
    """Yields every series that has a value, by a tag such as `loss/val_loss`."""
    for group in _GROUPS:
        found: Mapping[str, Series] = getattr(metrics, group)
        for name, series in found.items():
            if points_of(series):
                tower, dot, rest = name.partition(".")
                of_tower = dot and tower in TOWERS
                yield tag(group, *((tower, rest) if of_tower else (name,))), series


def figures_of(metrics: Metrics) -> Iterator[tuple[str, float]]:
    """Yields figures that were measured once, by a tag such as `final/test_recall_at_100`."""
    for name, value in metrics.final.items():
        yield tag("final", name), value
    for (who, pairs, name), interval in metrics.evaluation.items():
        yield tag("evaluation", who, pairs, name), interval.value
    for who, share in metrics.coverage.items():
        yield tag("evaluation", who, "coverage_at_100"), share


def tag(*parts: str) -> str:
    """Returns a tag; what a file calls its series may hold anything."""
    return "/".join(printable(part[:_MOST]).replace("/", "_") for part in parts)
