"""Registry of all kinds of causes by code, for `recgen diagnose` and `recgen explain`."""

from recgen.analysis.causes import collapse, figures, files, fit, inputs, steps
from recgen.analysis.causes.base import Kind, Sign

KINDS: dict[str, Kind] = {
    kind.code: kind
    for family in (collapse, steps, fit, inputs, files, figures)
    for kind in family.KINDS
}

__all__ = ["KINDS", "Kind", "Sign"]
