"""JSON text to plain data and the nodes of its values. Knows JSON's traps, not configs."""

from __future__ import annotations

import json
import re
from typing import Any

from recgen.findings import Finding, Location, show
from recgen.reading.document import MAX_DEPTH, MAX_FINDINGS, MAX_NODES, Document, problem, refuse
from recgen.reading.positions import Lines, Node

_TOKEN = re.compile(r'[{}\[\],:"]|[^\s{}\[\],:"]+')
_STRINGS = json.JSONDecoder()
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")  # Python reads them, JSON does not have them


def read_json(text: str, source: str | None) -> Document:
    """Returns the document of a JSON text; raises `UnreadableError` when it is not JSON."""
    data = _data(text)
    reader = _Reader(text)
    reader.read()
    found = tuple(reader.findings)
    return Document(data, source, text, reader.root, found, unlisted=reader.unlisted)


def _data(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_first)
    except json.JSONDecodeError as error:
        at = Lines(text).position(error.pos)
        refuse("RG002", f"this is not JSON: {error.msg.lower()}", "Correct the syntax.", at)
    except RecursionError:
        refuse("RG002", "nested too deeply", f"A config has at most {MAX_DEPTH} levels.")
    except ValueError:  # Python refuses to read integers of thousands of digits
        refuse("RG002", "holds a number with too many digits", "Write a shorter number.")


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns the mapping; of a key that appears twice, the first value, as in YAML."""
    data = dict(pairs)
    return data if len(data) == len(pairs) else dict(reversed(pairs))


class _Reader:
    """Walks over the tokens of a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._stack: list[tuple[Node, Location]] = []
        self._key: tuple[str, int, int] | None = None
        self._nodes = 0
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self.unlisted = 0

    def read(self) -> None:
        """Finds all nodes, keys that appear twice and numbers that JSON does not have."""
        token = _TOKEN.search(self._text)
        while token:
            end = self._take(token[0], token.start(), token.end())
            token = _TOKEN.search(self._text, end)

    def _take(self, token: str, start: int, end: int) -> int:
        """Takes one token and returns where it ends."""
        if token in "}]":
            self._stack.pop()[0].end = end
        elif token in "{[":
            self._open(Node(start, end, children={} if token == "{" else [], flow=True))
        elif token == '"':
            text, end = _STRINGS.raw_decode(self._text, start)
            if self._key is None and self._stack and isinstance(self._stack[-1][0].children, dict):
                self._key = (text, start, end)
            else:
                self._put(Node(start, end))
        elif token not in ",:":
            if token in _NO_NUMBERS:
                at = self._lines.position(start, end)
                refuse("RG002", f"this is not JSON: {token}", "Write a number or null.", at)
            self._put(Node(start, end))
        return end

    def _open(self, node: Node) -> None:
        if len(self._stack) >= MAX_DEPTH:
            at = self._lines.position(node.start, node.end)
            refuse("RG002", "nested too deeply", f"A config has at most {MAX_DEPTH} levels.", at)
        self._stack.append((node, self._put(node)))

    def _put(self, node: Node) -> Location:
        """Puts a node into the list or mapping around it and returns its path."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            at = self._lines.position(node.start, node.end)
            refuse("RG002", f"holds more than {MAX_NODES} values", "Is it data?", at)
        if not self._stack:
            self.root = node
            return ()
        parent, path = self._stack[-1]
        if self._key is None:
            parent.add(node, None)
            return (*path, len(parent.inner) - 1)
        key, node.key_start, node.key_end = self._key
        self._key = None
        first = parent.child(key)
        if first is not None:
            self._twice(first, node, (*path, key))
        parent.add(node, key)
        return (*path, key)

    def _twice(self, first: Node, node: Node, path: Location) -> None:
        if len(self.findings) >= MAX_FINDINGS:
            self.unlisted += 1
            return
        line = self._lines.position(first.key_start)[0]
        message = f"the key {show(path[-1])} appears twice, first on line {line}"
        at = self._lines.position(node.key_start, node.key_end)
        self.findings.append(problem("RG003", message, "Keep one of them.", at, path))
