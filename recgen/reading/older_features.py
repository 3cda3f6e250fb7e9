"""A feature of an older dialect, rewritten as today's. `dialects.py` has the table."""

from __future__ import annotations

from typing import Any

from recgen.config import (
    CYCLES,
    Cyclical,
    HistoryFeature,
    NumericFeature,
    TemporalFeature,
    TextFeature,
)
from recgen.config.features import BaseFeature
from recgen.findings import Fix, Location, Severity, join_path, show
from recgen.reading.rewriting import SCALARS, Part, parts_of, plain, value_of

KINDS = {"string_embedding": "text", "numeric": "numeric", "timestamp": "temporal"}
_MODELS: dict[str, type[BaseFeature]] = {
    "text": TextFeature,
    "numeric": NumericFeature,
    "temporal": TemporalFeature,
    "history": HistoryFeature,
}
_OLDER = ("type", "embedding_dim", "vocab_settings", "cyclical")
_NAMES: dict[type, tuple[str, ...]] = {Cyclical: ("annual",)}
_NAMES |= dict.fromkeys(_MODELS.values(), _OLDER)
_PARTS = {
    "vocab_settings": ("max_size", "oov_buckets", "min_frequency"),
    "cyclical": ("annual", *CYCLES),
}
_WITH_WIDTH = {
    "text": "embedding",
    "numeric": "bucketize",
    "temporal": "bucketize",
    "history": "history",
}
UPGRADE = "Nothing has to be done; `recgen upgrade` rewrites a file."


def is_old_feature(feature: object) -> bool:
    """Says whether a feature has anything of an older form."""
    if feature is None or isinstance(feature, (*SCALARS, list, tuple)):
        return False
    keys = [key for key in _OLDER if _has(feature, key)]
    return bool(keys) or _has(value_of(value_of(feature, "transforms"), "cyclical"), "annual")


def _has(source: object, key: str) -> bool:
    """Says whether a mapping has a key, or an object an attribute that is in use."""
    if isinstance(source, dict):
        return key in source
    if key == "type" and value_of(source, "data_type") is not None:
        return False  # objects have more than a config needs; this one is not about the feature
    return value_of(source, key) is not None


def plain_feature(feature: object) -> dict[str, Any]:
    """Returns a feature as dicts of its own, with all that is known in either form."""
    given: dict[str, Any] = plain(feature, _MODELS[_kind_of(feature) or "text"], _NAMES)
    found = {key: given[key] for key in given if key not in _OLDER or _has(feature, key)}
    for key, names in _PARTS.items():
        if not isinstance(found.get(key), (*SCALARS, list, tuple)):
            found[key] = parts_of(found[key], names)
    return found


def rewrite_feature(part: Part) -> None:
    """Brings a feature into today's form, in the order of its text."""
    kind = _kind_of(part.data)
    for key in tuple(part.data):
        if key in _OLDER and part.data[key] is None:
            _leave_out(part, (key,), "null says nothing")
        elif key == "type":
            _data_type(part, part.data["type"])
        elif key == "embedding_dim" and kind:
            owner = ("transforms", _WITH_WIDTH[kind])
            known = kind == "text" or part.at(owner) is not None
            place = (*owner, "embedding_dim") if known else None
            _move(part, "RG021", ("embedding_dim",), place, f"there is no `{owner[1]}`")
        elif key == "vocab_settings" and kind:
            _vocabulary(part, kind)
        elif key == "cyclical" and kind:
            new = ("transforms", "cyclical") if kind == "temporal" else None
            _move(part, "RG021", (key,), new, "only a temporal feature has cycles")
    cycles = part.at(("transforms", "cyclical"))
    if kind == "temporal" and isinstance(cycles, dict) and "annual" in cycles:
        _annual(part, ("transforms", "cyclical", "annual"))


def _kind_of(feature: object) -> str | None:
    """Returns what the feature's data type is today, if it is known."""
    word = value_of(feature, "data_type") or value_of(feature, "type")
    kind = KINDS.get(word, word) if isinstance(word, str) else None
    return kind if kind in _MODELS else None


def _data_type(part: Part, word: object) -> None:
    given = part.data.get("data_type")
    if given is not None and word not in (*KINDS, *_MODELS):
        return  # a key that is unknown beside the one of today
    kind = KINDS.get(word, word) if isinstance(word, str) else word
    _move(part, "RG020", ("type",), ("data_type",), value=kind)


def _annual(part: Part, old: Location) -> None:
    if part.at(old) is None:
        _leave_out(part, old, "null says nothing")
    else:
        _move(part, "RG022", old, (*old[:-1], "yearly"))


def _vocabulary(part: Part, kind: str) -> None:
    whole = ("vocab_settings",)
    settings = part.data["vocab_settings"]
    if kind != "text":
        _leave_out(part, whole, "only a text feature has a vocabulary", severity="warning")
    elif settings == {}:
        _leave_out(part, whole, "it holds nothing")
    elif isinstance(settings, dict) and part.setting(("transforms", "embedding", ""), None):
        *_, last = settings
        for key in tuple(settings):
            old: Location = (*whole, key)
            gone = whole if key == last else old
            new = "vocab_size" if key == "max_size" else key
            if settings[key] is None:
                _leave_out(part, old, "null says nothing", gone)
            elif key == "min_frequency" and settings[key] == 0:
                _leave_out(part, old, "0 is no limit, as without it", gone)
            else:
                _move(part, "RG021", old, ("transforms", "embedding", new), gone=gone)


def _move(
    part: Part,
    code: str,
    old: Location,
    new: Location | None,
    why: str = "",
    *,
    value: object = None,
    gone: Location | None = None,
) -> None:
    """Moves a setting to its place of today.

    Args:
        part: Where.
        code: That of the finding.
        old: Its older place.
        new: Its place of today; None where it has none.
        why: The reason why it has none.
        value: What it is today, if that is not what it was.
        gone: What is removed, if it is more than the setting.
    """
    if new is None:
        _leave_out(part, old, why, severity="warning")
        return
    given, now = part.at(old), part.at(new)
    value = given if value is None else value
    removal = Fix(gone or old, "remove")
    told, today = entry(part.origin(old), given), entry(new, value)
    if now is None:
        steps = _steps(part, old, new, value, removal)
        if steps:
            part.tell(code, old, f"{told} is an older form of {today}", UPGRADE, steps)
            part.moved(old, new)
    elif _same(now, value):
        part.tell(code, old, f"{told} says again what {today} says", UPGRADE, [removal])
    else:
        message = f"{told} contradicts {entry(new, now)}"
        part.tell("RG025", old, message, "Keep the one that is meant.", [removal], "error")


def _steps(part: Part, old: Location, new: Location, value: object, removal: Fix) -> list[Fix]:
    """Returns what moves a setting; nothing where something is in its way."""
    around = part.at(old[:-1]) if len(old) > 1 else part.data
    if old[:-1] == new[:-1] and isinstance(around, dict) and new[-1] not in around:
        rename = Fix(old, "rename", new[-1])
        return [rename] if _same(around[old[-1]], value) else [rename, Fix(new, "set", value)]
    setting = part.setting(new, value)
    return [setting, removal] if setting else []


def _leave_out(
    part: Part,
    old: Location,
    why: str,
    gone: Location | None = None,
    severity: Severity = "info",
) -> None:
    message = f"{entry(part.origin(old), part.at(old))} is left out: {why}"
    help = "Remove it." if severity == "info" else "Remove it, or say what it is meant for."
    part.tell("RG024", old, message, help, [Fix(gone or old, "remove")], severity)


def entry(place: Location, value: object) -> str:
    """Returns a setting for a message; of a mapping, only where it is."""
    path = join_path(place)
    return f"`{path}`" if isinstance(value, dict) else f"`{path}: {shown(value)}`"


def shown(value: object) -> str:
    """Returns a value for a message, plain words as they stand in YAML."""
    return value if isinstance(value, str) and value.isidentifier() else show(value)


def _same(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return _equal(one, other)


def _equal(one: object, other: object) -> bool:
    return type(one) is type(other) and isinstance(one, SCALARS) and one == other
