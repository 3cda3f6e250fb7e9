"""Keys and values that were renamed: read as before, with a finding whose fix renames them.

To rename another one, add it to its table.
"""

from __future__ import annotations

from collections.abc import Mapping

from recgen.config import OLDER_REFIT
from recgen.findings import Fix, Location, show
from recgen.reading.changes import UPGRADE, Change, Rewritten, rewrite, same
from recgen.reading.plain import Plain

# By section of an experiment: the older name and today's.
RENAMED: dict[str, dict[str, str]] = {
    "model": {"weight_average_decay": "ema_decay"},
}

# By place in an experiment: the values that were true and false.
SWITCHES: dict[Location, Mapping[bool, str]] = {("model", "refit"): OLDER_REFIT}


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


def renamed_values(experiment: Plain) -> Rewritten:
    """Return an experiment in which what was true or false has its value of today."""
    return rewrite(experiment, SWITCHES, _word)


def _word(experiment: Plain, place: Location) -> Change | None:
    section, key = map(str, place)
    settings = experiment.get(section)
    value = settings.get(key) if isinstance(settings, dict) else None
    if not isinstance(value, bool):
        return None
    word = SWITCHES[place][value]
    message = f"`{key}: {show(value)}` is an older form of `{key}: {word}`"
    return Change("RG027", place, message, UPGRADE, (Fix(place, "set", word),))
