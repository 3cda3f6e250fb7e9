"""Comments inside a part of a text that goes: they stay. Knows positions, no edits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recgen.reading.positions import Node

_COMMENT = re.compile(r"(?<!\S)#[^\r\n]*")
_HEADER = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\r\n]*)")  # of a block scalar
_DIRECTIVE = re.compile(r"#[ \t]*recgen:")  # of what goes: it would apply to what follows


def comments_in(text: str, node: Node, start: int, end: int) -> list[str]:
    """Return the comments in a span, except those that tell recgen to ignore something.

    Args:
        text: The whole text.
        node: The value in the span, with its key: a `#` in a key or a scalar is not a comment.
        start: Where the span begins.
        end: Where it ends.
    """
    found: list[str] = []
    at = start
    for first, last in [*sorted(_solid(text, node)), (end, end)]:
        found += _COMMENT.findall(text, at, max(first, at))
        header = _HEADER.match(text, first, last)
        found += [header[1]] if header else []
        at = max(at, last)
    return [comment.rstrip() for comment in found if not _DIRECTIVE.match(comment)]


def _solid(text: str, node: Node) -> Iterator[tuple[int, int]]:
    """Yield where keys and scalars are."""
    if node.key_start >= 0:
        yield node.key_start, node.key_end
    if node.children is None:
        yield node.start, node.end
    for child in node.inner:
        yield from _solid(text, child)
