"""Rewrites parts of plain data step by step; each step is a fix that works on the text, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from pydantic import BaseModel

from recgen.findings import Finding, Fix, Location, Severity, join_path
from recgen.reading.document import Document
from recgen.reading.positions import Position

SCALARS = (str, bytes, bool, int, float, type(None))
_ABSENT = object()


@dataclass
class Part:
    """A feature or a cross that is being rewritten.

    `data` is a copy that may be changed; `depth` says how many parts of a path stand above what
    the user gave.
    """

    document: Document
    location: Location
    depth: int
    data: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    positions: dict[Location, Position] = field(default_factory=dict)  # of what was moved
    origins: dict[Location, Location] = field(default_factory=dict)

    def at(self, place: Location) -> object:
        """Returns the value at a place; None where there is none."""
        value: object = self.data
        for key in place:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def origin(self, place: Location) -> Location:
        """Returns where in the text stands what is at a place now."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.origins:
                return (*self.origins[place[:length]], *place[length:])
        return place

    def tell(
        self,
        code: str,
        place: Location,
        message: str,
        help: str,
        steps: Sequence[Fix],
        severity: Severity = "info",
    ) -> None:
        """Takes the steps, and reports them as one finding.

        Args:
            code: The finding's.
            place: What the finding is about, before the steps.
            message: The finding's.
            help: The finding's.
            steps: What to do, with locations within this part; no mend when it is an error.
            severity: The finding's.
        """
        start = self.location[self.depth :]
        safe = severity == "info"
        fixes = [replace(step, location=(*start, *step.location), safe=safe) for step in steps]
        fix = replace(fixes[0], then=tuple(fixes[1:])) if severity != "error" else None
        origin = self.origin(place)
        line, column, end = self.document.position((*self.location, *origin))
        path = join_path((*start, *origin))
        found = Finding(code, severity, path, message, help, line, column, fix, end_column=end)
        self.findings.append(found)
        for step in steps:
            _take(self.data, step)

    def moved(self, old: Location, new: Location) -> None:
        """Notes that what is now at `new` was at `old`."""
        self.origins[new] = self.origin(old)
        value = self.at(new)
        ends: list[Location] = [(), *((key,) for key in value)] if isinstance(value, dict) else [()]
        for end in ends:
            place = (*self.location, *self.origins[new], *end)
            self.positions[(*self.location, *new, *end)] = self.document.position(place)

    def setting(self, place: Location, value: object) -> Fix | None:
        """Returns the step that sets a value, with the mappings around it that are missing.

        None where something else than a mapping is in its way.
        """
        for length in range(1, len(place)):
            around = self.at(place[:length])
            if around is None:
                for key in reversed(place[length:]):
                    value = {key: value}
                return Fix(place[:length], "set", value)
            if not isinstance(around, dict):
                return None
        return Fix(place, "set", value)


def _take(data: dict[str, Any], step: Fix) -> None:
    *around, key = step.location
    place: Any = data
    for name in around:
        place = place[name]
    if step.op == "set":
        place[key] = _copy(step.value)
    elif step.op == "rename":
        place[step.value] = place.pop(key)
    else:
        del place[key]


def _copy(value: object, levels: int = 3) -> object:
    """Returns mappings as new ones, so that later steps do not change the value of this one."""
    if isinstance(value, dict) and levels:
        return {key: _copy(inner, levels - 1) for key, inner in value.items()}
    return value


def value_of(source: object, key: str) -> object:
    """Returns an entry of a mapping or an attribute of an object; None where there is none."""
    return source.get(key) if isinstance(source, Mapping) else getattr(source, key, None)


def entries(source: object) -> Iterator[tuple[int, object]]:
    """Yields the items of a list with their indices; nothing for what is no list."""
    yield from enumerate(list(source) if isinstance(source, (list, tuple)) else [])


def parts_of(source: object, names: Iterable[str]) -> dict[str, Any]:
    """Returns a mapping, or these attributes of an object, as a dict of its own."""
    if isinstance(source, Mapping):
        return dict(source)
    found = {name: getattr(source, name, _ABSENT) for name in names}
    return {name: value for name, value in found.items() if value is not _ABSENT}


def plain(source: object, model: type[BaseModel], older: Mapping[type, tuple[str, ...]]) -> Any:
    """Returns the data of a model, mapping or object, as dicts all the way down.

    Args:
        source: What the user gave; scalars and lists are returned as they are.
        model: Its fields are what is read from an object.
        older: Names that objects have beside the fields of these models.
    """
    if isinstance(source, (*SCALARS, list, tuple)):
        return source
    found = parts_of(source, (*model.model_fields, *older.get(model, ())))
    for name, details in model.model_fields.items():
        inner = _model_in(details.annotation)
        if inner is not None and name in found:
            found[name] = plain(found[name], inner, older)
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Returns the model of a field that holds one, or one or null."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
