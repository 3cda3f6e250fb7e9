"""Steps from one config to another: each single difference, to be tried alone.

Configs are plain data here in which features and crosses have their names as keys, so that a step
has the same place whichever others were done.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from recgen.config import SIDES, ExperimentConfig
from recgen.findings import Location, show

Plain = dict[str, Any]
_Kind = Literal["change", "addition", "removal", "order", "rename"]
_LISTS = tuple(f"{side}_model_{kind}" for side in SIDES for kind in ("features", "crosses"))
_WHOLE = ("stats",)  # mappings that are compared as one value
_UNNAMED = (
    "column",
    "display_name",
    "description",
    "stats",
)  # what two features of other names may differ in


class Missing:
    """Type of `MISSING`, the value of what a config does not have."""

    def __repr__(self) -> str:
        return "-"


MISSING: Final = Missing()


@dataclass(frozen=True)
class Named:
    """The output name of a column, and how a config spells it."""

    name: str
    column: str
    display_name: str | None


@dataclass(frozen=True)
class Step:
    """A single difference.

    Attributes:
        kind: What it is.
        path: Its place in keyed data.
        old: The value before, `MISSING` if there was none; for a rename, a `Named`.
        new: The value after, likewise.
    """

    kind: _Kind
    path: Location
    old: Any
    new: Any

    @property
    def words(self) -> str:
        """The difference in a few words."""
        if self.kind == "order":
            return "they are in another order"
        if self.kind == "addition":
            return f"{_noun(self.path)} is new"
        if self.kind == "removal":
            return f"{_noun(self.path)} is gone"
        if self.kind == "rename":
            return f"the column {self.old.name!r} is now named {self.new.name!r}"
        if _is_feature(self.old) and _is_feature(self.new):
            kinds = [each.get("data_type", "another kind") for each in (self.new, self.old)]
            return f"{_noun(self.path)} is {kinds[0]}, not {kinds[1]}"
        if self.old is None and isinstance(self.new, dict):
            return f"{_noun(self.path)} is new"
        if self.new is None and isinstance(self.old, dict):
            return f"{_noun(self.path)} is gone"
        if _shown(self.old) == _shown(self.new):
            return f"{_noun(self.path)} is not the same"
        return f"{_shown(self.old)} is now {_shown(self.new)}"

    def done(self, data: Plain) -> Plain:
        """Return keyed data with this step done."""
        if self.kind == "rename":
            return renamed(data, self.old, self.new)
        return _with(data, self.path, self.new)

    def undone(self, data: Plain) -> Plain:
        """Return keyed data with this step taken back."""
        if self.kind == "rename":
            return renamed(data, self.new, self.old)
        return _with(data, self.path, self.old)


def _noun(path: Location) -> str:
    if len(path) > 1 and path[1] in _LISTS:
        kind = "cross" if str(path[1]).endswith("crosses") else "feature"
        return f"the {kind} {path[-1]!r}" if len(path) == 4 else repr(path[-1])
    return repr(path[-1])


def _shown(value: object) -> str:
    if value is MISSING or value is None:
        return "nothing" if value is MISSING else "null"
    if isinstance(value, dict) and "column" in value:
        return show(name_of(value))
    if isinstance(value, list) and value and all(_is_feature(each) for each in value):
        return ", ".join(map(_shown, value))
    if isinstance(value, list) and value and all(_is_layer(each) for each in value):
        return ", ".join(f"{each['type']} {each.get('units', '')}".rstrip() for each in value)
    return str(value).lower() if isinstance(value, bool) else show(value)


def _is_feature(value: object) -> bool:
    """Return whether a value is a feature, or a member of a cross."""
    return isinstance(value, dict) and "column" in value


def _is_layer(value: object) -> bool:
    return isinstance(value, dict) and "type" in value


def _with(data: Plain, path: Location, value: Any) -> Plain:
    result = copy.deepcopy(data)
    inner: dict[Any, Any] = result
    for part in path[:-1]:
        inner = inner.setdefault(part, {})
        if inner is None:  # the step around it is not done
            return result
    if value is MISSING:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = copy.deepcopy(value)
    return result


def keyed(config: ExperimentConfig) -> Plain:
    """Return a config keyed: each list is `{"order": names, "items": {name: plain}}`."""
    plain = config.model_dump(mode="json")
    for name in _LISTS:
        items = _by_name(plain["features"][name])
        plain["features"][name] = {"order": list(items), "items": items}
    return plain


def aligned(old: Plain, new: Plain) -> tuple[Plain, Plain]:
    """Return both with the names of both in their orders, unless the common ones moved."""
    pair = copy.deepcopy(old), copy.deepcopy(new)
    for name in _LISTS:
        lists = [each["features"][name] for each in pair]
        orders = _orders(*(list(each["items"]) for each in lists))
        for listed, order in zip(lists, orders, strict=True):
            listed["order"] = order
    return pair


def plain_of(data: Plain) -> Plain:
    """Return keyed data as a config's plain data."""
    result = copy.deepcopy(data)
    for name in _LISTS:
        listed = result["features"][name]
        result["features"][name] = [
            listed["items"][key] for key in listed["order"] if key in listed["items"]
        ]
    return result


def _by_name(items: Iterable[Plain]) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    for item in items:
        name = name_of(item)
        while name in found:  # two of one name are an error that may be allowed
            name += "'"
        found[name] = item
    return found


def name_of(item: Mapping[str, Any]) -> str:
    """Return the output name of a feature, of a member of a cross, or of a cross."""
    if "features" in item:
        return "_x_".join(map(name_of, item["features"])) + "_cross"
    return str(item.get("display_name") or item["column"])


def _orders(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]]:
    common = [[name for name in one if name in other] for one, other in ((old, new), (new, old))]
    merged = _merged(new, old)
    return (merged if common[0] == common[1] else _merged(old, new)), merged


def _merged(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return all names, each of the others after the one before it."""
    merged, position = list(names), 0
    for name in others:
        if name not in merged:
            merged.insert(position, name)
        position = merged.index(name) + 1
    return merged


def renames(old: Plain, new: Plain) -> list[Step]:
    """Return the features that have another name and are otherwise the same, in one tower.

    Of several that could be each other, those at the same place are. A column that is in both
    towers has another name in both.
    """
    found: dict[str, Step] = {}
    pairs = {
        name: [plain["features"][name]["items"] for plain in (old, new)] for name in _LISTS[::2]
    }
    for name, lists in pairs.items():
        for one, other in _matches(*lists):
            if any(one in own and (one in its or other not in its) for own, its in pairs.values()):
                continue
            spelled = [_named(items[key]) for items, key in zip(lists, (one, other), strict=True)]
            step = Step("rename", ("features", name, "items", other), *spelled)
            found.setdefault(one, step)
    return list(found.values())


def names_in(data: Plain) -> set[str]:
    """Return the names of the features in keyed data."""
    return {name for each in _LISTS[::2] for name in data["features"][each]["items"]}


def _matches(old: Mapping[str, Plain], new: Mapping[str, Plain]) -> Iterator[tuple[str, str]]:
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    places = [list(old), list(new)]
    for name in gone:
        alike = [each for each in come if _same(old[name], new[each])]
        rivals = [each for each in gone if _same(old[each], old[name])]
        place = places[0].index(name)
        if len(alike) == len(rivals) == 1:
            yield name, alike[0]
        elif place < len(places[1]) and places[1][place] in alike:
            yield name, places[1][place]


def _same(one: Plain, other: Plain) -> bool:
    return all(one.get(key) == other.get(key) for key in {*one, *other} - {*_UNNAMED})


def _named(item: Mapping[str, Any]) -> Named:
    return Named(name_of(item), item["column"], item.get("display_name"))


def renamed(data: Plain, old: Named, new: Named) -> Plain:
    """Return keyed data in which a column has another name, wherever it is mentioned."""
    result, names = copy.deepcopy(data), {old.name: new.name}
    features = result["features"]
    for side in SIDES:
        _rename_items(features[f"{side}_model_features"], old, new)
        key = f"{side}_id_column"
        features[key] = names.get(features[key], features[key])
        crosses = features[f"{side}_model_crosses"]
        for cross in crosses["items"].values():
            for member in cross["features"]:
                _rename(member, old, new)
        _rekey(crosses)
    section = result["data"]
    section["column_types"] = {names.get(k, k): v for k, v in section["column_types"].items()}
    if section.get("split"):
        date = section["split"].get("date_column")
        section["split"]["date_column"] = names.get(date, date)
    return result


def _rename_items(listed: Plain, old: Named, new: Named) -> None:
    for item in listed["items"].values():
        _rename(item, old, new)
        history = (item.get("transforms") or {}).get("history")
        if history and history["shared_with"] == old.name:
            history["shared_with"] = new.name
    _rekey(listed)


def _rekey(listed: Plain) -> None:
    keys = {key: name_of(item) for key, item in listed["items"].items()}
    listed["items"] = {keys[key]: item for key, item in listed["items"].items()}
    listed["order"] = [keys.get(key, key) for key in listed["order"]]


def _rename(item: Plain, old: Named, new: Named) -> None:
    if name_of(item) == old.name:
        item |= {"column": new.column, "display_name": new.display_name}


def steps(old: Plain, new: Plain) -> list[Step]:
    """Return the steps from one config to another, both keyed, without renames."""
    return list(_steps(old, new, ()))


def _steps(old: Any, new: Any, path: Location) -> Iterator[Step]:
    if _is_mapping(old) and _is_mapping(new) and not _is_another_kind(old, new):
        for key in dict.fromkeys((*old, *new)):
            one, other = old.get(key, MISSING), new.get(key, MISSING)
            if one == other:
                continue
            if key == "order" and path[-1:] != ("items",) and path[1:2] and path[1] in _LISTS:
                yield Step("order", (*path, key), one, other)
            elif key in _WHOLE:
                yield Step("change", (*path, key), one, other)
            else:
                yield from _steps(one, other, (*path, key))
    elif old is MISSING or new is MISSING:
        yield Step("addition" if old is MISSING else "removal", path, old, new)
    else:
        yield Step("change", path, old, new)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _is_another_kind(old: Plain, new: Plain) -> bool:
    """Return whether two features are of other kinds: then their keys are others, too."""
    return "column" in old and old.get("data_type") != new.get("data_type")


def location_in(data: Plain, path: Location) -> Location:
    """Return the place of a keyed path in the config itself, or that of what is around it."""
    if path[:1] != ("features",) or len(path) < 3 or path[1] not in _LISTS:
        return path
    listed = data["features"][path[1]]
    if len(path) < 4 or path[3] not in listed["items"]:
        return path[:2]
    names = [name for name in listed["order"] if name in listed["items"]]
    return (*path[:2], names.index(path[3]), *path[4:])
