"""Draft of a config's data: fixes applied entry by entry, for a text to follow. No syntax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recgen.findings import Fix, Location, PathPart
from recgen.reading.positions import Node


@dataclass(slots=True, eq=False)
class Item:
    """A value, original or changed by fixes.

    Attributes:
        value: Plain data; unused once there are inner items.
        key: Its key in a mapping; None in a list.
        node: Its position in the text; None if it is new or there is no text.
        inner: The items of a list or mapping that a fix opened, including removed ones.
        owner: The fix that set it.
        around: Whether it is a mapping that had to be added around a value.
        renamed: Whether a fix changed its key.
        removed: Whether a fix removed it; it stays in `inner` so that the others keep their index.
    """

    value: Any
    key: str | None = None
    node: Node | None = None
    inner: list[Item] | None = None
    owner: Fix | None = None
    around: bool = False
    renamed: bool = False
    removed: bool = False

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping that was opened."""
        return self.inner is not None and isinstance(self.value, dict)

    @property
    def live(self) -> list[Item]:
        """The inner items that are not removed."""
        return [item for item in self.inner or () if not item.removed]

    @property
    def locked(self) -> bool:
        """Whether the value appears in more than one place of the data."""
        return self.node is not None and self.node.locked

    def open(self) -> bool:
        """Open a list or mapping; return whether that is possible."""
        if self.inner is None and not self.locked:
            node = self.node if self.owner is None else None
            if isinstance(self.value, dict):
                self.inner = [
                    Item(value, key, node and node.child(key), owner=self.owner)
                    for key, value in self.value.items()
                ]
            elif isinstance(self.value, list):
                self.inner = [
                    Item(value, None, node and node.child(index), owner=self.owner)
                    for index, value in enumerate(self.value)
                ]
        return self.inner is not None

    def child(self, part: PathPart) -> Item | None:
        """Return the inner item with a key, or with an original index."""
        inner = self.inner or []
        if self.is_mapping:
            return next((item for item in inner if item.key == part and not item.removed), None)
        if isinstance(part, str) or not 0 <= part < len(inner) or inner[part].removed:
            return None
        return inner[part]

    def data(self) -> Any:
        """Return the value as plain data that shares nothing with the original."""
        if self.inner is None:
            return _copy(self.value)
        if self.is_mapping:
            return {item.key: item.data() for item in self.live}
        return [item.data() for item in self.live]


class Draft:
    """A draft that takes fixes one after the other, each completely or not at all."""

    def __init__(self, data: object, root: Node | None = None) -> None:
        self.root = Item(data, node=root)
        self._changes: list[tuple[Item, str, object]] = []

    def take(self, fix: Fix) -> bool:
        """Take all steps of a fix and return True, or change nothing if one no longer applies."""
        self._changes.clear()
        if all(self._step(step, fix) for step in fix.steps):
            return True
        for item, name, value in reversed(self._changes):
            setattr(item, name, value)
        return False

    def _step(self, step: Fix, fix: Fix) -> bool:
        if not step.location:
            return False
        if step.op == "set":
            return self._set(self.root, step.location, step.value, fix)
        parent = self.root
        for part in step.location[:-1]:
            child = parent.child(part) if parent.open() else None
            if child is None:
                return False
            parent = child
        item = parent.child(step.location[-1]) if parent.open() else None
        if item is None:
            return False
        if step.op == "rename":
            return self._rename(parent, item, step.value)
        if item.locked:
            return False
        self._change(item, "removed", True)
        return True

    def _rename(self, parent: Item, item: Item, key: object) -> bool:
        if not isinstance(key, str) or not parent.is_mapping or parent.child(key) is not None:
            return False
        self._change(item, "key", key)
        self._change(item, "renamed", True)
        return True

    def _set(self, item: Item, path: Location, value: object, fix: Fix) -> bool:
        """Set the value at a path within an item, adding mappings around it as needed."""
        if item.inner is None and item.value is None:  # `transforms:` with nothing after it
            return _are_keys(path) and self._replace(item, _nested(path, value), fix)
        if not item.open():
            return False
        part, *rest = path
        child = item.child(part)
        if child is None:
            return item.is_mapping and _are_keys(path) and self._add(item, path, value, fix)
        if rest:
            return self._set(child, tuple(rest), value, fix)
        return self._replace(child, value, fix)

    def _replace(self, item: Item, value: object, fix: Fix) -> bool:
        if same(item.data(), value):
            return True
        if item.locked or item.owner not in (None, fix):  # the first of two fixes wins
            return False
        for name, new in (("value", value), ("inner", None), ("owner", fix), ("around", False)):
            self._change(item, name, new)
        return True

    def _add(self, item: Item, path: Location, value: object, fix: Fix) -> bool:
        for part in path[:-1]:
            inner = Item({}, str(part), inner=[], owner=fix, around=True)
            self._change(item, "inner", [*(item.inner or ()), inner])
            item = inner
        new = Item(value, str(path[-1]), owner=fix)
        self._change(item, "inner", [*(item.inner or ()), new])
        return True

    def _change(self, item: Item, name: str, value: object) -> None:
        self._changes.append((item, name, getattr(item, name)))
        setattr(item, name, value)


def same(left: object, right: object) -> bool:
    """Return whether two values read the same: 1, 1.0 and true differ, NaNs do not."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _are_keys(path: Location) -> bool:
    return all(isinstance(part, str) for part in path)


def _nested(path: Location, value: object) -> object:
    for part in reversed(path):
        value = {part: value}
    return value
