"""Comments that ignore findings: where they are, what they apply to, what is wrong with them."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from recgen.findings import Finding, Severity, show
from recgen.reading.document import Document
from recgen.reading.positions import LINE_END, Lines, Node, Position
from recgen.rules.registry import Rule

_COMMENT = re.compile(
    r"(?<!\S)#[ \t]*recgen:[ \t]*ignore\b(?P<codes>[^:\r\n]*)(?P<reason>:[^\r\n]*)?"
)
_BLOCK = re.compile(r"(?:[&!]\S+\s+)*[|>]")  # the beginning of a block scalar
_FORM = "`# recgen: ignore RG301: why it is on purpose`"


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment: its position, what it ignores, why, and on which lines."""

    position: Position
    codes: tuple[str, ...]
    reason: str
    lines: range


def is_ignorable(rule: Rule) -> bool:
    """Return whether findings of a rule can be ignored because the rendered code still works."""
    return rule.severity != "error" or rule.allowable


def apply(
    found: Sequence[Finding],
    document: Document,
    rules: Mapping[str, Rule],
    unasked: Collection[str],
) -> tuple[list[Finding], list[Finding]]:
    """Return the remaining findings, including those on comments, and the ignored ones.

    An ignored error that can be allowed remains as a warning, so it is never silently rendered.

    Args:
        found: The findings on the document.
        document: The document that was read.
        rules: All rules by code.
        unasked: Codes of rules that were not checked, so it is unknown what they would find.
    """
    ignores = list(_ignores(document))
    reasons = _reasons(found, [each for each in ignores if each.reason])
    left: list[Finding] = []
    ignored: list[Finding] = []
    for index, finding in enumerate(found):
        reason = reasons.get(index)
        if reason is None or not is_ignorable(rules[finding.code]):
            left.append(finding)
        elif finding.severity == "error":
            left.append(replace(finding, severity="warning", allowed=True, ignored=reason))
        else:
            ignored.append(replace(finding, ignored=reason))
    places = _places(found)
    for ignore in ignores:
        left += _wrong(ignore, places, rules, unasked)
    return left, ignored


def _places(found: Sequence[Finding]) -> dict[str, list[tuple[int, int]]]:
    """Return the lines and indices of findings by code, in the order of the file."""
    places: dict[str, list[tuple[int, int]]] = {}
    for index, finding in enumerate(found):
        if finding.line is not None:
            places.setdefault(finding.code, []).append((finding.line, index))
    return {code: sorted(entries) for code, entries in places.items()}


def _reasons(found: Sequence[Finding], ignores: Sequence[Ignore]) -> dict[int, str]:
    """Return the reasons of ignored findings by index; the innermost comment wins."""
    by_code: dict[str, list[Ignore]] = {}
    for ignore in sorted(ignores, key=lambda each: (each.lines.start, -each.lines.stop)):
        for code in ignore.codes:
            by_code.setdefault(code, []).append(ignore)
    reasons: dict[int, str] = {}
    for code, places in _places(found).items() if ignores else ():
        waiting, around = by_code.get(code, [])[::-1], list[Ignore]()
        for line, index in places:  # one pass: a file may have thousands of both
            while waiting and waiting[-1].lines.start <= line:
                around.append(waiting.pop())
            while around and around[-1].lines.stop <= line:
                around.pop()
            if around:
                reasons[index] = around[-1].reason
    return reasons


def _wrong(
    ignore: Ignore,
    places: Mapping[str, Sequence[tuple[int, int]]],
    rules: Mapping[str, Rule],
    unasked: Collection[str],
) -> Iterator[Finding]:
    """Yield what is wrong with a comment."""
    if not ignore.codes or not ignore.reason:
        missing = "no reason" if ignore.codes else "no code"
        message = f"the comment gives {missing}, so it ignores nothing"
        yield _finding("RG006", "warning", ignore, message, f"Write {_FORM}.")
        return
    unknown = [code for code in ignore.codes if code not in rules]
    if unknown:
        more = f", nor any of {len(unknown) - 1} more" if len(unknown) > 1 else ""
        help = "Remove it; codes look like RG301, and `recgen explain` lists them."
        message = f"there is no rule {show(unknown[0])}{more}"
        yield _finding("RG007", "warning", ignore, message, help)
    for rule in (rules[code] for code in ignore.codes if code in rules):
        if not is_ignorable(rule):
            message = f"{rule.code} cannot be ignored: the rendered code would not work"
            yield _finding(
                "RG008", "error", ignore, message, "Fix the config, then remove the comment."
            )
        elif rule.code not in unasked and not _breaks(ignore, places.get(rule.code, ())):
            message = f"nothing here breaks {rule.code}, so the comment ignores nothing"
            yield _finding("RG007", "warning", ignore, message, f"Remove {rule.code} from it.")


def _breaks(ignore: Ignore, places: Sequence[tuple[int, int]]) -> bool:
    """Return whether a comment applies to one of the lines."""
    first = bisect_left(places, (ignore.lines.start, 0))
    return first < len(places) and places[first][0] in ignore.lines


def _finding(code: str, severity: Severity, ignore: Ignore, message: str, help: str) -> Finding:
    line, column, end = ignore.position
    return Finding(code, severity, "", message, help, line, column, end_column=end)


def _ignores(document: Document) -> Iterator[Ignore]:
    """Yield the comments of a text in order."""
    root, text = document.root, document.text or ""
    if root is None or not root.inner or not _COMMENT.search(text):
        return
    entries, lines = _Entries(root, text), Lines(text)
    for match in _COMMENT.finditer(text):
        if not entries.in_scalar(match.start()):
            yield Ignore(
                lines.position(match.start(), match.end()),
                tuple(dict.fromkeys(re.findall(r"[^,\s]+", match["codes"]))),
                (match["reason"] or "").strip(": \t"),
                _lines_of(entries, lines, match.start()),
            )


def _lines_of(entries: _Entries, lines: Lines, index: int) -> range:
    """Return the lines to which a comment applies."""
    _, column, _ = lines.position(index)
    start = index - (column or 1) + 1
    alone = not entries.text[start:index].strip()
    if alone and entries.are_all_after(index):
        return range(1, sys.maxsize)
    nodes = entries.first_after(index) if alone else entries.between(start, index)
    if not nodes:
        return range(0)
    first, *_ = lines.position(entries.begin(nodes[0]))
    last, *_ = lines.position(max(node.end - 1 for node in nodes))
    return range(first or 0, (last or 0) + 1)


class _Entries:
    """Entries of a text (keys with values, items of lists), outer before inner ones."""

    def __init__(self, root: Node, text: str) -> None:
        self.text = text
        self._nodes: list[Node] = []
        rest = root.inner[::-1]
        while rest:
            self._nodes.append(rest.pop())
            rest += self._nodes[-1].inner[::-1]
        self._begins = [self.begin(node) for node in self._nodes]

    @staticmethod
    def begin(node: Node) -> int:
        """Return the start of an entry: its key, if it has one."""
        return node.key_start if node.key_start >= 0 else node.start

    def in_scalar(self, index: int) -> bool:
        """Return whether a position is inside a key or value, where `#` is not a comment."""
        number = bisect_right(self._begins, index) - 1
        if number < 0:
            return False
        node = self._nodes[number]
        if index < node.key_end:
            return True
        if node.children is not None or not node.start <= index < node.end:
            return False
        header = _BLOCK.match(self.text, node.start)
        return header is None or LINE_END.search(self.text, header.end(), index) is not None

    def are_all_after(self, index: int) -> bool:
        """Return whether no entry begins before a position."""
        return index < self._begins[0]

    def first_after(self, index: int) -> Sequence[Node]:
        """Return the next outermost entry that begins after a position, or None."""
        number = bisect_right(self._begins, index)
        return self._nodes[number : number + 1]

    def between(self, start: int, end: int) -> Sequence[Node]:
        """Return the outermost entries that begin between two positions."""
        found: list[Node] = []
        low, high = bisect_left(self._begins, start), bisect_left(self._begins, end)
        for node in self._nodes[low:high]:
            if not found or self.begin(node) >= found[-1].end:
                found.append(node)
        return found
