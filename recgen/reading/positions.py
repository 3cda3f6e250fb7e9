"""Where in a text each of its values stands. Knows neither YAML nor JSON."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass

from recgen.findings import Location

# Line, column and the column after the last character, from 1; nowhere without a text.
Position = tuple[int, int, int] | tuple[None, None, None]
NOWHERE: Position = (None, None, None)

LINE_END = re.compile(r"\r\n|[\n\r]")  # what ends a line in YAML 1.2, unlike `str.splitlines`


@dataclass(slots=True)
class Node:
    """A value in a text: indices of its first character and of the one after its last.

    Attributes:
        start: Where the value begins, its anchor and tag included.
        end: Where it ends; a block list or mapping ends with its last value.
        key_start: Where the key begins whose value it is; -1 in lists.
        key_end: Where that key ends.
        children: Those of a list or mapping.
        flow: Whether it is written in brackets.
        locked: Whether it cannot be edited alone: it has an anchor or is an alias, so that it
            stands in two places, or has no brackets of its own.
    """

    start: int
    end: int
    key_start: int = -1
    key_end: int = -1
    children: list[Node] | dict[str, Node] | None = None
    flow: bool = False
    locked: bool = False

    def add(self, child: Node, key: str | None) -> None:
        """Adds a child at the end; of a key that is there already, the first one stays."""
        if isinstance(self.children, list):
            self.children.append(child)
        elif self.children is not None and key is not None:
            self.children.setdefault(key, child)

    def child(self, part: str | int) -> Node | None:
        """Returns the child with a key or an index; None where there is none."""
        if isinstance(self.children, dict):
            return self.children.get(part) if isinstance(part, str) else None
        if isinstance(self.children, list) and isinstance(part, int):
            return self.children[part] if 0 <= part < len(self.children) else None
        return None

    @property
    def first(self) -> Node | None:
        """The first child, if there is any."""
        return next(iter(self.inner), None)

    @property
    def inner(self) -> list[Node]:
        """The children in their order."""
        if isinstance(self.children, dict):
            return list(self.children.values())
        return self.children or []

    def marked(self) -> tuple[int, int]:
        """Returns what a finding points to: the key, or else the value or its first entry."""
        if self.key_start >= 0:
            return self.key_start, self.key_end
        first = self.first
        if first is None or self.flow:
            return self.start, self.end
        return self.start, first.marked()[1] if first.children else first.end


def nearest(root: Node, path: Location) -> tuple[Node, int]:
    """Returns the node at a path, or the last one on the way, and how many parts lead to it."""
    node = root
    for depth, part in enumerate(path):
        child = node.child(part)
        if child is None:
            return node, depth
        node = child
    return node, len(path)


class Lines:
    """Lines of a text, to turn indices into positions."""

    def __init__(self, text: str) -> None:
        # Arrays take a fifth of a list's memory: a hostile text has millions of lines.
        self._starts, self._ends = array("l", [0]), array("l")
        for match in LINE_END.finditer(text):
            self._ends.append(match.start())
            self._starts.append(match.end())
        self._ends.append(len(text))

    def start_of(self, index: int) -> int:
        """Returns where the line begins on which an index is."""
        return self._starts[bisect_right(self._starts, index) - 1]

    def end_of(self, index: int) -> tuple[int, int]:
        """Returns where the line ends on which an index is, and where the next one begins."""
        line = bisect_right(self._starts, index)
        end = self._ends[line - 1]
        return end, self._starts[line] if line < len(self._starts) else end

    def position(self, start: int, end: int = 0) -> Position:
        """Returns the position of a span as far as it is on its first line, one wide at least."""
        line = bisect_right(self._starts, start)
        first = self._starts[line - 1]
        stop = min(end, self.end_of(start)[0])
        return line, start - first + 1, max(stop, start + 1) - first + 1
