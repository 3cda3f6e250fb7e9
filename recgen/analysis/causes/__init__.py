"""Registry of all kinds of causes by code, for `recgen diagnose` and `recgen explain`."""

from recgen.analysis.causes import (
    collapse,
    confirming,
    figures,
    files,
    fit,
    foreign,
    grain,
    ids,
    inputs,
    leaks,
    purchases,
    ratings,
    restraints,
    rows,
    scores,
    steps,
    untrained,
)
from recgen.analysis.causes.base import Kind, Sign

_FAMILIES = (
    *(collapse, untrained, steps, scores, restraints, fit),
    *(leaks, inputs, grain, rows, purchases, confirming, ids, foreign, ratings),
    *(files, figures),
)
_ALL = (kind for family in _FAMILIES for kind in family.KINDS)
KINDS: dict[str, Kind] = {kind.code: kind for kind in sorted(_ALL, key=lambda kind: kind.code)}

__all__ = ["KINDS", "Kind", "Sign"]
