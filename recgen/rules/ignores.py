"""Comments that ignore findings: which there are, what they hold for, what is wrong with them."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from recgen.findings import Finding, Severity, show
from recgen.load.document import Document
from recgen.load.nodes import LINE_END, Lines, Node, Position
from recgen.rules.base import Rule

_COMMENT = re.compile(
    r"(?<!\S)#[ \t]*recgen:[ \t]*ignore\b(?P<codes>[^:\r\n]*)(?P<reason>:[^\r\n]*)?"
)
_BLOCK = re.compile(r"(?:[&!]\S+\s+)*[|>]")  # how a scalar begins that is text by its indentation
_FORM = "`# recgen: ignore RG301: why it is on purpose`"


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment: where it stands, what it ignores, why, and on which lines."""

    position: Position
    codes: tuple[str, ...]
    reason: str
    lines: range

    def covers(self, finding: Finding) -> bool:
        """Says whether a finding is one of those that are ignored."""
        return bool(self.reason) and finding.code in self.codes and finding.line in self.lines


def is_ignorable(rule: Rule) -> bool:
    """Says whether findings of a rule can be ignored: what is rendered works all the same."""
    return rule.severity != "error" or rule.allowable


def apply(
    found: Sequence[Finding],
    document: Document,
    rules: Mapping[str, Rule],
    unasked: Collection[str],
) -> tuple[list[Finding], list[Finding]]:
    """Returns the findings that are left, those of the comments included, and the ignored ones.

    An error that can be allowed is left as a warning, so that nothing is rendered in silence.

    Args:
        found: What was found in the document.
        document: What was read.
        rules: All rules by code.
        unasked: Codes of rules that could not look, so that nobody knows what they would find.
    """
    ignores = list(_ignores(document))
    left: list[Finding] = []
    ignored: list[Finding] = []
    for finding in found:
        reason = next((each.reason for each in reversed(ignores) if each.covers(finding)), None)
        if reason is None or not is_ignorable(rules[finding.code]):
            left.append(finding)
        elif finding.severity == "error":
            left.append(replace(finding, severity="warning", allowed=True, ignored=reason))
        else:
            ignored.append(replace(finding, ignored=reason))
    for ignore in ignores:
        left += _wrong(ignore, found, rules, unasked)
    return left, ignored


def _wrong(
    ignore: Ignore,
    found: Sequence[Finding],
    rules: Mapping[str, Rule],
    unasked: Collection[str],
) -> Iterator[Finding]:
    """Yields what is wrong with a comment."""
    if not ignore.codes or not ignore.reason:
        missing = "no reason" if ignore.codes else "no code"
        message = f"the comment gives {missing}, so it ignores nothing"
        yield _finding("RG006", "warning", ignore, message, f"Write {_FORM}.")
        return
    covered = {finding.code for finding in found if ignore.covers(finding)}
    for code in ignore.codes:
        rule = rules.get(code)
        if rule is None:
            help = "Remove it; codes look like RG301, and `recgen explain` lists them."
            yield _finding("RG007", "warning", ignore, f"there is no rule {show(code)}", help)
        elif not is_ignorable(rule):
            message = f"{code} cannot be ignored: what would be rendered does not work"
            yield _finding("RG008", "error", ignore, message, "Mend the config, then remove it.")
        elif code not in covered and code not in unasked:
            message = f"nothing here breaks {code}, so the comment ignores nothing"
            yield _finding("RG007", "warning", ignore, message, f"Remove {code} from it.")


def _finding(code: str, severity: Severity, ignore: Ignore, message: str, help: str) -> Finding:
    line, column, end = ignore.position
    return Finding(code, severity, "", message, help, line, column, end_column=end)


def _ignores(document: Document) -> Iterator[Ignore]:
    """Yields the comments of a text in their order."""
    root, text = document.root, document.text or ""
    if root is None or not _COMMENT.search(text):  # as in most configs: no lines are counted
        return
    lines = Lines(text)
    for match in _COMMENT.finditer(text):
        if not _in_scalar(root, text, match.start()):
            yield Ignore(
                lines.position(match.start(), match.end()),
                tuple(re.findall(r"[^,\s]+", match["codes"])),
                (match["reason"] or "").strip(": \t"),
                _lines_of(root, text, lines, match.start()),
            )


def _in_scalar(node: Node, text: str, index: int) -> bool:
    """Says whether a place is inside a key or a value, so that `#` begins no comment there."""
    for child in node.inner:
        if child.key_start <= index < child.key_end:
            return True
        if child.start <= index < child.end:
            if child.children is not None:
                return _in_scalar(child, text, index)
            header = _BLOCK.match(text, child.start)
            return header is None or LINE_END.search(text, header.end(), index) is not None
    return False


def _lines_of(root: Node, text: str, lines: Lines, index: int) -> range:
    """Returns the lines that a comment holds for."""
    _, column, _ = lines.position(index)
    start = index - (column or 1) + 1
    alone = not text[start:index].strip()
    if alone and root.first is not None and index < _begin(root.first):
        return range(1, sys.maxsize)
    entries = list(_after(root, index) if alone else _starting(root, start, index))
    if not entries:
        return range(0)
    first, *_ = lines.position(_begin(entries[0]))
    last, *_ = lines.position(max(node.end - 1 for node in entries))
    return range(first or 0, (last or 0) + 1)


def _begin(node: Node) -> int:
    return node.key_start if node.key_start >= 0 else node.start


def _after(node: Node, index: int) -> Iterator[Node]:
    """Yields the first and outermost entry that begins after a place, if there is one."""
    for child in node.inner:
        found = [child] if _begin(child) > index else list(_after(child, index))
        if found:
            yield found[0]
            return


def _starting(node: Node, start: int, end: int) -> Iterator[Node]:
    """Yields the outermost entries that begin between two places."""
    for child in node.inner:
        if start <= _begin(child) < end:
            yield child
        elif _begin(child) < start < child.end:
            yield from _starting(child, start, end)


RULES = (
    Rule(
        code="RG006",
        severity="warning",
        title="An ignore comment without code or reason",
        reason="`# recgen: ignore RG301, RG303: reason` ignores findings. At the end of a line it "
        "holds for the entry that begins on this line and all below it; on a line of its own, for "
        "the next entry; above the first key, for the whole file. Without a reason it ignores "
        "nothing: whoever reads the config next has to know whether the reason still holds.",
        example="data:\n  split:\n    kind: random  # recgen: ignore RG301",
        remedy="Say after a colon why it is on purpose: `# recgen: ignore RG301: no dates here`.",
    ),
    Rule(
        code="RG007",
        severity="warning",
        title="An ignore comment that ignores nothing",
        reason="The code does not exist, or no finding has it where the comment holds: it was "
        "mended, or the comment stands at another place. Such a comment would hide the next "
        "finding.",
        example="model:\n  epochs: 8  # recgen: ignore RG202: an old experiment",
        remedy="Remove the code, or put the comment at the line that the finding names.",
    ),
    Rule(
        code="RG008",
        severity="error",
        title="An error that cannot be ignored",
        reason="What would be rendered does not work, so there is nothing to gain by ignoring it. "
        "Errors that concern only the outcome can be ignored: they become warnings.",
        example="model:\n  epochs: 0  # recgen: ignore RG013: later",
        remedy="Mend the config, then remove the comment.",
    ),
)
