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
    steps,
)
from recgen.analysis.causes.base import Kind, Sign

_LEARNING = (collapse, steps, restraints, fit)
_DATA = (leaks, inputs, grain, rows, purchases, confirming, ids, foreign, ratings)
_FAMILIES = (*_LEARNING, *_DATA, files, figures)

KINDS: dict[str, Kind] = {kind.code: kind for family in _FAMILIES for kind in family.KINDS}

__all__ = ["KINDS", "Kind", "Sign"]
