"""YAML without aliases: each value is written out where it is used, so that it can be changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recgen.edit.draft import same
from recgen.edit.value_text import Style
from recgen.findings import RecgenError
from recgen.reading.document import Document, UnreadableError
from recgen.reading.positions import Node
from recgen.reading.sources import read_text

_LABEL = re.compile(r"&\S+[ \t]*")
_LINE = re.compile(r"[ \t]*(?=[\r\n])")
_ITEM_LINE = re.compile(r"(?<=- )&\S+[ \t]*(?:\r\n|\n|\r) *(?=[^\s#-])")  # its value is below


def written_out(text: str) -> str | None:
    """Return a YAML text in which aliases are written out and anchors are gone.

    Args:
        text: The decoded text.

    Returns:
        The text, with the same values; None if it has none of them, or cannot be changed so.
    """
    try:
        document = read_text(text, "yaml")
        edits = sorted(_edits(text, document), reverse=True)
    except (UnreadableError, RecgenError):
        return None
    if document.findings or not edits:
        return None
    for start, end, replacement in edits:
        text = text[:start] + replacement + text[end:]
    try:
        again = read_text(text, "yaml")
    except UnreadableError:
        return None
    return text if same(again.data, document.data) else None


def _edits(text: str, document: Document) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and replacement of each alias and of each anchor's label."""
    style, open_nodes = Style("yaml"), [(document.root, document.data)]
    while open_nodes:
        node, value = open_nodes.pop()
        if node is None:
            continue
        if text[node.start] == "*":
            yield node.start, node.end, style.value(value)
        elif label := _ITEM_LINE.match(text, node.start) or _LABEL.match(text, node.start):
            begin = node.start
            if _LINE.match(text, label.end()):  # `key: &label` becomes `key:`
                begin -= len(text[:begin]) - len(text[:begin].rstrip(" "))
            yield begin, label.end(), ""
        open_nodes += _inner(node, value)


def _inner(node: Node, value: object) -> Iterator[tuple[Node | None, object]]:
    """Yield the nodes inside of one, with their values."""
    if isinstance(value, dict):
        yield from ((node.child(key), inner) for key, inner in value.items())
    elif isinstance(value, list):
        yield from ((node.child(index), inner) for index, inner in enumerate(value))
