"""Which code the change of a fact has, by the fact's level and kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from recgen.changes.codes import CODES, Code
from recgen.plan.levels import LEVELS, Level

# By level, the code of each kind of fact that is added, is gone or has changed; the first one
# that applies names the finding.
_KINDS: Mapping[Level, tuple[tuple[str, str, str, str], ...]] = {
    "client": (
        ("kind", "RB107", "RB107", "RB107"),
        ("target", "RB107", "RB107", "RB107"),
        ("input", "RB101", "RB102", "RB104"),
        ("values", "RB104", "RB104", "RB104"),
        ("ids", "RB105", "RB105", "RB105"),
        ("column of ids", "RB105", "RB105", "RB105"),
        ("answers", "RB106", "RB106", "RB106"),
        ("scores", "RB108", "RB108", "RB108"),
        ("search", "RB110", "RB110", "RB110"),
    ),
    "weights": (
        ("table", "RB201", "RB201", "RB202"),
        ("layer", "RB201", "RB201", "RB202"),
        ("inputs", "RB204", "RB204", "RB204"),
        ("function", "RB205", "RB205", "RB205"),
        ("meaning", "RB206", "RB206", "RB206"),
        ("rows", "RB206", "RB206", "RB206"),
        ("state", "RB207", "RB207", "RB207"),
    ),
    "transform": (
        ("output", "RB301", "RB302", "RB304"),
        ("column", "RB305", "RB305", "RB305"),
        ("rows", "RB306", "RB306", "RB306"),
        ("source", "RB306", "RB306", "RB306"),
        ("pipeline", "RB306", "RB306", "RB306"),
    ),
    "compare": (
        ("kind", "RB405", "RB405", "RB405"),
        ("target", "RB405", "RB405", "RB405"),
        ("data", "RB401", "RB401", "RB401"),
        ("pipeline", "RB401", "RB401", "RB401"),
        ("pairs", "RB403", "RB403", "RB403"),
        ("rows", "RB402", "RB402", "RB402"),
        ("source", "RB402", "RB402", "RB402"),
        ("catalogue", "RB406", "RB406", "RB406"),
        ("loss", "RB404", "RB404", "RB404"),
    ),
}
RENAMED: Mapping[Level, str] = {"client": "RB103", "weights": "RB203", "transform": "RB303"}
"""The code of a level whose facts have another name."""


def code_of(level: Level, kind: str, change: Literal["added", "gone", "changed"]) -> Code:
    """Return the code of a fact's change."""
    column = ("added", "gone", "changed").index(change)
    found = next(each for each in _KINDS[level] if each[0] == kind)
    return CODES[found[1 + column]]


def rank(level: Level, kind: str) -> int:
    """Return the place of a kind of facts among those of its level, the weightiest first."""
    return [each[0] for each in _KINDS[level]].index(kind)


assert set(_KINDS) == {*LEVELS}
