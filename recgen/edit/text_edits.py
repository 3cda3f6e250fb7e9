"""Text edits that follow a draft: where entries begin and end, and which comments they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from recgen.edit.comments import comments_in
from recgen.edit.draft import Item
from recgen.edit.value_text import Style
from recgen.reading.positions import LINE_END, Lines, Node
from recgen.reading.sources import TextKind

_GAP = re.compile(r"\s*(?:#[^\r\n]*\s*)*")  # what may appear between two entries
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")  # of a line without a value
_COLON = re.compile(r"[ \t]*:")
_INDENT = re.compile(r"^( +)[^\s#]", re.MULTILINE)


def follow(text: str, root: Item, kind: TextKind) -> str:
    """Return the text with the changes that fixes made to its items, and no others."""
    follower = _Follower(text, kind)
    follower.visit(root, 0)
    return follower.result()


@dataclass(frozen=True, order=True)
class _Edit:
    """A replacement for a span; at the same position, deeper items come first."""

    start: int
    height: int
    number: int
    end: int
    text: str


@dataclass(frozen=True)
class _Entry:
    """An entry of a list or mapping in the text."""

    item: Item
    start: int  # of its key, or of its dash
    end: int
    comma: int | None = None  # position of the comma after it

    @property
    def stop(self) -> int:
        """Its end, including the comma."""
        return self.end if self.comma is None else self.comma + 1


class _Follower:
    def __init__(self, text: str, kind: TextKind) -> None:
        self._text = text
        self._kind = kind
        self._lines = Lines(text)
        line_end, indent = LINE_END.search(text), _INDENT.search(text)
        self._line_end = line_end[0] if line_end else "\n"
        self._indent = indent[1] if indent else "  "
        self._edits: list[_Edit] = []

    def result(self) -> str:
        """Return the text with all edits applied."""
        pieces, at = [], 0
        for each in sorted(self._edits):
            pieces += [self._text[at : each.start], each.text]
            at = max(at, each.end)
        return "".join([*pieces, self._text[at:]])

    def visit(self, item: Item, depth: int) -> None:
        """Make the text of an item and everything inside it follow."""
        node = item.node
        if node is None:
            return
        if item.renamed:
            key = self._style(node.key_start).text(str(item.key))
            self._put(node.key_start, node.key_end, key, depth)
        if _is_rewritten(item):
            self._rewrite(item, node, depth)
        elif item.inner:
            for inner in item.live:
                self.visit(inner, depth + 1)
            entries = list(self._entries(item, node))
            (self._flow if node.flow else self._block)(item, entries, depth)

    def _put(self, start: int, end: int, text: str, depth: int) -> None:
        self._edits.append(_Edit(start, -depth, len(self._edits), end, text))

    def _cut(self, start: int, end: int, text: str = "") -> None:
        self._edits.append(_Edit(start, 1, len(self._edits), end, text))

    def _cut_lines(self, item: Item, start: int, end: int) -> None:
        """Cut an entry's lines; its comments stay as lines of their own."""
        first, after = self._lines.start_of(start), self._after_line(end)
        comments = self._comments(item, start, after)
        indent = " " * (start - first)
        lines = [f"{indent}{comment}{self._line_end}" for comment in comments]
        if lines and not self._is_after_line(after):  # the text ends without a line end
            lines[-1] = lines[-1].removesuffix(self._line_end)
        self._cut(first, after, "".join(lines))

    def _comments(self, item: Item, start: int, end: int) -> list[str]:
        return comments_in(self._text, item.node, start, end) if item.node else []

    def _joined(self, comments: list[str], start: int) -> str:
        """Return comments in lines below each other, in the column of an index."""
        indent = " " * (start - self._lines.start_of(start))
        return (self._line_end + indent).join(comments)

    def _entries(self, item: Item, node: Node) -> Iterator[_Entry]:
        """Yield the original entries."""
        at = node.start
        for inner in item.inner or ():
            own = inner.node
            if own is not None:
                start = own.key_start if own.key_start >= 0 else own.start
                if not node.flow and not item.is_mapping:
                    start = at  # the dash
                at = self._after_gap(own.end)
                comma = at if node.flow and self._text[at] == "," else None
                yield _Entry(inner, start, own.end, comma)

    # Values that are rewritten.

    def _rewrite(self, item: Item, node: Node, depth: int) -> None:
        value = item.data()
        style = self._style(node.start if isinstance(value, str) else node.key_start)
        text = style.value(value)
        colon = self._colon_before_block(node)
        if colon is not None:  # the lines go, a comment after the key stays
            self._put(colon, colon, f" {text}", depth)
            self._cut_lines(item, node.start, node.end)
        elif node.start == node.end:  # nothing: `key:`, `{key}` or `-`
            is_bare = node.key_end >= 0 and ":" not in self._text[node.key_end : node.start]
            space = "" if self._text[: node.start][-1:].isspace() else " "
            self._put(node.start, node.end, (": " if is_bare else space) + text, depth)
        else:
            comments = self._comments(item, node.start, node.end)
            after = self._joined(comments, node.start)
            is_line = self._text[node.end - 1] in "\r\n"  # a block scalar that keeps them
            if is_line:
                text += (f"  {after}" if after else "") + self._line_end
            elif after:
                at = self._rest(node.end)
                self._put(at, at, f"  {after}", depth)
            self._put(node.start, node.end, text, depth)

    def _colon_before_block(self, node: Node) -> int | None:
        """Return where a value may follow the key of a list or mapping that has its own lines."""
        if node.children is None or node.flow or node.key_start < 0:
            return None
        colon = _COLON.match(self._text, node.key_end)
        return colon.end() if colon and self._begins_line(node.start) else None

    # Blocks: entries on one or more lines each.

    def _block(self, item: Item, entries: list[_Entry], depth: int) -> None:
        gone = [entry for entry in entries if entry.item.removed]
        if gone and gone[0] is entries[0] and not self._begins_line(gone[0].start):
            gone = self._cut_head(entries, gone)
        for entry in gone:
            self._cut_lines(entry.item, entry.start, entry.end)
        new = [inner for inner in item.live if inner.node is None]
        if new:
            kept = [entry for entry in entries if not entry.item.removed]
            indent = " " * (kept[0].start - self._lines.start_of(kept[0].start))
            self._append_lines(self._tail(kept[-1].item), new, indent, depth)

    def _cut_head(self, entries: list[_Entry], gone: list[_Entry]) -> list[_Entry]:
        """Cut the first entry after a dash, and return those still to be cut line by line."""
        kept = next(i for i, entry in enumerate(entries) if not entry.item.removed)
        pairs = pairwise(entries[: kept + 1])
        between = [self._text[self._rest(one.end) : other.start] for one, other in pairs]
        if not "".join(between).strip():  # the first one that stays moves up
            comments = [
                comment
                for entry in entries[:kept]
                for comment in self._comments(entry.item, entry.start, self._rest(entry.end))
            ]
            text = self._joined([*comments, ""], entries[kept].start) if comments else ""
            self._cut(entries[0].start, entries[kept].start, text)
            return gone[kept:]
        before = self._text[self._lines.start_of(entries[0].start) : entries[0].start]
        blank = len(before) - len(before.rstrip())
        rest = self._rest(entries[0].end)
        comments = self._comments(entries[0].item, entries[0].start, rest)
        text = f" {self._joined(comments, entries[0].start)}" if comments else ""
        self._cut(entries[0].start - blank, rest, text)
        return gone[1:]

    def _append_lines(self, after: int, new: list[Item], indent: str, depth: int) -> None:
        lines = [line for item in new for line in self._new_lines(item, indent)]
        if after and self._text[after - 1] in "\r\n":  # a block scalar that keeps its line ends
            text = "".join(f"{line}{self._line_end}" for line in lines)
        else:
            text = "".join(f"{self._line_end}{line}" for line in lines)
        at = self._rest(after)
        self._put(at, at, text, depth)

    def _new_lines(self, item: Item, indent: str) -> Iterator[str]:
        style = Style(self._kind)
        key = style.text(str(item.key))
        if item.around and item.live:
            yield f"{indent}{key}:"
            for inner in item.live:
                yield from self._new_lines(inner, indent + self._indent)
        else:
            yield f"{indent}{key}: {style.value(item.data())}"

    def _tail(self, item: Item) -> int:
        """Return the end of the remaining part of a block entry, where the next one may follow."""
        node = item.node
        if node is None:
            return 0
        if _is_rewritten(item):
            colon = self._colon_before_block(node)
            return node.end if colon is None else colon
        kept = [inner for inner in item.live if inner.node is not None]
        return self._tail(kept[-1]) if kept and not node.flow else node.end

    # Brackets: entries with commas between them.

    def _flow(self, item: Item, entries: list[_Entry], depth: int) -> None:
        last = max(i for i, entry in enumerate(entries) if not entry.item.removed)
        new = [inner for inner in item.live if inner.node is None]
        in_lines = bool(new) and self._has_line(entries[last])
        for index, entry in enumerate(entries):
            if entry.item.removed:
                self._cut_entry(entries, index, last)
        for entry in entries[last:-1]:  # everything after the last one that stays is gone
            if entry.comma is not None and not (in_lines and entry is entries[last]):
                self._cut(entry.comma, entry.comma + 1)
        if new:
            self._append_entries(entries, last, new, in_lines, depth)

    def _cut_entry(self, entries: list[_Entry], index: int, last: int) -> None:
        entry = entries[index]
        if self._has_line(entry):
            self._cut_lines(entry.item, entry.start, entry.stop)
        elif index < last:
            start = entries[index + 1].start
            is_next = not self._text[entry.stop : start].strip(" ")
            self._cut(entry.start, start if is_next else entry.stop)
        else:
            stop = entries[index - 1].stop
            is_next = not self._text[stop : entry.start].strip(" ")
            self._cut(stop if is_next else entry.start, entry.end)

    def _append_entries(
        self, entries: list[_Entry], last: int, new: list[Item], in_lines: bool, depth: int
    ) -> None:
        entry = entries[last]
        style = self._style_of_entries(entry)
        texts = [f"{style.text(str(i.key))}{style.colon}{style.value(i.data())}" for i in new]
        if not in_lines:
            self._put(entry.end, entry.end, "".join(style.comma + text for text in texts), depth)
            return
        if entry.comma is None:
            self._put(entry.end, entry.end, ",", depth)
        before = self._line_end + self._text[self._lines.start_of(entry.start) : entry.start]
        closing = "," if entry.comma is not None and entry is entries[-1] else ""
        at = self._rest(entry.stop)
        self._put(at, at, ",".join(before + text for text in texts) + closing, depth)

    def _style_of_entries(self, entry: _Entry) -> Style:
        node = entry.item.node
        if node is None or self._kind == "yaml":
            return self._style(entry.start)
        return Style("json", compact=self._text[node.key_end : node.start] == ":")

    # Positions.

    def _style(self, index: int) -> Style:
        """Return the style of the key or scalar at an index."""
        quote = self._text[index : index + 1] if index >= 0 else ""
        return Style(self._kind, quote if quote in ('"', "'") else "")

    def _begins_line(self, index: int) -> bool:
        return not self._text[self._lines.start_of(index) : index].strip(" \t")

    def _has_line(self, entry: _Entry) -> bool:
        """Return whether an entry in brackets has lines of its own."""
        return self._begins_line(entry.start) and bool(_REST.match(self._text, entry.stop))

    def _after_gap(self, index: int) -> int:
        gap = _GAP.match(self._text, index)
        return gap.end() if gap else index

    def _rest(self, index: int) -> int:
        """Return the end of a line, which is `index` itself if the line has already ended."""
        return index if self._is_after_line(index) else self._lines.end_of(index)[0]

    def _after_line(self, index: int) -> int:
        return index if self._is_after_line(index) else self._lines.end_of(index)[1]

    def _is_after_line(self, index: int) -> bool:
        return index > 0 and self._text[index - 1] in "\r\n"


def _is_rewritten(item: Item) -> bool:
    """Return whether none of an item's old text stays."""
    kept = [inner for inner in item.live if inner.node is not None]
    return item.owner is not None or (bool(item.inner) and not kept)
