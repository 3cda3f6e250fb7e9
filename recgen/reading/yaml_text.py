"""YAML text to plain data with positions. Knows YAML's traps, not configs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events

from recgen.findings import Finding, Location, show
from recgen.reading.document import MAX_DEPTH, MAX_FINDINGS, MAX_NODES, Document, problem, refuse
from recgen.reading.positions import LINE_END, Lines, Node, Position
from recgen.reading.yaml_scalars import resolved

# libyaml's parser where PyYAML has it: the same events, a hundred times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What YAML does not allow, and what ends a line in YAML 1.1 but not in 1.2.
_FORBIDDEN = re.compile(
    r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_OLD_LINE_ENDS = "\x85\u2028\u2029"
_PRIVATE = range(0xE000, 0xF900)  # characters without a meaning

_CORRECT = (
    "Correct the syntax; quote texts that contain `: ` or `#` or start with a special character."
)


def read_yaml(text: str, source: str | None) -> Document:
    """Returns the document of a YAML text; raises `UnreadableError` when it is not YAML."""
    lines = Lines(text)
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        message = f"the character {show(forbidden[0])} is not allowed in YAML"
        refuse("RG002", message, _CORRECT, lines.position(forbidden.start()))
    to, back = _stand_ins(text)
    builder = _Builder(text, lines, back)
    for event in _events(text.translate(to) if to else text, lines):
        builder.add(event)
    found = tuple(builder.findings)
    return Document(builder.value, source, text, builder.root, found, unlisted=builder.unlisted)


def _stand_ins(text: str) -> tuple[dict[int, int], dict[int, int]]:
    """Returns what to put in the places of YAML 1.1's line ends while parsing, and the way back."""
    found = [ord(character) for character in _OLD_LINE_ENDS if character in text]
    unused = (code for code in _PRIVATE if chr(code) not in text)
    to = dict(zip(found, unused, strict=False))
    return to, {code: character for character, code in to.items()}


def _events(text: str, lines: Lines) -> Iterator[events.Event]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = lines.position(mark.index) if mark else (1, 1, 2)
        reason = " ".join(filter(None, (error.problem, error.context))) or "it cannot be parsed"
        refuse("RG002", f"this is not YAML: {reason}", _CORRECT, at)
    except Exception as error:  # the parser's own slips, such as chr() of an escape too large
        refuse("RG002", f"this is not YAML: {error}", _CORRECT, (1, 1, 2))


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    value: list[Any] | dict[str, Any]
    node: Node
    anchor: str | None
    nodes: int  # how many values stood before it, to know its size at its end
    key: str | None = None
    key_start: int = -1
    key_end: int = -1
    repeated: bool = False  # the value to come belongs to a key that is already there


class _Builder:
    """Puts the parser's events together, one by one, so that no text is nested too deeply."""

    def __init__(self, text: str, lines: Lines, back: dict[int, int]) -> None:
        self._text = text
        self._lines = lines
        self._back = back
        self._documents = 0
        self._nodes = 0
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}  # value and its size
        self.value: Any = None
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self.unlisted = 0

    def add(self, event: events.Event) -> None:
        """Takes the next event."""
        if isinstance(event, events.NodeEvent):
            parent = self._stack[-1] if self._stack else None
            if parent and isinstance(parent.value, dict) and parent.key is None:
                self._key(event, parent)
            else:
                self._node(event, parent)
        elif isinstance(event, events.CollectionEndEvent):
            self._close(event)
        elif isinstance(event, events.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                at = self._at(event)
                refuse("RG002", "the file holds several documents", "Remove `---`.", at)

    def _key(self, event: events.NodeEvent, parent: _Open) -> None:
        if not isinstance(event, events.ScalarEvent):
            at, path = self._at(event), self._path()[:-1]
            refuse("RG002", "a key is not plain text", "Write `key: value`.", at, path)
        key = parent.key = self._plain(event)
        parent.key_start, parent.key_end = _span(event)
        self._refuse_tag(event)
        if key == "<<" and not event.style:
            message = "merge keys (`<<`) are not part of YAML 1.2"
            self._find("RG004", message, "Write the keys out.", event)
        first = parent.node.child(key)
        parent.repeated = first is not None
        if first is not None:
            line = self._lines.position(first.key_start)[0]
            message = f"the key {show(key)} appears twice, first on line {line}"
            self._find("RG003", message, "Keep one of them.", event)

    def _node(self, event: events.NodeEvent, parent: _Open | None) -> None:
        self._count(1, event)
        self._refuse_tag(event)
        node = Node(*_span(event), locked=event.anchor is not None)
        if parent is None:
            self.root = node
        else:
            node.key_start, node.key_end = parent.key_start, parent.key_end
            if not parent.repeated:
                parent.node.add(node, parent.key)
        if isinstance(event, events.CollectionStartEvent):
            self._open(event, node, parent)
            return
        if isinstance(event, events.ScalarEvent):
            self._put(self._scalar(event), parent)
        else:
            self._put(self._expand(event), parent)
        self._trim(event, node)
        if parent is not None:
            parent.key = None

    def _scalar(self, event: events.ScalarEvent) -> object:
        text = self._plain(event)
        value = text if event.style else resolved(text)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        return value

    def _trim(self, event: events.NodeEvent, node: Node) -> None:
        """Lets a value end where its text ends, not where the parser came to know it."""
        if node.start == node.end and node.key_end >= 0:  # nothing: `key:`, or `{key}`
            colon = self._text.find(":", node.key_end, node.start)
            node.start = node.end = node.key_end if colon < 0 else colon + 1
        elif isinstance(event, events.ScalarEvent) and event.style in ("|", ">"):
            written = self._text[node.start : node.end]
            if "+" not in LINE_END.split(written, 1)[0]:  # else empty lines are part of it
                node.end = node.start + len(written.rstrip(" \t\r\n"))

    def _plain(self, event: events.ScalarEvent) -> str:
        text = str(event.value)
        return text.translate(self._back) if self._back else text

    def _open(self, event: events.CollectionStartEvent, node: Node, parent: _Open | None) -> None:
        if len(self._stack) >= MAX_DEPTH:
            help = f"A config has at most {MAX_DEPTH} levels."
            refuse("RG002", "nested too deeply", help, self._at(event))
        is_list = isinstance(event, events.SequenceStartEvent)
        value: list[Any] | dict[str, Any] = [] if is_list else {}
        node.children = [] if is_list else {}
        node.flow = self._text[node.start] in "[{"
        if event.flow_style and not node.flow:  # `[a: 1]`: a mapping without its brackets
            node.locked = True
        self._put(value, parent)
        self._stack.append(_Open(value, node, event.anchor, self._nodes - 1))

    def _close(self, event: events.CollectionEndEvent) -> None:
        closed = self._stack.pop()
        node, inner = closed.node, closed.node.inner
        if node.flow:
            node.end = _span(event)[1]
        elif inner:  # the parser has the end of a block at what follows
            node.end = inner[-1].end
        if closed.anchor:
            self._anchors[closed.anchor] = (closed.value, self._nodes - closed.nodes)
        if self._stack:
            self._stack[-1].key = None

    def _put(self, value: object, parent: _Open | None) -> None:
        if parent is None:
            self.value = value
        elif isinstance(parent.value, list):
            parent.value.append(value)
        elif not parent.repeated:
            parent.value[str(parent.key)] = value

    def _expand(self, event: events.NodeEvent) -> object:
        inside = any(item.anchor for item in self._stack)  # how few lines become billions
        if inside or event.anchor not in self._anchors:  # the parser does not look for it
            message = f"the alias *{event.anchor} " + (
                "stands inside a value that has an anchor" if inside else "names no anchor above it"
            )
            self._find("RG004", message, "Write the value out.", event)
            return None
        value, size = self._anchors[event.anchor]
        self._count(size, event)
        return value

    def _count(self, nodes: int, event: events.NodeEvent) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            message = f"the file expands to more than {MAX_NODES} values"
            refuse("RG004", message, "Write fewer aliases.", self._at(event))

    def _refuse_tag(self, event: events.NodeEvent) -> None:
        tag = getattr(event, "tag", None)  # an alias has none
        if tag is not None:
            help = "Remove it; quote the value if it is meant as text."
            self._find("RG004", f"the tag {show(str(tag))} is not allowed", help, event)

    def _find(self, code: str, message: str, help: str, event: events.NodeEvent) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(problem(code, message, help, self._at(event), self._path()))
        else:
            self.unlisted += 1

    def _at(self, event: events.Event) -> Position:
        return self._lines.position(*_span(event))

    def _path(self) -> Location:
        """Returns the path of the value that comes next, or of the one whose key was read."""
        inside: list[str | int]
        inside = [len(item.value) - 1 if item.key is None else item.key for item in self._stack]
        if self._stack and self._stack[-1].key is None:
            inside[-1] = len(self._stack[-1].value)
        return tuple(inside)


def _span(event: events.Event) -> tuple[int, int]:
    """Returns the indices of an event's first character and of the one after its last."""
    start, end = event.start_mark, event.end_mark
    return (start.index, end.index) if start and end else (0, 0)
