"""A cross of an older dialect, in today's form. `dialects.py` has the table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from recgen.config import SIDES, Cross, CrossFeature, Side
from recgen.findings import Fix, Location, Severity, show
from recgen.reading.changes import UPGRADE, Change, Rewritten, at, rewrite
from recgen.reading.older_features import KINDS, entry, shown
from recgen.reading.plain import Plain, fields_of, value_of

Columns = Mapping[str, dict[str, str]]


def plain_cross(source: object) -> object:
    """Return a cross that is a mapping or an object as dicts of its own."""
    found = fields_of(source, Cross.model_fields)
    members = found.get("features") if isinstance(found, dict) else None
    if not isinstance(members, (list, tuple)):
        return found
    return found | {"features": [fields_of(each, CrossFeature.model_fields) for each in members]}


def older_cross(columns: Columns, cross: Plain) -> Rewritten:
    """Return a cross in today's form; `columns` is what `columns_of` returns."""
    members = cross.get("features")
    count = len(members) if isinstance(members, list) else 0
    places: list[Location] = [("features", index) for index in range(count)]
    return rewrite(cross, places, partial(_change, columns))


def _change(columns: Columns, cross: Plain, place: Location) -> Change | None:
    """Return what becomes of one column of a cross; None where it is of today's form."""
    member = cross["features"][place[1]]
    if isinstance(member, str):
        today = columns.get(member, {"column": member})
        words = ", ".join(f"{key}: {shown(value)}" for key, value in today.items())
        message = f"{show(member)} alone is an older form of `{{{words}}}`"
        is_known = member in columns
        help = UPGRADE if is_known else "No feature has this name; add `type:` if it is not text."
        severity: Severity = "info" if is_known else "warning"
        return Change("RG023", place, message, help, (Fix(place, "set", today),), severity)
    kind = at(member, ("type",))
    if kind not in ("string_embedding", "timestamp"):
        return None
    place, today_kind = (*place, "type"), KINDS[kind]
    message = f"{entry(('type',), kind)} is an older form of {entry(('type',), today_kind)}"
    return Change("RG020", place, message, UPGRADE, (Fix(place, "set", today_kind),))


def columns_of(experiment: Plain, side: Side) -> Columns:
    """Return how a cross of a tower takes each column, by output name or the column's own name.

    Where several features have a name, those of the tower itself come first.
    """
    members: list[dict[str, str]] = []
    for tower in sorted(SIDES, key=lambda each: each != side):
        features = at(experiment, ("features", f"{tower}_model_features"))
        for feature in features if isinstance(features, (list, tuple)) else ():
            names = {key: value_of(feature, key) for key in ("column", "display_name")}
            member = {key: name for key, name in names.items() if isinstance(name, str) and name}
            if (kind := value_of(feature, "data_type")) in ("numeric", "temporal"):
                member["type"] = str(kind)
            members += [member] if "column" in member else []
    date = value_of(value_of(experiment.get("data"), "split"), "date_column")
    found = {date: {"column": date, "type": "temporal"}} if isinstance(date, str) else {}
    first = members[::-1]
    found |= {member["column"]: member for member in first}
    return found | {member.get("display_name", member["column"]): member for member in first}
