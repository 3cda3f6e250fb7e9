"""What a change of config breaks: clients, weights, transformed examples, comparisons.

Each single difference is tried on the old config, and what it changes in the plans decides what
it breaks; so a new option needs no entry here.
"""

from __future__ import annotations

from recgen.changes.codes import CODES
from recgen.changes.comparing import differences
from recgen.changes.result import Breaking, Difference
from recgen.changes.sources import Source, source_of
from recgen.plan.levels import LEVELS

__all__ = ["CODES", "Breaking", "Difference", "Source", "breaking", "source_of"]


def breaking(old: object, new: object, deployed: bool = False) -> Breaking:
    """Return what changes between two configs, and what each change breaks.

    Args:
        old: A path, a run directory, `git:REVISION:path`, a mapping, or an object with a
            config's attributes.
        new: The config that takes its place, likewise.
        deployed: Whether clients use a model of the old config: what breaks them is an error.

    Raises:
        ConfigError: A config has errors with which no code can be rendered.
        RecgenError: There is no such run directory or revision.
    """
    before, after = source_of(old), source_of(new)
    found = sorted(differences(before, after, deployed), key=_rank)
    return Breaking(tuple(found), before.name, after.name, after.document.text)


def _rank(found: Difference) -> tuple[int, int, int]:
    """Return the rank of a difference: by level, the harmless ones last, then by place."""
    level = LEVELS.index(found.level) if found.level else len(LEVELS)
    return level, found.new.line or 0, found.new.column or 0
