"""A cross of an older dialect, rewritten as today's. `dialects.py` has the table."""

from __future__ import annotations

from recgen.config import CrossFeature
from recgen.findings import Fix, Location, Severity, show
from recgen.reading.older_features import KINDS, UPGRADE, entry, shown
from recgen.reading.rewriting import Part, entries, parts_of, value_of


def is_old_cross(cross: object) -> bool:
    """Says whether a cross has anything of an older form."""
    return any(_is_old_member(member) for _, member in entries(value_of(cross, "features")))


def _is_old_member(member: object) -> bool:
    return isinstance(member, str) or value_of(member, "type") in ("string_embedding", "timestamp")


def rewrite_cross(part: Part, columns: dict[str, dict[str, str]]) -> None:
    """Brings a cross into today's form; `columns` is what `columns_of` returns."""
    part.data["features"] = list(part.data["features"])
    for index, member in enumerate(part.data["features"]):
        place: Location = ("features", index)
        if isinstance(member, str):
            today = columns.get(member, {"column": member})
            words = ", ".join(f"{key}: {shown(value)}" for key, value in today.items())
            message = f"{show(member)} alone is an older form of `{{{words}}}`"
            known = member in columns
            help = UPGRADE if known else "No feature has this name; add `type:` if it is not text."
            severity: Severity = "info" if known else "warning"
            part.tell("RG023", place, message, help, [Fix(place, "set", today)], severity)
        elif _is_old_member(member):
            data = part.data["features"][index] = parts_of(member, CrossFeature.model_fields)
            old, kind = data["type"], KINDS[data["type"]]
            message = f"{entry(('type',), old)} is an older form of {entry(('type',), kind)}"
            step = Fix((*place, "type"), "set", kind)
            part.tell("RG020", (*place, "type"), message, UPGRADE, [step])


def columns_of(features: list[object], experiment: object) -> dict[str, dict[str, str]]:
    """Returns how a cross takes each column, by output name, else by the column's own name."""
    members: list[dict[str, str]] = []
    for feature in features:
        names = {key: value_of(feature, key) for key in ("column", "display_name")}
        member = {key: name for key, name in names.items() if isinstance(name, str) and name}
        kind = value_of(feature, "data_type")
        if "column" in member:
            members.append({**member, "type": kind} if kind in ("numeric", "temporal") else member)
    found: dict[str, dict[str, str]] = {}
    for member in members:
        found.setdefault(member.get("display_name", member["column"]), member)
    for member in members:
        found.setdefault(member["column"], member)
    date = value_of(value_of(value_of(experiment, "data"), "split"), "date_column")
    if isinstance(date, str):
        found.setdefault(date, {"column": date, "type": "temporal"})
    return found
