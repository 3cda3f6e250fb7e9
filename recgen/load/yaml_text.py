"""YAML text to plain data with positions. Knows YAML's traps, not configs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from recgen.findings import Finding, Location, show
from recgen.load.document import MAX_DEPTH, Document, Position, problem, refuse

MAX_NODES = 20_000  # values, those repeated by aliases included ("billion laughs")

# The core schema of YAML 1.2 and nothing more: `NO`, `1_000` and dates stay the text they are.
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_MAX_DIGITS = 1000  # Python itself refuses to read integers of more than 4,300


def read_yaml(text: str, source: str) -> Document:
    """Returns the document of a YAML text; raises `UnreadableError` when it is not YAML."""
    builder = _Builder()
    for event in _events(text):
        builder.add(event)
    return Document(builder.root, source, builder.positions, tuple(builder.findings))


def _events(text: str) -> Iterator[events.Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except ReaderError as error:
        message = f"the character {show(chr(error.character))} is not allowed in YAML"
        refuse("RG002", message, _MEND, _place_of(text, error.position))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = error.problem or error.context or "it cannot be parsed"
        refuse("RG002", f"this is not YAML: {reason}", _MEND, position)
    except Exception as error:  # the parser's own slips, such as chr() of an escape too large
        refuse("RG002", f"this is not YAML: {error}", _MEND, (1, 1))


_MEND = "Mend the syntax; quote texts that hold `: `, `#` or start with a special character."


def _place_of(text: str, index: int) -> Position:
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


@dataclass
class _Open:
    """A list or mapping whose end has not come yet."""

    value: list[Any] | dict[str, Any]
    path: Location
    anchor: str | None
    nodes: int  # how many values stood before it, to know its size at its end
    key: str | None = None
    repeated: bool = False  # the value to come belongs to a key that is already there


@dataclass
class _Builder:
    """Puts the parser's events together, one by one, so that no text is nested too deeply."""

    root: Any = None
    documents: int = 0
    nodes: int = 0
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)  # value and its size
    positions: dict[Location, Position] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, event: events.Event) -> None:
        position = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, events.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                refuse("RG002", "the file holds several documents", "Remove `---`.", position)
        elif isinstance(event, (events.SequenceEndEvent, events.MappingEndEvent)):
            self._close()
        elif isinstance(event, events.NodeEvent):
            self._node(event, position)

    def _node(self, event: events.NodeEvent, position: Position) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent and isinstance(parent.value, dict) and parent.key is None:
            self._key(event, parent, position)
            return
        path = self._path(parent)
        if not (parent and isinstance(parent.value, dict)):
            self.positions.setdefault(path, position)  # a mapping's entry stands at its key
        self._count(1, position)
        self._refuse_tag(event, position, path)
        if isinstance(event, events.AliasEvent):
            self._put(self._expand(event.anchor, position, path))
        elif isinstance(event, events.ScalarEvent):
            value = _scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = (value, 1)
            self._put(value)
        else:
            self._open(event, path, position)

    def _key(self, event: events.NodeEvent, parent: _Open, position: Position) -> None:
        if not isinstance(event, events.ScalarEvent):
            refuse("RG002", "a key is not plain text", "Write `key: value`.", position, parent.path)
        key = parent.key = str(event.value)
        path = (*parent.path, key)
        self._refuse_tag(event, position, path)
        if key == "<<":
            message = "merge keys (`<<`) are not part of YAML 1.2"
            self._find("RG004", message, "Write the keys out.", position, path)
        parent.repeated = key in parent.value
        if parent.repeated:
            line = self.positions[path][0]
            message = f"the key {show(key)} is given twice, first on line {line}"
            self._find("RG003", message, "Keep one of them.", position, path)
        else:
            self.positions.setdefault(path, position)

    def _path(self, parent: _Open | None) -> Location:
        if parent is None:
            return ()
        if parent.key is not None:
            return (*parent.path, parent.key)
        return (*parent.path, len(parent.value))

    def _open(self, event: events.NodeEvent, path: Location, position: Position) -> None:
        if len(self.stack) >= MAX_DEPTH:
            help = f"A config has at most {MAX_DEPTH} levels."
            refuse("RG002", "nested too deeply", help, position)
        value: list[Any] | dict[str, Any]
        value = [] if isinstance(event, events.SequenceStartEvent) else {}
        self._put(value, keep_key=True)
        self.stack.append(_Open(value, path, event.anchor, self.nodes - 1))

    def _close(self) -> None:
        closed = self.stack.pop()
        if closed.anchor:
            self.anchors[closed.anchor] = (closed.value, self.nodes - closed.nodes)
        if self.stack:
            self.stack[-1].key = None

    def _put(self, value: object, keep_key: bool = False) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent is None:
            self.root = value
        elif isinstance(parent.value, list):
            parent.value.append(value)
        else:
            if not parent.repeated:
                parent.value[str(parent.key)] = value
            if not keep_key:
                parent.key = None

    def _expand(self, anchor: str | None, position: Position, path: Location) -> object:
        inside = any(item.anchor for item in self.stack)  # how few lines become billions
        if inside or anchor not in self.anchors:  # the parser does not look whether it is there
            message = f"the alias *{anchor} " + (
                "stands inside a value that has an anchor" if inside else "names no anchor above it"
            )
            self._find("RG004", message, "Write the value out.", position, path)
            return None
        value, size = self.anchors[anchor]
        self._count(size, position)
        return value

    def _count(self, nodes: int, position: Position) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            message = f"the file expands to more than {MAX_NODES} values"
            refuse("RG004", message, "Write fewer aliases.", position)

    def _refuse_tag(self, event: events.NodeEvent, position: Position, path: Location) -> None:
        tag = getattr(event, "tag", None)  # an alias has none
        if tag is not None:
            help = "Remove it; quote the value if it is meant as text."
            self._find("RG004", f"the tag {show(str(tag))} is not allowed", help, position, path)

    def _find(self, code: str, message: str, help: str, at: Position, path: Location) -> None:
        self.findings.append(problem(code, message, help, at, path))


def _scalar(event: events.ScalarEvent) -> object:
    text = str(event.value)
    if event.style:  # quoted or block: text by its form
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text) if len(text) <= _MAX_DIGITS else text
    if _FLOAT.match(text):
        return float(text)
    special = _SPECIAL.match(text)
    if special:
        return float("nan") if special[3] else float(f"{special[1]}inf")
    return text
