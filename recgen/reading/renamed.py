"""Keys that were renamed: read as before, with a finding whose fix renames them in the file.

To rename another one, add it to the table.
"""

from __future__ import annotations

from recgen.findings import Fix, Location
from recgen.reading.changes import UPGRADE, Change, Rewritten, rewrite, same
from recgen.reading.plain import Plain

# By section of an experiment: the older name and today's.
RENAMED: dict[str, dict[str, str]] = {
    "model": {"weight_average_decay": "ema_decay"},
}


def renamed_keys(experiment: Plain) -> Rewritten:
    """Return an experiment in which the keys have their names of today."""
    places: list[Location] = [(section, old) for section in RENAMED for old in RENAMED[section]]
    return rewrite(experiment, places, _change)


def _change(experiment: Plain, place: Location) -> Change | None:
    section, old = map(str, place)
    settings, new = experiment.get(section), RENAMED[section][old]
    if not isinstance(settings, dict) or old not in settings:
        return None
    message = f"`{old}` was renamed to `{new}`"
    if new in settings:
        given = f"{message}, which is given as well"
        if settings[old] is None or same(settings[old], settings[new]):
            return Change("RG026", place, given, f"Remove `{old}`.", (Fix(place, "remove"),))
        if settings[new] is None:
            both = (Fix((section, new), "remove"), Fix(place, "rename", new))
            return Change("RG026", place, given, UPGRADE, both, today=(section, new))
        message = f"`{old}` and `{new}`, its name of today, have different values"
        return Change("RG025", place, message, f"Keep `{new}`.", (Fix(place, "remove"),), "error")
    steps = (Fix(place, "rename", new),)
    return Change("RG026", place, message, UPGRADE, steps, today=(section, new))
