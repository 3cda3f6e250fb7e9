"""A feature of an older dialect, in today's form. `dialects.py` has the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

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
from recgen.reading.changes import UPGRADE, Change, Rewritten, at, moving, rewrite, same, setting
from recgen.reading.plain import Plain, fields_of, plain, value_of

KINDS = {"string_embedding": "text", "numeric": "numeric", "timestamp": "temporal"}
_MODELS: dict[str, type[BaseFeature]] = {
    "text": TextFeature,
    "numeric": NumericFeature,
    "temporal": TemporalFeature,
    "history": HistoryFeature,
}
_OLDER = ("type", "embedding_dim", "vocab_settings", "cyclical")
_NAMES = {Cyclical: ("annual",)} | dict.fromkeys(_MODELS.values(), _OLDER)
_WITHIN = {
    "vocab_settings": ("max_size", "oov_buckets", "min_frequency"),
    "cyclical": ("annual", *CYCLES),
}
_OWNER = {
    "text": "embedding",
    "numeric": "bucketize",
    "temporal": "bucketize",
    "history": "history",
}
_ANNUAL = ("transforms", "cyclical", "annual")
_ABSENT = object()


class _Nowhere(NamedTuple):
    """Why a setting is left out; a warning where it was meant for something."""

    why: str
    severity: Severity = "warning"


def plain_feature(source: object) -> object:
    """Return a feature that is a mapping or an object as dicts of its own."""
    found = plain(source, _MODELS[_kind_of(source) or "text"], _NAMES)
    if not isinstance(found, dict):
        return found
    if not isinstance(source, Mapping) and found.get("data_type") is not None:
        found.pop("type", None)  # objects have more than a config needs: this is another `type`
    given = [key for key in _WITHIN if key in found]
    return found | {key: fields_of(found[key], (), _WITHIN[key]) for key in given}


def _kind_of(feature: object) -> str | None:
    """Return today's data type of a feature, if it is known."""
    word = value_of(feature, "data_type") or value_of(feature, "type")
    kind = KINDS.get(word, word) if isinstance(word, str) else None
    return kind if kind in _MODELS else None


def older_feature(feature: Plain) -> Rewritten:
    """Return a feature in today's form, and the changes in the order of its text."""
    kind = _kind_of(feature)
    return rewrite(feature, _older_places(feature, kind), partial(_change, feature, kind))


def _older_places(feature: Plain, kind: str | None) -> Iterator[Location]:
    for key, value in feature.items():
        if key == "vocab_settings" and kind == "text" and isinstance(value, dict) and value:
            if setting(feature, ("transforms", "embedding", ""), None):
                yield from ((key, name) for name in value)
        elif key in _OLDER:
            yield (key,)
    yield _ANNUAL  # `cyclical` is in its place of today by then


def _change(given: Plain, kind: str | None, feature: Plain, old: Location) -> Change | None:
    """Return what becomes of an older setting, in a feature that was `given` before all changes."""
    value = at(feature, old, _ABSENT)
    new = None if value is _ABSENT else _today(feature, kind, old, value)
    if new is None:
        return None
    is_last = old[:-1] == ("vocab_settings",) and len(feature["vocab_settings"]) == 1
    removal = Fix(old[:-1] if is_last else old, "remove")
    written = old if at(given, old, _ABSENT) is not _ABSENT else old[1:]  # `cyclical` was moved
    text = entry(written, value)
    if isinstance(new, _Nowhere):
        help = "Remove it." if new.severity == "info" else "Remove it, or say what it is meant for."
        message = f"{text} is left out: {new.why}"
        return Change("RG024", old, message, help, (removal,), new.severity)
    return _moved(feature, old, new, text, removal)


def _today(
    feature: Plain, kind: str | None, old: Location, value: object
) -> Location | _Nowhere | None:
    """Return where a setting is today, or why nowhere; None where it is left to reading."""
    match old:
        case _ if value is None and (kind == "temporal" or old != _ANNUAL):
            return _Nowhere("null has no effect there", "info")
        case ("type",):
            is_known = value in (*KINDS, *_MODELS)
            return ("data_type",) if is_known or feature.get("data_type") is None else None
        case ("embedding_dim",) if kind:
            owner = ("transforms", _OWNER[kind])
            is_there = kind == "text" or at(feature, owner) is not None
            return (*owner, old[0]) if is_there else _Nowhere(f"there is no `{owner[1]}`")
        case ("cyclical",) if kind:
            is_time = kind == "temporal"
            return _ANNUAL[:2] if is_time else _Nowhere("only a temporal feature has cycles")
        case ("transforms", *_) if kind == "temporal":
            return (*_ANNUAL[:2], "yearly")
        case ("vocab_settings",) if kind and kind != "text":
            return _Nowhere("only a text feature has a vocabulary")
        case ("vocab_settings",) if kind and value == {}:
            return _Nowhere("it holds nothing", "info")
        case ("vocab_settings", "min_frequency") if value == 0:
            return _Nowhere("0 is no limit, as without it", "info")
        case ("vocab_settings", key):
            return ("transforms", "embedding", "vocab_size" if key == "max_size" else key)
    return None


def _moved(feature: Plain, old: Location, new: Location, text: str, removal: Fix) -> Change | None:
    value, now = at(feature, old), at(feature, new)
    if old == ("type",) and isinstance(value, str):
        value = KINDS.get(value, value)
    code = {"type": "RG020", "annual": "RG022"}.get(str(old[-1]), "RG021")
    if now is None:
        steps = moving(feature, old, new, value, removal)
        message = f"{text} is an older form of {entry(new, value)}"
        return Change(code, old, message, UPGRADE, steps, today=new) if steps else None
    if same(now, value):
        message = f"{text} says again what {entry(new, value)} says"
        return Change(code, old, message, UPGRADE, (removal,))
    message, help = f"{text} contradicts {entry(new, now)}", "Keep the one that is meant."
    return Change("RG025", old, message, help, (removal,), "error")


def entry(place: Location, value: object) -> str:
    """Return a setting for a message; of a mapping, only where it is."""
    path = join_path(place)
    return f"`{path}`" if isinstance(value, dict) else f"`{path}: {shown(value)}`"


def shown(value: object) -> str:
    """Return a value for a message, plain words as they stand in YAML."""
    return value if isinstance(value, str) and value.isidentifier() else show(value)
