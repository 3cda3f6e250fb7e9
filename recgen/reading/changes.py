"""Changes of plain data and what is said about them. The data that is given is never altered.

What rewrites data is a function that returns the data in its new form and the changes that lead
there, in this order. Locations count from the data that it was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from recgen.findings import Fix, Location, Severity
from recgen.reading.plain import SCALARS, Plain

UPGRADE = "Nothing has to be done; `recgen upgrade` rewrites a file."


@dataclass(frozen=True, slots=True)
class Change:
    """A change that becomes a finding, with its steps as the fix.

    Attributes:
        place: What the finding is about, in the data before this change.
        steps: What to do; safe for an info, and not offered for an error.
        today: Where the value at `place` is afterwards, if it was moved.
    """

    code: str
    place: Location
    message: str
    help: str
    steps: tuple[Fix, ...]
    severity: Severity = "info"
    today: Location | None = None

    def within(self, around: Location) -> Change:
        """Return the change as one of the data around, in which this data is at `around`."""
        steps = tuple(replace(step, location=(*around, *step.location)) for step in self.steps)
        today = None if self.today is None else (*around, *self.today)
        return replace(self, place=(*around, *self.place), steps=steps, today=today)


Rewritten = tuple[Plain, list[Change]]


def rewrite(
    data: Plain, places: Iterable[Location], change: Callable[[Plain, Location], Change | None]
) -> Rewritten:
    """Return the data with the change at each place, one after the other."""
    changes: list[Change] = []
    for place in places:
        if found := change(data, place):
            changes.append(found)
            for step in found.steps:
                data = _taken(data, step)
    return data, changes


def rewrite_items(
    data: Plain,
    place: Location,
    plain: Callable[[object], object],
    function: Callable[[Plain], Rewritten],
) -> Rewritten:
    """Return the data with the items of the list at a place rewritten, each as plain data first.

    An item stays as it is where a fix would hold what JSON has not: a date, a list in itself.
    """
    given, changes = at(data, place), []
    items = list(given) if isinstance(given, (list, tuple)) else []
    for index, item in enumerate(map(plain, items)):
        now, found = function(item) if isinstance(item, dict) else ({}, [])
        if found and _is_json(found):
            items[index] = now
            changes += [change.within((*place, index)) for change in found]
    return _taken(data, Fix(place, "set", items)) if changes else data, changes


def _is_json(changes: list[Change]) -> bool:
    try:
        json.dumps([step.value for change in changes for step in change.steps])
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def at(data: object, place: Location, default: object = None) -> object:
    """Return the value at a place, or the default where there is none."""
    for key in place:
        if not isinstance(data, dict) or key not in data:
            return default
        data = data[key]
    return data


def setting(data: Plain, place: Location, value: object) -> Fix | None:
    """Return the step that sets a value, with the mappings around it that are missing.

    None where something other than a mapping is in its way.
    """
    count = len(place)
    length = next((n for n in range(1, count) if at(data, place[:n]) is None), count)
    for key in reversed(place[length:]):
        value = {key: value}
    is_free = isinstance(at(data, place[: length - 1]), dict)
    return Fix(place[:length], "set", value) if is_free else None


def moving(
    data: Plain, old: Location, new: Location, value: object, removal: Fix
) -> tuple[Fix, ...]:
    """Return the steps that move a value; none where something is in its way."""
    around = at(data, old[:-1])
    if old[:-1] == new[:-1] and isinstance(around, dict) and new[-1] not in around:
        rename = Fix(old, "rename", new[-1])
        return (rename,) if same(around[old[-1]], value) else (rename, Fix(new, "set", value))
    step = setting(data, new, value)
    return (step, removal) if step else ()


def same(one: object, other: object) -> bool:
    """Return whether two values are the same scalar, or mappings of the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and isinstance(one, SCALARS) and one == other


def _taken(data: Any, step: Fix) -> Any:
    """Return the data after a step; what the step does not touch is shared."""
    key, *rest = step.location
    copy = data.copy()
    if rest:
        copy[key] = _taken(data[key], replace(step, location=tuple(rest)))
    elif step.op == "set":
        copy[key] = step.value
    elif step.op == "rename":
        copy[step.value] = copy.pop(key)
    else:
        del copy[key]
    return copy
