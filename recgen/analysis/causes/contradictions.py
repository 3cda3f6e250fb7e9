"""Causes that contradict each other: of two, the likelier one stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from recgen.analysis.causes.remedies import NOTHING_LEFT
from recgen.analysis.diagnosis import Cause
from recgen.analysis.facts import Facts

_DEAD = ("RD101", "RD102")
_BLOWN_UP = ("RD203", "RD204", "RD206")
_EXPLAINED = "The first cause explains it."
_NO_BETTER = ("RD103", "RD104", "RD304", "RD305")


def _pairs(ones: Iterable[str], others: Iterable[str]) -> set[frozenset[str]]:
    listed = tuple(others)
    return {frozenset((one, other)) for one in ones for other in listed if one != other}


CONTRADICTIONS: frozenset[frozenset[str]] = frozenset(
    # Steps are too long, or too short.
    _pairs(("RD201", *_DEAD, *_BLOWN_UP), ("RD202",))
    | _pairs(("RD201", "RD206", *_BLOWN_UP), ("RD214",))
    # It died, has not begun to learn, or learned popularity.
    | _pairs(("RD101",), ("RD102",))
    | _pairs(_DEAD, ("RD103",))
    | _pairs(("RD103",), ("RD104",))
    # Training went on for too long, or ended too soon; what is dead does neither.
    | _pairs(("RD301",), ("RD302", "RD303", "RD103", *_DEAD))
    | _pairs(("RD302",), (*_DEAD, *_BLOWN_UP))
    # Figures are too good, or not good enough; a leak explains them, or repurchases do.
    | _pairs(("RD402",), (*_NO_BETTER, *_DEAD, "RD413"))
    | _pairs(("RD413",), ("RD103", "RD104"))
    # Rows that are there twice, or that nobody chose, look like what is bought again.
    | _pairs(("RD409", "RD416"), ("RD413",))
    # Validation is not from later days, or later days are different.
    | _pairs(("RD401",), ("RD412",))
    # Products are unknown because they are new, or because the vocabulary is cut.
    | _pairs(("RD405",), ("RD411",))
    # Candidates are transactions, or the ID is one of lines.
    | _pairs(("RD403",), ("RD407",))
    # A test has many rows of a pair because one buyer has them, or because all are repeated.
    | _pairs(("RD408",), ("RD409",))
)
"""Pairs of codes of which a diagnosis has one at most."""


def resolved(ranked: Sequence[Cause], facts: Facts) -> tuple[Cause, ...]:
    """Return the causes without those that contradict a likelier one.

    Causes whose patches change a number in opposite directions contradict each other, too. Where
    the first one explains the outcome, no later one says that the settings are as they should be,
    and none that only describes the outcome has advice of its own.

    Args:
        ranked: The causes, the likeliest first.
        facts: The run, with the numbers in its config.
    """
    kept: list[Cause] = []
    for cause in ranked:
        if not any(contradict(cause, other, facts) for other in kept):
            says_nothing = cause.help == NOTHING_LEFT or (
                cause.code in _NO_BETTER and not cause.patch
            )
            is_explained = says_nothing and kept and kept[0].explains
            kept.append(replace(cause, help=_EXPLAINED) if is_explained else cause)
    return tuple(kept)


def contradict(one: Cause, other: Cause, facts: Facts) -> bool:
    """Return whether two causes, or their patches, cannot both be right."""
    if frozenset((one.code, other.code)) in CONTRADICTIONS:
        return True
    shared = (one.patch or {}).keys() & (other.patch or {}).keys()
    changes = [(_change(one, path, facts), _change(other, path, facts)) for path in shared]
    return any(first * second < 0 for first, second in changes)


def _change(cause: Cause, path: str, facts: Facts) -> float:
    """Return how a patch changes a number of the model; 0 if it is none."""
    section, _, name = path.partition(".")
    now = getattr(facts.model, name, None) if section == "model" else None
    then = (cause.patch or {}).get(path)
    is_number = isinstance(now, (int, float)) and isinstance(then, (int, float))
    return float(then) - float(now) if is_number and now is not None else 0.0  # type: ignore[arg-type]
